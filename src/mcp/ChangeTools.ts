/**
 * Tools that change memories, and take back what Claude did last.
 */
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import { EditRequest } from "../domain/Edited.ts"
import { type MemoryUnit, UnitType } from "../domain/MemoryUnit.ts"
import { savedBy } from "../domain/SavedBy.ts"
import { validated } from "../serve/InvalidRequest.ts"
import { feedbackText, plural } from "../serve/Wording.ts"
import { type StoreError, UNDOABLE, type Undone } from "../store/MemoryStore.ts"
import { count } from "./Answer.ts"
import * as Argument from "./Arguments.ts"
import { isOfUser, named } from "./MemoryTools.ts"
import { Consent, noted, type Opened, opened, Refused, Serving, show } from "./Serving.ts"
import { tool } from "./Tool.ts"

const validatedEdit = validated(EditRequest)

/** Asks the user before their own are changed: a text that Claude read may have wanted it. */
const agreed = (unit: MemoryUnit, command: "edit" | "help" | "nohelp") =>
  Effect.gen(function*() {
    if (!(yield* isOfUser(unit))) return
    const isAgreed = yield* Effect.flatMap(
      Consent,
      (ask) => ask(`Change this memory, which is yours?\n- ${named(unit)}`)
    ).pipe(
      Effect.mapError(() =>
        new Refused({
          detail:
            "nothing was changed: the user saved or changed this memory, and this client can't ask them. They can do " +
            `it: claude-memory ${command} ${unit.id.slice(0, 8)}`
        })
      )
    )
    if (!isAgreed) return yield* new Refused({ detail: "nothing was changed: the user did not agree" })
  })

export const edit = tool({
  name: "edit",
  title: "Correct a memory",
  description:
    "Correct what a memory says, its title or its type, by its id: what is left out stays. The change lasts, and " +
    "claude_memory_undo takes it back. The user is asked before their own are changed. 修改, 更正记忆.",
  effect: "changes",
  quotesMemory: true,
  input: Schema.Struct({
    id: Argument.text.annotations({ description: "Id of a memory, or the beginning of one" }),
    content: Argument.optional(
      Argument.text,
      "What it says from now on, whole: at most 1,320 characters (400 of Chinese)"
    ),
    title: Argument.optional(Argument.text, "What it is called from now on"),
    type: Argument.optional(UnitType, "What it is from now on"),
    replaced_by: Argument.optional(Argument.text, "Id of the memory that holds in its place: a search gives that one")
  }),
  output: Schema.Struct({ id: Schema.String, type: Schema.String, title: Schema.String, revision: count }),
  run: ({ id, replaced_by, ...values }) =>
    Effect.gen(function*() {
      const { memory } = yield* opened
      const unit = yield* memory.active((yield* show(id)).unit.id)
      const replacement = replaced_by === undefined
        ? undefined
        : yield* memory.active((yield* show(replaced_by)).unit.id)
      const request = yield* Effect.mapError(
        validatedEdit({
          ...values,
          revisions: [unit.revision ?? 0],
          ...(replacement !== undefined && { replacedBy: replacement.id })
        }),
        ({ message }) => new Refused({ detail: `nothing was changed: ${message}` })
      )
      yield* agreed(unit, "edit")
      // What the user said to hold in its place would be taken back.
      if (replacement?.replacedBy !== undefined) yield* agreed(replacement, "edit")
      const { operation, unit: changed } = yield* Effect.catchTags(memory.edit(unit.id, request, "claude"), {
        Conflict: ({ message }) => new Refused({ detail: message }),
        InvalidRequest: ({ message }) => new Refused({ detail: `nothing was changed: ${message}` })
      })
      yield* noted(operation)
      const { revision = 0, title, type } = changed
      return {
        data: { id: changed.id, type, title, revision },
        text: revision === (unit.revision ?? 0)
          ? "Nothing was changed: it is so already."
          : `Changed: [${changed.id}] ${type}, revision ${revision}: ${title}`
      }
    })
})

export const feedback = tool({
  name: "feedback",
  title: "Say whether a memory helped",
  description:
    "Say of a memory that was put before you at a prompt whether it helped: it is told sooner, or not any more, at prompts that name " +
    "the same of it. Only when the user says so. claude_memory_search finds it as before, and claude_memory_undo takes it back. " +
    "有帮助, 没帮助.",
  effect: "changes",
  quotesMemory: true,
  input: Schema.Struct({
    id: Argument.text.annotations({ description: "Id of a memory, or the beginning of one" }),
    helps: Schema.Boolean.annotations({ description: "True if it helped" }),
    prompt: Argument.optional(
      Argument.text,
      "The prompt of which it is said. Left out: the one at which the memory was told last, or every prompt if no session was told it"
    )
  }),
  output: Schema.Struct({
    id: Schema.String,
    helps: Schema.Boolean,
    words: Schema.Array(Schema.String).annotations({
      description: "Stems of the memory's words by which such prompts are known; none: it is said of every prompt"
    })
  }),
  run: ({ helps, id, prompt }) =>
    Effect.gen(function*() {
      const { memory } = yield* opened
      const told = (yield* show(id)).unit
      const unit = yield* memory.active(told.id)
      // A later word on the same memory is no new question.
      if (savedBy(unit) === "person") yield* agreed(unit, helps ? "help" : "nohelp")
      const { operation, unit: changed, words } = yield* Effect.catchTag(
        memory.feedback(told.id, { helps, prompt }, "claude"),
        "Conflict",
        ({ message }) => new Refused({ detail: message })
      )
      yield* noted(operation)
      return {
        data: { id: changed.id, helps, words },
        text: `[${changed.id}] ${feedbackText({ helps, words }, changed)}: noted. claude_memory_undo takes it back.`
      }
    })
})

/** Undoes the last of this session's changes that is not undone already, by whomever. */
const undoLast = (memory: Opened["memory"]): Effect.Effect<Undone | undefined, Refused | StoreError, Serving> =>
  Effect.gen(function*() {
    const { changes } = yield* Serving
    const operation = (yield* Ref.get(changes)).at(-1)
    if (operation === undefined) return undefined
    const drop = Ref.update(changes, (all) => all.filter((each) => each !== operation))
    return yield* Effect.catchAll(
      Effect.zipLeft(memory.undo("claude", operation), drop),
      (error) =>
        error._tag !== "NotUndoable"
          ? Effect.fail(error)
          : error.reason === "Later"
          ? Effect.fail(new Refused({ detail: error.message }))
          : Effect.zipRight(drop, undoLast(memory))
    )
  })

export const undo = tool({
  name: "undo",
  title: "Undo the last change",
  description:
    "Take back the last correction, feedback or forgetting that Claude made in this session, unless the same was changed " +
    "since: the user undoes what they did themselves, and what other sessions did. 撤销, 恢复.",
  effect: "changes",
  quotesMemory: true,
  input: Schema.Struct({}),
  output: Schema.Struct({
    undone: Schema.NullOr(Schema.Literal(...UNDOABLE)),
    ids: Schema.Array(Schema.String).annotations({ description: "Ids of the memories that are as before" })
  }),
  run: () =>
    Effect.gen(function*() {
      const { memory } = yield* opened
      const undone = yield* undoLast(memory)
      if (undone === undefined) {
        return {
          data: { undone: null, ids: [] },
          text: "Claude did nothing in this session that can be undone; the user can: claude-memory undo --list"
        }
      }
      switch (undone._tag) {
        case "Edit":
          return { data: { undone: "edit" as const, ids: [undone.unitId] }, text: `As before: [${undone.unitId}]` }
        case "Keep":
          return { data: { undone: "keep" as const, ids: [undone.unitId] }, text: `As before: [${undone.unitId}]` }
        case "Feedback":
          return {
            data: { undone: "feedback" as const, ids: [undone.unitId] },
            text: `What was said of it is taken back: [${undone.unitId}]`
          }
        case "Forget": {
          const ids = undone.units.map((unit) => unit.id)
          return {
            data: { undone: "forget" as const, ids },
            text: `Back: ${undone.units.map(named).join(", ")}, and the sentences in ${
              plural(undone.messages, "message")
            }.`
          }
        }
        case "Merge":
          return { data: { undone: "merge" as const, ids: [] }, text: "The two projects are apart again." }
      }
    })
})
