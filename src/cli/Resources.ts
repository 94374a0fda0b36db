/**
 * Shows what each running process over this memory has open, from the run files that the processes write.
 */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { pathToFileURL } from "node:url"
import { writeStdout } from "../process/Process.ts"
import type * as Drift from "../resources/monitor/Drift.ts"
import type * as LeakProbe from "../resources/monitor/LeakProbe.ts"
import * as Monitor from "../resources/monitor/Monitor.ts"
import * as RunFile from "../resources/monitor/RunFile.ts"
import * as Settings from "../settings/Settings.ts"
import { answer, json, megabytes, number, table } from "./Output.ts"

const watch = Options.boolean("watch").pipe(Options.withDescription("Look again each second, until Ctrl-C"))

const CLEAR = "\u001b[H\u001b[2J\u001b[3J"
/** A process writes its run file at least each ten seconds; an older file means that it is held up or stopped. */
const SILENT_MS = 15_000

const totalsOf = (resources: RunFile.Report["resources"]): Readonly<Record<string, number>> => {
  const totals = new Map<string, number>()
  for (const { kind } of resources) totals.set(kind, (totals.get(kind) ?? 0) + 1)
  return Object.fromEntries(totals)
}

const age = (ms: number): string => {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  return seconds < 120
    ? `${seconds} s`
    : seconds < 7_200
    ? `${Math.floor(seconds / 60)} min`
    : `${number(Math.floor(seconds / 3_600))} h`
}

/** Replaces control characters: other processes wrote the files, and nothing in them may steer the terminal. */
const plain = (text: string) => text.replace(/[\u0000-\u001f\u007f-\u009f]/g, "�")

const LABELS: Readonly<Record<keyof LeakProbe.Reading, string>> = {
  fds: "file descriptors",
  sockets: "sockets",
  timers: "timers",
  watchers: "watchers",
  workers: "workers",
  children: "child processes"
}

const countsText = (all: Readonly<Partial<Record<keyof LeakProbe.Reading, number | null>>>): string =>
  (Object.keys(LABELS) as ReadonlyArray<keyof LeakProbe.Reading>).flatMap((what) =>
    typeof all[what] === "number" ? [`${LABELS[what]} ${all[what]}`] : []
  ).join(", ")

const driftText = (drift: Drift.Drift): string => {
  const nonZero = Object.fromEntries(Object.entries(drift).filter(([, n]) => n !== null && n > 0))
  return Object.keys(nonZero).length === 0
    ? "none: the ledger accounts for all of it"
    : `${countsText(nonZero)} THAT THE LEDGER DOES NOT ACCOUNT FOR`
}

/** Cuts the location of the package from an origin. */
const shortOrigin = (origin: string): string =>
  origin.replace(/^at /, "").replace(pathToFileURL(Settings.packageFile()).href.replace(/\/?$/, "/"), "")

const processText = (report: RunFile.Report, isOwn: boolean, now: number): string => {
  const { command, drift, heapBytes, pid, reading, resources, rssBytes, startedAt, updatedAt } = report
  const silentMs = now - updatedAt
  const totals = Object.entries(totalsOf(resources)).map(([kind, n]) => `${n} ${plain(kind)}`).join(", ")
  return [
    `${plain(command)}${isOwn ? " (this command)" : ""}: process ${pid}, up ${age(now - startedAt)}, heap ${
      megabytes(heapBytes)
    }, memory ${megabytes(rssBytes)}` + (silentMs > SILENT_MS ? `; NO REPORT FOR ${age(silentMs)}` : ""),
    ...table([
      ["kind", "name", "open for", "opened by"],
      ...resources.map(({ acquiredAt, kind, name, origin }) =>
        [kind, name, age(updatedAt - acquiredAt), shortOrigin(origin)].map(plain)
      )
    ]).slice(resources.length === 0 ? 1 : 0).map((line) => `  ${line}`),
    `  open    ${resources.length === 0 ? "nothing" : `${resources.length}: ${totals}`}`,
    `  system  ${countsText(reading)}`,
    `  drift   ${driftText(drift)}`
  ].join("\n")
}

export const options = { watch, json }

const snapshot = (home: string, sample: Effect.Effect<Monitor.Sample>) =>
  Effect.gen(function*() {
    const { report } = yield* sample
    const { running, stale } = yield* RunFile.survey(home)
    const now = yield* Clock.currentTimeMillis
    const processes = [report, ...running]
    const data = {
      home,
      processes: processes.map((each) => ({
        ...each,
        isOwn: each.pid === process.pid,
        totals: totalsOf(each.resources)
      })),
      totals: totalsOf(processes.flatMap(({ resources }) => resources)),
      stale
    }
    const text = () =>
      [
        ...processes.map((each) => `${processText(each, each === report, now)}\n`),
        ...stale.map(({ file, reason, removed }) =>
          `${file} ${removed ? "was left behind and is removed" : "was left behind and can't be removed"}: ${reason}.`
        ),
        `${running.length === 0 ? "No" : number(running.length)} other process${running.length === 1 ? "" : "es"} of ` +
        `Claude Memory over ${home}.`
      ].join("\n")
    return { data, text }
  })

export const command = Command.make("resources", options, ({ json, watch }) =>
  Effect.gen(function*() {
    const { home } = yield* Settings.load
    const { sample } = yield* Monitor.makeSampler({ command: "resources" })
    const show = Effect.flatMap(snapshot(home, sample), ({ data, text }) => answer(json, data, text))
    if (!watch) return yield* show
    const redraws = process.stdout.isTTY === true && !json
    return yield* Effect.forever(
      (redraws ? Effect.zipRight(writeStdout(CLEAR), show) : show).pipe(Effect.zipRight(Effect.sleep("1 second")))
    )
  })).pipe(
    Command.withDescription("Show what each running process of Claude Memory has open")
  )
