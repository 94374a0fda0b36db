/**
 * Reads what Claude Code writes to a hook before the program is loaded.
 */
// @effect-diagnostics newPromise:off
import type { Socket } from "node:net"
import { MAX_INPUT, NOTHING_READ, parse, type Stdin } from "../hook/Input.ts"
import { uptime } from "../process/Uptime.ts"

const isEnd = (bytes: Uint8Array): boolean => /\}\s*$/.test(Buffer.from(bytes.subarray(-16)).toString("latin1"))

/**
 * Reads stdin to its end, or to that of one JSON value; stops when nothing has come for so many milliseconds, or not all of it. Reads
 * nothing of a terminal, where a person might type.
 */
export const readStdin = (withinMs: number): Promise<Stdin> => {
  // A file, which has no timeout, ends by itself.
  const stdin: typeof process.stdin & Partial<Pick<Socket, "setTimeout">> = process.stdin
  if (stdin.isTTY) return Promise.resolve(NOTHING_READ)
  return new Promise((resolve) => {
    const until = uptime() + withinMs
    let bytes: Uint8Array = new Uint8Array()
    const end = (isWhole: boolean) => {
      stdin.off("data", onData).off("end", onEnd).off("error", onEnd).off("timeout", onTimeout).pause()
      stdin.setTimeout?.(0)
      resolve({ bytes: bytes.subarray(0, MAX_INPUT), isWhole })
    }
    const onEnd = () => end(true)
    const onTimeout = () => end(false)
    const onData = (part: Buffer) => {
      bytes = Buffer.concat([bytes, part])
      if (bytes.length >= MAX_INPUT || isEnd(bytes) && parse(bytes) !== undefined) onEnd()
      else if (uptime() > until) onTimeout()
    }
    stdin.on("data", onData).on("end", onEnd).on("error", onEnd).on("timeout", onTimeout)
    stdin.setTimeout?.(withinMs)
  })
}
