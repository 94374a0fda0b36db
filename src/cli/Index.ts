/**
 * Shows, verifies and repairs the index of vectors, and drops its old versions.
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Arr from "effect/Array"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as App from "../App.ts"
import type { Verification } from "../index/Reindex.ts"
import type { IndexVersion } from "../index/VectorIndex.ts"
import { advice } from "../process/Advice.ts"
import { Unsuccessful, writeStderr } from "../process/Process.ts"
import { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import { answer, json, number, refuse, table } from "./Output.ts"
import * as Progress from "./Progress.ts"

const ACTIONS = ["status", "verify", "repair", "drop"] as const
type Action = typeof ACTIONS[number]

const action = Args.choice(
  Arr.map(ACTIONS, (name): [string, Action] => [name, name]),
  { name: "action" }
).pipe(
  Args.withDescription(
    "status: its versions, and what waits for it. verify: whether it holds what the memory does. repair: makes it so. " +
      "drop VERSION: deletes one that does not serve any more"
  ),
  Args.withDefault("status" as const)
)
const version = Args.text({ name: "version" }).pipe(
  Args.withDescription("Of drop: a name that status prints"),
  Args.optional
)

const versionRows = (versions: ReadonlyArray<IndexVersion>) => [
  ["version", "model", "dimensions", "memories", ""],
  ...versions.map(({ count, isActive, model, name }) => [
    name,
    model.id,
    String(model.dimension),
    number(count),
    isActive ? "serves" : advice("kept; `claude-memory index drop` deletes it")
  ])
]

export const isConsistent = ({ found, missing, orphans, sampled, stale }: Verification): boolean =>
  missing === 0 && orphans === 0 && stale === 0 && found === sampled

export const verificationText = ({ common, found, missing, orphans, sampled, stale }: Verification): string =>
  `${number(common)} memories are in the index${stale === 0 ? "" : `, ${number(stale)} of them not as they are now`}, ${
    number(missing)
  } are missing, ${number(orphans)} are too many; ` +
  `of ${number(sampled)} sampled ones ${number(found)} are found by their own vectors`

const status = (isJson: boolean) =>
  Effect.gen(function*() {
    const { index, status } = yield* ClaudeMemory
    const { indexing, units } = yield* status
    const versions = yield* Effect.either(index.versions)
    const error = Either.isLeft(versions) ? versions.left.message : null
    yield* answer(
      isJson,
      {
        index: index.name,
        memories: units.total,
        waiting: indexing,
        versions: Either.getOrElse(versions, () => []),
        error
      },
      () =>
        [
          `index     ${index.name}`,
          `memories  ${number(units.total)}`,
          `waiting   ${number(indexing)}${
            indexing === 0 ? "" : advice(": the next import, or `claude-memory index repair`, indexes them")
          }`,
          ...(error === null
            ? Either.getOrElse(versions, () => []).length === 0
              ? ["", "Nothing is indexed yet."]
              : ["", ...table(versionRows(Either.getOrElse(versions, () => [])))]
            : ["", advice(error), "Memories are found by their words meanwhile, and nothing is lost."])
        ].join("\n")
    )
    if (error !== null) return yield* Effect.fail(new Unsuccessful())
  })

const verify = (isJson: boolean) =>
  Effect.gen(function*() {
    const { index, status } = yield* ClaudeMemory
    const verification = yield* index.verify
    const { indexing } = yield* status
    yield* answer(isJson, { ...verification, waiting: indexing, ok: isConsistent(verification) }, () =>
      [
        verificationText(verification),
        isConsistent(verification)
          ? "The index is right."
          : advice(`${number(indexing)} changes wait for it. \`claude-memory index repair\` brings it in line.`)
      ].join("\n"))
    if (!isConsistent(verification)) return yield* Effect.fail(new Unsuccessful())
  })

/** Brings the index in line with the memory, with progress on a terminal; `degraded` says what could not be finished. */
export const repaired = Effect.gen(function*() {
  const { index } = yield* ClaudeMemory
  const since = yield* Clock.currentTimeMillis
  const progress = yield* Progress.make(0)
  const degraded: Array<string> = []
  const sum = { isCompared: false, missing: 0, orphans: 0, stale: 0, indexed: 0 }
  yield* index.repair.pipe(
    Stream.runForEach((step) => {
      switch (step._tag) {
        case "Compared":
          sum.isCompared = true
          sum.missing += step.missing
          sum.orphans += step.orphans
          sum.stale += step.stale
          return Effect.void
        case "Indexed":
          sum.indexed += step.units
          return progress.indexed(step.units, sum.missing + sum.stale)
        case "Postponed":
          degraded.push(step.error.message)
          return Effect.void
        default:
          return Effect.void
      }
    }),
    Effect.ensuring(progress.end)
  )
  return { ...sum, degraded, durationMs: (yield* Clock.currentTimeMillis) - since }
})

const repair = (isJson: boolean) =>
  Effect.gen(function*() {
    const sum = yield* repaired
    const { degraded, durationMs } = sum
    yield* answer(isJson, sum, () =>
      [
        ...(sum.isCompared
          ? [
            `${number(sum.missing)} memories were missing${
              sum.stale === 0 ? "" : `, ${number(sum.stale)} were not as they are now`
            } and ${number(sum.orphans)} were too many; ` +
            `${number(sum.indexed)} were indexed in ${(durationMs / 1_000).toFixed(1)} s`
          ]
          : []),
        ...degraded.map((each) => `not finished: ${advice(each)}; run it again`)
      ].join("\n"))
    if (degraded.length > 0) return yield* Effect.fail(new Unsuccessful())
  })

const drop = (isJson: boolean, name: Option.Option<string>) =>
  Effect.gen(function*() {
    if (Option.isNone(name)) {
      yield* writeStderr("name the version to delete; `claude-memory index status` lists them\n")
      return yield* Effect.fail(new Unsuccessful())
    }
    const { index } = yield* ClaudeMemory
    yield* index.drop(name.value)
    yield* answer(isJson, { dropped: name.value }, () => `${name.value} is deleted`)
  })

export const options = { json }

export const command = Command.make("index", { action, version, ...options }, ({ action, json, version }) => {
  if (action !== "drop" && Option.isSome(version)) {
    return refuse(`${action} takes no version`)
  }
  switch (action) {
    case "status":
      return App.provide(App.reader)(status(json))
    case "verify":
      return App.provide(App.reader)(verify(json))
    case "repair":
      return App.provide(App.service("index"))(repair(json))
    case "drop":
      return App.provide(App.service("index"))(drop(json, version))
  }
}).pipe(Command.withDescription("Check the index of vectors, or repair it"))
