/**
 * Backups and restores as a person makes them, beside servers and importers, on full disks, and killed.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { basename, join } from "node:path"
import { samples, slow, times } from "../data.ts"
import { commandLines } from "./commandLines.ts"
import * as Connected from "./connected.ts"
import { withDatabase } from "./damage.ts"
import { inHome, main, makeImported, type Outcome, run, start } from "./run.ts"
import { makeSessions } from "./sessions.ts"

const inProcess = commandLines()

const folderOf = (home: string) => join(home, ".claude-memory")
const databaseOf = (home: string) => join(folderOf(home), "memory.db")
const backupsOf = (home: string) => join(folderOf(home), "backups")

/** Names in the folder of backups. */
const backupsIn = (home: string) => existsSync(backupsOf(home)) ? readdirSync(backupsOf(home)).sort() : []

const parsed = <A = Record<string, never>>({ code, stderr, stdout }: Outcome): A => {
  assert.strictEqual(code, 0, stderr)
  return JSON.parse(stdout) as A
}

const cli = (home: string, ...words: ReadonlyArray<string>) => inProcess(words, { home })
const json = <A = Record<string, never>>(home: string, ...words: ReadonlyArray<string>) =>
  Effect.map(cli(home, ...words, "--json"), (outcome) => parsed<A>(outcome))

const isFound = (home: string, word: string) =>
  Effect.map(
    json<{ readonly results: ReadonlyArray<unknown> }>(home, "search", "--all-projects", word),
    ({ results }) => JSON.stringify(results).includes(word)
  )

const isHealthy = (home: string) =>
  Effect.map(cli(home, "doctor", "--deep"), ({ code, stdout }) => assert.strictEqual(code, 0, stdout))

describe("backup and restore", () => {
  slow(it.live)("say what they did, where it is, and what to do next", () =>
    inHome(() =>
      Effect.gen(function*() {
        const home = yield* makeImported
        assert.include((yield* cli(home, "backup", "--list")).stdout, "There is no backup")
        assert.match((yield* cli(home, "doctor")).stdout, /note +backups +none yet.+ backup`/)
        const none = yield* cli(home, "backup", "verify")
        assert.strictEqual(none.code, 1)
        assert.match(none.stderr, /no backup in .+ backup`/)

        // 83 lie in it, some of which are merged into others: it counts as `status` does.
        const { units } = yield* json<{ units: { total: number } }>(home, "status", "--all-projects")
        assert.isBelow(units.total, 83)
        const made = yield* cli(home, "backup")
        assert.strictEqual(made.stderr, "")
        const [, path = ""] = new RegExp(
          `^Backed up ${units.total} memories, 8 sessions and 364 messages in .+:\\n {2}(\\S+) \\([\\d.]+ MB\\)\\n`
        ).exec(made.stdout) ?? []
        assert.include(made.stdout, `restore ${path}`)
        assert.match(
          (yield* cli(home, "backup", "verify")).stdout,
          new RegExp(`is whole\\.\nIt was made .+ ${units.total} memories`)
        )
        assert.include((yield* cli(home, "backup", "--list")).stdout, basename(path))
        assert.match(
          (yield* cli(home, "doctor")).stdout,
          /ok +backups +the newest is less than an hour old; 1 backup of/
        )

        const saved = yield* json<{ id: string }>(home, "save", "A note about quinces.")
        const restored = yield* cli(home, "restore", path)
        assert.match(
          restored.stdout,
          new RegExp(
            `^Restored ${units.total} memories, .+\nThe memory as it was is kept in .+before-restore.+:\n` +
              ".+ undoes this\\.\n.+import"
          )
        )
        assert.isFalse(yield* isFound(home, "quinces"))
        const { backups } = yield* json<{ backups: ReadonlyArray<{ path: string; units: number }> }>(
          home,
          "backup",
          "--list"
        )
        assert.deepStrictEqual(backups.map(({ units }) => units), [84, 83])
        const undone = yield* json<{ before: string; units: number }>(home, "restore", backups[0]!.path)
        assert.strictEqual(undone.units, 84)
        assert.isTrue(yield* isFound(home, "quinces"))

        // Forgetting for good names the backups that it deletes.
        const names = backupsIn(home)
        assert.lengthOf(names, 3)
        const forgotten = yield* cli(home, "forget", saved.id, "--now", "--yes")
        for (const name of names) assert.include(forgotten.stdout, `backups/${name}`)
        assert.deepStrictEqual(backupsIn(home), [])
        yield* isHealthy(home)

        yield* cli(home, "backup")
        assert.strictEqual((yield* cli(home, "uninstall", "--purge", "--yes")).code, 0)
        assert.isFalse(existsSync(folderOf(home)))
      })
    ))

  it.live("refuse in a sentence what they can't do", () =>
    inHome((home) =>
      Effect.gen(function*() {
        const refusals: ReadonlyArray<readonly [ReadonlyArray<string>, RegExp]> = [
          [["backup"], /nothing is remembered yet/],
          [["restore", join(home, "none.gz")], /can't be read or written/],
          [["restore", main], /is not a backup of Claude Memory/],
          [["backup", "a", "b"], /name one file/],
          [["backup", "--list", "a"], /--list takes no file/]
        ]
        for (const [words, message] of refusals) {
          const { code, stderr, stdout } = yield* cli(home, ...words)
          assert.strictEqual(code, 1, words.join(" "))
          assert.strictEqual(stdout, "")
          assert.match(stderr, message)
          assert.lengthOf(stderr.trimEnd().split("\n"), 1, stderr)
        }
        assert.isFalse(existsSync(databaseOf(home)))
        // A memory on a server has programs of its own for it, and none is asked here.
        const env = {
          CLAUDE_MEMORY_POSTGRES_URL: "postgresql://me:secret@127.0.0.1:1/memory",
          CLAUDE_MEMORY_QDRANT_URL: "http://127.0.0.1:1"
        }
        for (const words of [["backup"], ["backup", "verify"], ["backup", "--list"], ["restore", main]]) {
          const { code, stderr } = yield* inProcess(words, { home, env })
          assert.strictEqual(code, 1)
          assert.match(stderr, /in PostgreSQL.+for a memory in a file.+pg_dump/)
        }
      })
    ))
})

slow(describe)("beside other processes", () => {
  it.live(
    "an open server finds what was restored, and nothing else, and goes on to save",
    () =>
      inHome(() =>
        Effect.gen(function*() {
          const home = yield* makeImported
          const { path } = yield* json<{ path: string }>(home, "backup")
          yield* cli(home, "save", "A later note about the quince harvest.")
          const server = yield* Connected.connect(home, { CLAUDE_PROJECT_DIR: home })
          const found = (query: string, text: string) =>
            Effect.map(server.call("search", { query, project_id: "global" }), (result) => {
              assert.isNotTrue(result.isError, Connected.textOf(result))
              return Connected.textOf(result).includes(text)
            })
          yield* server.call("save", { content: "Another note about the medlar harvest." })
          assert.isTrue(yield* found("quince harvest", "about the quince"))
          assert.isTrue(yield* found("medlar harvest", "about the medlar"))

          const restored = yield* json<{ before: string; units: number }>(home, "restore", path)
          assert.isFalse(yield* found("quince harvest", "about the quince"))
          assert.isFalse(yield* found("medlar harvest", "about the medlar"))
          assert.isTrue(yield* found("timeout of the orders service", "orders"))
          const saved = yield* server.call("save", { content: "A note after it about the sorb harvest." })
          assert.isNotTrue(saved.isError, Connected.textOf(saved))
          assert.isTrue(yield* found("sorb harvest", "about the sorb"))

          yield* json(home, "restore", restored.before)
          assert.isTrue(yield* found("quince harvest", "about the quince"))
          assert.isTrue(yield* found("medlar harvest", "about the medlar"))
          assert.isFalse(yield* found("sorb harvest", "about the sorb"))
          const health = Connected.textOf(yield* server.call("health"))
          assert.notMatch(health, /^wrong/m)
          yield* Effect.promise(() => server.client.close())
          yield* isHealthy(home)
        }).pipe(Effect.scoped)
      ),
    60_000
  )

  it.live(
    "a backup that is made while another process imports is whole, and of one moment",
    () =>
      inHome((home) =>
        Effect.gen(function*() {
          const sessions = join(home, "sessions")
          yield* makeSessions(sessions, times(2))
          yield* cli(home, "import", samples)
          const importing = yield* start([main, "import", sessions, "--json"], { home })
          const counts: Array<number> = []
          for (let isRunning = true; isRunning || counts.length < 3;) {
            isRunning = yield* Effect.raceFirst(
              Effect.as(importing.ended, false),
              Effect.as(Effect.sleep("10 millis"), true)
            )
            const { messages, path } = yield* json<{ messages: number; path: string }>(home, "backup")
            counts.push(messages)
            yield* json(home, "backup", "verify", path)
            const content = join(home, "content.db")
            yield* run(["-c", `gunzip -c '${path}' > '${content}'`], { home, command: "bash" })
            // Each message's session and cursor came with it.
            withDatabase(content, (sql) => {
              const row = sql.prepare(`SELECT count(*) AS alone FROM messages
              WHERE session_id NOT IN (SELECT id FROM sessions)`).get()
              assert.strictEqual(row?.["alone"], 0)
              const kept = sql.prepare(`SELECT sum(lines) AS stored FROM line_counts WHERE outcome = 'stored'`).get()
              assert.isAtLeast(Number(kept?.["stored"]), messages)
            })
          }
          parsed(yield* importing.ended)
          assert.deepStrictEqual(counts, [...counts].sort((a, b) => a - b))
          assert.isAbove(new Set(counts).size, 1)
        })
      ),
    120_000
  )
})

slow(describe.skipIf(process.platform === "win32"))("a disk that becomes full", () => {
  it.live(
    "in a backup or a restore: it is said, nothing is changed, and nothing is left behind",
    () =>
      inHome(() =>
        Effect.gen(function*() {
          const home = yield* makeImported
          const { path } = yield* json<{ path: string }>(home, "backup", home)
          yield* cli(home, "save", "A later note about quinces.")
          const before = readFileSync(databaseOf(home))
          const kept = new Set<boolean>()
          for (const kibibytes of [8, 100, 400, 900, 1_500, 4_000]) {
            for (const words of [["backup"], ["restore", path]]) {
              const { code, stderr } = yield* run(
                ["-c", `ulimit -f ${kibibytes}; exec "$0" "$@"`, process.execPath, main, ...words],
                { home, command: "bash" }
              )
              kept.add(code === 0)
              if (code === 0) continue
              assert.match(stderr, /^claude-memory: .*(?:full|disk I\/O error).*\n$/, stderr)
              assert.isTrue(yield* isFound(home, "quinces"), `${kibibytes} ${words[0]}`)
              assert.isFalse(backupsIn(home).some((name) => name.includes("tmp")))
            }
            rmSync(backupsOf(home), { recursive: true, force: true })
            writeFileSync(databaseOf(home), before)
          }
          assert.strictEqual(kept.size, 2)
        })
      ),
    120_000
  )
})

slow(describe)("killed", () => {
  it.live(
    "a restore leaves the memory as it was, or as it is to be, and the next one goes through",
    () =>
      inHome((home) =>
        Effect.gen(function*() {
          const imported = yield* makeImported
          const { path } = yield* json<{ path: string }>(imported, "backup", imported)
          const totalIn = (home: string) =>
            Effect.map(
              json<{ units: { total: number } }>(home, "status", "--all-projects"),
              ({ units: { total } }) => total
            )
          const total = yield* totalIn(imported)
          yield* cli(imported, "save", "A later note about quinces.")
          const seen = new Set<boolean>()
          const isThere = (part: RegExp) => () => backupsIn(home).some((name) => part.test(name))
          const isWritten = () => (statSync(`${databaseOf(home)}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 100_000
          const stops: ReadonlyArray<readonly [until: () => boolean, laterMs: number]> = [
            [isThere(/\.restore\.tmp$/), 0],
            [isThere(/\.copy\.tmp$/), 0],
            ...[0, 5, 10, 15, 20, 30, 45, 500].map((ms) => [isThere(/^before-restore-.+\.gz$/), ms] as const),
            ...[0, 2, 5].map((ms) => [isWritten, ms] as const)
          ]
          for (const [until, laterMs] of stops) {
            rmSync(folderOf(home), { recursive: true, force: true })
            mkdirSync(folderOf(home), { mode: 0o700 })
            cpSync(databaseOf(imported), databaseOf(home))
            yield* Effect.scoped(Effect.gen(function*() {
              const { ended, kill } = yield* start([main, "restore", path], { home })
              yield* Effect.raceFirst(
                Effect.repeat(Effect.delay(Effect.sync(until), "1 millis"), { until: (isReached) => isReached }),
                ended
              )
              yield* Effect.sleep(laterMs)
              yield* kill("SIGKILL")
              yield* ended
            }))
            const isOld = yield* isFound(home, "quinces")
            assert.strictEqual(yield* totalIn(home), isOld ? total + 1 : total)
            seen.add(isOld)
            yield* isHealthy(home)
            // What was kept of the memory before is whole, too.
            for (const name of backupsIn(home).filter((each) => each.endsWith(".gz"))) {
              yield* json(home, "backup", "verify", join(backupsOf(home), name))
            }
          }
          assert.strictEqual(seen.size, 2)
          yield* json(home, "restore", path)
          assert.isFalse(yield* isFound(home, "quinces"))
        })
      ),
    120_000
  )
})
