/**
 * Finds what can't be stored among the units that a compressor returns. Pure.
 */
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { MemoryUnit } from "./MemoryUnit.ts"

const validate = Schema.validateEither(MemoryUnit)

const NUMBERS = ["position", "quality", "occurredAt", "createdAt", "expiresAt"] as const

/** Returns a sentence on the first flaw of one origin's units: a wrong type, a number that is not finite, an id of two. */
export const flawOf = (units: ReadonlyArray<MemoryUnit>): string | undefined => {
  const ids = new Set<string>()
  for (const unit of units) {
    const validated = validate(unit)
    if (Either.isLeft(validated)) {
      const [{ message, path }] = ParseResult.ArrayFormatter.formatErrorSync(validated.left) as [
        ParseResult.ArrayFormatterIssue
      ]
      return `a unit's ${path.join(".")} is wrong: ${message}`
    }
    const wrong = NUMBERS.find((name) => unit[name] !== null && !Number.isFinite(unit[name]))
    if (wrong !== undefined) return `a unit's ${wrong} is ${unit[wrong]}`
    if (ids.has(unit.id)) return `two units have the id ${unit.id}`
    ids.add(unit.id)
  }
}
