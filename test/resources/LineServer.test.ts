import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { connect, type Socket } from "node:net"
import { join } from "node:path"
import * as LineServer from "../../src/resources/LineServer.ts"
import { ResourceLedger } from "../../src/resources/ResourceLedger.ts"
import { NO_DRIFT, observed } from "./observed.ts"
import { owned } from "./owned.ts"

const LIMITS = { name: "lines", maxBytes: 1_000, maxConnections: 4, lineWithinMs: 300, onError: () => {} }

/** Answers a line with itself twice, "nothing" with nothing, and "wait" never. */
const echo = (interrupted: Array<string> = []) => (line: string) =>
  line === "nothing"
    ? Effect.succeedNone
    : line === "wait"
    ? Effect.onInterrupt(Effect.never, () => Effect.sync(() => interrupted.push(line)))
    : Effect.succeedSome(line + line)

const path = Effect.flatMap(
  FileSystem.FileSystem,
  (fs) => Effect.map(fs.makeTempDirectoryScoped({ prefix: "claude-memory-lines-" }), (folder) => join(folder, "socket"))
)

const serving = (interrupted?: Array<string>) =>
  Effect.tap(path, (path) => owned(LineServer.open({ ...LIMITS, path, answer: echo(interrupted) })))

/** Sends the parts, one after the other, and returns all that comes back until the connection is closed. */
const say = (path: string, ...parts: ReadonlyArray<string>) =>
  Effect.async<string>((resume) => {
    let text = ""
    const socket = connect(path)
    socket.on("data", (part) => text += String(part)).on("error", () => {}).once("close", () =>
      resume(Effect.succeed(text)))
    const send = ([first, ...rest]: ReadonlyArray<string>): void => {
      if (first === undefined || socket.destroyed) {
        return
      }
      socket.write(first)
      setTimeout(() =>
        send(rest), 20)
    }
    send(parts)
  })

const base = Layer.merge(ResourceLedger.layer, NodeContext.layer)

describe("LineServer", () => {
  it.live("answers a line by a line, however it arrives, and closes", () =>
    Effect.gen(function*() {
      const at = yield* serving()
      assert.strictEqual(yield* say(at, "ab\n"), "abab\n")
      assert.strictEqual(yield* say(at, "a", "b", "\n"), "abab\n")
      assert.strictEqual(yield* say(at, "ab\nsecond\n"), "abab\n")
      assert.strictEqual(yield* say(at, "漏\n"), "漏漏\n")
    }).pipe(Effect.scoped, Effect.provide(base)))

  it.live("says nothing to a line without an answer, one that is too long, and one that does not end in time", () =>
    Effect.gen(function*() {
      const at = yield* serving()
      assert.strictEqual(yield* say(at, "nothing\n"), "")
      assert.strictEqual(yield* say(at, "x".repeat(1_001)), "")
      assert.strictEqual(yield* say(at, `${"x".repeat(1_001)}\n`), "")
      // They would take longer than this test may.
      assert.strictEqual(yield* say(at, ...Array.from({ length: 4_000 }, () => "x")), "")
      assert.strictEqual(yield* say(at, "ab\n"), "abab\n")
    }).pipe(Effect.scoped, Effect.provide(base)))

  it.live("takes so many connections at a time and closes others at once", () =>
    Effect.gen(function*() {
      const at = yield* serving()
      const sockets = Array.from({ length: 4 }, () => connect(at).on("error", () => {}))
      yield* Effect.sleep("50 millis")
      assert.strictEqual(yield* say(at, "ab\n"), "")
      for (const socket of sockets) socket.destroy()
      yield* Effect.repeat(Effect.delay(say(at, "ab\n"), "5 millis"), { until: (answer) => answer === "abab\n" })
    }).pipe(Effect.scoped, Effect.provide(base)))

  it.live("interrupts the answer when who asked has gone", () =>
    Effect.gen(function*() {
      const interrupted: Array<string> = []
      const at = yield* serving(interrupted)
      const socket = yield* Effect.async<Socket>((resume) => {
        const socket: Socket = connect(at, () => socket.write("wait\n", () => resume(Effect.succeed(socket))))
      })
      yield* Effect.sleep("50 millis")
      assert.deepStrictEqual(interrupted, [])
      socket.destroy()
      yield* Effect.repeat(Effect.sleep("5 millis"), { until: () => interrupted.length > 0 })
    }).pipe(Effect.scoped, Effect.provide(base)))

  it.live("is in the ledger, and closes while an answer is awaited", () =>
    Effect.gen(function*() {
      const at = yield* path
      const seen = yield* observed(
        LineServer.open({
          ...LIMITS,
          path: at,
          answer: (line) => line === "wait" ? Effect.never : Effect.succeed(Option.none())
        }),
        () =>
          Effect.zipRight(
            Effect.sync(() => connect(at).on("error", () => {}).write("wait\n")),
            Effect.sleep("50 millis")
          )
      )
      assert.deepStrictEqual(seen, {
        changes: ["server lines", "fibers lines", "closed", "closed"],
        drift: NO_DRIFT,
        left: NO_DRIFT
      })
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)))
})
