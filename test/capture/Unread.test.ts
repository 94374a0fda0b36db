/**
 * How far transcripts have been read, over a store in memory.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { appendFileSync, cpSync, statSync, utimesSync } from "node:fs"
import { join } from "node:path"
import { Collector } from "../../src/capture/Collector.ts"
import * as Project from "../../src/domain/Project.ts"
import { ResourceLedger } from "../../src/resources/ResourceLedger.ts"
import { MemoryStore } from "../../src/store/MemoryStore.ts"
import * as testing from "../../src/testing.ts"
import { samples } from "../data.ts"
import { transcriptsIn } from "../transcripts.ts"

const services = Collector.layer.pipe(
  Layer.provideMerge(testing.store),
  Layer.provideMerge(ResourceLedger.layer),
  Layer.provideMerge(NodeContext.layer)
)

it.scoped("what is read, and what is left, adds up, without what is excluded", () =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const store = yield* MemoryStore
    const collector = yield* Collector
    const folder = yield* fs.realPath(yield* fs.makeTempDirectoryScoped({ prefix: "claude-memory-unread-" }))
    cpSync(samples, folder, { recursive: true })
    const paths = transcriptsIn(folder)
    const bytes = paths.reduce((sum, path) => sum + statSync(path).size, 0)
    const unread = Effect.flatMap(collector.discover([folder]), collector.unread)
    const read = (...paths: ReadonlyArray<string>) =>
      Effect.flatMap(collector.discover(paths), (files) => Stream.runDrain(collector.sync(files)))
    assert.deepStrictEqual(yield* unread, { files: paths.length, unread: paths.length, bytes, read: 0 })

    const shop = transcriptsIn(join(folder, "-home-mei-work-shop-api"))
    const ofShop = shop.reduce((sum, path) => sum + statSync(path).size, 0)
    yield* read(...shop)
    assert.deepStrictEqual(yield* unread, {
      files: paths.length,
      unread: paths.length - shop.length,
      bytes,
      read: ofShop
    })

    // Nobody reads what is excluded.
    yield* store.excludeProject(yield* Project.resolve("/home/mei/work/shop-api"), true)
    const [grown = ""] = shop
    const line = "{\"type\":\"unknown\"}\n"
    appendFileSync(grown, line)
    // In seconds, later than it was read.
    utimesSync(grown, 4e9, 4e9)
    const left = paths.length - shop.length
    assert.deepInclude(yield* unread, { files: paths.length - 1, unread: left })
    yield* store.excludeProject(yield* Project.resolve("/home/mei/work/shop-api"), false)
    assert.deepInclude(yield* unread, { files: paths.length, unread: left + 1, bytes: bytes + line.length })

    yield* read(folder)
    assert.deepStrictEqual(yield* unread, {
      files: paths.length,
      unread: 0,
      bytes: bytes + line.length,
      read: bytes + line.length
    })
  }).pipe(Effect.provide(services)))
