/**
 * Asks a server of this memory, which has it open, to answer a hook. It imports only Node's own modules, since the hook
 * would otherwise have answered before these are loaded.
 */
// @effect-diagnostics globalDate:off newPromise:off
import { connect } from "node:net"
import { attempt } from "./Servers.ts"

/** Form of the request and of the answer; servers of another form don't answer. */
export const FORM = 1

/** A line of JSON; the answer is a line with a JSON string, which is what the hook prints. */
export interface Request {
  readonly form: typeof FORM
  /** From `Environment.settings`: a server with other settings does not answer. */
  readonly settings: number
  /** From `Environment.entryPoint`. */
  readonly entryPoint: string
  /** What Claude Code writes to the hook, parsed. */
  readonly input: unknown
}

/** Bytes of a request: what a hook reads of stdin, and the rest. */
export const MAX_REQUEST = 1_100_000
/** Bytes of an answer: the hook's text, escaped. */
const MAX_ANSWER = 256 * 1024
/** Servers that are asked; each may be another session's, with other settings. */
const MAX_ASKED = 8

const parsed = (line: string): string | undefined =>
  attempt(() => {
    const answer: unknown = JSON.parse(line)
    return typeof answer === "string" ? answer : undefined
  }, undefined)

/** Asks one server, until `deadline` by Date.now(). */
const askAt = (address: string, request: string, deadline: number): Promise<string | undefined> =>
  new Promise((resolve) => {
    let text = ""
    const socket = connect(address)
    const end = (answer: string | undefined) => {
      socket.destroy()
      resolve(answer)
    }
    socket.setEncoding("utf8")
    socket.setTimeout(Math.max(1, deadline - Date.now()), () => end(undefined))
    socket.once("error", () => end(undefined))
    socket.once("close", () => end(undefined))
    socket.once("connect", () => socket.write(`${request}\n`))
    socket.on("data", (part: string) => {
      text += part
      const newline = text.indexOf("\n")
      if (newline >= 0) end(parsed(text.slice(0, newline)))
      else if (text.length > MAX_ANSWER || Date.now() > deadline) end(undefined)
    })
  })

/**
 * Returns what the hook prints, empty for nothing; undefined when no server has answered within so many milliseconds:
 * then nothing was recorded, and the hook answers itself.
 */
export const ask = (
  addresses: ReadonlyArray<string>,
  request: Request,
  withinMs: number
): Promise<string | undefined> => {
  const deadline = Date.now() + withinMs
  const text = JSON.stringify(request)
  const askFrom = (i: number): Promise<string | undefined> => {
    const address = addresses[i]
    return address === undefined || i >= MAX_ASKED || Date.now() >= deadline
      ? Promise.resolve(undefined)
      : askAt(address, text, deadline).then((answer) => answer ?? askFrom(i + 1))
  }
  return askFrom(0)
}
