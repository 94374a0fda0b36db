/**
 * Kills a process (SIGKILL) in the phase that a plan names: stops it first, so that what it does can be told from outside.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Target } from "./actors.ts"
import { holds, type Memory } from "./memory.ts"
import type { Kill, Phase } from "./plan.ts"
import { isStopped } from "./processes.ts"

export interface Killed {
  readonly phase: Phase
  /** A write was under way. */
  readonly isWriting: boolean
}

/** Longest time for which any write is waited for when the operations of the round have ended. */
const PATIENCE_MS = 1_000
/** Most times that a process is stopped and found not to write any more. */
const ATTEMPTS = 200

/** Tells whether a process has claimed work: it compresses or indexes. */
const hasClaims = (pid: number, { rows }: Memory) =>
  rows(`SELECT 1 FROM work WHERE ${holds("owner", `:${pid}:`)} LIMIT 1`).pipe(
    Effect.map(({ length }) => length > 0),
    // There is no database yet.
    Effect.orElseSucceed(() => false)
  )

/** The phase of a process at this moment. */
const phaseOf = ({ operation, pid }: Target, isWriting: boolean, memory: Memory) =>
  Effect.gen(function*() {
    const kind = operation()?.kind
    if (kind !== undefined && kind !== "import" && kind !== "search") return kind
    if (yield* hasClaims(pid, memory)) return "compress"
    return kind === "import" ? kind : isWriting ? "capture" : "idle"
  })

export interface Hunt {
  /** Whom the kill is for. */
  readonly wanted: () => ReadonlyArray<Target>
  /** Who else may be killed, in a write, when these or the operations of the round have ended before. */
  readonly others: () => ReadonlyArray<Target>
  readonly areOver: () => boolean
}

/** Waits for the moment and kills. Returns nothing when every process has ended before. */
export const kill = (
  { afterMs, isAimed, phase }: Kill,
  { areOver, others, wanted }: Hunt,
  memory: Memory
): Effect.Effect<Killed | undefined> =>
  Effect.gen(function*() {
    const running = (targets: ReadonlyArray<Target>) => targets.filter(({ hasEnded }) => !hasEnded())
    let lateSince: number | undefined
    const isLate = () => {
      if (running(wanted()).length === 0 || areOver()) lateSince ??= performance.now()
      return lateSince !== undefined
    }
    const living = () => isLate() ? running([...wanted(), ...others()]) : running(wanted())
    const isThere = (target: Target) =>
      Effect.gen(function*() {
        const isWriting = yield* memory.isWriting(target.pid)
        return isWriting && (isLate() || (yield* phaseOf(target, isWriting, memory)) === phase)
      })
    const found = Effect.suspend(() => Effect.findFirst(living(), isThere))
    const isWaiting = () => living().length > 0 && performance.now() - (lateSince ?? Infinity) < PATIENCE_MS
    const next = Effect.sleep("1 millis")
    const end = (target: Target) =>
      Effect.gen(function*() {
        const isWriting = yield* memory.isWriting(target.pid)
        const killed: Killed = { phase: yield* phaseOf(target, isWriting, memory), isWriting }
        yield* target.kill("SIGKILL")
        while (!target.hasEnded()) yield* next
        return killed
      })
    if (isAimed) { while (isWaiting() && Option.isNone(yield* found)) yield* next }
    yield* Effect.sleep(isAimed ? afterMs * memory.pace : afterMs)
    for (let attempt = 0; isAimed && attempt < ATTEMPTS && isWaiting(); yield* next) {
      const writer = yield* found
      if (Option.isNone(writer)) continue
      const target = writer.value
      attempt++
      yield* target.kill("SIGSTOP")
      while (!isStopped(target.pid)) yield* Effect.yieldNow()
      if (yield* isThere(target)) return yield* end(target)
      yield* target.kill("SIGCONT")
    }
    const [target] = living()
    if (target === undefined) return undefined
    yield* target.kill("SIGSTOP")
    while (!isStopped(target.pid)) yield* Effect.yieldNow()
    return yield* end(target)
  })
