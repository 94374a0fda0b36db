/**
 * Tells what earlier sessions left when a session begins, from the project's file, without Effect: as Hook.ts would, or it
 * leaves the hook to it.
 */
// @effect-diagnostics globalDate:off
import { existsSync, readdirSync, statSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import { MAX_HOOK_CHARS } from "../domain/Fence.ts"
import { notesInContext } from "../domain/NoteFolders.ts"
import type { FileUnit, OpeningFile } from "../domain/OpeningFile.ts"
import { branchIn, type Place } from "../domain/ProjectFiles.ts"
import { compose, type Current } from "../inject/OpeningText.ts"
import { uptime } from "../process/Uptime.ts"
import type { Early } from "../settings/Early.ts"
import { answering, partOf, sizeOf } from "./AtOnce.ts"
import { mayBeFork, NOTHING, type Seen, type SessionStart } from "./Entry.ts"
import { OPENING_TOKENS } from "./Forks.ts"
import { append } from "./RecordFiles.ts"
import { encode, type Sent, type SessionRecord } from "./RecordLines.ts"

/** Most bytes of a transcript, beyond those that are remembered, that may be lines without a message. */
const MAX_TAIL = 64 * 1024
const MESSAGE = /"type":\s*"(?:user|assistant)"/

/** True when the newest of the project's other transcripts is remembered to its last message. */
const isCovered = ({ session_id, transcript_path }: SessionStart, { transcripts }: OpeningFile): boolean => {
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

const currentOf = ({ current, left }: OpeningFile): Current<FileUnit> => ({
  archives: current.archives.map((i) => left.archives[i]!),
  decisions: current.decisions.map((i) => left.decisions[i]!)
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
  { ids, pointed: named }: SessionRecord
): Opening => {
  const branch = answering(branchIn(place))
  const notes = answering(notesInContext(input.transcript_path, input.cwd))
  const at = Date.now()
  const { pointed, text, tokens, units } = compose(
    file.left,
    {
      sessionId: input.session_id,
      maxTokens: OPENING_TOKENS,
      maxChars: MAX_HOOK_CHARS,
      injectedIds: [...ids, ...named],
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
    pointed: pointed.map(({ id }) => id),
    isOpening: true,
    words: []
  }
  return { text, sent }
}

/**
 * Returns the text to inject when a session begins, once it is recorded; none where only the whole program knows it.
 * None after `until`, by `uptime`.
 */
export const openingText = (
  { home }: Early,
  input: SessionStart,
  until: number,
  { file, place, record }: Seen
): string | undefined => {
  if (file === undefined || input.source !== "startup" && input.source !== "clear") return undefined
  try {
    if (record.isNew && mayBeFork(input) || !isCovered(input, file)) return undefined
    const { sent, text } = opening(input, place, file, record)
    if (uptime() > until) return undefined
    if (text !== NOTHING) append(home, input.session_id, [encode(sent)])
    return text
  } catch {
    return undefined
  }
}
