/**
 * Saves and forgets single memories for a person, or for Claude on their behalf.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Collector } from "../capture/Collector.ts"
import * as Project from "../domain/Project.ts"
import { type SaveRequest, unitOf } from "../domain/Saved.ts"
import { ModelCache } from "../models/ModelCache.ts"
import * as Pipeline from "../Pipeline.ts"
import { MemoryStore } from "../store/MemoryStore.ts"
import { afterwards } from "./Afterwards.ts"
import { unitByPrefix } from "./Lookup.ts"
import { NotFound } from "./NotFound.ts"
import * as Projects from "./Projects.ts"

const projectOf = (place: SaveRequest["project"]) =>
  Effect.gen(function*() {
    if ("folder" in place) return yield* Projects.byFolder(place.folder)
    const projects = yield* Effect.flatMap(MemoryStore, (store) => store.projects)
    const known = Project.findById(projects, place.id)
    if (known !== undefined) return known
    return yield* new NotFound({ what: "project", name: place.id, known: projects.map(({ name }) => name) })
  })

/** Time that a person waits for the index of what they save. */
const INDEXED_WITHIN = "2 seconds"

export const save = ({ content, files = [], project: place, title, ...request }: SaveRequest) =>
  Effect.gen(function*() {
    const collector = yield* Collector
    const store = yield* MemoryStore
    const project = yield* projectOf(place)
    const [maskedContent, maskedTitle, ...maskedFiles] = yield* collector.mask([content, title ?? "", ...files])
    const unit = unitOf(
      { ...request, content: maskedContent!, title: maskedTitle!, files: maskedFiles },
      project.id,
      yield* Clock.currentTimeMillis
    )
    const saved = yield* store.save(unit, project)
    // It is found by its words at once. What is not indexed by then waits for the next that indexes.
    yield* Effect.timeoutOption(afterwards(Pipeline.catchUp), INDEXED_WITHIN)
    return saved
  })

export const forget = (ids: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const units = yield* Effect.forEach(ids, unitByPrefix)
    const forgotten = yield* store.forget(units.map(({ id }) => id))
    // Cached answers of models may hold the forgotten text.
    yield* Effect.flatMap(
      Effect.serviceOption(ModelCache),
      Option.match({
        onNone: () => Effect.void,
        onSome: ({ forget }) => forget
      })
    )
    // Compresses again what is left of the source messages.
    yield* afterwards(Pipeline.settle)
    return forgotten
  })
