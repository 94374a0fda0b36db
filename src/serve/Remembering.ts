/**
 * Saves, changes and forgets single memories for a person, or for Claude on their behalf.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Collector } from "../capture/Collector.ts"
import { supersede } from "../compress/Supersession.ts"
import { EditRequest } from "../domain/Edited.ts"
import { MemoryUnit } from "../domain/MemoryUnit.ts"
import * as Project from "../domain/Project.ts"
import { namesOf } from "../domain/ProjectLabels.ts"
import { SaveRequest, unitOf } from "../domain/Saved.ts"
import { isSummary } from "../domain/SessionSummary.ts"
import { quoteSpeakers } from "../domain/Speakers.ts"
import * as Tokenizer from "../domain/Tokenizer.ts"
import { SessionRecords } from "../hook/SessionRecords.ts"
import { ModelCache } from "../models/ModelCache.ts"
import * as Pipeline from "../Pipeline.ts"
import {
  type Actor,
  type ForgetOptions,
  type Forgotten,
  MemoryStore,
  type RecentChange,
  type TakenAlso
} from "../store/MemoryStore.ts"
import { afterwards } from "./Afterwards.ts"
import { InvalidRequest, validated } from "./InvalidRequest.ts"
import { activeByPrefix, unitByPrefix } from "./Lookup.ts"
import { NotFound } from "./NotFound.ts"
import * as Projects from "./Projects.ts"

const projectOf = (place: SaveRequest["project"]) =>
  Effect.gen(function*() {
    if ("folder" in place) return yield* Projects.byFolder(place.folder)
    const projects = yield* Effect.flatMap(MemoryStore, (store) => store.projects)
    const known = Project.findById(projects, place.id)
    if (known !== undefined) return known
    return yield* new NotFound({ what: "project", asked: place.id, known: projects.map(({ name }) => name) })
  })

/** Time that a person waits for the index of what they save or change. */
const INDEXED_WITHIN = "2 seconds"

/** Has what was saved or changed, which is found by its words at once, indexed; what is not by then waits for the next that indexes. */
const indexed = Effect.suspend(() => Effect.timeoutOption(afterwards(Pipeline.catchUp), INDEXED_WITHIN))

const savable = validated(SaveRequest)

export const save = (asked: SaveRequest) =>
  Effect.gen(function*() {
    const { content, files = [], project: place, title, ...request } = yield* savable(asked)
    const collector = yield* Collector
    const store = yield* MemoryStore
    const project = yield* projectOf(place)
    yield* Projects.mustBeIncluded(project, "folder" in place ? place.folder : project.root)
    const [maskedContent, maskedTitle, ...maskedFiles] = yield* collector.mask([content, title ?? "", ...files])
    const unit = unitOf(
      { ...request, content: maskedContent!, title: maskedTitle!, files: maskedFiles },
      project.id,
      yield* Clock.currentTimeMillis
    )
    const saved = yield* store.save(unit, project)
    yield* supersede([saved])
    yield* indexed
    return saved
  })

/** Another changed the memory since it was looked at; `unit` is as it stands. */
export class Conflict extends Schema.TaggedError<Conflict>()("Conflict", { unit: MemoryUnit }) {
  override get message() {
    return `${this.unit.id.slice(0, 8)} was changed meanwhile (revision ${this.unit.revision ?? 0}), and nothing was ` +
      "written; look at it again, and edit that"
  }
}

/** `unit` is as it stands after the change. */
export interface Edited {
  readonly unit: MemoryUnit
  /** Number of the change, for `undo`; null where nothing was changed, or what `undo` does not undo. */
  readonly operation: number | null
}

/** Lets sessions be told again what a memory says, which were told what it said before. */
const toldAnew = (id: string) =>
  Effect.flatMap(
    SessionRecords,
    (records) =>
      Effect.catchAll(records.change([id]), ({ message }) =>
        Effect.logWarning(`a session that was told ${id.slice(0, 8)} may not be told what it says now: ${message}`))
  )

const editable = validated(EditRequest)

/** Refuses to make a session's summary of a memory that is none: it would be shown as what its session was for. */
const mustBeSummary = ({ id, type }: MemoryUnit) =>
  Effect.gen(function*() {
    if (type === "archive") return
    const history = yield* Effect.flatMap(MemoryStore, (store) => store.history(id))
    if (history?.derived.type !== "archive") {
      return yield* new InvalidRequest({
        detail: "only a session's summary has the type archive; choose another type"
      })
    }
  })

export const edit = (prefix: string, asked: EditRequest, by: Actor) =>
  Effect.gen(function*() {
    const { content, replacedBy, revisions, title, ...request } = yield* editable(asked)
    const collector = yield* Collector
    const store = yield* MemoryStore
    const unit = yield* activeByPrefix(prefix)
    const { id } = unit
    if (request.type === "archive") yield* mustBeSummary(unit)
    const replacement = replacedBy === undefined || replacedBy === null
      ? replacedBy
      : (yield* activeByPrefix(replacedBy)).id
    const [maskedContent, maskedTitle] = yield* collector.mask([content ?? "", title ?? ""])
    if (replacement === id) return yield* new NotFound({ what: "replacement", asked: prefix, known: [] })
    const change = {
      ...request,
      ...(content !== undefined && { content: by === "claude" ? quoteSpeakers(maskedContent!) : maskedContent! }),
      ...(title !== undefined && { title: maskedTitle!.replace(/\s+/g, " ") }),
      ...(replacement !== undefined && { replacedBy: replacement })
    }
    const result = yield* store.edit(id, change, by, revisions)
    if (result === undefined) return yield* new NotFound({ what: "unit", asked: prefix, known: [] })
    if (result._tag === "Conflict") return yield* new Conflict({ unit: result.unit })
    yield* indexed
    if (content !== undefined && result.operation !== null) yield* toldAnew(id)
    return { unit: result.unit, operation: result.operation } satisfies Edited
  })

export const history = (prefix: string) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const unit = yield* unitByPrefix(prefix)
    return { unit, history: yield* store.history(unit.id) }
  })

/** Longest title in a sentence. */
const MAX_TITLE = 60

/** Names the change that is to be undone first, as in "the forgetting of “Crane plan” and 2 more". */
const namedChange = ({ kind, merged, named, units }: RecentChange, nameOf: (projectId: string) => string): string => {
  const [first] = named
  const title = first === undefined || first.title === "" ? "" : ` of “${first.title.slice(0, MAX_TITLE)}”`
  const whole = `${title}${units > 1 ? ` and ${units - 1} more` : ""}`
  switch (kind) {
    case "merge":
      return merged === null ? "a merge" : `the merge of ${nameOf(merged.from)} into ${nameOf(merged.into)}`
    case "forget":
      return `the forgetting${whole}`
    case "feedback":
      return `what was said${whole}`
    case "edit":
      return `the edit${whole}`
    case "keep":
      return `the keeping${whole}`
  }
}

/** An operation is not undone, and nothing was changed. */
export class NotUndoable extends Schema.TaggedError<NotUndoable>()("NotUndoable", {
  reason: Schema.Literal("Expired", "Later", "Undone", "Unknown"),
  operation: Schema.Number,
  /** Names the later operation that is to be undone first, and its number. */
  later: Schema.NullOr(Schema.Struct({ name: Schema.String, operation: Schema.Int }))
}) {
  override get message() {
    const what = `change ${this.operation}`
    switch (this.reason) {
      case "Unknown":
        return `no ${what} can be undone; \`claude-memory undo --list\` lists those that can`
      case "Undone":
        return `${what} was undone already`
      case "Expired":
        return `${what} is older than seven days, and can't be undone any more`
      case "Later":
        return `${this.later?.name ?? ""} (change ${
          this.later?.operation ?? ""
        }) came later and touched the same; undo that first`
    }
  }
}

export const undo = (by: Actor | undefined, operation: number | undefined) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    if (operation !== undefined && !Number.isSafeInteger(operation)) {
      return yield* new NotUndoable({ reason: "Unknown", operation, later: null })
    }
    const undone = yield* store.undo(by, operation)
    if (undone?._tag === "NotUndone") {
      const names = namesOf(yield* store.projects)
      return yield* new NotUndoable({
        reason: undone.reason,
        operation: operation ?? 0,
        later: undone.reason === "Later"
          ? { name: namedChange(undone.later, (id) => names.get(id) ?? id), operation: undone.later.operation }
          : null
      })
    }
    if (undone?._tag === "Edit") yield* toldAnew(undone.unitId)
    // Compresses again what the messages tell.
    if (undone !== undefined && undone._tag !== "Keep") {
      yield* afterwards(undone._tag === "Edit" ? Pipeline.catchUp : Pipeline.settle)
    }
    return undone
  })

/** Finds a unit by id or a prefix of it, in the bin too when it is to go from there. */
export const forgettable = (prefix: string, isNow: boolean) =>
  Effect.catchTag(unitByPrefix(prefix), "NotFound", (error) =>
    Effect.gen(function*() {
      const [unit, ...others] = isNow && error.known.length === 0
        ? yield* Effect.flatMap(MemoryStore, (store) => store.binned(prefix))
        : []
      return unit === undefined || others.length > 0 ? yield* error : unit
    }))

/** Deletes cached answers of models, which may hold forgotten text. */
export const forgetAnswers = Effect.flatMap(
  Effect.serviceOption(ModelCache),
  Option.match({
    onNone: () => Effect.void,
    onSome: ({ forget }) => forget
  })
)

/** Deletes the words of the prompts at which memories were told that are forgotten for good, or that held the same. */
export const forgetWords = ({ also, units }: Forgotten, { isNow }: ForgetOptions) =>
  Effect.gen(function*() {
    const records = yield* SessionRecords
    if (isNow === true) {
      yield* records.forgetWords(new Set([...units, ...also.units, ...also.gone].map(({ id }) => id)))
    }
  })

/** Most words by which the same text is looked for, and memories that are compared with it. */
const MAX_SOUGHT = 8
const MAX_COMPARED = 50

/** Returns the memories of any project that have the very words of one. */
const withWordsOf = ({ content }: MemoryUnit) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const words = Tokenizer.lexemes(content).join(" ")
    const longest = Tokenizer.queryLexemes(content).toSorted((a, b) => b.length - a.length).slice(0, MAX_SOUGHT)
    const { candidates } = yield* store.lexical(longest, { projects: "all" }, MAX_COMPARED)
    const units = yield* store.units(candidates.map(({ unitId }) => unitId))
    return units.filter((unit) => Tokenizer.lexemes(unit.content).join(" ") === words)
  })

/** Returns each once, by its id; of two the later. */
export const distinct = <A extends { readonly id: string }>(all: ReadonlyArray<A>): ReadonlyArray<A> => [
  ...new Map(all.map((each) => [each.id, each])).values()
]

/** Says what `forget` would delete, and take from others, and which ones keep the same words. */
export const forgetting = (prefixes: ReadonlyArray<string>, isNow: boolean) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const units = yield* Effect.forEach(prefixes, (prefix) => forgettable(prefix, isNow))
    const { also, touched, units: found } = yield* store.forgetting(units.map(({ id }) => id))
    const isKnown = new Set([...units, ...found, ...also.units, ...also.gone].map(({ id }) => id))
    const same = (yield* Effect.forEach(units, withWordsOf)).flat().filter(({ id }) => !isKnown.has(id))
    return { named: units, units: found, also, touched, keeping: distinct(same) }
  })

/** Returns the memories in whose place one of these stands: they hold again when these are forgotten, and since they were. */
export const holdingAgain = (ids: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const gone = new Set(ids)
    return (yield* store.replaced).filter(({ id, replacedBy = "" }) => gone.has(replacedBy) && !gone.has(id))
  })

/** Returns what was taken from others, of which these are gone. */
export const withGone = ({ sessions, units, ...also }: TakenAlso, gone: ReadonlyArray<MemoryUnit>): TakenAlso => {
  const ids = new Set(gone.map(({ id }) => id))
  const unsummed = new Set(gone.filter(isSummary).map(({ sessionId }) => sessionId))
  return {
    units: [...units, ...also.gone].filter(({ id }) => !ids.has(id)),
    gone,
    sessions: sessions.filter(({ id }) => !unsummed.has(id))
  }
}

export const forget = (
  ids: ReadonlyArray<string>,
  options: ForgetOptions = {}
) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const units = yield* Effect.forEach(ids, (id) => forgettable(id, options.isNow === true))
    // Before, too: a process that is killed between the two leaves no answer that tells what is forgotten.
    yield* forgetAnswers
    const forgotten = yield* store.forget(units.map(({ id }) => id), options)
    yield* forgetAnswers
    yield* forgetWords(forgotten, options)
    // Compresses again what is left of the source messages.
    yield* afterwards(Pipeline.settle)
    return { ...forgotten, also: withGone(forgotten.also, yield* store.vanished(forgotten.touched)) }
  })
