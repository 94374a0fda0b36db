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
import * as TestClock from "effect/TestClock"
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync
} from "node:fs"
import { basename, join } from "node:path"
import { type Captured, Collector } from "../../src/capture/Collector.ts"
import * as Transcript from "../../src/capture/transcript/Transcript.ts"
import * as Project from "../../src/domain/Project.ts"
import { ResourceLedger } from "../../src/resources/ResourceLedger.ts"
import { type LineSum, MemoryStore } from "../../src/store/MemoryStore.ts"
import * as testing from "../../src/testing.ts"
import { sqliteStore } from "../contract/layers.ts"
import { samples, slow, times } from "../data.ts"
import { anyText } from "../texts.ts"
import { transcriptsIn } from "../transcripts.ts"

type Services = Collector | MemoryStore | FileSystem.FileSystem | Path.Path | ResourceLedger

const services = (store: Layer.Layer<MemoryStore, unknown, ResourceLedger>) =>
  Collector.layer.pipe(
    Layer.provideMerge(store),
    Layer.provideMerge(ResourceLedger.layer),
    Layer.provideMerge(NodeContext.layer)
  )

/** Runs `test` with a store and a folder of its own. */
const inFolder = <A, E>(
  test: (folder: string) => Effect.Effect<A, E, Services>,
  store: Layer.Layer<MemoryStore, unknown, ResourceLedger> = testing.store
): Effect.Effect<A, unknown> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    return yield* test(yield* fs.realPath(yield* fs.makeTempDirectoryScoped({ prefix: "claude-memory-collect-" })))
  }).pipe(Effect.scoped, Effect.provide(services(store)))

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

/** Everything that is stored, as JSON. */
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

  it.effect("lacks the newline of its last line, and is read to its end, once", () =>
    inFolder((folder) =>
      Effect.gen(function*() {
        for (const newline of ["\n", "\r\n"]) {
          const name = newline === "\n" ? "u" : "v"
          const file = join(folder, `${name}.jsonl`)
          const [one, two, three] = [1, 2, 3].map((i) => line(`${name}${i}`).trimEnd())
          const before = (yield* lineSum).total
          const isTotal = (lines: number) =>
            Effect.gen(function*() {
              yield* collect(file)
              const sum = yield* lineSum
              assert.deepInclude(sum, { total: before + lines, stored: before + lines, skipped: {}, deadLetter: 0 })
              assert.deepStrictEqual(yield* collect(file), [])
              assert.deepStrictEqual(yield* lineSum, sum)
            })
          writeFileSync(file, one!)
          yield* isTotal(1)
          appendFileSync(file, newline)
          yield* isTotal(1)
          appendFileSync(file, two! + newline)
          yield* isTotal(2)
          appendFileSync(file, three!.slice(0, -1))
          yield* isTotal(2)
          appendFileSync(file, three!.slice(-1))
          yield* isTotal(3)
          appendFileSync(file, newline.slice(0, 1))
          yield* isTotal(3)
          appendFileSync(file, newline.slice(1))
          yield* isTotal(3)
        }
      })
    ))

  it.effect("ends in something that is no whole line is read when it is one", () =>
    inFolder((folder) =>
      Effect.gen(function*() {
        const file = join(folder, "s1.jsonl")
        for (const [i, torn] of ["12", "\"text\"", "}", "null", "[{}]", "{\"type\":\"mode\"}}"].entries()) {
          writeFileSync(file, line("u1") + torn)
          yield* collect(file)
          const { total } = yield* lineSum
          assert.deepStrictEqual(yield* collect(file), [])
          appendFileSync(file, "\n")
          yield* collect(file)
          const lines = yield* lineSum
          assert.strictEqual(lines.total, total + 1, torn)
          assert.strictEqual(sumOf(lines), lines.total)
          assert.strictEqual(lines.stored, 1, `${i}`)
        }
      })
    ))

  it.effect("goes on behind a line that was torn, whose rest alone is left out", () =>
    inFolder((folder) =>
      Effect.gen(function*() {
        const file = join(folder, "s1.jsonl")
        const message = (uuid: string) => {
          const { parentUuid, ...rest } = JSON.parse(line(uuid, `text of {"parentUuid":${uuid}`)) as Record<
            string,
            unknown
          >
          return JSON.stringify({ parentUuid, ...rest })
        }
        const torn = message("u2").slice(0, -40)
        writeFileSync(
          file,
          `${message("u1")}\n${torn}${message("u3")}\n\0\0\0${message("u4")}\n`
        )
        yield* collect(file)
        const store = yield* MemoryStore
        assert.deepStrictEqual(
          (yield* store.messages(["u1", "u2", "u3", "u4"])).map(({ uuid }) => uuid),
          ["u1", "u3", "u4"]
        )
        const lines = yield* lineSum
        assert.deepInclude(lines, { stored: 3, deadLetter: 2, total: 5 })
        assert.strictEqual(sumOf(lines), lines.total)
        const letter = (yield* store.deadLetters(9)).find(({ line }) => line === torn)
        assert.strictEqual(letter?.offset, Buffer.byteLength(`${message("u1")}\n`))
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

describe("a transcript that has just been begun", () => {
  const ahead = (content = "first prompt") =>
    `${JSON.stringify({ type: "queue-operation", operation: "enqueue", content, sessionId: "s1" })}\n`

  const projects = Effect.map(status, ({ projects }) => projects.map(({ name }) => name))

  it.effect("waits for the line that has its session's folder", () =>
    inFolder((folder) =>
      Effect.gen(function*() {
        yield* TestClock.setTime(performance.timeOrigin + performance.now())
        const file = join(folder, "s1.jsonl")
        for (const text of ["", ahead(), ahead()]) {
          appendFileSync(file, text)
          assert.deepStrictEqual(yield* collect(file), [])
        }
        assert.deepStrictEqual(yield* projects, [])
        appendFileSync(file, line("u1"))
        yield* collect(file)
        assert.deepStrictEqual(yield* projects, ["shop"])
        assert.deepInclude(yield* lineSum, { total: 3, stored: 1 })
      })
    ))

  it.effect("finds the folder after a prompt of any length", () =>
    inFolder((folder) =>
      Effect.gen(function*() {
        yield* TestClock.setTime(performance.timeOrigin + performance.now())
        // Some lengths put the border between two reads into the line.
        for (const [i, length] of [65_000, 65_400, 1_098_000, 1_115_000, 5_000_000].entries()) {
          const file = join(folder, `s${i}.jsonl`)
          writeFileSync(file, ahead("长".repeat(length / 3)))
          assert.deepStrictEqual(yield* collect(file), [])
          appendFileSync(file, line(`u${i}`))
          assert.lengthOf((yield* collect(file)).flatMap(({ batch }) => batch.messages), 1)
          assert.deepStrictEqual(yield* projects, ["shop"])
        }
      })
    ))

  it.effect("and says nothing more for a minute is of the folder it lies in", () =>
    inFolder((folder) =>
      Effect.gen(function*() {
        const file = join(folder, "s1.jsonl")
        writeFileSync(file, ahead())
        const { mtimeMs } = statSync(file)
        yield* TestClock.setTime(mtimeMs + 59_000)
        assert.deepStrictEqual(yield* collect(file), [])
        yield* TestClock.adjust("2 seconds")
        yield* collect(file)
        assert.deepInclude(yield* lineSum, { total: 1, stored: 0 })
        assert.deepStrictEqual(yield* projects, [basename(folder)])
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

  /** Moves the file's modification time a second ahead. */
  const later = (file: string) => {
    const seconds = statSync(file).mtimeMs / 1_000 + 1
    utimesSync(file, seconds, seconds)
  }

  it.effect("when replaced by another of its size is read whole, whatever the two have in common", () =>
    inFolder((folder) =>
      Effect.gen(function*() {
        const file = join(folder, "s1.jsonl")
        writeFileSync(file, line("u1") + line("u2"))
        yield* collect(file)
        for (const [i, other] of [line("u1") + line("v2"), line("w1") + line("v2")].entries()) {
          const written = join(folder, "new")
          writeFileSync(written, other)
          assert.strictEqual(statSync(written).size, statSync(file).size)
          renameSync(written, file)
          later(file)
          yield* collect(file)
          assert.deepInclude(yield* lineSum, { total: 4 + 2 * i, stored: 3 + i, skipped: { duplicate: 1 + i } })
        }
        assert.deepStrictEqual(
          yield* textsOf(["u1", "u2", "v2", "w1"]),
          ["u1", "u2", "v2", "w1"].map((id) => `text of ${id}`)
        )
      })
    ))

  it.effect("when replaced by a longer one that begins alike is read whole", () =>
    inFolder((folder) =>
      Effect.gen(function*() {
        const file = join(folder, "s1.jsonl")
        writeFileSync(file, line("u1") + line("u2"))
        yield* collect(file)
        writeFileSync(file, line("u1") + line("v2") + line("v3"))
        yield* collect(file)
        assert.deepInclude(yield* lineSum, { total: 5, stored: 4, skipped: { duplicate: 1 } })
        assert.deepStrictEqual(yield* collect(file), [])
      })
    ))

  it.effect("when only touched is not read again", () =>
    inFolder((folder) =>
      Effect.gen(function*() {
        const file = join(folder, "s1.jsonl")
        writeFileSync(file, line("u1") + line("u2", "x".repeat(10_000)))
        yield* collect(file)
        later(file)
        assert.deepStrictEqual(yield* collect(file), [])
        appendFileSync(file, line("u3"))
        yield* collect(file)
        assert.deepInclude(yield* lineSum, { total: 3, stored: 3, skipped: {} })
      })
    ))

  it.effect("when another process was ahead is not read again", () =>
    inFolder((folder) =>
      Effect.gen(function*() {
        const file = join(folder, "s1.jsonl")
        writeFileSync(file, line("u1"))
        const collector = yield* Collector
        const found = yield* collector.discover([file])
        appendFileSync(file, line("u2"))
        yield* collect(file)
        yield* Stream.runDrain(collector.sync(found))
        assert.deepInclude(yield* lineSum, { total: 2, stored: 2, skipped: {} })
      })
    ))

  slow(it.effect)(
    "while it is read, by truncation or replacement, gives nothing twice",
    () =>
      inFolder((folder) =>
        Effect.gen(function*() {
          const many = (name: string) =>
            Array.from({ length: 3_000 }, (_, i) => line(`${name}${i}`, "x".repeat(900))).join("")
          const collector = yield* Collector
          const during = (file: string, change: () => void) =>
            Effect.gen(function*() {
              const isChanged = { value: false }
              yield* Stream.runForEach(collector.sync(yield* collector.discover([file])), () =>
                Effect.sync(() => {
                  if (!isChanged.value) change()
                  isChanged.value = true
                }))
              later(file)
              yield* collect(file)
              const lines = yield* lineSum
              assert.strictEqual(sumOf(lines), lines.total)
            })
          const truncated = join(folder, "truncated.jsonl")
          writeFileSync(truncated, many("t"))
          yield* during(truncated, () => truncateSync(truncated, 100_000))
          const replaced = join(folder, "replaced.jsonl")
          writeFileSync(replaced, many("a"))
          yield* during(replaced, () => {
            writeFileSync(join(folder, "new"), many("b"))
            renameSync(join(folder, "new"), replaced)
          })
          const deleted = join(folder, "deleted.jsonl")
          writeFileSync(deleted, many("d"))
          yield* during(deleted, () => {
            rmSync(deleted)
            writeFileSync(deleted, line("e1"))
          })
          // The open file is read to its end, then the new one.
          const ids = (name: string) => Array.from({ length: 3_000 }, (_, i) => `${name}${i}`)
          for (const name of ["a", "b", "d"]) assert.strictEqual((yield* textsOf(ids(name))).length, 3_000, name)
          assert.strictEqual((yield* textsOf(["e1"])).length, 1)
          const kept = (yield* textsOf(ids("t"))).length
          assert.isTrue(kept > 0 && kept < 3_000)
          assert.strictEqual((yield* lineSum).stored, 9_001 + kept)
        })
      )
  )

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

describe("sessions that share lines", () => {
  const titled = (sessionId: string, customTitle: string) =>
    `${JSON.stringify({ type: "custom-title", customTitle, sessionId })}\n`
  const of = (sessionId: string, rest: object = {}) => (uuid: string) =>
    line(uuid, `text of ${uuid}`, { sessionId, ...rest })
  const promptsOf = (sessionId: string) =>
    Effect.gen(function*() {
      const store = yield* MemoryStore
      return (yield* store.outlines([sessionId])).flatMap(({ prompts }) => prompts.map(({ uuid }) => uuid))
    })

  it.effect("by a resumption that copied them under its own id are stored once, and its own lines kept", () =>
    inFolder((folder) =>
      Effect.gen(function*() {
        writeFileSync(join(folder, "s1.jsonl"), ["u1", "u2"].map(of("s1")).join(""))
        yield* collect(folder)
        writeFileSync(join(folder, "s2.jsonl"), ["u1", "u2", "u3"].map(of("s2")).join("") + titled("s2", "Resumed"))
        yield* collect(folder)
        assert.deepInclude(yield* lineSum, { total: 6, stored: 4, skipped: { duplicate: 2 } })
        assert.deepStrictEqual(yield* promptsOf("s1"), ["u1", "u2"])
        assert.deepStrictEqual(yield* promptsOf("s2"), ["u3"])
      })
    ))

  for (const [order, files] of [["parent first", ["parent", "fork"]], ["fork first", ["fork", "parent"]]] as const) {
    it.effect(`by a fork stay the parent's, ${order}`, () =>
      inFolder((folder) =>
        Effect.gen(function*() {
          const copied = (uuid: string) => of("fork", { forkedFrom: { sessionId: "parent", messageUuid: uuid } })(uuid)
          writeFileSync(join(folder, "parent.jsonl"), ["u1", "u2", "u3"].map(of("parent")).join(""))
          writeFileSync(
            join(folder, "fork.jsonl"),
            ["u1", "u2"].map(copied).join("") + ["f3", "f4"].map(of("fork")).join("")
          )
          for (const name of files) yield* collect(join(folder, `${name}.jsonl`))
          assert.deepInclude(yield* lineSum, { total: 7, stored: 5, skipped: { duplicate: 2 } })
          assert.deepStrictEqual(yield* promptsOf("parent"), ["u1", "u2", "u3"])
          assert.deepStrictEqual(yield* promptsOf("fork"), ["f3", "f4"])
          assert.strictEqual((yield* status).sessions, 2)
        })
      ))
  }

  it.effect("by checkpoints, each longer than the last, are stored once in any order", () =>
    inFolder((folder) =>
      Effect.gen(function*() {
        const ids = ["u1", "u2", "u3", "u4"]
        for (const n of [2, 4, 1, 3]) {
          writeFileSync(join(folder, `checkpoint-${n}.jsonl`), ids.slice(0, n).map(of("s1")).join(""))
          yield* collect(folder)
        }
        assert.deepInclude(yield* lineSum, { total: 10, stored: 4, skipped: { duplicate: 6 } })
        assert.deepStrictEqual(yield* promptsOf("s1"), ids)
      })
    ))

  it.effect("after a compaction know its summary as one, and no prompt", () =>
    inFolder((folder) =>
      Effect.gen(function*() {
        const file = join(folder, "s1.jsonl")
        writeFileSync(
          file,
          line("u1") +
            line("c1", "This session is being continued …", {
              isCompactSummary: true,
              isVisibleInTranscriptOnly: true
            }) +
            line("u2")
        )
        yield* collect(file)
        const store = yield* MemoryStore
        assert.deepStrictEqual(yield* promptsOf("s1"), ["u1", "u2"])
        const summaries = (yield* store.messages(["u1", "c1", "u2"])).map(({ isSummary }) => isSummary)
        assert.deepStrictEqual(summaries, [false, true, false])
      })
    ))
})

describe("a session", () => {
  it.effect("whose folder is gone is a project by its path", () =>
    inFolder((folder) =>
      Effect.gen(function*() {
        writeFileSync(join(folder, "s1.jsonl"), line("u1", "x", { cwd: join(folder, "gone", "shop") }))
        yield* collect(folder)
        assert.deepStrictEqual((yield* status).projects.map(({ name, root }) => [name, root]), [[
          "shop",
          join(folder, "gone", "shop")
        ]])
      })
    ))

  it.effect("has its subagents' lines in threads of their own", () =>
    inFolder((folder) =>
      Effect.gen(function*() {
        mkdirSync(join(folder, "s1", "subagents"), { recursive: true })
        writeFileSync(join(folder, "s1.jsonl"), line("u1"))
        const agent = { isSidechain: true, agentId: "a1b2c3d" }
        writeFileSync(
          join(folder, "s1", "subagents", "agent-a1b2c3d.jsonl"),
          line("g1", "look", agent) + line("g2", "look", agent)
        )
        const compacting = { isSidechain: true, agentId: "acompact-38cc9f" }
        writeFileSync(join(folder, "s1", "subagents", "agent-acompact-38cc9f.jsonl"), line("k1", "x", compacting))
        yield* collect(folder)
        const store = yield* MemoryStore
        assert.deepStrictEqual(
          [...(yield* store.places(["u1", "g1", "g2"])).values()].map(({ sessionId, thread }) =>
            `${sessionId} ${thread}`
          ).sort(),
          ["s1 a1b2c3d", "s1 a1b2c3d", "s1 main"]
        )
        assert.deepInclude(yield* lineSum, { total: 4, stored: 3, skipped: { "internal agent": 1 } })
      })
    ))

  it.effect("keeps each block of a message of the API once, under one prompt", () =>
    inFolder((folder) =>
      Effect.gen(function*() {
        const reply = (uuid: string, ...content: ReadonlyArray<object>) =>
          line(uuid, "", {
            type: "assistant",
            requestId: "r1",
            message: { id: "m1", role: "assistant", content, usage: { output_tokens: 40 } }
          })
        writeFileSync(
          join(folder, "s1.jsonl"),
          line("u1") + reply("a1", { type: "text", text: "The pool leaks." }) +
            reply("a2", { type: "tool_use", id: "t1", name: "Read", input: { file_path: "a.ts" } })
        )
        yield* collect(folder)
        const store = yield* MemoryStore
        const work = yield* store.claim("segment", 10)
        const segments = yield* store.segments(work.map(({ key }) => key))
        assert.deepStrictEqual(
          segments.map(({ segment }) =>
            segment.messages.flatMap(({ blocks }) => blocks.map(({ kind, text }) => `${kind} ${text}`))
          ),
          [["text text of u1", "text The pool leaks.", "tool_use file_path: a.ts"]]
        )
      })
    ))
})

describe("what is kept of a line", () => {
  const token = (n: number) => `ghp_${String(n).padStart(2, "0")}${"aB3dE5gH7jK9".repeat(3).slice(2)}`

  it.effect("has passed the redactor, whatever field it comes from", () =>
    inFolder((folder) =>
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const secret = (uuid: string, n: number, rest: object = {}) =>
          line(uuid, `text ${token(n)}`, {
            cwd: `/home/mei/${token(n + 1)}/shop`,
            gitBranch: `fix/${token(n + 2)}`,
            version: token(n + 3),
            ...rest
          })
        const named = line("u2", "", {
          type: "assistant",
          message: {
            content: [{
              type: "tool_use",
              id: token(20),
              name: `mcp:${token(21)}:x`,
              input: { file_path: `/a/${token(22)}` }
            }]
          }
        })
        const result = line("u3", "", {
          message: { content: [{ type: "tool_result", tool_use_id: token(20), content: token(23) }] }
        })
        writeFileSync(
          join(folder, "s1.jsonl"),
          secret("u1", 1) + named + result +
            secret(token(30), 31, { sessionId: token(35), parentUuid: token(36) }) +
            secret("u4", 41, { agentId: token(45) }) +
            `${JSON.stringify({ type: "custom-title", sessionId: "s1", customTitle: `Fix the\n${token(50)}` })}\n` +
            `${JSON.stringify({ type: "system", subtype: token(51) })}\n${JSON.stringify({ type: token(52) })}\n` +
            `not JSON ${token(53)}\n`
        )
        const captured = yield* collect(folder)
        const cursors = yield* store.cursors([join(folder, "s1.jsonl")])
        const stored = JSON.stringify([yield* everything(captured), [...cursors], captured.map(({ batch }) => batch)])
        assert.isFalse(stored.includes("ghp_"), stored.slice(stored.indexOf("ghp_") - 80, stored.indexOf("ghp_") + 20))
        assert.strictEqual((yield* lineSum).stored, 6)
        const [session] = (yield* store.outlines(["s1"])).map(({ session }) => session)
        assert.deepInclude(session, { title: "Fix the [redacted:github]", cwd: "/home/mei/[redacted:github]/shop" })
        const [call, answer] = yield* store.messages(["u2", "u3"])
        // Redacted ids still connect a call with its result.
        assert.strictEqual(call?.blocks[0]?.toolUseId, answer?.blocks[0]?.toolUseId)
        assert.strictEqual(call?.blocks[0]?.tool, "mcp:[redacted:github]:x")
      })
    ))

  it.effect("is the same project whether its path is masked or not", () =>
    inFolder((folder) =>
      Effect.gen(function*() {
        const cwd = join(folder, token(1), "shop")
        writeFileSync(join(folder, "s1.jsonl"), line("u1", "x", { cwd }))
        yield* collect(folder)
        const [project] = (yield* status).projects
        assert.strictEqual(project?.id, (yield* Project.resolve(cwd)).id)
        assert.isFalse(JSON.stringify(project).includes("ghp_"))
      })
    ))

  it.effect("keeps ids, and gives distinct ones to those that can't be kept", () =>
    inFolder((folder) =>
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const ids = [
          "8915485d-4ee8-4973-a6f9-63a6a8c7c448",
          "u1",
          "msg_01X8qTtH2Ghe6NhhJNXUdUp4",
          "deadbeefdeadbeefdeadbeefdeadbeef"
        ]
        const odd = [
          token(1),
          token(2),
          "\u0000",
          "a\u0000",
          "\ud83d",
          "\ud83e",
          "x".repeat(5_000),
          "x".repeat(5_001),
          "数据"
        ]
        writeFileSync(
          join(folder, "s1.jsonl"),
          [...ids, ...odd].map((uuid) => line(uuid, "x", { sessionId: uuid })).join("")
        )
        yield* collect(folder)
        assert.strictEqual((yield* store.messages(ids)).length, ids.length)
        assert.deepInclude(yield* lineSum, { stored: ids.length + odd.length, skipped: {} })
        assert.strictEqual((yield* status).sessions, ids.length + odd.length)
      }), sqliteStore))

  it.effect("is bounded", () =>
    inFolder((folder) =>
      Effect.gen(function*() {
        const long = "n/".repeat(500_000)
        writeFileSync(
          join(folder, "s1.jsonl"),
          line("u1", "x ".repeat(5_000_000), { cwd: `/${long}`, gitBranch: long, version: long, sessionId: "s1" }) +
            line("u2", "", {
              type: "assistant",
              message: { content: [{ type: "tool_use", id: long, name: long, input: { file_path: long } }] }
            })
        )
        const captured = yield* collect(folder)
        assert.isBelow(
          JSON.stringify(captured.map(({ batch }) => [batch.messages, batch.facts, batch.project])).length,
          100_000
        )
        assert.deepInclude(yield* lineSum, { total: 2, stored: 2 })
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

describe("a line that repeats another's id", () => {
  it.effect("does not change where what follows belongs", () =>
    inFolder((folder) =>
      Effect.gen(function*() {
        const side = { isSidechain: true, parentUuid: "u1" }
        writeFileSync(
          join(folder, "s1.jsonl"),
          line("u1") + line("u1", "again", { ...side, agentId: "a1b2c3d" }) + line("u2", "x", side)
        )
        yield* collect(folder)
        const store = yield* MemoryStore
        assert.strictEqual((yield* store.places(["u2"])).get("u2")?.thread, "main")
      })
    ))
})

describe("two collectors", () => {
  it.effect("of one file and store write each line once", () =>
    inFolder((folder) =>
      Effect.gen(function*() {
        const file = join(folder, "s1.jsonl")
        writeFileSync(file, Array.from({ length: 4_000 }, (_, i) => line(`u${i}`, "x".repeat(900))).join(""))
        const other = Effect.provide(collect(file), Layer.fresh(Collector.layer))
        const [mine, theirs] = yield* Effect.all([collect(file), other], { concurrency: 2 })
        assert.deepInclude(yield* lineSum, { total: 4_000, stored: 4_000, deadLetter: 0 })
        const results = [...mine, ...theirs].map(({ result }) => result._tag)
        assert.isTrue(results.includes("Appended"))
        assert.isTrue(results.includes("Conflict"))
        // A collector that is behind stops at the conflict.
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

describe("a named file none of whose lines is a transcript's", () => {
  it.effect("is refused before anything is read, and no dead letter is kept; one line that is suffices", () =>
    inFolder((folder) =>
      Effect.gen(function*() {
        const collector = yield* Collector
        const [foreign, torn] = [join(folder, "package.json"), join(folder, "torn.jsonl")]
        writeFileSync(foreign, JSON.stringify({ name: "shop", version: "1.0.0" }, null, 2) + "\n")
        writeFileSync(torn, `{"type":"user","uuid":"u\n${line("u1")}`)
        for (const paths of [[foreign], [torn, foreign]]) {
          const refused = yield* Effect.flip(collector.discover(paths))
          assert.deepInclude(refused, { reason: "NoTranscript", path: foreign })
          assert.match(
            refused.message,
            /package\.json is no transcript: none of its lines is one that Claude Code writes/
          )
        }
        writeFileSync(join(folder, "empty.jsonl"), "")
        assert.lengthOf(yield* collector.discover([join(folder, "empty.jsonl")]), 1)
        yield* collect(torn)
        assert.deepInclude(yield* lineSum, { total: 2, stored: 1, deadLetter: 1 })
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
    { fastCheck: { numRuns: times(5) }, timeout: times(120_000) }
  )

  const uuids = FastCheck.constantFrom("u1", "u2", "u3", "u4", "u5", "u6")
  const short = FastCheck.string({ unit: "grapheme", maxLength: 30 })
  const anyLine = FastCheck.oneof(
    FastCheck.tuple(uuids, short, FastCheck.constantFrom(null, "u1", "u2", "u3"), FastCheck.boolean())
      .map(([uuid, text, parentUuid, isSidechain]) => line(uuid, text, { parentUuid, isSidechain })),
    FastCheck.tuple(uuids, short).map(([leafUuid, summary]) =>
      `${JSON.stringify({ type: "summary", summary, leafUuid })}\n`
    ),
    FastCheck.constantFrom("not JSON\n", "\n", "\r\n", "{\"type\":\"mode\"}\n", "\u0000\u0000{}\n")
  )
  const anyFile = FastCheck.array(anyLine, { maxLength: 8 }).map((lines) => Buffer.from(lines.join("")))

  /** Everything that is stored, in an order that does not depend on how it was captured. */
  const contents = Effect.gen(function*() {
    const store = yield* MemoryStore
    const ids = ["u0", "u1", "u2", "u3", "u4", "u5", "u6"]
    const work = yield* store.claim("segment", 100)
    yield* store.release(work)
    const segments = yield* store.segments(work.map(({ key }) => key))
    return {
      messages: yield* store.messages(ids),
      outlines: yield* store.outlines(["s1"]),
      segments: segments.map(({ segment }) => segment).sort((a, b) => a.id < b.id ? -1 : 1),
      letters: yield* store.deadLetters(100),
      status: yield* store.status
    }
  })

  it.effect.prop(
    "that grows by any steps gives the same as read at once",
    [anyFile, FastCheck.array(FastCheck.nat({ max: 2_000 }), { maxLength: 6 })],
    ([rest, cuts]) =>
      Effect.gen(function*() {
        const bytes = Buffer.concat([Buffer.from(line("u0")), rest])
        const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)
        const reading = (ends: ReadonlyArray<number>) =>
          inFolder((folder) =>
            Effect.gen(function*() {
              const file = join(folder, "s1.jsonl")
              writeFileSync(file, "")
              let from = 0
              for (const end of ends) {
                appendFileSync(file, bytes.subarray(from, end))
                from = end
                yield* collect(file)
              }
              return JSON.parse(JSON.stringify(yield* contents).replaceAll(folder, "")) as unknown
            })
          )
        assert.deepStrictEqual(yield* reading(ends), yield* reading([bytes.length]))
      }),
    { fastCheck: { numRuns: times(5) }, timeout: times(120_000) }
  )

  slow(it.effect.prop)(
    "that grows by steps cut before its newlines gives the same as read at once, each time",
    [
      FastCheck.array(anyLine, { minLength: 1, maxLength: 8 }),
      FastCheck.constantFrom("\n", "\r\n"),
      FastCheck.boolean(),
      FastCheck.array(FastCheck.tuple(FastCheck.nat({ max: 8 }), FastCheck.integer({ min: -2, max: 1 })), {
        minLength: 1,
        maxLength: 8
      })
    ],
    ([some, newline, isOpen, picks]) =>
      Effect.gen(function*() {
        const whole = [line("u0"), ...some].map((each) => `${each.trimEnd()}${newline}`)
        const text = isOpen ? whole.join("").slice(0, -newline.length) : whole.join("")
        const bytes = Buffer.from(text)
        const breaks = [...bytes].flatMap((byte, at) => byte === 10 ? [at] : [])
        const cuts = picks.map(([pick, off]) => (breaks[pick % breaks.length] ?? bytes.length) + off)
        const ends = [...new Set([...cuts, bytes.length])].filter((end) => end <= bytes.length).sort((a, b) => a - b)
        const reading = (ends: ReadonlyArray<number>) =>
          inFolder((folder) =>
            Effect.gen(function*() {
              const file = join(folder, "s1.jsonl")
              writeFileSync(file, "")
              let from = 0
              for (const end of ends) {
                appendFileSync(file, bytes.subarray(from, end))
                from = end
                yield* collect(file)
                const before = yield* lineSum
                assert.deepStrictEqual(yield* collect(file), [])
                assert.deepStrictEqual(yield* lineSum, before)
              }
              return JSON.parse(JSON.stringify(yield* contents).replaceAll(folder, "")) as unknown
            })
          )
        assert.deepStrictEqual(yield* reading(ends), yield* reading([bytes.length]))
      }),
    { fastCheck: { numRuns: times(8) }, timeout: times(120_000) }
  )

  const change = FastCheck.oneof(
    FastCheck.record({ _tag: FastCheck.constant("append" as const), bytes: anyFile }),
    FastCheck.record({ _tag: FastCheck.constant("truncate" as const), at: FastCheck.nat({ max: 2_000 }) }),
    FastCheck.record({ _tag: FastCheck.constant("replace" as const), bytes: anyFile }),
    FastCheck.record({ _tag: FastCheck.constant("scramble" as const), with: uuids })
  )

  const changed = (bytes: Buffer, by: typeof change extends FastCheck.Arbitrary<infer A> ? A : never): Buffer => {
    switch (by._tag) {
      case "append":
        return Buffer.concat([bytes, by.bytes])
      case "truncate":
        return bytes.subarray(0, by.at % (bytes.length + 1))
      case "replace":
        return by.bytes
      case "scramble":
        // The file keeps its size.
        return Buffer.from(
          bytes.toString("latin1").replace(/"uuid":"u\d"(?![\s\S]*"uuid":"u\d")/, `"uuid":"${by.with}"`),
          "latin1"
        )
    }
  }

  /** Uuids of the messages in the whole lines of a file. */
  const uuidsIn = (bytes: Buffer): ReadonlyArray<string> =>
    bytes.toString("utf8").split("\n").flatMap((text) => {
      const parsed = Transcript.parse(text, "s1", () => undefined)
      return parsed._tag === "Message" ? [parsed.message.uuid] : []
    })

  it.effect.prop(
    "that is cut, grown, replaced or changed in place keeps each message once, and a balanced sum",
    [FastCheck.array(change, { minLength: 1, maxLength: 8 })],
    ([changes]) =>
      inFolder((folder) =>
        Effect.gen(function*() {
          const file = join(folder, "s1.jsonl")
          const seen = new Set<string>()
          let bytes: Buffer = Buffer.alloc(0)
          for (const [i, each] of changes.entries()) {
            bytes = changed(bytes, each)
            writeFileSync(file, bytes)
            utimesSync(file, i, i)
            yield* collect(folder)
            for (const uuid of uuidsIn(bytes)) seen.add(uuid)
            const { lines, messages } = yield* status
            assert.strictEqual(sumOf(lines), lines.total)
            assert.strictEqual(messages, seen.size)
            assert.deepStrictEqual(yield* collect(folder), [])
          }
          const store = yield* MemoryStore
          assert.strictEqual((yield* store.messages([...seen])).length, seen.size)
        })
      ),
    { fastCheck: { numRuns: times(8) }, timeout: times(120_000) }
  )

  const anything = FastCheck.oneof(
    anyText,
    FastCheck.jsonValue({ maxDepth: 1 }),
    FastCheck.constantFrom("u1", "\ud83d", "\u0000", "a\u0000", "", null, 0, -1e300, {}, [])
  )
  const almost = FastCheck.record({
    type: FastCheck.constantFrom("user", "assistant", "system", "summary", "custom-title", "attachment"),
    subtype: FastCheck.constantFrom("api_error", "x"),
    uuid: anything,
    parentUuid: anything,
    sessionId: anything,
    agentId: anything,
    isSidechain: anything,
    cwd: anything,
    gitBranch: anything,
    version: anything,
    timestamp: FastCheck.oneof(anything, FastCheck.constantFrom("-271821-04-20T00:00:00Z", "+275760-09-13T00:00:00Z")),
    customTitle: anything,
    summary: anything,
    leafUuid: anything,
    error: anything,
    message: FastCheck.record({
      content: FastCheck.oneof(
        anything,
        FastCheck.array(
          FastCheck.record({
            type: FastCheck.constantFrom("text", "thinking", "tool_use", "tool_result", "image"),
            text: anything,
            thinking: anything,
            id: anything,
            name: anything,
            input: FastCheck.record({ file_path: anything }),
            tool_use_id: anything,
            content: anything,
            is_error: anything
          }, { requiredKeys: ["type"] }),
          { maxLength: 3 }
        )
      )
    })
  }, { requiredKeys: ["type", "message"] }).map((each) => `${JSON.stringify(each)}\n`)

  it.effect.prop(
    "of lines that are almost right is taken by the database, and the sum balances",
    [FastCheck.array(FastCheck.array(almost, { maxLength: 30 }), { minLength: 1, maxLength: 3 })],
    ([files]) =>
      inFolder((folder) =>
        Effect.gen(function*() {
          for (const [i, lines] of files.entries()) writeFileSync(join(folder, `s${i}.jsonl`), lines.join(""))
          yield* collect(folder)
          const lines = yield* lineSum
          assert.strictEqual(lines.total, files.flat().length)
          assert.strictEqual(sumOf(lines), lines.total)
          const before = yield* status
          assert.deepStrictEqual(yield* collect(folder), [])
          assert.deepStrictEqual(yield* status, before)
        }), sqliteStore),
    { fastCheck: { numRuns: times(4) }, timeout: times(120_000) }
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
