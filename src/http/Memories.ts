/**
 * Answers the routes of memories.
 */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { matchesIn } from "../domain/Matches.ts"
import { MemoryUnit } from "../domain/MemoryUnit.ts"
import { resumeOf } from "../domain/Resume.ts"
import { savedBy } from "../domain/SavedBy.ts"
import { together } from "../serve/Bulk.ts"
import { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import { differenceOf } from "../serve/Differences.ts"
import { missingIn } from "../serve/Marks.ts"
import { FORGOT_NOTHING, type History, type Operation, type TakenAlso, type Undone } from "../store/MemoryStore.ts"
import { wordsOf } from "../store/Overlay.ts"
import { sharesOf } from "../store/Worth.ts"
import { Api } from "./Api.ts"
import { fromCursor, toCursor } from "./Cursor.ts"
import { foundOf } from "./Found.ts"
import { Idempotency } from "./Idempotency.ts"
import { type Problem, problem } from "./Problem.ts"
import { answering, counted, filterOf, projectOf, projectsOf } from "./Requests.ts"
import * as S from "./Schemas.ts"
import { knownOf } from "./Sessions.ts"

const LISTED = 50
const FOUND = 20
const SHOWN = 20
/** Changes that are listed. */
const CHANGES = 200
/** Most memories that are forgotten by their ids in one request, in one transaction. */
const MAX_IDS = 100

const etagOf = ({ revision = 0 }: MemoryUnit) => `"${revision}"`

/** Answers with the revision as ETag. */
const withRevision = <A, I>(schema: Schema.Schema<A, I>, body: A, unit: MemoryUnit, status = 200) =>
  Effect.orDie(HttpServerResponse.schemaJson(schema)(body, { status, headers: { etag: etagOf(unit) } }))

/** Matches a list of tags (RFC 9110, section 13.1.1). */
const LIST = /^[\s,]*(?:(?:W\/)?"[^"]*"\s*(?:,[\s,]*|$))+$/
/** Matches each strong tag of such a list that is of a revision; weak ones match nothing. */
const TAGS = /(?<![^\s,])"(0|[1-9]\d{0,8})"(?=\s*(?:,|$))/g

/** Returns the revisions of which a request may change one; none for any. */
const revisionsOf = (ifMatch: string | undefined): Effect.Effect<Option.Option<ReadonlyArray<number>>, Problem> => {
  if (ifMatch === undefined) {
    return Effect.fail(
      problem(
        "no-revision",
        "send If-Match with the ETag of the memory as you read it, or * to change it whatever it is"
      )
    )
  }
  if (ifMatch.trim() === "*") return Effect.succeedNone
  const revisions = LIST.test(ifMatch)
    ? Array.from(matchesIn(ifMatch, TAGS), ([, revision]) => Number(revision))
    : []
  return revisions.length === 0
    ? Effect.fail(problem("changed-since", `${ifMatch.slice(0, 100)} is the ETag of no revision of it; read it again`))
    : Effect.succeedSome(revisions)
}

/** Refuses to forget a memory that was changed since a request read it; without If-Match it may be as it is. */
const mustBeUnchanged = (id: string, ifMatch: string | undefined) =>
  Effect.gen(function*() {
    const asRead = ifMatch === undefined ? Option.none() : yield* revisionsOf(ifMatch)
    if (Option.isNone(asRead)) return
    const memory = yield* ClaudeMemory
    const { id: whole, revision = 0 } = yield* memory.forgettable(id, false)
    if (!asRead.value.includes(revision)) {
      return yield* problem(
        "changed-since",
        `${whole.slice(0, 8)} was changed meanwhile (revision ${revision}), and nothing was forgotten; read it again`
      )
    }
  })

const KINDS = { Edit: "edit", Feedback: "feedback", Keep: "keep" } as const

const undoneOf = (undone: Undone | undefined): typeof S.Undone.Type => {
  switch (undone?._tag) {
    case undefined:
      return { kind: null, at: null, units: [] }
    case "Edit":
    case "Feedback":
    case "Keep":
      return {
        kind: KINDS[undone._tag],
        at: undone.at,
        units: undone.unit === undefined ? [] : [undone.unit]
      }
    case "Forget":
      return { kind: "forget", at: undone.at, units: undone.units.slice(0, SHOWN) }
    case "Merge":
      return { kind: "merge", at: undone.at, units: [] }
  }
}

const FIELDS = ["title", "type", "content"] as const

/** Adds to a change how each text was changed; null in a change stands for the derived one. */
const withDifferences = (unit: MemoryUnit, { derived }: History) => (operation: Operation) => {
  const [before, after] = [wordsOf(unit, derived, operation.before), wordsOf(unit, derived, operation.after)]
  return {
    ...operation,
    differences: FIELDS.flatMap((field) =>
      before[field] === after[field] ? [] : [{ field, parts: differenceOf(before[field], after[field]) }]
    )
  }
}

/** Lists the units of a page, and the cursor of the next: the time of its last, and how many units of that time it has had. */
const listed = ({ cursor, limit = LISTED, ...params }: typeof S.ListParams.Type) =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    const [until = NaN, had = 0] = yield* fromCursor(cursor, params.until ?? Infinity, 0)
    const filter = yield* filterOf({
      projects: params.project,
      types: params.type,
      since: params.since,
      until: until === Infinity ? undefined : until,
      files: params.file,
      branches: params.branch,
      sessions: params.session,
      isPinned: params.pinned
    })
    const found = yield* memory.recent(filter, had + limit + 1)
    const units = found.slice(had, had + limit)
    const last = units.at(-1)
    if (last === undefined || found.length <= had + limit) return { units, next: null }
    const ofThatTime = found.slice(0, had + limit).filter(({ occurredAt }) => occurredAt === last.occurredAt).length
    return { units, next: toCursor(last.occurredAt, ofThatTime) }
  })

const view = (id: string) =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    const { letGoAt, messages, unit } = yield* memory.show(id)
    const { session, transcripts } = yield* Effect.catchTag(
      memory.session(unit.sessionId),
      "NotFound",
      () => Effect.succeed({ session: null, transcripts: [] })
    )
    const { replacedBy } = unit
    const title = replacedBy === undefined ? undefined : (yield* memory.titles([replacedBy])).get(replacedBy)
    const body = {
      unit,
      messages,
      session,
      transcripts,
      resume: session === null ? null : resumeOf(session),
      aim: session === null ? null : (yield* knownOf(session)).aim,
      savedBy: savedBy(unit) ?? null,
      replacement: replacedBy === undefined || title === undefined ? null : { id: replacedBy, title },
      letGoAt
    }
    return yield* withRevision(S.UnitView, body, unit)
  })

const titledOf = ({ id, title }: { readonly id: string; readonly title: string }) => ({ id, title })

const alsoOf = ({ gone, sessions, units }: TakenAlso) => ({
  units: units.map(titledOf),
  gone: gone.map(titledOf),
  sessions
})

/** Names the memories in whose place one of these stands, or stood until it was forgotten. */
const titlesHoldingAgain = (units: ReadonlyArray<MemoryUnit>) =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    return (yield* memory.holdingAgain(units.map(({ id }) => id))).map(titledOf)
  })

/** The answer of a dry run, but for the memories. */
const NOTHING = { messages: 0, until: null, operation: null, also: alsoOf(FORGOT_NOTHING.also) }

const forgetMany = (body: typeof S.ForgetBody.Type) =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    const { before, ids, isDryRun = false, isNow = false, projects, query, sessions } = body
    if (ids !== undefined) {
      if (projects !== undefined || sessions !== undefined || before !== undefined || query !== undefined) {
        return yield* problem("bad-request", "give ids or what the memories have in common, not both")
      }
      if (ids.length > MAX_IDS) {
        return yield* problem("bad-request", `at most ${MAX_IDS} memories are forgotten by their ids at a time`)
      }
      if (isDryRun) {
        const { also, units } = yield* memory.forgetting(ids, isNow)
        const holdAgain = yield* titlesHoldingAgain(units)
        return { ...NOTHING, count: units.length, units: units.slice(0, SHOWN), also: alsoOf(also), holdAgain }
      }
      const { also, messages, operation, units, until } = yield* memory.forget(ids, { isNow })
      return {
        count: units.length,
        units: units.slice(0, SHOWN),
        messages: messages.length,
        until,
        operation,
        also: alsoOf(also),
        holdAgain: yield* titlesHoldingAgain(units)
      }
    }
    if (projects === undefined && sessions === undefined && before === undefined && query === undefined) {
      return yield* problem("bad-request", "say which memories: ids, projects, sessions, before or query")
    }
    const criteria = {
      projects: sessions !== undefined && projects === undefined ? "all" as const : yield* projectsOf(projects),
      ...(sessions && {
        sessions: yield* Effect.forEach(sessions, (id) => Effect.map(memory.session(id), ({ session }) => session.id))
      }),
      ...(before !== undefined && { before }),
      ...(query !== undefined && { query })
    }
    const { newest, ...selected } = yield* memory.select(criteria)
    const holdAgain = selected.holdAgain.map(titledOf)
    if (isDryRun) {
      const { also, units } = yield* memory.takenBy(criteria)
      return { ...NOTHING, count: units.length, units: newest, also: alsoOf(also), holdAgain }
    }
    const { also, messages, operation, units, until } = yield* Stream.runFold(
      memory.forgetSelected(criteria, { isNow }),
      FORGOT_NOTHING,
      together
    )
    return {
      count: units.length,
      units: newest,
      messages: messages.length,
      until,
      operation,
      also: alsoOf(also),
      holdAgain
    }
  })

const textOf = <E>(lines: Stream.Stream<string, E>) => lines.pipe(Stream.map((line) => `${line}\n`), Stream.encodeText)

export const layer = HttpApiBuilder.group(Api, "memories", (handlers) =>
  handlers
    .handle("search", ({ payload: { limit = FOUND, minScore = 0, mode = "hybrid", text, ...filter } }) =>
      answering(Effect.gen(function*() {
        const memory = yield* ClaudeMemory
        const start = yield* Clock.currentTimeNanos
        const query = { ...(yield* filterOf(filter)), text, limit, minScore, mode }
        const found = yield* memory.search(query)
        const tookMs = Number((yield* Clock.currentTimeNanos) - start) / 1e6
        return {
          results: found.results.map(foundOf(found.respelt?.text ?? text)),
          degraded: found.degraded,
          absent: missingIn(text, found),
          respelt: found.respelt?.words ?? [],
          tookMs
        }
      })))
    .handle("units", ({ urlParams }) =>
      answering(listed(urlParams)))
    .handle("save", ({ headers, payload: { project, ...request } }) =>
      answering(Effect.gen(function*() {
        const memory = yield* ClaudeMemory
        const idempotency = yield* Idempotency
        const { id } = yield* projectOf(project)
        const saved = memory.save({ ...request, project: { id } })
        const unit = yield* idempotency.answer(headers["idempotency-key"], "save", { project, ...request }, saved)
        return yield* withRevision(MemoryUnit, unit, unit, 201)
      })))
    .handle("unit", ({ path: { id } }) =>
      answering(view(id)))
    .handle("edit", ({ headers, path: { id }, payload }) =>
      answering(Effect.gen(function*() {
        const memory = yield* ClaudeMemory
        const revisions = yield* revisionsOf(headers["if-match"])
        const { operation, unit } = yield* memory.edit(id, {
          ...payload,
          ...(Option.isSome(revisions) && { revisions: revisions.value })
        }, "person")
        return yield* withRevision(S.Edited, { ...unit, operation }, unit)
      })))
    .handle("forget", ({ headers, path: { id } }) =>
      answering(Effect.zipRight(mustBeUnchanged(id, headers["if-match"]), forgetMany({ ids: [id] }))))
    .handle("history", ({ path: { id } }) =>
      answering(Effect.gen(function*() {
        const memory = yield* ClaudeMemory
        const { history, unit } = yield* memory.history(id)
        return {
          unit,
          derived: history?.derived ?? null,
          operations: history?.operations.map(withDifferences(unit, history)) ?? []
        }
      })))
    .handle("feedback", ({ path: { id }, payload }) =>
      answering(Effect.gen(function*() {
        const memory = yield* ClaudeMemory
        const { operation, toldAt, unit, words } = yield* memory.feedback(
          id,
          { ...payload, isOff: payload.isOff ?? false },
          "person"
        )
        return { unit, words, toldAt: toldAt ?? null, operation }
      })))
    .handle("forgetMany", ({ payload }) =>
      answering(forgetMany(payload)))
    .handle("undo", ({ payload }) =>
      answering(
        Effect.flatMap(ClaudeMemory, ({ undo }) =>
          Effect.map(undo(undefined, payload?.operation), undoneOf))
      ))
    .handle("changes", () =>
      answering(Effect.flatMap(ClaudeMemory, ({ recentChanges }) =>
        Effect.map(recentChanges(CHANGES), (changes) => ({ changes })))))
    .handle("least", ({ urlParams: { limit = LISTED, project } }) =>
      answering(Effect.gen(function*() {
        const memory = yield* ClaudeMemory
        const units = yield* memory.least(yield* projectsOf(project), limit)
        const now = yield* Clock.currentTimeMillis
        return { units: units.map((unit) => ({ ...unit, worth: sharesOf(unit, now) })), next: null }
      })))
    .handle("export", ({ urlParams: { format = "lines", project } }) =>
      answering(Effect.gen(function*() {
        const memory = yield* ClaudeMemory
        const scope = yield* projectsOf(project)
        const name = format === "lines" ? "claude-memory.jsonl" : "claude-memory.md"
        return HttpServerResponse.stream(yield* counted(textOf(memory.archive.lines(scope, format))), {
          contentType: format === "lines" ? "application/jsonl" : "text/markdown; charset=utf-8",
          headers: { "content-disposition": `attachment; filename="${name}"` }
        })
      }))))
