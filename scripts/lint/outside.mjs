/**
 * What reaches past the program: its environment, and the console that would write into the protocol.
 */
import { ruleOfUses } from "./uses.mjs"

export const environment = ruleOfUses(({ from, path }) =>
  from === "global" && path[0] === "process" && path[1] === "env"
    ? "process.env is read in one place: make it a Config in src/settings (a test: take it from test/data.ts)"
    : undefined
)

/** Of effect/Console, what gives one rather than writes to it. */
const GIVES = new Set(["Console", "TypeId", "defaultConsole", "setConsole", "withConsole"])

export const consoleRule = ruleOfUses(({ from, path }) =>
  from === "global" && path[0] === "console" || from === "effect/Console" && !GIVES.has(path[0])
    ? "stdout belongs to the answer or the protocol: log with `Effect.log…` (stderr), " +
      "answer with `writeStdout` of src/process/Process.ts"
    : undefined
)
