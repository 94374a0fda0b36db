/**
 * The token by which the server knows this tab. It is in sessionStorage, which ends with the tab and no other site can read. A tab that is
 * opened from a link of another one asks the others for it.
 */
const KEY = "claude-memory.token"

let kept: string | undefined

const listeners = new Set<() => void>()

/** Calls when there is another token, or none any more, until the returned function is called. */
export const onToken = (listener: () => void): () => void => {
  listeners.add(listener)
  return () => {
    listeners.delete(listener)
  }
}

export const token = (): string | undefined => {
  try {
    return window.sessionStorage.getItem(KEY) ?? kept
  } catch {
    return kept
  }
}

const keep = (value: string) => {
  kept = value
  try {
    window.sessionStorage.setItem(KEY, value)
  } catch {
    // Without storage, the token lives as long as the page.
  }
  for (const listener of listeners) listener()
}

/** Forgets a token that the server no longer takes. */
export const drop = (): void => {
  kept = undefined
  try {
    window.sessionStorage.removeItem(KEY)
  } catch {
    // There was none.
  }
  for (const listener of listeners) listener()
}

/** Messages between tabs of the same server's page: a question for the token, and its answer; or a token that is new. */
interface Message {
  readonly asks?: true
  readonly token?: string
  readonly isNew?: true
}

/** Time in which another tab answers. */
const ANSWER_MS = 300

/**
 * Gives the token to other tabs that ask for it, and a new one to all: theirs may be of a server that has ended since. Asks them, if this tab
 * has none.
 */
const share = (isNew: boolean): Promise<void> => {
  const others = new BroadcastChannel(KEY)
  return new Promise((resolve) => {
    others.addEventListener("message", ({ data }: MessageEvent<Message>) => {
      const own = token()
      if (data.asks === true && own !== undefined) others.postMessage({ token: own })
      else if (data.token !== undefined && (own === undefined || data.isNew === true)) {
        keep(data.token)
        resolve()
      }
    })
    const own = token()
    if (isNew && own !== undefined) others.postMessage({ token: own, isNew })
    if (own === undefined) {
      others.postMessage({ asks: true })
      setTimeout(resolve, ANSWER_MS)
    } else resolve()
  })
}

/**
 * Exchanges the code of the address for a token, and takes the code out of the address before anything else. The code works once. Returns true
 * if there is a new token.
 */
const exchange = async (): Promise<boolean> => {
  const code = new URLSearchParams(window.location.hash.slice(1)).get("code")
  if (code === null) return false
  window.history.replaceState(null, "", window.location.pathname + window.location.search)
  const response = await fetch("/v1/token", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ code })
  })
  if (!response.ok) return false
  const answer: unknown = await response.json()
  if (typeof answer !== "object" || answer === null || !("token" in answer) || typeof answer.token !== "string") {
    return false
  }
  keep(answer.token)
  return true
}

/** Comes by a token, if there is a way. */
export const find = async (): Promise<void> => {
  // Without a server there is no token, and the page says how to come by one.
  await share(await exchange().catch(() => false))
}
