/**
 * Chats whose questions name the turns that answer them. A turn becomes a unit, and a chat a project, in the real store
 * and index; the real retriever answers inside one chat.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as App from "../../../src/App.ts"
import { Collector } from "../../../src/capture/Collector.ts"
import { Compressor } from "../../../src/compress/Compressor.ts"
import type { Message } from "../../../src/domain/Conversation.ts"
import { idOf } from "../../../src/domain/Ids.ts"
import type { MemoryUnit } from "../../../src/domain/MemoryUnit.ts"
import type { SearchQuery } from "../../../src/domain/Search.ts"
import * as Tokens from "../../../src/domain/Tokens.ts"
import * as EmbeddedIndex from "../../../src/index/sqlite/EmbeddedIndex.ts"
import * as LocalModels from "../../../src/models/LocalModels.ts"
import * as Pipeline from "../../../src/Pipeline.ts"
import { Retriever } from "../../../src/retrieve/Retriever.ts"
import * as Settings from "../../../src/settings/Settings.ts"
import { type CaptureBatch, MemoryStore, type SegmentContext } from "../../../src/store/MemoryStore.ts"
import { SqliteFile } from "../../../src/store/sqlite/SqliteFile.ts"
import * as SqliteStore from "../../../src/store/sqlite/SqliteStore.ts"
import { mean, progress, round, temporaryFolder } from "../../../test/script.ts"

/** Highest number of results of a search. A turn beyond it counts as not found. */
const LIMIT = 100

export interface Session {
  /** Its day, which takes the place of a session's title. */
  readonly title: string
  readonly occurredAt: number
  readonly turns: ReadonlyArray<{ readonly id: string; readonly text: string }>
}

/** Each group of turns is a piece of what is asked, which any of its turns answers. */
export interface Question {
  readonly text: string
  readonly groups: ReadonlyArray<ReadonlyArray<string>>
}

export interface Chat<Q extends Question> {
  readonly id: string
  readonly sessions: ReadonlyArray<Session>
  readonly questions: ReadonlyArray<Q>
}

/** Makes the batch that capture would make of a session. */
const batchOf = (chat: string, { occurredAt, title, turns }: Session, at: number): CaptureBatch => {
  const sessionId = `${chat} ${at + 1}`
  const path = `${sessionId}.jsonl`
  return {
    cursor: { path, offset: turns.length, fingerprint: path, sessionId, tail: path, modifiedAt: occurredAt },
    previous: undefined,
    project: { id: chat, name: chat, root: chat, key: `path:${chat}` },
    lines: turns.length + 1,
    messages: turns.map(({ id, text }): Message => ({
      uuid: `${chat} ${id}`,
      parentUuid: null,
      sessionId,
      thread: "main",
      role: "human",
      blocks: [{ kind: "text", text }],
      isPrompt: false,
      isSummary: false,
      occurredAt
    })),
    facts: [{
      sessionId,
      cwd: chat,
      branch: undefined,
      version: undefined,
      title,
      startedAt: occurredAt,
      endedAt: occurredAt
    }],
    factLines: 1,
    skipped: {},
    deadLetters: [],
    redactions: {}
  }
}

/** Makes a unit of each turn. */
const unitsOf = ({ position, segment, session }: SegmentContext): ReadonlyArray<MemoryUnit> =>
  segment.messages.map(({ blocks, occurredAt, uuid }, i) => {
    const content = blocks.map(({ text }) => text).join("\n")
    return {
      id: idOf("unit", uuid),
      projectId: session.projectId,
      sessionId: session.id,
      origin: segment.id,
      position: position + i,
      type: "conversation",
      title: session.title ?? "",
      summary: "",
      content,
      keywords: [],
      files: [],
      passages: [{ uuid, kind: "text", from: 0, to: content.length }],
      quality: 1,
      tokens: Tokens.estimate(content),
      occurredAt,
      createdAt: occurredAt,
      expiresAt: null,
      supersededBy: null,
      also: [],
      pinned: false,
      active: true
    }
  })

/** Compressor that neither joins nor cuts turns and makes no archives. */
const turnByTurn = Layer.succeed(
  Compressor,
  Compressor.of({
    version: 1,
    compress: (context) => Effect.succeed(unitsOf(context)),
    summarize: () => Effect.succeed([])
  })
)

/** The memory in a folder, with a retriever; what is remembered in it is remembered turn by turn. */
export const memoryIn = (folder: string) => {
  const storage = SqliteFile.layer({ folder, readOnly: false, busyTimeoutMs: 5_000 })
  const ground = Layer.mergeAll(
    Layer.provide(SqliteStore.layer, storage),
    Layer.provide(EmbeddedIndex.layer, storage),
    LocalModels.layer(Settings.packageFile("assets", "static-embeddings.bin")),
    turnByTurn
  )
  return Layer.merge(Retriever.layer, Collector.layer).pipe(Layer.provideMerge(ground), Layer.provide(App.platform))
}

/** An empty memory in a temporary folder. */
export const memory = Layer.unwrapScoped(Effect.map(temporaryFolder, memoryIn))

export const remember = ({ id, sessions }: Chat<Question>) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    yield* progress(`remembering ${id}`)
    yield* Effect.forEach(sessions, (session, i) => store.append(batchOf(id, session, i)), { discard: true })
    yield* Stream.runDrain(Pipeline.drain)
  })

export const queryOf = (chat: string, { text }: Question): SearchQuery => ({
  text,
  projects: [chat],
  limit: LIMIT,
  minScore: 0,
  mode: "hybrid"
})

/** Ranks from 1, ascending, at which the groups of a question are found, and the number of groups. */
export interface Found {
  readonly ranks: ReadonlyArray<number>
  readonly of: number
}

const found = (ranking: Iterable<string>, groups: ReadonlyArray<ReadonlyArray<string>>): Found => {
  const ranks = new Map([...new Set(ranking)].map((id, i) => [id, i + 1]))
  return {
    ranks: groups.map((group) => Math.min(...group.map((id) => ranks.get(id) ?? Infinity)))
      .filter(Number.isFinite).sort((a, b) => a - b),
    of: groups.length
  }
}

/** Compares the units that a search found with the turns that answer. `sessions` does so with the sessions that hold these. */
export const outcomeOf = ({ id, sessions }: Chat<Question>, { groups }: Question, units: ReadonlyArray<MemoryUnit>) => {
  const ranking = units.flatMap(({ passages }) => passages.map(({ uuid }) => uuid.slice(id.length + 1)))
  const sessionOf = new Map(
    sessions.flatMap(({ turns }, at) => turns.map((turn) => [turn.id, String(at)] as const))
  )
  const holding = new Set(groups.flat().map((turn) => sessionOf.get(turn)!))
  return {
    turns: found(ranking, groups),
    sessions: found(ranking.map((turn) => sessionOf.get(turn)!), [...holding].map((session) => [session]))
  }
}

/** Asks each chat its questions, after all chats were remembered. */
export const askAll = <Q extends Question>(chats: ReadonlyArray<Chat<Q>>) =>
  Effect.gen(function*() {
    yield* Effect.forEach(chats, remember, { discard: true })
    const { search } = yield* Retriever
    const asked = chats.flatMap((chat) => chat.questions.map((question) => ({ chat, question })))
    return yield* Effect.forEach(asked, ({ chat, question }, i) =>
      Effect.gen(function*() {
        yield* progress(`asking ${i + 1} of ${asked.length}`)
        const { results } = yield* search(queryOf(chat.id, question))
        return { question, ...outcomeOf(chat, question, results.map(({ unit }) => unit)) }
      }))
  }).pipe(Effect.provide(memory))

const percent = (shares: ReadonlyArray<number>) => round(100 * mean(shares), 1)
export const recallAt = (k: number) => ({ of, ranks }: Found) => ranks.filter((rank) => rank <= k).length / of
export const reciprocalRank = ({ ranks: [first] }: Found) => first === undefined ? 0 : 1 / first

export const CUTS = [1, 5, 10, 25, 50]

/** Recall at some ranks and the mean reciprocal rank, in percent. */
export const scoreOf = (found: ReadonlyArray<Found>, cuts = CUTS): Readonly<Record<string, number>> => ({
  n: found.length,
  ...Object.fromEntries(cuts.map((k) => [`r${k}`, percent(found.map(recallAt(k)))])),
  mrr: percent(found.map(reciprocalRank))
})
