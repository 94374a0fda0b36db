/**
 * Makes a large memory of a small one by copying its units. Each copy has a third of its words exchanged for others of the same memory.
 * So words stay as common as they were, and no two units say the same.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import * as App from "../../../src/App.ts"
import { VERSION } from "../../../src/compress/Draft.ts"
import * as Extractive from "../../../src/compress/extractive/Extractive.ts"
import { idOf } from "../../../src/domain/Ids.ts"
import type { MemoryUnit } from "../../../src/domain/MemoryUnit.ts"
import * as EmbeddedIndex from "../../../src/index/sqlite/EmbeddedIndex.ts"
import * as Pipeline from "../../../src/Pipeline.ts"
import { ClaudeMemory } from "../../../src/serve/ClaudeMemory.ts"
import { MemoryStore } from "../../../src/store/MemoryStore.ts"
import { SqliteFile } from "../../../src/store/sqlite/SqliteFile.ts"
import * as SqliteStore from "../../../src/store/sqlite/SqliteStore.ts"
import { batch, cursor, message } from "../../../test/contract/made.ts"
import { progress, service } from "../../../test/script.ts"

const WORD = /[A-Za-z]{4,}/g
/** Units per copied session. */
const AT_ONCE = 400
const HOUR = 3_600_000

/** Returns an unsigned 32-bit integer. */
const hash = (text: string) => createHash("md5").update(text).digest().readUInt32LE()

const exchanged = (text: string, copy: number, words: ReadonlyArray<string>) =>
  text.replace(WORD, (word) => {
    const n = hash(`${word} ${copy}`)
    return n % 3 === 0 ? words[Math.floor(n / 3) % words.length]! : word
  })

const copied = (unit: MemoryUnit, copy: number, words: ReadonlyArray<string>): MemoryUnit => {
  let content = ""
  let end = 0
  const passages = [...unit.passages].sort((a, b) => a.from - b.from).map((passage) => {
    content += exchanged(unit.content.slice(end, passage.from), copy, words)
    const from = content.length
    content += exchanged(unit.content.slice(passage.from, passage.to), copy, words)
    end = passage.to
    return { ...passage, from, to: content.length }
  })
  content += exchanged(unit.content.slice(end), copy, words)
  return {
    ...unit,
    id: idOf("unit", unit.id, String(copy)),
    sessionId: `${unit.sessionId.slice(0, 60)}-${copy}`,
    occurredAt: unit.occurredAt - copy * HOUR,
    title: exchanged(unit.title, copy, words),
    content,
    passages
  }
}

const grown = (units: ReadonlyArray<MemoryUnit>, size: number) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const words = units.flatMap(({ content }) => content.match(WORD) ?? [])
    // The copies have no messages of which an upgrade could make them again.
    yield* store.compressedBy(VERSION)
    for (let made = 0, round = 0; made < size; round++) {
      const copies = Array.from(
        { length: Math.min(AT_ONCE, size - made) },
        (_, i) => copied(units[(made + i) % units.length]!, Math.floor((made + i) / units.length), words)
      )
      const prompt = message(`large-${round}`, { isPrompt: true })
      yield* store.append(
        batch([prompt], {
          cursor: cursor(`/large/${round}.jsonl`, 1),
          project: (yield* store.projects).find(({ id }) => id === copies[0]!.projectId)!
        })
      )
      const items = yield* store.claim("segment", 10)
      const origin = idOf("segment", prompt.uuid)
      yield* store.commit(items, copies.map((unit, i) => ({ ...unit, origin, position: i })))
      yield* store.done(yield* store.claim("session", 10))
      made += copies.length
      yield* progress(`${made} of ${size} memories made`)
    }
    yield* progress("indexing")
    yield* Stream.runDrain(Pipeline.catchUp)
  })

/** Fills the memory in `home` from the transcripts at `from`, then with copies up to `size` units. Returns the copies' one project. */
export const fill = (home: string, from: string, size: number) =>
  Effect.gen(function*() {
    const units = yield* Effect.gen(function*() {
      const memory = yield* ClaudeMemory
      yield* Stream.runDrain(memory.ingest(yield* memory.discover([from])))
      return yield* memory.recent({ projects: "all" }, 1_000)
    }).pipe(Effect.provide(service(home)))
    const [first] = units
    const storage = SqliteFile.layer({ folder: home, readOnly: false, busyTimeoutMs: 5_000 })
    yield* grown(units.map((unit) => ({ ...unit, projectId: first!.projectId })), size).pipe(
      Effect.provide(
        Layer.mergeAll(
          Layer.provide(SqliteStore.layer, storage),
          Layer.provide(EmbeddedIndex.layer, storage),
          Extractive.layer,
          App.modelsOf({ busyTimeoutMs: 5_000, home })
        ).pipe(Layer.provideMerge(App.platform))
      )
    )
    return (yield* Effect.provide(Effect.flatMap(ClaudeMemory, ({ status }) => status), service(home, true))).projects
      .find(({ id }) => id === first!.projectId)!
  })
