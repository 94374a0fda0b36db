/**
 * Log of failed hooks. A hook reports no failure to Claude Code; `doctor` shows them.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Reading from "../settings/Reading.ts"
import { type HookFailure, logFailure, logIn } from "./FailureLog.ts"

const decode = Schema.decodeOption(
  Schema.parseJson(Schema.Struct({ at: Schema.Number, event: Schema.String, detail: Schema.String }))
)

/** Records a failure in a memory's folder; ignores errors of the recording itself. */
export const recordIn = (home: string, event: string, detail: string): Effect.Effect<void> =>
  Effect.map(Clock.currentTimeMillis, (at) => logFailure(home, { at, event, detail }))

/** Records a failure in the folder of the settings; ignores errors alike. */
export const record = (event: string, detail: string): Effect.Effect<void> =>
  Effect.ignore(Effect.flatMap(Reading.home, (home) => recordIn(home, event, detail)))

/** Returns the failures, oldest first; skips lines that do not parse. */
export const read = (home: string): Effect.Effect<ReadonlyArray<HookFailure>, never, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const file = logIn(home)
    const texts = yield* Effect.forEach(
      [`${file}.1`, file],
      (each) => Effect.orElseSucceed(fs.readFileString(each), () => "")
    )
    return texts.join("").split("\n").flatMap((line) => Option.toArray(decode(line)))
  })
