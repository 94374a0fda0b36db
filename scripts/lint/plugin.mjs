/**
 * An oxlint plugin with this project's structural rules, which no linter has. .oxlintrc.json configures it, test/lint tests it.
 */
import { exceptions } from "./exceptions.mjs"
import { consoleRule, daemons, environment, runFunctions } from "./forbidden.mjs"
import { adapters, direction, imports } from "./imports.mjs"
import { names } from "./names.mjs"

export default {
  meta: { name: "claude-memory" },
  rules: {
    names,
    exceptions,
    "run-functions": runFunctions,
    daemons,
    environment,
    console: consoleRule,
    direction,
    adapters,
    imports
  }
}
