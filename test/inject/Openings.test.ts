import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { mkdtempSync, readdirSync, writeFileSync } from "node:fs"
import { homedir } from "node:os"
import { join } from "node:path"
import { layer, Openings } from "../../src/inject/Openings.ts"
import { MemoryStore } from "../../src/store/MemoryStore.ts"
import * as testing from "../../src/testing.ts"
import { project } from "../contract/made.ts"

it.scoped("the files of many projects' starts are written with few looks at all projects, and let others go on", () =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const names = Array.from({ length: 120 }, (_, i) => `p${i}`)
    for (const name of names) yield* store.addProject(project(name))
    let looks = 0
    let turns = 0
    const projects = Effect.tap(store.projects, () =>
      Effect.sync(() => {
        looks++
        setImmediate(() => turns++)
      }))
    const folder = mkdtempSync(join(homedir(), "openings-"))
    writeFileSync(join(folder, "memory.db"), "")
    yield* Effect.flatMap(Openings, ({ refresh }) => refresh("missing")).pipe(
      Effect.provide(layer(join(folder, "starts"), join(folder, "memory.db"))),
      Effect.provideService(MemoryStore, { ...store, projects })
    )
    assert.lengthOf(readdirSync(join(folder, "starts")), names.length)
    assert.isAtMost(looks, 4)
    // All others have gone on in between.
    assert.strictEqual(turns, looks)
  }).pipe(Effect.provide(testing.layer)))
