/**
 * Shows changes of Claude Code's files before they are made, makes them, and reports the outcome for each file.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { Change } from "../install/ClaudeSettings.ts"
import * as ConfigFile from "../install/ConfigFile.ts"
import { carryOut, type Planned, type Step } from "../install/Installation.ts"
import type { Places } from "../settings/Reading.ts"
import { table } from "./Output.ts"

export interface PlannedStep {
  readonly step: Step
  readonly planned: Either.Either<Planned, ConfigFile.ConfigFileError>
}

export const plan = (steps: ReadonlyArray<Step>) =>
  Effect.forEach(steps, (step) => Effect.map(Effect.either(step.plan), (planned): PlannedStep => ({ step, planned })))

/** `unchanged`: there was nothing to do. `left`: the file needs changes, and none was made. */
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

/** Returns the outcome that the plan leads to. */
export const expected = ({ planned, step: { path } }: PlannedStep): Outcome =>
  Either.match(planned, {
    onLeft: ({ message }) => ({ path, outcome: "failed", changes: [], error: message }),
    onRight: (planned) => ({ path, outcome: outcomeOf(planned), changes: planned.changes })
  })

/** Returns the outcome when no file is changed, because a plan failed. */
export const skipped = (step: PlannedStep): Outcome => {
  const outcome = expected(step)
  return outcome.outcome === "failed" || outcome.outcome === "unchanged" ? outcome : { ...outcome, outcome: "left" }
}

/** Carries out the planned changes; the failure of one file does not stop the others. */
export const apply = (steps: ReadonlyArray<PlannedStep>, places: Places) =>
  Effect.forEach(steps, (each) =>
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

/** Formats a path like `projects["/home/mei/shop"].mcpServers.claude-memory`. */
const placeText = (path: Change["path"]): string =>
  path.map((name, i) =>
    typeof name === "number" || !/^[\w-]+$/.test(name) ? `[${JSON.stringify(name)}]` : i === 0 ? name : `.${name}`
  ).join("")

const changeRow = ({ after, before, path }: Change): ReadonlyArray<string> => [
  before === undefined ? "  +" : after === undefined ? "  -" : "  ~",
  placeText(path),
  [before, after].filter((value) => value !== undefined).map((value) => JSON.stringify(value)).join(" → ")
]

const NOTES: Readonly<Record<Outcome["outcome"], string>> = {
  changed: "",
  deleted: " (the file goes: nothing else is in it)",
  failed: " FAILED",
  left: " (left as it is)",
  made: " (a new file)",
  unchanged: " (nothing to do)"
}

/** Formats the changes of each file, and none of its other content. */
export const text = (outcomes: ReadonlyArray<Outcome>): string =>
  outcomes.flatMap(({ changes, error, outcome, path }) => [
    `${path}${NOTES[outcome]}`,
    ...(error === undefined ? table(changes.map(changeRow)) : [`  ${error}`])
  ]).join("\n")
