/**
 * Writes where files may not grow, or not be written: what a command says of its work is what is there afterwards.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFileSync } from "node:child_process"
import { chmodSync, cpSync, readdirSync, rmSync, statSync } from "node:fs"
import { join } from "node:path"
import { slow } from "../data.ts"
import { call, HELLO } from "./requests.ts"
import { inHome, main, mcp, run, start } from "./run.ts"

/** Runs the command line with files of at most so many KiB. */
const limited = (home: string, kibibytes: number, ...words: ReadonlyArray<string>) =>
  run(["-c", `ulimit -f ${kibibytes}; exec "$0" "$@"`, process.execPath, main, ...words], { home, command: "bash" })

slow(describe.skipIf(process.platform === "win32"))("a disk that becomes full", () => {
  it.live("in a save: the answer is whether the note is stored", () =>
    inHome((home) =>
      Effect.gen(function*() {
        const folder = join(home, ".claude-memory")
        assert.strictEqual((yield* run([main, "save", "The first note is about apples."], { home })).code, 0)
        cpSync(folder, join(home, "before"), { recursive: true })
        const stored = new Set<boolean>()
        const late = new Set<boolean>()
        for (const kibibytes of [24, 48, 56, 64, 72, 80, 88, 96, 112]) {
          rmSync(folder, { recursive: true })
          cpSync(join(home, "before"), folder, { recursive: true })
          const { code, stderr } = yield* limited(home, kibibytes, "save", "The second note is about pears.")
          const isStored = (yield* run([main, "search", "--all-projects", "pears"], { home })).stdout.includes(
            "about pears"
          )
          assert.strictEqual(code === 0, isStored, `${kibibytes} KiB: ${stderr}`)
          if (isStored) late.add(stderr.includes("it is done; what follows from it"))
          else assert.match(stderr, /^claude-memory: .*(?:disk I\/O error|is full).*\n$/)
          stored.add(isStored)
        }
        // Some limits let all of the note through, some a part, and some nothing.
        assert.strictEqual(stored.size, 2)
        assert.strictEqual(late.size, 2)
      })
    ))
})

const isRoot = process.getuid?.() === 0

// Root may write anywhere.
describe.skipIf(!isRoot)("a memory that its owner has made read-only", () => {
  slow(it.live)("stays so after a save that fails", () =>
    inHome((home) =>
      Effect.gen(function*() {
        const folder = join(home, ".claude-memory")
        const file = join(folder, "memory.db")
        const save = (text: string) => run([main, "save", text], { home, uid: 65_534 })
        execFileSync("chown", ["65534:65534", home])
        assert.strictEqual((yield* save("The first note is about apples.")).code, 0)
        for (const [folderMode, fileMode] of [[0o500, 0o600], [0o500, 0o400], [0o700, 0o400]] as const) {
          chmodSync(file, fileMode)
          chmodSync(folder, folderMode)
          const { code, stderr } = yield* save("The second note is about pears.")
          assert.strictEqual(code, 1)
          assert.match(stderr, /^claude-memory: .*\n$/)
          assert.strictEqual(statSync(folder).mode & 0o777, folderMode, stderr)
          assert.strictEqual(statSync(file).mode & 0o777, fileMode, stderr)
          chmodSync(folder, 0o700)
        }
        // Rights of others are still taken away. SQLite gives its log the rights of the database.
        for (const name of readdirSync(folder).filter((name) => name.startsWith("memory.db"))) {
          chmodSync(join(folder, name), 0o644)
        }
        chmodSync(folder, 0o755)
        const saved = yield* save("The second note is about pears.")
        assert.strictEqual(saved.code, 0, saved.stderr)
        assert.deepStrictEqual([folder, file].map((path) => statSync(path).mode & 0o777), [0o700, 0o600])
      })
    ))
})

describe.skipIf(!isRoot)("a home that is another user's", () => {
  slow(it.live)("is refused in a sentence", () =>
    inHome((home) =>
      Effect.gen(function*() {
        const transcript = join(home, "session.jsonl")
        chmodSync(home, 0o700)
        for (
          const [words, refused] of [[["import", transcript], "config.json"], [["uninstall", "--yes"], ""]] as const
        ) {
          const { code, stderr } = yield* run([main, ...words], { home, cwd: "/", uid: 65_534 })
          assert.strictEqual(code, 1)
          assert.match(stderr, /^claude-memory: [^\n]*can't be read; check its permissions\n$/)
          assert.include(stderr, refused)
        }
      })
    ))
})

describe.skipIf(process.platform === "win32")("a memory whose files may not grow", () => {
  slow(it.live)("is not healthy for the server", () =>
    inHome((home) =>
      Effect.gen(function*() {
        assert.strictEqual((yield* run([main, "save", "The first note is about apples."], { home })).code, 0)
        const server = yield* start(["-c", `ulimit -f 200; exec "$0" "$1"`, process.execPath, mcp], {
          home,
          command: "bash",
          staysOpen: true
        })
        yield* server.send(HELLO)
        yield* server.waitForText(`"id":0}`)
        yield* server.send(call(1, "health", {}))
        yield* server.waitForText(`"id":1}`)
        yield* server.closeStdin
        const { stdout } = yield* server.ended
        assert.match(stdout, /wrong: folder: a limit on the size of files keeps/)
        assert.notInclude(stdout, "Nothing is wrong")
      })
    ))
})

describe.skipIf(process.platform === "win32")("a process that may open few files", () => {
  slow(it.live)("says so in a sentence", () =>
    inHome((home) =>
      Effect.gen(function*() {
        // How many it needs differs between versions of Node.
        let said = 0
        for (const args of [[main, "status"], [main, "save", "The first note is about apples."], [mcp]]) {
          for (const files of [26, 30, 40]) {
            const { code, stderr } = yield* run(
              ["-c", `ulimit -n ${files}; exec "$0" "$@"`, process.execPath, ...args],
              { home, command: "bash" }
            )
            assert.notMatch(stderr, /^\s+at /m)
            if (!stderr.startsWith("claude-memory: this process may not open")) continue
            said++
            assert.strictEqual(code, 1)
            assert.match(
              stderr,
              /^claude-memory: this process may not open as many files as it needs .*ulimit -n 1024.*\n$/
            )
          }
        }
        assert.isAbove(said, 0)
      })
    ))
})
