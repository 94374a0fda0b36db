/**
 * What is open in this process and beside it, and what of it was not there before.
 */
import * as Effect from "effect/Effect"
import { readdirSync } from "node:fs"
import * as LeakProbe from "../../src/resources/monitor/LeakProbe.ts"

/** Counts; all of this process but what the servers have of their clients, `serverSockets` and `serverRequests`. */
export type World = Readonly<Record<string, number>>

const listeners = (emitter: NodeJS.EventEmitter) =>
  emitter.eventNames().reduce((sum, name) => sum + emitter.listenerCount(name), 0)

/** A server in this process, whose clients are looked at. */
export interface Served {
  readonly seen: { readonly open: ReadonlySet<unknown>; readonly running: number }
}

/** `folder` is where temporary files go. */
export const read = (folder: string, servers: ReadonlyArray<Served>): Effect.Effect<World> =>
  Effect.map(LeakProbe.read, ({ children, fds, ...others }) => ({
    ...others,
    fds: fds ?? 0,
    children: children ?? 0,
    listeners: listeners(process) + listeners(process.stdout) + listeners(process.stderr) + listeners(process.stdin),
    temporaryFiles: readdirSync(folder).length,
    serverSockets: servers.reduce((sum, { seen }) => sum + seen.open.size, 0),
    serverRequests: servers.reduce((sum, { seen }) => sum + seen.running, 0)
  }))

/** What closes has this long to be gone for the operating system, and for those at the other end. */
const SETTLES_WITHIN_MS = 1_000
const STEP_MS = 5

/** In words what there is more of than before, when it has stayed that way for as long as things take to settle. */
export const beyond = (
  before: World,
  now: Effect.Effect<World>
): Effect.Effect<ReadonlyArray<string>> =>
  Effect.gen(function*() {
    for (let waited = 0;; waited += STEP_MS) {
      const after = yield* now
      const more = Object.keys(before).filter((kind) => after[kind]! > before[kind]!)
      if (more.length === 0) return []
      if (waited >= SETTLES_WITHIN_MS) {
        return more.map((kind) => `${kind}: ${before[kind]} before, ${after[kind]} after`)
      }
      yield* Effect.sleep(STEP_MS)
    }
  })
