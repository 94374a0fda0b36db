/**
 * Tools for single memories: read one whole, see its neighbours in time, save and forget.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { defuse } from "../domain/Injection.ts"
import { type MemoryUnit, UnitType } from "../domain/MemoryUnit.ts"
import { savedBy } from "../domain/SavedBy.ts"
import { isSummary } from "../domain/SessionSummary.ts"
import { indented, oneLine } from "../inject/Render.ts"
import type { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import { plural } from "../serve/Wording.ts"
import {
  count,
  countFitting,
  cursorAt,
  Evidence,
  MAX_ANSWER,
  Memory,
  memoryOf,
  memoryText,
  nextCursor,
  notes,
  offsetOf,
  passage
} from "./Answer.ts"
import * as Argument from "./Arguments.ts"
import {
  Consent,
  noted,
  opened,
  projectNames,
  projectsAllowed,
  projectsNamed,
  Refused,
  Serving,
  show
} from "./Serving.ts"
import { tool } from "./Tool.ts"

const id = Argument.text.annotations({ description: "Id of a memory, or the beginning of one" })

export const get = tool({
  name: "get",
  title: "Read a memory",
  description:
    "Read one memory whole by its id, with the messages of the session that it comes from: what was said in so many words. " +
    "查看一条记忆及其原文.",
  effect: "reads",
  quotesMemory: true,
  input: Schema.Struct({ id, cursor: Argument.cursor }),
  output: Schema.Struct({
    memory: Schema.Struct({
      ...Memory.fields,
      summary: Schema.String,
      keywords: Schema.Array(Schema.String),
      superseded_by: Schema.NullOr(Schema.String)
    }),
    evidence: Schema.Array(Evidence),
    next_cursor: nextCursor
  }),
  run: ({ cursor, ...question }) =>
    Effect.gen(function*() {
      const offset = yield* offsetOf(question, cursor)
      const { messages, unit } = yield* show(question.id)
      const memory = {
        ...memoryOf(unit, yield* projectNames),
        summary: unit.summary,
        keywords: unit.keywords,
        superseded_by: unit.supersededBy
      }
      const { end, evidence } = passage(messages, offset, MAX_ANSWER - JSON.stringify(memory).length)
      const next = end === undefined ? null : cursorAt(question, end)
      return {
        data: { memory, evidence, next_cursor: next },
        text: [
          memoryText(memory, `session ${memory.session_id}`),
          ...(memory.files.length === 0 ? [] : [`Files: ${memory.files.join(", ")}`]),
          messages.length === 0 ? "It was saved on purpose and comes from no message." : "It comes from:",
          ...evidence.map(({ date, message_id, role, text }) =>
            `${role}, ${date ?? "undated"} (${message_id}):\n${indented(text)}`
          ),
          ...notes("get", next, [])
        ].join("\n\n")
      }
    })
})

/** Characters of each memory in a timeline: a line or two are enough to choose by. */
const EXCERPT_LENGTH = 300

const excerpt = (text: string): string =>
  text.length <= EXCERPT_LENGTH ? text : `${text.slice(0, EXCERPT_LENGTH).replace(/[\ud800-\udbff]$/, "")}…`

const MemoryExcerpt = Memory.omit("files")

export const timeline = tool({
  name: "timeline",
  title: "Timeline of memories",
  description:
    "What happened when: memories in the order of their times, of this project, of one session, or around a memory or a " +
    "day; the newest when nothing is named. 时间线, 最近做了什么.",
  effect: "reads",
  quotesMemory: true,
  input: Schema.Struct({
    around: Argument.optional(
      Argument.text,
      "Id of a memory, or a day or time as in 2026-08-31: what stands before and after it"
    ),
    session_id: Argument.optional(Argument.text, "Only this session"),
    project_id: Argument.projectId,
    limit: Argument.withDefault(Argument.integer(1, 50), 10, "How many memories"),
    cursor: Argument.optional(Argument.text, "previous_cursor or next_cursor of the answer before: goes on from there")
  }),
  output: Schema.Struct({
    memories: Schema.Array(MemoryExcerpt),
    previous_cursor: Schema.NullOr(Schema.String).annotations({ description: "Leads to what is older" }),
    next_cursor: Schema.NullOr(Schema.String).annotations({ description: "Leads to what is newer" })
  }),
  run: ({ around, cursor, limit, project_id, session_id }) =>
    Effect.gen(function*() {
      const { memory } = yield* opened
      const time = around !== undefined && /^\d{4}-/.test(around) ? yield* Argument.time("around", around) : undefined
      const unit = around !== undefined && time === undefined ? (yield* show(around)).unit : undefined
      const projects = project_id !== undefined
        ? yield* projectsNamed([project_id])
        : session_id !== undefined
        ? yield* projectsAllowed
        : unit === undefined
        ? yield* projectsNamed([])
        : [unit.projectId]
      const query = (limit: number) =>
        memory.timeline({
          projects,
          limit,
          sessionId: session_id,
          cursor,
          around: unit !== undefined ? { unit: unit.id } : time !== undefined ? { time } : undefined
        })
      const nameOf = yield* projectNames
      const excerpts = ({ units }: { readonly units: Effect.Effect.Success<ReturnType<typeof query>>["units"] }) =>
        units.map((unit) => {
          const { files: _, ...glimpse } = memoryOf(unit, nameOf)
          return { ...glimpse, content: excerpt(glimpse.content) }
        })
      const found = yield* query(limit)
      const fit = countFitting(excerpts(found))
      // Asks again for those that fit, so that the cursors belong to the memories shown.
      const page = fit < found.units.length ? yield* query(fit) : found
      const memories = excerpts(page)
      return {
        data: { memories, previous_cursor: page.previous, next_cursor: page.next },
        text: [
          ...(memories.length === 0 ? ["Nothing is remembered there."] : memories.map((each) => memoryText(each))),
          ...(page.previous === null ? [] : [`Older: cursor "${page.previous}".`]),
          ...(page.next === null ? [] : [`Newer: cursor "${page.next}".`])
        ].join("\n\n")
      }
    })
})

export const save = tool({
  name: "save",
  title: "Save to memory",
  description:
    "Remember something on purpose, from now on and in every session of this project: a decision, a convention, how an " +
    "error was fixed. One subject at a time, in words that stand alone. Saving the same again changes nothing. 记住, 保存记忆.",
  effect: "adds",
  quotesMemory: true,
  input: Schema.Struct({
    content: Argument.text.annotations({
      description: "What to remember: at most 1,320 characters (400 of Chinese); secrets in it are masked"
    }),
    title: Argument.optional(Schema.String, "Left out: its first line"),
    type: Argument.withDefault(UnitType, "decision", "What it is"),
    files: Argument.optional(Schema.Array(Argument.text), "Files that it is about"),
    project_id: Argument.optional(Argument.text, "Name, id or folder of another project than this session's")
  }),
  output: Schema.Struct({
    id: Schema.String,
    type: Schema.String,
    title: Schema.String,
    project: Schema.String
  }),
  run: ({ project_id, ...fields }) =>
    Effect.gen(function*() {
      const { memory, place, sessionId } = yield* opened
      const projects = project_id === undefined ? undefined : yield* projectsNamed([project_id])
      if (projects !== undefined && projects.length !== 1 || projects === "all") {
        return yield* new Refused({
          detail: `project_id: ${project_id} is not one project; name one, by its id or folder`
        })
      }
      const project = projects === undefined ? yield* place : { id: projects[0]! }
      const before = yield* Clock.currentTimeMillis
      const unit = yield* Effect.catchTag(
        memory.save({ ...fields, by: "claude", sessionId, project }),
        "InvalidRequest",
        ({ message }) => new Refused({ detail: `not saved: ${message}` })
      )
      const nameOf = yield* projectNames
      const saved = {
        id: unit.id,
        type: unit.type,
        title: unit.title,
        project: nameOf(unit.projectId)
      }
      const where = `in ${saved.project} as [${saved.id}] ${saved.type}`
      return {
        data: saved,
        text: unit.createdAt < before
          ? `Already saved ${where}: ${saved.title}`
          : `Saved ${where}, noted by Claude: ${saved.title}\nclaude_memory_forget takes it out again.`
      }
    })
})

/** Most memories that Claude may have forgotten in one call, and in all, before the user is asked. */
const MAX_UNASKED = 5
const MAX_UNASKED_IN_ALL = 20
/** Characters of a title in a question to the user, so that it can't pass for more of the question. */
const MAX_ASKED_TITLE = 80
/** Most memories that a question names of those from which it is taken. */
const MAX_ASKED_OTHERS = 20

/** Tests whether a memory is the user's own, of which they are asked: saved, changed, pinned or kept, and not by Claude alone. */
export const isOfUser = (unit: MemoryUnit) =>
  Effect.gen(function*() {
    if (savedBy(unit) === "person" || unit.pinned || unit.kept === true) return true
    if (unit.revision === undefined) return false
    const { memory } = yield* opened
    const { history } = yield* memory.history(unit.id)
    return history?.operations.some(({ actor, isUndone }) => actor === "person" && !isUndone) === true
  })

/** Names a memory in a question to the user. */
export const named = ({ id, title }: MemoryUnit): string =>
  `[${id.slice(0, 8)}] "${oneLine(defuse(title)).slice(0, MAX_ASKED_TITLE)}"`

/** Names memories below a line that says what becomes of them; nothing where there are none. */
const asked = (line: string, units: ReadonlyArray<MemoryUnit>, most = units.length): ReadonlyArray<string> =>
  units.length === 0 ? [] : [
    line,
    ...units.slice(0, most).map((unit) => `- ${named(unit)}`),
    ...(units.length > most ? [`- and ${units.length - most} more`] : [])
  ]

/**
 * Asks the user whether these memories shall be forgotten, where they are many, with those from which it is taken, or one of all that
 * is the user's own: a text that Claude read may have wanted it.
 */
const agreed = (
  { also, named, touched, units }: Effect.Effect.Success<ReturnType<ClaudeMemory["Type"]["forgetting"]>>,
  holdAgain: ReadonlyArray<MemoryUnit>
) =>
  Effect.gen(function*() {
    const { count, tally } = yield* Serving
    const summaries = yield* Effect.filter(touched.filter(isSummary), isOfUser)
    const taken = units.length + also.units.length + also.gone.length
    const isOwn = summaries.length > 0 || (yield* Effect.exists([...units, ...also.units, ...also.gone], isOfUser))
    if (!isOwn && taken <= MAX_UNASKED && (yield* tally).forgotten + taken <= MAX_UNASKED_IN_ALL) {
      return yield* count({ forgotten: taken })
    }
    const question = [
      ...asked(`Forget ${units.length === 1 ? "this memory" : `these ${units.length} memories`}?`, units),
      ...asked("These are gone too, since nothing of them is left:", also.gone, MAX_ASKED_OTHERS),
      ...asked(
        "It is also taken out of these, which are made anew of what is left, if that is enough:",
        [...summaries, ...also.units],
        MAX_ASKED_OTHERS
      ),
      ...asked("What it replaced holds again:", holdAgain, MAX_ASKED_OTHERS)
    ].join("\n")
    const isAgreed = yield* Effect.flatMap(Consent, (ask) => ask(question)).pipe(
      Effect.mapError(() =>
        new Refused({
          detail:
            `nothing was forgotten: with those that say it too these are ${taken}, and Claude may have at most ${MAX_UNASKED} memories ` +
            `forgotten at a time, ${MAX_UNASKED_IN_ALL} in a session, and none that the user saved or changed, pins or keeps, unless its ` +
            "client asks the user, which this one can't. The user can do it: " +
            `claude-memory forget ${named.map(({ id }) => id.slice(0, 8)).join(" ")}`
        })
      )
    )
    if (!isAgreed) return yield* new Refused({ detail: "nothing was forgotten: the user did not agree" })
  })

export const forget = tool({
  name: "forget",
  title: "Forget memories",
  description:
    "Delete memories by their ids: from the store, the search and the messages they came from. They are not captured " +
    "again; claude_memory_undo brings them back for seven days. Only when the user asks for it, who is asked again for " +
    "more than five, counting others that say the same, and for what is their own. 忘记, 删除记忆.",
  effect: "deletes",
  quotesMemory: false,
  input: Schema.Struct({
    ids: Schema.Array(
      Schema.String.pipe(
        Schema.filter((value) => value.length < 8 ? "an id, or at least the first 8 characters of one" : undefined, {
          jsonSchema: { minLength: 8 }
        })
      )
    ).pipe(Schema.filter((ids) => ids.length === 0 || ids.length > 50 ? "it takes 1 to 50 ids" : undefined, {
      jsonSchema: { minItems: 1, maxItems: 50 }
    })).annotations({ description: "Ids of memories, as claude_memory_search gives them" })
  }),
  output: Schema.Struct({
    forgotten: Schema.Array(Schema.String).annotations({ description: "Ids; also of what said the same" }),
    messages: count.annotations({ description: "Messages from which what they tell was taken" }),
    also: Schema.Array(Schema.String).annotations({
      description: "Ids of other memories and of sessions that said it too, and are made anew of what is left"
    }),
    gone: Schema.Array(Schema.String).annotations({
      description: "Ids of other memories that said it too, and of which too little was left to make them anew"
    }),
    holdAgain: Schema.Array(Schema.String).annotations({
      description: "Ids of memories that were replaced by one of these, and hold again"
    })
  }),
  run: ({ ids }) =>
    Effect.gen(function*() {
      const { memory } = yield* opened
      // Finds every id, and checks that it is allowed, before any is deleted.
      const units = yield* Effect.forEach(ids, (id) => Effect.map(show(id), ({ unit }) => unit))
      const wanted = [...new Set(units.map(({ id }) => id))]
      const forgetting = yield* memory.forgetting(wanted, false)
      const holdAgain = yield* memory.holdingAgain(forgetting.units.map(({ id }) => id))
      yield* agreed(forgetting, holdAgain)
      const { also, messages, operation, units: removed } = yield* memory.forget(wanted, { by: "claude" })
      yield* noted(operation)
      const forgotten = removed.map(({ id }) => id)
      const others = [...also.units, ...also.sessions].map(({ id }) => id)
      const gone = also.gone.map(({ id }) => id)
      return {
        data: { forgotten, messages: messages.length, also: others, gone, holdAgain: holdAgain.map(({ id }) => id) },
        text: [
          `Forgotten: ${forgotten.join(", ")}. Taken out of ${plural(messages.length, "message")}.`,
          ...(gone.length === 0
            ? []
            : [`Gone too, since too little of ${gone.length === 1 ? "it" : "them"} was left: ${gone.join(", ")}.`]),
          ...(others.length === 0 ? [] : [`Made anew without it, of what is left: ${others.join(", ")}.`]),
          ...(holdAgain.length === 0 ? [] : [`What it replaced holds again: ${holdAgain.map(named).join(", ")}.`]),
          "claude_memory_undo brings it back."
        ].join(" ")
      }
    })
})
