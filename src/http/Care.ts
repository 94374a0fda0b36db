/**
 * Answers the routes of what an operator looks at: sums, checks, failures, cost, resources, events.
 */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Amount } from "../models/Spending.ts"
import { version } from "../process/version.ts"
import * as RunFile from "../resources/monitor/RunFile.ts"
import { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import { checkContent, isHealthy } from "../serve/Health.ts"
import { isBalanced } from "../serve/Wording.ts"
import { Api } from "./Api.ts"
import { Events } from "./Events.ts"
import { problem } from "./Problem.ts"
import { projectViews } from "./Projects.ts"
import { answering, counted } from "./Requests.ts"
import { Service } from "./Service.ts"

const DAY_MS = 86_400_000
const DAYS = 30
const LETTERS = 100

const finite = (cap: number) => cap === Number.POSITIVE_INFINITY ? null : cap
const amountOf = ({ tokens, usd }: Amount) => ({ usd: finite(usd), tokens: finite(tokens) })

const stats = Effect.gen(function*() {
  const memory = yield* ClaudeMemory
  const { place } = yield* Service
  const { lines, projects, textMessages: _, ...status } = yield* memory.status
  const size = yield* memory.size
  return {
    place,
    version,
    ...status,
    lines: { ...lines, isBalanced: isBalanced(lines) },
    size: size === undefined ? null : { bytes: size.bytes, limit: size.limit, letGo: size.letGo },
    projects: projectViews(projects)
  }
})

export const layer = HttpApiBuilder.group(Api, "care", (handlers) =>
  handlers
    .handle("stats", () => answering(stats))
    .handle("progress", () =>
      answering(Effect.gen(function*() {
        const memory = yield* ClaudeMemory
        const { transcripts } = yield* Service
        return yield* memory.progress(transcripts)
      })))
    .handle("check", ({ urlParams: { language = "en" } }) =>
      answering(Effect.gen(function*() {
        const memory = yield* ClaudeMemory
        const service = yield* Service
        const checks = [...(yield* checkContent(memory, language)).checks, ...(yield* service.checks(language))]
        return { isHealthy: isHealthy(checks), checks }
      })))
    .handle("deadLetters", () =>
      answering(Effect.gen(function*() {
        const memory = yield* ClaudeMemory
        return {
          deadLetters: yield* memory.deadLetters(LETTERS),
          failures: yield* memory.failures(LETTERS)
        }
      })))
    .handle("retry", ({ urlParams: { key, kind } }) =>
      answering(Effect.gen(function*() {
        const memory = yield* ClaudeMemory
        if (key === undefined && kind === undefined) return { queued: yield* memory.retry() }
        if (key === undefined || kind === undefined) {
          return yield* problem("bad-request", "name both kind and key, or neither")
        }
        return { queued: yield* memory.retry({ key, kind }) }
      })))
    .handle("cost", ({ urlParams: { by = "day", days = DAYS } }) =>
      answering(Effect.gen(function*() {
        const { caps, spending } = yield* Service
        const now = yield* Clock.currentTimeMillis
        const spent = yield* spending.spent(now)
        const rows = yield* spending.breakdown(by, now - days * DAY_MS)
        return {
          spent: { day: amountOf(spent.day), month: amountOf(spent.month) },
          caps: { day: amountOf(caps.day), month: amountOf(caps.month) },
          rows: rows.map(({ cached, calls, failed, input, key, output, usd }) => ({
            key,
            calls,
            failed,
            input,
            cached,
            output,
            usd
          }))
        }
      })))
    .handle("resources", () =>
      Effect.gen(function*() {
        const { home } = yield* Service
        const { running } = yield* RunFile.survey(home)
        return { processes: running.map((report) => ({ ...report, isOwn: report.pid === process.pid })) }
      }))
    .handle("events", () =>
      Effect.gen(function*() {
        const { stream } = yield* Events
        return HttpServerResponse.stream(yield* counted(stream), {
          contentType: "text/event-stream",
          headers: { "x-accel-buffering": "no" }
        })
      })))
