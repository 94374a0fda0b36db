/**
 * The socket on which hook programs ask a server, and the function by which they ask.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs"
import { hostname } from "node:os"
import { basename, dirname, join } from "node:path"
import * as Ask from "../../src/hook/Ask.ts"
import { decode, type Sent } from "../../src/hook/RecordLines.ts"
import * as Servers from "../../src/hook/Servers.ts"
import * as PromptSocket from "../../src/mcp/PromptSocket.ts"
import * as Environment from "../../src/process/Environment.ts"
import { ResourceLedger } from "../../src/resources/ResourceLedger.ts"
import { owned } from "../resources/owned.ts"

const PROMPT = { hook_event_name: "UserPromptSubmit", session_id: "s", cwd: "/work", prompt: "why?" } as const

const request = (changes: Partial<Ask.Request> = {}): Ask.Request => ({
  form: Ask.FORM,
  settings: Environment.settings(),
  entryPoint: "cli",
  input: PROMPT,
  limit: 300,
  ...changes
})

const makeHome = Effect.flatMap(
  FileSystem.FileSystem,
  (fs) => fs.makeTempDirectoryScoped({ prefix: "claude-memory-socket-" })
)

/** Answers with the prompt and how Claude Code was started. */
const told: PromptSocket.Answer = ({ prompt }, limit) =>
  Effect.map(Effect.orDie(Config.string("CLAUDE_CODE_ENTRYPOINT")), (entryPoint) => ({
    text: `${prompt} ${entryPoint} ${limit} 漏"\n`,
    sent: undefined
  }))

/** Milliseconds after which a test has failed long since. */
const NO_LIMIT = 600_000

const TOLD = { text: "told", sent: undefined }

const ask = (home: string, changes: Partial<Ask.Request> = {}, withinMs = 5_000) =>
  Effect.map(
    Effect.promise(() => Ask.ask(Servers.serversIn(home), request(changes), withinMs)),
    (answer) => answer?.text
  )

const base = Layer.merge(ResourceLedger.layer, NodeContext.layer)

describe("the socket of prompts", () => {
  it.live("answers what a hook is asked, to this user alone, and is gone with the server", () =>
    Effect.gen(function*() {
      const home = yield* makeHome
      assert.isUndefined(yield* ask(home))
      yield* Effect.scoped(Effect.gen(function*() {
        yield* owned(PromptSocket.open(home, told))
        assert.strictEqual(yield* ask(home), "why? cli 300 漏\"\n")
        assert.strictEqual(yield* ask(home, { entryPoint: "sdk-cli" }), "why? sdk-cli 300 漏\"\n")
        const run = Servers.folderOf(home)
        assert.strictEqual(statSync(run).mode & 0o777, 0o700)
        for (const name of readdirSync(run)) assert.strictEqual(statSync(join(run, name)).mode & 0o777, 0o600, name)
      }))
      assert.isFalse(existsSync(Servers.folderOf(home)))
    }).pipe(Effect.scoped, Effect.provide(base)))

  it.live("gives the hook what it records of the answer, if it prints it", () =>
    Effect.gen(function*() {
      const home = yield* makeHome
      const sent: Sent = {
        at: 7,
        event: "UserPromptSubmit",
        offset: 9,
        tokens: 3,
        ids: ["a", "b"],
        pointed: [],
        isOpening: false,
        words: ["漏"],
        named: ["漏"]
      }
      yield* owned(PromptSocket.open(home, () => Effect.succeed({ text: "told", sent })))
      const answer = yield* Effect.promise(() => Ask.ask(Servers.serversIn(home), request(), 5_000))
      assert.deepStrictEqual(answer?.lines.map(decode), [sent])
    }).pipe(Effect.scoped, Effect.provide(base)))

  it.live("says nothing to other settings, another form, another event, and what is no request", () =>
    Effect.gen(function*() {
      const home = yield* makeHome
      const asked: Array<string> = []
      yield* owned(
        PromptSocket.open(home, ({ prompt }) =>
          Effect.sync(() => {
            asked.push(prompt)
            return TOLD
          }))
      )
      for (
        const changes of [
          { settings: Environment.settings() + 1 },
          { form: Ask.FORM + 1 as typeof Ask.FORM },
          { input: { ...PROMPT, hook_event_name: "SessionStart", source: "startup" } },
          { input: { ...PROMPT, prompt: 7 } },
          { input: null },
          { input: { ...PROMPT, prompt: "x".repeat(Ask.MAX_REQUEST) } }
        ]
      ) {
        assert.isUndefined(yield* ask(home, changes), JSON.stringify(changes).slice(0, 200))
      }
      assert.deepStrictEqual(asked, [])
      assert.strictEqual(yield* ask(home), "told")
    }).pipe(Effect.scoped, Effect.provide(base)))

  it.live("is given up in time when the server does not answer", () =>
    Effect.gen(function*() {
      const home = yield* makeHome
      yield* owned(PromptSocket.open(home, () => Effect.never))
      assert.isUndefined(yield* ask(home, {}, 200))
    }).pipe(Effect.scoped, Effect.provide(base)))

  it.live("is asked after others, and not long, once it was late, until it answers again", () =>
    Effect.gen(function*() {
      const home = yield* makeHome
      let isAway = true
      yield* owned(PromptSocket.open(home, () => isAway ? Effect.never : Effect.succeed(TOLD)))
      const [own] = Servers.serversIn(home) as [Servers.Server]
      // An older server, at the same address.
      const older = join(Servers.folderOf(home), "17.socket")
      writeFileSync(older, JSON.stringify({ address: own.address, host: hostname() }))
      utimesSync(older, 1, 1)
      const seen = () => Servers.serversIn(home).map(({ file, isLate }) => [basename(file), isLate])
      const name = basename(own.file)
      assert.deepStrictEqual(seen(), [[name, false], ["17.socket", false]])
      assert.isUndefined(yield* ask(home, {}, 200))
      assert.deepStrictEqual(seen(), [["17.socket", false], [name, true]])
      assert.isUndefined(yield* ask(home, {}, 200))
      assert.deepStrictEqual(seen().map(([, isLate]) => isLate), [true, true])
      assert.isUndefined(yield* ask(home, {}, NO_LIMIT))
      isAway = false
      assert.strictEqual(yield* ask(home), "told")
      assert.deepStrictEqual(seen().map(([, isLate]) => isLate), [false, true])
    }).pipe(Effect.scoped, Effect.provide(base)))

  it.live("is not waited for long with all others that were late", () =>
    Effect.gen(function*() {
      const home = yield* makeHome
      // Late enough for their common time, and soon enough for any that were waited for alone.
      yield* owned(PromptSocket.open(home, () => Effect.delay(Effect.succeed(TOLD), "60 millis")))
      const [{ address }] = Servers.serversIn(home) as [Servers.Server]
      for (let pid = 10; pid < 17; pid++) {
        writeFileSync(
          join(Servers.folderOf(home), `${pid}.socket`),
          JSON.stringify({ address, host: hostname() })
        )
      }
      for (const server of Servers.serversIn(home)) Servers.note(server, true)
      assert.lengthOf(Servers.serversIn(home).filter(({ isLate }) => isLate), 8)
      assert.isUndefined(yield* ask(home))
    }).pipe(Effect.scoped, Effect.provide(base)))

  it.live("is found beside those that killed servers left, which the next server removes", () =>
    Effect.gen(function*() {
      const home = yield* makeHome
      const run = Servers.folderOf(home)
      mkdirSync(run, { mode: 0o700 })
      const dead = { pid: 2 ** 22 + 1, processStart: null, address: join(run, "4194305.sock") }
      writeFileSync(dead.address, "")
      writeFileSync(join(run, "4194305.socket"), JSON.stringify({ ...dead, host: hostname() }))
      writeFileSync(join(run, "17.socket"), "no address")
      writeFileSync(join(run, "18.socket"), JSON.stringify({ ...dead, host: "another", address: "/nowhere" }))
      assert.isUndefined(yield* ask(home))
      yield* owned(PromptSocket.open(home, () => Effect.succeed(TOLD)))
      assert.deepStrictEqual(
        readdirSync(run).sort(),
        [`${process.pid}.sock`, `${process.pid}.socket`, "18.socket"].sort()
      )
      assert.strictEqual(yield* ask(home), "told")
    }).pipe(Effect.scoped, Effect.provide(base)))

  it.live("is not asked from another host, whose folders hold other files", () =>
    Effect.gen(function*() {
      const home = yield* makeHome
      yield* owned(PromptSocket.open(home, told))
      const [{ address, file }] = Servers.serversIn(home) as [Servers.Server]
      for (const host of ["another", undefined, 7]) {
        writeFileSync(file, JSON.stringify({ address, host }))
        assert.deepStrictEqual(Servers.serversIn(home), [])
      }
      writeFileSync(file, JSON.stringify({ address, host: hostname() }))
      assert.lengthOf(Servers.serversIn(home), 1)
    }).pipe(Effect.scoped, Effect.provide(base)))

  it.live("leaves no half of an address where that can't be written", () =>
    Effect.gen(function*() {
      const home = yield* makeHome
      const file = join(Servers.folderOf(home), `${process.pid}.socket`)
      mkdirSync(file, { recursive: true })
      const failed = yield* Effect.flip(owned(PromptSocket.open(home, told)))
      assert.include(failed.message, "prompts")
      assert.isFalse(existsSync(`${file}.tmp`))
    }).pipe(Effect.scoped, Effect.provide(base)))

  it.live("has a short path where that of the home is too long", () =>
    Effect.gen(function*() {
      const home = join(yield* makeHome, "x".repeat(90))
      mkdirSync(home)
      const address = yield* Effect.scoped(Effect.gen(function*() {
        yield* owned(PromptSocket.open(home, () => Effect.succeed(TOLD)))
        assert.strictEqual(yield* ask(home), "told")
        const [{ address }] = Servers.serversIn(home) as [Servers.Server]
        assert.notInclude(address, "xxx")
        assert.strictEqual(statSync(dirname(address)).mode & 0o777, 0o700)
        return address
      }))
      assert.isFalse(existsSync(dirname(address)))
    }).pipe(Effect.scoped, Effect.provide(base)))

  it.live("answers many at once", () =>
    Effect.gen(function*() {
      const home = yield* makeHome
      yield* owned(PromptSocket.open(home, () => Effect.as(Effect.sleep("30 millis"), TOLD)))
      const answers = yield* Effect.all(Array.from({ length: 12 }, () => ask(home)), { concurrency: 12 })
      assert.deepStrictEqual(answers, answers.map(() => "told"))
    }).pipe(Effect.scoped, Effect.provide(base)))

  it.live("that is no server's own gives the program nothing", () =>
    Effect.gen(function*() {
      const home = yield* makeHome
      const run = Servers.folderOf(home)
      mkdirSync(run, { mode: 0o700 })
      writeFileSync(join(run, "17.socket"), JSON.stringify({ address: join(run, "file"), host: hostname() }))
      writeFileSync(join(run, "file"), "no socket")
      writeFileSync(join(run, "18.socket"), "x".repeat(10_000))
      writeFileSync(join(run, "19.socket"), "{\"address\":7}")
      assert.lengthOf(Servers.serversIn(home), 1)
      assert.isUndefined(yield* ask(home))
      assert.strictEqual(readFileSync(join(run, "file"), "utf8"), "no socket")
    }).pipe(Effect.scoped, Effect.provide(base)))
})
