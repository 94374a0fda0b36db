/**
 * Who holds a claim on work. An owner on this machine whose process is gone has lost its claims at once; others when the
 * lease lapses.
 */
import { hostname } from "node:os"

export const LEASE_MS = 60_000
export const OWNER = `${hostname()}:${process.pid}`

export const isAlive = (owner: string): boolean => {
  const at = owner.lastIndexOf(":")
  if (owner.slice(0, at) !== hostname()) return true
  try {
    process.kill(Number(owner.slice(at + 1)), 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"
  }
}
