import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { appendFileSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, dirname, join } from "node:path"
import { Collector } from "../../src/capture/Collector.ts"
import { Exclude } from "../../src/capture/Exclude.ts"
import * as Extractive from "../../src/compress/extractive/Extractive.ts"
import * as Project from "../../src/domain/Project.ts"
import * as TailReader from "../../src/hook/TailReader.ts"
import * as Pipeline from "../../src/Pipeline.ts"
import { MemoryStore } from "../../src/store/MemoryStore.ts"
import * as testing from "../../src/testing.ts"
import { oneIn, samples } from "../data.ts"
import { platform } from "../resources/owned.ts"
import { transcriptsIn } from "../transcripts.ts"

const CWD = "/nowhere/shop"

const services = Layer.mergeAll(Collector.layer, Extractive.layer).pipe(
  Layer.provideMerge(testing.store),
  Layer.provideMerge(platform)
)

/** Runs `body` with a memory and a folder of transcripts of its own. */
const inFolder = <A, E, R>(body: (folder: string) => Effect.Effect<A, E, R>, exclude?: Exclude["Type"]) =>
  Effect.acquireUseRelease(
    Effect.sync(() => realpathSync(mkdtempSync(join(tmpdir(), "claude-memory-tail-")))),
    (folder) =>
      Effect.provide(
        body(folder),
        exclude === undefined ? services : Layer.provideMerge(services, Layer.succeed(Exclude, exclude))
      ),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
  )

const capture = (folder: string) =>
  Effect.gen(function*() {
    const collector = yield* Collector
    const steps = Stream.concat(Pipeline.capture(yield* collector.discover([folder])), Pipeline.remember)
    return Chunk.size(yield* Stream.runCollect(steps))
  })

const tails = (folder: string, cwd: string, within = 60_000) =>
  Effect.gen(function*() {
    const { id } = yield* Project.resolve(cwd)
    const until = (yield* Clock.currentTimeMillis) + within
    return yield* TailReader.read({ transcript: join(folder, "now.jsonl"), sessionId: "now", projectId: id, until })
  })

const recent = (type: "archive" | "conversation" | "decision") =>
  Effect.flatMap(MemoryStore, (store) => store.recent({ projects: "all", types: [type] }, 500))

const line = (session: string, i: number, text: string, rest: object = {}) =>
  `${
    JSON.stringify({
      type: i % 2 === 0 ? "user" : "assistant",
      uuid: `${session}-${i}`,
      parentUuid: i === 0 ? null : `${session}-${i - 1}`,
      sessionId: session,
      cwd: CWD,
      timestamp: `2026-11-27T12:0${i}:00.000Z`,
      message: { role: i % 2 === 0 ? "user" : "assistant", content: [{ type: "text", text }] },
      ...rest
    })
  }\n`

const SAID = [
  "Please make the quokka importer read its spreadsheets through a queue, since it blocks the whole shop for minutes.",
  "The quokka importer blocked because it parsed spreadsheets in the request. It now puts each row on the zebra queue, and a " +
  "worker reads them in batches of 500.",
  "And does it keep the order of the rows when a worker dies in between?",
  "The rows keep their order because the zebra queue is partitioned by sheet. The retries of failed rows are still open; " +
  "next step is a dead letter queue."
]

const told = (folder: string) =>
  Effect.map(tails(folder, CWD), ({ units }) => units.map(({ content }) => content).join("\n"))

describe("what transcripts say beyond what is remembered", () => {
  it.live.each(
    transcriptsIn(samples).filter((file) => !/agent-|subagents/.test(file)).map((file) => [basename(file), file])
      .filter(oneIn(1, 4))
  )(
    "gives the memories that capture makes of it: %s",
    ([, file]) =>
      Effect.gen(function*() {
        // The first share alone is of a transcript that was never read.
        const archives = yield* Effect.forEach([0, 0.3, 0.7, 0.95], (share) =>
          inFolder((folder) =>
            Effect.gen(function*() {
              const lines = readFileSync(file!, "utf8").split(/(?<=\n)/)
              const copy = join(folder, basename(file!))
              const at = Math.floor(share * lines.length)
              writeFileSync(copy, lines.slice(0, at).join(""))
              yield* capture(folder)
              appendFileSync(copy, lines.slice(at).join(""))
              const cwd = /"cwd":"([^"]+)"/.exec(lines.join(""))?.[1] ?? dirname(copy)
              const { branches, origins, units } = yield* tails(folder, cwd)
              yield* capture(folder)
              for (const type of ["archive", "conversation", "decision"] as const) {
                const made = (yield* recent(type)).filter(({ origin }) =>
                  origins.includes(origin)
                )
                // Of two that say the same, capture cites the one that was there first.
                const short = (unit: typeof units[number]) => ({
                  ...unit,
                  passages: unit.passages.map((passage) => ({ ...passage, uuid: "" })),
                  position: 0,
                  createdAt: 0,
                  also: []
                })
                const byId = new Map(units.map((unit) => [unit.id, unit]))
                for (const unit of made) assert.deepStrictEqual(short(byId.get(unit.id)!), short(unit))
              }
              const archives = units.filter(({ type }) => type === "archive")
              assert.sameMembers(
                archives.map(({ id }) => id),
                (yield* recent("archive")).filter(({ sessionId }) => sessionId in branches).map(({ id }) => id)
              )
              return archives.length
            })
          ))
        assert.isAbove(archives[0]!, 0)
      })
  )

  it.live("is none where all is remembered, and none of the session itself or of another project", () =>
    inFolder((folder) =>
      Effect.gen(function*() {
        writeFileSync(join(folder, "last.jsonl"), SAID.map((text, i) => line("last", i, text)).join(""))
        assert.include(yield* told(folder), "zebra queue")
        assert.strictEqual((yield* tails(folder, "/nowhere/else")).units.length, 0)
        yield* capture(folder)
        assert.deepStrictEqual(yield* tails(folder, CWD), { origins: [], units: [], branches: {} })
        writeFileSync(join(folder, "now.jsonl"), SAID.map((text, i) => line("now", i, text)).join(""))
        assert.deepStrictEqual(yield* tails(folder, CWD), { origins: [], units: [], branches: {} })
      })
    ))

  it.live("waits to be compressed, and is told", () =>
    inFolder((folder) =>
      Effect.gen(function*() {
        const collector = yield* Collector
        writeFileSync(join(folder, "last.jsonl"), SAID.map((text, i) => line("last", i, text)).join(""))
        yield* Stream.runDrain(Pipeline.capture(yield* collector.discover([folder])))
        assert.include(yield* told(folder), "zebra queue")
      })
    ))

  it.live("is without what was forgotten, what excluded tools gave, and what is excluded", () =>
    Effect.gen(function*() {
      yield* inFolder((folder) =>
        Effect.gen(function*() {
          const store = yield* MemoryStore
          const file = join(folder, "last.jsonl")
          writeFileSync(file, SAID.map((text, i) => line("last", i, text)).join(""))
          yield* capture(folder)
          const units = yield* store.recent({ projects: "all" }, 100)
          yield* store.forget(units.filter(({ content }) => content.includes("partitioned")).map(({ id }) => id))
          // The same words in a session that was never read.
          writeFileSync(join(folder, "again.jsonl"), SAID.map((text, i) => line("again", i, text)).join(""))
          const { units: again } = yield* tails(folder, CWD)
          assert.notInclude(JSON.stringify(again), "partitioned")
        })
      )
      const lines = SAID.map((text, i) => line("last", i, text)).join("")
      yield* inFolder((folder) =>
        Effect.gen(function*() {
          writeFileSync(join(folder, "last.jsonl"), lines)
          assert.strictEqual(yield* told(folder), "")
        }), { paths: [CWD], tools: [] })
      yield* inFolder((folder) =>
        Effect.gen(function*() {
          const store = yield* MemoryStore
          writeFileSync(join(folder, "last.jsonl"), lines)
          yield* store.excludeProject(yield* Project.resolve(CWD), true)
          assert.strictEqual(yield* told(folder), "")
        })
      )
    }))

  it.live("is bounded: of a long transcript its beginning and its end, and what is read until the time is over", () =>
    inFolder((folder) =>
      Effect.gen(function*() {
        const noise = line("last", 1, "", {
          type: "user",
          message: { role: "user", content: [{ type: "tool_result", tool_use_id: "t", content: "x".repeat(16_000) }] }
        })
        const many = Array.from({ length: 600 }, (_, i) => noise.replace("last-1", `noise-${i}`)).join("")
        writeFileSync(
          join(folder, "last.jsonl"),
          [line("last", 0, SAID[0]!), many, line("last", 3, SAID[3]!)].join("")
        )
        const text = yield* told(folder)
        assert.include(text, "Aim: Please make the quokka importer")
        assert.include(text, "partitioned by sheet")
        assert.strictEqual((yield* tails(folder, CWD, 1)).units.length, 0)
      })
    ))
})
