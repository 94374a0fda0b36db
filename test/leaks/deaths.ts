/**
 * Ends at which no finalizer can run (SIGKILL, a heap that is full, `process.exit` in a library): the next start cleans up, and
 * nothing is lost. And what an undisturbed program leaves and says, to compare with.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { closeSync, openSync } from "node:fs"
import * as Aftermath from "./aftermath.ts"
import { fixtures, type Samples } from "./samples.ts"
import { type Case, type Situation, situations, type Stage } from "./situations.ts"
import { type End, main, type Place, place, run, start } from "./spawned.ts"

const Status = Schema.parseJson(
  Schema.Struct({ pending: Schema.Number, units: Schema.Struct({ total: Schema.Number }) }, {
    key: Schema.String,
    value: Schema.Unknown
  })
)
const Import = Schema.parseJson(Schema.Struct({
  lines: Schema.Struct({ total: Schema.Number }),
  resources: Schema.Struct({ openAtExit: Schema.Number })
}))
const Lifecycle = Schema.parseJson(Schema.Struct({ ok: Schema.Boolean, verdict: Schema.String }))

/** A program that nobody disturbs, and what it said; complaints when it did not end well. */
const undisturbed = <A>(place: Place, args: ReadonlyArray<string>, answer: Schema.Schema<A, string>) =>
  Effect.flatMap(
    run(place, { args: [main, ...args, "--json"] }),
    ({ code, signal, stderr, stdout }) =>
      code === 0 && stderr === ""
        ? Effect.mapError(Schema.decode(answer)(stdout), String)
        : Effect.fail(`${args[0]} ended with ${signal ?? `exit code ${code}`}: ${JSON.stringify(stderr.slice(0, 600))}`)
  )

/** All that is told of a memory but where it lies, which differs. */
const statusOf = (place: Place) =>
  Effect.map(undisturbed(place, ["status", "--all-projects"], Status), (all) => {
    const { home: _, place: __, ...status } = all
    return status
  })

const imported = (place: Place, transcripts: string) =>
  Effect.gen(function*() {
    const { resources } = yield* undisturbed(place, ["import", transcripts], Import)
    if (resources.openAtExit !== 0) return yield* Effect.fail(`the import left ${resources.openAtExit} handles`)
  })

type Whole = Effect.Effect<typeof Status.Type, unknown, FileSystem.FileSystem | Path.Path>

export interface Prepared {
  /** What status says after an undisturbed import of each. */
  readonly fixtures: Whole
  readonly long: Whole
  readonly heavy: Whole
}

/** Makes the memory of the fixtures at once, the others when they are needed. */
export const prepare = (samples: Samples) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const whole = (transcripts: Effect.Effect<string>, keep?: string) =>
      Effect.scoped(Effect.gen(function*() {
        const there = yield* place
        yield* imported(there, yield* transcripts)
        const status = yield* statusOf(there)
        if (keep !== undefined) yield* fs.copy(there.memory, keep)
        return status
      })).pipe(Effect.cached)
    const prepared = {
      fixtures: yield* whole(Effect.succeed(fixtures), samples.memory),
      long: yield* whole(samples.long),
      heavy: yield* whole(samples.heavy)
    }
    // Where it fails, the case of its own says so.
    yield* Effect.ignore(prepared.fixtures)
    return prepared
  })

const same = (found: typeof Status.Type, whole: typeof Status.Type): ReadonlyArray<string> => [
  ...(JSON.stringify(found) === JSON.stringify(whole)
    ? []
    : [`the memory is ${JSON.stringify(found)}, undisturbed it is ${JSON.stringify(whole)}`]),
  ...(found.pending === 0 ? [] : [`${found.pending} items of work are pending`]),
  ...(found.units.total > 0 ? [] : ["nothing is remembered"])
]

const told = <E, R>(complaints: Effect.Effect<ReadonlyArray<string>, E, R>) =>
  Effect.map(
    Effect.either(complaints),
    Either.match({
      onLeft: (error) => [`the next one: ${String(error)}`],
      onRight: (found) => found.map((complaint) => `the next one: ${complaint}`)
    })
  )

/** Goes on where the dead one was. */
const next = ({ place, samples }: Stage, { subject, how }: Situation, prepared: Prepared) =>
  told(Effect.gen(function*() {
    Object.assign(place.server, { behaviour: "answers", delay: 0 })
    switch (subject) {
      case "lifecycle": {
        const { ok, verdict } = yield* undisturbed(place, ["lifecycle", "--for", "10ms"], Lifecycle)
        return [...(ok ? [] : [verdict]), ...(yield* Aftermath.ofNext(place, false))]
      }
      case "import": {
        const [transcripts, whole] = how === "compressing"
          ? [samples.long, prepared.long]
          : how === "a heavy line"
          ? [samples.heavy, prepared.heavy]
          : [Effect.succeed(fixtures), prepared.fixtures]
        yield* imported(place, yield* transcripts)
        const left = yield* Aftermath.ofNext(place, false)
        return [...left, ...same(yield* statusOf(place), yield* whole)]
      }
      case "hook": {
        const found = yield* statusOf(place)
        return [...same(found, yield* prepared.fixtures), ...(yield* Aftermath.ofNext(place, true))]
      }
      case "quickstart":
        yield* undisturbed(place, ["quickstart"], Schema.parseJson(Schema.Unknown))
        return yield* Aftermath.ofNext(place, false)
    }
  }))

/** There has to be something to clean up, or the case shows nothing. */
const remains = ({ place }: Stage, { subject, how, state }: Situation) =>
  Effect.gen(function*() {
    if (state !== "working") return []
    const fs = yield* FileSystem.FileSystem
    switch (subject) {
      case "import": {
        const logged = yield* Effect.orElseSucceed(
          Effect.map(fs.stat(`${place.database}-wal`), ({ size }) => size > 0),
          () => false
        )
        const messages = yield* Aftermath.storedMessages(place)
        // While it waits for the model, it has work in hand.
        const claimed = how.startsWith("the model") ? yield* Aftermath.claims(place) : 1
        return [
          ...(logged ? [] : ["it left no log to recover"]),
          ...(messages > 0 ? [] : ["it had stored nothing"]),
          ...(claimed > 0 ? [] : ["it had claimed no work"])
        ]
      }
      case "quickstart":
        return (yield* fs.readDirectory(place.temporary)).length > 0 ? [] : ["it left no temporary folder"]
      default:
        return []
    }
  })

interface Death {
  readonly name: string
  readonly act: "SIGKILL" | "process.exit"
  readonly isRight: (end: End) => boolean
}

const deaths: ReadonlyArray<Death> = [
  { name: "SIGKILL", act: "SIGKILL", isRight: ({ signal }) => signal === "SIGKILL" },
  { name: "process.exit in a library", act: "process.exit", isRight: ({ code, stderr }) => code === 7 && stderr === "" }
]

const died = (situation: Situation, { act, isRight, name }: Death, prepared: Prepared): Case => ({
  name: `${name} while ${situation.state}: ${situation.subject}${situation.how === "" ? "" : `, ${situation.how}`}`,
  covers: [name, `dying ${situation.subject}`],
  run: (stage) =>
    Effect.gen(function*() {
      yield* situation.before?.(stage) ?? Effect.void
      const program = yield* start(stage.place, {
        ...(yield* situation.start(stage)),
        injection: act === "process.exit" ? { act } : {}
      })
      yield* situation.reach(stage, program)
      yield* act === "SIGKILL" ? program.send(act) : program.act
      const end = yield* program.ended
      return [
        ...(isRight(end) ? [] : [`ended with ${end.signal ?? `exit code ${end.code}`}: ${end.stderr.slice(0, 600)}`]),
        ...(yield* Aftermath.ofDead(stage.place)),
        ...(yield* remains(stage, situation)),
        ...(yield* next(stage, situation, prepared))
      ]
    })
})

/** Of 48 MB, by a line of 20 MB, after others have been stored. */
const outOfHeap = (prepared: Prepared): Case => ({
  name: "out of heap while working: import, a heavy line",
  covers: ["out of heap"],
  run: (stage) =>
    Effect.gen(function*() {
      const { place, samples } = stage
      const situation: Situation = {
        state: "working",
        subject: "import",
        how: "a heavy line",
        start: () =>
          Effect.map(samples.heavy, (heavy) => ({
            args: [main, "import", heavy, "--json"],
            node: ["--max-old-space-size=48"]
          })),
        reach: () => Effect.void
      }
      const { code, signal, stderr } = yield* run(place, yield* situation.start(stage))
      const isOut = (signal === "SIGABRT" || code === 134) && stderr.includes("heap out of memory")
      return [
        ...(isOut
          ? []
          : [`ended with ${signal ?? `exit code ${code}`}, not for want of heap: ${stderr.slice(0, 600)}`]),
        ...(yield* Aftermath.ofDead(place)),
        ...(yield* remains(stage, situation)),
        ...(yield* next(stage, situation, prepared))
      ]
    })
})

/** The spare descriptor that libuv keeps is opened with the first stream, which is a socket where all output goes to a file. */
const intoFile: Case = {
  name: "undisturbed: lifecycle, into a file",
  covers: ["undisturbed"],
  run: ({ place }) =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const file = `${place.root}/answer.json`
      const fd = yield* Effect.acquireRelease(
        Effect.sync(() => openSync(file, "w")),
        (fd) => Effect.sync(() => closeSync(fd))
      )
      const { code } = yield* run(place, { args: [main, "lifecycle", "--for", "10ms", "--json"], outputTo: fd })
      const { ok, verdict } = yield* Effect.flatMap(fs.readFileString(file), Schema.decode(Lifecycle))
      return [
        ...(code === 0 && ok ? [] : [`exit code ${code}: ${verdict}`]),
        ...(yield* Aftermath.ofNext(place, false))
      ]
    })
}

/** What the others are compared with is itself as it should be. */
const whole = ({ fixtures }: Prepared): Case => ({
  name: "undisturbed: import",
  covers: ["undisturbed import"],
  run: () => Effect.as(fixtures, [])
})

const DYING = situations.filter(({ how, state }) => state !== "stopping" && how !== "the model hangs in its answer")

export const cases = (prepared: Prepared): ReadonlyArray<Case> => [
  // Before it is up, a program can't be told to exit by itself.
  ...deaths.flatMap((death) =>
    DYING.filter(({ state }) => death.act === "SIGKILL" || state !== "starting").map((situation) =>
      died(situation, death, prepared)
    )
  ),
  outOfHeap(prepared),
  whole(prepared),
  intoFile
]
