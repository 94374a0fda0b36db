/**
 * Kills `claude-memory reindex` again and again on its way to another model, resumes it, and counts repeated work. It
 * checks that the old index serves meanwhile. As in this program's predecessor, the change is from 1,536 dimensions to
 * 4,096.
 */
import * as Cli from "@effect/cli/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { number, percent, plural, table } from "../../src/cli/Output.ts"
import { makeRandom, type Random, transcript } from "../fixtures/transcript.ts"
import { BenchError, commandOf, integer, main, progress, round, samples, timed } from "../script.ts"
import * as Embeddings from "./qdrant/embeddings.ts"
import * as Inspect from "./qdrant/inspect.ts"
import { type ClaudeMemory, claudeMemory, ending, temporaryHome, type Verified } from "./qdrant/program.ts"
import { server } from "./qdrant/server.ts"
import * as StandIn from "./qdrant/standIn.ts"

const OLD = { setting: "openai:text-embedding-3-small", dimension: 1_536 }
const NEW = { setting: "siliconflow:Qwen/Qwen3-Embedding-8B", dimension: 4_096 }

/** Milliseconds of the new model for each request of 32 texts. */
const PACE_MS = 150
/** A run is killed after 0 to `MOST_ANSWERS` answers, before another one would come. */
const MOST_ANSWERS = 4
/** Megabytes of transcripts for each kill, so that work is always left; a megabyte makes some 80 units. */
const MEGABYTES = 0.75
/** One additional kill around the switch for every `AT_SWITCH` kills, timed by how long the run before took. */
const AT_SWITCH = 8
const ATTEMPTS = 4
const QUESTION = "why did we decide against Meilisearch?"

interface Kill {
  /** Moment of the kill: after so many answers, and so many milliseconds more. */
  readonly answers: number
  readonly ms: number
  /** Requests were in flight; otherwise the run was reading or writing. */
  readonly isAsking: boolean
  /** Requests and texts that the model answered. */
  readonly requests: number
  readonly texts: number
  /** Vectors kept by this run, and points that it added to the new version. */
  readonly kept: number
  readonly points: number
}

interface Setup {
  readonly folder: string
  readonly memory: ClaudeMemory
  /** Uses the new model. */
  readonly after: ClaudeMemory
  readonly model: Embeddings.Embeddings
  readonly random: Random
  readonly failed: (what: string) => void
}

const Reindexed = Schema.Struct({
  before: Schema.Number,
  indexed: Schema.Number,
  verification: Schema.Struct({ missing: Schema.Number, orphans: Schema.Number })
})

/** Number of points in the version with this dimension. */
const pointsOf = (memory: ClaudeMemory, dimension: number) =>
  Effect.map(
    memory.status,
    ({ versions }) => versions.find(({ model }) => model.dimension === dimension)?.count ?? 0
  )

/** Waits until the model has answered `requests` times, and has been asked at all. */
const answered = (model: Embeddings.Embeddings, requests: number) =>
  Effect.async<void>((resume) => {
    const check = () => {
      if (model.seen.requests >= requests && model.seen.requests + model.seen.waiting > 0) resume(Effect.void)
    }
    model.onChange = check
    check()
    return Effect.sync(() => model.onChange = () => {})
  })

/** Kills one run; returns undefined when it ended first. */
const killed = ({ folder, memory, model, random }: Setup) =>
  Effect.gen(function*() {
    const answers = Math.floor(random() * (MOST_ANSWERS + 1))
    const ms = Math.floor(random() * PACE_MS)
    const made = Effect.all({ kept: Inspect.keptAnswers(folder), points: pointsOf(memory, NEW.dimension) })
    const before = yield* made
    model.renew()
    const args = ["reindex", "--to", NEW.setting]
    const program = yield* memory.start(args)
    yield* Effect.raceFirst(Effect.zipRight(answered(model, answers), Effect.sleep(ms)), program.ended)
    const { answered: texts, requests, waiting } = model.seen
    yield* program.kill("SIGKILL")
    const outcome = yield* program.ended
    model.renew()
    if (outcome.signal !== "SIGKILL") {
      return outcome.code === 0
        ? undefined
        : yield* new BenchError({ reason: "Program", detail: ending(args, outcome) })
    }
    const after = yield* made
    const kill: Kill = {
      answers,
      ms,
      isAsking: waiting > 0,
      requests,
      texts,
      kept: after.kept - before.kept,
      points: after.points - before.points
    }
    return kill
  }).pipe(Effect.scoped)

/** Checks that the old index answers and that the search is not degraded. */
const serves = ({ failed, memory }: Setup, when: string) =>
  Effect.map(memory.search(QUESTION), ({ degraded, results }) => {
    if (results.length === 0) failed(`${when}: nothing is found`)
    if (degraded.length > 0) failed(`${when}: the search is degraded: ${degraded.join("; ")}`)
  })

/** Why a run left nothing; undefined when it left something, or should have. */
const excuse = ({ kept, points, requests }: Kill): string | undefined =>
  kept + points > 0
    ? undefined
    : requests === 0
    ? "killed before the first answer"
    : requests === 1
    ? "killed as the first answer came"
    : undefined

const kills = (setup: Setup, name: string, wanted: number) =>
  Effect.gen(function*() {
    const all: Array<Kill> = []
    while (all.length < wanted) {
      yield* progress(`${name}: kill ${all.length + 1} of ${wanted}`)
      const kill = yield* killed(setup)
      if (kill === undefined) {
        setup.failed(`${name}: it was done after ${all.length} kills; there is too little to do for ${wanted}`)
        break
      }
      all.push(kill)
      if (kill.kept + kill.points === 0 && excuse(kill) === undefined) {
        setup.failed(`${name}, kill ${all.length}: it was answered and left nothing`)
      }
      yield* serves(setup, `${name}, after kill ${all.length}`)
    }
    return all
  })

/** Kills runs around the switch. Both versions are whole, so one of them serves wherever the run is killed. */
const killedAtSwitch = (setup: Setup, name: string, wanted: number) =>
  Effect.gen(function*() {
    const { after, failed, memory, random } = setup
    const sum = { kills: 0, switched: 0 }
    for (let attempt = 0; sum.kills < wanted && attempt < ATTEMPTS * wanted; attempt++) {
      yield* progress(`${name}: kill ${sum.kills + 1} of ${wanted} around the switch`)
      const { ms } = yield* after.asked(Reindexed, ["reindex", "--to", OLD.setting])
      const outcome = yield* Effect.scoped(Effect.gen(function*() {
        const program = yield* memory.start(["reindex", "--to", NEW.setting])
        yield* Effect.raceFirst(Effect.sleep(ms * (0.6 + random() / 2)), program.ended)
        yield* program.kill("SIGKILL")
        return yield* program.ended
      }))
      if (outcome.signal !== "SIGKILL") continue
      sum.kills++
      const { memories, versions } = yield* memory.status
      const [old, built] = [OLD, NEW].map(({ dimension }) =>
        versions.find(({ model }) => model.dimension === dimension)
      )
      if (old?.count !== memories || built?.count !== memories) {
        failed(`${name}, killed around the switch: ${memories} memories, ${JSON.stringify(versions)}`)
      }
      const isSwitched = built?.isActive === true
      if (isSwitched) sum.switched++
      yield* serves({ ...setup, memory: isSwitched ? after : memory }, `${name}, killed around the switch`)
    }
    if (sum.kills < wanted) failed(`${name}: of ${ATTEMPTS * wanted} runs ${sum.kills} were killed before their end`)
    return sum
  })

/** Runs the drill on one index, from the old model to the new one. */
const way = (
  name: string,
  home: string,
  env: Readonly<Record<string, string>>,
  random: Random,
  wanted: number
) =>
  Effect.gen(function*() {
    const failures: Array<string> = []
    const failed = (what: string) => void failures.push(what)
    const [old, model] = [
      yield* Embeddings.make({ dimension: OLD.dimension, paceMs: 0 }),
      yield* Embeddings.make({ dimension: NEW.dimension, paceMs: PACE_MS })
    ]
    const models = {
      OPENAI_BASE_URL: old.baseUrl,
      SILICONFLOW_BASE_URL: model.baseUrl,
      SILICONFLOW_API_KEY: "sk-loopback",
      CLAUDE_MEMORY_USD_PER_DAY: "none",
      CLAUDE_MEMORY_USD_PER_MONTH: "none"
    }
    const own = yield* claudeMemory(home, { ...env, ...models })
    const setup: Setup = {
      folder: `${home}/.claude-memory`,
      memory: yield* claudeMemory(home, { ...env, ...models, CLAUDE_MEMORY_EMBEDDING: OLD.setting }),
      after: yield* claudeMemory(home, { ...env, ...models, CLAUDE_MEMORY_EMBEDDING: NEW.setting }),
      model,
      random,
      failed
    }
    yield* progress(`${name}: by the package's model`)
    yield* own.repair
    yield* progress(`${name}: by ${OLD.setting}`)
    yield* own.asked(Reindexed, ["reindex", "--to", OLD.setting])
    const all = yield* kills(setup, name, wanted)
    yield* progress(`${name}: to the end`)
    const [last, ms] = yield* timed(setup.memory.asked(Reindexed, ["reindex", "--to", NEW.setting]))
    const atSwitch = yield* killedAtSwitch(setup, name, Math.ceil(wanted / AT_SWITCH))
    yield* setup.memory.asked(Reindexed, ["reindex", "--to", NEW.setting])
    const { memories, versions, waiting } = yield* setup.after.status
    const verified: Verified = yield* setup.after.verify
    const [serving, kept] = [NEW, OLD].map(({ dimension }) =>
      versions.find((version) => version.model.dimension === dimension)
    )
    if (serving?.isActive !== true || serving.count !== memories) {
      failed(`${name}: ${memories} memories, and what serves is ${JSON.stringify(versions)}`)
    }
    if (kept === undefined || kept.count === 0) failed(`${name}: the old version is not kept`)
    if (!verified.ok || waiting > 0) {
      failed(`${name}: index verify says ${JSON.stringify(verified)}, ${plural(waiting, "change")} wait`)
    }
    yield* serves({ ...setup, memory: setup.after }, `${name}, at the end`)
    const { distinct, given, texts } = model.seen
    return {
      name,
      kills: all,
      memories,
      points: serving?.count ?? 0,
      kept: kept?.count ?? 0,
      found: verified.found,
      sampled: verified.sampled,
      last: { before: last.before, indexed: last.indexed, ms: round(ms) },
      atSwitch,
      texts,
      given,
      distinct: distinct.size,
      failures
    }
  })

const drill = (wanted: number, seed: number) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const random = makeRandom(seed)
    const [first, second] = [yield* temporaryHome, yield* temporaryHome]
    const session = `${first}/session.jsonl`
    const half = Math.ceil(wanted / 2)
    yield* progress("importing")
    yield* fs.writeFileString(session, `${[...transcript(half * MEGABYTES, "normal", seed)].join("\n")}\n`)
    const memory = yield* claudeMemory(first, {})
    yield* memory.import(samples)
    yield* memory.import(session)
    yield* fs.copy(`${first}/.claude-memory`, `${second}/.claude-memory`)
    const qdrant = yield* server(second)
    const ways = [
      yield* Effect.scoped(way("embedded", first, {}, random, half)),
      yield* Effect.scoped(
        way(qdrant.isStandIn ? "Qdrant (stand-in)" : "Qdrant", second, qdrant.env, random, wanted - half)
      )
    ]
    return ways
  })

type Way = Effect.Effect.Success<ReturnType<typeof way>>

const share = (part: number, whole: number) => `${number(part)} (${percent(part, whole)})`

const rowsOf = (ways: ReadonlyArray<Way>) => {
  const of = (name: string, cell: (way: Way) => string | number) => [name, ...ways.map((way) => String(cell(way)))]
  const sum = (kills: ReadonlyArray<Kill>, by: (kill: Kill) => number) =>
    number(kills.reduce((sum, kill) => sum + by(kill), 0))
  return [
    of("", ({ name }) => name),
    of("kills (SIGKILL)", ({ kills }) => kills.length),
    of("  while requests were out", ({ kills }) => sum(kills, ({ isAsking }) => Number(isAsking))),
    of(
      "  that left nothing (why: see above)",
      ({ kills }) => sum(kills, (kill) => Number(kill.kept + kill.points === 0))
    ),
    of("vectors kept of killed runs", ({ kills }) => sum(kills, ({ kept }) => kept)),
    of("points written by killed runs", ({ kills }) => sum(kills, ({ points }) => points)),
    of("last run: points found, made", ({ last }) => `${number(last.before)}, ${number(last.indexed)}`),
    of("last run took", ({ last }) => `${number(last.ms)} ms`),
    of("units in the store", ({ memories }) => number(memories)),
    of("points in the new version", ({ points }) => number(points)),
    of("points in the old one, kept", ({ kept }) => number(kept)),
    of("found by their own vectors", ({ found, sampled }) => `${found} of ${sampled}`),
    of("kills around the switch", ({ atSwitch }) => `${atSwitch.kills} (${atSwitch.switched} after it)`),
    of("texts to embed", ({ distinct }) => number(distinct)),
    of("  answered twice", ({ distinct, given }) => share(given - distinct, distinct)),
    of("  asked for twice", ({ distinct, texts }) => share(texts - distinct, distinct))
  ]
}

const killRows = ({ kills, name }: Way) => [
  [name, "after answers", "and", "while", "texts answered", "vectors kept", "points written"],
  ...kills.map((kill, i) => [
    String(i + 1),
    String(kill.answers),
    `${kill.ms} ms`,
    kill.isAsking ? "asking" : "reading or writing",
    String(kill.texts),
    String(kill.kept),
    excuse(kill) ?? String(kill.points)
  ])
]

const command = commandOf("reindex-kills", {
  description: "Reindexing, killed again and again",
  options: {
    kills: integer("kills", 50, "Half of them on the embedded index, half on Qdrant"),
    seed: integer("seed", 1, "Chooses the moments")
  },
  run: ({ kills, seed }) =>
    Effect.gen(function*() {
      const [ways, ms] = yield* timed(drill(kills, seed))
      const failures = ways.flatMap(({ failures }) => failures)
      const ok = failures.length === 0
      return {
        ok,
        data: { ok, seed, ways, ms: round(ms) },
        text: () => [
          ...ways.flatMap((way) => [...table(killRows(way)), ""]),
          ...table(rowsOf(ways)),
          "",
          ...failures.map((each) => `FAILED ${each}`),
          `${OLD.setting} (${number(OLD.dimension)} dimensions) to ${NEW.setting} (${
            number(NEW.dimension)
          }), seed ${seed}, ${round(ms / 1_000)} s: ${
            ok ? "each run went on where the one before was killed" : plural(failures.length, "failure")
          }`
        ]
      }
    })
})

main(Cli.withSubcommands(command, [StandIn.command]), "reindex-kills")
