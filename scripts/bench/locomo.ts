/**
 * Measures recall of search on LoCoMo (Maharana et al., 2024), long chats with questions whose evidence is single turns. A turn becomes
 * a unit, and a conversation a project. The real store, index, model and retriever answer inside one conversation.
 */
import * as Options from "@effect/cli/Options"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as App from "../../src/App.ts"
import { Collector } from "../../src/capture/Collector.ts"
import { Compressor } from "../../src/compress/Compressor.ts"
import type { Message } from "../../src/domain/Conversation.ts"
import { idOf } from "../../src/domain/Ids.ts"
import type { MemoryUnit } from "../../src/domain/MemoryUnit.ts"
import * as Tokens from "../../src/domain/Tokens.ts"
import * as EmbeddedIndex from "../../src/index/sqlite/EmbeddedIndex.ts"
import * as LocalModels from "../../src/models/LocalModels.ts"
import * as Pipeline from "../../src/Pipeline.ts"
import { Retriever } from "../../src/retrieve/Retriever.ts"
import * as Settings from "../../src/settings/Settings.ts"
import { type CaptureBatch, MemoryStore, type SegmentContext } from "../../src/store/MemoryStore.ts"
import { SqliteFile } from "../../src/store/sqlite/SqliteFile.ts"
import * as SqliteStore from "../../src/store/sqlite/SqliteStore.ts"
import { BenchError, mean, program, progress, round, row, temporaryFolder } from "../../test/script.ts"

/** Highest number of results of a search. A turn beyond it counts as not found. */
const LIMIT = 100
const CUTS = [1, 5, 10, 25, 50] as const
/** Categories in the main figures. Category 5 holds adversarial questions, whose evidence is about another person or thing. */
const MAIN = [1, 2, 3, 4]

const Turn = Schema.Struct({
  speaker: Schema.String,
  dia_id: Schema.String,
  text: Schema.String,
  blip_caption: Schema.optional(Schema.String)
})
const Question = Schema.Struct({
  question: Schema.String,
  category: Schema.Number,
  evidence: Schema.optionalWith(Schema.Array(Schema.String), { default: () => [] })
})
const File = Schema.parseJson(Schema.Array(Schema.Struct({
  sample_id: Schema.String,
  conversation: Schema.Record({ key: Schema.String, value: Schema.Unknown }),
  qa: Schema.Array(Question)
})))

interface Session {
  readonly date: string
  readonly occurredAt: number
  readonly turns: ReadonlyArray<typeof Turn.Type>
}

/** Parses ids of turns. The data also write "D8:06" and "D:8:6" for "D8:6", and several ids in one string. */
const turnIds = (text: string): ReadonlyArray<string> =>
  [...text.matchAll(/D:?(\d+):(\d+)/g)].map(([, session, turn]) => `D${Number(session)}:${Number(turn)}`)

/** Parses "1:56 pm on 8 May, 2023" as UTC. */
const millisOf = (date: string) => {
  const [, hour, minute, half, day] = /^(\d+):(\d+) ([ap])m on (.+)$/.exec(date.trim()) ?? []
  const midnight = Date.parse(`${day} UTC`)
  return Number.isNaN(midnight)
    ? Effect.fail(new BenchError({ reason: "Input", detail: `a session's date can't be read: ${date}` }))
    : Effect.succeed(midnight + ((Number(hour) % 12 + (half === "p" ? 12 : 0)) * 60 + Number(minute)) * 60_000)
}

const sessionsOf = (conversation: Readonly<Record<string, unknown>>) =>
  Effect.forEach(
    Object.keys(conversation).filter((key) => /^session_\d+$/.test(key)),
    (key) =>
      Effect.gen(function*() {
        const turns = yield* Schema.decodeUnknown(Schema.Array(Turn))(conversation[key])
        const date = yield* Schema.decodeUnknown(Schema.String)(conversation[`${key}_date_time`])
        return { date, occurredAt: yield* millisOf(date), turns }
      })
  )

const conversationsIn = (file: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const samples = yield* Schema.decode(File)(yield* fs.readFileString(file))
    return yield* Effect.forEach(samples, ({ conversation, qa, sample_id: id }) =>
      Effect.map(sessionsOf(conversation), (sessions) => {
        const known = new Set(sessions.flatMap(({ turns }) =>
          turns.flatMap(({ dia_id }) => turnIds(dia_id))
        ))
        const questions = qa.map(({ category, evidence, question }) => ({
          category,
          text: question,
          evidence: new Set(evidence.flatMap(turnIds).filter((id) => known.has(id)))
        }))
        return { id, sessions, questions }
      }))
  })

/** Makes the batch that capture would make of a session. The session's title is its date. */
const batchOf = (conversation: string, { date, occurredAt, turns }: Session, at: number): CaptureBatch => {
  const sessionId = `${conversation} ${at + 1}`
  const path = `${sessionId}.jsonl`
  return {
    cursor: { path, offset: turns.length, fingerprint: path, sessionId, tail: path, modifiedAt: occurredAt },
    previous: undefined,
    project: { id: conversation, name: conversation, root: conversation, key: `path:${conversation}` },
    lines: turns.length + 1,
    messages: turns.map((turn): Message => ({
      uuid: `${conversation} ${turnIds(turn.dia_id)[0]}`,
      parentUuid: null,
      sessionId,
      thread: "main",
      role: "human",
      blocks: [{
        kind: "text",
        text: `${turn.speaker}: ${turn.text}${turn.blip_caption === undefined ? "" : ` [${turn.blip_caption}]`}`
      }],
      isPrompt: false,
      isSummary: false,
      occurredAt
    })),
    facts: [{
      sessionId,
      cwd: conversation,
      branch: undefined,
      version: undefined,
      title: date,
      startedAt: occurredAt,
      endedAt: occurredAt
    }],
    factLines: 1,
    skipped: {},
    deadLetters: [],
    redactions: {}
  }
}

/** Makes a unit of each turn. The session's date takes the place of the session's title. */
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

const memory = (home: string) => {
  const storage = SqliteFile.layer({ folder: home, readOnly: false, busyTimeoutMs: 5_000 })
  const ground = Layer.mergeAll(
    Layer.provide(SqliteStore.layer, storage),
    Layer.provide(EmbeddedIndex.layer, storage),
    LocalModels.layer(Settings.packageFile("assets", "static-embeddings.bin")),
    turnByTurn
  )
  return Layer.merge(Retriever.layer, Collector.layer).pipe(Layer.provideMerge(ground), Layer.provide(App.platform))
}

type Conversation = Effect.Effect.Success<ReturnType<typeof conversationsIn>>[number]

const remember = ({ id, sessions }: Conversation) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    yield* progress(`remembering ${id}`)
    yield* Effect.forEach(sessions, (session, i) => store.append(batchOf(id, session, i)), { discard: true })
    yield* Stream.runDrain(Pipeline.drain)
  })

interface Outcome {
  readonly category: number
  /** Ranks of the evidence found, from 1, and its total number. `sessions` has the same for the sessions that hold it. */
  readonly turns: Found
  readonly sessions: Found
}
interface Found {
  readonly ranks: ReadonlyArray<number>
  readonly of: number
}

const found = (ranking: Iterable<string>, wanted: ReadonlySet<string>): Found => ({
  ranks: [...new Set(ranking)].flatMap((id, i) => wanted.has(id) ? [i + 1] : []),
  of: wanted.size
})

const sessionOf = (turnId: string) => turnId.slice(0, turnId.indexOf(":"))

const ask = (conversation: string, { category, evidence, text }: Conversation["questions"][number]) =>
  Effect.gen(function*() {
    const retriever = yield* Retriever
    const { results } = yield* retriever.search({
      text,
      projects: [conversation],
      limit: LIMIT,
      minScore: 0,
      mode: "hybrid"
    })
    const ranking = results.flatMap(({ unit }) => unit.passages.flatMap(({ uuid }) => turnIds(uuid)))
    return {
      category,
      turns: found(ranking, evidence),
      sessions: found(ranking.map(sessionOf), new Set([...evidence].map(sessionOf)))
    }
  })

const percent = (shares: ReadonlyArray<number>) => round(100 * mean(shares), 1)
const recallAt = (k: number) => ({ of, ranks }: Found) => ranks.filter((rank) => rank <= k).length / of
const reciprocalRank = ({ ranks: [first] }: Found) => first === undefined ? 0 : 1 / first

const scoreOf = (outcomes: ReadonlyArray<Outcome>) => {
  const turns = outcomes.map(({ turns }) => turns)
  const recall = Object.fromEntries(CUTS.map((k) => [`r${k}`, percent(turns.map(recallAt(k)))]))
  return { n: outcomes.length, ...recall, mrr: percent(turns.map(reciprocalRank)) }
}

const report = (outcomes: ReadonlyArray<Outcome>, leftOut: number) => {
  const of = (categories: ReadonlyArray<number>) => outcomes.filter(({ category }) => categories.includes(category))
  const categories = [...new Set(outcomes.map(({ category }) => category))].sort()
  const sessions = outcomes.map(({ sessions }) => sessions)
  return {
    all: scoreOf(outcomes),
    main: scoreOf(of(MAIN)),
    byCategory: Object.fromEntries(categories.map((category) => [String(category), scoreOf(of([category]))])),
    session: {
      r1: percent(sessions.map(recallAt(1))),
      r5: percent(sessions.map(recallAt(5))),
      mrr: percent(sessions.map(reciprocalRank))
    },
    leftOut
  }
}

const table = ({ all, byCategory, leftOut, main, session }: ReturnType<typeof report>): ReadonlyArray<string> => {
  const columns = ["n", ...CUTS.map((k) => `r${k}`), "mrr"]
  const scoreRow = (name: string, score: Readonly<Record<string, number>>) =>
    row(name, 12, columns.map((column) => score[column] ?? ""), 7)
  return [
    row("", 12, columns, 7),
    scoreRow("all", all),
    scoreRow("main (1-4)", main),
    ...Object.entries(byCategory).map(([category, score]) => scoreRow(`category ${category}`, score)),
    scoreRow("session", session),
    `questions left out because no turn has the id of their evidence: ${leftOut}`
  ]
}

program("locomo", {
  description: "Ask LoCoMo's questions of its conversations, turn by turn",
  options: { file: Options.file("file", { exists: "yes" }).pipe(Options.withDescription("LoCoMo's JSON")) },
  run: ({ file }) =>
    Effect.gen(function*() {
      const conversations = yield* conversationsIn(file)
      const asked = conversations.flatMap(({ id, questions }) => questions.map((question) => ({ id, question })))
      const resolvable = asked.filter(({ question }) => question.evidence.size > 0)
      const outcomes = yield* Effect.gen(function*() {
        yield* Effect.forEach(conversations, remember, { discard: true })
        return yield* Effect.forEach(resolvable, ({ id, question }, i) =>
          Effect.zipRight(progress(`asking ${i + 1} of ${resolvable.length}`), ask(id, question)))
      }).pipe(Effect.provide(memory(yield* temporaryFolder)))
      const data = report(outcomes, asked.length - resolvable.length)
      return {
        data,
        text: () =>
          table(data)
      }
    })
})
