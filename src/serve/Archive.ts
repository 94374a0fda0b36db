/**
 * Writes the memory as an archive of lines (domain/Archive.ts), and takes one in.
 */
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import { maskTexts } from "../capture/redact/Masking.ts"
import * as Archive from "../domain/Archive.ts"
import { evidence, MAX_EVIDENCE, weightedLength } from "../domain/MemoryUnit.ts"
import { MemoryStore, type TakenIn } from "../store/MemoryStore.ts"

/**
 * An archive that can't be written or taken in. What was taken in before `line` stays, and the whole can be taken in
 * again.
 */
export class ArchiveError extends Schema.TaggedError<ArchiveError>()("ArchiveError", {
  /** Number of the line that can't be taken in, from 1; 0 for the whole. */
  line: Schema.Int,
  detail: Schema.String
}) {
  override get message() {
    return this.line === 0 ? this.detail : `line ${this.line}: ${this.detail}`
  }
}

const failed = (line: number, detail: string) => Effect.fail(new ArchiveError({ line, detail }))

/** Entries that are read at a time. */
const PAGE = 200
/** Entries, and characters, that are taken in at a time: some tenths of a second. */
const ENTRIES = 200
const CHARACTERS = 1_000_000
/** Longest content of a unit that is taken in: three times what any version has made. */
const MAX_CONTENT = 4_000

/** Limits an archive to projects, by their ids. */
export type Scope = ReadonlyArray<string> | "all"

const entriesOf = (kind: Archive.Kind) =>
  Stream.unwrap(Effect.map(MemoryStore, (store) =>
    Stream.paginateChunkEffect("", (after) =>
      Effect.map(
        store.archived(kind, after, PAGE),
        ({ entries, next }) => [Chunk.unsafeFromArray(entries), Option.fromNullable(next)] as const
      ))))

/** A digest of what was forgotten until now. */
const forgotten = Effect.suspend(() =>
  Stream.runFold(entriesOf("forgotten"), createHash("sha256"), (hash, entry) => hash.update(JSON.stringify(entry)))
).pipe(Effect.map((hash) => hash.digest("base64")))

/** Fails at the end of what is read from the memory when anything was forgotten meanwhile: it may have been read before. */
export const unlessForgotten = <E, R>(lines: Stream.Stream<string, E, R>) =>
  Stream.unwrap(Effect.map(forgotten, (before) =>
    Stream.concat(
      lines,
      Stream.execute(Effect.flatMap(forgotten, (after) =>
        after === before
          ? Effect.void
          : failed(0, "something was forgotten while it was written, and may be in it; run it again")))
    )))

/** Emits the lines of an archive, without their ends. What is written meanwhile may be missing. */
export const lines = (scope: Scope) =>
  Stream.suspend(() => {
    const sessions = new Set<string>()
    const isIn = (projectId: string) => scope === "all" || scope.includes(projectId)
    /** Keeps what is of the projects; sessions come before messages. */
    const isWanted = (entry: Archive.Entry): boolean => {
      if ("session" in entry && isIn(entry.session.projectId)) sessions.add(entry.session.id)
      return "project" in entry
        ? isIn(entry.project.id)
        : "session" in entry
        ? sessions.has(entry.session.id)
        : "message" in entry
        ? scope === "all" || sessions.has(entry.message.sessionId)
        : "unit" in entry
        ? isIn(entry.unit.projectId)
        : true
    }
    const counts: Partial<Record<Archive.Kind, number>> = {}
    const head = Effect.gen(function*() {
      const store = yield* MemoryStore
      const made: Archive.Head = {
        format: "claude-memory",
        version: Archive.VERSION,
        memory: yield* store.identity,
        exportedAt: yield* Clock.currentTimeMillis
      }
      return JSON.stringify(made)
    })
    const body = Stream.fromIterable(Archive.KINDS).pipe(
      Stream.flatMap(entriesOf),
      Stream.filter(isWanted),
      Stream.map((entry) => {
        const kind = Archive.kindOf(entry)
        counts[kind] = (counts[kind] ?? 0) + 1
        return JSON.stringify(entry)
      })
    )
    return Stream.concat(
      unlessForgotten(Stream.concat(Stream.fromEffect(head), body)),
      Stream.fromEffect(Effect.sync(() => JSON.stringify({ end: counts })))
    )
  })

const decodeHead = Schema.decodeUnknownEither(Schema.parseJson(Archive.Head))
const decodeEntry = Schema.decodeUnknownEither(Schema.parseJson(Schema.Union(Archive.Entry, Archive.Tail)))

const checkHead = (line: string) =>
  Either.match(decodeHead(line), {
    onLeft: () => failed(1, "this is no archive of claude-memory: its first line names the format"),
    onRight: (head) =>
      head.version > Archive.VERSION
        ? failed(
          1,
          `it was written by a newer claude-memory (format ${head.version}, this one knows ${Archive.VERSION}); update claude-memory`
        )
        : Effect.succeed(head)
  })

const isTooLong = (entry: Archive.Entry) => "unit" in entry && weightedLength(entry.unit.content) > MAX_CONTENT

/** What was taken in so far, and how many entries were read. */
export interface Taking extends TakenIn {
  readonly read: number
}

export const NOTHING: Taking = { read: 0, messages: 0, units: 0, forgotten: 0 }

/** An entry, and the characters of its line. */
interface Sized {
  readonly entry: Archive.Entry
  readonly length: number
}

/** Entries that are taken in at once. */
interface Batch {
  readonly entries: ReadonlyArray<Archive.Entry>
  /** Origin of the last unit, when more units of it may follow. */
  readonly unfinished: string | undefined
}

const originOf = (entry: Archive.Entry): string | undefined => "unit" in entry ? entry.unit.origin : undefined

const NONE = { held: Chunk.empty<Archive.Entry>(), length: 0 }

/** Applies `change` to each text and name of an entry. Ids, and the folder by which a project is known, stay. */
const withTexts = (entry: Archive.Entry, change: (text: string) => string): Archive.Entry => {
  const ifString = <A>(value: string | A) => typeof value === "string" ? change(value) : value
  if ("project" in entry) return { project: { ...entry.project, name: change(entry.project.name) } }
  if ("session" in entry) return { session: { ...entry.session, title: ifString(entry.session.title) } }
  if ("message" in entry) {
    const blocks = entry.message.blocks.map((block) => ({
      ...block,
      text: change(block.text),
      ...(block.file !== undefined && { file: change(block.file) })
    }))
    return { ...entry, message: { ...entry.message, blocks } }
  }
  if (!("unit" in entry)) return entry
  const { changed, unit } = entry
  const content = change(unit.content)
  return {
    unit: {
      ...unit,
      // In other words it quotes no message, and still cites those that it came from.
      ...(content !== unit.content && { passages: [], also: evidence(unit).slice(0, MAX_EVIDENCE) }),
      title: change(unit.title),
      summary: change(unit.summary),
      content,
      keywords: unit.keywords.map(change),
      files: unit.files.map(change)
    },
    ...(changed !== undefined &&
      { changed: { ...changed, title: ifString(changed.title), content: ifString(changed.content) } })
  }
}

/** Ends each text that is masked, so that none goes on in the next one. */
const END = ";"

/** Masks what another memory, or another version, did not. What is masked already stays as it is. */
const masked = (entries: ReadonlyArray<Archive.Entry>) =>
  Effect.gen(function*() {
    const texts = new Set<string>()
    for (const entry of entries) {
      withTexts(entry, (text) => {
        texts.add(text)
        return text
      })
    }
    const all = [...texts]
    const done = yield* maskTexts(all.flatMap((text) => [text, END]))
    const byText = new Map(all.map((text, i) => [text, done[2 * i]!]))
    return entries.map((entry) => withTexts(entry, (text) => byText.get(text) ?? text))
  })

/** Puts entries into batches. When the entries fail, emits those that came before, and fails then. */
const batches = <E, R>(entries: Stream.Stream<Sized, E, R>, isWhole: () => boolean): Stream.Stream<Batch, E, R> =>
  Stream.concat(Stream.map(Stream.either(entries), Option.some), Stream.make(Option.none())).pipe(
    Stream.mapAccum(NONE, ({ held, length }, next): readonly [typeof NONE, ReadonlyArray<Either.Either<Batch, E>>] => {
      const last = Option.flatMapNullable(Chunk.last(held), originOf)
      const batch = (isUnfinished: (origin: string) => boolean) =>
        Chunk.isEmpty(held) ? [] : [Either.right({
          entries: Chunk.toReadonlyArray(held),
          unfinished: Option.getOrUndefined(Option.filter(last, isUnfinished))
        })]
      if (Option.isNone(next)) return [NONE, batch(() => !isWhole())]
      if (Either.isLeft(next.value)) return [NONE, [...batch(() => true), Either.left(next.value.left)]]
      const { entry, length: more } = next.value.right
      return Chunk.size(held) < ENTRIES && length + more <= CHARACTERS
        ? [{ held: Chunk.append(held, entry), length: length + more }, []]
        : [{ held: Chunk.of(entry), length: more }, batch((origin) => origin === originOf(entry))]
    }),
    Stream.flattenIterables,
    Stream.mapEffect((each) => each)
  )

/**
 * Takes in the lines of an archive, a few at a time; emits how far it has come. A line that can't be taken in ends it: what came before
 * stays, and the whole can be taken in again.
 */
export const takeIn = <E, R>(archive: Stream.Stream<string, E, R>) =>
  Stream.unwrap(Effect.map(MemoryStore, (store) => {
    const read: Partial<Record<string, number>> = {}
    let memory = ""
    let isWhole = false
    const parse = (line: string, index: number): Effect.Effect<ReadonlyArray<Sized>, ArchiveError> =>
      Effect.gen(function*() {
        if (index === 0) {
          memory = (yield* checkHead(line)).memory
          return []
        }
        if (isWhole) return line === "" ? [] : yield* failed(index + 1, "it comes after the end of the archive")
        if (line.length > Archive.MAX_LINE) {
          return yield* failed(index + 1, `it has over ${Archive.MAX_LINE} characters`)
        }
        const decoded = decodeEntry(line)
        if (Either.isLeft(decoded)) {
          return yield* failed(
            index + 1,
            "it is torn, or nothing that an archive holds; what came before it was taken in. Get the file whole, and take it in again"
          )
        }
        const entry = decoded.right
        if ("end" in entry) {
          const missing = Archive.KINDS.find((kind) => (entry.end[kind] ?? 0) !== (read[kind] ?? 0))
          if (missing !== undefined) {
            return yield* failed(
              index + 1,
              `there should be ${entry.end[missing] ?? 0} of "${missing}", and ${read[missing] ?? 0} came`
            )
          }
          isWhole = true
          return []
        }
        if (isTooLong(entry)) return yield* failed(index + 1, `a memory's content has over ${MAX_CONTENT} characters`)
        const kind = Archive.kindOf(entry)
        read[kind] = (read[kind] ?? 0) + 1
        return [{ entry, length: line.length }]
      })
    const entries = archive.pipe(
      Stream.zipWithIndex,
      Stream.mapEffect(([line, index]) => parse(line, index)),
      Stream.flattenIterables
    )
    const taken = Stream.mapEffect(batches(entries, () => isWhole), ({ entries, unfinished }) =>
      Effect.map(
        Effect.flatMap(masked(entries), (entries) => store.takeIn(entries, { memory, unfinished })),
        (taken): Taking => ({ ...taken, read: entries.length })
      ))
    const end = Stream.execute(Effect.suspend(() =>
      isWhole
        ? Effect.void
        : failed(0, "the archive ends before its end: what it holds was taken in; get it whole, and take it in again")
    ))
    return Stream.concat(taken, end)
  }))
