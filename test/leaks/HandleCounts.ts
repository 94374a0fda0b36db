/**
 * Counts open handles in and beside this process, and compares two counts.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { readdirSync } from "node:fs"
import * as LeakProbe from "../../src/resources/monitor/LeakProbe.ts"
import * as Yardstick from "./Yardstick.ts"

/** Counts of this process's handles; `serverSockets` and `serverRequests` are those of the servers' clients. */
export type HandleCounts = Readonly<Record<string, number>>

const listeners = (emitter: NodeJS.EventEmitter) =>
  emitter.eventNames().reduce((sum, name) => sum + emitter.listenerCount(name), 0)

/** A server in this process that records its clients. */
export interface Served {
  readonly seen: { readonly open: ReadonlySet<unknown>; readonly running: number }
}

/** `folder` is the one for temporary files. */
export const read = (folder: string, servers: ReadonlyArray<Served>): Effect.Effect<HandleCounts> =>
  Effect.map(LeakProbe.read, ({ children, fds, ...others }) => ({
    ...others,
    fds: fds ?? 0,
    children: children ?? 0,
    listeners: listeners(process) + listeners(process.stdout) + listeners(process.stderr) + listeners(process.stdin),
    temporaryFiles: readdirSync(folder).length,
    serverSockets: servers.reduce((sum, { seen }) => sum + seen.open.size, 0),
    serverRequests: servers.reduce((sum, { seen }) => sum + seen.running, 0)
  }))

/** Counts all fibers that live, whoever started them. */
export const liveFibers: Effect.Effect<number> = Effect.map(Fiber.roots, (roots) => {
  const count = (fiber: Fiber.RuntimeFiber<unknown, unknown>): number =>
    [...(fiber as unknown as { readonly _children: Set<typeof fiber> | null })._children ?? []].reduce(
      (sum, child) => sum + count(child),
      1
    )
  return [...roots].reduce((sum, fiber) => sum + count(fiber), 0)
})

/** Closed handles must be gone within this time, for the operating system and at the other end. */
const SETTLES_WITHIN_MS = 1_000
const STEP_MS = 5

/** Describes what there is more of than before, if that stays so until things have settled, within so many milliseconds. */
export const increases = (
  before: HandleCounts,
  now: Effect.Effect<HandleCounts>,
  withinMs = SETTLES_WITHIN_MS
): Effect.Effect<ReadonlyArray<string>> =>
  Effect.gen(function*() {
    const since = performance.now()
    while (true) {
      const after = yield* now
      const more = Object.keys(before).filter((kind) => after[kind]! > before[kind]!)
      if (more.length === 0) return []
      if (yield* Yardstick.isOver(since, withinMs)) {
        return more.map((kind) => `${kind}: ${before[kind]} before, ${after[kind]} after`)
      }
      yield* Effect.sleep(STEP_MS)
    }
  })
