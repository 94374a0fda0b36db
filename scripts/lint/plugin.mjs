/**
 * The rules of this project (docs: DESIGN, structural rules) that no linter has: an oxlint plugin, configured in
 * .oxlintrc.json, tested in test/lint.
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
