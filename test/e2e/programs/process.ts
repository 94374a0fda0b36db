/**
 * Programs that end in every way, by name. Each writes to stderr what is released, in order.
 */
// @effect-diagnostics globalTimersInEffect:off
import * as Cause from "effect/Cause"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { writeSync } from "node:fs"
import { OWN, runMain, Unsuccessful, writeStderr, writeStdout } from "../../../src/process/Process.ts"
import { ResourceLedger } from "../../../src/resources/ResourceLedger.ts"
import { openLedger } from "../../resources/owned.ts"

class NoRoom extends Data.TaggedError("NoRoom")<{ readonly room: string }> {
  override get message() {
    return `there is no room in ${this.room}; make some and try again`
  }
}

class NoMemory extends Data.TaggedError("NoMemory") {
  override get message() {
    return "nothing is remembered yet; run `claude-memory import`"
  }
}

const noRoom = new NoRoom({ room: "the attic" })

const writeLine = (text: string) => Effect.sync(() => writeSync(2, `${text}\n`))

const resource = (name: string, close: Effect.Effect<unknown> = Effect.void) =>
  Effect.flatMap(ResourceLedger, (ledger) =>
    openLedger(ledger).acquire({
      kind: "file",
      name,
      open: Effect.succeed(name),
      close: () => Effect.zipLeft(close, writeLine(`released ${name}`)),
      within: "1 hour"
    }))

/** Acquires two resources, the second on top of the first, then runs `program`. */
const holding = <A, E>(program: Effect.Effect<A, E, Scope.Scope | ResourceLedger>) =>
  Effect.zipRight(Effect.zipRight(resource("ground"), resource("floor")), program)

const ready = writeStdout("ready\n")
const waiting = Effect.zipRight(ready, Effect.never)
/** Runs the callback outside any fiber. */
const later = (run: () => void) => Effect.zipRight(Effect.sync(() => setTimeout(run, 10)), waiting)

const acquireForgotten = (ledger: ResourceLedger["Type"]) =>
  openLedger(ledger).acquire({
    kind: "server",
    name: "forgotten",
    open: Effect.void,
    close: () => Effect.fail("no"),
    within: "10 millis"
  })
const openCellar = Effect.fn("Cellar.open")(function*() {
  yield* Effect.flatMap(ResourceLedger, (ledger) => acquireForgotten(ledger))
})
const openHouse = Effect.fn("House.open")(function*() {
  yield* openCellar()
})

const programs: Record<string, Effect.Effect<unknown, unknown, Scope.Scope | ResourceLedger>> = {
  success: holding(writeStdout("answer\n")),
  failure: holding(Effect.fail(noRoom)),
  "failure that names a command": holding(
    Effect.zipRight(Effect.logWarning("run `claude-memory import`"), Effect.fail(new NoMemory()))
  ),
  "settings that are wrong": holding(
    Config.zip(
      Config.validate(Config.string("ATTIC"), { message: "it is no attic", validation: () => false }),
      Config.string("CELLAR")
    ).pipe(Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["ATTIC", "x"]]))))
  ),
  "a setting that is not there": holding(Config.string("CELLAR")),
  "two failures, one of them twice": holding(
    Effect.failCause(
      Cause.parallel(
        Cause.fail(noRoom),
        Cause.parallel(Cause.fail(noRoom), Cause.fail(new NoRoom({ room: "the cellar" })))
      )
    )
  ),
  unsuccessful: holding(Effect.zipRight(writeStdout("no\n"), Effect.fail(new Unsuccessful()))),
  "unknown failure": holding(Effect.fail({ code: 7 })),
  defect: holding(Effect.die(new Error("this is a bug"))),
  interruption: holding(Effect.interrupt),
  wait: holding(waiting),
  "slow release": Effect.zipRight(resource("slow", Effect.sleep("300 millis")), waiting),
  "hanging release": Effect.zipRight(resource("stuck", Effect.never), holding(waiting)),
  "hanging release after the end": Effect.zipRight(resource("stuck", Effect.never), ready),
  "uncaught exception": holding(later(() => {
    throw new Error("thrown outside")
  })),
  "unhandled rejection": holding(later(() => {
    void Promise.reject(new Error("rejected outside"))
  })),
  "uncaught exception, hanging release": Effect.zipRight(
    resource("stuck", Effect.never),
    holding(later(() => {
      throw new Error("thrown outside")
    }))
  ),
  "uncaught exception while it stops": Effect.zipRight(
    resource(
      "slow",
      Effect.zipRight(
        Effect.sync(() =>
          setTimeout(() => {
            throw new Error("thrown outside")
          }, 10)
        ),
        Effect.sleep("100 millis")
      )
    ),
    waiting
  ),
  flood: holding(Effect.forever(writeStdout(`${"x".repeat(10_000)}\n`))),
  "flood of stderr": holding(
    Effect.zipRight(ready, Effect.forever(Effect.zipRight(writeStderr(`${"x".repeat(10_000)}\n`), Effect.yieldNow())))
  ),
  "one write": holding(writeStdout("answer\n")),
  "big answer": holding(writeStdout(`${"x".repeat(5_000_000)}\n`)),
  log: holding(
    Effect.zipRight(
      Effect.logInfo("a log line"),
      Effect.zipRight(Effect.logWarning("a warning"), writeStdout("answer\n"))
    )
  ),
  leak: openHouse()
}

const [name, how] = process.argv.slice(2)
runMain(Effect.provide(Effect.scoped(programs[name!]!), ResourceLedger.layer), {
  ...(how === "of a stranger" ? {} : OWN),
  deadline: "700 millis",
  failOpen: how === "fail-open",
  ...(how === "serves-stdin" && { servesStdin: Effect.void })
})
if (how === "serves-stdin") process.stdin.resume()
