/**
 * Answers the routes about what Claude is told: why, and what it was.
 */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Calendar from "../domain/Calendar.ts"
import { MAX_HOOK_CHARS } from "../domain/Injection.ts"
import { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import { sumOf } from "../serve/Injections.ts"
import { typedIn } from "../serve/Marks.ts"
import { Api } from "./Api.ts"
import { foundOf } from "./Found.ts"
import { injectionOf } from "./Injections.ts"
import { answering, projectsOf } from "./Requests.ts"
import { Service } from "./Service.ts"

const DAY_MS = 86_400_000
const DAYS = 30

const NOBODY = { sessionId: "", injections: [], titles: new Map<string, string>() }

/** Midnights before so many days, the last of them today's, and the one after. */
const midnights = (now: number, days: number): ReadonlyArray<number> =>
  Array.from({ length: days + 1 }, (_, i) => Calendar.midnight(now, days - 1 - i))

export const layer = HttpApiBuilder.group(Api, "telling", (handlers) =>
  handlers
    .handle("why", ({ payload: { prompt, projects, ...request } }) =>
      answering(Effect.gen(function*() {
        const memory = yield* ClaudeMemory
        const { telling } = yield* Service
        const { items, modes, nearest, ...explanation } = yield* memory.explain({
          prompt,
          projects: yield* projectsOf(projects),
          mode: request.mode ?? telling.mode,
          maxTokens: request.maxTokens ?? telling.maxTokens,
          maxChars: MAX_HOOK_CHARS
        })
        return { ...explanation, told: items.map(foundOf(prompt)), nearest, modes }
      })))
    .handle("injections", ({ urlParams: { session, since } }) =>
      answering(Effect.gen(function*() {
        const memory = yield* ClaudeMemory
        if (session !== undefined) {
          const { injections, sessionId, titles } = yield* Effect.catchTag(
            memory.injections(session),
            "NotFound",
            (error) => error.known.length > 0 ? Effect.fail(error) : Effect.succeed(NOBODY)
          )
          const from = since ?? 0
          return { injections: injections.filter(({ at }) => at >= from).map(injectionOf(sessionId, titles)) }
        }
        const now = yield* Clock.currentTimeMillis
        const given = yield* memory.injectedSince(since ?? now - DAY_MS)
        const titles = yield* memory.titles([...new Set(given.flatMap(({ ids, pointed }) => [...ids, ...pointed]))])
        const typed = typedIn([...titles.values()].join("\n"))
        return { injections: given.map((each) => injectionOf(each.sessionId, titles, typed)(each)) }
      })))
    .handle("daily", ({ urlParams: { days = DAYS } }) =>
      answering(Effect.gen(function*() {
        const memory = yield* ClaudeMemory
        const bounds = midnights(yield* Clock.currentTimeMillis, days)
        const injections = yield* memory.injectedSince(bounds[0]!)
        return {
          days: bounds.slice(1).map((end, i) => ({
            day: Calendar.day(bounds[i]!) ?? "",
            ...sumOf(injections.filter(({ at }) => at >= bounds[i]! && at < end))
          }))
        }
      }))))
