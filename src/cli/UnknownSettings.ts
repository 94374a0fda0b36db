/**
 * Words the names of settings that do not exist.
 */
import * as Effect from "effect/Effect"
import * as Unknown from "../settings/Unknown.ts"
import { nearest } from "./Arguments.ts"

/** Letters in which a name may differ from the one that was meant: as many as a forgotten word has. */
const MAX_DISTANCE = 7

/** Returns a sentence for each name that is no setting. */
export const sentences: Effect.Effect<ReadonlyArray<string>> = Effect.map(
  Unknown.find,
  ({ known, unknown }) =>
    unknown.map((name) => {
      const meant = nearest(name, known, MAX_DISTANCE)
      return `${name} is no setting of Claude Memory, so it changes nothing${
        meant === undefined ? "; docs/configuration.md lists them" : `; did you mean ${meant}?`
      }`
    })
)
