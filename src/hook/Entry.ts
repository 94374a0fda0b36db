/**
 * Answers a hook where that needs neither the database nor Effect, whose loading costs more than all else: nothing where
 * nothing can be said, and what earlier sessions left when a session begins, from the project's file. Answers as Hook.ts
 * would, or leaves the hook to it.
 */
// @effect-diagnostics globalDate:off
import { appendFileSync, existsSync, mkdirSync, readdirSync, statSync, writeSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import { MAX_HOOK_CHARS } from "../domain/Fence.ts"
import { notesInContext } from "../domain/NoteFolders.ts"
import { type FileUnit, FOLDER as OPENINGS, type Left, nameOf, type OpeningFile, parse } from "../domain/OpeningFile.ts"
import { branchIn, identityOf, locate, type Place } from "../domain/ProjectFiles.ts"
import { compose } from "../inject/OpeningText.ts"
import { version } from "../process/version.ts"
import * as Early from "../settings/Early.ts"
import { answering, partOf, textOf } from "./AtOnce.ts"
import { FORKED, HEAD_BYTES, OPENING_TOKENS, UUIDS } from "./Forks.ts"
import { type EarlyInput, inputIn, readStdin, type Stdin } from "./Input.ts"
import { outputOf } from "./Output.ts"
import {
  encode,
  FOLDER as RECORDS,
  linesIn,
  PLAIN_ID,
  read,
  SENT,
  type Sent,
  type SessionRecord
} from "./RecordLines.ts"

/** Name of the database; a memory in PostgreSQL is none of `Early.isPlain`. */
const DATABASE = "memory.db"

type SessionStart = Extract<EarlyInput, { readonly hook_event_name: "SessionStart" }>

const sizeOf = (path: string | undefined): number =>
  path === undefined ? 0 : statSync(path, { throwIfNoEntry: false })?.size ?? 0

/**
 * Returns the session's record. None where the whole program would write to it: it has an injection that may have
 * arrived meanwhile.
 */
const recordOf = (home: string, sessionId: string): SessionRecord | undefined => {
  if (!PLAIN_ID.test(sessionId)) return undefined
  const file = join(home, RECORDS, sessionId)
  const text = textOf(file)
  if (text === undefined && existsSync(file)) return undefined
  const lines = text === undefined ? [] : linesIn(text)
  return lines.some((line) => line.startsWith(SENT)) ? undefined : read(lines, () => undefined)
}

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
  archives: current.archives.map((i) => left.archives[i]!),
  decisions: current.decisions.map((i) => left.decisions[i]!),
  branches: left.branches
})

const appendTo = (home: string, sessionId: string, sent: Sent): void => {
  const file = join(home, RECORDS, sessionId)
  const write = () => appendFileSync(file, `${encode(sent)}\n`, { mode: 0o600 })
  try {
    write()
  } catch {
    try {
      mkdirSync(join(home, RECORDS), { recursive: true, mode: 0o700 })
      write()
    } catch {
      // Repeating a memory is better than injecting none.
    }
  }
}

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

/** Returns the text to inject, once it is recorded; none where only the whole program knows it. */
export const textFor = (
  { home, isPlain, within }: Early.Early,
  input: EarlyInput,
  started: number
): string | undefined => {
  if (!isPlain) return undefined
  if (!existsSync(join(home, DATABASE))) return NOTHING
  const isStart = input.hook_event_name === "SessionStart"
  if (isStart && input.source === "fork") return NOTHING
  // A compaction is recorded in any case.
  const record = isStart && input.source === "compact" ? undefined : recordOf(home, input.session_id)
  if (record === undefined) return undefined
  if (record.isMuted) return NOTHING
  const place = answering(locate(input.cwd))
  const file = fileOf(home, place)
  if (file === undefined) return undefined
  if (file.isExcluded) return NOTHING
  if (!isStart || input.source !== "startup" && input.source !== "clear") return undefined
  if (record.isNew && mayBeFork(input) || !isCovered(input, file)) return undefined
  const { sent, text } = opening(input, place, file, record.ids)
  if (Date.now() - started > within.start) return undefined
  if (text !== NOTHING) appendTo(home, input.session_id, sent)
  return text
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

const NOTHING_READ: Stdin = { bytes: new Uint8Array(), isWhole: false }

/**
 * Answers the hook and returns none, or returns the part of stdin that it read, for the whole program. `started` is the
 * time at which the process started.
 */
export const answer = (started: number): Stdin | undefined => {
  const settings = Early.read()
  if (settings === undefined) return NOTHING_READ
  if (settings.isOff) return undefined
  const stdin = readStdin()
  const input = inputIn(stdin)
  if (input === undefined) return stdin
  let text: string | undefined
  try {
    text = textFor(settings, input, started)
  } catch {
    return stdin
  }
  if (text === undefined) return stdin
  if (text !== NOTHING) write(outputOf(input.hook_event_name, text))
  return undefined
}
