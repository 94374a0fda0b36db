/**
 * An oxlint plugin with this project's structural rules, which no linter has. .oxlintrc.json configures it, test/lint tests it.
 */
import { exceptions } from "./exceptions.mjs"
import { handles } from "./handles.mjs"
import { adapters, direction, imports } from "./imports.mjs"
import { consoleRule, environment } from "./outside.mjs"
import { daemons, runFunctions } from "./running.mjs"

export default {
  meta: { name: "claude-memory" },
  rules: {
    handles,
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
