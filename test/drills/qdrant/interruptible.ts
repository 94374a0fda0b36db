/**
 * A Qdrant server that goes away and comes back.
 */
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import type { QdrantSettings } from "../../../src/settings/Qdrant.ts"
import { BenchError } from "../../script.ts"
import * as Relay from "./relay.ts"
import { configured, environmentOf, removeCollectionsAtEnd, settingsFor, standIn } from "./server.ts"

/** Ways for the server to go away: the stand-in's process by a signal, a foreign server by cutting the relay to it. */
export type Way = "SIGTERM" | "SIGKILL" | "cut"

export interface Interruptible {
  readonly isStandIn: boolean
  readonly ways: ReadonlyArray<Way>
  /** Environment for the program, whose connection can be cut. */
  readonly env: Readonly<Record<string, string>>
  /** Settings for access to the server beside the program. */
  readonly settings: QdrantSettings
  readonly stop: (way: Way) => Effect.Effect<void>
  readonly restore: Effect.Effect<void, BenchError>
}

const overStandIn = (home: string) =>
  Effect.gen(function*() {
    const state = `${home}/qdrant.jsonl`
    const scope = yield* Effect.scope
    const first = yield* standIn({ home, state })
    let program = first.program
    const settings = yield* settingsFor(first.origin)
    const server: Interruptible = {
      isStandIn: true,
      ways: ["SIGTERM", "SIGKILL"],
      env: environmentOf(settings),
      settings,
      stop: (way) => Effect.suspend(() => Effect.zipRight(program.kill(way as NodeJS.Signals), program.ended)),
      restore: standIn({ home, state, port: settings.address.port }).pipe(
        Effect.map((next) => void (program = next.program)),
        Effect.provideService(Scope.Scope, scope)
      )
    }
    return server
  })

const overRelay = (settings: QdrantSettings) =>
  Effect.gen(function*() {
    const { host, https, port, prefix } = settings.address
    if (https) {
      return yield* new BenchError({
        reason: "Input",
        detail: "the way to an https server can't be cut: its certificate is not for the relay; name one by http"
      })
    }
    yield* removeCollectionsAtEnd(settings)
    const relay = yield* Relay.make({ host: host.replace(/^\[|\]$/g, ""), port })
    const server: Interruptible = {
      isStandIn: false,
      ways: ["cut"],
      env: environmentOf(yield* settingsFor(`${relay.origin}${prefix}`, settings)),
      settings,
      stop: () => relay.cut,
      restore: relay.join
    }
    return server
  })

/** The configured server behind a relay, or the stand-in when none is configured. */
export const interruptible = (home: string) =>
  Effect.flatMap(configured, (settings) => settings === undefined ? overStandIn(home) : overRelay(settings))
