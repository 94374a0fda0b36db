/**
 * The parts of the database of models' answers and costs. The answers are kept to save their cost alone.
 */
import type { SqlClient } from "@effect/sql/SqlClient"
import * as Effect from "effect/Effect"
import type { DatabaseParts, Part } from "../../store/sqlite/Parts.ts"
import { STEPS } from "./migrations.ts"
import { MODELS_DATABASE } from "./ModelsFile.ts"

const ANSWERS: Part = {
  tables: ["answers", "answers_size"],
  holds: "what models answered",
  loss: "no memory is lost, and models are asked again"
}

const fill = (sql: SqlClient, parts: ReadonlySet<Part>) =>
  parts.has(ANSWERS) ? sql`INSERT INTO answers_size (id, bytes) VALUES (1, 0)` : Effect.void

export const modelsParts: DatabaseParts = {
  name: MODELS_DATABASE,
  title: "models file",
  steps: STEPS,
  parts: [
    { tables: ["calls", "sqlite_sequence"], holds: "the calls of models" },
    { tables: ["periods"], holds: "what models cost so far" },
    ANSWERS
  ],
  remedy: (path) =>
    `No memory is lost. End all sessions of Claude Code, and move ${path}, ${path}-wal and ${path}-shm away together: what ` +
    "models cost so far is forgotten then, and counts no more against the caps",
  compareQuickly: () => Effect.succeed([]),
  compare: () => Effect.succeed([]),
  fill: (sql, parts) => Effect.asVoid(fill(sql, parts)),
  needsVectors: () => false
}
