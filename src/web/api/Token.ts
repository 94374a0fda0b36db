/**
 * The token by which the server knows this tab. It is in sessionStorage: it ends with the tab, and no other site can read it.
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

/**
 * Exchanges the code of the address for a token, and takes the code out of the address before anything else happens. The code
 * works once.
 */
export const exchange = async (): Promise<void> => {
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
