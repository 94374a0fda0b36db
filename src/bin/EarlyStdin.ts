/**
 * Reads what Claude Code writes to a hook before anything else is loaded.
 */
// @effect-diagnostics newPromise:off
import type { Socket } from "node:net"

/** A part of stdin; the rest is yet to be read, unless it is whole. */
export interface Stdin {
  readonly text: string
  readonly isWhole: boolean
}

export const NOTHING_READ: Stdin = { text: "", isWhole: false }

/** Bytes that are read: enough for a prompt with a pasted file. */
export const MAX_INPUT = 1_000_000

/** Reads stdin to its end, at most so long and so many bytes. */
export const readEarly = (withinMs: number): Promise<Stdin> =>
  new Promise((resolve) => {
    // A file, which has no timeout, ends by itself.
    const stdin = process.stdin as Partial<Pick<Socket, "setTimeout">> & typeof process.stdin
    const parts: Array<Buffer> = []
    let size = 0
    const end = (isWhole: boolean) => {
      stdin.off("data", onData).off("end", onEnd).off("error", onEnd).off("timeout", onTimeout).pause()
      stdin.setTimeout?.(0)
      resolve({ text: Buffer.concat(parts).subarray(0, MAX_INPUT).toString("utf8"), isWhole })
    }
    const onEnd = () => end(true)
    const onTimeout = () => end(false)
    const onData = (part: Buffer) => {
      parts.push(part)
      size += part.length
      if (size >= MAX_INPUT) onEnd()
    }
    stdin.on("data", onData).on("end", onEnd).on("error", onEnd).on("timeout", onTimeout)
    stdin.setTimeout?.(withinMs)
  })
