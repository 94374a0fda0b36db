/**
 * The hook as Claude Code runs it, on the sample sessions: on any error it exits with 0 and prints nothing.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, layer } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestServices from "effect/TestServices"
import { execFileSync } from "node:child_process"
import { randomUUID } from "node:crypto"
import { createServer, type Server, type Socket } from "node:net"
import { hostname } from "node:os"
import { dirname, join } from "node:path"
import { ResourceLedger } from "../../src/resources/ResourceLedger.ts"
import { open } from "../../src/resources/Sqlite.ts"
import { samples, slow } from "../data.ts"
import { owned } from "../resources/owned.ts"
import { commandLines } from "./commandLines.ts"
import { hook, makeHome, makeImported, type Options, run, start as startProgram } from "./run.ts"

/** Long budgets in place of the hook's own short ones, so that a busy machine does not fail these tests. */
const PATIENT = { CLAUDE_MEMORY_HOOK_MS: "20000", CLAUDE_MEMORY_SESSION_START_MS: "20000" }
const NOTHING = { stdout: "", stderr: "", code: 0, signal: null }
const CWD = "/home/mei/work/shop-api"

class Imported extends Context.Tag("Imported")<Imported, { readonly home: string }>() {
  static readonly layer = Layer.scoped(
    this,
    Effect.map(makeImported, (home) => ({ home }))
  )
}

/** Starts the hook with little time, and with a stdin that stays open. */
const startOpen = (home: string) =>
  startProgram([hook], {
    home,
    env: { CLAUDE_MEMORY_HOOK_MS: "300", CLAUDE_MEMORY_SESSION_START_MS: "300" },
    staysOpen: true
  })

const prompt = (overrides: object = {}) =>
  JSON.stringify({
    session_id: randomUUID(),
    transcript_path: "/tmp/none.jsonl",
    cwd: CWD,
    permission_mode: "default",
    hook_event_name: "UserPromptSubmit",
    prompt: "why did we decide against Meilisearch?",
    ...overrides
  })

const start = (overrides: object = {}) =>
  JSON.stringify({
    session_id: randomUUID(),
    cwd: CWD,
    hook_event_name: "SessionStart",
    source: "startup",
    ...overrides
  })

const TOKEN = `ghp_${"aB3dE5fG7h".repeat(4).slice(0, 36)}`

/** A session's prompts and answers in turn. */
const SAID = [
  "Please make the quokka importer read its spreadsheets through a queue, since it blocks the whole shop for minutes.",
  "The quokka importer blocked because it parsed spreadsheets in the request. It now puts each row on the zebra queue, and a " +
  "worker reads them in batches of 500.",
  "<private>the owl is private</private> And does it keep the order of the rows?",
  `The rows keep their order because the zebra queue is partitioned by sheet. The export needs GITHUB_TOKEN=${TOKEN} in its ` +
  "environment. The retries of failed rows are still open; next step is a dead letter queue."
]

const sessionLines = (session: string, said: ReadonlyArray<string>) =>
  said.map((text, i) =>
    `${
      JSON.stringify({
        type: i % 2 === 0 ? "user" : "assistant",
        uuid: `${session}-${i}`,
        parentUuid: i === 0 ? null : `${session}-${i - 1}`,
        sessionId: session,
        cwd: CWD,
        isSidechain: false,
        timestamp: `2026-11-27T12:0${i}:00.000Z`,
        message: { role: i % 2 === 0 ? "user" : "assistant", content: [{ type: "text", text }] }
      })
    }\n`
  ).join("")

const inProcess = commandLines()

const ask = (stdin: string, { env, ...options }: Partial<Options> = {}) =>
  Effect.flatMap(Imported, ({ home }) => run([hook], { home, stdin, env: { ...PATIENT, ...env }, ...options }))

/** Returns the text that the hook injects. */
const injected = (event: string, stdin: string, options: Partial<Options> = {}) =>
  Effect.map(ask(stdin, options), ({ code, stderr, stdout }) => {
    assert.deepStrictEqual([code, stderr], [0, ""])
    const { hookSpecificOutput, ...others } = JSON.parse(stdout) as {
      readonly hookSpecificOutput: { readonly hookEventName: string; readonly additionalContext: string }
    }
    assert.deepStrictEqual(others, {})
    assert.strictEqual(hookSpecificOutput.hookEventName, event)
    assert.isAtMost(hookSpecificOutput.additionalContext.length, 9_500)
    return hookSpecificOutput.additionalContext
  })

interface Check {
  readonly name: string
  readonly state: string
  readonly detail: string
}

const hooksBy = (home: string) =>
  Effect.map(
    inProcess(["doctor", "--json"], { home }),
    ({ stdout }) =>
      (JSON.parse(stdout) as { readonly checks: ReadonlyArray<Check> }).checks.find(({ name }) => name === "hooks")
  )

/** A copy of the imported home, for tests that change it. */
const copied = Effect.map(makeImported, (home) => ({ home, folder: join(home, ".claude-memory") }))

/** Listens where a server of the memory in `folder` would. */
const serving = (folder: string, take: (socket: Socket) => void) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const run = join(folder, "run")
    const address = process.platform === "win32"
      ? `\\\\.\\pipe\\claude-memory-test-${randomUUID()}`
      : join(run, "1.sock")
    yield* fs.makeDirectory(run)
    yield* fs.writeFileString(join(run, "1.socket"), JSON.stringify({ address, host: hostname() }))
    yield* Effect.acquireRelease(
      Effect.async<Server>((resume) => {
        const server = createServer(take).listen(address, () => resume(Effect.succeed(server)))
      }),
      (server) => Effect.async<void>((resume) => void server.close(() => resume(Effect.void)))
    )
  })

layer(Layer.provideMerge(Imported.layer, NodeContext.layer), { timeout: 60_000 })("the hook", (it) => {
  it.effect("answers a prompt with what is remembered, once in a session", () =>
    Effect.gen(function*() {
      const stdin = prompt()
      assert.match(
        yield* injected("UserPromptSubmit", stdin),
        /^<claude-memory>\n[\s\S]*Meilisearch[\s\S]*\n<\/claude-memory>$/
      )
      assert.strictEqual((yield* ask(stdin)).stdout, "")
    }))

  it.effect("injects what its project's sessions left when a session begins", () =>
    Effect.gen(function*() {
      const text = yield* injected("SessionStart", start())
      assert.match(text, /^<claude-memory>\n[\s\S]*## Last sessions\n[\s\S]*## Decided lately\n/)
      for (const source of ["resume", "clear", "compact", "of a later version"]) {
        assert.strictEqual(yield* injected("SessionStart", start({ source })), text)
      }
      assert.deepStrictEqual(yield* ask(start({ source: "fork" })), NOTHING)
    }))

  it.effect.each(
    [
      ["nothing", ""],
      ["no JSON", "{"],
      ["JSON of another shape", "[1, 2]"],
      [
        "another event",
        JSON.stringify({ session_id: "s", hook_event_name: "SessionEnd", cwd: "/tmp", reason: "other" })
      ],
      ["no session", JSON.stringify({ hook_event_name: "SessionStart", cwd: "/tmp", source: "startup" })],
      ["a prompt that is no text", prompt({ prompt: 7 })],
      ["too much", `{"prompt":"${"x".repeat(3_000_000)}"}`]
    ] as const
  )("says nothing to %s on stdin", ([, stdin]) =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* ask(stdin), NOTHING)
    }))

  it.effect("says nothing of another project", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* ask(prompt({ cwd: "/somewhere/else" })), NOTHING)
      assert.deepStrictEqual(yield* ask(start({ cwd: "/somewhere/else" })), NOTHING)
    }))

  it.effect("says nothing while it is switched off: at all, or for sessions that nobody sits before", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      assert.deepStrictEqual(yield* ask(prompt(), { env: { CLAUDE_MEMORY_INJECT: "off" } }), NOTHING)
      const headless = { CLAUDE_CODE_ENTRYPOINT: "sdk-cli" }
      assert.include(yield* injected("UserPromptSubmit", prompt(), { env: headless }), "Meilisearch")
      const off = { CLAUDE_MEMORY_HEADLESS: "off" }
      assert.deepStrictEqual(yield* ask(prompt(), { env: { ...headless, ...off } }), NOTHING)
      const terminal = { ...off, CLAUDE_CODE_ENTRYPOINT: "cli" }
      assert.include(yield* injected("UserPromptSubmit", prompt(), { env: terminal }), "Meilisearch")

      // In an editor, the hook does not get the person's environment, so the setting is in the config file.
      const { folder, home } = yield* copied
      yield* fs.writeFileString(join(folder, "config.json"), "{ \"CLAUDE_MEMORY_INJECT\": false }")
      assert.deepStrictEqual(yield* ask(prompt(), { home }), NOTHING)
    }).pipe(Effect.scoped))

  it.effect("says nothing without a memory, which is no failure and makes no folder", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const home = yield* makeHome
      assert.deepStrictEqual(yield* ask(prompt(), { home }), NOTHING)
      assert.deepStrictEqual(yield* ask(start(), { home }), NOTHING)
      assert.deepStrictEqual(yield* fs.readDirectory(home), [])
    }).pipe(Effect.scoped))

  slow(it.effect)(
    "says nothing with a broken memory or settings, leaves them as they are, and doctor counts it",
    () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const home = yield* makeHome
        const folder = join(home, ".claude-memory")
        yield* fs.makeDirectory(folder)
        const rubbish = "no database ".repeat(1_000)
        yield* fs.writeFileString(join(folder, "memory.db"), rubbish)
        assert.deepStrictEqual(yield* ask(prompt(), { home }), NOTHING)
        assert.strictEqual(yield* fs.readFileString(join(folder, "memory.db")), rubbish)

        const whole = yield* copied
        assert.notMatch((yield* hooksBy(whole.home))?.detail ?? "", /failure/)
        yield* fs.writeFileString(join(whole.folder, "config.json"), "{ \"CLAUDE_MEMORY_FUSION\": ")
        assert.deepStrictEqual(yield* ask(prompt(), { home: whole.home }), NOTHING)
        assert.deepStrictEqual(yield* ask(start(), { home: whole.home }), NOTHING)
        yield* fs.remove(join(whole.folder, "config.json"))
        const hooks = yield* hooksBy(whole.home)
        assert.strictEqual(hooks?.state, "note")
        assert.match(hooks?.detail ?? "", /^2 failures in the last 7 days, the last one .*config\.json/)
      }).pipe(Effect.scoped)
  )

  it.effect("needs no other file where nothing can be said: off, without a memory, in a muted session", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const { folder, home } = yield* copied
      const entry = join(home, "hook.cjs")
      yield* fs.copyFile(hook, entry)
      const alone = (stdin: string, options: Partial<Options> = {}) => run([entry], { home, stdin, ...options })
      // Anything else needs the rest of the program, which is not there.
      const missing = (stdin: string, part: string, options: Partial<Options> = {}) =>
        Effect.map(alone(stdin, options), ({ stderr, ...rest }) => {
          assert.deepStrictEqual(rest, { stdout: "", code: 0, signal: null })
          assert.match(stderr, new RegExp(`^claude-memory: the hook can't answer: .*${part}.*\\n$`))
        })
      yield* missing(prompt(), "HookPrompt\\.cjs")
      yield* missing("{", "HookLocal\\.js")

      assert.deepStrictEqual(yield* alone(start(), { env: { CLAUDE_MEMORY_INJECT: "off" } }), NOTHING)
      const headless = { CLAUDE_CODE_ENTRYPOINT: "sdk-cli", CLAUDE_MEMORY_HEADLESS: "off" }
      assert.deepStrictEqual(yield* alone(prompt(), { env: headless }), NOTHING)
      const none = { CLAUDE_MEMORY_HOME: join(home, "none") }
      assert.deepStrictEqual(yield* alone(start(), { env: none }), NOTHING)
      assert.deepStrictEqual(yield* alone(prompt(), { env: none }), NOTHING)
      const remote = { ...none, CLAUDE_MEMORY_POSTGRES_URL: "postgresql://h/d" }
      yield* missing(start(), "HookStart\\.js", { env: remote })

      yield* fs.makeDirectory(join(folder, "sessions"))
      yield* fs.writeFileString(join(folder, "sessions", "s-1"), "off\n")
      assert.deepStrictEqual(yield* alone(prompt({ session_id: "s-1" })), NOTHING)
      assert.deepStrictEqual(yield* alone(start({ session_id: "s-1", source: "resume" })), NOTHING)
      yield* missing(start({ session_id: "s-1", source: "compact" }), "HookStart\\.js")
      yield* fs.writeFileString(join(folder, "sessions", "s-1"), "on\n", { flag: "a" })
      yield* missing(prompt({ session_id: "s-1" }), "HookPrompt\\.cjs")
    }).pipe(Effect.scoped))

  slow(it.effect)(
    "keeps its compiled code, and takes none that is damaged or of another file",
    () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const { folder, home } = yield* copied
        const codeFolder = join(folder, "code-cache")
        const told = yield* ask(prompt(), { home })
        assert.include(told.stdout, "Meilisearch")
        const [name, ...others] = yield* fs.readDirectory(codeFolder)
        assert.deepStrictEqual(others, [])
        const file = join(codeFolder, name!)
        assert.strictEqual(Number((yield* fs.stat(file)).mode) & 0o777, 0o600)
        const whole = Buffer.from(yield* fs.readFile(file))
        const isKept = Effect.map(fs.readFile(file), (bytes) => whole.equals(bytes))

        assert.deepStrictEqual(yield* ask(prompt(), { home }), told)
        assert.isTrue(yield* isKept)
        const flipped = Buffer.from(whole)
        flipped[whole.length - 1_000]! ^= 1
        const ofAnother = Buffer.concat([Buffer.from("9"), whole])
        for (const damaged of [whole.subarray(0, whole.length / 2), flipped, ofAnother, Buffer.alloc(0)]) {
          yield* fs.writeFile(file, damaged)
          assert.deepStrictEqual(yield* ask(prompt(), { home }), told)
          assert.isFalse(damaged.equals(yield* fs.readFile(file)))
        }
        for (const version of ["1", "2", "3"]) yield* fs.writeFile(join(codeFolder, `HookPrompt.cjs-${version}`), whole)
        yield* fs.writeFile(file, flipped)
        assert.deepStrictEqual(yield* ask(prompt(), { home }), told)
        assert.lengthOf(yield* fs.readDirectory(codeFolder), 3)
        assert.isTrue(yield* fs.exists(file))

        // Where it can't be kept, it is compiled each time.
        yield* fs.remove(codeFolder, { recursive: true })
        yield* fs.writeFileString(codeFolder, "no folder")
        assert.deepStrictEqual(yield* ask(prompt(), { home }), told)
        assert.strictEqual(yield* fs.readFileString(codeFolder), "no folder")
      }).pipe(Effect.scoped)
  )

  slow(it.effect)(
    "takes neither code nor a server's address from a folder into which others can write, and says nothing",
    () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const { folder, home } = yield* copied
        const told = yield* ask(prompt(), { home })
        assert.include(told.stdout, "Meilisearch")
        let asked = 0
        yield* serving(folder, (socket) => {
          asked++
          socket.destroy()
        })
        assert.deepStrictEqual(yield* ask(prompt(), { home }), told)
        assert.strictEqual(asked, 1)
        const [name] = yield* fs.readDirectory(join(folder, "code-cache"))
        const file = join(folder, "code-cache", name!)
        yield* fs.remove(file)
        const saysNothing = Effect.gen(function*() {
          assert.deepStrictEqual(yield* ask(prompt(), { home }), NOTHING)
          assert.deepStrictEqual(yield* ask(start(), { home }), NOTHING)
          assert.deepStrictEqual(yield* ask("{", { home }), NOTHING)
          assert.deepStrictEqual(yield* fs.readDirectory(join(folder, "code-cache")), [])
          assert.strictEqual(asked, 1)
        })
        for (const mode of [0o770, 0o702]) {
          yield* fs.chmod(folder, mode)
          yield* saysNothing
        }
        yield* fs.chmod(folder, 0o755)
        // Only root can give a folder away.
        if (process.getuid?.() === 0) {
          yield* fs.chown(folder, 65_534, 65_534)
          yield* saysNothing
          yield* fs.chown(folder, 0, 0)
        }
        assert.deepStrictEqual(yield* ask(prompt(), { home }), told)
        assert.isTrue(yield* fs.exists(file))
      }).pipe(Effect.scoped)
  )

  slow(it.effect)(
    "tells a start without the rest of the program what it tells with it, and of an excluded project nothing",
    () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const home = yield* makeHome
        const folder = join(home, ".claude-memory")
        assert.strictEqual((yield* inProcess(["import", samples], { home })).code, 0)
        const entry = join(home, "hook.cjs")
        for (const name of ["hook.cjs", "HookOpening.cjs"]) {
          yield* fs.copyFile(join(dirname(hook), name), join(home, name))
        }
        const alone = (stdin: string) => run([entry], { home, stdin })
        const record = (session: string) => fs.readFileString(join(folder, "sessions", session))
        const at = /"at":\d+/
        for (const [i, source] of ["startup", "clear"].entries()) {
          const outcome = yield* alone(start({ session_id: `alone-${i}`, source }))
          assert.include(outcome.stdout, "## Last sessions")
          yield* fs.rename(join(folder, "openings"), join(folder, "away"))
          assert.deepStrictEqual(yield* ask(start({ session_id: `whole-${i}`, source }), { home }), outcome)
          assert.strictEqual(
            (yield* record(`alone-${i}`)).replace(at, ""),
            (yield* record(`whole-${i}`)).replace(at, "")
          )
          yield* fs.rename(join(folder, "away"), join(folder, "openings"))
        }
        assert.deepStrictEqual(yield* alone(start({ source: "fork" })), NOTHING)
        assert.include((yield* alone(start({ source: "resume" }))).stderr, "HookStart.js")

        assert.strictEqual((yield* inProcess(["projects", "exclude", "shop-api"], { home })).code, 0)
        assert.deepStrictEqual(yield* alone(start()), NOTHING)
        assert.deepStrictEqual(yield* alone(prompt()), NOTHING)
        assert.strictEqual((yield* inProcess(["projects", "include", "shop-api"], { home })).code, 0)
        assert.include((yield* alone(start())).stdout, "## Last sessions")
      }).pipe(Effect.scoped)
  )

  slow(it.effect)(
    "tells how the last session ended also where its transcript was never imported, with the same masks",
    () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const home = yield* makeHome
        assert.strictEqual((yield* inProcess(["import", samples], { home })).code, 0)
        const folder = yield* fs.makeTempDirectoryScoped({ prefix: "claude-memory-tails-" })
        const begins = (env: NodeJS.ProcessEnv = {}) =>
          run([hook], {
            home,
            stdin: start({ transcript_path: join(folder, "now.jsonl") }),
            env: { ...PATIENT, ...env }
          })
        const remembered = yield* begins()
        yield* fs.writeFileString(join(folder, "last.jsonl"), sessionLines("last", SAID))
        const told = JSON.parse((yield* begins()).stdout).hookSpecificOutput.additionalContext as string
        assert.match(told, /## Last sessions\n\[[0-9a-f]{8}\] [^\n]*quokka importer[\s\S]*zebra queue/)
        assert.include(told, "Open: ")
        assert.include(told, "[redacted:")
        assert.notInclude(told, TOKEN)
        assert.notInclude(told, "the owl is private")
        // Nothing was written: the next start reads it again, and the memory knows nothing of it.
        assert.include((yield* begins()).stdout, "zebra queue")
        assert.notInclude((yield* inProcess(["search", "quokka importer zebra queue"], { home })).stdout, "zebra queue")
        // Of what is excluded nothing is read.
        assert.strictEqual((yield* begins({ CLAUDE_MEMORY_EXCLUDE_PATHS: CWD })).stdout, remembered.stdout)
        assert.strictEqual((yield* inProcess(["projects", "exclude", "shop-api"], { home })).code, 0)
        assert.deepStrictEqual(yield* begins(), NOTHING)
      }).pipe(Effect.scoped)
  )

  it.effect("answers what comes in parts, and does not wait for the end of stdin", () =>
    Effect.gen(function*() {
      const { home } = yield* copied
      const program = yield* startProgram([hook], { home, env: PATIENT, staysOpen: true })
      const text = prompt({ prompt: `why did we decide against Meilisearch? ${"}".repeat(10)}` })
      yield* program.send(text.slice(0, 60))
      yield* TestServices.provideLive(Effect.sleep("100 millis"))
      yield* program.send(text.slice(60))
      const { code, stdout } = yield* program.ended
      assert.strictEqual(code, 0)
      assert.include(stdout, "Meilisearch")
    }).pipe(Effect.scoped))

  slow(it.effect)("ends by itself when nothing comes on stdin, and doctor says so", () =>
    Effect.gen(function*() {
      const { home } = yield* copied
      const program = yield* startOpen(home)
      assert.deepStrictEqual(yield* program.ended, NOTHING)
      assert.match((yield* hooksBy(home))?.detail ?? "", /did not end what it writes/)
    }).pipe(Effect.scoped))

  it.effect("runs where the settings of an earlier version name it", () =>
    Effect.gen(function*() {
      const { home } = yield* Imported
      const { code, stdout } = yield* run([join(dirname(hook), "hook.js")], { home, stdin: prompt(), env: PATIENT })
      assert.strictEqual(code, 0)
      assert.include(stdout, "Meilisearch")
    }))

  it.effect("says nothing past its budget", () =>
    Effect.gen(function*() {
      const { home } = yield* copied
      assert.deepStrictEqual(yield* ask(prompt(), { home, env: { CLAUDE_MEMORY_SESSION_START_MS: "1" } }), NOTHING)
      assert.match((yield* hooksBy(home))?.detail ?? "", /took longer than 1 ms/)
    }).pipe(Effect.scoped))

  it.effect("does not load the whole program to say that it was too late", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const { home } = yield* copied
      const alone = yield* fs.makeTempDirectoryScoped({ prefix: "claude-memory-alone-" })
      for (const name of ["hook.cjs", "HookPrompt.cjs"]) {
        yield* fs.copyFile(join(dirname(hook), name), join(alone, name))
      }
      const env = { CLAUDE_MEMORY_SESSION_START_MS: "1" }
      assert.deepStrictEqual(yield* run([join(alone, "hook.cjs")], { home, stdin: prompt(), env }), NOTHING)
      assert.match((yield* hooksBy(home))?.detail ?? "", /took longer than 1 ms/)
    }).pipe(Effect.scoped))

  slow(it.effect)(
    "that is too late again and again is wrong, and doctor says why and what to do",
    () =>
      Effect.gen(function*() {
        const { home } = yield* copied
        const checked = (name: string) =>
          Effect.map(
            inProcess(["doctor", "--json"], { home }),
            ({ stdout }) =>
              (JSON.parse(stdout) as { readonly checks: ReadonlyArray<Check> }).checks.find((each) =>
                each.name === name
              )
          )
        const inTime = checked("in time")
        assert.deepInclude(yield* checked("hooks"), {
          state: "note",
          detail: "no answer of one has been seen: Claude Code does not run them (see Claude Code)"
        })
        for (let i = 0; i < 5; i++) {
          assert.strictEqual((yield* inTime)?.state, i === 0 ? undefined : "note")
          yield* ask(prompt(), { home, env: { CLAUDE_MEMORY_SESSION_START_MS: "1" } })
        }
        const wrong = yield* inTime
        assert.strictEqual(wrong?.state, "wrong")
        assert.include(wrong?.detail, "5 of the last 5 answers of the hooks came too late")
        assert.include(wrong?.detail, "UserPromptSubmit: took longer than 1 ms")
        assert.include(wrong?.detail, "CLAUDE_MEMORY_SESSION_START_MS")
      }).pipe(Effect.scoped)
  )

  slow(it.effect.skipIf(process.platform === "win32"))(
    "does not wait for a pipe or a device in place of git's files",
    () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const { home } = yield* copied
        const [pipe, device] = [join(home, "pipe"), join(home, "device")] as const
        for (const folder of [pipe, join(device, ".git")]) yield* fs.makeDirectory(folder, { recursive: true })
        execFileSync("mkfifo", [join(pipe, ".git")])
        yield* fs.symlink("/dev/zero", join(device, ".git", "config"))
        for (const cwd of [pipe, device]) {
          for (const stdin of [prompt({ cwd }), start({ cwd })]) {
            assert.deepStrictEqual(yield* ask(stdin, { home, killAfterMs: 15_000 }), NOTHING)
          }
        }
        // Nor for one in place of a transcript.
        const transcript_path = join(pipe, ".git")
        for (
          const input of [
            prompt({ transcript_path }),
            start({ transcript_path }),
            start({ transcript_path, source: "resume" })
          ]
        ) {
          assert.strictEqual((yield* ask(input, { home, killAfterMs: 15_000 })).signal, null)
        }
      }).pipe(Effect.scoped)
  )

  it.effect.skipIf(process.platform === "win32")(
    "does not wait for a pipe in the place of one of its own files",
    () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const { folder, home } = yield* copied
        const session_id = "piped"
        for (const name of [`sessions/${session_id}`, "run/1.socket", "hook-failures.jsonl"]) {
          yield* fs.makeDirectory(dirname(join(folder, name)), { recursive: true })
          execFileSync("mkfifo", [join(folder, name)])
        }
        const inputs = [prompt({ session_id }), start({ session_id }), start({ session_id, source: "resume" }), "{}"]
        for (const input of inputs) {
          const { code, signal } = yield* ask(input, { home, killAfterMs: 15_000 })
          assert.deepStrictEqual([code, signal], [0, null], input)
        }
        yield* fs.remove(join(folder, "memory.db"))
        execFileSync("mkfifo", [join(folder, "memory.db")])
        for (const input of inputs) {
          assert.deepStrictEqual(yield* ask(input, { home, killAfterMs: 15_000 }), NOTHING)
        }
      }).pipe(Effect.scoped)
  )

  it.effect("ends when what it is written comes too slowly", () =>
    Effect.gen(function*() {
      const { home } = yield* copied
      const program = yield* startOpen(home)
      const dripping = TestServices.provideLive(Effect.forever(Effect.delay(program.send(" "), "50 millis")))
      assert.deepStrictEqual(yield* Effect.raceFirst(program.ended, dripping), NOTHING)
    }).pipe(Effect.scoped))

  it.effect("keeps to its time, and takes no less, when the clock is set meanwhile", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const { folder, home } = yield* copied
      const preload = join(folder, "clock.cjs")
      const answered = (hours: number, ms: number, input = prompt()) =>
        Effect.gen(function*() {
          yield* fs.writeFileString(
            preload,
            `const now = Date.now; let isSet = false; Date.now = () => now() + (isSet ? ${hours} * 3600000 : (isSet = true, 0))`
          )
          const env = { NODE_OPTIONS: `--require "${preload}"`, CLAUDE_MEMORY_SESSION_START_MS: String(ms) }
          return (yield* run([hook], { home, stdin: input, env })).stdout
        })
      assert.strictEqual(yield* answered(-1, 1), "")
      assert.strictEqual(yield* answered(-1, 1, start({ source: "resume" })), "")
      assert.include(yield* answered(1, 20_000), "Meilisearch")
    }).pipe(Effect.scoped))

  it.effect("notes a compaction also where it comes too late to tell something", () =>
    Effect.gen(function*() {
      const { home } = yield* copied
      const session = { session_id: randomUUID() }
      assert.include((yield* ask(prompt(session), { home })).stdout, "Meilisearch")
      assert.deepStrictEqual(yield* ask(prompt(session), { home }), NOTHING)
      const env = { CLAUDE_MEMORY_SESSION_START_MS: "1" }
      assert.deepStrictEqual(
        yield* run([hook], { home, stdin: start({ ...session, source: "compact" }), env }),
        NOTHING
      )
      assert.include((yield* ask(prompt(session), { home })).stdout, "Meilisearch")
    }).pipe(Effect.scoped))

  it.effect("asks no server at an address that is none", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const { folder, home } = yield* copied
      yield* fs.makeDirectory(join(folder, "run"), { recursive: true })
      for (const [i, address] of ["", "99999", "1.5"].entries()) {
        yield* fs.writeFileString(join(folder, "run", `${i + 1}.socket`), JSON.stringify({ address, host: hostname() }))
      }
      const { stderr, stdout } = yield* ask(prompt(), { home })
      assert.strictEqual(stderr, "")
      assert.include(stdout, "Meilisearch")
    }).pipe(Effect.scoped))

  it.effect("waits for a server for a share of a prompt's time", () =>
    Effect.gen(function*() {
      const { folder, home } = yield* copied
      let asked = 0
      yield* serving(folder, (socket) => {
        asked++
        const answering = setTimeout(() => socket.write(`${JSON.stringify({ text: "of a server", lines: [] })}\n`), 400)
        socket.resume().on("error", () => {}).on("close", () => clearTimeout(answering))
      })
      const { stdout } = yield* ask(prompt(), { home, env: { CLAUDE_MEMORY_SESSION_START_MS: "200" } })
      assert.strictEqual(asked, 1)
      assert.notInclude(stdout, "of a server")
    }).pipe(Effect.scoped))

  slow(it.effect)("prints what a server answers, and only then records it", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const { folder, home } = yield* copied
      const line = JSON.stringify({
        at: 1,
        event: "UserPromptSubmit",
        offset: 0,
        tokens: 3,
        ids: ["told"],
        pointed: [],
        isOpening: false,
        words: []
      })
      let answer: unknown = { text: "of a server", lines: [line] }
      yield* serving(folder, (socket) => {
        socket.resume().on("error", () => {})
        socket.write(`${JSON.stringify(answer)}\n`)
      })
      const asked = (session_id: string) => ask(prompt({ session_id }), { home })
      const record = (session_id: string) => fs.readFileString(join(folder, "sessions", session_id))
      assert.include((yield* asked("answered")).stdout, "of a server")
      assert.deepStrictEqual((yield* record("answered")).split("\n").filter((each) => each !== ""), [line])
      // A session whose record has another name than its id, and answers of no known form.
      assert.notInclude((yield* asked("not/plain")).stdout, "of a server")
      for (const unknown of ["of a server", { text: "of a server" }, { text: "of a server", lines: [7] }, null]) {
        answer = unknown
        const { stdout } = yield* asked("other")
        assert.notInclude(stdout, "of a server")
      }
      assert.include(yield* record("other"), "UserPromptSubmit")
    }).pipe(Effect.scoped))

  it.effect("waits for no lock: another process may hold the memory", () =>
    Effect.gen(function*() {
      const { folder, home } = yield* copied
      yield* Effect.scoped(Effect.gen(function*() {
        const sql = yield* owned(open({
          name: "lock",
          path: join(folder, "memory.db"),
          readOnly: false,
          busyTimeoutMs: 1_000
        }))
        yield* sql.unsafe("PRAGMA locking_mode = EXCLUSIVE")
        yield* sql.unsafe("BEGIN IMMEDIATE")
        yield* sql.unsafe("UPDATE totals SET units = units")
        const [, took] = yield* Effect.timed(ask(prompt(), { home })).pipe(
          Effect.map(([duration, outcome]) => [outcome, duration] as const),
          Effect.tap(([outcome]) => Effect.sync(() => assert.deepStrictEqual(outcome, NOTHING)))
        )
        assert.isBelow(Duration.toMillis(took), 15_000)
      }))
      assert.match((yield* hooksBy(home))?.detail ?? "", /locked|busy|another process/i)
    }).pipe(Effect.scoped, Effect.provide(ResourceLedger.layer)))

  it.effect("answers also where nothing can be written", () =>
    Effect.gen(function*() {
      const { folder, home } = yield* copied
      // A file at the folder's path makes mkdir fail for every user, root too.
      yield* (yield* FileSystem.FileSystem).writeFileString(join(folder, "sessions"), "")
      assert.include(yield* injected("UserPromptSubmit", prompt(), { home }), "Meilisearch")
    }).pipe(Effect.scoped))

  slow(it.effect)("keeps what it gave, when and why, for the person to see", () =>
    Effect.gen(function*() {
      const { home } = yield* copied
      const print = (words: ReadonlyArray<string>) => inProcess(words, { home })
      const none = yield* print(["injections"])
      assert.strictEqual(none.code, 1)
      assert.include(none.stderr, "nothing was put in front of Claude in any session yet")
      const session_id = "5a881520-6912-4c12-a01b-defddf5dec09"
      yield* ask(start({ session_id }), { home })
      yield* ask(prompt({ session_id }), { home })
      for (const words of [[], ["5a88"], [session_id]]) {
        const { code, stdout } = yield* print(["injections", ...words])
        assert.strictEqual(code, 0)
        assert.match(
          stdout,
          new RegExp(
            `^Session ${session_id} was given 2 texts of [\\d,]+ tokens in all\\.\\n\\n\\S+ \\S+ +sent +\\d+ tokens +the session began\\n {2}\\[`
          )
        )
        assert.match(stdout, /tokens +for decide, Meilisearch\n {2}\[[0-9a-f]{8}\] \S/)
      }
      const { injections } = JSON.parse((yield* print(["injections", "--json"])).stdout) as {
        readonly injections: ReadonlyArray<{ readonly event: string; readonly state: string }>
      }
      assert.deepStrictEqual(injections.map(({ event, state }) => [event, state]), [
        ["SessionStart", "pending"],
        ["UserPromptSubmit", "pending"]
      ])
      assert.match((yield* print(["status"])).stdout, /injected {3}today 2 texts of [\d,]+ tokens; in 7 days 2 texts/)
      assert.include((yield* print(["injections", "x"])).stderr, "in a session x yet")
    }).pipe(Effect.scoped))

  it.effect("says nothing to a session that is muted, until it is not", () =>
    Effect.gen(function*() {
      const { home } = yield* copied
      const stdin = prompt({ session_id: "s-1" })
      const mute = (words: ReadonlyArray<string>, env = {}) => inProcess(["mute", ...words], { home, env })
      assert.strictEqual((yield* mute([])).code, 1)
      assert.strictEqual((yield* mute([], { CLAUDE_CODE_SESSION_ID: "s-1" })).code, 0)
      assert.deepStrictEqual(yield* ask(stdin, { home }), NOTHING)
      assert.include((yield* mute(["nobody"])).stderr, "no session has the id nobody")
      assert.include((yield* mute(["s-", "--off"])).stdout, "The session s-1 is told again")
      assert.include(yield* injected("UserPromptSubmit", stdin, { home }), "Meilisearch")
    }).pipe(Effect.scoped))
})
