/**
 * Answers a hook without Effect, whose loading costs more than all else, where nothing can be said: neither a memory nor its
 * code is loaded then. OpeningEntry.ts goes on when a session begins, PromptEntry.ts at prompts, as Hook.ts would, or they
 * leave the hook to it.
 */
import { statSync, writeSync } from "node:fs"
import { join } from "node:path"
import { databaseOf, FOLDER as OPENINGS, nameOf, type OpeningFile, parse } from "../domain/OpeningFile.ts"
import { identityOf, locate, type Place } from "../domain/ProjectFiles.ts"
import { lazily, runAtOnce } from "../domain/Steps.ts"
import { version } from "../process/version.ts"
import type * as Early from "../settings/Early.ts"
import { answering, isFile, partOf, sizeOf, textOf } from "./AtOnce.ts"
import * as FirstPrompt from "./FirstPrompt.ts"
import { FORKED, HEAD_BYTES, UUIDS } from "./Forks.ts"
import type { EarlyInput } from "./Input.ts"
import { outputOf } from "./Output.ts"
import { recordOf } from "./RecordFiles.ts"
import type { SessionRecord } from "./RecordLines.ts"

/** Name of the database; a memory in PostgreSQL is none of `Early.isPlain`. */
export const DATABASE = "memory.db"

export type SessionStart = Extract<EarlyInput, { readonly hook_event_name: "SessionStart" }>

/** Reads of files, as they are there at once. */
export const FILES: FirstPrompt.FileReads<never> = {
  partOf: (path, from, bytes) => lazily(() => partOf(path, from, bytes)),
  sizeOf: (path) => lazily(() => sizeOf(path))
}

/** Returns the milliseconds in which a hook is answered. */
export const limitOf = ({ within }: Early.Early, input: EarlyInput): number =>
  runAtOnce(FirstPrompt.limitOf(FILES, within, input))

/** True when the whole program would settle an injection of the record, which may have arrived meanwhile. */
const isPending = ({ injections }: SessionRecord): boolean => injections.some(({ state }) => state === "pending")

/** True when the session's transcript has a beginning that may be another session's. */
export const mayBeFork = ({ transcript_path }: EarlyInput): boolean => {
  const head = transcript_path === undefined ? "" : partOf(transcript_path, 0, HEAD_BYTES)
  return FORKED.test(head) || head.match(UUIDS) !== null
}

const fileOf = (home: string, place: Place): OpeningFile | undefined => {
  const { key } = answering(identityOf(place))
  const text = textOf(join(home, OPENINGS, nameOf(key)))
  if (text === undefined) return undefined
  return parse(text, { key, version, database: databaseOf(statSync(join(home, DATABASE))) })
}

/** What was read of a hook's session and of its project, whose file is missing where no start was prepared. */
export interface Seen {
  readonly record: SessionRecord
  readonly place: Place
  readonly file: OpeningFile | undefined
}

/** Reads both; returns undefined where only the whole program can. */
const seen = (home: string, { cwd, session_id }: EarlyInput): Seen | undefined => {
  const record = recordOf(home, session_id)
  if (record === undefined || isPending(record)) return undefined
  const place = answering(locate(cwd))
  return { record, place, file: fileOf(home, place) }
}

const isQuietIn = ({ file, record }: Seen): boolean => record.isMuted || file?.isExcluded === true

/** What a start is answered with where nothing is told. */
export const NOTHING = ""

/** True when there is no memory yet, or something else in its place. */
const isEmpty = ({ home, isPlain }: Early.Early): boolean => isPlain && !isFile(join(home, DATABASE))

/** True for a prompt at which nothing is said or recorded: its session is muted, or its project excluded. */
export const isQuiet = ({ home, isPlain }: Early.Early, input: EarlyInput): boolean => {
  if (!isPlain) return false
  try {
    const found = seen(home, input)
    return found !== undefined && !(found.record.isNew && mayBeFork(input)) && isQuietIn(found)
  } catch {
    return false
  }
}

/** Returns `NOTHING` at such a start, else what was read for it; undefined where only the whole program can answer. */
export const beforeOpening = (
  { home, isPlain }: Early.Early,
  input: SessionStart
): Seen | typeof NOTHING | undefined => {
  if (!isPlain) return undefined
  if (input.source === "fork") return NOTHING
  // A compaction is recorded in any case.
  if (input.source === "compact") return undefined
  try {
    const found = seen(home, input)
    return found !== undefined && isQuietIn(found) ? NOTHING : found
  } catch {
    return undefined
  }
}

const STDOUT = 1
export const STDERR = 2

/** Writes to stdout, or to stderr; whoever reads it may have gone. */
export const write = (text: string, descriptor = STDOUT): void => {
  const bytes = Buffer.from(text)
  try {
    for (let from = 0; from < bytes.length;) from += writeSync(descriptor, bytes, from)
  } catch {
    // Claude Code has gone.
  }
}

/** Prints a text to inject, if it is known; empty for nothing to say. */
export const isPrinted = (
  { hook_event_name }: Pick<EarlyInput, "hook_event_name">,
  text: string | undefined
): boolean => {
  if (text !== undefined && text !== NOTHING) write(outputOf(hook_event_name, text))
  return text !== undefined
}

/** True where nothing can be said, whatever Claude Code writes to the hook. */
export const isSilent = (settings: Early.Early): boolean => settings.telling === undefined || isEmpty(settings)
