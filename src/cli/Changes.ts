/**
 * Changes of Claude Code's files, for a person to see before they are made, and what became of each file.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { Change } from "../install/ClaudeSettings.ts"
import * as ConfigFile from "../install/ConfigFile.ts"
import { carryOut, type Planned, type Step } from "../install/Installation.ts"
import type { Places } from "../settings/Settings.ts"
import { table } from "./Output.ts"

export interface Shown {
  readonly step: Step
  readonly planned: Either.Either<Planned, ConfigFile.ConfigFileError>
}

export const plan = (steps: ReadonlyArray<Step>) =>
  Effect.forEach(steps, (step) => Effect.map(Effect.either(step.plan), (planned): Shown => ({ step, planned })))

/** `unchanged`: there was nothing to do. `left`: there was, and it is not done. */
export interface Outcome {
  readonly path: string
  readonly outcome: "changed" | "deleted" | "failed" | "left" | "made" | "unchanged"
  readonly changes: ReadonlyArray<Change>
  readonly error?: string
}

const outcomeOf = ({ bytes, file }: Planned): Outcome["outcome"] =>
  ConfigFile.isEqual(bytes, file.bytes)
    ? "unchanged"
    : file.bytes === undefined
    ? "made"
    : bytes === undefined
    ? "deleted"
    : "changed"

/** As it would be. */
export const expected = ({ planned, step: { path } }: Shown): Outcome =>
  Either.match(planned, {
    onLeft: ({ message }) => ({ path, outcome: "failed", changes: [], error: message }),
    onRight: (planned) => ({ path, outcome: outcomeOf(planned), changes: planned.changes })
  })

/** Where something can't be done: nothing is. */
export const left = (shown: Shown): Outcome => {
  const outcome = expected(shown)
  return outcome.outcome === "failed" || outcome.outcome === "unchanged" ? outcome : { ...outcome, outcome: "left" }
}

/** One file's failure leaves the others as they come out. */
export const make = (shown: ReadonlyArray<Shown>, places: Places) =>
  Effect.forEach(shown, (each) =>
    Either.match(each.planned, {
      onLeft: () => Effect.succeed(expected(each)),
      onRight: (planned) =>
        Effect.match(carryOut(each.step, planned, places), {
          onSuccess: () => expected(each),
          onFailure: ({ message }): Outcome => ({ ...expected(each), outcome: "failed", error: message })
        })
    }))

export const hasFailed = (outcomes: ReadonlyArray<Outcome>): boolean =>
  outcomes.some(({ outcome }) => outcome === "failed")

export const isChange = ({ outcome }: Outcome): boolean => outcome !== "unchanged"

export const areUnchanged = (outcomes: ReadonlyArray<Outcome>): boolean => !outcomes.some(isChange)

/** `projects["/home/mei/shop"].mcpServers.claude-memory` */
const placeText = (path: Change["path"]): string =>
  path.map((name, i) =>
    typeof name === "number" || !/^[\w-]+$/.test(name) ? `[${JSON.stringify(name)}]` : i === 0 ? name : `.${name}`
  ).join("")

const changeRow = ({ after, before, path }: Change): ReadonlyArray<string> => [
  before === undefined ? "  +" : after === undefined ? "  -" : "  ~",
  placeText(path),
  [before, after].filter((value) => value !== undefined).map((value) => JSON.stringify(value)).join(" → ")
]

const verb: Readonly<Record<Outcome["outcome"], string>> = {
  changed: "",
  deleted: " (the file goes: nothing else is in it)",
  failed: " FAILED",
  left: " (left as it is)",
  made: " (a new file)",
  unchanged: " (nothing to do)"
}

/** What changes in each file, and nothing of what else is in it. */
export const text = (outcomes: ReadonlyArray<Outcome>): string =>
  outcomes.flatMap(({ changes, error, outcome, path }) => [
    `${path}${verb[outcome]}`,
    ...(error === undefined ? table(changes.map(changeRow)) : [`  ${error}`])
  ]).join("\n")
