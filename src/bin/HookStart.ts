/**
 * Runs the hook of a session's start as HookLocal.ts runs all, and reads what is not remembered yet, by parts of the
 * program that no prompt needs. It is a bundle of its own, since Claude Code waits while it loads.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import { Exclude } from "../capture/Exclude.ts"
import type { Stdin } from "../hook/Input.ts"
import { Tails } from "../hook/Tails.ts"
import * as HookLocal from "./HookLocal.ts"
import * as HookProgram from "./HookProgram.ts"

export const { coversSettings } = HookLocal

const exclude = Layer.unwrapEffect(Effect.map(
  Effect.promise(() => HookLocal.settings),
  Either.match({ onLeft: () => Layer.empty, onRight: ({ exclude }) => Layer.succeed(Exclude, exclude) })
))

const tails = Tails.layer(() =>
  Promise.all([import("../hook/TailReader.ts"), import("../compress/extractive/Extractive.ts")]).then(
    ([{ read }, { layer }]) => (request) => Effect.provide(read(request), layer)
  )
)

export const run = (started: number, stdin: Stdin): void =>
  HookProgram.run(started, stdin, Layer.provideMerge(Layer.provide(tails, exclude), HookLocal.services))
