/**
 * Backs up the memory, and verifies and lists its backups.
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { basename } from "node:path"
import * as App from "../App.ts"
import { advice, quoted } from "../process/Advice.ts"
import { type Backup, Backups, type Held, type Listing, type Step } from "../store/Backups.ts"
import { answer, json, megabytes, memories, minute, number, plural, refuse, table } from "./Output.ts"
import * as Progress from "./Progress.ts"
import { textArgument } from "./Scope.ts"

/** Memories that are told, as every list and `status` counts them. */
const shown = ({ active, units }: Held): number => active ?? units

/** Formats as "5 memories, 2 sessions and 30 messages". */
export const countsText = (held: Held): string =>
  `${memories(shown(held))}, ${plural(held.sessions, "session")} and ${plural(held.messages, "message")}`

/** Runs an effect of backups with its progress on a terminal, and measures it. */
export const progressing = <A, E, R>(run: (report: (step: Step) => Effect.Effect<void>) => Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const since = yield* Clock.currentTimeMillis
    const progress = yield* Progress.make(0)
    const result = yield* run(({ done, total, what }) => progress.copied(what, done, total)).pipe(
      Effect.ensuring(progress.end)
    )
    return { result, durationMs: (yield* Clock.currentTimeMillis) - since }
  })

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`

export const backupJson = ({ header, path, size }: Backup) => ({ path, size, ...header })

const make = (file: string | undefined, isJson: boolean) =>
  Effect.gen(function*() {
    const backups = yield* Backups
    const { durationMs, result } = yield* progressing((report) => backups.make(file, report))
    yield* answer(isJson, { ...backupJson(result), durationMs }, () =>
      [
        `Backed up ${countsText(result.header)} in ${seconds(durationMs)}:`,
        `  ${result.path} (${megabytes(result.size)})`,
        advice(
          "It holds what was said in your sessions, so keep it where only you can read it. " +
            `\`claude-memory restore ${quoted(result.path)}\` puts it back.`
        )
      ].join("\n"))
  })

const verify = (file: string | undefined, isJson: boolean) =>
  Effect.gen(function*() {
    const backups = yield* Backups
    const { durationMs, result } = yield* progressing((report) => backups.verify(file, report))
    const { header, path } = result
    yield* answer(isJson, { ok: true, ...backupJson(result), durationMs }, () =>
      [
        `${path} is whole.`,
        `It was made ${minute(header.createdAt)} and holds ${
          countsText(header)
        }, as it says of itself; it was unpacked, its ` +
        `checksum and every page were checked, and the copy is deleted again (${seconds(durationMs)}).`
      ].join("\n"))
  })

const listing = ({ backups, failure, folder, unreadable }: Listing): string =>
  [
    ...(backups.length === 0
      ? [advice(`There is no backup in ${folder} yet; \`claude-memory backup\` makes one.`)]
      : [
        ...table([
          ["backup", "made", "size", "memories"],
          ...backups.map(({ header, path, size }) => [
            basename(path),
            minute(header.createdAt),
            megabytes(size).padStart(9),
            number(shown(header)).padStart(8)
          ])
        ]),
        "",
        `They are in ${folder}, ${megabytes(backups.reduce((sum, { size }) => sum + size, 0))} in all.`
      ]),
    ...unreadable.map(({ error }) => advice(error.message)),
    ...(failure === undefined ? [] : [`The last daily backup failed (${minute(failure.at)}): ${failure.detail}`])
  ].join("\n")

const list = (isJson: boolean) =>
  Effect.gen(function*() {
    const found = yield* Effect.flatMap(Backups, ({ list }) => list)
    yield* answer(
      isJson,
      {
        folder: found.folder,
        backups: found.backups.map(backupJson),
        unreadable: found.unreadable.map(({ error, path, size }) => ({ path, size, error: error.message })),
        failure: found.failure ?? null
      },
      () => listing(found)
    )
  })

const words = textArgument("file").pipe(
  Args.withDescription(
    "A new file, or a folder, to write the backup into; without it, the folder backups beside the memory. " +
      "verify [FILE]: checks a backup, the newest without FILE, and makes none"
  ),
  Args.repeated
)

export const options = {
  list: Options.boolean("list").pipe(Options.withDescription("List the backups beside the memory, and make none")),
  json
}

/** Names what is wrong with the words of a command line; undefined when nothing is. */
const mistakeIn = (isListed: boolean, words: ReadonlyArray<string>): string | undefined =>
  isListed && words.length > 0
    ? "--list takes no file"
    : words.length > (words[0] === "verify" ? 2 : 1)
    ? "name one file"
    : undefined

export const command = Command.make(
  "backup",
  { words, ...options },
  ({ json, list: isListed, words }) =>
    Effect.gen(function*() {
      const mistake = mistakeIn(isListed, words)
      if (mistake !== undefined) return yield* refuse(mistake)
      const [first, second] = words
      const run = isListed ? list(json) : first === "verify" ? verify(second, json) : make(first, json)
      yield* App.provide(App.backups)(run)
    })
).pipe(Command.withDescription("Back up the memory into one file, check a backup, or list them"))
