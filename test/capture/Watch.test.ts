import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as TestServices from "effect/TestServices"
import {
  appendFileSync,
  mkdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync
} from "node:fs"
import { join, relative } from "node:path"
import { type Batch, type Options, watch } from "../../src/capture/Watch.ts"
import * as PerCall from "../../src/resources/PerCall.ts"
import { ResourceLedger } from "../../src/resources/ResourceLedger.ts"
import type { Cursor } from "../../src/store/MemoryStore.ts"
import { cursor } from "../contract/made.ts"
import { owned } from "../resources/owned.ts"

const POLL_INTERVAL = "2 seconds"

/** Polls by the real clock, since the test's clock does not move the world outside. Dies when nothing comes. */
const until = <A, E, R>(what: Effect.Effect<Option.Option<A>, E, R>): Effect.Effect<A, E, R> =>
  Effect.gen(function*() {
    for (let i = 0; i < 2_000; i++) {
      const found = yield* what
      if (Option.isSome(found)) return found.value
      yield* TestServices.provideLive(Effect.sleep("3 millis"))
    }
    return yield* Effect.dieMessage("it did not come")
  })

interface Watching {
  readonly folder: string
  readonly first: Batch
  /** Waits for the next batch, without moving the test's clock. */
  readonly next: Effect.Effect<Batch>
  /** Names of files found while the clock goes on by so many intervals between polls, in order. */
  readonly found: (polls: number) => Effect.Effect<ReadonlyArray<string>>
  /** Lets a watcher's event be handled, which happens a little later. */
  readonly handled: Effect.Effect<void>
  /** Names of files reported by watchers alone, before the clock reaches the next regular poll. */
  readonly reported: Effect.Effect<ReadonlyArray<string>>
  /** Paths of the watched folders. */
  readonly watched: Effect.Effect<ReadonlyArray<string>>
}

/** Watches a new folder, into which `before` has written. */
const watching = <A, E, R>(
  before: (folder: string) => void,
  use: (watching: Watching) => Effect.Effect<A, E, R>,
  options: Partial<Options> = {}
) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const ledger = yield* ResourceLedger
    const folder = join(realpathSync(yield* fs.makeTempDirectoryScoped({ prefix: "claude-memory-watch-" })), "projects")
    before(folder)
    yield* TestClock.setTime(performance.timeOrigin + performance.now())
    const batches = yield* Queue.unbounded<Batch>()
    const perCall = yield* owned(PerCall.make(1))
    yield* watch([folder], { maxWatched: 64, perCall, cursors: () => Effect.succeed(new Map()), ...options }).pipe(
      Stream.runForEach((batch) => Queue.offer(batches, batch)),
      Effect.forkScoped
    )
    const take = until(Queue.poll(batches))
    const first = yield* take
    /** Waits for a sleep of exactly the interval: the watch's own, after a look. Other fibers sleep as well. */
    const asleep = Effect.flatMap(TestClock.currentTimeMillis, (now) =>
      until(Effect.map(
        TestClock.sleeps(),
        Chunk.findFirst((at) => at === now + Duration.toMillis(POLL_INTERVAL))
      )))
    const found = (polls: number) =>
      Effect.gen(function*() {
        for (let i = 0; i < polls; i++) {
          yield* Effect.zipRight(asleep, TestClock.adjust(POLL_INTERVAL))
        }
        yield* asleep
        return [...(yield* Queue.takeAll(batches))].flatMap((batch) => names(batch, folder))
      })
    const handled = Effect.gen(function*() {
      const now = yield* TestClock.currentTimeMillis
      // Events are handled within 150 ms.
      yield* until(Effect.map(TestClock.sleeps(), Chunk.findFirst((at) => at <= now + 150)))
      yield* TestClock.adjust("150 millis")
    })
    const reported = Effect.zipRight(handled, Effect.map(take, (batch) => names(batch, folder)))
    const watched = Effect.map(ledger.snapshot, (all) =>
      all.filter(({ kind }) => kind === "watcher").map(({ name }) => relative(folder, name)).sort())
    return yield* use({ folder, first, next: take, found, handled, reported, watched })
  }).pipe(Effect.scoped, Effect.provide(Layer.merge(ResourceLedger.layer, NodeContext.layer)))

const names = ({ files }: Batch, folder: string) => files.map(({ path }) => relative(folder, path))

/** Writes a file whose modification time is so many seconds ago. */
const write = (file: string, secondsAgo = 0, text = "{}\n") => {
  mkdirSync(join(file, ".."), { recursive: true })
  writeFileSync(file, text)
  const at = (performance.timeOrigin + performance.now()) / 1000 - secondsAgo
  utimesSync(file, at, at)
}

describe("at first", () => {
  it.effect("all that is there comes, newest first, in batches of some size", () =>
    watching((folder) => {
      write(join(folder, "a", "old.jsonl"), 9_000)
      write(join(folder, "a", "s1", "subagents", "agent-1.jsonl"), 8_000)
      write(join(folder, "b", "long.jsonl"), 7_000, `${"x".repeat(9 * 1024 * 1024)}\n`)
      write(join(folder, "b", "new.jsonl"), 6_000)
      write(join(folder, "b", "notes.txt"), 5_000)
    }, ({ first, folder, next }) =>
      Effect.gen(function*() {
        assert.deepStrictEqual([names(first, folder), first.waiting], [["b/new.jsonl"], 3])
        const second = yield* next
        assert.deepStrictEqual([names(second, folder), second.waiting], [["b/long.jsonl"], 2])
        const third = yield* next
        assert.deepStrictEqual([names(third, folder), third.waiting], [[
          "a/s1/subagents/agent-1.jsonl",
          "a/old.jsonl"
        ], 0])
      })))

  it.effect("what was read to its end before does not come", () => {
    const cursors = (paths: ReadonlyArray<string>) =>
      Effect.succeed(
        new Map(
          paths.filter((path) => !path.endsWith("unread.jsonl")).map((path): [string, Cursor] => {
            const { mtime, size } = statSync(path)
            const offset = path.endsWith("half.jsonl") ? size - 1 : size
            const modifiedAt = mtime.getTime() - (path.endsWith("touched.jsonl") ? 1 : 0)
            return [path, cursor(path, offset, { modifiedAt })]
          })
        )
      )
    return watching(
      (folder) =>
        ["read", "half", "touched", "unread"].forEach((name, i) => write(join(folder, "a", `${name}.jsonl`), i)),
      ({ first, folder }) =>
        Effect.sync(() => {
          assert.deepStrictEqual(names(first, folder), ["a/half.jsonl", "a/touched.jsonl", "a/unread.jsonl"])
          assert.strictEqual(first.waiting, 0)
        }),
      { cursors }
    )
  })

  it.effect("a folder that is not there yet is waited for", () =>
    watching(() => {}, ({ first, folder, found, reported, watched }) =>
      Effect.gen(function*() {
        assert.deepStrictEqual(first, { files: [], waiting: 0 })
        write(join(folder, "a", "s1.jsonl"))
        assert.deepStrictEqual(yield* found(1), ["a/s1.jsonl"])
        assert.deepStrictEqual(yield* watched, ["", "a"])
        appendFileSync(join(folder, "a", "s1.jsonl"), "{}\n")
        assert.deepStrictEqual(yield* reported, ["a/s1.jsonl"])
      })))
})

describe("a watcher reports", () => {
  const begun = (folder: string) => write(join(folder, "a", "s1.jsonl"), 100)

  it.effect("of lines, files, folders, and what is made in those later", () =>
    watching(begun, ({ folder, reported, watched }) =>
      Effect.gen(function*() {
        const isTold = (path: string, change: () => void) =>
          Effect.gen(function*() {
            change()
            assert.deepStrictEqual(yield* reported, [path])
          })
        const written = (path: string) => isTold(path, () => write(join(folder, path)))
        yield* isTold("a/s1.jsonl", () => appendFileSync(join(folder, "a", "s1.jsonl"), "{}\n"))
        yield* written("a/s2.jsonl")
        yield* written("b/s3.jsonl")
        yield* written("b/s4.jsonl")
        yield* written("a/s1/subagents/agent-1.jsonl")
        yield* written("a/s1/subagents/agent-2.jsonl")
        yield* isTold("a/s2.jsonl", () => {
          // Editors replace a file this way.
          write(join(folder, "a", "s2.tmp"), 0, "{\"another\":1}\n")
          renameSync(join(folder, "a", "s2.tmp"), join(folder, "a", "s2.jsonl"))
        })
        yield* isTold("moved/s3.jsonl", () => {
          renameSync(join(folder, "b"), join(folder, "moved"))
          rmSync(join(folder, "moved", "s4.jsonl"))
        })
        yield* isTold("moved/s3.jsonl", () => appendFileSync(join(folder, "moved", "s3.jsonl"), "{}\n"))
        assert.deepStrictEqual(yield* watched, ["", "a", "a/s1", "a/s1/subagents", "moved"])
      })))

  it.effect("of many lines at once as of one, and of nothing where nothing changed", () =>
    watching(begun, ({ folder, reported }) =>
      Effect.gen(function*() {
        const file = join(folder, "a", "s1.jsonl")
        for (let i = 0; i < 500; i++) appendFileSync(file, "{}\n")
        for (let i = 0; i < 50; i++) write(join(folder, "a", `t${i}.jsonl`), i)
        const first = yield* reported
        // The burst may come as two batches.
        const all = new Set(first.length === 51 ? first : [...first, ...(yield* reported)])
        assert.strictEqual(all.size, 51)
        const { atimeMs, mtimeMs } = statSync(file)
        utimesSync(file, atimeMs / 1000, mtimeMs / 1000)
        appendFileSync(join(folder, "a", "t1.jsonl"), "{}\n")
        assert.deepStrictEqual(yield* reported, ["a/t1.jsonl"])
      })))

  it.effect("of a folder that was deleted and made again, and of all of them", () =>
    watching(begun, ({ folder, handled, reported, watched }) =>
      Effect.gen(function*() {
        for (const again of [join(folder, "a"), folder]) {
          rmSync(again, { recursive: true })
          write(join(folder, "a", "s1.jsonl"), 50, "{\"again\":1}\n")
          assert.deepStrictEqual(yield* reported, ["a/s1.jsonl"])
          appendFileSync(join(folder, "a", "s1.jsonl"), "{}\n")
          assert.deepStrictEqual(yield* reported, ["a/s1.jsonl"])
          assert.deepStrictEqual(yield* watched, ["", "a"])
        }
        rmSync(folder, { recursive: true })
        yield* handled
        yield* until(Effect.map(watched, ({ length }) => length === 0 ? Option.some(0) : Option.none()))
      })))

  it.effect("of the folders that were active last, and of no more than it may; the others are found all the same", () =>
    watching(
      (folder) => {
        for (let i = 0; i < 9; i++) write(join(folder, `p${i}`, `s${i}.jsonl`), 1_000 * i + 1_000)
      },
      ({ folder, found, reported, watched }) =>
        Effect.gen(function*() {
          // Some watchers are held back for new folders.
          assert.deepStrictEqual(yield* watched, ["", "p0", "p1", "p2", "p3", "p4"])
          write(join(folder, "new1", "s.jsonl"))
          yield* reported
          write(join(folder, "new2", "s.jsonl"))
          yield* reported
          assert.strictEqual((yield* watched).length, 8)
          write(join(folder, "new3", "s.jsonl"))
          assert.deepStrictEqual(yield* reported, ["new3/s.jsonl"])
          assert.strictEqual((yield* watched).length, 8)
          write(join(folder, "p8", "s8.jsonl"))
          assert.deepStrictEqual(yield* found(4), ["p8/s8.jsonl"])
          assert.deepStrictEqual(yield* watched, ["", "new1", "new2", "new3", "p0", "p8"])
        }),
      { maxWatched: 8 }
    ))
})

describe("polling alone", () => {
  it.effect("finds what grows soon, and all else at the next full scan", () =>
    watching(
      (folder) => {
        write(join(folder, "a", "s1.jsonl"), 100)
        write(join(folder, "a", "old.jsonl"), 9_000)
        symlinkSync(join(folder, "a"), join(folder, "link"))
      },
      ({ folder, found, watched }) =>
        Effect.gen(function*() {
          assert.deepStrictEqual(yield* watched, [])
          appendFileSync(join(folder, "a", "s1.jsonl"), "{}\n")
          assert.deepStrictEqual(yield* found(1), ["a/s1.jsonl"])
          appendFileSync(join(folder, "a", "old.jsonl"), "{}\n")
          write(join(folder, "b", "s2", "subagents", "agent-1.jsonl"), 10)
          write(join(folder, "link", "s3.jsonl"), 20)
          assert.deepStrictEqual(
            yield* found(4),
            ["a/old.jsonl", "b/s2/subagents/agent-1.jsonl", "a/s3.jsonl"]
          )
          rmSync(join(folder, "a"), { recursive: true })
          write(join(folder, "b", "s4.jsonl"))
          assert.deepStrictEqual(yield* found(4), ["b/s4.jsonl"])
          write(join(folder, "a", "s1.jsonl"), 100)
          assert.deepStrictEqual(yield* found(4), ["a/s1.jsonl"])
        }),
      { maxWatched: 0 }
    ))
})

it.effect("nothing is left open when it is interrupted", () =>
  Effect.gen(function*() {
    const ledger = yield* ResourceLedger
    yield* watching((folder) => write(join(folder, "a", "s1.jsonl")), ({ watched }) =>
      Effect.map(watched, (all) => assert.deepStrictEqual(all, ["", "a"])))
    assert.deepStrictEqual(yield* ledger.snapshot, [])
    const active = () =>
      process.getActiveResourcesInfo().filter((name) => name === "FSEventWrap")
    yield* until(Effect.sync(() => active().length === 0 ? Option.some(0) : Option.none()))
  }).pipe(Effect.provide(ResourceLedger.layer)))
