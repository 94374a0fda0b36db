/**
 * The steady state: once every call of the service has been made, more of each open nothing but files.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import { appendFileSync } from "node:fs"
import { join } from "node:path"
import { ModelManager } from "../../src/models/ModelManager.ts"
import type { ForeignMemory } from "../../src/moving/ForeignMemory.ts"
import * as Owner from "../../src/resources/Owner.ts"
import { type Resource, ResourceLedger } from "../../src/resources/ResourceLedger.ts"
import { ClaudeMemory } from "../../src/serve/ClaudeMemory.ts"
import { BEGINNING } from "../../src/serve/Conversation.ts"
import { checkedForLeaks, forgetRequests, type GateContext, numbered } from "./GateContext.ts"
import * as Growth from "./growth.ts"
import * as HandleCounts from "./HandleCounts.ts"
import { copySessions, newPlace, type Place, service, writer } from "./Scenario.ts"
import * as Yardstick from "./Yardstick.ts"

const REPEATS = { quick: 5, full: 20 }

const repeatsOf = ({ isQuick }: GateContext) => isQuick ? REPEATS.quick : REPEATS.full

/** Questions, each another, after which memory has grown if something is kept of each. */
const QUESTIONS = 20

/** Longer than any call takes. */
const ENDS_WITHIN_MS = 20_000

/** Times that a followed transcript grows, each of which leaves no more open than the one before. */
const LINES = 6

/** How long a stream without an end is followed. */
const FOLLOWED = Duration.millis(120)

const FOLDER = "/home/mei/work/shop-api"
const SESSION = "43a24c26-cf56-4141-8bb4-24d85373a64c.jsonl"

/** A statement that makes a memory, as Claude Code writes it. */
const statement = (round: number): string =>
  `${
    JSON.stringify({
      type: "assistant",
      uuid: `00000000-0000-4000-8000-${String(round).padStart(12, "0")}`,
      parentUuid: null,
      sessionId: "43a24c26-cf56-4141-8bb4-24d85373a64c",
      timestamp: `2026-01-01T00:${String(round).padStart(2, "0")}:00.000Z`,
      cwd: FOLDER,
      message: {
        role: "assistant",
        content: [{
          type: "text",
          text:
            `We decided to keep the timeout of round ${round} in config/round${round}.ts, because two services read it.`
        }]
      }
    })
  }\n`

/** A memory of another program, which has a record of each round. */
const foreign = (round: number): ForeignMemory["Type"] => ({
  source: "claude-mem",
  place: "a test",
  total: 1,
  projects: [],
  left: {},
  records: Stream.succeed({
    _tag: "Record",
    key: `record ${round}`,
    project: "moved",
    session: "",
    type: "documentation",
    title: "",
    summary: "",
    paragraphs: [`The record of round ${round} says where the backups of the shop are kept.`],
    keywords: [],
    files: [],
    occurredAt: undefined,
    expiresAt: null,
    quality: 1,
    cut: 0
  })
})

type Calls<R> = Readonly<Record<string, Effect.Effect<unknown, unknown, R>>>

/** Every call of the service; a new method does not compile until it is here. */
const callsOf = (memory: ClaudeMemory["Type"], { sessions }: Place, round: number) => {
  const file = join(sessions, SESSION)
  const hookInput = { session_id: `round ${round}`, cwd: FOLDER, transcript_path: file }
  const saved = memory.save({ content: `Round ${round} is saved.`, project: { folder: FOLDER } })
  const unit = Effect.flatMap(memory.recent({ projects: "all" }, 1), ([first]) => Effect.succeed(first!))
  const of = (name: string) =>
    Effect.map(memory.projects.known, (all) => all.find((each) => each.name === name)?.id ?? name)
  const drained = (stream: Stream.Stream<unknown, unknown>) => Stream.runDrain(stream)
  const forAMoment = (stream: Stream.Stream<unknown, unknown>) =>
    Effect.timeoutOption(Stream.runDrain(stream), FOLLOWED)
  return {
    discover: memory.discover([sessions]),
    ingest: Effect.gen(function*() {
      appendFileSync(file, statement(round))
      yield* drained(memory.ingest(yield* memory.discover([sessions])))
    }),
    review: drained(memory.review([])),
    work: forAMoment(memory.work),
    capture: forAMoment(memory.capture([sessions])),
    captureLast: memory.captureLast(sessions, `of round ${round}`),
    search: memory.search({
      text: `why does the list of writes matter in round ${round}?`,
      projects: "all",
      limit: 3,
      minScore: 0,
      mode: "hybrid"
    }),
    inject: memory.inject({
      prompt: `why does the list of writes matter in round ${round}?`,
      projects: "all",
      mode: "balanced",
      maxTokens: 500,
      maxChars: 5_000
    }),
    hook: Effect.all([
      memory.hook({
        ...hookInput,
        hook_event_name: "UserPromptSubmit",
        prompt: `why does the list matter in round ${round}?`
      }),
      memory.hook({ ...hookInput, hook_event_name: "SessionStart", source: "startup" })
    ]),
    hookUnrecorded: memory.hookUnrecorded({
      ...hookInput,
      hook_event_name: "UserPromptSubmit",
      prompt: `why does the list matter in round ${round}?`
    }),
    injections: Effect.option(memory.injections(undefined)),
    injectedSince: memory.injectedSince(0),
    titles: Effect.flatMap(unit, ({ id }) => memory.titles([id])),
    sessionIdMeant: Effect.flip(memory.sessionIdMeant("none")),
    mute: memory.mute(`round ${round}`, true),
    show: Effect.flatMap(unit, ({ id }) => memory.show(id)),
    active: Effect.flatMap(unit, ({ id }) => memory.active(id)),
    session: Effect.flatMap(unit, ({ sessionId }) => Effect.option(memory.session(sessionId))),
    sessions: memory.sessions({ projects: "all" }, 5),
    recent: memory.recent({ projects: "all" }, 5),
    conversation: Effect.flatMap(unit, ({ sessionId }) => Effect.option(memory.conversation(sessionId, BEGINNING, 50))),
    least: memory.least("all", 5),
    explain: memory.explain({
      prompt: `why does the list of writes matter in round ${round}?`,
      projects: "all",
      mode: "balanced",
      maxTokens: 500,
      maxChars: 5_000
    }),
    version: memory.version,
    timeline: Effect.flatMap(unit, ({ id }) => memory.timeline({ around: { unit: id }, limit: 10 })),
    save: saved,
    edit: Effect.flatMap(saved, ({ id }) =>
      Effect.all([
        memory.edit(id, { title: `Round ${round}`, pinned: true }, "person"),
        memory.edit(id, { pinned: false }, "person")
      ])),
    feedback: Effect.flatMap(
      saved,
      ({ id }) => memory.feedback(id, { helps: false, prompt: "what is saved?" }, "person")
    ),
    history: Effect.flatMap(saved, ({ id }) => memory.history(id)),
    undo: memory.undo(),
    recentChanges: memory.recentChanges(5),
    moveIn: drained(memory.moveIn(foreign(round), false)),
    given: Effect.gen(function*() {
      const { conversation, project, text } = memory.given
      yield* project(`given ${round}`)
      yield* text({ project: `given ${round}`, content: `The port is 80${round}.`, type: "documentation" })
      yield* conversation({
        project: `given ${round}`,
        title: undefined,
        messages: [{ role: "human", content: `Which port in ${round}?` }, { role: "assistant", content: "80." }]
      })
    }),
    holdingAgain: Effect.flatMap(saved, ({ id }) => memory.holdingAgain([id])),
    archive: Effect.gen(function*() {
      const path = join(sessions, `archive ${round}`)
      yield* memory.archive.write(path, "all", "lines")
      yield* drained(memory.archive.read(path))
      yield* memory.archive.write(`${path}.md`, "all", "markdown")
      yield* drained(memory.archive.lines("all", "lines"))
    }),
    forgettable: Effect.flatMap(saved, ({ id }) => memory.forgettable(id, true)),
    forgetting: Effect.flatMap(saved, ({ id }) => memory.forgetting([id], false)),
    select: memory.select({ projects: "all", query: `round ${round}` }),
    takenBy: memory.takenBy({ projects: "all", query: `round ${round}` }),
    forgetSelected: drained(memory.forgetSelected({ projects: "all", query: `Round ${round} saved` }, {})),
    forget: Effect.flatMap(saved, ({ id }) => memory.forget([id])),
    projects: Effect.gen(function*() {
      const { exclude, find, known, list, merge, recognize, rename, setDifferent, split } = memory.projects
      yield* known
      yield* list
      const { id } = yield* find(FOLDER)
      yield* rename(id, `shop ${round}`)
      yield* exclude(id, true)
      yield* exclude(id, false)
      const other = yield* memory.save({ content: `In another, ${round}.`, project: { folder: `/other/${round}` } })
      yield* setDifferent([other.projectId, id])
      yield* merge([other.projectId], id)
      yield* split([other.projectId])
      yield* recognize
      yield* merge([other.projectId], id)
    }),
    project: memory.project(FOLDER),
    projectsNamed: Effect.flatMap(of("shop"), (id) => Effect.option(memory.projectsNamed([id]))),
    count: memory.count,
    status: memory.status,
    progress: memory.progress(FOLDER),
    size: memory.size,
    indexStatus: memory.indexStatus,
    index: Effect.gen(function*() {
      const { drop, reindex, repair, verify, versions } = memory.index
      yield* verify
      yield* drained(repair)
      yield* drained(reindex)
      for (const { name } of (yield* versions).slice(1)) yield* drop(name)
    }),
    failures: memory.failures(5),
    deadLetters: memory.deadLetters(5),
    retry: memory.retry(),
    checkWriting: memory.checkWriting,
    wipe: memory.wipe
  } satisfies Record<keyof ClaudeMemory["Type"], Effect.Effect<unknown, unknown, ClaudeMemory>>
}

/** Texts differ from round to round, so that what is kept by text is opened again. */
const modelCalls = (round: number): Calls<ModelManager> => ({
  "models.complete": Effect.flatMap(
    ModelManager,
    ({ complete }) => complete({ tier: round % 2 === 0 ? "light" : "heavy", prompt: `say ${round}` })
  ),
  "models.embed": Effect.flatMap(ModelManager, ({ embed }) => embed([`the text of round ${round}`])),
  "models.rerank": Effect.flatMap(ModelManager, ({ rerank }) => rerank(`which of ${round}?`, ["one", "another"]))
})

/** What a stream without an end keeps open as long as it is followed. */
const FOLLOWING: Readonly<Record<string, ReadonlyArray<Resource["kind"]>>> = { capture: ["watcher", "lock"] }

const opensTooMuch = (call: string, { kind }: Resource) => kind !== "file" && !FOLLOWING[call]?.includes(kind)

/** A pool opens and closes sockets as it needs them, within its bound. */
const OF_POOLS: ReadonlySet<string> = new Set(["sockets", "fds", "serverSockets"])

/** What is counted has settled when it stays the same so many times in a row, and is read at most so often. */
const SAME = 10
const READS = 50

/** Reads what is counted once that has settled: what the last calls left may still be ending, or beginning again. */
const settled = (now: Effect.Effect<HandleCounts.HandleCounts>) =>
  Effect.gen(function*() {
    let last = yield* now
    for (let reads = 0, same = 0; reads < READS && same < SAME; reads++) {
      yield* Effect.sleep("100 millis")
      const next = yield* now
      same = Object.entries(next).every(([kind, count]) => count === last[kind]) ? same + 1 : 0
      last = next
    }
    return last
  })

/** Follows the sessions while one grows, line by line from round `from`; returns what is open the more, the longer it goes on. */
const followed = ({ sessions }: Place, from: number, now: Effect.Effect<HandleCounts.HandleCounts>) =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    const ledger = yield* ResourceLedger
    const lines = Effect.map(memory.status, (status) => status.lines.stored)
    const counts = Effect.zipWith(now, ledger.snapshot, (handles, { length }) => ({ ...handles, ledger: length }))
    const following = yield* Effect.fork(Stream.runDrain(memory.capture([sessions])))
    let first: HandleCounts.HandleCounts = {}
    for (let i = 0; i < LINES; i++) {
      const before = yield* lines
      appendFileSync(join(sessions, SESSION), statement(from + i))
      const isRead = Effect.map(lines, (now) => now > before)
      yield* Effect.repeat(Effect.delay(isRead, "20 millis"), { until: (read) => read })
      // The first two settle it.
      if (i === 1) first = yield* settled(counts)
    }
    const slack = Object.fromEntries(Object.entries(first).map(([kind, count]) => [kind, count + LINES / 3]))
    const more = yield* HandleCounts.increases(slack, counts)
    yield* Fiber.interrupt(following)
    return more
  })

/** Makes each call once, and then again and again; returns what was opened in the repeats, and failed. */
const repeated = <R>(
  context: GateContext,
  name: string,
  place: Place,
  models: (round: number) => Calls<R>,
  hasPools: boolean
) =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    const ledger = yield* ResourceLedger
    const wrong = new Set<string>()
    const repeats = repeatsOf(context)
    const now = Effect.zipWith(
      HandleCounts.read(context.folder, [...Object.values(context.servers), context.qdrant]),
      HandleCounts.liveFibers,
      (counts, fibers): HandleCounts.HandleCounts => ({
        ...Object.fromEntries(Object.entries(counts).filter(([kind]) => !hasPools || !OF_POOLS.has(kind))),
        fibers
      })
    )
    let before: HandleCounts.HandleCounts | undefined
    let hanging: string | undefined
    for (let round = 0; round <= repeats; round++) {
      yield* context.progress(`steady state, ${name}, round ${numbered(round, repeats + 1)}`)
      const calls: Calls<ClaudeMemory | R> = { ...callsOf(memory, place, round), ...models(round) }
      for (const [call, run] of Object.entries(calls)) {
        const before = (yield* ledger.snapshot).length
        const acquired = yield* Effect.scoped(Effect.gen(function*() {
          const changes = yield* ledger.changes
          const end = yield* Yardstick.within(Effect.exit(run), ENDS_WITHIN_MS)
          if (Option.isNone(end)) hanging = call
          else if (Exit.isFailure(end.value)) wrong.add(`${call}: ${end.value.cause}`)
          return [...(yield* Queue.takeAll(changes))].flatMap((each) => each._tag === "Acquired" ? [each.resource] : [])
        }))
        if (hanging !== undefined) return [...wrong, `${hanging} does not end`]
        if (context.bails && wrong.size > 0) return [...wrong]
        if (round === 0) continue
        for (const each of acquired.filter((each) => opensTooMuch(call, each))) {
          wrong.add(`${call} opens ${each.kind} ${each.name} again, ${each.stack.join(" ")}`)
        }
        const after = yield* ledger.snapshot
        if (after.length > before) {
          wrong.add(`${call} leaves ${after.slice(before).map(({ kind, name }) => `${kind} ${name}`).join(", ")} open`)
        }
      }
      // Two rounds warm up: the first opens, and what the second finds open is settled.
      if (round === 1) before = yield* settled(now)
      else if (before !== undefined && round === repeats) {
        // One more in every other round is growth; less than that is the noise of what comes and goes by itself.
        const slack = Object.fromEntries(
          Object.entries(before).map(([kind, count]) => [kind, count + Math.floor(repeats / 2)])
        )
        for (const each of yield* HandleCounts.increases(slack, now)) wrong.add(`after ${round} rounds, ${each}`)
      }
      if (context.bails && wrong.size > 0) return [...wrong]
    }
    yield* context.progress(`steady state, ${name}, while it follows`)
    const more = yield* Yardstick.within(Effect.exit(followed(place, repeats + 1, now)), ENDS_WITHIN_MS)
    if (Option.isNone(more)) wrong.add("a transcript that grows is not read")
    else if (Exit.isFailure(more.value)) wrong.add(`while it follows: ${more.value.cause}`)
    else for (const each of more.value.value) wrong.add(`while it follows ${LINES} lines, ${each}`)
    if (context.bails && wrong.size > 0) return [...wrong]
    let question = repeats
    const askOnce = Effect.gen(function*() {
      question++
      const { hook, inject, search } = callsOf(memory, place, question)
      const calls: Calls<ClaudeMemory | R> = { search, inject, hook, ...models(question) }
      yield* Effect.forEach(Object.values(calls), (call) => call, { discard: true })
      forgetRequests(context)
    })
    yield* context.progress(`steady state, ${name}, what grows with each of ${QUESTIONS} questions`)
    // The pools have not all of their sockets yet.
    const grown = Effect.map(
      Growth.named(askOnce, QUESTIONS, new Map()),
      (all) => all.filter((each) => !each.includes("TCPSocketWrap"))
    )
    const first = yield* grown
    // What was only on its way to its end is gone when it is looked for again; the number at the end may differ.
    const placeOf = (each: string) => each.slice(0, each.lastIndexOf(": "))
    const again = first.length === 0 ? [] : (yield* grown).map(placeOf)
    for (const each of first) if (again.includes(placeOf(each))) wrong.add(`each question leaves: ${each}`)
    return [...wrong]
  })

export const steady = (context: GateContext) =>
  Effect.gen(function*() {
    const run = <R>(
      name: string,
      layer: (place: Place) => Layer.Layer<ClaudeMemory | R, unknown, ResourceLedger>,
      models: (round: number) => Calls<R>,
      hasPools: boolean
    ) =>
      Effect.gen(function*() {
        const { wrong } = yield* checkedForLeaks(
          context,
          Effect.gen(function*() {
            const place = yield* newPlace(context)
            const own = { ...place, sessions: join(place.home, "sessions") }
            copySessions(own.sessions)
            const program = repeated(context, name, own, models, hasPools)
            return yield* Owner.run(Layer.provideMerge(layer(own), ResourceLedger.layer))(program).pipe(
              Effect.match({ onFailure: (error) => ({ wrong: [String(error)] }), onSuccess: (wrong) => ({ wrong }) })
            )
          })
        )
        for (const each of wrong) yield* context.failed(`steady state, ${name}: ${each}`)
      })
    yield* run("offline", writer, () => ({}), false)
    yield* run("models and vectors over the network", service, modelCalls, true)
    return { repeats: repeatsOf(context) }
  })
