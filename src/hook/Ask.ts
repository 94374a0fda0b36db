/**
 * Asks a server of this memory, which has it open, to answer a hook. It imports only Node's own modules, since the hook
 * would otherwise have answered before these are loaded.
 */
// @effect-diagnostics globalDate:off newPromise:off
import { connect } from "node:net"
import { attempt, note, type Server } from "./Servers.ts"

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

/** Longest wait for all servers that were late, in milliseconds: each has the same part of it. */
const LATE_MS = 100

/** What came of asking a server; undefined when it refused, "late" when nothing came in time. */
type Given = { readonly answer: string } | "late" | undefined

const parsed = (line: string): Given =>
  attempt(() => {
    const answer: unknown = JSON.parse(line)
    return typeof answer === "string" ? { answer } : undefined
  }, undefined)

/** Asks one server, until `deadline` by Date.now(). */
const askAt = (address: string, request: string, deadline: number): Promise<Given> =>
  new Promise((resolve) => {
    let text = ""
    const socket = connect(address)
    const end = (given: Given) => {
      socket.destroy()
      resolve(given)
    }
    socket.setEncoding("utf8")
    socket.setTimeout(Math.max(1, deadline - Date.now()), () => end("late"))
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
 * then nothing was recorded, and the hook answers itself. Servers that were late when they were asked last are waited for no
 * longer than `LATE_MS` in all.
 */
export const ask = (
  servers: ReadonlyArray<Server>,
  request: Request,
  withinMs: number
): Promise<string | undefined> => {
  const deadline = Date.now() + withinMs
  const text = JSON.stringify(request)
  const asked = servers.slice(0, MAX_ASKED)
  const lateMs = LATE_MS / asked.filter(({ isLate }) => isLate).length
  const askFrom = (i: number): Promise<string | undefined> => {
    const server = asked[i]
    const now = Date.now()
    if (server === undefined || now >= deadline) return Promise.resolve(undefined)
    const until = server.isLate ? Math.min(deadline, now + lateMs) : deadline
    return askAt(server.address, text, until).then((given) => {
      if (given !== undefined) note(server, given === "late")
      return typeof given === "object" ? given.answer : askFrom(i + 1)
    })
  }
  return askFrom(0)
}
