/**
 * Records what was injected into each Claude Code session, so that nothing is injected twice, whether it arrived, and
 * whether the session is muted. One file per session, append-only: two hooks of one session may run at once.
 */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import { idOf } from "../domain/Ids.ts"
import * as Disk from "../resources/Disk.ts"
import { isFileOrNone } from "./AtOnce.ts"
import {
  encode,
  encodeChanged,
  encodeInherited,
  encodeReset,
  encodeSettled,
  encodeUsed,
  type Inherited,
  joined,
  linesIn,
  MUTED,
  PLAIN_ID,
  read,
  type Sent,
  type SessionRecord,
  UNMUTED
} from "./RecordLines.ts"
import { overwriteWords, withoutWords } from "./RecordWords.ts"

export type { Injection, Sent, SessionRecord } from "./RecordLines.ts"

interface Records {
  readonly get: (sessionId: string) => Effect.Effect<SessionRecord, PlatformError>
  readonly add: (sessionId: string, sent: Sent) => Effect.Effect<void, PlatformError>
  /** Records whether the injection of this time arrived. */
  readonly settle: (sessionId: string, at: number, hasArrived: boolean) => Effect.Effect<void, PlatformError>
  /** Records that units of the injection of this time were used. */
  readonly use: (sessionId: string, at: number, ids: ReadonlyArray<string>) => Effect.Effect<void, PlatformError>
  /** Takes over what a parent's context holds. */
  readonly inherit: (sessionId: string, parent: Inherited) => Effect.Effect<void, PlatformError>
  /** Forgets the session's units: compaction removed them from its context at this time. */
  readonly reset: (sessionId: string, time: number) => Effect.Effect<void, PlatformError>
  readonly mute: (sessionId: string, isMuted: boolean) => Effect.Effect<void, PlatformError>
  /** Ids of the sessions that have a record, the newest entry first. */
  readonly sessions: Effect.Effect<ReadonlyArray<string>, PlatformError>
  /** Deletes the records without an entry since this time, in milliseconds since the epoch. */
  readonly deleteBefore: (time: number) => Effect.Effect<void, PlatformError>
  /** Lets units be told again that say something else than they did when a session was told. */
  readonly change: (ids: ReadonlyArray<string>) => Effect.Effect<void, PlatformError>
  /** Deletes the words of the prompts at which these units were told or pointed to; warns of a record that keeps them. */
  readonly forgetWords: (ids: ReadonlySet<string>) => Effect.Effect<void>
}

const nameOf = (sessionId: string) => PLAIN_ID.test(sessionId) ? sessionId : idOf("answer", sessionId)

type Lines = ReadonlyArray<string>

const fromLines = (
  { append, linesOf, sessions, sync, ...rest }: {
    readonly linesOf: (sessionId: string) => Effect.Effect<Lines, PlatformError>
    readonly append: (sessionId: string, lines: Lines) => Effect.Effect<void, PlatformError>
    /** Makes the record outlast a loss of power. */
    readonly sync: (sessionId: string) => Effect.Effect<void>
    readonly sessions: Effect.Effect<ReadonlyArray<string>, PlatformError>
    readonly deleteBefore: (time: number) => Effect.Effect<void, PlatformError>
    readonly forgetWords: (ids: ReadonlySet<string>) => Effect.Effect<void>
  }
): Records => ({
  ...rest,
  sessions,
  change: (ids) =>
    Effect.flatMap(
      sessions,
      Effect.forEach((sessionId) =>
        Effect.flatMap(linesOf(sessionId), (lines) => {
          const changed = encodeChanged(lines, ids)
          return changed.length === 0 ? Effect.void : append(sessionId, changed)
        }), { discard: true })
    ),
  get: (sessionId) => Effect.map(linesOf(sessionId), read),
  add: (sessionId, sent) => append(sessionId, [encode(sent)]),
  settle: (sessionId, at, hasArrived) => append(sessionId, [encodeSettled(at, hasArrived)]),
  use: (sessionId, at, ids) => append(sessionId, [encodeUsed(at, ids)]),
  inherit: (sessionId, parent) => {
    const lines = encodeInherited(parent)
    return lines.length === 0 ? Effect.void : append(sessionId, lines)
  },
  reset: (sessionId, time) => append(sessionId, [encodeReset(time)]),
  // No transcript tells it again.
  mute: (sessionId, isMuted) => Effect.zipRight(append(sessionId, [isMuted ? MUTED : UNMUTED]), sync(sessionId))
})

const warnOfWords = (record: string, cause: string) =>
  Effect.logWarning(
    `words of prompts at which forgotten memories were told may be left in the record ${record}: ${cause}`
  )

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
    sync: () => Effect.void,
    sessions: Effect.map(
      Ref.get(state),
      (all) => [...all].sort(([, a], [, b]) => b.at - a.at).map(([sessionId]) => sessionId)
    ),
    deleteBefore: (time) => Ref.update(state, (all) => new Map([...all].filter(([, { at }]) => at >= time))),
    forgetWords: (ids) =>
      Ref.update(state, (all) =>
        new Map(
          [...all].map(([sessionId, { at, lines }]) => [
            sessionId,
            { lines: lines.map((line) => withoutWords(line, ids)), at }
          ])
        ))
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
      const entries = Effect.gen(function*() {
        const names = yield* orNothing<ReadonlyArray<string>>([])(fs.readDirectory(folder))
        return yield* Effect.forEach(names, (name) =>
          Effect.map(fs.stat(path.join(folder, name)), ({ mtime }) => ({
            name,
            time: Option.match(mtime, { onNone: () => Infinity, onSome: (date) => date.getTime() })
          })))
      })
      return fromLines({
        linesOf: (sessionId) =>
          fs.readFileString(fileOf(sessionId)).pipe(
            Effect.map(linesIn),
            orNothing<Lines>([]),
            Effect.when(() => isFileOrNone(fileOf(sessionId))),
            Effect.map(Option.getOrElse((): Lines => []))
          ),
        append: (sessionId, lines) => {
          const write = fs.writeFileString(fileOf(sessionId), joined(lines), { flag: "a", mode: 0o600 })
          return Effect.catchIf(
            write,
            (error) => error._tag === "SystemError" && error.reason === "NotFound",
            (error) => Effect.zipRight(Effect.try({ try: () => Disk.makeFolder(folder), catch: () => error }), write)
          ).pipe(Effect.when(() => isFileOrNone(fileOf(sessionId))), Effect.asVoid)
        },
        sync: (sessionId) =>
          Effect.sync(() => {
            Disk.syncFile(fileOf(sessionId))
            Disk.syncAbove(fileOf(sessionId))
          }),
        sessions: Effect.map(entries, (all) => all.sort((a, b) => b.time - a.time).map(({ name }) => name)),
        deleteBefore: (time) =>
          Effect.flatMap(entries, (all) =>
            Effect.forEach(
              all.filter((entry) => entry.time < time),
              ({ name }) => fs.remove(path.join(folder, name)),
              { discard: true }
            )),
        forgetWords: (ids) =>
          orNothing<ReadonlyArray<string>>([])(fs.readDirectory(folder)).pipe(
            Effect.flatMap(Effect.forEach(
              (name) =>
                Effect.catchAll(
                  Effect.try(() => overwriteWords(path.join(folder, name), ids)),
                  ({ error }) => warnOfWords(name, String(error))
                ),
              { discard: true }
            )),
            Effect.catchAll(({ message }) => warnOfWords(folder, message))
          )
      })
    })
  )

/** Each build has records of its own, which end with the process. */
export const layerInMemory = Layer.sync(SessionRecords, inMemory)
