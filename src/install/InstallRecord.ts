/**
 * What was put into which file, and those files as they are without it: <home>/installed, so that it can be taken out to the byte.
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
  /** Of the file without what was put in; null is no file. */
  before: Schema.NullOr(Schema.String),
  after: Schema.String,
  /** Properties that the file did not have. */
  made: Schema.Array(Schema.Array(Schema.Union(Schema.String, Schema.Number))),
  /** Made for it, the outermost first. */
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

/** None where there is none, or none that can be read. */
export const load = (home: string): Effect.Effect<ReadonlyArray<Entry>, never, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const text = yield* fs.readFileString(yield* fileOf(home))
    return (yield* Schema.decode(Record)(text)).files
  }).pipe(Effect.orElseSucceed(() => []))

/** The file as it is without us; none where that is not what the record says. */
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

/** In place of what was known of its file. `bytes` is the file without us, where it is to be kept anew. */
export const remember = (home: string, entry: Entry, bytes: Uint8Array | undefined) =>
  Effect.gen(function*() {
    if (bytes !== undefined) yield* write(yield* backupOf(home, entry.path), bytes)
    const others = (yield* load(home)).filter(({ path }) => path !== entry.path)
    yield* save(home, [...others, entry])
  })

/** All of it but what is said of the files at `kept`. When nothing is, what runs left for its next start goes too, and an empty home. */
export const forget = (home: string, kept: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const left = (yield* load(home)).filter((entry) => kept.includes(entry.path))
    if (left.length > 0) return yield* save(home, left)
    for (const name of [FOLDER, CODE_CACHE]) {
      yield* Effect.ignore(fs.remove(path.join(home, name), { recursive: true }))
    }
    yield* ConfigFile.removeEmpty(home)
  })
