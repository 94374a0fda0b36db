/**
 * What a person does to memories, in any order, and what must be true of them then: a model beside the store.
 */
import { assert } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as TestClock from "effect/TestClock"
import { noted } from "../../src/domain/Feedback.ts"
import { idOf } from "../../src/domain/Ids.ts"
import type { MemoryUnit } from "../../src/domain/MemoryUnit.ts"
import { MemoryStore } from "../../src/store/MemoryStore.ts"
import { project, unit } from "./made.ts"
import { compress } from "./MemoryStoreContract.ts"

const SEGMENTS = ["one", "two", "three"]
const IDS = SEGMENTS.flatMap((name) => [0, 1].map((i) => idOf("unit", name, String(i))))

const which = FastCheck.constantFrom(...IDS)
/** Few, so that two memories say the same. */
const text = FastCheck.constantFrom(
  "The harbour master wants every crane inspected before sunrise.",
  "The keeper of the lighthouse writes the weather down each evening."
)

export const step = FastCheck.oneof(
  {
    weight: 4,
    arbitrary: FastCheck.record({
      _tag: FastCheck.constant("compress" as const),
      segment: FastCheck.constantFrom(...SEGMENTS),
      count: FastCheck.integer({ min: 0, max: 2 }),
      /** Words by which the derived units differ from the last ones: none, some, all. */
      from: FastCheck.constantFrom(0, 0, 2, 14)
    })
  },
  { weight: 3, arbitrary: FastCheck.record({ _tag: FastCheck.constant("content" as const), which, text }) },
  { weight: 2, arbitrary: FastCheck.record({ _tag: FastCheck.constant("title" as const), which, text }) },
  { weight: 2, arbitrary: FastCheck.record({ _tag: FastCheck.constant("type" as const), which }) },
  { weight: 2, arbitrary: FastCheck.record({ _tag: FastCheck.constant("pin" as const), which }) },
  { weight: 1, arbitrary: FastCheck.record({ _tag: FastCheck.constant("keep" as const), which }) },
  { weight: 2, arbitrary: FastCheck.record({ _tag: FastCheck.constant("replace" as const), which, other: which }) },
  {
    weight: 2,
    arbitrary: FastCheck.record({
      _tag: FastCheck.constant("feedback" as const),
      which,
      helps: FastCheck.boolean(),
      words: FastCheck.subarray(["harbour", "lantern"])
    })
  },
  { weight: 2, arbitrary: FastCheck.record({ _tag: FastCheck.constant("forget" as const), which }) },
  { weight: 3, arbitrary: FastCheck.record({ _tag: FastCheck.constant("undo" as const) }) },
  {
    weight: 3,
    arbitrary: FastCheck.record({ _tag: FastCheck.constant("undoOne" as const), back: FastCheck.nat({ max: 6 }) })
  },
  { weight: 1, arbitrary: FastCheck.record({ _tag: FastCheck.constant("merge" as const) }) },
  { weight: 1, arbitrary: FastCheck.record({ _tag: FastCheck.constant("split" as const) }) },
  { weight: 1, arbitrary: FastCheck.record({ _tag: FastCheck.constant("reindex" as const) }) },
  { weight: 1, arbitrary: FastCheck.record({ _tag: FastCheck.constant("review" as const) }) }
)
export type Step = typeof step extends FastCheck.Arbitrary<infer A> ? A : never

/** What a unit says that a person can change. */
type Said = Pick<MemoryUnit, "content" | "feedback" | "kept" | "pinned" | "replacedBy" | "title" | "type">
type Values = Partial<Said>

interface Edit {
  readonly _tag: "Edit"
  readonly at: number
  readonly id: string
  readonly names: ReadonlyArray<string>
  /** What a person had given the unit before. */
  readonly before: Values
}

interface Gone {
  readonly id: string
  readonly values: Values
  readonly edits: ReadonlyArray<Edit>
}

/** What `undo` undoes. */
type Operation =
  | Edit
  | { readonly _tag: "Forget"; readonly at: number; readonly gone: ReadonlyArray<Gone> }
  | { readonly _tag: "Merge"; readonly at: number }

export interface State {
  /** The values that a person gave a unit, which nothing but a person may change. */
  given: Map<string, Values>
  /** Oldest first. */
  operations: Array<Operation>
  isMerged: boolean
  /** True where the messages came with an archive: their transcripts are not here. */
  readonly isElsewhere: boolean
}

export const nothing = (): State => ({ given: new Map(), operations: [], isMerged: false, isElsewhere: false })

const shown = ({ content, feedback, kept, pinned, replacedBy, title, type }: MemoryUnit): Said => ({
  content,
  pinned,
  title,
  type,
  ...(feedback !== undefined && { feedback }),
  ...(kept !== undefined && { kept }),
  ...(replacedBy !== undefined && { replacedBy })
})

const isKept = ({ pinned, ...values }: Values = {}) => pinned === true || Object.keys(values).length > 0

const select = (values: Values, isIn: (name: string) => boolean): Values =>
  Object.fromEntries(Object.entries(values).filter(([name]) => isIn(name)))

const inOrder = (operations: ReadonlyArray<Operation>) => [...operations].sort((a, b) => a.at - b.at)

const isEditOf = (ids: ReadonlySet<string>) => (operation: Operation): operation is Edit =>
  operation._tag === "Edit" && ids.has(operation.id)

/** Removes what a person gave units, and its operations; returns them. */
const take = (state: State, ids: ReadonlySet<string>): ReadonlyArray<Gone> => {
  const edits = state.operations.filter(isEditOf(ids))
  state.operations = state.operations.filter((operation) => !isEditOf(ids)(operation))
  return [...ids].map((id) => {
    const values = state.given.get(id) ?? {}
    state.given.delete(id)
    return { id, values, edits: edits.filter((edit) => edit.id === id) }
  })
}

/** Tests whether a later operation touched what this one did. */
const isTouchedBy = (operation: Operation) => (later: Operation): boolean => {
  switch (operation._tag) {
    case "Merge":
      return later._tag === "Merge"
    case "Edit":
      return later._tag === "Edit" && later.id === operation.id && kindOf(later) === kindOf(operation)
    case "Forget": {
      const ids = new Set(operation.gone.map(({ id }) => id))
      return later._tag === "Edit"
        ? ids.has(later.id)
        : later._tag === "Forget" && later.gone.some(({ id }) => ids.has(id))
    }
  }
}

/** Returns what the store calls an undone operation. */
const tagOf = (operation: Operation) => {
  if (operation._tag !== "Edit") return operation._tag
  return operation.names.includes("feedback") ? "Feedback" : operation.names.includes("kept") ? "Keep" : "Edit"
}

const kindOf = (operation: Operation) => tagOf(operation).toLowerCase()

/** Undoes the last operation, or the one so many before it. */
const undo = (state: State, back = 0) => {
  const [operation] = state.operations.splice(state.operations.length - 1 - back, 1)
  if (operation?._tag === "Merge") state.isMerged = false
  else if (operation?._tag === "Edit") {
    const isChanged = (name: string) => operation.names.includes(name)
    state.given.set(operation.id, {
      ...select(state.given.get(operation.id) ?? {}, (name) => !isChanged(name)),
      ...select(operation.before, isChanged)
    })
  } else if (operation?._tag === "Forget") {
    for (const { edits, id, values } of operation.gone) {
      // What was made since gives way to it, unless a person has changed that too.
      if (isKept(state.given.get(id)) || !isKept(values)) continue
      state.given.set(id, values)
      state.operations = inOrder([...state.operations, ...edits])
    }
  }
}

/** Compresses a segment again whose messages are there. */
const compressAgain = (segment: string, units: ReadonlyArray<MemoryUnit>) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const origin = idOf("segment", `${segment} 1`)
    yield* store.queue("segment", [origin])
    const claimed = yield* store.claim("segment", 100)
    yield* store.commit(
      claimed.filter(({ key }) => key === origin),
      units.map((each) => ({ ...each, origin }))
    )
    yield* store.release(claimed.filter(({ key }) => key !== origin))
  })

/** A memory that was replaced by another, over any number of steps, and is to hold in its place is replaced no more. */
const holdAgain = (state: State, id: string, inPlaceOf: string) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const units = new Map((yield* store.units(IDS)).map((unit) => [unit.id, unit]))
    if (id === inPlaceOf || !units.has(inPlaceOf)) return
    const seen = new Set<string | undefined>()
    let at: string | undefined = id
    while (at !== undefined && at !== inPlaceOf && !seen.has(at)) {
      seen.add(at)
      at = units.get(at)?.replacedBy
    }
    const { replacedBy: _, ...values } = state.given.get(id) ?? {}
    if (at === inPlaceOf) state.given.set(id, values)
  })

/** Takes a step, a second after the last one. */
export const run = (state: State, step: Step) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    yield* TestClock.adjust("1 second")
    const at = yield* Clock.currentTimeMillis
    const change = (id: string, valuesOf: (unit: MemoryUnit) => Values, isUndoable: boolean) =>
      Effect.gen(function*() {
        const [unit] = yield* store.units([id])
        if (unit === undefined) return
        const values = valuesOf(unit)
        const result = yield* store.edit(id, values, "person")
        // Keeping makes no revision.
        if (result?._tag !== "Edited" || values.kept === undefined && result.unit.revision === unit.revision) return
        const before = state.given.get(id) ?? {}
        const { kept, ...others } = { ...before, ...values }
        state.given.set(id, kept === true ? { ...others, kept } : others)
        if (isUndoable) state.operations.push({ _tag: "Edit", at, id, names: Object.keys(values), before })
      })
    switch (step._tag) {
      case "compress": {
        const units = Array.from({ length: step.count }, (_, i) =>
          unit(idOf("unit", step.segment, String(i)), {
            content: Array.from({ length: 12 }, (_, k) => `${step.segment}${i}w${k + step.from}`).join(" "),
            title: `${step.segment} ${i}`,
            position: i,
            sessionId: `session of ${step.segment}`
          }))
        if (state.isElsewhere) yield* compressAgain(step.segment, units)
        else yield* compress(step.segment, ...units)
        break
      }
      case "content":
        yield* change(step.which, () => ({ content: `${step.text} ${step.which}` }), true)
        break
      case "title":
        yield* change(step.which, () => ({ title: step.text }), true)
        break
      case "type":
        yield* change(step.which, () => ({ type: "decision" }), true)
        break
      case "pin":
        yield* change(step.which, ({ pinned }) => ({ pinned: !pinned }), false)
        break
      case "keep":
        yield* change(step.which, ({ kept }) => ({ kept: kept !== true }), true)
        break
      case "replace":
        yield* holdAgain(state, step.other, step.which)
        yield* change(step.which, () => ({ replacedBy: step.other }), false)
        break
      case "feedback": {
        const { helps, words } = step
        yield* change(step.which, ({ feedback = [] }) => ({ feedback: noted(feedback, { helps, words }) }), true)
        break
      }
      case "forget": {
        const { units } = yield* store.forget([step.which])
        if (units.length === 0) break
        const gone = take(state, new Set(units.map(({ id }) => id)))
        state.operations.push({ _tag: "Forget", at, gone })
        break
      }
      case "undo":
        assert.strictEqual((yield* store.undo()) !== undefined, state.operations.length > 0)
        undo(state)
        break
      case "undoOne": {
        if (state.operations.length === 0) break
        const at = state.operations.length - 1 - step.back % state.operations.length
        const operation = state.operations[at]!
        const number = (yield* store.recentChanges(100))[state.operations.length - 1 - at]!.operation
        const isTouched = state.operations.slice(at + 1).some(isTouchedBy(operation))
        const undone = yield* store.undo(undefined, number)
        assert.strictEqual(
          undone?._tag,
          isTouched ? "NotUndone" : tagOf(operation)
        )
        if (!isTouched) undo(state, state.operations.length - 1 - at)
        break
      }
      case "merge":
        yield* store.mergeProjects(project("one"), project("two"))
        if (!state.isMerged) state.operations.push({ _tag: "Merge", at })
        state.isMerged = true
        break
      case "split":
        yield* store.splitProject("project-one")
        state.isMerged = false
        break
      case "reindex":
        yield* store.queue("reconcile", ["embedded"])
        break
      case "review":
        yield* store.queueReviews([{ sessionId: "session of one", segmentIds: [], isWanted: true }])
        yield* store.commit(yield* store.claim("review", 100), [])
        break
    }
  })

/** Checks that all that a person gave is there. */
export const check = (state: State, what: string) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const changes = yield* store.recentChanges(100)
    assert.deepStrictEqual(changes.map(({ kind }) => kind).toReversed(), state.operations.map(kindOf), what)
    const units = new Map((yield* store.units(IDS)).map((each) => [each.id, each]))
    for (const [id, values] of state.given) {
      if (Object.keys(values).length === 0) continue
      const now = units.get(id)
      assert.isDefined(now, `${what}: ${id} is gone`)
      assert.deepInclude(shown(now!), values, what)
      if (values.content !== undefined) assert.isTrue(now!.active)
    }
  })

/** Returns the same for a backup, which has nothing of the bin. */
export const backedUp = ({ given, isElsewhere, isMerged, operations }: State): State => ({
  isElsewhere,
  given: new Map(given),
  isMerged,
  operations: operations.filter(({ _tag }) => _tag !== "Forget")
})

/** Puts a backup's in place: what was forgotten since, and lies in the bin, stays so. */
export const restore = (state: State, backup: State, since: number) => {
  const forgotten = state.operations.filter((operation) => operation._tag === "Forget")
  Object.assign(state, backedUp(backup))
  take(state, new Set(forgotten.flatMap(({ at, gone }) => at > since ? gone.map(({ id }) => id) : [])))
  state.operations = inOrder([...state.operations, ...forgotten])
}

const WORDED = ["content", "title", "type"]

/** Makes what another memory has that has taken in an archive: each change of words, or else of feedback, is one that it can undo. */
export const takenIn = ({ given }: State, changedAt: ReadonlyMap<string, number>): State => ({
  given: new Map(given),
  isMerged: false,
  isElsewhere: true,
  operations: inOrder([...given].flatMap(([id, values]) => {
    const isGiven = (name: string) => Object.hasOwn(values, name)
    const names = WORDED.some(isGiven) ? WORDED : ["feedback"].filter(isGiven)
    return names.length === 0 ? [] : [{ _tag: "Edit", at: changedAt.get(id) ?? 0, id, names, before: {} }]
  }))
})
