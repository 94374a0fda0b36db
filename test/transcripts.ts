/**
 * Message texts of transcripts, cleaned and redacted as in capture.
 */
import * as Effect from "effect/Effect"
import { readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { redact } from "../src/capture/redact/Redactor.ts"
import * as Transcript from "../src/capture/transcript/Transcript.ts"

/** Lists the transcripts in the folder and below. */
export const transcriptsIn = (folder: string): ReadonlyArray<string> =>
  readdirSync(folder).sort().flatMap((name) => {
    const path = join(folder, name)
    return statSync(path).isDirectory() ? transcriptsIn(path) : path.endsWith(".jsonl") ? [path] : []
  })

/** Parses each line of a transcript as capture does. */
export const parsed = (file: string): ReadonlyArray<Transcript.Line> => {
  const places = new Map<string, Transcript.Place>()
  return readFileSync(file, "utf8").split("\n").slice(0, -1).map((line) => {
    const parsed = Transcript.parse(line, "session-of-file", (uuid) => places.get(uuid))
    if (parsed._tag === "Message") places.set(parsed.message.uuid, parsed.message)
    return parsed
  })
}

export const textsIn = (folder: string): Effect.Effect<ReadonlyArray<string>> => {
  const texts = transcriptsIn(folder).flatMap(parsed)
    .flatMap((line) => line._tag === "Message" ? line.message.blocks.map(({ text }) => text) : [])
  return Effect.map(redact(texts), (redaction) => redaction.texts.map(Transcript.shorten))
}
