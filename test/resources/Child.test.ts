import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { once } from "node:events"
import * as Child from "../../src/resources/Child.ts"
import * as ProcessStart from "../../src/resources/monitor/ProcessStart.ts"
import { ResourceLedger } from "../../src/resources/ResourceLedger.ts"
import { NO_DRIFT, observed } from "./observed.ts"
import { owned } from "./owned.ts"

/** Says "ready", and goes on until it gets a signal. */
const program = (text: string, options: Partial<Child.ChildOptions> = {}) =>
  Child.open({
    name: "a program",
    command: process.execPath,
    args: ["-e", `${text}; process.stdout.write("ready"); setInterval(() => {}, 1e9)`],
    ...options
  })

const patient = program("")
const stubborn = program(`process.on("SIGTERM", () => {})`, { within: "300 millis" })

const isReady = ({ stdout }: Child.Child) => Effect.promise(() => once(stdout!, "data"))
const isAlive = (pid: number) => ProcessStart.stateOf(pid, ProcessStart.of(pid)) !== "ended"

describe("Child", () => {
  it.live("runs while its scope is open, and the ledger accounts for it and its pipes", () =>
    Effect.gen(function*() {
      let pid = 0
      const seen = yield* observed(patient, (child) =>
        Effect.gen(function*() {
          yield* isReady(child)
          assert.isTrue(isAlive(pid = child.pid))
        }))
      assert.deepStrictEqual(seen, { changes: ["child a program", "closed"], drift: NO_DRIFT, left: NO_DRIFT })
      assert.isFalse(isAlive(pid))
    }))

  it.live("talks by its streams, and tells how it has ended", () =>
    Effect.gen(function*() {
      const ledger = yield* ResourceLedger
      yield* Effect.scoped(Effect.gen(function*() {
        const { exit, stdin, stdout } = yield* owned(
          Child.open({ name: "cat", command: process.execPath, args: ["-e", "process.stdin.pipe(process.stdout)"] })
        )
        stdin!.end("text")
        assert.strictEqual(String(yield* Effect.promise(() => stdout!.toArray())), "text")
        assert.deepStrictEqual(yield* exit, { code: 0, signal: null })
        // The owner still has it, and its pipes are closed.
        assert.deepStrictEqual((yield* ledger.snapshot).map(({ name, sockets }) => [name, sockets]), [["cat", 0]])
      }))
      assert.deepStrictEqual(yield* ledger.snapshot, [])
    }).pipe(Effect.provide(ResourceLedger.layer)))

  it.live("that ignores SIGTERM gets SIGKILL", () =>
    Effect.gen(function*() {
      let opened: Child.Child | undefined
      const seen = yield* observed(stubborn, (child) => Effect.tap(isReady(child), () => opened = child))
      assert.deepStrictEqual(seen.changes, ["child a program", "destroyed"])
      assert.deepStrictEqual(seen.left, NO_DRIFT)
      assert.deepStrictEqual(yield* opened!.exit, { code: null, signal: "SIGKILL" })
    }))

  it.live("leaves no pipe open that a program of its own has inherited", () =>
    Effect.gen(function*() {
      const parent = program(
        `require("node:child_process").spawn(process.execPath, ["-e", "setTimeout(() => {}, 2000)"], { stdio: "inherit" })`
      )
      const seen = yield* observed(parent, isReady)
      assert.deepStrictEqual([seen.changes, seen.left], [["child a program", "closed"], NO_DRIFT])
    }))

  it.live("that can't be started is a typed error, and leaves nothing", () =>
    Effect.gen(function*() {
      const open = (options: Partial<Child.ChildOptions>) =>
        Effect.flip(owned(Child.open({ name: "none", command: "/no/such/program", ...options })))
      const missing = yield* open({})
      assert.strictEqual(
        missing.message,
        "/no/such/program can't be started: ENOENT; install it, or correct its path or the working directory"
      )
      assert.strictEqual((yield* open({ command: process.execPath, cwd: "/no/such/folder" })).code, "ENOENT")
      assert.strictEqual((yield* open({ args: ["\0"] })).code, "ERR_INVALID_ARG_VALUE")
      assert.deepStrictEqual(yield* Effect.flatMap(ResourceLedger, ({ snapshot }) => snapshot), [])
    }).pipe(Effect.scoped, Effect.provide(ResourceLedger.layer)))
})
