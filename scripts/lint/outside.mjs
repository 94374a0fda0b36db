/**
 * Reports uses of process.env, and of the console, whose output would mix with the protocol on stdout.
 */
import { ruleOfUses } from "./uses.mjs"

export const environment = ruleOfUses(({ from, path }) =>
  from === "global" && path[0] === "process" && path[1] === "env"
    ? "process.env is read in one place: make it a Config in src/settings (a test: take it from test/data.ts)"
    : undefined
)

/** Exports of effect/Console that return or replace a console and write nothing. */
const GIVES = new Set(["Console", "TypeId", "defaultConsole", "setConsole", "withConsole"])

export const consoleRule = ruleOfUses(({ from, path }) =>
  from === "global" && path[0] === "console" || from === "effect/Console" && !GIVES.has(path[0])
    ? "stdout belongs to the answer or the protocol: log with `Effect.log…` (stderr), " +
      "answer with `writeStdout` of src/process/Process.ts"
    : undefined
)
