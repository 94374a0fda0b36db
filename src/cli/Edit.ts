/**
 * Changes a memory's words or its type, by options or in the person's editor.
 */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { randomUUID } from "node:crypto"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as App from "../App.ts"
import { EditRequest } from "../domain/Edited.ts"
import { type MemoryUnit, UnitType } from "../domain/MemoryUnit.ts"
import { advice } from "../process/Advice.ts"
import { readStdin } from "../process/Process.ts"
import { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import * as Settings from "../settings/Settings.ts"
import { Editor } from "./Editor.ts"
import * as EditorText from "./EditorText.ts"
import { answer, json, refuse, undoCommand } from "./Output.ts"
import { unitId, wholeNumber } from "./Scope.ts"

/** Bytes read from stdin, or of an edited file: far more than a memory holds, so that a text that is too long is refused and not cut. */
const MAX_INPUT = 1_000_000

/** Changes of a memory: more than anybody makes. */
const MOST_CHANGES = 1_000_000_000

export const options = {
  title: Options.text("title").pipe(Options.withDescription("What it is called from now on"), Options.optional),
  text: Options.text("text").pipe(
    Options.withDescription("What it says from now on; - reads it from stdin"),
    Options.optional
  ),
  type: Options.choice("type", UnitType.literals).pipe(
    Options.withDescription("What it is from now on"),
    Options.optional
  ),
  revision: wholeNumber("revision", 0, MOST_CHANGES).pipe(
    Options.withDescription("The revision that you looked at: if it was changed since, nothing is written"),
    Options.optional
  ),
  json
}

const decode = Schema.decodeUnknown(EditRequest)

const refused = (sentence: string) => refuse(`nothing was changed: ${sentence}`)

/** Keeps what a person wrote and what can't be stored, and says where. */
const keeping = (text: string, sentence: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    // Stays, so it is no temporary folder of the ledger's. Nobody else can make it first.
    const folder = join(tmpdir(), `claude-memory-kept-${randomUUID()}`)
    yield* fs.makeDirectory(folder, { mode: 0o700 })
    const file = join(folder, "memory.md")
    yield* fs.writeFileString(file, text, { mode: 0o600 })
    return yield* refused(`${sentence}. What you wrote is kept in ${file}`)
  })

const messageOf = (error: ParseResult.ParseError) => ParseResult.ArrayFormatter.formatErrorSync(error)[0]!.message

const inEditor = (unit: MemoryUnit) =>
  Effect.gen(function*() {
    const editor = yield* Settings.editor
    if (process.stdin.isTTY !== true || process.stdout.isTTY !== true) {
      return yield* refused("give --title, --text or --type; without them, `edit` opens an editor on a terminal")
    }
    if (Option.isNone(editor)) {
      return yield* refused("set EDITOR (or VISUAL) to your editor, or give --title, --text or --type")
    }
    const text = (yield* Effect.flatMap(Editor, ({ edit }) => edit(editor.value, EditorText.format(unit)))).slice(
      0,
      MAX_INPUT
    )
    const parsed = EditorText.parse(text)
    if (Either.isLeft(parsed)) return yield* keeping(text, parsed.left)
    const { content, title, type } = parsed.right
    const request = yield* Effect.catchAll(
      decode({
        revision: unit.revision ?? 0,
        // Only what differs is the person's own from now on.
        ...(title !== unit.title && { title }),
        ...(type !== unit.type && { type }),
        ...(content !== unit.content.trim() && { content })
      }),
      (error) => keeping(text, messageOf(error))
    )
    return { request, keep: (sentence: string) => keeping(text, sentence) }
  })

export const command = Command.make(
  "edit",
  { id: unitId, ...options },
  ({ id, json, revision, text, title, type }) =>
    Effect.gen(function*() {
      const memory = yield* ClaudeMemory
      const unit = yield* memory.active(id)
      const isGiven = [text, title, type].some(Option.isSome)
      const { keep, request } = isGiven
        ? {
          keep: refused,
          request: yield* Effect.gen(function*() {
            const content = Option.getOrUndefined(text)
            return yield* decode({
              ...(Option.isSome(title) && { title: title.value }),
              ...(Option.isSome(type) && { type: type.value }),
              ...(content !== undefined && { content: content === "-" ? yield* readStdin(MAX_INPUT) : content }),
              ...(Option.isSome(revision) && { revisions: [revision.value] })
            })
          }).pipe(Effect.catchTag("ParseError", (error) => refused(messageOf(error))))
        }
        : yield* inEditor(unit)
      const { operation, unit: changed } = yield* Effect.catchAll(
        memory.edit(unit.id, request, "person"),
        ({ message }) => keep(message)
      )
      const isChanged = changed.revision !== unit.revision
      yield* answer(json, { changed: isChanged, unit: changed, operation }, () =>
        isChanged
          ? [
            `Changed ${changed.id.slice(0, 8)} (${changed.type}, revision ${changed.revision}): ${changed.title}`,
            advice(
              `\`${undoCommand(operation)}\` takes it back for seven days; ` +
                `\`claude-memory history ${changed.id.slice(0, 8)}\` shows what it was.`
            )
          ].join("\n")
          : "Nothing was changed: it is so already.")
    }).pipe(App.provide(Layer.merge(App.service("edit"), Editor.layer)))
).pipe(
  Command.withDescription("Change what a memory says, its title or its type: by options, or in your editor")
)
