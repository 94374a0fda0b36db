import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it, layer } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { closeSync, openSync } from "node:fs"
import { join } from "node:path"
import { slow } from "../data.ts"
import { bundle, leftovers, main, makeHome, type Options, run, start } from "./run.ts"

/** The bundle of programs/process.ts, and a home for it. */
class Bundle extends Context.Tag("test/Bundle")<Bundle, { readonly file: string; readonly home: string }>() {
  static readonly layer = Layer.scoped(
    this,
    Effect.gen(function*() {
      const home = yield* makeHome
      // The path of an installed package.
      return { file: yield* bundle("process", join(home, "node_modules", "claude-memory")), home }
    })
  ).pipe(Layer.provide(NodeContext.layer))
}

const program = (words: ReadonlyArray<string>, options: Partial<Options> = {}) =>
  Effect.flatMap(Bundle, ({ file, home }) => run([file, ...words], { home, ...options }))
const started = (words: ReadonlyArray<string>) =>
  Effect.flatMap(Bundle, ({ file, home }) => start([file, ...words], { home }))

const RELEASED = "released floor\nreleased ground\n"
const SIGNALS = [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]] as const
/** In quick form one signal stands for all, once each has ended a program. */
const quickOn = (signal: NodeJS.Signals): typeof slow => signal === "SIGTERM" ? (register) => register : slow

describe("a program under runMain", () => {
  layer(Bundle.layer, { timeout: "30 seconds", excludeTestServices: true })((it) => {
    it.effect("that succeeds exits with 0, its answer alone on stdout, all released", () =>
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* program(["success"]), {
          stdout: "answer\n",
          stderr: RELEASED,
          code: 0,
          signal: null
        })
      }))

    it.effect("that fails says why in a sentence and exits with 1", () =>
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* program(["failure"]), {
          stdout: "",
          stderr: `${RELEASED}claude-memory: there is no room in the attic; make some and try again\n`,
          code: 1,
          signal: null
        })
      }))

    it.effect("whose setting is missing or wrong says so in a sentence", () =>
      Effect.gen(function*() {
        const missing = yield* program(["a setting that is not there"])
        assert.deepStrictEqual([missing.code, missing.stdout], [1, ""])
        assert.strictEqual(
          missing.stderr,
          `${RELEASED}claude-memory: Expected CELLAR to exist in the process context\n`
        )
        const wrong = yield* program(["settings that are wrong"])
        assert.strictEqual(wrong.code, 1)
        assert.strictEqual(
          wrong.stderr,
          `${RELEASED}claude-memory: ATTIC: it is no attic\nclaude-memory: Expected CELLAR to exist in the provided map\n`
        )
      }))

    it.effect("of a stranger says why as the failure does, without our name or our way to start commands", () =>
      Effect.gen(function*() {
        const { code, stderr } = yield* program(["failure that names a command", "of a stranger"])
        assert.strictEqual(code, 1)
        assert.match(stderr, /level=WARN.*"run `claude-memory import`"/)
        assert.include(stderr, `${RELEASED}nothing is remembered yet; run \`claude-memory import\`\n`)
      }))

    it.effect("of a stranger says in a sentence of its own that a release hangs", () =>
      Effect.scoped(Effect.gen(function*() {
        const { ended, kill, waitForText: said } = yield* started(["hanging release", "of a stranger"])
        yield* said("ready")
        yield* kill("SIGHUP")
        const { code, stderr } = yield* ended
        assert.strictEqual(code, 129)
        assert.strictEqual(stderr, `${RELEASED}shutdown took longer than 700ms, exiting\n`)
      })))

    it.effect("that fails in several ways says each once", () =>
      Effect.gen(function*() {
        const { code, stderr } = yield* program(["two failures, one of them twice"])
        assert.strictEqual(code, 1)
        assert.deepStrictEqual(stderr.replace(RELEASED, "").trimEnd().split("\n"), [
          "claude-memory: there is no room in the attic; make some and try again",
          "claude-memory: there is no room in the cellar; make some and try again"
        ])
      }))

    it.effect("whose answer is no says nothing more and exits with 1", () =>
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* program(["unsuccessful"]), {
          stdout: "no\n",
          stderr: RELEASED,
          code: 1,
          signal: null
        })
      }))

    it.effect("that fails with what is no error, prints all of it", () =>
      Effect.gen(function*() {
        const { code, stderr, stdout } = yield* program(["unknown failure"])
        assert.strictEqual(code, 1)
        assert.strictEqual(stdout, "")
        assert.match(stderr, /level=FATAL.*\\"code\\":7/)
      }))

    it.effect("with a defect logs it, its place included, and exits with 1", () =>
      Effect.gen(function*() {
        const { code, stderr, stdout } = yield* program(["defect"])
        assert.strictEqual(code, 1)
        assert.strictEqual(stdout, "")
        assert.include(stderr, RELEASED)
        assert.match(stderr, /level=FATAL.*this is a bug.*process\.mjs/s)
      }))

    it.effect("that is interrupted by nobody exits with 1", () =>
      Effect.gen(function*() {
        const { code, stderr } = yield* program(["interruption"])
        assert.strictEqual(code, 1)
        assert.strictEqual(stderr, RELEASED)
      }))

    it.effect("logs on stderr only", () =>
      Effect.gen(function*() {
        const { code, stderr, stdout } = yield* program(["log"])
        assert.strictEqual(code, 0)
        assert.strictEqual(stdout, "answer\n")
        assert.match(stderr, /level=INFO.*a log line/)
        assert.match(stderr, /level=WARN.*a warning/)
      }))

    it.effect("writes a long answer whole before it exits", () =>
      Effect.gen(function*() {
        const { code, stdout } = yield* program(["big answer"])
        assert.strictEqual(code, 0)
        assert.strictEqual(stdout.length, 5_000_001)
      }))

    it.effect("that leaks ends with what leaked and the calls that opened it, ours only", () =>
      Effect.gen(function*() {
        const { code, stderr } = yield* program(["leak"])
        assert.strictEqual(code, 1)
        const [, stack = ""] =
          /1 resource\(s\) still open at the end: server forgotten \(opened (.*?\))\)\\n/.exec(stderr) ?? []
        const frames = stack.split("\\n").map((line) => line.trim())
        assert.deepStrictEqual(frames.map((frame) => frame.replace(/\(.*process\.mjs:\d+:\d+\)$/, "(…)")), [
          "at acquireForgotten (…)",
          "at Cellar.open (…)",
          "at Cellar.open (…)",
          "at Cellar.open (…)",
          "at House.open (…)",
          "at House.open (…)"
        ])
      }))

    for (const [signal, code] of SIGNALS) {
      const each = quickOn(signal)
      it.effect(`on ${signal} releases dependents first and exits with ${code}`, () =>
        Effect.scoped(Effect.gen(function*() {
          const { ended, kill, waitForText: said } = yield* started(["wait"])
          yield* said("ready")
          yield* kill(signal)
          assert.deepStrictEqual(yield* ended, { stdout: "ready\n", stderr: RELEASED, code, signal: null })
        })))

      each(it.effect)(
        `on ${signal} waits for a release that takes a while`,
        () =>
          Effect.scoped(Effect.gen(function*() {
            const { ended, kill, waitForText: said } = yield* started(["slow release"])
            yield* said("ready")
            yield* kill(signal)
            assert.deepStrictEqual(yield* ended, { stdout: "ready\n", stderr: "released slow\n", code, signal: null })
          }))
      )

      each(it.effect)(
        `on ${signal} does not wait for a release that hangs longer than the deadline`,
        () =>
          Effect.scoped(Effect.gen(function*() {
            const { ended, kill, waitForText: said } = yield* started(["hanging release"])
            yield* said("ready")
            const since = yield* Clock.currentTimeMillis
            yield* kill(signal)
            const outcome = yield* ended
            const took = (yield* Clock.currentTimeMillis) - since
            assert.strictEqual(outcome.code, code)
            assert.strictEqual(outcome.stderr, `${RELEASED}claude-memory: shutdown took longer than 700ms, exiting\n`)
            assert.isAtLeast(took, 650)
          }))
      )
    }

    it.effect("on a second signal ends at once, with that signal's code", () =>
      Effect.scoped(Effect.gen(function*() {
        const { ended, kill, waitForText: said } = yield* started(["hanging release"])
        yield* said("ready")
        yield* kill("SIGINT")
        yield* said("released ground")
        yield* kill("SIGTERM")
        const { code, stderr } = yield* ended
        assert.strictEqual(code, 143)
        assert.notInclude(stderr, "shutdown took longer")
      })))

    const server = (name: string) =>
      Effect.flatMap(Bundle, ({ file, home }) => start([file, name, "serves-stdin"], { home, staysOpen: true }))

    it.effect("that serves stdin ends with it, releases all and exits with 0", () =>
      Effect.scoped(Effect.gen(function*() {
        const { closeStdin, ended, waitForText: said } = yield* server("wait")
        yield* said("ready")
        yield* closeStdin
        assert.deepStrictEqual(yield* ended, { stdout: "ready\n", stderr: RELEASED, code: 0, signal: null })
      })))

    it.effect("that serves stdin does not wait for a release that hangs when that has ended", () =>
      Effect.scoped(Effect.gen(function*() {
        const { closeStdin, ended, waitForText: said } = yield* server("hanging release")
        yield* said("ready")
        yield* closeStdin
        const { code, stderr } = yield* ended
        assert.strictEqual(code, 0)
        assert.strictEqual(stderr, `${RELEASED}claude-memory: shutdown took longer than 700ms, exiting\n`)
      })))

    it.effect("that serves stdin is not hurried by another signal, as Claude Code sends it", () =>
      Effect.scoped(Effect.gen(function*() {
        const { ended, kill, waitForText: said } = yield* server("slow release")
        yield* said("ready")
        yield* kill("SIGINT")
        yield* Effect.sleep("100 millis")
        yield* kill("SIGTERM")
        assert.deepStrictEqual(yield* ended, { stdout: "ready\n", stderr: "released slow\n", code: 130, signal: null })
      })))

    it.effect("that serves stdin ends at once on the same signal again", () =>
      Effect.scoped(Effect.gen(function*() {
        const { ended, kill, waitForText: said } = yield* server("hanging release")
        yield* said("ready")
        yield* kill("SIGINT")
        yield* said("released ground")
        yield* kill("SIGINT")
        const { code, stderr } = yield* ended
        assert.strictEqual(code, 130)
        assert.notInclude(stderr, "shutdown took longer")
      })))

    it.effect.each(
      [
        ["uncaught exception", "thrown outside"],
        ["unhandled rejection", "rejected outside"]
      ] as const
    )(
      "with an %s outside its fibers releases all, tells it and exits with 1",
      ([name, message]) =>
        Effect.gen(function*() {
          const { code, stderr, stdout } = yield* program([name])
          assert.strictEqual(code, 1)
          assert.strictEqual(stdout, "ready\n")
          assert.include(stderr, RELEASED)
          assert.include(stderr, message)
        })
    )

    it.effect("with an uncaught exception and a release that hangs exits with 1 at the deadline", () =>
      Effect.gen(function*() {
        const { code, stderr } = yield* program(["uncaught exception, hanging release"])
        assert.strictEqual(code, 1)
        assert.include(stderr, "thrown outside")
        assert.include(stderr, RELEASED)
        assert.include(stderr, "shutdown took longer than 700ms")
      }))

    it.effect("with an uncaught exception while a signal ends it prints it and exits with 1", () =>
      Effect.scoped(Effect.gen(function*() {
        const { ended, kill, waitForText: said } = yield* started(["uncaught exception while it stops"])
        yield* said("ready")
        yield* kill("SIGTERM")
        const { code, stderr } = yield* ended
        assert.strictEqual(code, 1)
        assert.match(stderr, /level=FATAL.*thrown outside[^]*released slow/)
      })))

    it.effect("whose reader has gone stops, releases all and exits with 0", () =>
      Effect.scoped(Effect.gen(function*() {
        const { closeStdout, ended, waitForText: said } = yield* started(["flood"])
        yield* said("xxx")
        yield* closeStdout
        const { code, stderr } = yield* ended
        assert.strictEqual(stderr, RELEASED)
        assert.strictEqual(code, 0)
      })))

    it.effect("nobody reads the log of goes on to an end", () =>
      Effect.scoped(Effect.gen(function*() {
        const { closeStderr, ended, kill, waitForText: said } = yield* started(["flood of stderr"])
        yield* said("xxx")
        yield* closeStderr
        yield* Effect.sleep("200 millis")
        yield* kill("SIGTERM")
        const { code, signal } = yield* ended
        assert.strictEqual(signal, null)
        assert.include([1, 143], code)
      })))

    it.effect.skipIf(process.platform !== "linux")(
      "whose answer can't be written (a full disk) exits with 1 and says so",
      () =>
        Effect.acquireUseRelease(
          Effect.sync(() => openSync("/dev/full", "w")),
          (fd) =>
            Effect.gen(function*() {
              const { code, stderr } = yield* program(["one write"], { stdoutTo: fd })
              assert.strictEqual(code, 1)
              assert.include(stderr, RELEASED)
              assert.include(stderr, "ENOSPC")
            }),
          (fd) => Effect.sync(() => closeSync(fd))
        )
    )

    it.effect.each(["failure", "defect", "unknown failure", "uncaught exception", "interruption", "leak"])(
      "as a guest of another exits with 0 and logs nothing: %s",
      (name) =>
        Effect.gen(function*() {
          const { code, stderr, stdout } = yield* program([name, "fail-open"])
          assert.strictEqual(code, 0)
          assert.include(["", "ready\n"], stdout)
          assert.notMatch(stderr, /level=|claude-memory:/)
        })
    )

    it.effect("as a guest of another exits with 0 on a second signal too", () =>
      Effect.scoped(Effect.gen(function*() {
        const { ended, kill, waitForText: said } = yield* started(["hanging release", "fail-open"])
        yield* said("ready")
        yield* kill("SIGTERM")
        yield* said("released ground")
        yield* kill("SIGTERM")
        const { code, stderr } = yield* ended
        assert.strictEqual(code, 0)
        assert.strictEqual(stderr, RELEASED)
      })))

    it.effect("as a guest of another exits with 0 at the deadline too", () =>
      Effect.scoped(Effect.gen(function*() {
        const { ended, kill, waitForText: said } = yield* started(["hanging release", "fail-open"])
        yield* said("ready")
        yield* kill("SIGTERM")
        const { code, stderr } = yield* ended
        assert.strictEqual(code, 0)
        assert.strictEqual(stderr, RELEASED)
      })))
  })
})

describe("the service", () => {
  for (const [signal, code] of SIGNALS) {
    quickOn(signal)(it.live)(
      `on ${signal} while it waits exits with ${code} and leaves the database alone in its folder`,
      () =>
        Effect.gen(function*() {
          const fs = yield* FileSystem.FileSystem
          const home = yield* makeHome
          const folder = join(home, ".claude-memory")
          const { ended, kill } = yield* start([main, "lifecycle", "--for", "10s"], { home })
          const isOpen = Effect.map(
            Effect.orElseSucceed(fs.readDirectory(folder), () => []),
            (names) => names.length > 2
          )
          yield* Effect.repeat(Effect.zipLeft(isOpen, Effect.sleep("20 millis")), { until: (isOpen) => isOpen })
          yield* Effect.sleep("400 millis")
          yield* kill(signal)
          const outcome = yield* ended
          assert.deepStrictEqual(outcome, { stdout: "", stderr: "", code, signal: null })
          assert.deepStrictEqual(leftovers(yield* fs.readDirectory(folder)), [])
          assert.deepStrictEqual(yield* fs.readDirectory(folder), ["memory.db"])
        }).pipe(Effect.scoped, Effect.provide(NodeContext.layer))
    )
  }
})
