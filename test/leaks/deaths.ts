/**
 * Ends without finalizers (SIGKILL, a full heap, `process.exit` in a library): the next start must clean up, and
 * nothing may be lost. Undisturbed runs give the state to compare with.
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

/** Runs a program undisturbed and parses its answer; fails when it did not end well. */
const undisturbed = <A>(place: Place, args: ReadonlyArray<string>, answer: Schema.Schema<A, string>) =>
  Effect.flatMap(
    run(place, { args: [main, ...args, "--json"] }),
    ({ code, signal, stderr, stdout }) =>
      code === 0 && stderr === ""
        ? Effect.mapError(Schema.decode(answer)(stdout), String)
        : Effect.fail(`${args[0]} ended with ${signal ?? `exit code ${code}`}: ${JSON.stringify(stderr.slice(0, 600))}`)
  )

/** Status without the place, which differs between memories. */
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
  /** Status after an undisturbed import of each sample. */
  readonly fixtures: Whole
  readonly long: Whole
  readonly heavy: Whole
}

/** Makes the memory of the fixtures at once, the others when they are first needed. */
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
    // A failure here is reported by the case "undisturbed: import".
    yield* Effect.ignore(prepared.fixtures)
    return prepared
  })

/**
 * Returns what is remembered. Where a process was cut off decides how many pages are free or half full, and whether a
 * hook had told a session something.
 */
const remembered = (status: typeof Status.Type) => JSON.stringify({ ...status, size: undefined, injected: undefined })

const same = (found: typeof Status.Type, whole: typeof Status.Type): ReadonlyArray<string> => [
  ...(remembered(found) === remembered(whole)
    ? []
    : [`the memory is ${JSON.stringify(found)}, undisturbed it is ${JSON.stringify(whole)}`]),
  ...(found.pending === 0 ? [] : [`${found.pending} items of work are pending`]),
  ...(found.units.total > 0 ? [] : ["nothing is remembered"])
]

const complaintsOfNext = <E, R>(complaints: Effect.Effect<ReadonlyArray<string>, E, R>) =>
  Effect.map(
    Effect.either(complaints),
    Either.match({
      onLeft: (error) => [`the next one: ${String(error)}`],
      onRight: (found) => found.map((complaint) => `the next one: ${complaint}`)
    })
  )

/** Runs the next program, which must continue where the dead one stopped. */
const next = ({ place, samples }: Stage, { subject, how }: Situation, prepared: Prepared) =>
  complaintsOfNext(Effect.gen(function*() {
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

/** Checks that the dead process left something to clean up; otherwise the case shows nothing. */
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
        // While the import waits for the model, it holds claimed work.
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

/** A line of 27 MB exceeds a heap of 48 MB, after other lines have been stored. */
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

/** With all output in a file, libuv's spare descriptor opens with the first stream, which is then a socket. */
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

/** Checks the undisturbed import that the other cases are compared with. */
const whole = ({ fixtures }: Prepared): Case => ({
  name: "undisturbed: import",
  covers: ["undisturbed import"],
  run: () => Effect.as(fixtures, [])
})

const DYING = situations.filter(({ how, state }) => state !== "stopping" && how !== "the model hangs in its answer")

export const cases = (prepared: Prepared): ReadonlyArray<Case> => [
  // While it starts, a program cannot be asked to exit by itself.
  ...deaths.flatMap((death) =>
    DYING.filter(({ state }) => death.act === "SIGKILL" || state !== "starting").map((situation) =>
      died(situation, death, prepared)
    )
  ),
  outOfHeap(prepared),
  whole(prepared),
  intoFile
]
