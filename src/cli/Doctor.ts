/**
 * Checks everything that could be wrong, states what to do about it, and repairs what can be made again.
 */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { homedir } from "node:os"
import * as App from "../App.ts"
import { isCopy } from "../domain/DatabaseCopy.ts"
import { isWithin } from "../domain/Worktrees.ts"
import { advice } from "../process/Advice.ts"
import * as Environment from "../process/Environment.ts"
import { Unsuccessful, writeStderr } from "../process/Process.ts"
import { checkBackups } from "../serve/BackupHealth.ts"
import { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import { type Check, check, checkContent, checkHooks, isHealthy } from "../serve/Health.ts"
import * as HookSettings from "../settings/Hooks.ts"
import * as Reading from "../settings/Reading.ts"
import * as Settings from "../settings/Settings.ts"
import { type Inspection, Integrity } from "../store/Integrity.ts"
import { EMBEDDED, type LineSum } from "../store/MemoryStore.ts"
import * as Bundle from "./Bundle.ts"
import { checkConnection } from "./Connection.ts"
import { findGone, goneSentence, questionSentence, questionsOf } from "./GoneFolders.ts"
import * as Index from "./Index.ts"
import { answer, json, megabytes, minute, number, plural } from "./Output.ts"
import * as Progress from "./Progress.ts"
import * as UnknownSettings from "./UnknownSettings.ts"

/** What a session has just said is read within a minute; what is older than this many milliseconds is read by nobody. */
const READ_WITHIN_MS = 10 * 60_000

/** Tells of transcripts that nobody reads: no session's server runs, or Claude Code does not start it in their project. */
const checkTranscripts = (memory: ClaudeMemory["Type"], folder: string) =>
  Effect.gen(function*() {
    const files = yield* Effect.either(memory.discover([folder]))
    if (Either.isLeft(files)) return check("transcripts", false, "", files.left.message, "note")
    const now = yield* Clock.currentTimeMillis
    const { bytes, read, unread } = (yield* memory.progress(folder, now - READ_WITHIN_MS)).transcripts
    return check(
      "transcripts",
      unread === 0,
      `${number(files.right.length)} files in ${folder}`,
      `${plural(unread, "file")} of ${number(files.right.length)} in ${folder} (${megabytes(bytes - read)} MB) ${
        unread === 1 ? "is" : "are"
      } not read; run \`claude-memory import\`. If they are of new sessions, Claude Code did not start the MCP server there: \`/mcp\` ` +
        "in a session says why",
      "note"
    )
  })

/** Compares an index on a server with the memory; that in the memory's own file is compared with the file's pages. */
const checkServed = Effect.gen(function*() {
  const { index, status } = yield* ClaudeMemory
  if (index.name === EMBEDDED) return []
  const verification = yield* Effect.either(index.verify)
  if (Either.isLeft(verification)) return [check("vectors", false, "", verification.left.message)]
  const { indexing } = yield* status
  const text = Index.verificationText(verification.right)
  return [
    check(
      "vectors",
      Index.isConsistent(verification.right),
      text,
      `${text}; ${number(indexing)} changes wait for it. \`claude-memory index repair\` brings it in line`
    )
  ]
})

/** Node neither sees nor sets who may read a file there; below a user's own folder it is that user, unless somebody changed it. */
const privacyOnWindows = (home: string): Check =>
  check(
    "privacy",
    isWithin(home.toLowerCase(), homedir().toLowerCase()),
    "it lies in your own folder, which Windows keeps from others",
    `others on this machine may read ${home}: Windows guards what lies in ${homedir()}; move it there, or set its permissions`,
    "note"
  )

const checkMemory = (isDeep: boolean, isConnected: boolean) =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    const settings = yield* Settings.load
    const fs = yield* FileSystem.FileSystem
    const content = yield* checkContent(memory, "en")
    const recognized = yield* memory.projects.recognize
    const known = yield* memory.projects.known
    const questions = questionsOf(recognized, known)
    const asked = new Set([...recognized.alike, ...recognized.sure].map(({ from }) => from.id))
    const gone = (yield* findGone(known)).filter(({ id }) => !asked.has(id))
    const place = yield* App.placeOf(settings)
    // With the memory in PostgreSQL, the home may not exist.
    const mode = yield* Effect.option(Effect.map(fs.stat(settings.home), (info) => info.mode & 0o777))
    const isOwn = Environment.isOwn(settings.home)
    const names = yield* Effect.orElseSucceed(fs.readDirectory(settings.home), (): ReadonlyArray<string> => [])
    const copies = names.filter(isCopy).sort()
    const checks: ReadonlyArray<Check> = [
      check("memory", true, `${number(content.units.total)} memories in ${place}`, ""),
      process.platform === "win32" ? privacyOnWindows(settings.home) : check(
        "privacy",
        Option.isNone(mode) || (mode.value & 0o077) === 0 && isOwn,
        settings.postgres === undefined ? "only you can read it" : "the database says who can read it",
        isOwn
          ? `others can read ${settings.home}; run chmod -R go= on it`
          : `others can write into ${settings.home}, so the hooks tell nothing: make it yours, and run chmod -R go= on it`
      ),
      ...(copies.length === 0 ? [] : [
        check(
          "copies",
          false,
          "",
          `${
            copies.join(", ")
          } in ${settings.home}: the memory as it was before an update or a repair; delete what you don't need, ` +
            "`claude-memory forget` deletes all of them",
          "note"
        )
      ]),
      ...content.checks,
      check(
        "repositories",
        questions.length === 0 && recognized.sure.length === 0,
        "no project's folder belongs to another project, nor looks like it",
        [
          ...questions.map(questionSentence),
          ...(recognized.sure.length === 0 ? [] : [
            `${recognized.sure.map(({ from, into }) => `${from.root} belongs to ${into.name}`).join(", ")}: ` +
            "the next `claude-memory import` makes them one"
          ])
        ].join("; "),
        "note"
      ),
      ...(gone.length === 0 ? [] : [check("folders", false, "", goneSentence(gone), "note")]),
      // That it does not answer is said with the content.
      ...(isDeep && content.isIndexReached ? yield* checkServed : []),
      ...(yield* checkHooks(memory, settings.home, isConnected, "en")),
      yield* checkTranscripts(memory, Reading.transcriptsFolder(settings))
    ]
    return { checks, lines: content.lines as LineSum | null }
  }).pipe(App.provide(App.reader))

export const options = {
  deep: Options.boolean("deep").pipe(
    Options.withDescription("Read every page of the files, and compare the indexes with the memories")
  ),
  repair: Options.boolean("repair").pipe(
    Options.withDescription("Make again what can be made of the memories and messages; a copy is kept")
  ),
  notes: Options.boolean("notes").pipe(
    Options.withDescription("Print what was saved by hand and can be read, also around damaged pages")
  ),
  bundle: Options.file("bundle").pipe(
    Options.withDescription(
      "Write a file for a report of a fault: checks, sums, versions, failures, without what was said, names and secrets"
    ),
    Options.optional
  ),
  json
}

type Mode = { readonly deep: boolean; readonly repair: boolean }

/** Repairs where that is wanted; returns what was done, and what could not be finished. */
const repairFiles = Effect.gen(function*() {
  const progress = yield* Progress.make(0)
  const { done, needsVectors } = yield* Effect.flatMap(
    Integrity,
    ({ repair }) => repair(({ done, total, what }) => progress.checked(what, done, total))
  ).pipe(
    Effect.ensuring(progress.end),
    App.provide(App.integrity)
  )
  if (!needsVectors) return done
  const { degraded, indexed } = yield* Index.repaired.pipe(App.provide(App.service("doctor")))
  return [
    ...done,
    `${number(indexed)} vectors`,
    ...degraded.map((each) => `not finished: ${each}; \`claude-memory index repair\` goes on`)
  ]
})

const inspectFiles = ({ deep, repair }: Mode) =>
  Effect.gen(function*() {
    const integrity = yield* Integrity
    if (!deep && !repair) return yield* integrity.look
    const progress = yield* Progress.make(0)
    return yield* integrity.read(({ done, total, what }) => progress.checked(what, done, total)).pipe(
      Effect.ensuring(progress.end)
    )
  }).pipe(App.provide(App.integrity))

/** The settings can't be read; their check says why. */
const UNKNOWN: Inspection = { findings: [], isUsable: true, isWhole: true }

/** Checks the memory itself; nothing is said of a setting or a page on which it fails, when the check of these has said it. */
const memoryOf = (isDeep: boolean, isKnownDamaged: boolean, isConnected: boolean) =>
  Effect.catchAll(checkMemory(isDeep, isConnected), (error) => {
    const isStoreError = error._tag === "StoreError"
    const isSaid = error._tag === "SettingsError" || isStoreError && error.reason === "Damaged" && isKnownDamaged
    return Effect.succeed({
      lines: null,
      checks: isSaid ? [] : [
        check("memory", isStoreError && error.reason === "Missing", error.message, error.message)
      ]
    })
  })

/** Checks the backups; a memory in PostgreSQL has none of ours. */
const checkMade = Effect.flatMap(Settings.load, ({ backups }) =>
  Effect.orElseSucceed(
    checkBackups("en", backups !== undefined).pipe(App.provide(App.backups)),
    (): ReadonlyArray<Check> => []
  ))

const writeBundle = (path: string, checks: ReadonlyArray<Check>, json: boolean) =>
  Effect.gen(function*() {
    const bytes = yield* Bundle.write(path, checks)
    yield* answer(json, { path, bytes }, () =>
      `Wrote ${path} (${
        number(bytes)
      } bytes). Read it before you send it: it holds the checks, sums, versions, failures and open handles, ` +
      "with folders and names of projects replaced and secrets masked, and nothing that was said.")
  })

const checkAll = (mode: Mode, bundle: Option.Option<string>, json: boolean) =>
  Effect.gen(function*() {
    const repaired = mode.repair ? yield* repairFiles : undefined
    const { findings, isUsable, isWhole } = yield* Effect.orElseSucceed(inspectFiles(mode), () => UNKNOWN)
    const connection = yield* checkConnection("en")
    const { checks, lines } = isUsable
      ? yield* memoryOf(mode.deep || mode.repair, !isHealthy(findings), connection.state === "ok")
      : { checks: [], lines: null }
    const backups = lines === null ? [] : yield* checkMade
    const settings = new Set(yield* UnknownSettings.sentences)
    for (const load of [Effect.asVoid(Settings.load), Effect.asVoid(HookSettings.load)]) {
      const error = yield* Effect.option(Effect.flip(load))
      if (Option.isSome(error)) settings.add(error.value.message)
    }
    const all: ReadonlyArray<Check> = [
      check("Node", true, process.versions.node, ""),
      check("settings", settings.size === 0, "each is known and valid", [...settings].join("; ")),
      ...(settings.has(connection.detail) ? [] : [connection]),
      ...findings,
      ...checks,
      ...backups
    ]
    if (Option.isSome(bundle)) return yield* writeBundle(bundle.value, all, json)
    const ok = isHealthy(all)
    yield* answer(json, { ok, checks: all, lines, ...(repaired !== undefined && { repaired }) }, () => {
      const width = Math.max(...all.map(({ name }) => name.length))
      const mark = { ok: "ok   ", note: "note ", wrong: "WRONG" }
      return [
        ...(repaired ?? []).map((each) => `made again: ${advice(each)}`),
        ...(repaired?.length === 0 ? ["Nothing was repaired."] : []),
        ...(repaired === undefined ? [] : [""]),
        ...all.map(({ detail, name, state }) => `${mark[state]}  ${name.padEnd(width)}  ${advice(detail)}`),
        !ok
          ? "Something is wrong; each line above says what to do."
          : isWhole
          ? "Nothing is wrong."
          : advice("Nothing is wrong that a quick look finds; `claude-memory doctor --deep` reads every page.")
      ].join("\n")
    })
    if (!ok) return yield* Effect.fail(new Unsuccessful())
  })

const printNotes = (json: boolean) =>
  Effect.gen(function*() {
    const { units, unreadable } = yield* Effect.flatMap(Integrity, ({ notes }) => notes).pipe(
      App.provide(App.integrity)
    )
    yield* answer(json, { notes: units, unreadable }, () =>
      units.length === 0
        ? "Nothing was saved by hand that can be read."
        : units.map(({ content, occurredAt, title, type }) =>
          `# ${title}\n${type} · ${minute(occurredAt)}\n\n${content}`
        )
          .join("\n\n"))
    if (unreadable > 0) yield* writeStderr(`${plural(unreadable, "row")} of the memories can't be read any more\n`)
  })

export const command = Command.make(
  "doctor",
  options,
  ({ bundle, deep, json, notes, repair }) => notes ? printNotes(json) : checkAll({ deep, repair }, bundle, json)
).pipe(
  Command.withDescription("Check that everything is as it should be, and say what to do where it is not")
)
