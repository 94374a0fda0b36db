// Shared by the checks of the built package: a temporary folder with a home in it, and programs that run there.
import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** Calls `use` with the folder, which is removed afterwards; `must` throws unless its condition holds. */
export const trial = (name, use) => {
  const folder = mkdtempSync(join(tmpdir(), `claude-memory-${name}-`))
  const home = join(folder, "home")
  mkdirSync(home)
  const run = (command, args, { env = {}, ...options } = {}) =>
    execFileSync(command, args, {
      cwd: folder,
      encoding: "utf8",
      input: "",
      stdio: ["pipe", "pipe", "inherit"],
      env: { PATH: process.env.PATH, HOME: home, USERPROFILE: home, ...env },
      maxBuffer: 64 * 1024 * 1024,
      ...options
    })
  const must = (holds, what) => {
    if (!holds) throw new Error(`${name}: ${what}`)
  }
  try {
    use({ folder, home, run, must })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
