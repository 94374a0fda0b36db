/**
 * Work that goes on beside the answers of a server that all sessions share.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Owner from "../resources/Owner.ts"
import type { Failure } from "./Serving.ts"
import * as Supervised from "./Supervised.ts"

export interface Task {
  readonly name: string
  readonly run: Effect.Effect<unknown, Failure>
}

/** A reference whose default does nothing beside. */
export class Background extends Context.Reference<Background>()("claude-memory/mcp/Background", {
  defaultValue: (): { readonly states: Effect.Effect<ReadonlyArray<Supervised.State>> } => ({
    states: Effect.succeed([])
  })
}) {
  /** Runs the task until the layer's scope closes; one that fails is started again. */
  static readonly layer = <E, R>(task: Effect.Effect<Task, E, R>) =>
    Owner.layer(
      this,
      Effect.gen(function*() {
        const { name, run } = yield* task
        const supervised = yield* Supervised.make(name, run)
        yield* Effect.forkScoped(supervised.run)
        return { states: Effect.map(supervised.state, (state) => [state]) }
      })
    )
}
