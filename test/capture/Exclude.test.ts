import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { appendFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { join, sep } from "node:path"
import { Collector } from "../../src/capture/Collector.ts"
import { callsIn, callsOf, Exclude, isBelow, isExcludedTool, withoutTools } from "../../src/capture/Exclude.ts"
import type { Block, Message } from "../../src/domain/Conversation.ts"
import { ResourceLedger } from "../../src/resources/ResourceLedger.ts"
import { MemoryStore } from "../../src/store/MemoryStore.ts"
import * as testing from "../../src/testing.ts"
import { message } from "../contract/made.ts"
import { anyText } from "../texts.ts"

const inFolder = <A, E>(
  exclude: (folder: string) => Partial<Context.Tag.Service<typeof Exclude>>,
  test: (folder: string) => Effect.Effect<A, E, Collector | MemoryStore>
) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const folder = yield* fs.realPath(yield* fs.makeTempDirectoryScoped({ prefix: "claude-memory-exclude-" }))
    const services = Collector.layer.pipe(
      Layer.provideMerge(testing.store),
      Layer.provide(Layer.succeed(Exclude, { paths: [], tools: [], ...exclude(folder) })),
      Layer.provide(ResourceLedger.layer),
      Layer.provide(NodeContext.layer)
    )
    return yield* Effect.provide(test(folder), services)
  }).pipe(Effect.scoped, Effect.provide(NodeContext.layer))

const collect = (path: string) =>
  Effect.gen(function*() {
    const collector = yield* Collector
    return Chunk.toReadonlyArray(yield* Stream.runCollect(collector.sync(yield* collector.discover([path]))))
  })

const line = (
  type: "user" | "assistant",
  uuid: string,
  parentUuid: string | null,
  content: unknown,
  cwd = "/nowhere"
) =>
  `${
    JSON.stringify({
      parentUuid,
      isSidechain: false,
      cwd,
      sessionId: "s1",
      type,
      message: { role: type, content },
      uuid,
      timestamp: "2026-11-26T09:00:00.000Z"
    })
  }\n`

const use = (id: string, name: string, secret: string) => ({
  type: "tool_use",
  id,
  name,
  input: { file_path: `/${secret}`, text: secret }
})
const result = (id: string, content: string) => ({ tool_use_id: id, type: "tool_result", content })

describe("an excluded folder", () => {
  const isIn = (folder: string, paths: ReadonlyArray<string>) =>
    Effect.flatMap(isBelow(paths), (ask) => ask(folder)).pipe(Effect.provide(NodeContext.layer))

  it.effect("keeps sessions that worked in it or below from being read, however its path is written", () =>
    inFolder((folder) => ({ paths: [join(folder, "link")] }), (folder) =>
      Effect.gen(function*() {
        mkdirSync(join(folder, "secret", "below"), { recursive: true })
        mkdirSync(join(folder, "secrets"))
        symlinkSync(join(folder, "secret"), join(folder, "link"))
        mkdirSync(join(folder, "projects"))
        const worked = ["secret", "secret/below", "link/below", "secret/gone", "secrets", ".", "gone"]
        worked.forEach((cwd, i) =>
          writeFileSync(
            join(folder, "projects", `${i}.jsonl`),
            line("user", `u${i}`, null, `worked in ${cwd}`, join(folder, cwd))
          )
        )
        yield* collect(join(folder, "projects"))
        const store = yield* MemoryStore
        const read = yield* store.places(worked.map((_, i) => `u${i}`))
        assert.deepStrictEqual([...read.keys()].sort(), ["u4", "u5", "u6"])
        assert.strictEqual((yield* store.cursors([join(folder, "projects", "0.jsonl")])).size, 0)
        assert.strictEqual((yield* store.status).lines.total, 3)
      })))

  it.effect("keeps what a session says in it that began elsewhere from being read, also where its project is excluded", () =>
    inFolder((folder) => ({ paths: [join(folder, "secret")] }), (folder) =>
      Effect.gen(function*() {
        const store = yield* MemoryStore
        const projects = join(folder, "projects")
        for (const name of ["work", "secret/below", "bank", "projects"]) {
          mkdirSync(join(folder, name), { recursive: true })
        }
        writeFileSync(join(projects, "bank.jsonl"), line("user", "b0", null, "at the bank", join(folder, "bank")))
        yield* collect(projects)
        const [bank] = yield* store.projects
        yield* store.excludeProject(bank!, true)
        const cwds = ["work", "secret", "secret/below", "work", "bank", "work"]
        writeFileSync(
          join(projects, "s1.jsonl"),
          cwds.map((cwd, i) =>
            line("user", `u${i}`, i === 0 ? null : `u${i - 1}`, `worked in ${cwd}`, join(folder, cwd))
          )
            .join("")
        )
        const [captured] = yield* collect(join(projects, "s1.jsonl"))
        assert.deepStrictEqual(captured!.batch.messages.map(({ uuid }) => uuid), ["u0", "u3", "u5"])
        assert.deepStrictEqual(captured!.batch.skipped, { "excluded folder": 3 })
      })))

  it.effect("is known by its path when it is gone, and by what it is while it is there", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.realPath(yield* fs.makeTempDirectoryScoped({ prefix: "claude-memory-exclude-" }))
      mkdirSync(join(folder, "Case", "below"), { recursive: true })
      assert.isTrue(yield* isIn(join(folder, "Case", "below"), [join(folder, "Case")]))
      // Case matters only if the file system distinguishes it.
      const isSame = (yield* Effect.option(fs.stat(join(folder, "case"))))._tag === "Some"
      assert.strictEqual(yield* isIn(join(folder, "Case", "below"), [join(folder, "case")]), isSame)
      rmSync(join(folder, "Case"), { recursive: true })
      assert.isTrue(yield* isIn(join(folder, "Case", "below"), [join(folder, "Case")]))
      assert.isFalse(yield* isIn(join(folder, "Case"), [join(folder, "Case", "below")]))
      assert.isFalse(yield* isIn(folder, []))
      assert.isTrue(yield* isIn(join(folder, "Case", "n/".repeat(500_000)), [join(folder, "Case")]))
      // A path of another system lies below no folder here.
      if (sep === "/") assert.isFalse(yield* isIn("C:\\Users\\mei\\bank", [process.cwd()]))
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)))
})

describe("an excluded tool", () => {
  it.effect("leaves its name, wherever the file is cut", () => {
    const lines = [
      line("user", "u1", null, "what do the wages say"),
      line("assistant", "a1", "u1", [use("t1", "mcp__payroll__read", "quokka")]),
      line("assistant", "a2", "a1", [use("t2", "Read", "kept")]),
      line("assistant", "a3", "a2", [use("t3", "WebFetch", "zebra")]),
      line("user", "r1", "a3", [result("t1", "quokka wages")]),
      line("user", "r2", "a3", [result("t2", "kept result")]),
      line("user", "r3", "r2", [result("t3", "zebra page"), { type: "text", text: "and a word" }]),
      line("assistant", "a4", "r3", [{ type: "text", text: "They are fair." }])
    ]
    return Effect.forEach(
      [0, 1, 2, 3, 4, 5, 6],
      (cut) =>
        inFolder(() => ({ tools: ["mcp__payroll__*", "WebFetch"] }), (folder) =>
          Effect.gen(function*() {
            const file = join(folder, "s1.jsonl")
            writeFileSync(file, lines.slice(0, cut).join(""))
            yield* collect(file)
            appendFileSync(file, lines.slice(cut).join(""))
            yield* collect(file)
            const store = yield* MemoryStore
            const messages = yield* store.messages(["u1", "a1", "a2", "a3", "r1", "r2", "r3", "a4"])
            assert.deepStrictEqual(
              messages.map(({ blocks, uuid }) => [uuid, ...blocks.map(({ file, text }) => `${text} ${file ?? ""}`)]),
              [
                ["u1", "what do the wages say "],
                ["a1", "mcp__payroll__read "],
                ["a2", "file_path: /kept\ntext: kept /kept"],
                ["a3", "WebFetch "],
                ["r2", "kept result "],
                ["r3", "and a word "],
                ["a4", "They are fair. "]
              ]
            )
            const { lines: sum } = yield* store.status
            assert.deepStrictEqual(sum, { total: 8, stored: 7, skipped: { "excluded tool": 1 }, deadLetter: 0 })
            assert.strictEqual(readFileSync(file, "utf8"), lines.join(""))
          }))
    )
  })

  it.effect("is any of our own, whoever excluded none: an answer in a later batch too", () =>
    inFolder(() => ({}), (folder) =>
      Effect.gen(function*() {
        const file = join(folder, "s1.jsonl")
        const saves = ["mcp__claude-memory__claude_memory_save", "mcp__plugin_memory_claude-memory__claude_memory_save"]
        const other = "mcp__notes__save"
        const calls = [...saves, other].map((tool, i) =>
          line("assistant", `a${i}`, i === 0 ? "u1" : `a${i - 1}`, [use(`t${i}`, tool, "quokka")])
        )
        const answers = calls.map((_, i) => line("user", `r${i}`, `a${i}`, [result(`t${i}`, "quokka answer")]))
        writeFileSync(file, [line("user", "u1", null, "remember it"), ...calls].join(""))
        yield* collect(file)
        appendFileSync(file, answers.join(""))
        yield* collect(file)
        const store = yield* MemoryStore
        const messages = yield* store.messages(["u1", "a0", "a1", "a2", "r0", "r1", "r2"])
        assert.deepStrictEqual(messages.map(({ blocks, uuid }) => [uuid, ...blocks.map(({ text }) => text)]), [
          ["u1", "remember it"],
          ...saves.map((tool, i) => [`a${i}`, tool]),
          ["a2", "file_path: /quokka\ntext: quokka"],
          ["r2", "quokka answer"]
        ])
      })))

  it.effect("takes nothing where none is excluded", () =>
    inFolder(() => ({}), (folder) =>
      Effect.gen(function*() {
        const file = join(folder, "s1.jsonl")
        writeFileSync(file, line("user", "r1", "unknown", [result("t9", "an orphan's words")]))
        yield* collect(file)
        assert.strictEqual((yield* (yield* MemoryStore).messages(["r1"]))[0]?.blocks[0]?.text, "an orphan's words")
      })))

  const names = ["Read", "Bash", "mcp__payroll__read", "mcp__payroll__write"] as const
  const anyBlock: FastCheck.Arbitrary<Block> = FastCheck.oneof(
    anyText.map((text): Block => ({ kind: "text", text })),
    FastCheck.record({ tool: FastCheck.constantFrom(...names), toolUseId: FastCheck.constantFrom("1", "2", "3") })
      .chain((
        { tool, toolUseId }
      ) =>
        anyText.map((text): Block => ({ kind: "tool_use", text, tool, toolUseId: `${toolUseId} ${tool}`, file: text }))
      ),
    FastCheck.record({ tool: FastCheck.constantFrom(...names), toolUseId: FastCheck.constantFrom("1", "2", "3") })
      .chain((
        { tool, toolUseId }
      ) => anyText.map((text): Block => ({ kind: "tool_result", text, toolUseId: `${toolUseId} ${tool}` })))
  )
  const anyMessages = FastCheck.array(FastCheck.array(anyBlock, { minLength: 1, maxLength: 5 }), { maxLength: 8 }).map((
    all
  ): ReadonlyArray<Message> =>
    all.map((blocks, i) => message(`m${i}`, { parentUuid: i === 0 ? null : `m${i - 1}`, blocks }))
  )

  it("has neither input nor answer in what is left, and all else is there in its order", () => {
    FastCheck.assert(FastCheck.property(anyMessages, FastCheck.subarray([...names]), (messages, excluded) => {
      const calls = callsIn(messages)
      const isExcluded = isExcludedTool(excluded)
      const kept = withoutTools(messages, isExcluded, calls)
      const goes = (block: Block) => block.kind === "tool_result" && isExcluded(calls.get(block.toolUseId!))
      const expected = messages.map((each) => ({
        ...each,
        blocks: each.blocks.filter((block) => !goes(block)).map((block) =>
          block.kind === "tool_use" && isExcluded(block.tool!)
            ? { kind: block.kind, text: block.tool!, tool: block.tool!, toolUseId: block.toolUseId! }
            : block
        )
      })).filter(({ blocks }) => blocks.length > 0)
      assert.deepStrictEqual(kept, expected)
      assert.deepStrictEqual(withoutTools(kept, isExcluded, calls), kept)
    }))
  })

  it.effect.prop(
    "is known of each answer from the messages above it, however they are cut into batches",
    [anyMessages, FastCheck.nat(8)],
    ([messages, cut]) =>
      Effect.gen(function*() {
        const stored = messages.slice(0, cut)
        const fresh = messages.slice(cut)
        const read = (uuids: ReadonlyArray<string>) => Effect.succeed(stored.filter(({ uuid }) => uuids.includes(uuid)))
        const calls = yield* callsOf(fresh, read)
        const all = callsIn(messages)
        for (const { kind, toolUseId } of fresh.flatMap(({ blocks }) => blocks)) {
          if (kind === "tool_result") assert.strictEqual(calls.get(toolUseId!), all.get(toolUseId!))
        }
      })
  )

  it("is named whole, or by its beginning", () => {
    assert.isTrue(isExcludedTool(["Bash"])("Bash"))
    assert.isFalse(isExcludedTool(["Bash"])("BashOutput"))
    assert.isTrue(isExcludedTool(["Bash*"])("BashOutput"))
    assert.isTrue(isExcludedTool(["*"])("anything"))
    assert.isFalse(isExcludedTool([])("anything"))
    assert.isFalse(isExcludedTool(["mcp__a.b__*"])("mcp__aXb__read"))
  })
})
