/**
 * Decisions that a rule sees replaced, as capture makes memories of them.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { join } from "node:path"
import { Collector } from "../../src/capture/Collector.ts"
import * as Extractive from "../../src/compress/extractive/Extractive.ts"
import * as SessionRecords from "../../src/hook/SessionRecords.ts"
import * as EmbeddedIndex from "../../src/index/sqlite/EmbeddedIndex.ts"
import { Injector } from "../../src/inject/Injector.ts"
import { Retriever } from "../../src/retrieve/Retriever.ts"
import { ClaudeMemory } from "../../src/serve/ClaudeMemory.ts"
import * as SqliteStore from "../../src/store/sqlite/SqliteStore.ts"
import * as testing from "../../src/testing.ts"
import { base, sqliteFile } from "../contract/layers.ts"

const onDisk = ClaudeMemory.layer.pipe(
  Layer.provideMerge(Layer.merge(Injector.layer, SessionRecords.layerInMemory)),
  Layer.provideMerge(Layer.mergeAll(Retriever.layer, Collector.layer, Extractive.layer)),
  Layer.provideMerge(Layer.merge(EmbeddedIndex.layer, testing.models())),
  Layer.provideMerge(SqliteStore.layer),
  Layer.provideMerge(sqliteFile),
  Layer.provideMerge(base)
)

const FOLDER = "/nowhere/shop"
const OLD =
  "Always use Memcached for the cart sessions, since its nodes forget what nobody asks for within forty minutes."
const NEW =
  "We always use Redis instead of Memcached for the cart sessions from May on, because every deploy emptied all baskets."

const line = (session: string, n: number, role: "assistant" | "user", text: string) =>
  `${
    JSON.stringify({
      type: role,
      uuid: `${session}-${n}`,
      parentUuid: null,
      sessionId: session,
      timestamp: `2026-0${session.slice(-1)}-01T10:0${n}:00.000Z`,
      cwd: FOLDER,
      message: { role, content: role === "user" ? text : [{ type: "text", text }] }
    })
  }\n`

/** Captures sessions of these names, the first of which begins first, each with what a person said: whole, or their segments alone. */
const captured = (...said: ReadonlyArray<readonly [session: string, text: string] | "segments">) =>
  Effect.gen(function*() {
    const isWhole = !said.includes("segments")
    const fs = yield* FileSystem.FileSystem
    const memory = yield* ClaudeMemory
    const folder = yield* fs.makeTempDirectoryScoped()
    for (const [session, text] of said.filter((each) => each !== "segments")) {
      const file = join(folder, `${session}.jsonl`)
      yield* fs.writeFileString(
        file,
        line(session, 1, "user", text) + line(session, 2, "assistant", "The change is made, and the build is green.")
      )
      const steps = memory.ingest(yield* memory.discover([file]))
      yield* Stream.runDrain(isWhole ? steps : Stream.takeUntil(steps, ({ _tag }) => _tag === "Compressed"))
    }
  })

const search = Effect.gen(function*() {
  const memory = yield* ClaudeMemory
  const text = "what do the cart sessions use, Memcached?"
  const { results } = yield* memory.search({
    projects: "all",
    types: ["decision"],
    text,
    limit: 5,
    minScore: 0,
    mode: "keyword"
  })
  return results.map(({ replaces = [], unit }) => [unit.content, replaces.length] as const)
})

const oldOne = Effect.flatMap(ClaudeMemory, (memory) =>
  Effect.map(
    memory.recent({ projects: "all", types: ["decision"] }, 10),
    (units) => units.find(({ content }) => content.includes(OLD))!
  ))

describe.each([["in memory", testing.layer], ["on disk", onDisk]] as const)(
  "a decision that names what it replaces, %s",
  (_, layer) => {
    const test = <E>(title: string, body: Effect.Effect<void, E, ClaudeMemory | FileSystem.FileSystem | Scope.Scope>) =>
      it.scoped(title, () => body.pipe(Effect.provide(layer)))

    test(
      "stands in the place of the one that chose it, with what a rule saw, until a person says otherwise",
      Effect.gen(function*() {
        const memory = yield* ClaudeMemory
        yield* captured(["session-1", OLD], ["session-2", NEW])
        assert.deepStrictEqual(yield* search, [[`User: ${NEW}`, 1]])
        const old = yield* oldOne
        assert.strictEqual(old.replacedFor, "Memcached")
        // It is no person's change.
        assert.isUndefined(old.revision)
        assert.isUndefined(yield* memory.undo())
        const { history } = yield* memory.history(old.id)
        assert.deepStrictEqual(history?.operations.map(({ actor, kind }) => [actor, kind]), [["rule", "replace"]])

        yield* memory.edit(old.id, { replacedBy: null }, "person")
        assert.deepStrictEqual((yield* search).map(([, replaced]) => replaced), [0, 0])
        // A person's word stays, whatever is captured.
        yield* captured(["session-2", NEW], ["session-3", `${NEW} It has been so since May.`])
        assert.isUndefined((yield* oldOne).replacedBy)
      })
    )

    test(
      "stands there also when the one who captured it died before its session was summed up",
      Effect.gen(function*() {
        const memory = yield* ClaudeMemory
        yield* captured(["session-1", OLD])
        yield* captured(["session-2", NEW], "segments")
        assert.isUndefined((yield* oldOne).replacedBy)
        yield* Stream.runDrain(memory.ingest([]))
        assert.deepStrictEqual((yield* oldOne).replacedFor, "Memcached")
      })
    )

    test(
      "stands before the session that names what it gives up, which is told with that",
      Effect.gen(function*() {
        const memory = yield* ClaudeMemory
        yield* captured(["session-1", OLD], ["session-2", NEW])
        const ask = memory.inject({
          prompt: "whose nodes forget the cart sessions nobody asks for within forty minutes?",
          projects: "all",
          mode: "balanced",
          maxTokens: 500,
          maxChars: 5_000,
          isAsked: true
        })
        const { text } = yield* ask
        const [decision, session] = [text.indexOf("instead of Memcached"), text.indexOf("within forty minutes")]
        assert.isAbove(decision, -1)
        assert.isAbove(session, decision)
        assert.match(text, /archive, "Memcached" was replaced: see \[[0-9a-f]{8}\]/)
        const { replacedBy } = yield* oldOne
        yield* memory.forget([replacedBy!])
        assert.include((yield* ask).text, "within forty minutes")
      })
    )

    test(
      "is told to a prompt that names what it gives up, once",
      Effect.gen(function*() {
        const memory = yield* ClaudeMemory
        yield* captured(["session-1", OLD], ["session-2", NEW])
        const told = (prompt: string, injectedIds: ReadonlyArray<string> = []) =>
          Effect.map(
            memory.inject({ prompt, projects: "all", mode: "balanced", maxTokens: 500, maxChars: 5_000, injectedIds }),
            ({ items }) => items.map(({ unit }) => unit)
          )
        const [decision] = yield* told("put the wishlist page into memcached")
        assert.include(decision?.content, NEW)
        assert.strictEqual((yield* oldOne).replacedBy, decision?.id)
        assert.isEmpty(yield* told("put the wishlist page into memcached", [decision!.id]))
        assert.isEmpty(yield* told("put the wishlist page into the cart"))
      })
    )

    test(
      "leaves in place what a person pinned, and what was decided later",
      Effect.gen(function*() {
        const memory = yield* ClaudeMemory
        yield* captured(["session-1", OLD])
        yield* memory.edit((yield* oldOne).id, { pinned: true }, "person")
        yield* captured(["session-2", NEW])
        assert.isUndefined((yield* oldOne).replacedBy)
      })
    )

    test(
      "replaces nothing that was decided after it",
      Effect.gen(function*() {
        yield* captured(["session-1", NEW], ["session-2", OLD])
        assert.isUndefined((yield* oldOne).replacedBy)
      })
    )

    test(
      "gives its place back when it is forgotten, and leaves no word of itself",
      Effect.gen(function*() {
        const memory = yield* ClaudeMemory
        yield* captured(["session-1", OLD], ["session-2", NEW])
        const { replacedBy } = yield* oldOne
        yield* memory.forget([replacedBy!])
        assert.deepStrictEqual(yield* search, [[`User: ${OLD}`, 0]])
        assert.notInclude(JSON.stringify([yield* oldOne, (yield* memory.history((yield* oldOne).id)).history]), "Redis")
      })
    )
  }
)
