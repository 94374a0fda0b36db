/**
 * The token by which the server knows this tab. It is in sessionStorage, which ends with the tab and no other site can read. A tab that is
 * opened from a link of another one asks the others for it.
 */
const KEY = "claude-memory.token"

let kept: string | undefined

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
}

/** Forgets a token that the server no longer takes. */
export const drop = (): void => {
  kept = undefined
  try {
    window.sessionStorage.removeItem(KEY)
  } catch {
    // There was none.
  }
}

/** Messages between tabs of the same server's page: a question for the token, and its answer. */
interface Message {
  readonly asks?: true
  readonly token?: string
}

/** Time in which another tab answers. */
const ANSWER_MS = 300

/** Gives the token to other tabs that ask for it; asks them, if this one has none. */
const share = (): Promise<void> => {
  const others = new BroadcastChannel(KEY)
  return new Promise((resolve) => {
    others.addEventListener("message", ({ data }: MessageEvent<Message>) => {
      const own = token()
      if (data.asks === true && own !== undefined) others.postMessage({ token: own })
      else if (data.token !== undefined && own === undefined) {
        keep(data.token)
        resolve()
      }
    })
    if (token() === undefined) {
      others.postMessage({ asks: true })
      setTimeout(resolve, ANSWER_MS)
    } else resolve()
  })
}

/** Exchanges the code of the address for a token, and takes the code out of the address before anything else. The code works once. */
const exchange = async (): Promise<void> => {
  const code = new URLSearchParams(window.location.hash.slice(1)).get("code")
  if (code === null) return
  window.history.replaceState(null, "", window.location.pathname + window.location.search)
  const response = await fetch("/v1/token", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ code })
  })
  if (!response.ok) return
  const answer: unknown = await response.json()
  if (typeof answer === "object" && answer !== null && "token" in answer && typeof answer.token === "string") {
    keep(answer.token)
  }
}

/** Comes by a token, if there is a way. */
export const find = async (): Promise<void> => {
  // Without a server there is no token, and the page says how to come by one.
  await exchange().catch(() => undefined)
  await share()
}
