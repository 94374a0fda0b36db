/**
 * Checks whether Claude Code runs Claude Memory.
 */
import * as Effect from "effect/Effect"
import { PLUGIN } from "../install/ClaudeSettings.ts"
import { inspect, type Registered, targetOf } from "../install/Installation.ts"
import type { Check } from "../serve/Health.ts"
import { type HealthLanguage, WORDS } from "../serve/HealthWords.ts"
import * as Reading from "../settings/Reading.ts"

type Finding = Omit<Check, "name">

const hooksOf = ({ hooks }: Registered) => Object.values(hooks).filter((kind) => kind !== undefined)

const isRegistered = (found: Registered): boolean => found.hasServer || hooksOf(found).length > 0

const findingOf = (
  user: Registered,
  project: Registered,
  places: Reading.Places,
  language: HealthLanguage
): Finding => {
  const words = WORDS[language].connection
  const found = isRegistered(user) ? user : project
  const hasPlugin = user.hasPlugin || project.hasPlugin
  const home = project.home ?? user.home
  const missing = [...user.missing, ...project.missing]
  const ok = (detail: string): Finding => ({ state: "ok", detail })
  const note = (detail: string): Finding => ({ state: "note", detail })
  const wrong = (detail: string): Finding => ({ state: "wrong", detail })
  if (home !== undefined && home !== places.home) return wrong(words.elsewhere(home, places.home))
  if (!isRegistered(found)) return hasPlugin ? ok(words.plugin(PLUGIN)) : note(words.none)
  if (hasPlugin) return wrong(words.twice(PLUGIN))
  if (missing.length > 0) return wrong(words.gone(missing))
  if (!found.hasServer || hooksOf(found).length < 2) return wrong(words.part)
  if (user.hooksAreOff || project.hooksAreOff) return note(words.off)
  return ok(words.runs(found === user, found.hooks.UserPromptSubmit ?? ""))
}

/** Checks the installation that applies in the working directory. */
export const checkConnection = (language: HealthLanguage) =>
  Effect.gen(function*() {
    const places = yield* Reading.loadPlaces
    const folder = process.cwd()
    const user = yield* inspect(yield* targetOf("user", places, folder))
    const project = yield* inspect(yield* targetOf("project", places, folder))
    return findingOf(user, project, places, language)
  }).pipe(
    Effect.catchAll(({ message }) => Effect.succeed<Finding>({ state: "wrong", detail: message })),
    Effect.map((finding): Check => ({ name: "Claude Code", ...finding }))
  )
