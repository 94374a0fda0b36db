/**
 * What all seeds share: the transcripts, the memory that an undisturbed import makes of them, and a model for embeddings.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { ClaudeMemory } from "../../../src/serve/ClaudeMemory.ts"
import * as Settings from "../../../src/settings/Settings.ts"
import { run } from "../../e2e/program.ts"
import { temporaryDatabase } from "../../postgresDatabase.ts"
import { BenchError, builtMain, samples, service } from "../../script.ts"
import * as Embeddings from "../qdrant/embeddings.ts"
import { ending } from "../qdrant/program.ts"
import { server } from "../qdrant/server.ts"
import { type Contents, contentsOf } from "./contents.ts"
import { holds } from "./memory.ts"
import { MARKED, markedSession, marker, type Operation, type Plan } from "./plan.ts"
import { postgresMemory } from "./postgresMemory.ts"
import { sqliteMemory } from "./sqliteMemory.ts"

/** Model for which the index is built anew, beside the package's own. */
export const OTHER_MODEL = "openai:text-embedding-3-small"
const DIMENSION = 1_536

export const memoryOf = (home: string) => join(home, ".claude-memory")
export const databaseOf = (home: string) => join(memoryOf(home), "memory.db")

export interface Setting {
  readonly main: string
  readonly mcp: string
  /** Names below the folder of transcripts, and the bytes of each. */
  readonly transcripts: ReadonlyArray<{ readonly name: string; readonly bytes: Buffer; readonly isMarked: boolean }>
  /** Folder whose project is saved in. */
  readonly work: string
  readonly env: Readonly<Record<string, string>>
  /** Ids of the units that hold each marked session's statement. */
  readonly marked: ReadonlyArray<ReadonlyArray<string>>
  /** Home of the memory of the undisturbed import. */
  readonly base: string
  readonly kind: Kind
}

const transcriptsOf = (names: ReadonlyArray<string>) => [
  ...names.filter((name) => name.endsWith(".jsonl")).sort()
    .map((name) => ({ name, bytes: readFileSync(join(samples, name)), isMarked: false })),
  ...Array.from({ length: MARKED }, (_, i) => ({
    name: `-home-mei-work-shop-api/0000000${i}-1111-4111-8111-111111111111.jsonl`,
    bytes: Buffer.from(markedSession(i)),
    isMarked: true
  }))
]

/** Where the memories of the seeds are. */
export interface Kind {
  /** Address of the server in which each has a database of its own; without one, each is a file. */
  readonly postgres: string | undefined
  /** Vectors are in Qdrant, not in the memory's own file. */
  readonly qdrant: boolean
}

/** Imports all transcripts into a memory in `root`, once. */
export const makeSetting = (root: string, kind: Kind) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const main = yield* builtMain
    const embeddings = yield* Embeddings.make({ dimension: DIMENSION, paceMs: 0 })
    const transcripts = transcriptsOf(yield* fs.readDirectory(samples, { recursive: true }))
    const [base, work] = [join(root, "base"), join(root, "work")]
    mkdirSync(work)
    for (const { bytes, name } of transcripts) {
      const file = join(base, ".claude", "projects", name)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, bytes)
    }
    const outcome = yield* run([main, "import", "--json"], { home: base, cwd: work, killAfterMs: 120_000 })
    if (outcome.code !== 0) {
      return yield* new BenchError({ reason: "Program", detail: ending(["import"], outcome) })
    }
    const { columns, rows } = sqliteMemory(databaseOf(base))
    const marked = yield* Effect.forEach(Array.from({ length: MARKED }, (_, i) => marker("marked", i)), (word) =>
      Effect.map(
        rows<{ id: string }>(
          `SELECT id FROM units WHERE active AND type <> 'archive' AND ${holds(columns.unitBody, word)}`
        ),
        (units) =>
          units.map(({ id }) => id)
      ))
    return {
      main,
      mcp: Settings.packageFile("dist", "mcp.js"),
      transcripts,
      work,
      marked,
      base,
      kind,
      env: {
        OPENAI_BASE_URL: embeddings.baseUrl,
        CLAUDE_MEMORY_USD_PER_DAY: "none",
        CLAUDE_MEMORY_USD_PER_MONTH: "none"
      }
    } satisfies Setting
  })

/** Makes the memory of a seed, which its programs find by `env`. */
export const makeMemory = ({ env, kind: { postgres, qdrant } }: Setting, home: string) =>
  Effect.gen(function*() {
    const memory = postgres === undefined
      ? sqliteMemory(databaseOf(home), !qdrant)
      : yield* postgresMemory((yield* temporaryDatabase(postgres)).href)
    const index = qdrant ? (yield* server(home)).env : {}
    return { memory, env: { ...env, ...memory.env, ...index } }
  })

/** Operations in the order of their rounds. Those of a round touch different memories, so their order changes nothing. */
export const inOrder = ({ rounds }: Plan): ReadonlyArray<Operation> => rounds.flatMap(({ operations }) => operations)

/**
 * Returns what the memory holds after the same saves and forgets, one after the other and undisturbed, over the same
 * transcripts.
 */
export const undisturbed = (
  plan: Plan,
  { base, marked, work }: Setting,
  root: string
): Effect.Effect<Contents, Error> =>
  Effect.gen(function*() {
    const home = join(root, "undisturbed")
    cpSync(memoryOf(base), memoryOf(home), { recursive: true })
    yield* Effect.gen(function*() {
      const { edit, forget, save } = yield* ClaudeMemory
      const saved = new Map<string, string>()
      for (const operation of inOrder(plan)) {
        if (operation.kind === "save") {
          const by = operation.by === "command" ? "person" : "claude"
          const { id } = yield* save({ content: operation.text, by, project: { folder: work } })
          saved.set(operation.text, id)
        } else if (operation.kind === "edit") {
          yield* edit(saved.get(operation.saved)!, { title: operation.title }, "person")
        } else if (operation.kind === "forget") {
          yield* forget("marked" in operation ? marked[operation.marked]! : [saved.get(operation.saved)!])
        }
      }
    }).pipe(Effect.provide(service(memoryOf(home))))
    return yield* contentsOf(sqliteMemory(databaseOf(home)))
  })
