/**
 * Opens the handle named in its argument outside the ledger, under a monitor with a 50 ms interval, for two dozen samples of that.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { spawn } from "node:child_process"
import { openSync, watch } from "node:fs"
import { createServer } from "node:net"
import { Worker } from "node:worker_threads"
import { runMain, writeStdout } from "../../../src/process/Process.ts"
import * as LeakProbe from "../../../src/resources/monitor/LeakProbe.ts"
import * as Monitor from "../../../src/resources/monitor/Monitor.ts"
import { ResourceLedger } from "../../../src/resources/ResourceLedger.ts"
import { openLedger } from "../../resources/owned.ts"

const openers: Record<string, () => unknown> = {
  nothing: () => {},
  socket: () => createServer().listen(0, "127.0.0.1"),
  "forgotten by Node": () => createServer().listen(0, "127.0.0.1").unref(),
  watcher: () => watch("."),
  worker: () => new Worker("setTimeout(() => {}, 60_000)", { eval: true }),
  child: () => spawn(process.execPath, ["-e", "setTimeout(() => {}, 60_000)"], { stdio: "ignore" }),
  file: () => openSync(process.execPath, "r")
}

/** Twice as many as a drift lasts before it is logged, and some. */
const SAMPLES = 24
let samples = 0
const read = Effect.tap(LeakProbe.read, () => {
  samples++
})

const [home, name] = process.argv.slice(2)
Effect.gen(function*() {
  const ledger = yield* ResourceLedger
  yield* openLedger(ledger).acquire({
    kind: "model",
    name: "in the ledger",
    open: Effect.void,
    close: () => Effect.void,
    within: "1 second"
  })
  openers[name!]!()
  const until = samples + SAMPLES
  yield* Effect.repeat(Effect.sleep("50 millis"), { until: () => samples >= until })
  yield* writeStdout("done\n")
}).pipe(
  Effect.scoped,
  Effect.provide(
    Layer.provideMerge(
      Monitor.layer({ home: home!, command: "test", interval: "50 millis", read }),
      ResourceLedger.layer
    )
  ),
  (program) => runMain(program, { deadline: "2 seconds" })
)
