/**
 * Forgets memories: by id, or all of a project, of a session, from before a day, or that hold some words.
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { join } from "node:path"
import * as App from "../App.ts"
import { FOLDER, kindOf } from "../domain/BackupFile.ts"
import { isCopy } from "../domain/DatabaseCopy.ts"
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import { labelsOf } from "../domain/ProjectLabels.ts"
import { advice } from "../process/Advice.ts"
import { Unsuccessful, writeStderr, writeStdout } from "../process/Process.ts"
import { type Criteria, together } from "../serve/Bulk.ts"
import { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import * as Settings from "../settings/Settings.ts"
import { FORGOT_NOTHING, type Forgotten, type StoreError, type TakenAlso } from "../store/MemoryStore.ts"
import {
  answer,
  beginning,
  fittingTable,
  json,
  memories,
  minute,
  named,
  number,
  plural,
  refuse,
  undoCommand,
  unitText
} from "./Output.ts"
import { printable } from "./Printable.ts"
import * as Progress from "./Progress.ts"
import * as Question from "./Question.ts"
import { projectIds, projects, time, unitId } from "./Scope.ts"

export const options = {
  project: Options.text("project").pipe(
    Options.withDescription("All of this project, or of it what the other options say; repeat it for several"),
    Options.repeated
  ),
  allProjects: projects.allProjects,
  session: Options.text("session").pipe(
    Options.withDescription("All of this session, with what was said in it: its id or the beginning of it"),
    Options.optional
  ),
  before: time("before").pipe(
    Options.withDescription("All from before this day or time, as in 2026-08-31"),
    Options.optional
  ),
  query: Options.text("query").pipe(
    Options.withDescription("All that hold every one of these words"),
    Options.optional
  ),
  now: Options.boolean("now").pipe(
    Options.withDescription("For good and at once: no undo, and no copy of it stays")
  ),
  ...Question.options,
  json
}

/** Lines of each memory that are shown. */
const SHOWN_LINES = 6

/** Lists the names in a folder; none where there is none. */
const namesIn = (folder: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readDirectory(folder)).pipe(
    Effect.orElseSucceed((): ReadonlyArray<string> => [])
  )

/** Lists the copies of the memory that were kept before an update, and its backups, by name. */
const copiesIn = (home: string) =>
  Effect.zipWith(namesIn(home), namesIn(join(home, FOLDER)), (names, backups) => [
    ...names.filter(isCopy).sort(),
    ...backups.filter((name) => kindOf(name) !== undefined).sort().map((name) => `${FOLDER}/${name}`)
  ])

const titledOf = ({ id, title }: MemoryUnit) => ({ id, title })

const alsoJson = ({ gone, sessions, units }: TakenAlso) => ({
  units: units.map(titledOf),
  gone: gone.map(titledOf),
  sessions
})

/** Says how many go with those that are named, and names those of sessions of which something else stays. */
const sameLines = (count: number, elsewhere: ReadonlyArray<MemoryUnit>): ReadonlyArray<string> =>
  count === 0 ? [] : [[
    `${memories(count)} that ${count === 1 ? "says" : "say"} the same ${count === 1 ? "goes" : "go"} too${
      elsewhere.length === 0
        ? ", said there again."
        : elsewhere.length === count
        ? ":"
        : `, ${number(elsewhere.length)} of them said elsewhere:`
    }`,
    ...named(elsewhere)
  ].join("\n")]

/** Says from whom it is taken too, with their titles; no line where it is from nobody. Only afterwards it is known whether enough is left. */
const alsoLines = (also: TakenAlso, isDone: boolean): ReadonlyArray<string> => [
  ...goneLines(also, isDone),
  ...anewLines(also, isDone)
]

const goneLines = ({ gone }: TakenAlso, isDone: boolean): ReadonlyArray<string> =>
  gone.length === 0 ? [] : [[
    `Gone too ${gone.length === 1 ? "is" : "are"} ${memories(gone.length)}, of which ${
      isDone ? "too little" : "nothing"
    } is left:`,
    ...named(gone)
  ].join("\n")]

const anewLines = ({ sessions, units }: TakenAlso, isDone: boolean): ReadonlyArray<string> => {
  const places = [
    ...(units.length === 0 ? [] : [memories(units.length)]),
    ...(sessions.length === 0
      ? []
      : [`what ${plural(sessions.length, "session")} ${sessions.length === 1 ? "was" : "were"} for`])
  ]
  const all = [...units, ...sessions]
  if (all.length === 0) return []
  return [[
    `Also taken out of ${places.join(" and of ")}, which ${all.length === 1 ? "is" : "are"} made anew of what is left${
      isDone ? "" : ", if that is enough"
    }:`,
    ...named(all)
  ].join("\n")]
}

/** Names those that keep the same words. */
const keepingLines = (units: ReadonlyArray<MemoryUnit>, labels: ReadonlyMap<string, string>): ReadonlyArray<string> =>
  units.length === 0 ? [] : [[
    "The same words stand also in:",
    ...named(units.map(({ id, projectId, title }) => ({ id, title: `${title} (${labels.get(projectId) ?? "?"})` })))
  ].join("\n")]

/** Names those in whose place a forgotten memory stood. */
const againLines = (count: number, units: ReadonlyArray<MemoryUnit>): ReadonlyArray<string> =>
  units.length === 0 ? [] : [[`What ${count === 1 ? "it" : "they"} replaced holds again:`, ...named(units)].join("\n")]

/** Names the summaries of sessions that hold the words too. */
const summaryLines = (summaries: ReadonlyArray<MemoryUnit>): ReadonlyArray<string> =>
  summaries.length === 0 ? [] : [[
    `The words stand also in the ${
      summaries.length === 1 ? "summary of 1 session" : `summaries of ${number(summaries.length)} sessions`
    }, which only \`claude-memory forget ID\` takes, with all that it quotes:`,
    ...named(summaries)
  ].join("\n")]

/** Writes over what is left of it in the file, and returns why it can't. */
const wipe = Effect.flatMap(ClaudeMemory, (memory) => Effect.option(Effect.flip(memory.wipe)))

const notWiped = ({ detail }: StoreError) =>
  "It can't be brought back. Bytes of it may stay in the file until a session of Claude Code, or a server, has run for five minutes " +
  `and written over them: ${detail}.`

/** What is to be forgotten, and how it is shown before. */
interface Plan {
  readonly count: number
  /** Number of the memories that go with these, for saying the same. */
  readonly same: number
  /** Memories that hold again afterwards. */
  readonly holdAgain: ReadonlyArray<MemoryUnit>
  readonly preview: string
  /** Says what keeps the words; also shown after it, as it is then. */
  readonly keeping: Effect.Effect<ReadonlyArray<string>, StoreError, ClaudeMemory>
  readonly run: Stream.Stream<Forgotten, unknown, ClaudeMemory>
  readonly json: Readonly<Record<string, unknown>>
}

const byIds = (ids: ReadonlyArray<string>, isNow: boolean) =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    const now = yield* Clock.currentTimeMillis
    const labels = labelsOf(yield* memory.projects.known)
    const forgetting = yield* memory.forgetting(ids, isNow)
    const { also } = forgetting
    const units = new Map(forgetting.named.map((unit) => [unit.id, unit]))
    const found = [...units.keys()]
    const holdAgain = yield* memory.holdingAgain(forgetting.units.map(({ id }) => id))
    const same = forgetting.units.filter(({ id }) => !units.has(id))
    const keeping = [...againLines(found.length, holdAgain), ...keepingLines(forgetting.keeping, labels)]
    return {
      count: found.length,
      same: same.length,
      holdAgain,
      json: {
        ids: found,
        same: same.map(titledOf),
        also: alsoJson(also),
        keeping: forgetting.keeping.map(titledOf),
        holdAgain: holdAgain.map(titledOf)
      },
      keeping: Effect.succeed(keeping),
      preview: [
        ...[...units.values()].map((unit, i) =>
          unitText({
            unit,
            rank: i + 1,
            projectName: labels.get(unit.projectId) ?? "?",
            now,
            shown: beginning(unit.content, SHOWN_LINES)
          })
        ),
        ...sameLines(same.length, same),
        ...alsoLines(also, false),
        ...keeping
      ].join("\n\n"),
      run: Stream.unwrap(Effect.map(ClaudeMemory, ({ forget }) => Stream.fromEffect(forget(found, { isNow }))))
    } satisfies Plan
  })

const byCriteria = (criteria: Criteria, isNow: boolean) =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    const { count, holdAgain, newest, sessions } = yield* memory.select(criteria)
    const { also, same, summaries, units } = yield* memory.takenBy(criteria)
    const rows = newest.map(({ id, occurredAt, title, type }) => [minute(occurredAt), id.slice(0, 8), type, title])
    const again = againLines(count, holdAgain)
    return {
      count,
      same: units.length - count,
      holdAgain,
      json: {
        count: units.length,
        sessions,
        same: same.map(titledOf),
        also: alsoJson(also),
        keeping: summaries.map(titledOf),
        holdAgain: holdAgain.map(titledOf)
      },
      keeping: Effect.map(
        Effect.flatMap(ClaudeMemory, ({ takenBy }) => takenBy(criteria)),
        ({ summaries }) => [...again, ...summaryLines(summaries)]
      ),
      preview: [
        [
          `${memories(count)}${
            sessions.length === 0 ? "" : `, and all that was said in ${plural(sessions.length, "session")}`
          }:`,
          ...fittingTable(rows),
          ...(count > newest.length ? [`and ${number(count - newest.length)} older`] : [])
        ].join("\n"),
        ...sameLines(units.length - count, same),
        ...alsoLines(also, false),
        ...again,
        ...summaryLines(summaries)
      ].join("\n\n"),
      run: Stream.unwrap(Effect.map(ClaudeMemory, ({ forgetSelected }) => forgetSelected(criteria, { isNow })))
    } satisfies Plan
  })

const NOTHING_NAMED = "name memories by their ids, or give --project, --session, --before or --query\n"

export const command = Command.make(
  "forget",
  { ids: Args.repeated(unitId), ...options },
  ({ allProjects, before, dryRun, ids, json, now: isNow, project, query, session, yes }) =>
    Effect.gen(function*() {
      const isBulk = project.length > 0 || Option.isSome(session) || Option.isSome(before) || Option.isSome(query)
      if (isBulk === ids.length > 0) {
        yield* writeStderr(isBulk ? "give either ids or --project, --session, --before and --query\n" : NOTHING_NAMED)
        return yield* Effect.fail(new Unsuccessful())
      }
      const isAsked = Question.isAsked({ json, yes })
      if (!yes && !isAsked && !dryRun) {
        return yield* refuse("without a terminal to ask on, and with --json, forgetting needs --yes (or --dry-run)")
      }
      const plan: Plan = yield* Effect.gen(function*() {
        if (!isBulk) return yield* byIds(ids, isNow)
        const memory = yield* ClaudeMemory
        const found = yield* Effect.transposeMapOption(session, memory.session)
        return yield* byCriteria({
          projects: project.length > 0
            // Of several projects with a name nobody knows which one is meant.
            ? (yield* Effect.forEach(project, memory.projects.find)).map(({ id }) => id)
            : Option.isSome(found)
            ? "all"
            : yield* projectIds({ allProjects, project }),
          ...(Option.isSome(found) && { sessions: [found.value.session.id] }),
          ...(Option.isSome(before) && { before: before.value.first }),
          ...(Option.isSome(query) && { query: query.value })
        }, isNow)
      }).pipe(App.provide(App.reader))
      if (dryRun) return yield* answer(json, plan.json, () => `${plan.preview}\n\nNothing was forgotten.`)
      const { home } = yield* Settings.load
      const copies = isNow ? yield* copiesIn(home) : []
      if (isAsked) {
        yield* writeStdout(
          `${printable(plan.preview)}\n\n` +
            "The sentences are also removed from the messages that they come from, and are not captured again.\n" +
            (isNow ? "This can't be undone.\n" : "This can be undone for seven days.\n") +
            (copies.length === 0 ? "" : `Copies of the memory are deleted whole: ${copies.join(", ")}.\n`)
        )
        const all = plan.count + plan.same
        const question = `Forget ${all === 1 ? "it" : `these ${all}`}${isNow ? " for good" : ""}?`
        if (!(yield* Question.confirm(question, false))) return yield* writeStdout("Nothing was forgotten.\n")
      }
      const progress = yield* Progress.make(0)
      let done = 0
      const { keeping, parts, unwiped } = yield* Effect.all({
        parts: plan.run.pipe(
          Stream.tap(({ units }) => progress.checked("forgetting", done += units.length, Math.max(done, plan.count))),
          Stream.runCollect
        ),
        unwiped: isNow ? wipe : Effect.succeedNone,
        keeping: plan.keeping
      }).pipe(
        Effect.ensuring(progress.end),
        App.provide(App.service("forget"))
      )
      const { also, messages, operation, units, until } = [...parts].reduce(together, FORGOT_NOTHING)
      const left = copies.length === 0 ? [] : yield* copiesIn(home)
      const deleted = copies.filter((name) => !left.includes(name))
      const more = units.length - plan.count
      yield* answer(
        json,
        {
          forgotten: units.map(({ id }) => id),
          messages: messages.length,
          until,
          operation,
          also: alsoJson(also),
          holdAgain: plan.holdAgain.map(titledOf),
          ...(isNow && { wiped: Option.isNone(unwiped) })
        },
        () =>
          [
            `${memories(units.length)} forgotten${more > 0 ? `, ${more} of them for saying the same` : ""}; ` +
            `${units.length === 1 ? "its" : "their"} sentences were removed from ${
              plural(messages.length, "message")
            }.`,
            ...alsoLines(also, true),
            ...keeping,
            until === null
              ? units.length + messages.length > 0
                ? Option.match(unwiped, {
                  onNone: () => "Nothing of it is left that could be brought back.",
                  onSome: notWiped
                })
                : advice(
                  "What was forgotten before is not looked at: `claude-memory undo --list` lists it, and " +
                    "`claude-memory forget ID --now` takes it out for good."
                )
              : advice(
                `\`${undoCommand(operation)}\` brings ${units.length === 1 ? "it" : "them"} back until ${
                  minute(until)
                }.`
              ),
            ...(deleted.length === 0 ? [] : [`Copies of the memory were deleted whole: ${deleted.join(", ")}.`])
          ].join("\n")
      )
    })
).pipe(Command.withDescription("Forget memories, and keep them from being captured again"))
