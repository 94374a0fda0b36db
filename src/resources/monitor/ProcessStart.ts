/**
 * Tells a process from a later one that was given its number.
 */
import { readFileSync } from "node:fs"

const ZOMBIE = "Z"

/**
 * When a process began: on Linux the id of the machine's boot and the tick since then (proc_pid_stat(5), field 22), which no
 * other process with its number shares. Null where there is no such process and outside Linux.
 */
export const of = (pid: number): string | null => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
    // Field 2, the program's name in parentheses, may itself hold spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
    if (fields[0] === ZOMBIE) return null
    return `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()} ${fields[19]}`
  } catch {
    return null
  }
}

/** Whether the process that has this number is the one that began then; `unknown` where its beginning can't be told. */
export const standing = (pid: number, start: string | null): "running" | "ended" | "unknown" => {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return "ended"
  }
  const current = of(pid)
  if (current === null || start === null) return "unknown"
  return current === start ? "running" : "ended"
}
