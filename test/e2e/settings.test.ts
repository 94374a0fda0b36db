/**
 * Settings that do not hold: names that do not exist, and a settings file that is no file.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFileSync } from "node:child_process"
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Unknown from "../../src/settings/Unknown.ts"
import { oneIn, root, slow } from "../data.ts"
import { commandLines } from "./commandLines.ts"
import { hook, inHome, main, mcp, run } from "./run.ts"

const inProcess = commandLines()

const PROMPT = JSON.stringify({
  session_id: "one",
  cwd: "/",
  hook_event_name: "UserPromptSubmit",
  prompt: "Which fruit did we choose for the harbour festival?"
})

describe("a name that is no setting", () => {
  const MISTYPED = { CLAUDE_MEMORY_EXCLUDE_PATH: "/private" }
  const SENTENCE =
    /^claude-memory: CLAUDE_MEMORY_EXCLUDE_PATH is no setting of Claude Memory, .* did you mean CLAUDE_MEMORY_EXCLUDE_PATHS\?\n/

  slow(it.live)(
    "is told once by each command, with the one that was meant",
    () =>
      inHome((home) =>
        Effect.gen(function*() {
          for (const words of [["save", "The harbour opens at six."], ["status", "--json"], ["doctor", "--json"]]) {
            const { stderr } = yield* inProcess(words, { home, env: MISTYPED })
            assert.match(stderr, SENTENCE)
            assert.strictEqual(stderr.split("EXCLUDE_PATH ").length, 2, words.join(" "))
          }
          assert.strictEqual((yield* inProcess(["--version"], { home, env: MISTYPED })).stderr, "")
          const other = yield* inProcess(["status"], { home, env: { CLAUDE_MEMORY_ENTIRELY_OTHER_WORDS: "1" } })
          assert.include(
            other.stderr,
            "CLAUDE_MEMORY_ENTIRELY_OTHER_WORDS is no setting of Claude Memory, so it changes nothing; docs/"
          )
          // An empty variable is as none.
          assert.strictEqual(
            (yield* inProcess(["status"], { home, env: { CLAUDE_MEMORY_EXCLUDE_PATH: "" } })).stderr,
            ""
          )
        })
      )
  )

  slow(it.live)(
    "is wrong for doctor, in the environment and in the settings file",
    () =>
      inHome((home) =>
        Effect.gen(function*() {
          assert.strictEqual((yield* inProcess(["save", "The harbour opens at six."], { home })).code, 0)
          const settingsOf = (env: Record<string, string>) =>
            Effect.map(inProcess(["doctor", "--json"], { home, env }), ({ stdout }) => {
              const { checks } = JSON.parse(stdout) as {
                readonly checks: ReadonlyArray<{ readonly name: string; readonly state: string }>
              }
              return checks.find(({ name }) => name === "settings")
            })
          assert.strictEqual((yield* settingsOf({}))?.state, "ok")
          assert.strictEqual((yield* settingsOf(MISTYPED))?.state, "wrong")
          // Only the hooks read this one.
          assert.include(
            JSON.stringify(yield* settingsOf({ CLAUDE_MEMORY_HOOK_MS: "abc" })),
            "\"state\":\"wrong\",\"detail\":\"CLAUDE_MEMORY_HOOK_MS is from 1 to 60000\""
          )
          writeFileSync(join(home, ".claude-memory", "config.json"), "{\"CLAUDE_MEMORY_ISOLATON\": \"strict\"}")
          const inFile = yield* settingsOf({})
          assert.strictEqual(inFile?.state, "wrong")
          assert.match(
            JSON.stringify(inFile),
            /CLAUDE_MEMORY_ISOLATON is no setting .* did you mean CLAUDE_MEMORY_ISOLATION\?/
          )
        })
      )
  )

  slow(it.live)(
    "is not told by the hook and the server, which nobody reads",
    () =>
      inHome((home) =>
        Effect.gen(function*() {
          assert.strictEqual((yield* inProcess(["save", "The harbour opens at six."], { home })).code, 0)
          for (const program of [hook, mcp]) {
            const { code, stderr } = yield* run([program], {
              home,
              env: MISTYPED,
              stdin: program === hook ? PROMPT : ""
            })
            assert.deepStrictEqual([code, stderr], [0, ""], program)
          }
        })
      )
  )

  it.live("is none that a provider's key, its address or NO_COLOR has in the settings file", () =>
    inHome((home) =>
      Effect.gen(function*() {
        mkdirSync(join(home, ".claude-memory"))
        const file = { OPENAI_API_KEY: "k", COHERE_API_KEY: "k", LM_STUDIO_API_BASE: "http://h", NO_COLOR: "1" }
        writeFileSync(join(home, ".claude-memory", "config.json"), JSON.stringify(file))
        assert.strictEqual((yield* inProcess(["resources"], { home })).stderr, "")
        writeFileSync(join(home, ".claude-memory", "config.json"), JSON.stringify({ ...file, OPENAI_API_KEYS: "k" }))
        assert.match(
          (yield* inProcess(["resources"], { home })).stderr,
          /^claude-memory: OPENAI_API_KEYS is no setting/
        )
      })
    ))

  it.effect("is each that the documentation does not have", () =>
    Effect.gen(function*() {
      const { known } = yield* Unknown.find
      const page = readFileSync(join(root, "docs", "configuration.md"), "utf8")
      assert.deepStrictEqual(known, [...new Set(page.match(/\bCLAUDE_MEMORY_[A-Z_]+/g))].sort())
    }))
})

describe.skipIf(process.platform === "win32")("a settings file that is no file", () => {
  const cases: Readonly<Record<string, (path: string) => void>> = {
    "a pipe": (path) => execFileSync("mkfifo", [path]),
    "a device without an end": (path) => symlinkSync("/dev/zero", path),
    "a terminal's end": (path) => symlinkSync("/dev/tty", path),
    "a folder": (path) => mkdirSync(path)
  }
  for (const [name, make] of Object.entries(cases).filter(oneIn(1, 4))) {
    it.live(`as ${name} is refused at once`, () =>
      inHome((home) =>
        Effect.gen(function*() {
          const folder = join(home, ".claude-memory")
          const file = join(folder, "config.json")
          mkdirSync(folder, { mode: 0o700 })
          make(file)
          const { code, stderr, stdout } = yield* run([main, "status"], { home, killAfterMs: 10_000 })
          assert.deepStrictEqual([code, stdout], [1, ""])
          assert.strictEqual(
            stderr,
            `claude-memory: ${file}: is not a regular file; delete it, or put one in its place\n`
          )
          assert.deepInclude(yield* run([hook], { home, stdin: PROMPT, killAfterMs: 10_000 }), {
            code: 0,
            stdout: "",
            stderr: ""
          })
          const doctor = yield* run([main, "doctor"], { home, killAfterMs: 10_000 })
          assert.strictEqual(doctor.code, 1)
          assert.include(doctor.stdout, "is not a regular file")
        })
      ))
  }

  it.live("can't say that the memory is in another folder", () =>
    inHome((home) =>
      Effect.gen(function*() {
        mkdirSync(join(home, ".claude-memory"), { mode: 0o700 })
        const file = join(home, ".claude-memory", "config.json")
        writeFileSync(file, JSON.stringify({ CLAUDE_MEMORY_HOME: join(home, "other") }))
        const { code, stderr } = yield* inProcess(["status"], { home })
        assert.strictEqual(code, 1)
        assert.strictEqual(
          stderr,
          `claude-memory: ${file}: lies in the folder that CLAUDE_MEMORY_HOME names, and can't name another; ` +
            "take it out, and set it in the environment\n"
        )
        rmSync(file)
      })
    ))

  it.live("as one that is too long is refused", () =>
    inHome((home) =>
      Effect.gen(function*() {
        mkdirSync(join(home, ".claude-memory"), { mode: 0o700 })
        const file = join(home, ".claude-memory", "config.json")
        writeFileSync(file, " ".repeat(100 * 1_024))
        const { stderr } = yield* inProcess(["status"], { home })
        assert.strictEqual(stderr, `claude-memory: ${file}: is longer than 64 KiB\n`)
        rmSync(file)
      })
    ))
})
