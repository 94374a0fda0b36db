/**
 * Selects the sessions that a language model reviews.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { inBothScripts } from "../domain/ChineseScripts.ts"
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import type { SegmentContext } from "../store/MemoryStore.ts"
import { Compressor, Reviewer } from "./Compressor.ts"

/**
 * `hybrid`: sessions with a decision, an error or words of a larger change; `abstractive`: all; `manual`: on request.
 */
export type ReviewMode = "hybrid" | "abstractive" | "manual"

/** The Chinese terms mean: refactoring, architectural decision, system rewrite. */
const TRIGGERS = inBothScripts(
  /重构|架构决定|系统重写|\brefactor(?:s|ed|ing)?\b|\barchitect(?:ure|ural) decisions?\b/i
)

const hasTrigger = ({ segment }: SegmentContext): boolean =>
  segment.messages.some(({ blocks }) => blocks.some(({ kind, text }) => kind === "text" && TRIGGERS.test(text)))

/** Always false for `manual`: then only sessions that a person names are reviewed. */
export const isWanted = (mode: ReviewMode) => (context: SegmentContext, units: ReadonlyArray<MemoryUnit>): boolean =>
  mode === "abstractive" ||
  (mode === "hybrid" && (units.some(({ type }) => type === "decision" || type === "error_log") || hasTrigger(context)))

/** Reviews with the `Compressor` in the layer's context. */
export const layer = (mode: ReviewMode) =>
  Layer.effect(Reviewer, Effect.map(Compressor, (compressor) => Option.some({ compressor, isWanted: isWanted(mode) })))
