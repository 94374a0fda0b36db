/**
 * Writes the files with what is told of each project when a session begins (domain/OpeningFile.ts). The store deletes a
 * file before it changes what is in it, and excludes others from writing meanwhile.
 */
import * as Arr from "effect/Array"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"
import { existsSync, statSync } from "node:fs"
import { basename, join } from "node:path"
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import {
  databaseOf,
  type FileUnit,
  FORM,
  type Left,
  nameOf,
  type OpeningFile,
  temporaryOf
} from "../domain/OpeningFile.ts"
import type { KnownProject } from "../domain/Project.ts"
import { messageOf } from "../domain/Thrown.ts"
import { version } from "../process/version.ts"
import { makeFolder, replaceFile } from "../resources/Disk.ts"
import * as EventLoop from "../resources/EventLoop.ts"
import { MemoryStore } from "../store/MemoryStore.ts"
import { left } from "./Opening.ts"
import { current, textsOf, wholeOf } from "./OpeningText.ts"

class OpeningsError extends Schema.TaggedError<OpeningsError>()("OpeningsError", { cause: Schema.Defect }) {
  override get message() {
    return `the file of a session's start can't be written, so that it takes longer: ${messageOf(this.cause)}`
  }
}

/** Most transcripts of a project whose size is written down. */
const MAX_TRANSCRIPTS = 50

/** Projects whose files are written in one transaction, each of which reads all projects: others write between two. */
const AT_ONCE = 50

/** What the files of a project's keys share. */
type Content = Omit<OpeningFile, "database" | "form" | "key" | "version">

const NOTHING: Left<FileUnit> = { pinned: [], unreadPins: 0, archives: [], decisions: [], branches: {} }

/** Fields of a unit that a file holds. */
const FIELDS = [
  "content",
  "files",
  "id",
  "occurredAt",
  "origin",
  "projectId",
  "sessionId",
  "summary",
  "supersededBy",
  "title",
  "tokens",
  "type"
] as const

const fileUnitOf = (unit: MemoryUnit): FileUnit => {
  const left = Struct.pick(unit, ...FIELDS)
  return { ...left, texts: textsOf(left) }
}

const filePinOf = (unit: MemoryUnit): FileUnit => {
  const left = fileUnitOf(unit)
  return { ...left, texts: { ...left.texts, whole: wholeOf(unit) } }
}

const indicesOf = (units: ReadonlyArray<FileUnit>, kept: ReadonlyArray<FileUnit>) =>
  kept.map((unit) => units.indexOf(unit))

const keysOf = ({ key, merged }: KnownProject) => [key, ...merged.map((project) => project.key)]

const make = (folder: string, database: string) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore

    const contentOf = ({ id, isExcluded }: KnownProject) =>
      Effect.gen(function*() {
        const found = isExcluded ? undefined : yield* left(store, { projects: [id] })
        const content = found === undefined
          ? NOTHING
          : {
            ...found,
            pinned: found.pinned.map(filePinOf),
            archives: found.archives.map(fileUnitOf),
            decisions: found.decisions.map(fileUnitOf)
          }
        const { archives, decisions } = current(content)
        const transcripts = isExcluded ? [] : yield* store.transcripts(id, MAX_TRANSCRIPTS)
        return {
          isExcluded,
          left: content,
          current: {
            archives: indicesOf(content.archives, archives),
            decisions: indicesOf(content.decisions, decisions)
          },
          // Of two with one name, that which was read last.
          transcripts: Object.fromEntries(
            transcripts.toReversed().map(({ path, remembered }) => [basename(path), remembered])
          )
        } satisfies Content
      })

    const replace = (key: string, content: Content) =>
      Effect.try({
        try: () => {
          const file = join(folder, nameOf(key))
          makeFolder(folder)
          const made: OpeningFile = { form: FORM, version, database: databaseOf(statSync(database)), key, ...content }
          replaceFile(file, JSON.stringify(made), temporaryOf(file))
        },
        catch: (cause) => new OpeningsError({ cause })
      })

    /** Writes the files of projects in a transaction, so that no process changes one of them in between. */
    const write = (ids: ReadonlySet<string>) =>
      store.transaction(Effect.gen(function*() {
        for (const project of (yield* store.projects).filter(({ id }) => ids.has(id))) {
          const content = yield* contentOf(project)
          for (const key of keysOf(project)) yield* replace(key, content)
        }
      }))

    const isMissing = (project: KnownProject) => keysOf(project).some((key) => !existsSync(join(folder, nameOf(key))))

    return {
      refresh: (which: "all" | "missing") =>
        Effect.gen(function*() {
          const wanted = (yield* store.projects).filter((project) => which === "all" || isMissing(project))
          for (const some of Arr.chunksOf(wanted, AT_ONCE)) {
            yield* write(new Set(some.map(({ id }) => id)))
            // No signal is heard, and nothing else done, while one follows another.
            yield* EventLoop.turn
          }
        }).pipe(Effect.catchAll((error) => Effect.logDebug(error.message)))
    }
  })

/** Writes nothing unless a layer is provided. */
export class Openings extends Context.Reference<Openings>()("claude-memory/Openings", {
  defaultValue: (): {
    /** Writes the files of all projects, or those that are missing. Where it can't, a start reads the database. */
    readonly refresh: (which: "all" | "missing") => Effect.Effect<void>
  } => ({ refresh: () => Effect.void })
}) {}

/** Writes the files into this folder, from the database in that file. */
export const layer = (folder: string, database: string) => Layer.effect(Openings, make(folder, database))
