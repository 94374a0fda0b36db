/**
 * Counts which of the memories that a session was told it used (hook/Use.ts), when its transcript is captured.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Captured } from "../capture/Collector.ts"
import { type Injection, SessionRecords } from "../hook/SessionRecords.ts"
import { usesIn } from "../hook/Use.ts"
import { Files } from "../resources/Files.ts"
import { MAX_USES } from "../retrieve/Helping.ts"
import { MemoryStore } from "../store/MemoryStore.ts"

/** Injections of a session that are looked at, the last. */
const MAX_INJECTIONS = 3
/** Bytes of the transcript before an injection, whose names are known, and after it, where they may be used. */
const BEFORE_BYTES = 512 * 1024
const AFTER_BYTES = 512 * 1024

/** Reads the lines of a part of a file, whole ones and perhaps parts of the first and the last. */
const linesOf = (path: string, from: number, bytes: number) =>
  Effect.gen(function*() {
    if (bytes <= 0) return []
    const file = yield* Effect.flatMap(Files, ({ openFile }) => openFile(path))
    yield* file.seek(from, "start")
    const part = yield* file.readAlloc(FileSystem.Size(bytes))
    return Option.match(part, { onNone: () => [], onSome: (bytes) => new TextDecoder().decode(bytes).split("\n") })
  }).pipe(Effect.scoped)

/** Notes that Claude used units of an injection: in the session's record, and in the units, up to `MAX_USES`. */
const note = (sessionId: string, { at }: Injection, ids: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const records = yield* SessionRecords
    const store = yield* MemoryStore
    // First, so that nothing is counted twice if this ends in between.
    yield* records.use(sessionId, at, ids)
    for (const { id, uses = 0 } of yield* store.units(ids)) {
      if (uses < MAX_USES) yield* store.edit(id, { uses: uses + 1 }, "rule")
    }
  })

/**
 * Looks for uses in a session of which lines were captured. A turn is looked at when it is over: at the next prompt, or, with `isLast`, at
 * the session's end. A memory counts once a session. What can't be read, or written, is not counted.
 */
export const noteUses = ({ batch, file: { path } }: Captured, isLast = false) =>
  Effect.gen(function*() {
    const records = yield* SessionRecords
    const store = yield* MemoryStore
    const { basename } = yield* Path.Path
    const sessionId = basename(path, ".jsonl")
    if (!isLast && !batch.messages.some((message) => message.isPrompt && message.sessionId === sessionId)) return
    const { injections } = yield* records.get(sessionId)
    const counted = new Set(injections.flatMap(({ used }) => used))
    for (const injection of injections.slice(-MAX_INJECTIONS)) {
      const { ids, offset, pointed, state } = injection
      if (state === "late" || offset > batch.cursor.offset) continue
      const wanted = (of: ReadonlyArray<string>) => store.units(of.filter((id) => !counted.has(id)))
      const around = {
        before: yield* linesOf(path, Math.max(0, offset - BEFORE_BYTES), Math.min(offset, BEFORE_BYTES)),
        after: yield* linesOf(path, offset, AFTER_BYTES)
      }
      const used = usesIn({ told: yield* wanted(ids), pointed: yield* wanted(pointed) }, around).map(({ id }) => id)
      if (used.length > 0) yield* note(sessionId, injection, used)
      for (const id of used) counted.add(id)
    }
  }).pipe(Effect.ignore)
