/**
 * Makes a temporary folder as a handle of the owner. Removes the folders that killed processes have left behind.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { existsSync } from "node:fs"
import { hostname, tmpdir } from "node:os"
import * as ClosedFileSystem from "./ClosedFileSystem.ts"
import * as Owner from "./Owner.ts"

/** Contains the host name, since containers may share a folder but not pids; Node appends six letters or digits. */
const prefixOf = (purpose: string) => `claude-memory-${purpose}-${hostname()}-`

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"
  }
}

/** Removes the folders of ended processes; only this user's, since others may write into the folder too. */
const removeDead = (purpose: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const prefix = prefixOf(purpose)
    const dead = (yield* fs.readDirectory(tmpdir())).filter((name) => {
      const pid = name.startsWith(prefix) ? /^(\d+)-\w{6}$/.exec(name.slice(prefix.length))?.[1] : undefined
      return pid !== undefined && !isRunning(Number(pid))
    })
    yield* Effect.forEach(dead, (name) => {
      const folder = path.join(tmpdir(), name)
      return fs.stat(folder).pipe(
        Effect.filterOrFail(({ uid }) => process.getuid === undefined || Option.contains(uid, process.getuid())),
        Effect.zipRight(fs.remove(folder, { recursive: true })),
        Effect.ignore
      )
    })
  }).pipe(Effect.ignore)

/** Makes the folder, which is removed with all that is in it. `purpose` is part of its name, and its name in the ledger. */
export const open = (purpose: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    yield* removeDead(purpose)
    return yield* Owner.adopt({
      kind: "temporary folder",
      name: purpose,
      scoped: ClosedFileSystem.openingOf(fs).makeTempDirectoryScoped({ prefix: `${prefixOf(purpose)}${process.pid}-` }),
      isGone: (folder) => !existsSync(folder)
    })
  })
