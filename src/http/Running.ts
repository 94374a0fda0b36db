/**
 * Makes the server of a memory known to other processes, in <home>/run/http.json.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { readFileSync, rmSync, statSync } from "node:fs"
import { hostname, uptime } from "node:os"
import { join } from "node:path"
import { makeFolder, replaceFile } from "../resources/Disk.ts"
import * as ProcessStart from "../resources/monitor/ProcessStart.ts"

const Running = Schema.Struct({
  /** Folder of the memory: a copy of it has this file too. */
  home: Schema.String,
  /** Address of the server, as `URL.origin` writes it; for a socket of the file system, its path. */
  url: Schema.String,
  isSocket: Schema.Boolean,
  host: Schema.String,
  pid: Schema.Int,
  processStart: Schema.NullOr(Schema.String)
})
export type Running = typeof Running.Type

const decode = Schema.decodeUnknownOption(Schema.parseJson(Running))

const fileOf = (home: string) => join(home, "run", "http.json")

/** Most by which the clocks of a file system and of the machine's start differ, in milliseconds. */
const CLOCKS_DIFFER_MS = 60_000

/**
 * Tests for a file that seems to be from before the machine's start. A clock that was wrong at the start, or a machine that was paused,
 * makes it err.
 */
const isLeftOver = (file: string, now: number): boolean =>
  (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0) < now - uptime() * 1_000 - CLOCKS_DIFFER_MS

const read = (home: string): Option.Option<Running> => {
  try {
    return decode(readFileSync(fileOf(home), "utf8"))
  } catch {
    return Option.none()
  }
}

/** Returns the server that runs over this memory on this machine, if one does. */
export const find = (home: string): Effect.Effect<Option.Option<Running>> =>
  Effect.map(Clock.currentTimeMillis, (now) =>
    Option.filter(read(home), ({ host, pid, processStart, ...running }) => {
      if (host !== hostname() || running.home !== home) return false
      const state = ProcessStart.stateOf(pid, processStart)
      // The start of a process tells it from one before the machine's start; without it, only the file's time does.
      return state === "unknown" ? !isLeftOver(fileOf(home), now) : state === "running"
    }))

/** Publishes the server of this process until the scope closes. */
export const publish = (home: string, server: Pick<Running, "isSocket" | "url">) =>
  Effect.gen(function*() {
    const pid = process.pid
    yield* Effect.sync(() => {
      makeFolder(join(home, "run"))
      const running: Running = { ...server, home, host: hostname(), pid, processStart: ProcessStart.of(pid) }
      replaceFile(fileOf(home), JSON.stringify(running))
    })
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        // Another may have taken its place.
        if (Option.exists(read(home), (running) => running.pid === pid)) rmSync(fileOf(home), { force: true })
      })
    )
  })
