/**
 * An oxlint plugin with this project's structural rules, which no linter has. .oxlintrc.json configures it, test/lint tests it.
 */
import { ALLOWED, METHODS } from "./allowed.mjs"
import { consoleRule, daemons, environment, runFunctions } from "./forbidden.mjs"
import { adapters, direction, imports } from "./imports.mjs"
import { makePlugin } from "./lint.mjs"

const { meta, rules } = makePlugin({ allowed: ALLOWED, methods: METHODS, where: "scripts/lint/allowed.mjs" })

export default {
  meta,
  rules: {
    ...rules,
    "run-functions": runFunctions,
    daemons,
    environment,
    console: consoleRule,
    direction,
    adapters,
    imports
  }
}
