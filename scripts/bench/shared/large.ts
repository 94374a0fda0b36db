/**
 * Makes a large memory of a small one by copying its units. Each copy has a third of its words exchanged for others of the same memory.
 * So words stay as common as they were, and no two units say the same.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import * as App from "../../../src/App.ts"
import { idOf } from "../../../src/domain/Ids.ts"
import { fieldsOf } from "../../../src/domain/Lexical.ts"
import type { MemoryUnit } from "../../../src/domain/MemoryUnit.ts"
import type { Project } from "../../../src/domain/Project.ts"
import { pointsOf } from "../../../src/index/Points.ts"
import * as EmbeddedIndex from "../../../src/index/sqlite/EmbeddedIndex.ts"
import { VectorIndex } from "../../../src/index/VectorIndex.ts"
import { ModelManager } from "../../../src/models/ModelManager.ts"
import { transaction } from "../../../src/resources/Sqlite.ts"
import { ClaudeMemory } from "../../../src/serve/ClaudeMemory.ts"
import * as Statements from "../../../src/store/sql/Statements.ts"
import * as SqliteDialect from "../../../src/store/sqlite/SqliteDialect.ts"
import { SqliteFile } from "../../../src/store/sqlite/SqliteFile.ts"
import { progress, service, temporaryFolder } from "../../../test/script.ts"
import { zipf } from "./zipf.ts"

const WORD = /[A-Za-z]{4,}/g
const HOUR = 3_600_000

/** Returns an unsigned 32-bit integer. */
const hash = (text: string) => createHash("md5").update(text).digest().readUInt32LE()

export const exchanged = (text: string, copy: number, words: ReadonlyArray<string>) =>
  text.replace(WORD, (word) => {
    const n = hash(`${word} ${copy}`)
    return n % 3 === 0 ? words[Math.floor(n / 3) % words.length]! : word
  })

const copied = (unit: MemoryUnit, copy: number, words: ReadonlyArray<string>): MemoryUnit => {
  let content = ""
  let end = 0
  const passages = [...unit.passages].sort((a, b) => a.from - b.from).map((passage) => {
    content += exchanged(unit.content.slice(end, passage.from), copy, words)
    const from = content.length
    content += exchanged(unit.content.slice(passage.from, passage.to), copy, words)
    end = passage.to
    return { ...passage, from, to: content.length }
  })
  content += exchanged(unit.content.slice(end), copy, words)
  return {
    ...unit,
    id: idOf("unit", unit.id, String(copy)),
    sessionId: `${unit.sessionId.slice(0, 60)}-${copy}`,
    origin: idOf("segment", unit.origin, String(copy)),
    occurredAt: unit.occurredAt - copy * HOUR,
    title: exchanged(unit.title, copy, words),
    content,
    passages
  }
}

/** Fills the memory in `home` from the transcripts at `from`, and returns its newest units. */
const unitsFrom = (home: string, from: string) =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    yield* Stream.runDrain(memory.ingest(yield* memory.discover([from])))
    return yield* memory.recent({ projects: "all" }, 1_000)
  }).pipe(Effect.provide(service(home)))

/** Units written in one transaction. */
const WRITTEN = 2_000

/** Writes the units and their vectors by SQL, in several projects, without looking for duplicates. */
const written = (units: ReadonlyArray<MemoryUnit>, size: number, projects: ReadonlyArray<Project>) =>
  Effect.gen(function*() {
    const { writer } = yield* SqliteFile
    const index = yield* VectorIndex
    const models = yield* ModelManager
    const db = Statements.make(writer, SqliteDialect.make(writer))
    const words = units.flatMap(({ content }) => content.match(WORD) ?? [])
    const projectAt = zipf(projects.length)
    yield* index.ensure(yield* models.embedding)
    for (const project of projects) yield* db.setProject(project)
    for (let made = 0; made < size; made += WRITTEN) {
      const copies = Array.from({ length: Math.min(WRITTEN, size - made) }, (_, i) => {
        const unit = copied(units[(made + i) % units.length]!, Math.floor((made + i) / units.length), words)
        return { ...unit, projectId: projects[projectAt(hash(unit.id) / 2 ** 32)]!.id, position: i }
      })
      const points = yield* pointsOf(models, copies)
      yield* transaction(
        writer,
        Effect.gen(function*() {
          yield* db.insertUnits(copies.map((unit) => {
            const fields = fieldsOf(unit)
            const lexemeCount = fields.reduce((sum, field) => sum + field.length, 0)
            return { unit, fields, lexemeCount, sketch: [], ownProjectId: null }
          }))
          yield* index.upsert(points)
        })
      )
      yield* progress(`${made} of ${size} memories made`)
    }
  })

/** Projects that `fillProjects` fills, the largest first. */
export const projectsOf = (count: number): ReadonlyArray<Project> =>
  Array.from({ length: count }, (_, i) => ({
    id: idOf("project", String(i)),
    name: `project ${i + 1}`,
    root: `/work/project-${i + 1}`,
    key: `path:/work/project-${i + 1}`
  }))

/** Fills the memory in `home` with copies of units. */
const grown = (home: string, ...args: Parameters<typeof written>) =>
  written(...args).pipe(
    Effect.provide(
      Layer.merge(EmbeddedIndex.layer, App.modelsOf({ busyTimeoutMs: 5_000, home })).pipe(
        Layer.provideMerge(SqliteFile.layer({ folder: home, readOnly: false, busyTimeoutMs: 5_000 })),
        Layer.provide(App.platform)
      )
    )
  )

/** Fills the memory in `home` with copies of the units of the transcripts at `from`, in projects of sizes by Zipf's law. */
export const fillProjects = (home: string, from: string, size: number, projects: ReadonlyArray<Project>) =>
  Effect.gen(function*() {
    yield* grown(home, yield* unitsFrom(yield* temporaryFolder, from), size, projects)
  })

/** Fills the memory in `home` from the transcripts at `from`, then with `size` copies. Returns the copies' one project. */
export const fill = (home: string, from: string, size: number) =>
  Effect.gen(function*() {
    const units = yield* unitsFrom(home, from)
    const { projects } = yield* Effect.provide(
      Effect.flatMap(ClaudeMemory, ({ status }) => status),
      service(home, true)
    )
    const project: Project = projects.find(({ id }) => id === units[0]!.projectId)!
    yield* grown(home, units, size, [project])
    return project
  })
