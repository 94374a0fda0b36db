/**
 * Questions whose lists, units and neighbours are read from a memory once, so that a search of each takes a millisecond.
 */
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { YieldWrap } from "effect/Utils"
import type { MemoryUnit } from "../../../src/domain/MemoryUnit.ts"
import type { SearchQuery } from "../../../src/domain/Search.ts"
import { lazily, runAtOnce } from "../../../src/domain/Steps.ts"
import { VectorIndex } from "../../../src/index/VectorIndex.ts"
import { ModelManager } from "../../../src/models/ModelManager.ts"
import type { Ranking } from "../../../src/retrieve/Ranking.ts"
import { embeddedOf } from "../../../src/retrieve/Retriever.ts"
import {
  CHINESE_WORDS,
  type Dense,
  LANE_LIMIT,
  NO_DENSE,
  search,
  searchLanes,
  termsFor
} from "../../../src/retrieve/Search.ts"
import * as Terms from "../../../src/retrieve/Terms.ts"
import { MemoryStore, type StoreError } from "../../../src/store/MemoryStore.ts"
import type { Reads } from "../../../src/store/Reads.ts"
import { service, temporaryFolder } from "../../../test/script.ts"
import { type Chat, memory, memoryIn, type Question, remember } from "./chats.ts"
import { labelledIn } from "./questions.ts"
import { imported } from "./transcripts.ts"

/** Results of a search; nothing after these counts as found. */
const LIMIT = 20

/** A question, with what a search of it reads. */
export interface Asked {
  readonly set: string
  /** Conversation or session that answers: a fold. */
  readonly fold: string
  readonly query: SearchQuery
  readonly reads: Reads<never>
  readonly dense: Dense
  /** Ids of the units that answer each piece of it. */
  readonly groups: ReadonlyArray<ReadonlySet<string>>
}

interface Labelled {
  readonly set: string
  readonly fold: string
  readonly text: string
  readonly projects: SearchQuery["projects"]
  readonly groups: ReadonlyArray<(unit: MemoryUnit) => boolean>
}

const unitsIn = (store: MemoryStore["Type"]) =>
  Effect.gen(function*() {
    const ids: Array<string> = []
    for (;;) {
      const more = yield* store.unitIds(ids.at(-1) ?? "", 1_000)
      if (more.length === 0) return yield* store.units(ids)
      ids.push(...more)
    }
  })

/** Reads from a memory all that searches of these questions read. */
const readOnce = (questions: ReadonlyArray<Labelled>) =>
  Effect.gen(function*() {
    const [store, index, models] = [yield* MemoryStore, yield* VectorIndex, yield* ModelManager]
    const known = yield* unitsIn(store)
    const units = new Map(known.map((unit) => [unit.id, unit]))
    const neighbours = Arr.groupBy(yield* store.neighbours([...units.keys()]), ([id]) => id)
    const projects = yield* store.projects
    return yield* Effect.forEach(questions, ({ fold, groups, projects: asked, set, text }) =>
      Effect.gen(function*() {
        const query: SearchQuery = { text, projects: asked, limit: LIMIT, minScore: 0, mode: "hybrid" }
        const common = yield* store.lexical(CHINESE_WORDS, query, 0)
        const terms = yield* Effect.gen(() =>
          termsFor<YieldWrap<Effect.Effect<unknown, StoreError>>>(store, query, text)
        )
        const matches = yield* store.lexical(Terms.lexemesOf(terms), query, LANE_LIMIT)
        const [vector] = yield* models.embed([embeddedOf(query)], "query")
        const hits = vector === undefined || Option.isNone(vector)
          ? []
          : yield* index.search(vector.value, query, LANE_LIMIT)
        const reads: Reads<never> = {
          projects: lazily(() => projects),
          lexical: (_terms, _filter, limit) => lazily(() => limit === 0 ? common : matches),
          units: (ids) => lazily(() => ids.flatMap((id) => units.get(id) ?? [])),
          neighbours: (ids) => lazily(() => ids.flatMap((id) => neighbours[id] ?? [])),
          around: () => lazily(() => []),
          sessions: () => lazily(() => new Map()),
          places: () => lazily(() => new Map())
        }
        const idsOf = (answers: (unit: MemoryUnit) => boolean) => new Set(known.filter(answers).map(({ id }) => id))
        return { set, fold, query, reads, dense: { ...NO_DENSE, hits }, groups: groups.map(idsOf) } satisfies Asked
      }))
  })

export const chatsOnce = <Q extends Question>(set: string, chats: ReadonlyArray<Chat<Q>>) =>
  Effect.gen(function*() {
    yield* Effect.forEach(chats, remember, { discard: true })
    return yield* readOnce(chats.flatMap(({ id, questions }) =>
      questions.map(({ groups, text }) => ({
        set,
        fold: id,
        text,
        projects: [id],
        groups: groups.map((turns) => {
          const uuids = new Set(turns.map((turn) => `${id} ${turn}`))
          return ({ passages }: MemoryUnit) => passages.some(({ uuid }) => uuids.has(uuid))
        })
      }))
    ))
  }).pipe(Effect.provide(memory))

/** Reads a memory of transcripts. A unit answers when it cites a message that does and holds a key term. */
export const codingOnce = (folder: string, files: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const home = yield* temporaryFolder
    yield* Effect.provide(imported(folder), service(home))
    const questions = yield* Effect.forEach(files, labelledIn)
    return yield* Effect.provide(
      readOnce(questions.flatMap((questions, i) =>
        questions.map(({ also, evidence, key_terms, lang, question, session }) => {
          const uuids = new Set([...evidence, ...also].map(({ uuid }) => uuid))
          return {
            set: `coding ${i + 1} ${lang}`,
            fold: session ?? "",
            text: question,
            projects: "all" as const,
            groups: [(unit: MemoryUnit) =>
              [...unit.passages.map(({ uuid }) => uuid), ...unit.also].some((uuid) => uuids.has(uuid)) &&
              key_terms.some((term) => unit.content.toLowerCase().includes(term.toLowerCase()))]
          }
        })
      )),
      memoryIn(home)
    )
  })

/** Reciprocal rank of the first answer, and recall within the first ten. */
export const MEASURES = ["mrr", "r10"] as const
export type Found = Readonly<Record<typeof MEASURES[number], number>>

export const ask = ({ dense, groups, query, reads }: Asked, ranking: Ranking): Found => {
  const { results } = runAtOnce(search(
    {
      store: reads,
      recall: (query, terms) => searchLanes(reads, query, terms, dense, ranking),
      rerank: undefined
    },
    query,
    ranking
  ))
  const ranks = groups.map((group) => results.findIndex(({ unit }) => group.has(unit.id)) + 1).filter((rank) =>
    rank > 0
  )
  return {
    mrr: ranks.length === 0 ? 0 : 1 / Math.min(...ranks),
    r10: ranks.filter((rank) => rank <= 10).length / groups.length
  }
}
