import * as Command from "@effect/cli/Command"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as App from "../App.ts"
import * as Calendar from "../domain/Calendar.ts"
import { advice } from "../process/Advice.ts"
import { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import { type Sum, sumOf } from "../serve/Injections.ts"
import * as Settings from "../settings/Settings.ts"
import { answer, balance, json, listed, number, percent, plural, sizeText, table } from "./Output.ts"
import { projectIds, projects } from "./Scope.ts"

const DAY_MS = 86_400_000

const injectedText = ({ injections, late, tokens }: Sum) =>
  `${plural(injections, "text")} of ${number(tokens)} tokens${late === 0 ? "" : `, ${number(late)} too late`}`

export const options = { ...projects, json }

export const command = Command.make("status", options, (options) =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    const settings = yield* Settings.load
    const place = yield* App.placeOf(settings)
    const ids = yield* projectIds(options)
    const { projects: all, ...status } = yield* memory.status
    const shown = ids === "all" ? all : all.filter(({ id }) => ids.includes(id))
    const size = yield* memory.size
    const index = yield* Effect.either(memory.indexStatus)
    const now = yield* Clock.currentTimeMillis
    const injections = yield* memory.injectedSince(now - 7 * DAY_MS)
    const week = sumOf(injections)
    const today = sumOf(injections.filter(({ at }) => at >= Calendar.midnight(now)))
    const json = Either.match(index, { onLeft: ({ message }) => ({ error: message }), onRight: (found) => found })
    yield* answer(options.json, {
      home: settings.home,
      place,
      projects: shown,
      ...status,
      size: size ?? null,
      index: json,
      injected: { today, week }
    }, () => {
      return [
        ...(shown.length === 0 ?
          ["Nothing is remembered of this folder's project yet (--all-projects shows the others)."] :
          table([
            ["project", "memories", "folder"],
            ...shown.map(({ isExcluded, name, root, units }) => [
              name,
              number(units).padStart(8),
              `${root}${isExcluded ? " (excluded: its transcripts are not read)" : ""}`
            ])
          ])),
        "",
        `In all ${all.length} projects together:`,
        `  memories   ${number(status.units.total)}: ${listed(status.units.byType) || "none"}`,
        `  sessions   ${number(status.sessions)}, with ${number(status.messages)} messages`,
        `  cited      ${
          percent(status.textMessages.cited, status.textMessages.total)
        } of the messages with words are in some memory; the others only accompany work`,
        `  captured   ${balance(status.lines)}`,
        `  vectors    ${
          Either.match(index, {
            onLeft: ({ message }) => advice(message),
            onRight: ({ count, model }) => `${number(count)}${model === null ? "" : ` by ${model.id}`}`
          })
        }`,
        `  injected   today ${injectedText(today)}; in 7 days ${injectedText(week)}`,
        ...(size === undefined ? [] : [`  size       ${sizeText(size)}`]),
        `  waiting    ${number(status.pending)} items of work`,
        `  data       ${place}`
      ].join("\n")
    })
  }).pipe(App.provide(App.reader))).pipe(
    Command.withDescription("Say what is remembered")
  )
