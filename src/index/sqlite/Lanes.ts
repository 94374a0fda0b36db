/**
 * Keeps the vectors of projects in this process, as long as searches ask for them.
 */
import type { SqlClient } from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Scored } from "../../domain/Best.ts"
import type { SearchFilter } from "../../domain/Search.ts"
import * as EventLoop from "../../resources/EventLoop.ts"
import * as Permits from "../../resources/Permits.ts"
import { currentVersion } from "../../store/sqlite/migrations.ts"
import { listed } from "../../store/sqlite/SqliteFilter.ts"
import * as VectorSpace from "./VectorSpace.ts"

/** Vectors that are read at a time, and after how many others come between: a millisecond each. */
const CHUNK = 4_096
const CHUNKS_AT_ONCE = 8
/** Time after which vectors that nobody asked for are given back. */
const IDLE_MS = 60_000

/** What a project's vectors are known by: the table has more once `last` has grown, and others once `replaced` has. */
interface Mark {
  readonly last: number
  readonly replaced: number
}

interface Kept extends VectorSpace.Lane {
  mark: Mark
}

interface Space {
  readonly vectors: VectorSpace.VectorSpace
  readonly lanes: Map<string, Kept>
  usedAt: number
}

/** What is searched: the vectors of an index that are of these projects, and of the rows of units at which `rows` has a 1, where it is given. */
export interface Searched {
  readonly id: number
  readonly dimension: number
  readonly projects: SearchFilter["projects"]
  readonly rows?: Uint8Array
}

/** Vectors, one after another, and the list of their rows. */
interface Chunk {
  readonly rows: string | null
  readonly vectors: Uint8Array | null
}

/** Why there are no vectors, for people. */
interface Unavailable {
  readonly message: string
}

const TOO_MANY: Unavailable = {
  message: "there is not enough memory for its vectors; keep them in Qdrant (CLAUDE_MEMORY_QDRANT_URL)"
}
const EARLIER: Unavailable = {
  message: "an earlier version made it; the next session of Claude Code, or `claude-memory import`, changes it"
}
/** First version of the schema whose vectors lie by project. A reader does not migrate. */
const BY_PROJECT = 9

const NO_SIMD: Unavailable = {
  message: "this Node runs no WebAssembly with SIMD, by which vectors are compared; words are found without it"
}

const makeSpace = (dimension: number) =>
  Effect.try({
    try: (): Space => ({ vectors: VectorSpace.make(dimension), lanes: new Map(), usedAt: 0 }),
    catch: () => NO_SIMD
  })

const append = (space: Space, kept: Kept, chunk: Chunk) =>
  Effect.try({
    try: () => {
      const rows = listed([chunk])
      space.vectors.append(kept, rows, chunk.vectors ?? new Uint8Array())
      kept.mark = { ...kept.mark, last: rows.at(-1) ?? kept.mark.last }
      return rows.length
    },
    catch: () => TOO_MANY
  })

export const make = (reader: SqlClient) =>
  Effect.gen(function*() {
    const spaces = new Map<string, Space>()
    const oneAtATime = Permits.make(1)

    const release = Effect.map(Clock.currentTimeMillis, (now) => {
      for (const [key, { usedAt }] of spaces) if (now - usedAt >= IDLE_MS) spaces.delete(key)
    })
    const used = yield* Effect.makeLatch()
    // Gives back what is idle until nothing is kept, and then waits for the next search.
    yield* used.await.pipe(
      Effect.zipRight(used.close),
      Effect.zipRight(Effect.repeat(Effect.delay(release, IDLE_MS / 2), { until: () => spaces.size === 0 })),
      Effect.forever,
      Effect.forkScoped
    )

    /** One row for many vectors, which is ten times as fast: `group_concat` takes the bytes of a blob as they are. */
    const chunkAfter = ({ dimension, id }: Searched, project: string, last: number) =>
      reader<Chunk>`SELECT CAST(group_concat(vector, '') AS BLOB) AS vectors, group_concat(unit_row) AS rows FROM (
        SELECT unit_row, vector FROM vectors WHERE index_id = ${id} AND project_id = ${project}
          AND unit_row > ${last} AND length(vector) = ${dimension} ORDER BY unit_row LIMIT ${CHUNK})`

    const read = (space: Space, searched: Searched, project: string, kept: Kept, mark: Mark) =>
      Effect.gen(function*() {
        for (let chunks = 1;; chunks++) {
          const [chunk] = yield* chunkAfter(searched, project, kept.mark.last)
          if ((yield* append(space, kept, chunk!)) < CHUNK) break
          if (chunks % CHUNKS_AT_ONCE === 0) yield* EventLoop.turn
        }
        kept.mark = mark
      })

    /** Returns the vectors of the projects as they are now, from memory as far as they are there. */
    const lanesOf = (space: Space, searched: Searched) =>
      Effect.gen(function*() {
        const { id, projects } = searched
        if ((yield* currentVersion(reader)) < BY_PROJECT) return yield* Effect.fail(EARLIER)
        const marks = yield* reader<Mark & { project: string }>`SELECT project_id AS project, last, replaced
          FROM vector_lanes WHERE index_id = ${id}`
        const lanes: Array<Kept> = []
        for (const { project, ...mark } of marks) {
          const before = space.lanes.get(project)
          const isSame = before?.mark.replaced === mark.replaced
          if (before !== undefined && !isSame) {
            space.vectors.free(before)
            space.lanes.delete(project)
          }
          if (projects !== "all" && !projects.includes(project)) continue
          const kept = before !== undefined && isSame ? before : { blocks: [], mark: { ...mark, last: 0 } }
          space.lanes.set(project, kept)
          if (kept.mark.last < mark.last) yield* read(space, searched, project, kept, mark)
          lanes.push(kept)
        }
        return lanes
      })

    /** Finds the rows of the nearest vectors, best first. */
    const nearest = (
      searched: Searched,
      vector: Int8Array,
      limit: number
    ): Effect.Effect<ReadonlyArray<Scored>, SqlError | Unavailable> =>
      Effect.gen(function*() {
        const { dimension, id, rows } = searched
        const key = `${id} ${dimension}`
        const space = spaces.get(key) ?? (yield* makeSpace(dimension))
        spaces.set(key, space)
        space.usedAt = yield* Clock.currentTimeMillis
        yield* used.open
        const lanes = yield* Effect.tapError(lanesOf(space, searched), () => Effect.sync(() => spaces.delete(key)))
        const comparing = space.vectors.nearest(vector, lanes, limit, rows)
        for (;;) {
          const step = comparing.next()
          if (step.done === true) return step.value
          yield* EventLoop.turn
        }
      })

    return { nearest: (...asked: Parameters<typeof nearest>) => oneAtATime(nearest(...asked)) }
  })
