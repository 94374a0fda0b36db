/**
 * A memory whose database is moved or deleted, or whose schema is changed, while a server has it open: nothing is said to be
 * saved that is not, and nothing of one database gets into another.
 */
import { assert, describe, it } from "@effect/vitest"
import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js"
import type { CallToolResult } from "@modelcontextprotocol/sdk/types.js"
import * as Effect from "effect/Effect"
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { join } from "node:path"
import { LATEST } from "../../src/store/sqlite/migrations.ts"
import { environment, slow } from "../data.ts"
import { commandLines } from "./commandLines.ts"
import { takeBack } from "./damage.ts"
import { inHome, mcp, run } from "./run.ts"

const PEARS = "The second memory is about pears."
const PLUMS = "The third memory is about plums."
const CHERRIES = "The fourth memory is about cherries."

/** The driver that every Node has, as a program elsewhere finds it. */
const driver = createRequire(import.meta.url).resolve("@photostructure/sqlite")

const folderOf = (home: string) => join(home, ".claude-memory")
const databaseOf = (home: string) => join(folderOf(home), "memory.db")

/** Names of the database's files. */
const files = (home: string) =>
  existsSync(folderOf(home)) ? readdirSync(folderOf(home)).filter((name) => name.startsWith("memory.db")).sort() : []

/** Starts a server in the home; `end` closes its stdin, `kill` sends SIGKILL, and both wait until it has ended. */
const connect = (home: string) =>
  Effect.gen(function*() {
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: [mcp],
      cwd: home,
      env: environment(home, { CLAUDE_PROJECT_DIR: home }),
      stderr: "ignore"
    })
    const client = new Client({ name: "test", version: "0" })
    yield* Effect.acquireRelease(
      Effect.promise(() => client.connect(transport)),
      () => Effect.promise(() => client.close())
    )
    const pid = transport.pid ?? 0
    const call = (name: string, args: Record<string, unknown> = {}) =>
      Effect.map(
        Effect.promise(() => client.callTool({ name: `claude_memory_${name}`, arguments: args })),
        (result) => {
          const { content: [block], isError } = result as CallToolResult
          return { isError: isError === true, text: block?.type === "text" ? block.text : "" }
        }
      )
    return {
      pid,
      call,
      save: (content: string) => call("save", { content }),
      end: Effect.promise(() => client.close()),
      kill: Effect.zipRight(
        Effect.sync(() => process.kill(pid, "SIGKILL")),
        Effect.promise(() => client.close())
      )
    }
  })

const inProcess = commandLines()
const cli = (home: string, ...words: ReadonlyArray<string>) => inProcess(words, { home })

/** Runs `body` with a home that has a memory, and a server that has written to it. */
const withServer = <A, E>(
  body: (home: string, server: Effect.Effect.Success<ReturnType<typeof connect>>) => Effect.Effect<A, E>
) =>
  inHome((home) =>
    Effect.gen(function*() {
      assert.strictEqual((yield* cli(home, "save", "The first memory is about apples.")).code, 0)
      const server = yield* connect(home)
      assert.isFalse((yield* server.save(PEARS)).isError)
      return yield* body(home, server)
    })
  )

const found = (home: string, word: string, text: string) =>
  Effect.map(cli(home, "search", word), ({ stderr, stdout }) => {
    assert.notInclude(stderr, "no such table")
    return stdout.includes(text)
  })

describe("a memory of the version before", () => {
  slow(it.live)(
    "is kept in a copy, of which the person is told, and in which nothing that is forgotten lives on",
    () =>
      inHome((home) =>
        Effect.gen(function*() {
          const saved = JSON.parse((yield* cli(home, "save", PEARS, "--json")).stdout)
          takeBack(databaseOf(home))
          const copy = `${databaseOf(home)}.schema-${LATEST - 1}`
          assert.include((yield* cli(home, "save", PLUMS)).stderr, `kept in ${copy}`)
          assert.notInclude((yield* cli(home, "save", CHERRIES)).stderr, "kept in")
          assert.isTrue(readFileSync(copy).includes("pears"))
          if (process.platform !== "win32") assert.strictEqual(statSync(copy).mode & 0o777, 0o600)
          assert.include((yield* cli(home, "doctor")).stdout, `memory.db.schema-${LATEST - 1}`)
          assert.include(
            (yield* cli(home, "forget", saved.id, "--now", "--yes")).stdout,
            `memory.db.schema-${LATEST - 1}`
          )
          const holding = readdirSync(folderOf(home), { recursive: true, encoding: "utf8" }).filter((name) => {
            const path = join(folderOf(home), name)
            return statSync(path).isFile() && readFileSync(path).includes("pears")
          })
          assert.deepStrictEqual(holding, [])

          for (const name of ["memory.db.schema-6", "memory.db.schema-7.12.tmp"]) {
            writeFileSync(join(folderOf(home), name), "")
          }
          assert.strictEqual((yield* cli(home, "uninstall", "--purge", "--yes")).code, 0)
          assert.isFalse(existsSync(folderOf(home)))
        })
      )
  )
})

describe("the database of a running server", () => {
  for (const how of ["ends", "is killed"] as const) {
    slow(it.live)(
      `moved away alone: nothing is written beside its log, and nothing is lost when the server ${how}`,
      () =>
        withServer((home, server) =>
          Effect.gen(function*() {
            const database = databaseOf(home)
            renameSync(database, `${database}.old`)
            const refused = yield* cli(home, "save", PLUMS)
            assert.strictEqual(refused.code, 1)
            assert.match(refused.stderr, /memory\.db is not there.+sessions.+memory\.db-wal.+memory\.db-shm/s)
            assert.strictEqual((yield* cli(home, "import", home)).code, 1)
            assert.deepStrictEqual(files(home), ["memory.db-shm", "memory.db-wal", "memory.db.old"])

            const unsaved = yield* server.save(CHERRIES)
            assert.isTrue(unsaved.isError, unsaved.text)
            assert.match(unsaved.text, /was moved or deleted.+nothing was written.+session/s)
            yield* how === "ends" ? server.end : server.kill
            assert.deepStrictEqual(files(home), ["memory.db-shm", "memory.db-wal", "memory.db.old"])

            // As the advice says, with its log.
            for (const end of ["-wal", "-shm"]) renameSync(`${database}${end}`, `${database}.old${end}`)
            assert.strictEqual((yield* cli(home, "save", PLUMS)).code, 0)
            assert.isTrue(yield* found(home, "plums", PLUMS))
            for (const end of ["", "-wal", "-shm"]) {
              rmSync(`${database}${end}`, { force: true })
              renameSync(`${database}.old${end}`, `${database}${end}`)
            }
            assert.isTrue(yield* found(home, "pears", PEARS))
            assert.isFalse(yield* found(home, "cherries", CHERRIES))
          })
        )
    )
  }

  slow(it.live)(
    "moved away with its log: the next one is whole whatever the server does",
    () =>
      withServer((home, server) =>
        Effect.gen(function*() {
          const database = databaseOf(home)
          for (const end of ["", "-wal", "-shm"]) renameSync(`${database}${end}`, `${database}.old${end}`)
          assert.strictEqual((yield* cli(home, "save", PLUMS)).code, 0)
          const other = yield* connect(home)
          assert.isFalse((yield* other.save(CHERRIES)).isError)
          assert.isTrue((yield* server.save("The fifth memory is about figs.")).isError)
          yield* server.end
          yield* other.end
          assert.isTrue(yield* found(home, "plums", PLUMS))
          assert.isTrue(yield* found(home, "cherries", CHERRIES))
          assert.isFalse(yield* found(home, "pears", PEARS))
        }).pipe(Effect.scoped)
      )
  )

  for (const what of ["the database", "its folder"] as const) {
    slow(it.live)(
      `deleted with ${what}: the server says that it saves nothing, and is not healthy`,
      () =>
        withServer((home, server) =>
          Effect.gen(function*() {
            rmSync(what === "the database" ? databaseOf(home) : folderOf(home), { recursive: true })
            const unsaved = yield* server.save(CHERRIES)
            assert.isTrue(unsaved.isError, unsaved.text)
            assert.match(unsaved.text, /was moved or deleted/)
            const health = yield* server.call("health")
            assert.notMatch(health.text, /^ok: memory/m)
            assert.match(health.text, /was moved or deleted/)
            assert.isTrue((yield* server.call("search", { query: "pears" })).isError)
            yield* server.end
          })
        )
    )
  }

  for (const ends of [["-wal", "-shm"], ["-shm"]] as const) {
    slow(it.live)(
      `whose ${ends.join(" and ")} is deleted: it says that it saves nothing, and takes nothing away from others`,
      () =>
        withServer((home, server) =>
          Effect.gen(function*() {
            for (const end of ends) rmSync(`${databaseOf(home)}${end}`)
            assert.strictEqual((yield* cli(home, "save", PLUMS)).code, 0)
            const unsaved = yield* server.save(CHERRIES)
            assert.isTrue(unsaved.isError, unsaved.text)
            assert.match(unsaved.text, /log of .*memory\.db .*was deleted or replaced.+nothing was written.+session/s)
            assert.match((yield* server.call("health")).text, /was deleted or replaced/)
            yield* server.end
            assert.isTrue(yield* found(home, "plums", PLUMS))
            assert.isFalse(yield* found(home, "cherries", CHERRIES))
            const { code, stdout } = yield* cli(home, "doctor", "--deep")
            assert.strictEqual(code, 0, stdout)
          })
        )
    )
  }

  slow(it.live)(
    "changed by a newer program: the server writes nothing into its schema, and says to start the session again",
    () =>
      withServer((home, server) =>
        Effect.gen(function*() {
          const changed = yield* run([
            "--input-type=module",
            "-e",
            `import { DatabaseSync } from ${JSON.stringify(driver)}
          const database = new DatabaseSync(${JSON.stringify(databaseOf(home))})
          database.exec("PRAGMA user_version = ${LATEST + 1}; ALTER TABLE projects ADD COLUMN later TEXT")
          database.close()`
          ], { home })
          assert.strictEqual(changed.code, 0, changed.stderr)
          const unsaved = yield* server.save(CHERRIES)
          assert.isTrue(unsaved.isError, unsaved.text)
          assert.match(unsaved.text, /newer version.+nothing was written.+session.+again/s)
          assert.notInclude((yield* server.call("health")).text, "Nothing is wrong")
          yield* server.end
          assert.match((yield* cli(home, "search", "pears")).stderr, /newer claude-memory/)
        })
      )
  )

  slow(it.live)(
    "stays locked by the server for as long as it runs",
    () =>
      withServer((home, server) =>
        Effect.gen(function*() {
          if (process.platform !== "linux") return
          // Opens what else the server opens by and by: prompts' connections, and the thread that captures.
          yield* server.call("inject", { original_prompt: "pears" })
          yield* Effect.sleep("1500 millis")
          const { ino } = statSync(databaseOf(home))
          const locks = readFileSync("/proc/locks", "utf8").split("\n").filter((line) =>
            line.includes(` READ `) && line.includes(` ${server.pid} `) && line.includes(`:${ino} `)
          )
          // SQLite's SHARED lock: without it, another process that closes the database takes the log away from the server.
          assert.lengthOf(locks, 1, readFileSync("/proc/locks", "utf8"))
          yield* server.end
        })
      )
  )
})
