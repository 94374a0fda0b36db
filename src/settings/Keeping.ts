/**
 * Settings of how much a memory keeps.
 */
import * as Config from "effect/Config"
import * as Option from "effect/Option"
import { UnitType } from "../domain/MemoryUnit.ts"
import type { Limits } from "../store/Retention.ts"
import { DEFAULT_MEGABYTES, isAges, LEAST_MEGABYTES, MOST_MEGABYTES } from "./Early.ts"
import { integer, nonEmpty } from "./Fields.ts"

const MEGABYTE = 1_000_000
const DAY_MS = 86_400_000

const bytes: Config.Config<number> = integer("CLAUDE_MEMORY_MAX_MB").pipe(
  Config.validate({
    message:
      `CLAUDE_MEMORY_MAX_MB is a number of megabytes from ${LEAST_MEGABYTES} to ${MOST_MEGABYTES}, or 0 for no limit`,
    validation: (n) => n === 0 || n >= LEAST_MEGABYTES && n <= MOST_MEGABYTES
  }),
  Config.withDefault(DEFAULT_MEGABYTES),
  Config.map((megabytes) => megabytes * MEGABYTE)
)

const ages: Config.Config<Limits["ages"]> = nonEmpty("CLAUDE_MEMORY_KEEP_DAYS").pipe(
  Config.map(Option.getOrElse(() => "")),
  Config.validate({
    message:
      "CLAUDE_MEMORY_KEEP_DAYS is types of memories and days, such as error_log:90,conversation:365; the types are " +
      UnitType.literals.join(", "),
    validation: (text) => isAges(text, UnitType.literals)
  }),
  Config.map((text) =>
    Object.fromEntries(
      text.split(",").filter((part) => part.trim() !== "").map((part) => {
        const [type, days] = part.trim().split(":")
        return [type, Number(days) * DAY_MS]
      })
    )
  )
)

export const limits: Config.Config<Limits> = Config.all({ bytes, ages })
