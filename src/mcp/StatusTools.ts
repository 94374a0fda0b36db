/**
 * Tools that report on the memory itself.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { oneLine } from "../inject/Render.ts"
import { advice } from "../process/Advice.ts"
import { version } from "../process/version.ts"
import { Check, check, checkContent, isHealthy } from "../serve/Health.ts"
import { listed, number, plural } from "../serve/Wording.ts"
import * as Reading from "../settings/Reading.ts"
import { lookAtFolder } from "../store/Folder.ts"
import { count } from "./Answer.ts"
import * as Argument from "./Arguments.ts"
import { opened, ownProject, projectsAllowed, Serving, type Tally } from "./Serving.ts"
import type { State } from "./Supervised.ts"
import { tool } from "./Tool.ts"

/** Most projects that are listed, largest first. */
const MAX_PROJECTS = 50

/** Counters of this process since its start. */
const Process = Schema.Struct({
  uptime_seconds: Schema.Number,
  calls: count,
  errors: count,
  mean_response_ms: Schema.Number,
  memories_retrieved: count,
  contexts_injected: count
})

const processOf = ({ answeringMs, calls, errors, injected, retrieved, startedAt }: Tally, now: number) => ({
  uptime_seconds: Math.round((now - startedAt) / 1000),
  calls,
  errors,
  mean_response_ms: calls === 0 ? 0 : Math.round(answeringMs / calls),
  memories_retrieved: retrieved,
  contexts_injected: injected
})

/** Formats the counters of the process as text. */
const processText = (
  { calls, contexts_injected, errors, mean_response_ms, memories_retrieved, uptime_seconds }: typeof Process.Type
): string =>
  `This server: ${plural(calls, "call")} in ${number(uptime_seconds)} s, ${
    plural(errors, "error")
  }, ${mean_response_ms} ms each; ` +
  `${number(memories_retrieved)} memories retrieved, ${number(contexts_injected)} contexts injected.`

/** Totals of the memory, and the counters of this process: the resource memory://status, which programs read. */
export const statusNow = Effect.gen(function*() {
  const { memory } = yield* opened
  const found = yield* Effect.either(ownProject)
  const own = Either.getOrNull(found)
  const allowed = yield* projectsAllowed
  const { messages, pending, projects, sessions, units } = yield* memory.status
  const summaries = projects
    .map(({ id, name, root, units }) => ({ name: oneLine(name), id, folder: oneLine(root), memories: units }))
    .filter(({ id }) => allowed === "all" || allowed.includes(id))
    .sort((a, b) => b.memories - a.memories)
  const tally = yield* Effect.flatMap(Serving, ({ tally }) => tally)
  return {
    version,
    project: own === null
      ? null
      : summaries.find(({ id }) => id === own.id) ??
        { name: oneLine(own.name), id: own.id, folder: oneLine(own.root), memories: 0 },
    ...(Either.isLeft(found) && { project_unknown: advice(found.left.message) }),
    memories: units.total,
    memories_by_type: { ...units.byType },
    sessions,
    messages,
    waiting: pending,
    projects: summaries.slice(0, MAX_PROJECTS),
    projects_in_all: summaries.length,
    process: processOf(tally, yield* Clock.currentTimeMillis)
  }
})

export const status = tool({
  name: "status",
  title: "Memory status",
  description:
    "How much is remembered: memories, sessions and projects by name, and what this server did so far. 记忆状态.",
  effect: "reads",
  quotesMemory: true,
  input: Schema.Struct({}),
  // Claude gets the data in place of the text: six times the tokens, with the ids and folders of all projects.
  output: Schema.Struct({ text: Schema.String }),
  run: () =>
    Effect.map(statusNow, (status) => {
      const { memories, memories_by_type, messages, process, project, projects, projects_in_all, sessions, waiting } =
        status
      const text = [
        project === null
          ? `This project: ${status.project_unknown}`
          : `This project, ${project.name}: ${number(project.memories)} memories.`,
        `In all: ${number(memories)} memories (${listed(memories_by_type) || "none"}) of ${
          plural(sessions, "session")
        } with ${plural(messages, "message")}.`,
        `Projects (${projects_in_all}): ${
          projects.map(({ memories, name }) => `${name} (${number(memories)})`).join(", ")
        }`,
        `Waiting: ${plural(waiting, "item")} of work.`,
        processText(process)
      ].join("\n")
      return { data: { text }, text }
    })
})

/** Health check of one background task. */
const backgroundCheck = ({ consecutive, failure, failures, isRunning, name }: State) =>
  check(
    name,
    consecutive === 0 || isRunning,
    failures === 0 ? "runs" : `runs, after ${plural(failures, "failure")}, the last: ${failure}`,
    `failed ${plural(failures, "time")} and is tried again: ${failure}`
  )

const Details = Schema.Struct({
  node: Schema.String,
  resident_mb: Schema.Number,
  indexes: Schema.Array(
    Schema.Struct({ name: Schema.String, model: Schema.String, memories: count, serves: Schema.Boolean })
  ),
  process: Process
})

export const health = tool({
  name: "health",
  title: "Memory health",
  description:
    "Check that memory works: that it opens, loses nothing, is indexed and captures; says what to do where something is " +
    "wrong. 记忆健康检查.",
  effect: "reads",
  quotesMemory: true,
  input: Schema.Struct({
    detailed: Argument.withDefault(Schema.Boolean, false, "Also the indexes, and this server's own figures")
  }),
  output: Schema.Struct({
    ok: Schema.Boolean,
    checks: Schema.Array(Check),
    details: Schema.optional(Details)
  }),
  run: ({ detailed }) =>
    Effect.gen(function*() {
      const serving = yield* Serving
      const background = (yield* serving.background).map(backgroundCheck)
      const memory = yield* Effect.either(Effect.flatMap(serving.opened, ({ memory }) =>
        Effect.gen(function*() {
          const { checks, units } = yield* checkContent(memory, "en")
          const versions = detailed ? yield* Effect.orElseSucceed(memory.index.versions, () => []) : []
          return { versions, checks: [check("memory", true, `${number(units.total)} memories`, ""), ...checks] }
        })))
      const { checks, versions } = Either.getOrElse(memory, ({ message }) => ({
        checks: [check("memory", false, "", message)],
        versions: []
      }))
      const folder = yield* Effect.map(Effect.option(Reading.home), Option.flatMapNullable(lookAtFolder))
      const unwritable = Option.toArray(folder).map(({ finding }) => finding).filter(({ state }) => state === "wrong")
      const all = [...checks, ...unwritable, ...background].map((each) => ({ ...each, detail: advice(each.detail) }))
      const details = {
        node: process.versions.node,
        resident_mb: Math.round(process.memoryUsage.rss() / 1e6),
        indexes: versions.map(({ count, isActive, model, name }) => ({
          name,
          model: model.id,
          memories: count,
          serves: isActive
        })),
        process: processOf(yield* serving.tally, yield* Clock.currentTimeMillis)
      }
      const ok = isHealthy(all)
      return {
        data: { ok, checks: all, ...(detailed && { details }) },
        text: [
          ...all.map(({ detail, name, state }) => `${state}: ${name}: ${detail}`),
          ...(detailed
            ? [
              ...details.indexes.map(({ memories, model, name, serves }) =>
                `index ${name}: ${number(memories)} memories by ${model}${serves ? "" : ", does not serve"}`
              ),
              processText(details.process),
              `Node ${details.node}, ${details.resident_mb} MB resident`
            ]
            : []),
          ok ? "Nothing is wrong." : "Something is wrong; each line above says what to do."
        ].join("\n")
      }
    })
})
