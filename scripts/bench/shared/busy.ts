/**
 * Other people's work on the machine that is measured.
 */
import * as Effect from "effect/Effect"
import { integer, startNode } from "../../../test/script.ts"

export const load = integer("load", 0, "Busy processes beside it")

/** Has so many processes work until the scope closes. */
export const busy = (load: number) =>
  Effect.forEach(Array.from({ length: load }), () => startNode(["--eval", "for (;;);"], { stdio: "ignore" }))
