/**
 * What a person did to memories outlasts backups and restores, and goes with an archive into another memory.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import { describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import type { Entry } from "../../../src/domain/Archive.ts"
import { lines, takeIn } from "../../../src/serve/Archive.ts"
import { type Backup, Backups, type Report } from "../../../src/store/Backups.ts"
import * as SqliteBackups from "../../../src/store/sqlite/SqliteBackups.ts"
import { SqliteFile } from "../../../src/store/sqlite/SqliteFile.ts"
import * as SqliteStore from "../../../src/store/sqlite/SqliteStore.ts"
import * as Changes from "../../contract/Changes.ts"
import { base } from "../../contract/layers.ts"
import { slow, times } from "../../data.ts"

const silent: Report = () => Effect.void

/** Opens a memory of its own, with its backups, until the scope closes. */
const open = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const folder = yield* fs.makeTempDirectoryScoped({ prefix: "claude-memory-changed-" })
  return yield* Layer.build(Layer.merge(
    Layer.provide(
      SqliteStore.layer,
      SqliteFile.layer({ folder, readOnly: false, busyTimeoutMs: 5_000, skipGarbageCollection: true, name: folder })
    ),
    SqliteBackups.layer({ folder, busyTimeoutMs: 5_000, limits: { kept: 100, bytes: 1e9 } })
  ))
})

/** Returns when each unit of an archive was changed last. */
const changedIn = (archive: ReadonlyArray<string>) =>
  new Map(
    archive.slice(1, -1).flatMap((line) => {
      const entry = JSON.parse(line) as Entry
      return "unit" in entry && entry.changed !== undefined ? [[entry.unit.id, entry.changed.at] as const] : []
    })
  )

const step = FastCheck.oneof(
  { weight: 8, arbitrary: Changes.step },
  {
    weight: 3,
    arbitrary: FastCheck.record({
      _tag: FastCheck.constantFrom("back up" as const, "restore" as const, "move" as const)
    })
  }
)

describe("what a person did stays", () => {
  slow(it.effect.prop)(
    "in whatever order it is done, backed up, restored, and taken into another memory",
    [FastCheck.array(step, { minLength: 8, maxLength: 30 })],
    ([steps]) =>
      Effect.gen(function*() {
        let memory = yield* open
        let state = Changes.nothing()
        let kept: { readonly backup: Backup; readonly state: Changes.State; readonly at: number } | undefined
        for (const step of steps) {
          yield* Effect.gen(function*() {
            const backups = yield* Backups
            switch (step._tag) {
              case "back up":
                kept = {
                  backup: yield* backups.make(undefined, silent),
                  state: Changes.backedUp(state),
                  at: yield* Clock.currentTimeMillis
                }
                break
              case "restore":
                if (kept === undefined) break
                yield* backups.restore(kept.backup.path, false, silent)
                Changes.restore(state, kept.state, kept.at)
                break
              case "move": {
                const archive = [...(yield* Stream.runCollect(lines("all")))]
                memory = yield* open
                yield* Effect.provide(Stream.runDrain(takeIn(Stream.fromIterable(archive))), memory)
                state = Changes.takenIn(state, changedIn(archive))
                kept = undefined
                break
              }
              default:
                yield* Changes.run(state, step)
            }
          }).pipe(Effect.provide(memory))
          yield* Effect.provide(Changes.check(state, step._tag), memory)
        }
      }).pipe(Effect.scoped, Effect.provide(base)),
    { fastCheck: { numRuns: times(3) }, timeout: times(120_000) }
  )
})
