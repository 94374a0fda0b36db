/**
 * Log of failed hooks. A hook reports no failure to Claude Code; `doctor` shows them.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Reading from "../settings/Reading.ts"
import { joined } from "./RecordLines.ts"

export const HookFailure = Schema.Struct({
  /** Milliseconds since the epoch. */
  at: Schema.Number,
  event: Schema.String,
  detail: Schema.String
})
export type HookFailure = typeof HookFailure.Type

/** Size of the log, in bytes. At half of it the file is rotated to `.1`, so at least the newest half is kept. */
const MAX_BYTES = 128 * 1024
const MAX_DETAIL = 300

const Line = Schema.parseJson(HookFailure)

const fileIn = (home: string) => Effect.map(Path.Path, (path) => path.join(home, "hook-failures.jsonl"))

/** Appends a failure. Fails, and creates nothing, where the memory's folder does not exist. */
export const recordIn = (home: string, event: string, detail: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const file = yield* fileIn(home)
    const size = Option.map(yield* Effect.option(fs.stat(file)), (info) => Number(info.size))
    if (Option.exists(size, (bytes) => bytes > MAX_BYTES / 2)) yield* fs.rename(file, `${file}.1`)
    const at = yield* Clock.currentTimeMillis
    const line = yield* Schema.encode(Line)({ at, event, detail: detail.slice(0, MAX_DETAIL) })
    yield* fs.writeFileString(file, joined([line]), { flag: "a", mode: 0o600 })
  })

/** Records a failure in the folder of the settings; ignores errors of the recording itself. */
export const record = (event: string, detail: string) =>
  Effect.ignore(Effect.flatMap(Reading.home, (home) => recordIn(home, event, detail)))

/** Returns the failures, oldest first; skips lines that do not parse. */
export const read = (home: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const file = yield* fileIn(home)
    const texts = yield* Effect.forEach([`${file}.1`, file], (each) =>
      Effect.orElseSucceed(fs.readFileString(each), () => ""))
    return texts.join("").split("\n").flatMap((line) =>
      Option.toArray(Schema.decodeOption(Line)(line))
    )
  })
