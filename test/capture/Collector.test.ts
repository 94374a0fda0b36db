import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FastCheck from "effect/FastCheck"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { appendFileSync, cpSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs"
import { basename, join } from "node:path"
import { type Captured, Collector, layer as collectorLayer } from "../../src/capture/Collector.ts"
import { ResourceLedger } from "../../src/resources/ResourceLedger.ts"
import { type LineSum, MemoryStore } from "../../src/store/MemoryStore.ts"
import * as StoreInMemory from "../../src/store/StoreInMemory.ts"
import { samples } from "../data.ts"
import { anyText } from "../texts.ts"
import { transcriptsIn } from "../transcripts.ts"

type Services = Collector | MemoryStore | FileSystem.FileSystem | Path.Path | ResourceLedger

const services = collectorLayer.pipe(
  Layer.provideMerge(StoreInMemory.layer),
  Layer.provideMerge(ResourceLedger.layer),
  Layer.provideMerge(NodeContext.layer)
)

/** A memory and a folder of its own. */
const inFolder = <A, E>(test: (folder: string) => Effect.Effect<A, E, Services>): Effect.Effect<A, unknown> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    return yield* test(yield* fs.realPath(yield* fs.makeTempDirectoryScoped({ prefix: "claude-memory-collect-" })))
  }).pipe(Effect.scoped, Effect.provide(services))

const collect = (...paths: ReadonlyArray<string>): Effect.Effect<ReadonlyArray<Captured>, unknown, Collector> =>
  Effect.gen(function*() {
    const collector = yield* Collector
    return Chunk.toReadonlyArray(yield* Stream.runCollect(collector.sync(yield* collector.discover(paths))))
  })

const status = Effect.flatMap(MemoryStore, (store) => store.status)
const lineSum = Effect.map(status, ({ lines }) => lines)
const skippedIn = ({ skipped }: LineSum) => Object.values(skipped).reduce((sum, n) => sum + n, 0)
const sumOf = (lines: LineSum) => lines.stored + skippedIn(lines) + lines.deadLetter

const newlinesIn = (...files: ReadonlyArray<string>) =>
  files.reduce((sum, file) => sum + readFileSync(file).filter((byte) => byte === 10).length, 0)

const line = (uuid: string, text = `text of ${uuid}`, rest: object = {}) =>
  `${
    JSON.stringify({
      type: "user",
      uuid,
      parentUuid: null,
      sessionId: "s1",
      cwd: "/nowhere/shop",
      timestamp: "2026-01-01T00:00:00.000Z",
      message: { role: "user", content: text },
      ...rest
    })
  }\n`

const textsOf = (uuids: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    return (yield* store.messages(uuids)).map(({ blocks }) => blocks.map(({ text }) => text).join("\n"))
  })

/** All that is stored, as JSON. */
const everything = (captured: ReadonlyArray<Captured>) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const messages = yield* store.messages(captured.flatMap(({ batch }) => batch.messages.map(({ uuid }) => uuid)))
    const outlines = yield* store.outlines(messages.map(({ sessionId }) => sessionId))
    return JSON.stringify([messages, outlines, yield* store.deadLetters(1_000), yield* store.status])
  })

describe("the sample sessions", () => {
  it.effect("are captured, and the sum of their lines balances", () =>
    inFolder(() =>
      Effect.gen(function*() {
        const captured = yield* collect(samples)
        const lines = yield* lineSum
        assert.strictEqual(lines.total, newlinesIn(...transcriptsIn(samples)))
        assert.strictEqual(sumOf(lines), lines.total)
        assert.strictEqual(lines.deadLetter, 1)
        assert.isUndefined(lines.skipped.duplicate)
        for (const { batch, bytes } of captured) {
          const skipped = Object.values(batch.skipped).reduce((sum, n) => sum + n, 0)
          assert.strictEqual(batch.lines, batch.messages.length + batch.factLines + skipped + batch.deadLetters.length)
          assert.isAbove(bytes, 0)
        }
        const { files, projects, sessions } = yield* status
        assert.strictEqual(files, transcriptsIn(samples).length)
        assert.strictEqual(sessions, 8)
        assert.deepStrictEqual(projects.map(({ name }) => name).sort(), ["rust-indexer", "shop-api", "数据平台"].sort())
      })
    ))

  it.effect("are not read twice", () =>
    inFolder(() =>
      Effect.gen(function*() {
        yield* collect(samples)
        const before = yield* status
        const again = yield* collect(samples)
        assert.deepStrictEqual(again, [])
        assert.deepStrictEqual(yield* status, before)
      })
    ))

  it.effect("leave none of the planted secrets, and nothing that was injected", () =>
    inFolder(() =>
      Effect.gen(function*() {
        const captured = yield* collect(samples)
        const stored = (yield* everything(captured)) + JSON.stringify(captured)
        const planted: ReadonlyArray<{ readonly kind: string; readonly value: string }> = JSON.parse(
          readFileSync(join(samples, "..", "planted-secrets.json"), "utf8")
        )
        assert.isAbove(planted.length, 8)
        for (const { kind, value } of planted) {
          assert.isFalse(stored.includes(value), kind)
          assert.isFalse(stored.includes(JSON.stringify(value).slice(1, -1)), kind)
        }
        assert.isFalse(stored.includes("lighthouse keeper"))
        assert.isTrue(stored.includes("[redacted:"))
        assert.isAbove(Object.keys((yield* status).redactions).length, 4)
      })
    ))

  it.effect("name their subagents and titles", () =>
    inFolder(() =>
      Effect.gen(function*() {
        yield* collect(samples)
        const store = yield* MemoryStore
        const [outline] = yield* store.outlines(["8915485d-4ee8-4973-a6f9-63a6a8c7c448"])
        assert.strictEqual(outline?.session.title, "Duplicate order mails: make the Stripe webhook idempotent")
        assert.strictEqual(outline?.session.cwd, "/home/mei/work/shop-api")
        assert.strictEqual(outline?.prompts.length, 3)
      })
    ))
})

describe("a transcript that is being written", () => {
  it.effect("keeps its torn last line waiting until it is whole, and reads that once", () =>
    inFolder((folder) =>
      Effect.gen(function*() {
        const file = join(folder, "s1.jsonl")
        const second = line("u2", "数据平台 😀")
        // Cut in the middle of a character.
        const bytes = Buffer.from(second)
        const cut = bytes.indexOf(Buffer.from("平")) + 1
        writeFileSync(file, Buffer.concat([Buffer.from(line("u1")), bytes.subarray(0, cut)]))
        yield* collect(file)
        assert.strictEqual((yield* lineSum).total, 1)
        assert.deepStrictEqual(yield* collect(file), [])
        appendFileSync(file, bytes.subarray(cut))
        yield* collect(file)
        assert.deepStrictEqual(yield* textsOf(["u1", "u2"]), ["text of u1", "数据平台 😀"])
        const lines = yield* lineSum
        assert.deepInclude(lines, { total: 2, stored: 2, deadLetter: 0 })
        yield* collect(file)
        assert.deepStrictEqual(yield* lineSum, lines)
      })
    ))

  it.effect("is read on from where it was left, at each line", () =>
    inFolder((folder) =>
      Effect.gen(function*() {
        const file = join(folder, "s1.jsonl")
        writeFileSync(file, "")
        for (let i = 1; i <= 5; i++) {
          appendFileSync(file, line(`u${i}`))
          const captured = yield* collect(file)
          assert.deepStrictEqual(captured.flatMap(({ batch }) => batch.messages.map(({ uuid }) => uuid)), [`u${i}`])
        }
        assert.deepInclude(yield* lineSum, { total: 5, stored: 5 })
      })
    ))

  it.effect("and grows between being found and being read is read to its end", () =>
    inFolder((folder) =>
      Effect.gen(function*() {
        const file = join(folder, "s1.jsonl")
        writeFileSync(file, line("u1"))
        const collector = yield* Collector
        const found = yield* collector.discover([file])
        appendFileSync(file, line("u2"))
        yield* Stream.runDrain(collector.sync(found))
        assert.deepInclude(yield* lineSum, { total: 2, stored: 2 })
        yield* collect(file)
        assert.deepInclude(yield* lineSum, { total: 2, stored: 2 })
      })
    ))

  it.effect("and grows while it is read loses nothing", () =>
    inFolder((folder) =>
      Effect.gen(function*() {
        const file = join(folder, "s1.jsonl")
        writeFileSync(file, Array.from({ length: 3_000 }, (_, i) => line(`u${i}`, "x".repeat(900))).join(""))
        const collector = yield* Collector
        let more = 0
        yield* Stream.runForEach(collector.sync(yield* collector.discover([file])), () =>
          Effect.sync(() => {
            if (more < 3) appendFileSync(file, line(`more${more++}`))
          }))
        yield* collect(file)
        assert.strictEqual(more, 3)
        assert.deepInclude(yield* lineSum, { total: 3_003, stored: 3_003 })
      })
    ))
})

describe("a transcript that changes otherwise", () => {
  it.effect("when truncated is read again, its known lines as duplicates", () =>
    inFolder((folder) =>
      Effect.gen(function*() {
        const file = join(folder, "s1.jsonl")
        writeFileSync(file, line("u1") + line("u2") + line("u3"))
        yield* collect(file)
        truncateSync(file, line("u1").length)
        appendFileSync(file, line("u4"))
        yield* collect(file)
        const lines = yield* lineSum
        assert.deepInclude(lines, { total: 5, stored: 4, deadLetter: 0, skipped: { duplicate: 1 } })
        assert.strictEqual(sumOf(lines), lines.total)
        assert.strictEqual((yield* textsOf(["u1", "u2", "u3", "u4"])).length, 4)
      })
    ))

  it.effect("when replaced by another is read whole", () =>
    inFolder((folder) =>
      Effect.gen(function*() {
        const file = join(folder, "s1.jsonl")
        writeFileSync(file, line("u1"))
        yield* collect(file)
        rmSync(file)
        writeFileSync(file, line("v1", "of another file") + line("v2"))
        yield* collect(file)
        assert.deepInclude(yield* lineSum, { total: 3, stored: 3, deadLetter: 0 })
        assert.deepStrictEqual(yield* textsOf(["v1"]), ["of another file"])
      })
    ))

  it.effect("when deleted after it was found is passed over, and the others are read", () =>
    inFolder((folder) =>
      Effect.gen(function*() {
        for (const name of ["s1", "s2", "s3"]) writeFileSync(join(folder, `${name}.jsonl`), line(`of-${name}`))
        const collector = yield* Collector
        const found = yield* collector.discover([folder])
        rmSync(join(folder, "s2.jsonl"))
        yield* Stream.runDrain(collector.sync(found))
        assert.deepInclude(yield* lineSum, { total: 2, stored: 2 })
      })
    ))

  it.effect("when copied under another name gives duplicates only", () =>
    inFolder((folder) =>
      Effect.gen(function*() {
        writeFileSync(join(folder, "s1.jsonl"), line("u1") + line("u2"))
        yield* collect(folder)
        cpSync(join(folder, "s1.jsonl"), join(folder, "moved.jsonl"))
        yield* collect(folder)
        const lines = yield* lineSum
        assert.deepInclude(lines, { total: 4, stored: 2, skipped: { duplicate: 2 } })
        assert.strictEqual((yield* status).sessions, 1)
      })
    ))

  it.effect("when a resumed session repeats its earlier lines stores them once", () =>
    inFolder((folder) =>
      Effect.gen(function*() {
        const begun = line("u1") + line("u2")
        writeFileSync(join(folder, "s1.jsonl"), begun)
        writeFileSync(join(folder, "s2.jsonl"), begun + line("u3") + line("u3"))
        yield* collect(folder)
        const lines = yield* lineSum
        assert.deepInclude(lines, { total: 6, stored: 3, skipped: { duplicate: 3 } })
      })
    ))
})

describe("what a line refers to", () => {
  it.effect("is found in the lines before it, in this batch and in earlier ones", () =>
    inFolder((folder) =>
      Effect.gen(function*() {
        const file = join(folder, "s1.jsonl")
        const side = (uuid: string, parentUuid: string | null) => line(uuid, uuid, { isSidechain: true, parentUuid })
        writeFileSync(file, side("u1", null) + side("u2", "u1"))
        yield* collect(file)
        appendFileSync(file, side("u3", "u2") + side("u4", "u3"))
        yield* collect(file)
        const store = yield* MemoryStore
        const places = yield* store.places(["u1", "u2", "u3", "u4"])
        assert.deepStrictEqual([...places.values()].map(({ thread }) => thread), ["u1", "u1", "u1", "u1"])
        writeFileSync(
          join(folder, "s2.jsonl"),
          "{\"type\":\"summary\",\"summary\":\"The pool\",\"leafUuid\":\"u4\"}\n" + line("v1", "x", { sessionId: "s2" })
        )
        yield* collect(folder)
        const titles = (yield* store.outlines(["s1", "s2"])).map(({ session }) => session.title)
        assert.deepStrictEqual(titles, ["The pool", null])
      })
    ))
})

describe("two collectors", () => {
  it.effect("of one file and store write each line once", () =>
    inFolder((folder) =>
      Effect.gen(function*() {
        const file = join(folder, "s1.jsonl")
        writeFileSync(file, Array.from({ length: 4_000 }, (_, i) => line(`u${i}`, "x".repeat(900))).join(""))
        const other = Effect.provide(collect(file), Layer.fresh(collectorLayer))
        const [mine, theirs] = yield* Effect.all([collect(file), other], { concurrency: 2 })
        assert.deepInclude(yield* lineSum, { total: 4_000, stored: 4_000, deadLetter: 0 })
        const results = [...mine, ...theirs].map(({ result }) => result._tag)
        assert.isTrue(results.includes("Appended"))
        assert.isTrue(results.includes("Conflict"))
        // Who is behind stops there.
        for (const captured of [mine, theirs]) {
          assert.isFalse(captured.slice(0, -1).some(({ result }) => result._tag === "Conflict"))
        }
        assert.deepStrictEqual(yield* collect(file), [])
      })
    ))
})

describe("discover", () => {
  it.effect("finds transcripts below a folder, newest first, each once, links and loops too", () =>
    inFolder((folder) =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        yield* fs.makeDirectory(join(folder, "a", "subagents"), { recursive: true })
        for (
          const [path, at] of [["a/old.jsonl", 1_000], ["a/subagents/new.jsonl", 3_000], [
            "middle.jsonl",
            2_000
          ]] as const
        ) {
          writeFileSync(join(folder, path), line(path))
          yield* fs.utimes(join(folder, path), at, at)
        }
        writeFileSync(join(folder, "a", "agent.meta.json"), "{}")
        writeFileSync(join(folder, "a", "notes.txt"), line("no transcript"))
        symlinkSync(folder, join(folder, "a", "loop"))
        symlinkSync(join(folder, "middle.jsonl"), join(folder, "again.jsonl"))
        symlinkSync(join(folder, "gone.jsonl"), join(folder, "broken.jsonl"))
        symlinkSync(join(folder, "self.jsonl"), join(folder, "self.jsonl"))
        const collector = yield* Collector
        const names = (yield* collector.discover([folder, join(folder, "a"), join(folder, "middle.jsonl")]))
          .map(({ path }) => basename(path))
        assert.deepStrictEqual(names, ["new.jsonl", "middle.jsonl", "old.jsonl"])
        yield* collect(folder)
        assert.deepInclude(yield* lineSum, { total: 3, stored: 3 })
      })
    ))

  it.effect("takes a file that is named whatever its name, and says when there is none", () =>
    inFolder((folder) =>
      Effect.gen(function*() {
        writeFileSync(join(folder, "transcript.txt"), line("u1"))
        const collector = yield* Collector
        assert.strictEqual((yield* collector.discover([join(folder, "transcript.txt")])).length, 1)
        assert.deepStrictEqual(yield* collector.discover([]), [])
        const missing = yield* Effect.flip(collector.discover([join(folder, "nowhere")]))
        assert.strictEqual(missing.reason, "Missing")
        assert.include(missing.message, join(folder, "nowhere"))
      })
    ))
})

describe("any file", () => {
  const bytes = FastCheck.oneof(
    FastCheck.uint8Array({ maxLength: 400 }),
    FastCheck.array(
      FastCheck.oneof(
        anyText.map((text) => text.replaceAll("\n", " ")),
        FastCheck.json(),
        FastCheck.tuple(FastCheck.constantFrom("u1", "u2", "u3", "\ud83d", "\u0000"), anyText).map(([uuid, text]) =>
          line(uuid, text).trim()
        ),
        FastCheck.tuple(
          FastCheck.constantFrom("summary", "ai-title", "system", "user", "assistant", "x"),
          FastCheck.object({ maxDepth: 1 })
        )
          .map(([type, rest]) =>
            JSON.stringify({ ...rest, type, leafUuid: "u1", isSidechain: true, parentUuid: "u2", summary: "s" })
          )
      ),
      { maxLength: 10 }
    ).map((lines) => Buffer.from(lines.map((each) => `${each}\n`).join("")))
  )

  it.effect.prop(
    "gives a balanced sum and no failure, read at once and again",
    [FastCheck.array(bytes, { minLength: 1, maxLength: 3 })],
    ([files]) =>
      inFolder((folder) =>
        Effect.gen(function*() {
          const paths = files.map((_, i) => join(folder, `s${i}.jsonl`))
          files.forEach((bytes, i) => writeFileSync(paths[i]!, bytes))
          for (let round = 0; round < 2; round++) {
            const exit = yield* Effect.exit(collect(folder))
            assert.isTrue(Exit.isSuccess(exit), Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "")
            const lines = yield* lineSum
            assert.strictEqual(sumOf(lines), newlinesIn(...paths))
            assert.strictEqual(lines.total, newlinesIn(...paths))
          }
        })
      ),
    { fastCheck: { numRuns: 60 }, timeout: 60_000 }
  )

  it.effect(
    "with a line that is too long keeps its beginning as a dead letter",
    () =>
      inFolder((folder) =>
        Effect.gen(function*() {
          const file = join(folder, "s1.jsonl")
          const long = line("u2", "x".repeat(33 * 1024 * 1024))
          writeFileSync(file, line("u1") + long + line("u3"))
          yield* collect(file)
          assert.deepInclude(yield* lineSum, { total: 3, stored: 2, deadLetter: 1 })
          const store = yield* MemoryStore
          const [letter] = yield* store.deadLetters(10)
          assert.strictEqual(letter?.offset, line("u1").length)
          assert.strictEqual(letter?.reason, "longer than 32 MiB")
          assert.isAtMost(letter?.line.length ?? 0, 4_096)
          assert.isTrue(long.startsWith(letter?.line.slice(0, 100) ?? "?"))
          assert.deepStrictEqual(yield* textsOf(["u1", "u3"]), ["text of u1", "text of u3"])
        })
      ),
    60_000
  )

  it.effect("keeps no secret that a cut would hide", () =>
    inFolder((folder) =>
      Effect.gen(function*() {
        const token = `ghp_${"aB3dE5gH7jK9".repeat(3)}`
        const file = join(folder, "s1.jsonl")
        writeFileSync(
          file,
          [4_096 - 20, 4_096 - 38].map((pad) => `not JSON ${"y ".repeat(pad / 2).slice(9)}${token} z\n`).join("") +
            `${
              JSON.stringify({ type: "custom-title", sessionId: "s1", customTitle: `${"t ".repeat(90)}${token}` })
            }\n` +
            line("u1", `${"w ".repeat(6_130)}${token} ${"w ".repeat(9_000)}`) +
            line("u2", `key ${token} here`)
        )
        const captured = yield* collect(file)
        const stored = yield* everything(captured)
        assert.isFalse(/ghp_/.test(stored), stored.slice(stored.indexOf("ghp_") - 50, stored.indexOf("ghp_") + 60))
        assert.strictEqual((yield* lineSum).total, 5)
      })
    ))
})
