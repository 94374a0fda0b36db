/**
 * Asks a server of this memory, which has it open, to answer a hook. It imports only Node's own modules, since the hook
 * would otherwise have answered before these are loaded.
 */
// @effect-diagnostics newPromise:off
import { connect } from "node:net"
import { uptime } from "../process/Uptime.ts"
import { areStrings } from "./RecordLines.ts"
import { attempt, note, type Server } from "./Servers.ts"

/** Form of the request and of the answer; servers of another form don't answer. */
export const FORM = 3

/** A line of JSON. */
export interface Request {
  readonly form: typeof FORM
  /** From `Environment.settings`: a server with other settings does not answer. */
  readonly settings: number
  /** From `Environment.entryPoint`. */
  readonly entryPoint: string
  /** What Claude Code writes to the hook, parsed. */
  readonly input: unknown
  /** Milliseconds that the hook has for its answer. */
  readonly limit: number
}

/**
 * The answer, a line of JSON as well. The server does not record it: the hook may have given up waiting, and have told
 * something else.
 */
export interface Answer {
  /** The text to inject, empty for nothing. */
  readonly text: string
  /** Lines that record it in the session's record. */
  readonly lines: ReadonlyArray<string>
}

/** Bytes of a request: what a hook reads of stdin, and the rest. */
export const MAX_REQUEST = 1_100_000
/** Bytes of an answer: the hook's text, escaped, and what is recorded of it. */
const MAX_ANSWER = 256 * 1024
/** Servers that are asked; each may be another session's, with other settings. */
const MAX_ASKED = 8

/** Longest wait for all servers that were late, in milliseconds, and as a share of the time: each has the same part of it. */
const LATE_MS = 100
const LATE_SHARE = 0.2

/** What came of asking a server; undefined when it refused, "late" when nothing came in time. */
type Given = Answer | "late" | undefined

const parsed = (line: string): Given =>
  attempt(() => {
    const { lines, text } = JSON.parse(line) as Readonly<Record<string, unknown>>
    return typeof text === "string" && areStrings(lines) ? { text, lines } : undefined
  }, undefined)

/** Asks one server, and waits so many milliseconds for it. */
const askAt = (address: string, request: string, withinMs: number): Promise<Given> =>
  new Promise((resolve) => {
    let text = ""
    const socket = attempt(() => connect({ path: address }), undefined)
    if (socket === undefined) {
      resolve(undefined)
      return
    }
    const deadline = uptime() + withinMs
    const end = (given: Given) => {
      socket.destroy()
      resolve(given)
    }
    socket.setEncoding("utf8")
    socket.setTimeout(Math.max(1, withinMs), () => end("late"))
    socket.once("error", () => end(undefined))
    socket.once("close", () => end(undefined))
    socket.once("connect", () => socket.write(`${request}\n`))
    socket.on("data", (part: string) => {
      text += part
      const newline = text.indexOf("\n")
      if (newline >= 0) end(parsed(text.slice(0, newline)))
      else if (text.length > MAX_ANSWER || uptime() > deadline) end(undefined)
    })
  })

/**
 * Returns the first answer; undefined when no server has answered within so many milliseconds: then the hook answers
 * itself. Servers that were late when they were asked last are waited for no longer than `LATE_MS` in all.
 */
export const ask = (
  servers: ReadonlyArray<Server>,
  request: Request,
  withinMs: number
): Promise<Answer | undefined> => {
  const deadline = uptime() + withinMs
  const text = JSON.stringify(request)
  const asked = servers.slice(0, MAX_ASKED)
  const lateMs = Math.min(LATE_MS, LATE_SHARE * withinMs) / asked.filter(({ isLate }) => isLate).length
  const askFrom = (i: number): Promise<Answer | undefined> => {
    const server = asked[i]
    const now = uptime()
    if (server === undefined || now >= deadline) return Promise.resolve(undefined)
    return askAt(server.address, text, Math.min(deadline - now, server.isLate ? lateMs : withinMs)).then((given) => {
      if (given !== undefined) note(server, given === "late")
      // It had all the time there was, of which its timer may have left some: too little for another, which would count as late.
      if (given === "late" && !server.isLate) return undefined
      return typeof given === "object" ? given : askFrom(i + 1)
    })
  }
  return askFrom(0)
}
