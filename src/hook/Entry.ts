/**
 * Answers a hook without Effect, whose loading costs more than all else: with nothing where nothing can be said, and with
 * what earlier sessions left when a session begins, from the project's file. Answers as Hook.ts would, or leaves the hook
 * to it; PromptEntry.ts does so at prompts.
 */
// @effect-diagnostics globalDate:off
import { existsSync, readdirSync, statSync, writeSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import { MAX_HOOK_CHARS } from "../domain/Fence.ts"
import { notesInContext } from "../domain/NoteFolders.ts"
import { type FileUnit, FOLDER as OPENINGS, type Left, nameOf, type OpeningFile, parse } from "../domain/OpeningFile.ts"
import { branchIn, identityOf, locate, type Place } from "../domain/ProjectFiles.ts"
import { compose } from "../inject/OpeningText.ts"
import { version } from "../process/version.ts"
import type * as Early from "../settings/Early.ts"
import { answering, partOf, textOf } from "./AtOnce.ts"
import { FORKED, HEAD_BYTES, OPENING_TOKENS, UUIDS } from "./Forks.ts"
import type { EarlyInput } from "./Input.ts"
import { outputOf } from "./Output.ts"
import { append, recordOf, sizeOf } from "./RecordFiles.ts"
import { encode, type Sent, type SessionRecord } from "./RecordLines.ts"

/** Name of the database; a memory in PostgreSQL is none of `Early.isPlain`. */
export const DATABASE = "memory.db"

type SessionStart = Extract<EarlyInput, { readonly hook_event_name: "SessionStart" }>

/** True when the whole program would settle an injection of the record, which may have arrived meanwhile. */
const isPending = ({ injections }: SessionRecord): boolean => injections.some(({ state }) => state === "pending")

/** True when the session's transcript has a beginning that may be another session's. */
const mayBeFork = ({ transcript_path }: EarlyInput): boolean => {
  const head = transcript_path === undefined ? "" : partOf(transcript_path, 0, HEAD_BYTES)
  return FORKED.test(head) || head.match(UUIDS) !== null
}

/** Most bytes of a transcript, beyond those that are remembered, that may be lines without a message. */
const MAX_TAIL = 64 * 1024
const MESSAGE = /"type":\s*"(?:user|assistant)"/

/** True when the newest of the project's other transcripts is remembered to its last message. */
const isCovered = ({ session_id, transcript_path }: EarlyInput, { transcripts }: OpeningFile): boolean => {
  if (transcript_path === undefined) return true
  const folder = dirname(transcript_path)
  const own = [basename(transcript_path), `${session_id}.jsonl`]
  const others = existsSync(folder)
    ? readdirSync(folder).filter((name) => name.endsWith(".jsonl") && !name.startsWith("agent-") && !own.includes(name))
    : []
  const [newest] = others.map((name) => ({ name, info: statSync(join(folder, name)) }))
    .sort((a, b) => b.info.mtimeMs - a.info.mtimeMs)
  if (newest === undefined) return true
  const remembered = transcripts[newest.name] ?? 0
  const tail = newest.info.size - remembered
  return tail <= MAX_TAIL && !MESSAGE.test(tail > 0 ? partOf(join(folder, newest.name), remembered, tail) : "")
}

const fileOf = (home: string, place: Place): OpeningFile | undefined => {
  const { key } = answering(identityOf(place))
  const text = textOf(join(home, OPENINGS, nameOf(key)))
  return text === undefined ? undefined : parse(text, { key, version })
}

const currentOf = ({ current, left }: OpeningFile): Left<FileUnit> => ({
  pinned: current.pinned.map((i) => left.pinned[i]!),
  archives: current.archives.map((i) => left.archives[i]!),
  decisions: current.decisions.map((i) => left.decisions[i]!),
  branches: left.branches
})

/** A text to inject, and what is recorded of it; the text may be empty. */
interface Opening {
  readonly text: string
  readonly sent: Sent
}

const opening = (
  input: SessionStart,
  place: Place,
  file: OpeningFile,
  ids: ReadonlySet<string>
): Opening => {
  const branch = answering(branchIn(place))
  const notes = answering(notesInContext(input.transcript_path, input.cwd))
  const at = Date.now()
  const { text, tokens, units } = compose(
    file.left,
    {
      sessionId: input.session_id,
      maxTokens: OPENING_TOKENS,
      maxChars: MAX_HOOK_CHARS,
      injectedIds: [...ids],
      contextText: notes.text,
      ...(branch !== undefined && { branch })
    },
    at,
    { chosen: currentOf(file), textsOf: ({ texts }) => texts }
  )
  const sent: Sent = {
    at,
    event: "SessionStart",
    offset: sizeOf(input.transcript_path),
    tokens,
    ids: units.map(({ id }) => id),
    pointed: [],
    isOpening: true,
    words: []
  }
  return { text, sent }
}

const NOTHING = ""

/** True when there is no memory yet. */
const isEmpty = ({ home, isPlain }: Early.Early): boolean => isPlain && !existsSync(join(home, DATABASE))

const startTextFrom = (
  { home, within }: Early.Early,
  input: SessionStart,
  started: number
): string | undefined => {
  if (input.source === "fork") return NOTHING
  // A compaction is recorded in any case.
  const record = input.source === "compact" ? undefined : recordOf(home, input.session_id)
  if (record === undefined || isPending(record)) return undefined
  if (record.isMuted) return NOTHING
  const place = answering(locate(input.cwd))
  const file = fileOf(home, place)
  if (file === undefined) return undefined
  if (file.isExcluded) return NOTHING
  if (input.source !== "startup" && input.source !== "clear") return undefined
  if (record.isNew && mayBeFork(input) || !isCovered(input, file)) return undefined
  const { sent, text } = opening(input, place, file, record.ids)
  if (Date.now() - started > within.start) return undefined
  if (text !== NOTHING) append(home, input.session_id, [encode(sent)])
  return text
}

/** True for a prompt at which nothing is said or recorded: its session is muted, or its project excluded. */
export const isQuiet = ({ home, isPlain }: Early.Early, input: EarlyInput): boolean => {
  if (!isPlain) return false
  try {
    const record = recordOf(home, input.session_id)
    if (record === undefined || isPending(record) || record.isNew && mayBeFork(input)) return false
    return record.isMuted || fileOf(home, answering(locate(input.cwd)))?.isExcluded === true
  } catch {
    return false
  }
}

/**
 * Returns the text to inject when a session begins, once it is recorded; none where only the whole program knows it.
 * `started` is the time at which the process started.
 */
export const startText = (settings: Early.Early, input: SessionStart, started: number): string | undefined => {
  if (!settings.isPlain) return undefined
  try {
    return startTextFrom(settings, input, started)
  } catch {
    return undefined
  }
}

const STDOUT = 1

/** Writes to stdout; whoever reads it may have gone. */
export const write = (text: string): void => {
  const bytes = Buffer.from(text)
  try {
    for (let from = 0; from < bytes.length;) from += writeSync(STDOUT, bytes, from)
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
