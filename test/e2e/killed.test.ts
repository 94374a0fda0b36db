/**
 * A killed import loses nothing and does nothing twice.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { join } from "node:path"
import { samples, slow, times } from "../data.ts"
import { commandLines } from "./commandLines.ts"
import { inHome, leftovers, main, makeHome, type Outcome, run, start } from "./run.ts"
import { makeSessions } from "./sessions.ts"

const inProcess = commandLines()

const COPIES = times(3)

/** Shares of the memory's final size at which an import is stopped, and the signal. */
const STOPS = [[0.05, "SIGKILL"], [0.2, "SIGTERM"], [0.35, "SIGKILL"], [0.5, "SIGINT"], [0.65, "SIGKILL"]] as const
interface Status {
  readonly lines: {
    readonly total: number
    readonly stored: number
    readonly skipped: Record<string, number>
    readonly deadLetter: number
  }
  readonly projects: ReadonlyArray<{ readonly id: string; readonly units: number }>
  readonly units: unknown
  readonly sessions: number
  readonly messages: number
  readonly pending: number
  readonly index: { readonly count: number }
}

const parsed = <A>(outcome: Outcome): A => {
  assert.strictEqual(outcome.code, 0, outcome.stderr)
  return JSON.parse(outcome.stdout) as A
}

slow(it.live)("what is left by an import killed at any point is finished by the next", () =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const home = yield* makeHome
    const sessions = join(home, "sessions")
    const { bytes, lines } = yield* makeSessions(sessions, COPIES)
    assert.isAbove(bytes, COPIES * 450_000)
    const inMemory = (name: string) => ({ home, env: { CLAUDE_MEMORY_HOME: join(home, name) } })
    const statusOf = (name: string) =>
      Effect.map(inProcess(["status", "--all-projects", "--json"], inMemory(name)), (outcome) => {
        // How many pages are half full depends on where it was cut off.
        const { home: _, place: _place, size: _size, ...status } = parsed<
          Status & { readonly home: string; readonly place: string; readonly size: unknown }
        >(outcome)
        return status
      })

    parsed(yield* inProcess(["import", sessions, "--json"], inMemory("whole")))
    const sizeOf = (name: string) =>
      Effect.map(
        Effect.forEach(
          ["memory.db", "memory.db-wal"],
          (file) =>
            Effect.orElseSucceed(Effect.map(fs.stat(join(home, name, file)), ({ size }) => Number(size)), () => 0)
        ),
        (sizes) => sizes.reduce((a, b) => a + b, 0)
      )
    const whole = yield* sizeOf("whole")
    const expected = yield* statusOf("whole")
    assert.strictEqual(expected.lines.total, lines)

    // Stops fall into reading, compressing and indexing.
    let stopped = 0
    for (const [share, signal] of STOPS) {
      const outcome = yield* Effect.scoped(Effect.gen(function*() {
        const before = yield* sizeOf("killed")
        const { ended, kill } = yield* start([main, "import", sessions, "--json"], inMemory("killed"))
        yield* Effect.repeat(Effect.zipRight(Effect.sleep("10 millis"), sizeOf("killed")), {
          until: (size) => size > Math.max(share * whole, before + 200_000)
        }).pipe(Effect.raceFirst(ended))
        yield* kill(signal)
        return yield* ended
      }))
      if (outcome.code === 0) break
      stopped++
      assert.strictEqual(outcome.stdout, "")
      assert.strictEqual(outcome.stderr, "")
      if (signal === "SIGKILL") assert.strictEqual(outcome.signal, signal)
      else {
        assert.strictEqual(outcome.code, signal === "SIGTERM" ? 143 : 130)
        assert.deepStrictEqual(leftovers(yield* fs.readDirectory(join(home, "killed"))), [])
      }
    }
    assert.isAtLeast(stopped, 3)
    parsed(yield* run([main, "import", sessions, "--json"], inMemory("killed")))
    const actual = yield* statusOf("killed")

    const { lines: sum, ...rest } = actual
    const { lines: expectedSum, ...expectedRest } = expected
    assert.deepStrictEqual(rest, expectedRest)
    assert.deepStrictEqual(sum, expectedSum)
    assert.strictEqual(sum.total, sum.stored + sum.deadLetter + Object.values(sum.skipped).reduce((a, b) => a + b, 0))
    assert.strictEqual(actual.pending, 0)

    const again = parsed<{ readonly lines: { readonly total: number }; readonly units: { readonly total: number } }>(
      yield* inProcess(["import", sessions, "--json"], inMemory("killed"))
    )
    assert.strictEqual(again.lines.total, 0)
    assert.strictEqual(again.units.total, 0)
    assert.deepStrictEqual((yield* fs.readDirectory(join(home, "killed"))).filter((name) => name !== "memory.db"), [
      "openings"
    ])
  }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)), times(120_000))

slow(it.live)(
  "a forget that is killed at any point leaves no file that tells a start what is forgotten",
  () =>
    inHome((home, fs) =>
      Effect.gen(function*() {
        const words = "without fake timers"
        const folder = join(home, ".claude-memory")
        parsed(yield* inProcess(["import", samples, "--json"], { home }))
        yield* fs.copy(folder, join(home, "before"))
        const found = (yield* inProcess(["search", words, "--all-projects", "--json"], { home })).stdout
        const { id } = JSON.parse(found).results[0].unit ?? JSON.parse(found).results[0]
        const telling = Effect.map(
          Effect.forEach(
            yield* fs.readDirectory(join(folder, "openings")),
            (name) => Effect.orElseSucceed(fs.readFileString(join(folder, "openings", name)), () => "")
          ),
          (texts) => texts.filter((text) => text.includes(words)).length
        )
        assert.isAbove(yield* telling, 0)
        const outcomes = new Set<string>()
        for (const ms of [150, 300, 400, 500, 600, 800]) {
          yield* fs.remove(folder, { recursive: true })
          yield* fs.copy(join(home, "before"), folder)
          const { ended, kill } = yield* start([main, "forget", id, "--yes"], { home })
          yield* Effect.sleep(ms)
          yield* kill("SIGKILL")
          yield* ended
          const isForgotten = (yield* inProcess(["show", id], { home })).code !== 0
          if (isForgotten) assert.strictEqual(yield* telling, 0)
          outcomes.add(isForgotten ? "forgotten" : "there")
        }
        assert.include([...outcomes], "there")
      })
    ),
  120_000
)
