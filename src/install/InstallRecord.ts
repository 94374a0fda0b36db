/**
 * <home>/installed: records what was added to which file, and keeps a copy of each file without it, so that removal
 * restores the file to the byte.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { hash } from "../domain/Hash.ts"
import { CODE_CACHE } from "../process/CodeCache.ts"
import * as ConfigFile from "./ConfigFile.ts"

/** Hashes are SHA-256. */
export const Entry = Schema.Struct({
  path: Schema.String,
  /** Hash of the file without our entries; null when there was no file. */
  before: Schema.NullOr(Schema.String),
  /** Hash of the file with our entries. */
  after: Schema.String,
  /** Paths of the properties that the file did not have before. */
  made: Schema.Array(Schema.Array(Schema.Union(Schema.String, Schema.Number))),
  /** Folders created for the file, outermost first. */
  folders: Schema.Array(Schema.String),
  scripts: Schema.Array(Schema.String)
})
export type Entry = Schema.Schema.Type<typeof Entry>

const Record = Schema.parseJson(
  Schema.Struct({ version: Schema.Literal(1), files: Schema.Array(Entry) }),
  { space: 2 }
)

const FOLDER = "installed"

const fileOf = (home: string) => Effect.map(Path.Path, (path) => path.join(home, FOLDER, "record.json"))

const backupOf = (home: string, path: string) =>
  Effect.map(
    Path.Path,
    ({ basename, join }) => join(home, FOLDER, `${hash(path).toString(16).padStart(8, "0")}-${basename(path)}`)
  )

/** Returns the recorded entries; none when the record is missing or unreadable. */
export const load = (home: string): Effect.Effect<ReadonlyArray<Entry>, never, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const text = yield* fs.readFileString(yield* fileOf(home))
    return (yield* Schema.decode(Record)(text)).files
  }).pipe(Effect.orElseSucceed(() => []))

/** Returns the copy of the file without our entries; none when its hash is not the recorded one. */
export const backup = (home: string, { before, path }: Entry) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const bytes = yield* Effect.option(fs.readFile(yield* backupOf(home, path)))
    return Option.filter(bytes, (each) => ConfigFile.hashOf(each) === before)
  })

const write = (path: string, bytes: Uint8Array) =>
  Effect.flatMap(ConfigFile.read(path), (file) => ConfigFile.replace(file, bytes))

const save = (home: string, files: ReadonlyArray<Entry>) =>
  Effect.gen(function*() {
    const text = yield* Effect.orDie(Schema.encode(Record)({ version: 1, files }))
    yield* write(yield* fileOf(home), new TextEncoder().encode(`${text}\n`))
  })

/** Replaces the entry of this file. `bytes` is the file without our entries, when a new copy must be kept. */
export const remember = (home: string, entry: Entry, bytes: Uint8Array | undefined) =>
  Effect.gen(function*() {
    if (bytes !== undefined) yield* write(yield* backupOf(home, entry.path), bytes)
    const others = (yield* load(home)).filter(({ path }) => path !== entry.path)
    yield* save(home, [...others, entry])
  })

/**
 * Removes all entries but those of the files at `kept`. When none is left, removes the code cache too, and the home if
 * it is empty.
 */
export const forget = (home: string, kept: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const remaining = (yield* load(home)).filter((entry) => kept.includes(entry.path))
    if (remaining.length > 0) return yield* save(home, remaining)
    for (const name of [FOLDER, CODE_CACHE]) {
      yield* Effect.ignore(fs.remove(path.join(home, name), { recursive: true }))
    }
    yield* ConfigFile.removeEmpty(home)
  })
