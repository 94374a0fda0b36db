/**
 * Checks whether Claude Code runs Claude Memory, for `doctor`.
 */
import * as Effect from "effect/Effect"
import { PLUGIN } from "../install/ClaudeSettings.ts"
import { inspect, type Registered, targetOf } from "../install/Installation.ts"
import type { Check } from "../serve/Health.ts"
import * as Reading from "../settings/Reading.ts"

type Finding = Omit<Check, "name">

const hooksOf = ({ hooks }: Registered) => Object.values(hooks).filter((kind) => kind !== undefined)

const isRegistered = (found: Registered): boolean => found.hasServer || hooksOf(found).length > 0

const findingOf = (user: Registered, project: Registered, places: Reading.Places): Finding => {
  const found = isRegistered(user) ? user : project
  const hasPlugin = user.hasPlugin || project.hasPlugin
  const home = project.home ?? user.home
  const missing = [...user.missing, ...project.missing]
  const wrong = (detail: string): Finding => ({ state: "wrong", detail })
  if (home !== undefined && home !== places.home) {
    return wrong(
      `its settings have the memory in ${home}, and here it is in ${places.home}: set CLAUDE_MEMORY_HOME alike`
    )
  }
  if (!isRegistered(found)) {
    return hasPlugin
      ? { state: "ok", detail: `runs it as the plugin ${PLUGIN}` }
      : { state: "note", detail: "does not run it; `claude-memory init` puts it in" }
  }
  if (hasPlugin) {
    return wrong(
      `runs it twice, as the plugin ${PLUGIN} and by its settings: ` +
        `\`claude plugin uninstall ${PLUGIN}\`, or \`claude-memory uninstall\``
    )
  }
  if (missing.length > 0) {
    return wrong(`would run ${missing.join(", ")}, which is gone; run \`claude-memory init\` again`)
  }
  if (!found.hasServer || hooksOf(found).length < 2) return wrong("has a part of it; run `claude-memory init` again")
  if (user.hooksAreOff || project.hooksAreOff) {
    return { state: "note", detail: "runs no hooks at all (disableAllHooks), so that it is told nothing" }
  }
  const where = found === user ? "in all of your projects" : "in this project"
  return { state: "ok", detail: `runs it ${where}; ${found.hooks.UserPromptSubmit} answers prompts` }
}

/** Checks the installation that applies in the working directory. */
export const check = Effect.gen(function*() {
  const places = yield* Reading.places
  const folder = process.cwd()
  const user = yield* inspect(yield* targetOf("user", places, folder))
  const project = yield* inspect(yield* targetOf("project", places, folder))
  return findingOf(user, project, places)
}).pipe(
  Effect.catchTag("ConfigFileError", ({ message }) => Effect.succeed<Finding>({ state: "wrong", detail: message }))
)
