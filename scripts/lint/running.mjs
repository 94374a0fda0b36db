/**
 * Reports code that runs Effects or exits. Only src/process/Process.ts may, so that every fiber has a parent and every scope closes.
 */
import { nameOf, ruleOfUses } from "./uses.mjs"

const RUNS = new Set(["runCallback", "runFork", "runPromise", "runPromiseExit", "runSync", "runSyncExit"])
const EXITS = ["process.abort", "process.exit", "process.exitCode", "process.reallyExit"]

const RUN =
  "runs an Effect outside its parent: return the Effect, and let `runMain` of src/process/Process.ts run it " +
  "(a test: `it.effect` or `it.scoped`; a callback of a library: `FiberSet.runtime`)"
const EXIT =
  "skips the finalizers: end with a typed error or `Unsuccessful`, and let `runMain` of src/process/Process.ts exit"

/** True for a name without its namespace. A name with its namespace is reported as a member. */
const isBare = (use, names) => use.node.type !== "MemberExpression" && use.path.length === 1 && names.has(use.path[0])
const isEffect = (from) => /^effect(?:\/|$)/.test(from)

const judgeRun = (use, { exits = [] }) => {
  const { from, path } = use
  const dotted = path.join(".")
  if (from === "global") {
    const exit = EXITS.find((each) => dotted === each || dotted.startsWith(`${each}.`))
    return exit === undefined || exits.includes(exit) ? undefined : `${exit} ${EXIT}`
  }
  if (from === "effect/ManagedRuntime") return `ManagedRuntime ${RUN}`
  if (/^@effect\/platform-[^/]+(?:\/.+Runtime)?$/.test(from) && path.at(-1) === "runMain") return `runMain ${RUN}`
  return isEffect(from) && isBare(use, RUNS) ? `${path[0]} ${RUN}` : undefined
}

/** The option `exits` lists members of `process` that the file may end the process with. */
export const runFunctions = ruleOfUses(judgeRun, (context) => ({
  MemberExpression: (node) => {
    const name = nameOf(node.property, node.computed)
    if (RUNS.has(name)) context.report({ node: node.property, message: `${name} ${RUN}` })
  }
}), ["exits"])

const DAEMON = "lets a fiber outlive its scope: use `Effect.forkScoped`, or `FiberSet.run` on a set that the scope owns"

const DAEMONS = new Set(["forkDaemon"])

const judgeDaemon = (use) => isEffect(use.from) && isBare(use, DAEMONS) ? `forkDaemon ${DAEMON}` : undefined

export const daemons = ruleOfUses(judgeDaemon, (context) => ({
  MemberExpression: (node) => {
    if (!DAEMONS.has(nameOf(node.property, node.computed))) return
    context.report({ node: node.property, message: `forkDaemon ${DAEMON}` })
  }
}))
