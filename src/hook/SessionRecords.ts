/**
 * Records which units were injected into each Claude Code session, so that none is injected twice, and whether the
 * session is muted. One file per session, append-only: two hooks of one session may run at once.
 */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import { idOf } from "../domain/Ids.ts"

export interface SessionRecord {
  /** Ids of the injected units that are still in the session's context. */
  readonly ids: ReadonlySet<string>
  /** Ids of the units that pointers in the session's context name. */
  readonly pointed: ReadonlySet<string>
  /** True when the session's context holds what earlier sessions left. */
  readonly isOpened: boolean
  /** Time of the last compaction, in milliseconds since the epoch; 0 without one. */
  readonly compactedAt: number
  readonly isMuted: boolean
  /** True when the session has no record yet. */
  readonly isNew: boolean
}

interface Added {
  readonly ids: ReadonlyArray<string>
  readonly pointed?: ReadonlyArray<string>
  /** True for what earlier sessions left. */
  readonly isOpening?: boolean
}

interface Records {
  readonly get: (sessionId: string) => Effect.Effect<SessionRecord, PlatformError>
  readonly add: (sessionId: string, added: Added) => Effect.Effect<void, PlatformError>
  /** Forgets the session's units: compaction removed them from its context at this time. */
  readonly reset: (sessionId: string, time: number) => Effect.Effect<void, PlatformError>
  readonly mute: (sessionId: string, isMuted: boolean) => Effect.Effect<void, PlatformError>
  /** Deletes the records without an entry since this time, in milliseconds since the epoch. */
  readonly deleteBefore: (time: number) => Effect.Effect<void, PlatformError>
}

/** Begin the lines of a compaction and of a unit that a pointer names; other lines are words or ids of injected units. */
const RESET = "-"
const POINTED = "?"
const OPENED = "open"
const MUTED = "off"
const UNMUTED = "on"

/** Longest part of a record that is read, from its end. A session receives some hundred units, so this is enough. */
const MAX_BYTES = 64 * 1024

const read = (lines: ReadonlyArray<string>): SessionRecord => {
  let ids = new Set<string>()
  let pointed = new Set<string>()
  let isOpened = false
  let compactedAt = 0
  let isMuted = false
  for (const line of lines) {
    if (line.startsWith(RESET)) {
      ids = new Set()
      pointed = new Set()
      isOpened = false
      compactedAt = Number(line.slice(RESET.length)) || 0
    } else if (line.startsWith(POINTED)) pointed.add(line.slice(POINTED.length))
    else if (line === OPENED) isOpened = true
    else if (line === MUTED || line === UNMUTED) isMuted = line === MUTED
    else if (line !== "") ids.add(line)
  }
  return { ids, pointed, isOpened, compactedAt, isMuted, isNew: lines.length === 0 }
}

/**
 * File name of a session's record. Session ids are UUIDs; any id that is no plain name is hashed, so that it can't lead
 * elsewhere.
 */
const nameOf = (sessionId: string) => /^[\w-]{1,100}$/.test(sessionId) ? sessionId : idOf("answer", sessionId)

type Lines = ReadonlyArray<string>

const fromLines = (
  { append, linesOf, ...rest }: {
    readonly linesOf: (sessionId: string) => Effect.Effect<Lines, PlatformError>
    readonly append: (sessionId: string, lines: Lines) => Effect.Effect<void, PlatformError>
    readonly deleteBefore: (time: number) => Effect.Effect<void, PlatformError>
  }
): Records => ({
  ...rest,
  get: (sessionId) => Effect.map(linesOf(sessionId), read),
  add: (sessionId, { ids, isOpening = false, pointed = [] }) => {
    const lines = [...(isOpening ? [OPENED] : []), ...ids, ...pointed.map((id) => POINTED + id)]
    return lines.length === 0 ? Effect.void : append(sessionId, lines)
  },
  reset: (sessionId, time) => append(sessionId, [`${RESET}${time}`]),
  mute: (sessionId, isMuted) => append(sessionId, [isMuted ? MUTED : UNMUTED])
})

interface Entry {
  readonly lines: Lines
  readonly at: number
}

const inMemory = (): Records => {
  const state = Ref.unsafeMake<ReadonlyMap<string, Entry>>(new Map())
  return fromLines({
    linesOf: (sessionId) => Effect.map(Ref.get(state), (all) => all.get(sessionId)?.lines ?? []),
    append: (sessionId, lines) =>
      Effect.flatMap(Clock.currentTimeMillis, (at) =>
        Ref.update(
          state,
          (all) => new Map([...all, [sessionId, { lines: [...(all.get(sessionId)?.lines ?? []), ...lines], at }]])
        )),
    deleteBefore: (time) => Ref.update(state, (all) => new Map([...all].filter(([, { at }]) => at >= time)))
  })
}

/** Without a layer, records are kept in memory for as long as the process lives. */
export class SessionRecords
  extends Context.Reference<SessionRecords>()("claude-memory/SessionRecords", { defaultValue: inMemory })
{}

/** Keeps the records in this folder, which is created by the first write. */
export const layer = (folder: string) =>
  Layer.effect(
    SessionRecords,
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const fileOf = (sessionId: string) => path.join(folder, nameOf(sessionId))
      const orNothing = <A>(otherwise: A) => <R>(effect: Effect.Effect<A, PlatformError, R>) =>
        Effect.catchIf(
          effect,
          (error) => error._tag === "SystemError" && error.reason === "NotFound",
          () => Effect.succeed(otherwise)
        )
      return fromLines({
        linesOf: (sessionId) =>
          fs.readFileString(fileOf(sessionId)).pipe(
            Effect.map((text) => text.slice(-MAX_BYTES).split("\n")),
            orNothing<Lines>([])
          ),
        append: (sessionId, lines) => {
          const write = fs.writeFileString(fileOf(sessionId), lines.map((line) => `${line}\n`).join(""), {
            flag: "a",
            mode: 0o600
          })
          return Effect.catchIf(
            write,
            (error) => error._tag === "SystemError" && error.reason === "NotFound",
            () => Effect.zipRight(fs.makeDirectory(folder, { recursive: true, mode: 0o700 }), write)
          )
        },
        deleteBefore: (time) =>
          Effect.gen(function*() {
            const names = yield* orNothing<ReadonlyArray<string>>([])(fs.readDirectory(folder))
            yield* Effect.forEach(names, (name) =>
              Effect.gen(function*() {
                const { mtime } = yield* fs.stat(path.join(folder, name))
                if (mtime._tag === "Some" && mtime.value.getTime() < time) yield* fs.remove(path.join(folder, name))
              }), { discard: true })
          })
      })
    })
  )

export const layerInMemory = Layer.sync(SessionRecords, inMemory)
