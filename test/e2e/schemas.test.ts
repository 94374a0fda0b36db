/**
 * Memories of every earlier schema, written by the programs of that time: today's program reads them as they are, migrates them when it
 * writes, and loses nothing.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { DatabaseSync } from "node:sqlite"
import { gunzipSync } from "node:zlib"
import * as SqliteDriver from "../../src/resources/SqliteDriver.ts"
import { STEPS as POSTGRES } from "../../src/store/postgres/migrations.ts"
import { LATEST } from "../../src/store/sqlite/migrations.ts"
import { register } from "../../src/store/sqlite/Packs.ts"
import { oneIn, root } from "../data.ts"
import { address } from "../postgres.ts"
import { queryAt, temporaryDatabase } from "../postgresDatabase.ts"
import { commandLines } from "./commandLines.ts"
import { inHome, type Outcome } from "./run.ts"

const fixtures = join(root, "test", "fixtures", "schemas")

/** Versions of the fixtures of a database. */
const versionsOf = (name: string): ReadonlyArray<number> =>
  readdirSync(fixtures).flatMap((file) => file.startsWith(`${name}-`) ? [Number(/\d+/.exec(file)![0])] : [])
    .sort((a, b) => a - b)

const unpacked = (name: string): Buffer => gunzipSync(readFileSync(join(fixtures, name)))

/** From this version of SQLite's schema on, and of PostgreSQL's, the programs of the time could save, forget and merge projects. */
const REMEMBERING = { sqlite: 7, postgres: 2 }

/** From this version on a memory has a name, which an archive says. */
const NAMED = 5

const SAVED = "Schemas of every version are kept among the fixtures."

const inProcess = commandLines()

const succeeded = (outcome: Outcome, words: ReadonlyArray<string>): string => {
  assert.strictEqual(outcome.code, 0, `${words.join(" ")}: ${outcome.stderr}`)
  return outcome.stdout
}

type Cli = (...words: ReadonlyArray<string>) => Effect.Effect<string>

interface Found {
  readonly results: ReadonlyArray<{ readonly unit: { readonly content: string } }>
}

const search = (cli: Cli, question: string) =>
  Effect.map(
    cli("search", question, "--all-projects", "--json"),
    (answer) => (JSON.parse(answer) as Found).results.map(({ unit }) => unit.content)
  )

/** Finds what the fixture's session says, and what was saved and merged; nothing of what was forgotten. */
const findsWhatWasThere = (cli: Cli, isRemembering: boolean) =>
  Effect.gen(function*() {
    const found = yield* search(cli, "mimalloc jemalloc 64K page")
    assert.isTrue(found.some((content) => content.includes("jemalloc 不要")), found.join("\n"))
    if (!isRemembering) return
    assert.include((yield* search(cli, "deploy shop Thursdays noon")).join("\n"), "never on a Friday")
    assert.include((yield* search(cli, "carts Memcached restart")).join("\n"), "lost them at each restart")
    assert.notInclude((yield* search(cli, "lighthouse keeper decaf Tuesdays")).join("\n"), "decaf")
    const { projects } = JSON.parse(yield* cli("projects", "--json")) as {
      readonly projects: ReadonlyArray<
        { readonly name: string; readonly merged: ReadonlyArray<{ readonly name: string }> }
      >
    }
    assert.deepInclude(projects.map(({ merged, name }) => [name, merged.map((other) => other.name)]), [
      "shop",
      ["shop-old"]
    ])
  })

/** Reads a database beside the program. */
const reading = <A>(file: string, read: (database: DatabaseSync) => A): A => {
  const database = new (SqliteDriver.load().DatabaseSync)(file)
  register(database)
  try {
    return read(database)
  } finally {
    database.close()
  }
}

/** Lines of an archive between its first and last, without those that hold one of these texts. */
const archived = (path: string, ...without: ReadonlyArray<string>): ReadonlyArray<string> =>
  readFileSync(path, "utf8").trimEnd().split("\n").slice(1, -1)
    .filter((line) => !without.some((text) => line.includes(text))).sort()

const contentOf = (file: string) =>
  reading(file, (database) => ({
    version: Number(Object.values(database.prepare("PRAGMA user_version").get() ?? {})[0]),
    units: database.prepare("SELECT id FROM units ORDER BY id").all().map((row) => String(row["id"])),
    messages: database.prepare("SELECT uuid FROM messages ORDER BY uuid").all().map((row) => String(row["uuid"]))
  }))

const READERS: ReadonlyArray<ReadonlyArray<string>> = [
  ["list", "--all-projects"],
  ["sessions", "--all-projects"],
  ["projects"],
  ["status"],
  ["inject", "--prompt", "why not jemalloc?", "--all-projects"],
  ["index"],
  ["doctor"]
]

describe("a memory in SQLite of an earlier schema", () => {
  it("is there of every version", () => {
    assert.includeMembers([LATEST - 1, LATEST], [versionsOf("sqlite").at(-1)!])
    assert.deepStrictEqual(versionsOf("sqlite"), Array.from(versionsOf("sqlite"), (_, i) => i + 1))
  })

  for (const version of versionsOf("sqlite").filter(oneIn(4, 24))) {
    it.live(`is read as it is, then migrated: ${version}`, () =>
      inHome((home) =>
        Effect.gen(function*() {
          const folder = join(home, ".claude-memory")
          const file = join(folder, "memory.db")
          const bytes = unpacked(`sqlite-${version}.db.gz`)
          mkdirSync(folder, { mode: 0o700 })
          writeFileSync(file, bytes, { mode: 0o600 })
          const cli: Cli = (...words) => Effect.map(inProcess(words, { home }), (outcome) => succeeded(outcome, words))
          const isRemembering = version >= REMEMBERING.sqlite

          yield* findsWhatWasThere(cli, isRemembering)
          for (const words of READERS) yield* cli(...words, "--json")
          const exported = yield* inProcess(["export", join(home, "before")], { home })
          if (version >= NAMED) succeeded(exported, ["export"])
          else assert.include(exported.stderr, "earlier claude-memory")
          assert.isTrue(readFileSync(file).equals(bytes))
          const before = contentOf(file)
          assert.strictEqual(before.version, version)

          const { id } = JSON.parse(yield* cli("save", SAVED, "--json")) as { readonly id: string }
          if (version >= NAMED) {
            yield* cli("export", join(home, "after"))
            assert.deepStrictEqual(archived(join(home, "after"), id, home), archived(join(home, "before"), id, home))
          }
          const after = contentOf(file)
          assert.strictEqual(after.version, LATEST)
          assert.deepStrictEqual(after.messages, before.messages)
          assert.deepStrictEqual(after.units, [...before.units, id].sort())
          assert.strictEqual(
            readdirSync(folder).some((name) => name === `memory.db.schema-${version}`),
            version < LATEST
          )
          yield* cli("doctor", "--deep")
          yield* findsWhatWasThere(cli, isRemembering)

          // The next import makes anew what an earlier version compressed.
          mkdirSync(join(home, "nothing"))
          yield* cli("import", join(home, "nothing"))
          yield* findsWhatWasThere(cli, isRemembering)
          assert.include((yield* search(cli, "schemas versions fixtures")).join("\n"), SAVED)
          assert.deepStrictEqual(contentOf(file).messages, before.messages)
          yield* cli("doctor", "--deep")
        })
      ))
  }
})

describe.skipIf(address === undefined)("a memory in PostgreSQL of an earlier schema", () => {
  it("is there of every version", () => {
    assert.includeMembers([POSTGRES.length - 1, POSTGRES.length], [versionsOf("postgres").at(-1)!])
    assert.deepStrictEqual(versionsOf("postgres"), Array.from(versionsOf("postgres"), (_, i) => i + 1))
  })

  for (const version of versionsOf("postgres").filter(oneIn(1, 6))) {
    it.live(`is refused by what only reads, then migrated: ${version}`, () =>
      inHome((home) =>
        Effect.gen(function*() {
          const url = (yield* temporaryDatabase(address!)).href
          yield* queryAt(url, unpacked(`postgres-${version}.sql.gz`).toString("utf8"))
          // No Qdrant: memories are found by their words.
          const env = { CLAUDE_MEMORY_POSTGRES_URL: url, CLAUDE_MEMORY_QDRANT_URL: "http://127.0.0.1:9" }
          const cli: Cli = (...words) =>
            Effect.map(inProcess(words, { home, env }), (outcome) => succeeded(outcome, words))
          const contentOf = Effect.gen(function*() {
            const [schema] = yield* queryAt(url, "SELECT version FROM claude_memory.schema_version")
            const units = yield* queryAt(url, "SELECT id FROM claude_memory.units ORDER BY id")
            const messages = yield* queryAt(url, "SELECT uuid FROM claude_memory.messages ORDER BY uuid")
            return { version: schema!["version"], units: units.map(({ id }) => String(id)), messages }
          })
          const before = yield* contentOf
          assert.strictEqual(before.version, version)

          const words = ["search", "mimalloc", "--all-projects"]
          const refused = yield* inProcess(words, { home, env })
          if (version < POSTGRES.length) {
            assert.strictEqual(refused.code, 1)
            assert.include(refused.stderr, "the memory was written by an earlier claude-memory; run")
          } else assert.include(succeeded(refused, words), "mimalloc")

          const { id } = JSON.parse(yield* cli("save", SAVED, "--json")) as { readonly id: string }
          const after = yield* contentOf
          assert.strictEqual(after.version, POSTGRES.length)
          assert.deepStrictEqual(after.messages, before.messages)
          assert.deepStrictEqual([...after.units].sort(), [...before.units, id].sort())
          yield* findsWhatWasThere(cli, version >= REMEMBERING.postgres)
        })
      ))
  }
})
