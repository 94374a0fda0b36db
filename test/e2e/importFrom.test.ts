/**
 * `claude-memory import-from`, as a person runs it.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { insert, MAY, observation, openIn, SCHEMAS } from "../moving/claudeMem.ts"
import { commandLines } from "./commandLines.ts"
import { inHome } from "./run.ts"

const inProcess = commandLines()

/** Makes claude-mem's database where claude-mem has it. */
const makeTheirs = (home: string) => {
  const folder = join(home, ".claude-mem")
  mkdirSync(folder)
  const database = openIn(join(folder, "claude-mem.db"), SCHEMAS.newest)
  insert(database, "sdk_sessions", { content_session_id: "c1", memory_session_id: "mem-1", project: "shop-api" })
  insert(
    database,
    "observations",
    observation(1),
    observation(2, { type: "decision", title: "The queue lies in PostgreSQL", project: "billing" }),
    observation(3, { type: "sensitive" })
  )
  insert(database, "user_prompts", {
    content_session_id: "c1",
    prompt_number: 1,
    prompt_text: "Please find out why some of the orders of last week were charged twice",
    created_at_epoch: MAY
  })
  return database
}

describe("import-from", () => {
  it.live("says what it would bring in, brings it in, and says that it is there", () =>
    inHome((home) =>
      Effect.gen(function*() {
        const theirs = makeTheirs(home)
        const temporary = join(home, "temporary")
        mkdirSync(temporary)
        const cli = (...words: ReadonlyArray<string>) => inProcess(words, { home, env: { TMPDIR: temporary } })
        const tried = yield* cli("import-from", "claude-mem", "--dry-run")
        assert.deepStrictEqual([tried.code, tried.stderr], [0, ""])
        assert.include(
          tried.stdout,
          "3 records = 2 to bring in + 0 already here + 1 skipped (1 marked sensitive there)"
        )
        assert.include(tried.stdout, "2 memories: 1 error_log, 1 decision")
        assert.include(tried.stdout, "not read: 1 prompts (--prompts brings them in)")
        assert.include(tried.stdout, "Nothing was written: this was a dry run.")
        assert.isFalse(existsSync(join(home, ".claude-memory", "memory.db")))

        const done = yield* cli("import-from", "claude-mem")
        assert.deepStrictEqual([done.code, done.stderr], [0, ""])
        assert.include(done.stdout, "3 records = 2 brought in + 0 already here + 1 skipped")
        assert.match(done.stdout, /billing +→ +billing +a project of its own +1 record/)
        const found = yield* cli("search", "queue PostgreSQL", "--project", "billing")
        assert.include(found.stdout, "The queue lies in PostgreSQL")

        const again = yield* cli("import-from", "claude-mem", "--prompts", "--json")
        assert.deepInclude(JSON.parse(again.stdout), {
          source: "claude-mem",
          isDryRun: false,
          read: 4,
          moved: 1,
          there: 2,
          skipped: { "marked sensitive there": 1 },
          left: {}
        })
        const checked = yield* cli("doctor", "--deep", "--json")
        const faulty = JSON.parse(checked.stdout).checks.filter(({ state }: { readonly state: string }) =>
          !["ok", "note"].includes(state)
        )
        assert.deepStrictEqual(faulty, [])
        theirs.close()
        assert.isEmpty(readdirSync(temporary))
      })
    ))

  it.live("refuses what it can't read, and makes no memory then", () =>
    inHome((home) =>
      Effect.gen(function*() {
        const refused = (...words: ReadonlyArray<string>) =>
          Effect.map(inProcess(["import-from", ...words], { home }), ({ code, stderr, stdout }) => {
            assert.deepStrictEqual([code, stdout], [1, ""])
            return stderr
          })
        assert.match(yield* refused("claude-mem"), /there is no database of claude-mem at .*\.claude-mem.* --file PATH/)
        writeFileSync(join(home, "notes.txt"), "These are notes, and they are no database.".repeat(10))
        assert.include(yield* refused("claude-mem", "--file", "notes.txt"), "is no SQLite database")
        assert.include(yield* refused("claude-mem", "--url", "postgresql://x/y"), "--url is for the predecessor")
        assert.include(yield* refused("predecessor"), "--url postgresql://USER:PASSWORD@HOST:5432/DATABASE")
        assert.include(
          yield* refused("predecessor", "--url", "postgresql://a:secret@x/y", "--prompts"),
          "are for claude-mem"
        )
        const away = yield* refused("predecessor", "--url", "postgresql://mei:hunter2@127.0.0.1:1/memory")
        assert.include(away, "can't be reached")
        assert.notInclude(away, "hunter2")
        assert.isFalse(existsSync(join(home, ".claude-memory", "memory.db")))
      })
    ))
})
