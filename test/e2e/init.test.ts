/**
 * Installs the shipped program into Claude Code's files, and removes it again.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync
} from "node:fs"
import { dirname, join } from "node:path"
import { slow, times } from "../data.ts"
import { type CommandLineOptions, commandLines } from "./commandLines.ts"
import { hook, inHome, main, mcp, type Options, type Outcome, run, start } from "./run.ts"

const inProcess = commandLines()
/** Runs these words in the one process of this file. */
const cli = (home: string, words: ReadonlyArray<string>, options: Partial<CommandLineOptions> = {}) =>
  inProcess(words, { home, ...options })
/** Starts the program for them. */
const started = (home: string, words: ReadonlyArray<string>, options: Partial<Options> = {}) =>
  run([main, ...words], { home, ...options })

interface Answer {
  readonly files: ReadonlyArray<{ readonly path: string; readonly outcome: string; readonly error?: string }>
  readonly installed?: boolean
  readonly notes?: ReadonlyArray<string>
}

const jsonOf = ({ code, stderr, stdout }: Outcome, expected = 0): Answer => {
  assert.strictEqual(code, expected, stderr)
  assert.match(stdout, /^[^\n]+\n$/)
  return JSON.parse(stdout) as Answer
}

const write = (path: string, text: string) => {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

const filesIn = (folder: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, encoding: "utf8" }).sort().map((name) => {
      const path = join(folder, name)
      return [name, lstatSync(path).isFile() ? readFileSync(path, "utf8") : ""]
    })
  )

const readJson = (path: string) => JSON.parse(readFileSync(path, "utf8"))

interface Check {
  readonly name: string
  readonly state: string
  readonly detail: string
}

/** Returns doctor's check of Claude Code. */
const checkOf = (home: string, cwd = home) =>
  Effect.map(cli(home, ["doctor", "--json"], { cwd }), ({ stdout }) => {
    const { checks } = JSON.parse(stdout) as { readonly checks: ReadonlyArray<Check> }
    return checks.find(({ name }) => name === "Claude Code")!
  })

describe("init", () => {
  it.live("writes hooks and a server, says so, and does it once; uninstall leaves the home as it was", () =>
    inHome((home) =>
      Effect.gen(function*() {
        write(join(home, ".claude", "settings.json"), "{\r\n\t\"model\": \"opus\"\r\n}")
        const before = filesIn(home)
        const planned = yield* cli(home, ["init", "--dry-run"])
        assert.strictEqual(planned.code, 0)
        assert.deepStrictEqual(filesIn(home), before)
        const done = yield* started(home, ["init"])
        assert.strictEqual(done.code, 0)
        assert.strictEqual(done.stderr, "")
        for (const { stdout } of [planned, done]) {
          for (
            const words of [
              `${join(home, ".claude", ".claude.json")} (a new file)`,
              "+  mcpServers.claude-memory",
              "+  hooks.SessionStart[0]",
              "+  hooks.UserPromptSubmit[0]"
            ]
          ) {
            assert.include(stdout, words)
          }
        }
        const ours = [{ hooks: [{ type: "command", command: "node", args: [hook], timeout: 2 }] }]
        assert.deepStrictEqual(readJson(join(home, ".claude", "settings.json")), {
          model: "opus",
          hooks: { SessionStart: ours, UserPromptSubmit: ours }
        })
        assert.deepStrictEqual(readJson(join(home, ".claude", ".claude.json")), {
          mcpServers: { "claude-memory": { type: "stdio", command: "node", args: [mcp] } }
        })
        assert.deepInclude(yield* checkOf(home), { state: "ok" })

        const installed = filesIn(home)
        assert.include((yield* cli(home, ["init"])).stdout, "Already installed")
        assert.deepStrictEqual(filesIn(home), installed)

        // Node's compile cache, which the hook writes, must be removed too.
        const prompt = { session_id: "one", cwd: home, hook_event_name: "UserPromptSubmit", prompt: "Hello." }
        assert.strictEqual(
          (yield* run([hook], {
            home,
            stdin: JSON.stringify(prompt),
            env: { CLAUDE_MEMORY_HOOK_MS: "20000" }
          })).code,
          0
        )
        const out = yield* started(home, ["uninstall"])
        assert.strictEqual(out.code, 0, out.stderr)
        assert.include(out.stdout, "(the file goes: nothing else is in it)")
        assert.deepStrictEqual(filesIn(home), before)
      })
    ))

  it.live("takes an empty file for one without settings, and uninstall leaves it empty", () =>
    inHome((home) =>
      Effect.gen(function*() {
        for (const [name, text] of [["settings.json", ""], [".claude.json", "\n"]] as const) {
          write(join(home, ".claude", name), text)
        }
        const before = filesIn(home)
        const { installed } = jsonOf(yield* cli(home, ["init", "--json"]))
        assert.isTrue(installed)
        assert.deepInclude(yield* checkOf(home), { state: "ok" })
        jsonOf(yield* cli(home, ["uninstall", "--json"]))
        assert.deepStrictEqual(filesIn(home), before)
      })
    ))

  it.live("in Claude Code's usual places, for a memory elsewhere, says where that is", () =>
    inHome((home) =>
      Effect.gen(function*() {
        const env = { CLAUDE_CONFIG_DIR: "", CLAUDE_MEMORY_HOME: join(home, "记忆 of mine") }
        jsonOf(yield* cli(home, ["init", "--json"], { env }))
        assert.deepStrictEqual(readJson(join(home, ".claude", "settings.json")).env, {
          CLAUDE_MEMORY_HOME: env.CLAUDE_MEMORY_HOME
        })
        assert.isTrue(existsSync(join(home, ".claude.json")))
        // Without this variable, doctor sees another memory than Claude Code uses.
        assert.match((yield* checkOf(home)).detail, /its settings have the memory in .*记忆 of mine/)
        jsonOf(yield* cli(home, ["uninstall", "--json"], { env }))
        assert.deepStrictEqual(filesIn(home), {})
      })
    ))

  it.live("of one project is for its user alone, in all of its folders", () =>
    inHome((home) =>
      Effect.gen(function*() {
        const project = join(home, "shop")
        mkdirSync(join(project, ".git"), { recursive: true })
        mkdirSync(join(project, "src"))
        const before = filesIn(home)
        const cwd = join(project, "src")
        const { notes } = jsonOf(
          yield* cli(home, ["init", "--scope", "project", "--json"], { cwd })
        )
        assert.match(notes!.join(), /is yours alone: keep it out of git/)
        const { hooks } = readJson(join(project, ".claude", "settings.local.json"))
        assert.strictEqual(hooks.UserPromptSubmit[0].hooks[0].type, "command")
        assert.deepStrictEqual(Object.keys(readJson(join(home, ".claude", ".claude.json")).projects), [project])
        assert.deepInclude(yield* checkOf(home, cwd), {
          state: "ok",
          detail: "runs it in this project; command answers prompts"
        })
        // Uninstall works from any folder.
        jsonOf(yield* cli(home, ["uninstall", "--json"]))
        assert.deepStrictEqual(filesIn(home), before)
      })
    ))

  it.live("touches nothing where one of the files is not what Claude Code could read", () =>
    inHome((home) =>
      Effect.gen(function*() {
        const settings = join(home, ".claude", "settings.json")
        write(settings, "{\n  \"hooks\": {\"SessionStart\": {}}\n}")
        const before = filesIn(home)
        const { code, stdout } = yield* cli(home, ["init"])
        assert.strictEqual(code, 1)
        assert.include(stdout, ".claude.json (left as it is)")
        assert.include(stdout, `${settings}:2:29: "hooks.SessionStart" should be an array`)
        assert.include(stdout, "Nothing was changed.")
        assert.deepStrictEqual(filesIn(home), before)
      })
    ))

  it.live("is refused where it would be there twice", () =>
    inHome((home) =>
      Effect.gen(function*() {
        const settings = join(home, ".claude", "settings.json")
        jsonOf(yield* cli(home, ["init", "--json"]))
        const project = yield* cli(home, ["init", "--scope", "project"])
        assert.deepInclude(project, { code: 1, stdout: "" })
        assert.match(project.stderr, /installed for all of your projects already/)
        write(settings, JSON.stringify({ ...readJson(settings), enabledPlugins: { "memory@claude-memory": true } }))
        const plugin = yield* cli(home, ["init"])
        assert.deepInclude(plugin, { code: 1, stdout: "" })
        assert.match(plugin.stderr, /the plugin memory@claude-memory is enabled.*claude plugin uninstall/)
        assert.deepInclude(yield* checkOf(home), { state: "wrong" })
      })
    ))

  it.live("names the Node that runs it where Claude Code would find none", () =>
    inHome((home) =>
      Effect.gen(function*() {
        jsonOf(yield* started(home, ["init", "--json"], { env: { PATH: home } }))
        const { mcpServers } = readJson(join(home, ".claude", ".claude.json"))
        assert.strictEqual(mcpServers["claude-memory"].command, process.execPath)
      })
    ))

  slow(it.live.skipIf(process.platform === "win32"))(
    "says what a version manager's shim costs, and nothing of a node that is none",
    () =>
      inHome((home) =>
        Effect.gen(function*() {
          const shims = join(home, "shims")
          const real = dirname(process.execPath)
          write(join(shims, "node"), `#!/bin/sh\nsleep 0.3\nexec "${process.execPath}" "$@"\n`)
          chmodSync(join(shims, "node"), 0o755)
          const notesWith = (PATH: string) =>
            Effect.map(started(home, ["init", "--json"], { env: { PATH } }), (outcome) => jsonOf(outcome).notes)
          const [note, ...others] = (yield* notesWith(`${shims}:/usr/bin:/bin`)) ?? []
          const [, found, running] = /^`node` takes (\d+) ms to start, \S+ (\d+): it looks like the shim/.exec(note!) ??
            []
          assert.isAbove(Number(found), Number(running) + 250)
          assert.deepStrictEqual(others, [])
          assert.deepStrictEqual(yield* notesWith(`${real}:/usr/bin:/bin`), [])
        })
      )
  )

  // Only root can start a program as another user.
  it.live.skipIf(process.getuid?.() !== 0)(
    "says of each file what became of it, also where that may not be written",
    () =>
      inHome((home) =>
        Effect.gen(function*() {
          const nobody = 65_534
          const settings = join(home, ".claude", "settings.json")
          write(settings, "{}")
          for (const path of [home, join(home, ".claude-memory")]) {
            mkdirSync(path, { recursive: true })
            chownSync(path, nobody, nobody)
          }
          chmodSync(home, 0o755)
          const env = { CLAUDE_CONFIG_DIR: "" }
          const { files } = jsonOf(yield* started(home, ["init", "--json"], { env, uid: nobody }), 1)
          assert.deepStrictEqual(files.map(({ outcome }) => outcome), ["made", "failed"])
          assert.match(
            files[1]!.error!,
            /settings\.json can't be replaced and is as it was .*EACCES|permission denied/i
          )
          assert.strictEqual(readFileSync(settings, "utf8"), "{}")
          jsonOf(yield* started(home, ["uninstall", "--json"], { env, uid: nobody }))
          assert.deepStrictEqual(filesIn(home), { ".claude": "", ".claude/settings.json": "{}" })

          // Run by root for another user, init leaves the files with that user.
          chownSync(settings, nobody, nobody)
          jsonOf(yield* cli(home, ["init", "--json"], { env }))
          assert.strictEqual(statSync(settings).uid, nobody)
        })
      )
  )
})

/** Init is killed before every `INIT_STEP`th write; with TEST_RUNS=8 before each. */
const INIT_STEP = Math.max(1, Math.round(8 / times(1)))

/** Options of Node that kill the process before its `n`th write to the disk. */
const killedBefore = (n: number) => {
  const source = `
    import fs from "node:fs"
    import { syncBuiltinESMExports } from "node:module"
    let left = ${n}
    for (const name of ["chmod", "mkdir", "open", "rename", "rm", "rmdirSync", "utimes", "write"]) {
      const own = fs[name]
      fs[name] = (...args) => {
        if ((name !== "open" || args[1] !== "r") && --left === 0) process.kill(process.pid, "SIGKILL")
        return own(...args)
      }
    }
    syncBuiltinESMExports()`
  return ["--import", `data:text/javascript,${encodeURIComponent(source)}`]
}

slow(describe)("uninstall", () => {
  it.live(
    "leaves nothing of an init that was killed, wherever that was",
    () =>
      inHome((home) =>
        Effect.gen(function*() {
          write(join(home, ".claude", "settings.json"), "{}")
          const before = filesIn(home)
          let kills = 0
          for (let n = 1;; n += INIT_STEP) {
            const { signal } = yield* run([...killedBefore(n), main, "init", "--yes"], { home })
            const lock = join(home, ".claude", ".claude.json.lock")
            // Makes the lock look stale: after ten seconds it is free, for Claude Code too.
            if (existsSync(lock)) utimesSync(lock, 0, 0)
            jsonOf(yield* cli(home, ["uninstall", "--json"]))
            assert.deepStrictEqual(filesIn(home), before, `killed before it wrote for time ${n}`)
            if (signal !== "SIGKILL") break
            kills++
          }
          assert.isAbove(kills, 2)
        })
      ),
    120_000
  )
})

describe("uninstall --purge", () => {
  slow(it.live)(
    "deletes what is remembered, but nothing that is in use and nothing that is not ours",
    () =>
      inHome((home) =>
        Effect.gen(function*() {
          const memory = join(home, ".claude-memory")
          jsonOf(yield* cli(home, ["init", "--json"]))
          yield* Effect.scoped(Effect.gen(function*() {
            const work = yield* start([main, "work"], { home })
            yield* work.waitForText("working")
            while (!existsSync(join(memory, "run", `${work.pid}.json`))) yield* Effect.sleep("20 millis")
            const { code, stderr } = yield* started(home, ["uninstall", "--purge"])
            assert.strictEqual(code, 1)
            assert.include(stderr, `in use by process ${work.pid} (work)`)
            yield* work.kill("SIGTERM")
            yield* work.ended
          }))
          yield* Effect.scoped(Effect.gen(function*() {
            const watch = yield* start([main, "watch"], { home })
            yield* watch.waitForText("following")
            yield* watch.kill("SIGTERM")
            yield* watch.ended
          }))
          assert.isTrue(readdirSync(memory).some((name) => name.endsWith(".lock")))
          assert.isTrue(existsSync(join(home, ".claude", "settings.json")))
          const stays = yield* cli(home, ["uninstall"])
          assert.match(stays.stdout, /What is remembered in .*\.claude-memory \([\d.]+ MB\) stays/)
          assert.include(readdirSync(memory), "memory.db")
          write(join(memory, "mine.txt"), "mine")
          assert.strictEqual((yield* cli(home, ["token"])).code, 0)
          for (const more of [[], ["--json"]]) {
            const refused = yield* cli(home, ["uninstall", "--purge", ...more])
            assert.strictEqual(refused.code, 1)
            assert.include(refused.stderr, "nobody can be asked here")
            assert.include(readdirSync(memory), "memory.db")
          }
          const planned = yield* cli(home, ["uninstall", "--purge", "--dry-run"])
          assert.strictEqual(planned.code, 0)
          assert.include(planned.stdout, "would be deleted")
          const purged = yield* cli(home, ["uninstall", "--purge", "--yes"])
          assert.match(purged.stdout, /Not ours, and still in .*: mine\.txt\.\n/)
          assert.deepStrictEqual(readdirSync(memory), ["mine.txt"])
        })
      )
  )

  it.live("is refused where the settings have the memory elsewhere, and says where", () =>
    inHome((home) =>
      Effect.gen(function*() {
        const elsewhere = join(home, "elsewhere")
        const env = { CLAUDE_MEMORY_HOME: `${elsewhere}/` }
        jsonOf(yield* cli(home, ["init", "--json"], { env }))
        jsonOf(yield* cli(home, ["save", "--json", "A note about apples."], { env }))
        const refused = yield* cli(home, ["uninstall", "--purge"])
        assert.strictEqual(refused.code, 1)
        assert.include(refused.stderr, `run this again with CLAUDE_MEMORY_HOME=${elsewhere}`)
        assert.include((yield* cli(home, ["uninstall"])).stdout, `What is remembered in ${elsewhere} stays.`)
        assert.include(readdirSync(elsewhere), "memory.db")
        assert.strictEqual((yield* cli(home, ["uninstall", "--purge", "--yes"], { env })).code, 0)
        assert.isFalse(existsSync(elsewhere))
      })
    ))

  it.live("is refused for a folder that is nobody's memory", () =>
    inHome((home) =>
      Effect.gen(function*() {
        write(join(home, "config.json"), "{}")
        const { code, stderr } = yield* cli(home, ["uninstall", "--purge"], { env: { CLAUDE_MEMORY_HOME: home } })
        assert.strictEqual(code, 1)
        assert.match(stderr, /holds no memory, so that nothing in it is deleted/)
        assert.deepStrictEqual(filesIn(home), { "config.json": "{}" })
      })
    ))
})
