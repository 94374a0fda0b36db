/**
 * Reads what is not captured yet of a transcript, with the same parsing, masks and exclusions, and writes nothing.
 */
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Message, SessionFacts } from "../domain/Conversation.ts"
import type { Project } from "../domain/Project.ts"
import { type Cursor, MemoryStore } from "../store/MemoryStore.ts"
import { toBatch } from "./Batch.ts"
import type { TranscriptFile } from "./Discovery.ts"
import type { ProjectOf } from "./Exclude.ts"
import { headOf, lines, openTranscript, type Stretch, tailOf } from "./transcript/TranscriptFile.ts"

/**
 * Most bytes that are read of a transcript, and how many of these at the beginning of the tail when it is longer: the
 * session's start waits, and a megabyte takes some 0.3 s. Chunks are small, so that reading ends soon after its time.
 */
export const MAX_TAIL_BYTES = 1024 * 1024
const BEGINNING_BYTES = 128 * 1024
const CHUNK_BYTES = 64 * 1024

/** New messages and facts of a transcript, masked, without what was forgotten or is excluded. */
export interface Tail {
  readonly project: Project
  readonly messages: ReadonlyArray<Message>
  readonly facts: ReadonlyArray<SessionFacts>
}

/** Returns none for a transcript that capture would leave out: of an excluded project, or not begun. */
export const read = (file: TranscriptFile, cursor: Cursor | undefined, projectOf: ProjectOf) =>
  Effect.gen(function*() {
    const path = yield* Path.Path
    const store = yield* MemoryStore
    const handle = yield* openTranscript(file.path)
    const head = yield* headOf(handle, file.path)
    if (!head.isBegun) return Option.none<Tail>()
    const project = yield* projectOf(head.cwd ?? path.dirname(file.path))
    if (Option.isNone(project)) return Option.none<Tail>()
    const isSame = cursor !== undefined && cursor.fingerprint === head.fingerprint &&
      cursor.tail === (yield* tailOf(handle, cursor.offset))
    const from = isSame ? cursor.offset : 0
    const stretches = (offset: number) => lines(handle, offset, { chunkBytes: CHUNK_BYTES })
    // The first line from an offset within the file is torn, and so is left out.
    const read = file.size - from <= MAX_TAIL_BYTES
      ? stretches(from)
      : Stream.concat(
        Stream.takeWhile(stretches(from), ({ end }) => end <= from + BEGINNING_BYTES),
        stretches(file.size - (MAX_TAIL_BYTES - BEGINNING_BYTES))
      )
    const take = ({ end, lines }: Stretch) =>
      Effect.gen(function*() {
        const { fingerprint, sessionId } = head
        const at = { path: file.path, offset: end, fingerprint, tail: "", modifiedAt: file.modifiedAt, sessionId }
        const batch = yield* toBatch(lines, cursor, at, project.value, projectOf)
        const known = yield* store.places(batch.messages.map(({ uuid }) => uuid))
        const messages = batch.messages.filter(({ uuid }) => !known.has(uuid))
        return yield* store.unforgotten({ ...batch, messages, deadLetters: [] })
      })
    const batches = yield* Stream.runCollect(Stream.mapEffect(read, take))
    return Option.some<Tail>({
      project: project.value,
      messages: [...batches].flatMap(({ messages }) => messages),
      facts: [...batches].flatMap(({ facts }) => facts)
    })
  }).pipe(Effect.scoped)
