/**
 * Removes Claude Memory from Claude Code, and with --purge its data from the machine.
 */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as App from "../App.ts"
import { PLUGIN } from "../install/ClaudeSettings.ts"
import { inspect, removal, targetOf } from "../install/Installation.ts"
import * as InstallRecord from "../install/InstallRecord.ts"
import * as Purge from "../install/Purge.ts"
import { advice } from "../process/Advice.ts"
import { CODE_CACHE } from "../process/CodeCache.ts"
import { Unsuccessful, writeStdout } from "../process/Process.ts"
import { survey } from "../resources/monitor/RunFile.ts"
import * as Reading from "../settings/Reading.ts"
import * as Settings from "../settings/Settings.ts"
import * as Changes from "./Changes.ts"
import { answer, json, megabytes } from "./Output.ts"
import * as Question from "./Question.ts"

class UninstallError extends Schema.TaggedError<UninstallError>()("UninstallError", { detail: Schema.String }) {
  override get message() {
    return this.detail
  }
}

const purge = Options.boolean("purge").pipe(Options.withDescription("Delete all that is remembered, too"))

export const options = { purge, ...Question.options, json }

/** Fails when the folder is no home of Claude Memory, or when a running process uses it. */
const checkHome = (home: string, { isOurs, ours }: Purge.Contents) =>
  Effect.gen(function*() {
    if (ours.length > 0 && !isOurs) {
      return yield* new UninstallError({
        detail: `${home} holds no memory, so that nothing in it is deleted; is CLAUDE_MEMORY_HOME right?`
      })
    }
    const { running } = yield* survey(home)
    if (running.length === 0) return
    const who = running.map(({ command, pid }) => `process ${pid} (${command})`).join(", ")
    return yield* new UninstallError({
      detail:
        `the memory in ${home} is in use by ${who}; end Claude Code's sessions and what else runs, and run this again`
    })
  })

/** Names the servers that hold data outside the home; none when the settings can't be read. */
const remoteServers = Effect.gen(function*() {
  const settings = yield* Settings.load
  return [
    ...settings.postgres === undefined ? [] : [yield* App.placeOf(settings)],
    ...settings.qdrant === undefined ? [] : ["Qdrant"]
  ]
}).pipe(Effect.orElseSucceed((): ReadonlyArray<string> => []))

export const command = Command.make("uninstall", options, ({ dryRun, json, purge, yes }) =>
  Effect.gen(function*() {
    const places = yield* Reading.loadPlaces
    const { home } = places
    const isAsked = Question.isAsked({ json, yes })
    const contents = yield* Effect.mapError(
      Purge.contents(home),
      () => new UninstallError({ detail: `${home} can't be read; check its permissions` })
    )
    const { hasPlugin, home: named } = yield* targetOf("user", places, process.cwd()).pipe(
      Effect.flatMap(inspect),
      Effect.orElseSucceed(() => ({ hasPlugin: false, home: undefined }))
    )
    // Taken out of the settings, nothing would name it any more.
    const elsewhere = places.movedHome === undefined && named !== home ? named : undefined
    if (purge && elsewhere !== undefined) {
      return yield* new UninstallError({
        detail: `Claude Code's settings have the memory in ${elsewhere}, not in ${home}: run this again with ` +
          `CLAUDE_MEMORY_HOME=${elsewhere}`
      })
    }
    if (purge) yield* checkHome(home, contents)
    if (purge && !yes && !isAsked && !dryRun) {
      return yield* new UninstallError({
        detail:
          `nobody can be asked here whether what is remembered in ${home} is deleted: --yes deletes it, --dry-run ` +
          "says what would be done"
      })
    }
    const report = (files: ReadonlyArray<Changes.Outcome>, isPurged: boolean, sentences: ReadonlyArray<string>) =>
      answer(json, { uninstalled: !dryRun && !Changes.hasFailed(files), purged: isPurged, home, files }, () =>
        sentences.join("\n"))

    const memoryText = `What is remembered in ${home} (${megabytes(contents.bytes)})`
    const hasMemory = contents.ours.some((name) =>
      name !== "installed" && name !== CODE_CACHE
    )
    const servers = yield* remoteServers

    const steps = yield* removal(places, process.cwd())
    const planned = yield* Changes.plan(steps)
    const expected = planned.map(Changes.expected).filter(Changes.isChange)
    if (dryRun) {
      return yield* report(expected, false, [
        ...expected.length === 0 ? ["Nothing of it is in Claude Code's files."] : [Changes.text(expected)],
        ...purge && hasMemory ? [`${memoryText} would be deleted.`] : [],
        "",
        "Nothing was changed: --dry-run."
      ])
    }
    if (isAsked && expected.length > 0) {
      yield* writeStdout(`${Changes.text(expected)}\n\nAll else in these files stays as it is.\n`)
      if (!(yield* Question.confirm("Take this out?", true))) return yield* writeStdout("Nothing was changed.\n")
    }
    // Runs even if nothing is to be changed: a killed init may have left a folder or a temporary file.
    const outcomes = (yield* Changes.apply(planned, places)).filter(Changes.isChange)
    const failed = outcomes.filter(({ outcome }) => outcome === "failed").map(({ path }) => path)
    yield* InstallRecord.forget(home, failed)
    if (failed.length > 0) {
      yield* report(outcomes, false, [
        Changes.text(outcomes),
        "",
        "Not everything was removed, and what is remembered stays. Fix what is named above, and run this again."
      ])
      return yield* Effect.fail(new Unsuccessful())
    }
    const isPurged = purge &&
      (!isAsked || !hasMemory || (yield* Question.confirm(`Delete what is remembered in ${home} for good?`, false)))
    if (isPurged) yield* Purge.purge(home, contents)
    yield* report(outcomes, isPurged, [
      ...outcomes.length === 0
        ? ["Nothing of it was in Claude Code's files."]
        : isAsked
        ? ["It is out of Claude Code's files."]
        : [Changes.text(outcomes), ""],
      ...hasMemory
        ? [
          isPurged
            ? `${memoryText} is deleted.`
            : advice(`${memoryText} stays; \`claude-memory uninstall --purge\` deletes it.`)
        ]
        : [],
      ...isPurged && contents.others.length > 0
        ? [`Not ours, and still in ${home}: ${contents.others.join(", ")}.`]
        : [],
      ...elsewhere === undefined ? [] : [`What is remembered in ${elsewhere} stays.`],
      ...servers.length > 0 ? [`What is in ${servers.join(" and in ")} stays: delete it there.`] : [],
      ...outcomes.length > 0
        ? ["Nothing of it runs any more but the MCP servers of sessions that are open, which end with these."]
        : [],
      ...hasPlugin ? [`The plugin ${PLUGIN} is still there: claude plugin uninstall ${PLUGIN} takes it out.`] : []
    ])
  })).pipe(
    Command.withDescription("Take Claude Memory out of Claude Code; what is remembered stays, unless --purge")
  )
