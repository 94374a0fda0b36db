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
import * as Schema from "effect/Schema"
import { idOf } from "../domain/Ids.ts"

/** One injection, as it was sent to Claude Code. */
export const Sent = Schema.Struct({
  /** Milliseconds since the epoch. */
  at: Schema.Number,
  event: Schema.Literal("SessionStart", "UserPromptSubmit"),
  /** Bytes that the session's transcript had: what arrives of the injection is written after these. */
  offset: Schema.Number,
  tokens: Schema.Number,
  /** Ids of the units in the text, and of those that it only points to. */
  ids: Schema.Array(Schema.String),
  pointed: Schema.Array(Schema.String),
  /** True for what earlier sessions left. */
  isOpening: Schema.Boolean,
  /** Words of the prompt that stand together in a memory. */
  words: Schema.Array(Schema.String)
})
export type Sent = typeof Sent.Type

/** An injection is pending until the transcript shows that Claude got it, or that Claude answered without it. */
export interface Injection extends Sent {
  readonly state: "pending" | "arrived" | "late"
}

export interface SessionRecord {
  /** All injections, oldest first. */
  readonly injections: ReadonlyArray<Injection>
  /** Ids of the injected units that are in the session's context: those that came too late are not. */
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

type Inherited = Pick<SessionRecord, "ids" | "isOpened" | "pointed">

interface Records {
  readonly get: (sessionId: string) => Effect.Effect<SessionRecord, PlatformError>
  readonly add: (sessionId: string, sent: Sent) => Effect.Effect<void, PlatformError>
  /** Records whether the injection of this time arrived. */
  readonly settle: (sessionId: string, at: number, hasArrived: boolean) => Effect.Effect<void, PlatformError>
  /** Takes over what a parent's context holds. */
  readonly inherit: (sessionId: string, parent: Inherited) => Effect.Effect<void, PlatformError>
  /** Forgets the session's units: compaction removed them from its context at this time. */
  readonly reset: (sessionId: string, time: number) => Effect.Effect<void, PlatformError>
  readonly mute: (sessionId: string, isMuted: boolean) => Effect.Effect<void, PlatformError>
  /** Ids of the sessions that have a record, the newest entry first. */
  readonly sessions: Effect.Effect<ReadonlyArray<string>, PlatformError>
  /** Deletes the records without an entry since this time, in milliseconds since the epoch. */
  readonly deleteBefore: (time: number) => Effect.Effect<void, PlatformError>
}

/**
 * Begin the lines of an injection (JSON follows), of one that arrived or came too late (its time follows), of a
 * compaction, and of a unit that an inherited pointer names. Other lines are words, or ids of inherited units.
 */
const SENT = "{"
const ARRIVED = "+"
const LATE = "x"
const RESET = "-"
const POINTED = "?"
const OPENED = "open"
const MUTED = "off"
const UNMUTED = "on"

/** Longest part of a record that is read, from its end: some hundred injections. */
const MAX_BYTES = 128 * 1024

const decode = Schema.decodeOption(Schema.parseJson(Sent))
const encode = Schema.encodeSync(Schema.parseJson(Sent))

const read = (lines: ReadonlyArray<string>): SessionRecord => {
  let injections: ReadonlyArray<Injection> = []
  let beforeContext = 0
  const inherited = { ids: new Set<string>(), pointed: new Set<string>(), isOpened: false }
  let compactedAt = 0
  let isMuted = false
  for (const line of lines) {
    const rest = line.slice(1)
    if (line === MUTED || line === UNMUTED) isMuted = line === MUTED
    else if (line === OPENED) inherited.isOpened = true
    else if (line.startsWith(SENT)) {
      const sent = decode(line)
      if (Option.isSome(sent)) injections = [...injections, { ...sent.value, state: "pending" }]
    } else if (line.startsWith(ARRIVED) || line.startsWith(LATE)) {
      const state = line.startsWith(ARRIVED) ? "arrived" : "late"
      injections = injections.map((each) =>
        each.at === Number(rest) && each.state === "pending" ? { ...each, state } : each
      )
    } else if (line.startsWith(RESET)) {
      inherited.ids.clear()
      inherited.pointed.clear()
      inherited.isOpened = false
      compactedAt = Number(rest) || 0
      beforeContext = injections.length
    } else if (line.startsWith(POINTED)) inherited.pointed.add(rest)
    else if (line !== "") inherited.ids.add(line)
  }
  const inContext = injections.slice(beforeContext).filter(({ state }) => state !== "late")
  return {
    injections,
    ids: new Set([...inherited.ids, ...inContext.flatMap(({ ids }) => ids)]),
    pointed: new Set([...inherited.pointed, ...inContext.flatMap(({ pointed }) => pointed)]),
    isOpened: inherited.isOpened || inContext.some(({ isOpening }) => isOpening),
    compactedAt,
    isMuted,
    isNew: lines.length === 0
  }
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
    readonly sessions: Effect.Effect<ReadonlyArray<string>, PlatformError>
    readonly deleteBefore: (time: number) => Effect.Effect<void, PlatformError>
  }
): Records => ({
  ...rest,
  get: (sessionId) => Effect.map(linesOf(sessionId), read),
  add: (sessionId, sent) => append(sessionId, [encode(sent)]),
  settle: (sessionId, at, hasArrived) => append(sessionId, [`${hasArrived ? ARRIVED : LATE}${at}`]),
  inherit: (sessionId, { ids, isOpened, pointed }) => {
    const lines = [...(isOpened ? [OPENED] : []), ...ids, ...[...pointed].map((id) => POINTED + id)]
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
    sessions: Effect.map(
      Ref.get(state),
      (all) => [...all].sort(([, a], [, b]) => b.at - a.at).map(([sessionId]) => sessionId)
    ),
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
        sessions: Effect.map(entries, (all) => all.sort((a, b) => b.time - a.time).map(({ name }) => name)),
        deleteBefore: (time) =>
          Effect.flatMap(entries, (all) =>
            Effect.forEach(
              all.filter((entry) => entry.time < time),
              ({ name }) => fs.remove(path.join(folder, name)),
              { discard: true }
            ))
      })
    })
  )

export const layerInMemory = Layer.sync(SessionRecords, inMemory)
