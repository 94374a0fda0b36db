/**
 * Rules for all code outside of src, where scripts/lint/allowed.mjs does not hold: what runs or ends a program, and what is read or
 * written beside its parameters.
 */
import { nameOf, ruleOfUses, words } from "./uses.mjs"

/** Reports the names as members of any object, and by themselves when they are imported from Effect. */
const ruleOfMembers = (names, message, judge = () => undefined) =>
  ruleOfUses(
    (use) =>
      use.from.startsWith("effect/") && use.node.type !== "MemberExpression" && names.includes(use.path[0])
        ? `${use.path[0]} ${message}`
        : judge(use),
    (context) => ({
      MemberExpression: ({ computed, property }) => {
        const name = nameOf(property, computed)
        if (names.includes(name)) context.report({ node: property, message: `${name} ${message}` })
      }
    })
  )

const RUN = "runs an Effect outside its parent: return the Effect, and let `it.effect`, `it.scoped`, or `runMain` of " +
  "src/process/Process.ts run it"

/** Every fiber has a parent, and every scope closes, because only src/process/Process.ts runs Effects and exits. */
export const runFunctions = ruleOfMembers(
  words`runCallback runFork runPromise runPromiseExit runSync runSyncExit`,
  RUN,
  ({ from, path }) =>
    from === "global" && path[0] === "process" && words`abort exit exitCode reallyExit`.includes(path[1])
      ? `process.${
        path[1]
      } skips the finalizers: end with a typed error, and let \`runMain\` of src/process/Process.ts exit`
      : from === "effect/ManagedRuntime" || from.startsWith("@effect/platform-") && path.at(-1) === "runMain"
      ? `${path.at(-1) ?? from} ${RUN}`
      : undefined
)

export const daemons = ruleOfMembers(["forkDaemon"], "lets a fiber outlive its scope: use `Effect.forkScoped`")

export const environment = ruleOfUses(({ from, path }) =>
  from === "global" && path[0] === "process" && path[1] === "env"
    ? "process.env is read in one place: take it from test/data.ts"
    : undefined
)

/** Exports of effect/Console that return or replace a console and write nothing. */
const GIVES = words`Console TypeId defaultConsole setConsole withConsole`

export const consoleRule = ruleOfUses(({ from, path }) =>
  from === "global" && path[0] === "console" || from === "effect/Console" && !GIVES.includes(path[0])
    ? "stdout belongs to the answer or the protocol: log with `Effect.log…` (stderr)"
    : undefined
)
