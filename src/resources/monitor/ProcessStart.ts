/**
 * Distinguishes a process from a later one with the same pid.
 */
import { readFileSync, readlinkSync } from "node:fs"
import { hostname } from "node:os"

const ZOMBIE = "Z"

/** Reads fields 3 (the state) and following of proc_pid_stat(5); null without such a process and outside Linux. */
const statOf = (pid: number): ReadonlyArray<string> | null => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
    // Field 2, the program's name in parentheses, may itself hold spaces and parentheses.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  } catch {
    return null
  }
}

const boot = (): string => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()

/**
 * Identifies where a pid means one process: on Linux the machine's boot and the namespace of pids, since containers of one machine, or
 * machines of one name, count each for themselves. Elsewhere the machine's name.
 */
export const place = (): string => {
  try {
    return `${boot()} ${readlinkSync("/proc/self/ns/pid").replace(/\D/g, "")}`
  } catch {
    return hostname()
  }
}

const startOf = (stat: ReadonlyArray<string>): string => `${boot()} ${stat[19]}`

/**
 * Returns the start of a process: on Linux the id of the machine's boot and the tick since then (field 22), which no
 * other process of the same pid shares. Null without such a process and outside Linux.
 */
export const of = (pid: number): string | null => {
  const stat = statOf(pid)
  return stat === null || stat[0] === ZOMBIE ? null : startOf(stat)
}

/** Tests whether the process with this pid still is the one with this start; `unknown` when its start can't be read. */
export const stateOf = (pid: number, start: string | null): "running" | "ended" | "unknown" => {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return "ended"
  }
  const stat = statOf(pid)
  // A zombie has ended; only its parent has not read its exit code yet.
  if (stat?.[0] === ZOMBIE) return "ended"
  if (stat === null || start === null) return "unknown"
  return startOf(stat) === start ? "running" : "ended"
}
