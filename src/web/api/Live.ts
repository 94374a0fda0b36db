/**
 * Follows what other processes write: the server's stream of events, read by fetch because an EventSource sends no token.
 */
import { token } from "./Token.ts"

/** Splits what has come of a stream into the data of its whole events, and the rest, which is not whole yet. */
export const eventsIn = (text: string): { readonly data: ReadonlyArray<string>; readonly rest: string } => {
  const parts = text.replaceAll("\r\n", "\n").split("\n\n")
  return {
    rest: parts.at(-1) ?? "",
    data: parts.slice(0, -1).flatMap((event) => {
      const lines = event.split("\n").filter((line) => line.startsWith("data:"))
      return lines.length === 0 ? [] : [lines.map((line) => line.slice(5).replace(/^ /, "")).join("\n")]
    })
  }
}

export const MIN_DELAY_MS = 1_000
export const MAX_DELAY_MS = 30_000

/** Milliseconds to wait after so many failures in a row: one second, then two, four, and 30 at most. */
export const delayAfter = (failures: number): number => Math.min(MAX_DELAY_MS, MIN_DELAY_MS * 2 ** (failures - 1))

export type LiveState = "connecting" | "open" | "away" | "paused"

export interface Follower {
  /** Called when the memory changed, and when the stream is open again after a pause, in which changes may have been missed. */
  readonly onChange: () => void
  readonly onState: (state: LiveState) => void
}

/** True for the data of an event that says that the memory changed; the first event of a stream says that it is open. */
export const isChange = (data: string): boolean => {
  try {
    const event: unknown = JSON.parse(data)
    return typeof event === "object" && event !== null && "kind" in event && event.kind === "changed"
  } catch {
    return false
  }
}

/** Follows the events until the returned function is called. No stream is open while the tab is hidden. */
export const follow = ({ onChange, onState }: Follower): () => void => {
  let stop = new AbortController()
  let isEnded = false
  // Before the first stream, the answers are as new as it is.
  let isFirst = true

  const read = async (signal: AbortSignal) => {
    const response = await fetch("/v1/events", {
      headers: { accept: "text/event-stream", authorization: `Bearer ${token() ?? ""}` },
      signal
    })
    if (!response.ok || response.body === null) throw new Error(`events: ${response.status}`)
    onState("open")
    if (!isFirst) onChange()
    const decoder = new TextDecoder()
    let rest = ""
    for await (const bytes of response.body) {
      const events = eventsIn(rest + decoder.decode(bytes, { stream: true }))
      rest = events.rest
      if (events.data.some(isChange)) onChange()
    }
  }

  const wait = (ms: number, signal: AbortSignal) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms)
      signal.addEventListener("abort", () => {
        clearTimeout(timer)
        resolve()
      }, { once: true })
    })

  const run = async (signal: AbortSignal) => {
    for (let failures = 0; !signal.aborted;) {
      const since = performance.now()
      try {
        await read(signal)
      } catch {
        // The server is away or ended the stream; what matters is that there is none.
      }
      isFirst = false
      if (signal.aborted) return
      onState("away")
      failures = performance.now() - since > MAX_DELAY_MS ? 1 : failures + 1
      await wait(delayAfter(failures), signal)
    }
  }

  const start = () => {
    stop.abort()
    if (isEnded) return
    stop = new AbortController()
    if (document.hidden) {
      // As in a tab that is opened in the background: its answers are older than the stream that begins when it is looked at.
      isFirst = false
      return onState("paused")
    }
    onState("connecting")
    void run(stop.signal)
  }
  document.addEventListener("visibilitychange", start)
  start()
  return () => {
    isEnded = true
    document.removeEventListener("visibilitychange", start)
    stop.abort()
  }
}
