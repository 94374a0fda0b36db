import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { once } from "node:events"
import type { Worker as Thread } from "node:worker_threads"
import { ResourceLedger } from "../../src/resources/ResourceLedger.ts"
import * as Worker from "../../src/resources/Worker.ts"
import { NO_DRIFT, observed } from "./observed.ts"
import { owned } from "./owned.ts"

const thread = (text: string, options: Partial<Worker.OpenOptions> = {}) =>
  Worker.open({
    name: "a thread",
    file: `const { parentPort } = require("node:worker_threads"); ${text}`,
    eval: true,
    ready: "message",
    onError: () => {},
    ...options
  })

const READY = `parentPort.postMessage("ready")`
const echo = thread(`parentPort.on("message", (text) => parentPort.postMessage(text)); ${READY}`)

const snapshot = Effect.flatMap(ResourceLedger, (ledger) => ledger.snapshot)

describe("Worker", () => {
  it.live("runs while its scope is open, and the ledger accounts for it", () =>
    Effect.gen(function*() {
      let opened: Thread | undefined
      const seen = yield* observed(echo, (worker) =>
        Effect.gen(function*() {
          opened = worker
          worker.postMessage("text")
          assert.deepStrictEqual(yield* Effect.promise(() => once(worker, "message")), ["text"])
        }))
      assert.deepStrictEqual(seen, { changes: ["worker a thread", "closed"], drift: NO_DRIFT, left: NO_DRIFT })
      assert.strictEqual(opened!.threadId, -1)
    }))

  it.live("ends by itself when it is asked, and is terminated when it does not", () =>
    Effect.gen(function*() {
      const ended: Array<number> = []
      const note = (worker: Thread) => Effect.sync(() => worker.once("exit", (code) => ended.push(code)))
      const obeys = thread(`parentPort.once("message", () => process.exit(7)); ${READY}`, { ask: "end" })
      const busy = thread(`${READY}; for (;;);`, { ask: "end", within: "200 millis" })
      assert.deepStrictEqual((yield* observed(obeys, note)).changes, ["worker a thread", "closed"])
      const forced = yield* observed(busy, note)
      assert.deepStrictEqual([forced.changes, forced.left], [["worker a thread", "destroyed"], NO_DRIFT])
      assert.deepStrictEqual(ended, [7, 1])
    }))

  it.live("that can't be started is a typed error, and leaves nothing", () =>
    Effect.gen(function*() {
      const error = (effect: typeof echo) => Effect.flip(owned(effect))
      assert.match(
        (yield* error(thread("", { file: "/no/such/file.js", eval: false }))).message,
        /^the thread a thread can't be started: .*\/no\/such\/file\.js.*\. Correct its file, or what it does before it is ready$/s
      )
      assert.include(
        (yield* error(thread("", { file: "relative.js", eval: false }))).message,
        "must be an absolute path"
      )
      assert.include((yield* error(thread(`throw new Error("no weights")`))).message, "no weights")
      assert.include((yield* error(thread("process.exit(3)"))).message, "it has ended with 3")
      assert.deepStrictEqual(yield* snapshot, [])
    }).pipe(Effect.scoped, Effect.provide(ResourceLedger.layer)))

  it.live("that never gets ready is terminated when nobody waits any longer", () =>
    Effect.gen(function*() {
      const seen = yield* observed(Effect.timeoutOption(thread("setInterval(() => {}, 1e9)"), "200 millis"))
      assert.deepStrictEqual([seen.changes, seen.left], [[], NO_DRIFT])
    }))

  it.live("tells what it fails with after it was ready, and is gone by itself", () =>
    Effect.gen(function*() {
      const errors: Array<string> = []
      const fails = thread(`parentPort.once("message", () => { throw new Error("later") }); ${READY}`, {
        onError: (error) => errors.push(String(error))
      })
      const seen = yield* observed(fails, (worker) =>
        Effect.async<void>((resume) => {
          worker.once("exit", () => resume(Effect.void)).postMessage("fail")
        }))
      assert.deepStrictEqual([seen.changes, errors], [["worker a thread", "closed"], ["Error: later"]])
    }))

  it.live("is open once it runs, for those who need no message", () =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(observed(thread("setInterval(() => {}, 1e9)", { ready: "online" })))
      assert.isTrue(Exit.isSuccess(exit))
    }))
})
