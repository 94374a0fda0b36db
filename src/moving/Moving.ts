/**
 * Brings the records of another memory into ours: records → masked → units → store, batch by batch, each in one transaction. What was
 * brought in before stays as it is here, so that a later run brings only what is new.
 */
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { maskParagraphs } from "../capture/redact/Masking.ts"
import { stripFence } from "../domain/Injection.ts"
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import * as EventLoop from "../resources/EventLoop.ts"
import { MemoryStore } from "../store/MemoryStore.ts"
import type { ForeignMemory, ForeignRead, ForeignRecord, Source } from "./ForeignMemory.ts"
import { makePlace, type Placed } from "./Places.ts"
import { originOf, unitsOf } from "./Units.ts"

/** What became of a batch of records: read = moved + there + the sum of `skipped`. */
export interface Moved {
  readonly _tag: "Moved"
  readonly read: number
  /** Records that are memories now, or would be. One that has changed there since an earlier run replaces what it was. */
  readonly moved: number
  /** Records that were brought in before. */
  readonly there: number
  readonly skipped: Readonly<Record<string, number>>
  /** Memories of the moved records. */
  readonly units: ReadonlyArray<MemoryUnit>
  /** Records that are longer than a memory may be, and so became several. */
  readonly split: number
  /** Records of which the end of an over-long field was not read, and its characters. */
  readonly cut: { readonly records: number; readonly characters: number }
  /** Keywords and files beyond those that a memory may have. */
  readonly leftOut: number
  /** Moved records without a date: they count as of today. */
  readonly undated: number
  readonly redactions: Readonly<Record<string, number>>
  /** Where the moved records went, and how many. */
  readonly places: ReadonlyArray<{ readonly placed: Placed; readonly records: number }>
}

/** Reason for which a record of an excluded project is skipped. */
export const EXCLUDED = "of a project that is excluded here"

/** Records in a batch, which bounds a transaction. */
const BATCH = 16

/** Masks what a record says. Its paragraphs are one text, of which a private passage may be any part. */
const masked = (records: ReadonlyArray<ForeignRecord>) =>
  Effect.gen(function*() {
    const texts = records.flatMap(({ files, keywords, paragraphs, summary, title }) => [
      paragraphs.map(stripFence),
      ...[title, summary, ...keywords, ...files].map((text) => [stripFence(text)])
    ])
    const { counts, texts: all } = yield* maskParagraphs(texts)
    let next = 0
    const take = () => all[next++] ?? []
    const takeText = () => take()[0] ?? ""
    return {
      counts,
      records: records.map((record): ForeignRecord => ({
        ...record,
        paragraphs: take(),
        title: takeText(),
        summary: takeText(),
        keywords: record.keywords.map(takeText),
        files: record.files.map(takeText)
      }))
    }
  })

const countsOf = (names: ReadonlyArray<string>): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = Object.create(null)
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  return { ...counts }
}

/** Returns what becomes of a record, by the units that it makes. */
const fateOf = (units: ReadonlyArray<MemoryUnit>, allowed: ReadonlySet<string>, stored: ReadonlySet<string>) => {
  if (units.length === 0) return "empty"
  const rest = units.filter(({ id }) => allowed.has(id))
  if (rest.length === 0) return "forgotten here"
  return rest.every(({ id }) => stored.has(id)) ? "there" : "moved"
}

const idsOf = (units: ReadonlyArray<MemoryUnit>): ReadonlySet<string> => new Set(units.map(({ id }) => id))

interface Wanted {
  readonly origin: string
  readonly placed: Placed
  readonly record: ForeignRecord
}

/** Separates the records that may be brought in from those that are skipped, with the reason. */
const select = <E, R>(
  reads: ReadonlyArray<ForeignRead>,
  { now, placeOf, seen, source }: {
    readonly source: Source
    readonly placeOf: (name: string) => Effect.Effect<Placed, E, R>
    /** Origins of earlier records. */
    readonly seen: Set<string>
    readonly now: number
  }
) =>
  Effect.gen(function*() {
    const skipped: Array<string> = []
    const wanted: Array<Wanted> = []
    for (const read of reads) {
      if (read._tag === "Skipped") {
        skipped.push(read.reason)
        continue
      }
      const placed = yield* placeOf(read.project)
      const origin = originOf(source, read)
      if (placed.isExcluded) skipped.push(EXCLUDED)
      else if (read.expiresAt !== null && read.expiresAt <= now) skipped.push("expired")
      else if (seen.has(origin)) skipped.push("the same as another")
      else {
        seen.add(origin)
        wanted.push({ origin, placed, record: read })
      }
    }
    return { skipped, wanted }
  })

/** Counts the moved records by where they went. */
const placesOf = (written: ReadonlyArray<Pick<Wanted, "placed">>): Moved["places"] => {
  const counts = new Map<Placed, number>()
  for (const { placed } of written) counts.set(placed, (counts.get(placed) ?? 0) + 1)
  return Array.from(counts, ([placed, records]) => ({ placed, records }))
}

/** Brings in a batch, or in a dry run only says what would become of it. */
const bring = <E, R>(
  reads: ReadonlyArray<ForeignRead>,
  options: Omit<Parameters<typeof select<E, R>>[1], "now"> & { readonly isDryRun: boolean }
) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const now = yield* Clock.currentTimeMillis
    const { skipped, wanted } = yield* select(reads, { ...options, now })
    const { counts, records } = yield* masked(wanted.map(({ record }) => record))
    const made = wanted.map(({ origin, placed, record: raw }, i) => {
      const units = unitsOf(records[i]!, { source: options.source, origin, projectId: placed.project.id, now })
      return { origin, placed, raw, ...units }
    })
    const units = made.flatMap((each) => each.units)
    const allowed = idsOf(yield* store.permitted(units))
    const stored = idsOf(yield* store.units(units.map(({ id }) => id)))
    const fates = made.map((each) => fateOf(each.units, allowed, stored))
    const written = made.filter((_, i) => fates[i] === "moved")
      .map((each) => ({ ...each, units: each.units.filter(({ id }) => allowed.has(id)) }))
    if (!options.isDryRun && written.length > 0) {
      const projects = new Map(written.map(({ placed: { project } }) => [project.id, project]))
      yield* Effect.forEach(projects.values(), store.addProject, { discard: true })
      yield* store.replaceAll(written.map(({ origin }) => origin), written.flatMap((each) => each.units))
    }
    const isAll = written.length === made.length
    const cut = written.map(({ raw }) => raw.cut).filter((characters) => characters > 0)
    const moved: Moved = {
      _tag: "Moved",
      read: reads.length,
      moved: written.length,
      there: fates.filter((fate) => fate === "there").length,
      skipped: countsOf([...skipped, ...fates.filter((fate) => fate === "empty" || fate === "forgotten here")]),
      units: written.flatMap((each) => each.units),
      split: written.filter((each) => each.units.length > 1).length,
      cut: { records: cut.length, characters: cut.reduce((sum, characters) => sum + characters, 0) },
      leftOut: written.reduce((sum, { leftOut }) => sum + leftOut, 0),
      undated: written.filter(({ raw }) => raw.occurredAt === undefined).length,
      redactions: isAll ? counts : (yield* masked(written.map(({ raw }) => raw))).counts,
      places: placesOf(written)
    }
    // Signals are handled between two batches.
    yield* EventLoop.turn
    return moved
  })

/** Brings another memory into this one, and emits what became of each batch. A dry run writes nothing, and emits the same. */
export const moveIn = (memory: ForeignMemory["Type"], isDryRun: boolean) =>
  Stream.unwrap(Effect.gen(function*() {
    const { source } = memory
    const place = yield* makePlace(source)
    const projects = new Map(memory.projects.map((project) => [project.name, project]))
    const placeOf = yield* Effect.cachedFunction((name: string) =>
      place(projects.get(name) ?? { name, folders: [], files: [] })
    )
    const seen = new Set<string>()
    return Stream.mapEffect(
      Stream.grouped(memory.records, BATCH),
      (reads) => bring(Chunk.toReadonlyArray(reads), { source, placeOf, seen, isDryRun })
    )
  }))
