/**
 * Compression by a language model: the light model first, the heavy one where the light one's units are not good
 * enough, and extracted units for all that neither covers. A message that has a unit by extraction never ends up
 * without one.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Message } from "../../domain/Conversation.ts"
import { evidence, MAX_EVIDENCE, type MemoryUnit } from "../../domain/MemoryUnit.ts"
import { type ModelError, ModelManager } from "../../models/ModelManager.ts"
import type { SegmentContext, SessionOutline } from "../../store/MemoryStore.ts"
import { CompressionError, Compressor } from "../Compressor.ts"
import { contentOf, type Draft, type Excerpt, fitsUnit } from "../Draft.ts"
import { extract, extractArchive, inOrder, segmentUnit, sessionUnit } from "../extractive/Extractive.ts"
import { judge, type Origin, originOf, THRESHOLDS } from "./Quality.ts"
import { type Line, linesOf, WINDOW_TOKENS, windowsOf } from "./Transcribed.ts"
import { SEGMENT_TASK, SESSION_TASK, write, type WrittenUnit } from "./Writing.ts"

/** A written unit above its type's quality threshold, with its score. */
interface Accepted {
  readonly draft: Draft
  readonly also: ReadonlyArray<string>
  readonly score: number
}

interface Judged {
  readonly good: ReadonlyArray<Accepted>
  /** Number of units below their threshold. */
  readonly bad: number
}

const NOTHING: Judged = { good: [], bad: 0 }

const textOf = ({ blocks }: Message) => blocks.map(({ text }) => text).join("\n")
const dialogueOf = ({ blocks }: Message) =>
  blocks.filter(({ kind }) => kind === "text").map(({ text }) => text).join("\n")

/** Returns the leading excerpts that fit into one unit. */
const fittingPrefix = (excerpts: ReadonlyArray<Excerpt>): ReadonlyArray<Excerpt> =>
  excerpts.filter((_, i) => fitsUnit(contentOf(excerpts.slice(0, i + 1)).content))

const accepted = (
  written: WrittenUnit,
  index: number,
  lines: ReadonlyMap<string, Line>,
  order: ReadonlyMap<Message, number>,
  origin: Origin
): Accepted | undefined => {
  const cited = written.statements.flatMap(({ sources, text }) => {
    const messages = sources.flatMap((ref) => lines.get(ref.replace(/[[\]\s]/g, ""))?.message ?? [])
    return messages.length === 0 || text.trim() === "" ? [] : [{ text: text.trim(), messages }]
  })
  // A statement without text or known sources discards the whole unit: judging the rest alone would hide it.
  if (cited.length === 0 || cited.length < written.statements.length) return undefined
  const { score } = judge(
    { ...written, statements: cited.map(({ messages, text }) => ({ text, from: messages.map(({ role }) => role) })) },
    origin
  )
  if (score < THRESHOLDS[written.type]) return undefined
  const excerpts = fittingPrefix(cited.map(({ messages, text }): Excerpt => ({
    message: messages[0]!,
    kind: "text",
    label: "",
    text
  })))
  const first = new Set(excerpts.map(({ message }) => message.uuid))
  if (excerpts.length < cited.length || first.size > MAX_EVIDENCE) return undefined
  return {
    draft: {
      type: written.type,
      title: written.title,
      summary: written.summary,
      excerpts,
      at: Math.min(...excerpts.map(({ message }) => order.get(message) ?? 0)),
      slot: `written ${index}`
    },
    also: [...new Set(cited.flatMap(({ messages }) => messages.map(({ uuid }) => uuid)))].filter((uuid) =>
      !first.has(uuid)
    )
      .slice(0, MAX_EVIDENCE - first.size),
    score
  }
}

/** Types whose exact words matter: such an extracted unit gives way only to a written unit of the same type. */
const LITERAL: ReadonlySet<MemoryUnit["type"]> = new Set(["code_snippet", "error_log"])

/** Returns the written units, and the extracted ones whose messages the written units do not cover. */
const merged = (
  written: ReadonlyArray<MemoryUnit>,
  extracted: ReadonlyArray<MemoryUnit>
): ReadonlyArray<MemoryUnit> => {
  const covered = new Set(written.flatMap(evidence))
  const isCovered = (unit: MemoryUnit) =>
    LITERAL.has(unit.type)
      ? written.some((other) =>
        other.type === unit.type && evidence(other).some((uuid) => evidence(unit).includes(uuid))
      )
      : evidence(unit).every((uuid) => covered.has(uuid))
  return inOrder([...written, ...extracted.filter((unit) => !isCovered(unit))])
}

/**
 * Returns a stand-in for the first message that a unit cites: the outline holds neither the message nor its speaker.
 */
const citedBy = (unit: MemoryUnit): Message => ({
  uuid: evidence(unit)[0]!,
  parentUuid: null,
  sessionId: unit.sessionId,
  thread: "main",
  role: "system",
  blocks: [],
  isPrompt: false,
  isSummary: false,
  occurredAt: unit.occurredAt
})

/** Reasons for which no model has looked at what is to be compressed. */
const POSTPONING: ReadonlySet<ModelError["reason"]> = new Set(["Budget", "Rejected", "Unreachable"])

const make = Effect.gen(function*() {
  const models = yield* ModelManager

  /** Returns one model's judged units; none when the model refuses, answers in the wrong form, or is not set. */
  const judgedBy = (tier: "light" | "heavy", task: string, lines: ReadonlyArray<Line>, origin: Origin) =>
    Effect.map(write(models, tier, task, lines), (units): Judged => {
      const byRef = new Map(lines.map((line) => [line.ref, line]))
      const order = new Map(lines.map(({ message }, i) => [message, i]))
      const good = units.flatMap((unit, i) => accepted(unit, i, byRef, order, origin) ?? [])
      return { good, bad: units.length - good.length }
    }).pipe(Effect.catchIf(
      ({ reason }) => reason === "Refused" || reason === "Damaged" || reason === "Missing",
      () => Effect.succeed(NOTHING)
    ))

  /** Warnings about the heavy model that were logged already: each one is logged once. */
  const logged = new Set<string>()
  const logOnce = ({ message }: ModelError) =>
    Effect.suspend(() => {
      if (logged.has(message)) return Effect.succeed(NOTHING)
      logged.add(message)
      return Effect.as(Effect.logWarning(`${message}; what it would have written better stays as it is`), NOTHING)
    })

  /**
   * Returns the light model's units if all of them are good, else the heavy model's good ones if there are any, else
   * the light model's good ones. A heavy model that fails is not retried.
   */
  const written = (task: string, lines: ReadonlyArray<Line>, origin: Origin) =>
    Effect.gen(function*() {
      const light = yield* judgedBy("light", task, lines, origin)
      if (light.good.length > 0 && light.bad === 0) return light.good
      const heavy = yield* Effect.catchAll(judgedBy("heavy", task, lines, origin), logOnce)
      return heavy.good.length > 0 ? heavy.good : light.good
    })

  const unitOf = (unit: MemoryUnit, { also, score }: Accepted): MemoryUnit => ({ ...unit, also, quality: score })

  const compress = (context: SegmentContext) =>
    Effect.gen(function*() {
      const now = yield* Clock.currentTimeMillis
      const extracted = extract(context, now)
      const { before, segment, session } = context
      const [earlier, own] = [linesOf(before, "b"), linesOf(segment.messages, "m")]
      // Only text that the models were shown may support a statement.
      const origin = originOf(
        [...[...earlier, ...own].map(({ text }) => text), session.title ?? "", session.cwd, session.branch ?? ""].join(
          "\n\n"
        ),
        segment.messages.map(dialogueOf).join("\n")
      )
      const made: Array<Accepted> = []
      for (const window of windowsOf(own)) {
        const lines = [...windowsOf(earlier, WINDOW_TOKENS / 10)[0] ?? [], ...window]
        for (const one of yield* written(SEGMENT_TASK, lines, origin)) {
          if (one.draft.type !== "archive") {
            made.push({ ...one, draft: { ...one.draft, slot: `written ${made.length}` } })
          }
        }
      }
      return merged(made.map((one) => unitOf(segmentUnit(context, now, one.draft), one)), extracted)
    })

  /** Condenses lines, window by window, until they fit one window; after `rounds` times, keeps the first window. */
  const condensed = (
    lines: ReadonlyArray<Line>,
    origin: Origin,
    rounds = 3
  ): Effect.Effect<ReadonlyArray<Line>, ModelError> =>
    Effect.gen(function*() {
      const windows = windowsOf(lines)
      if (windows.length <= 1 || rounds === 0) return windows[0] ?? []
      const shorter: Array<Line> = []
      for (const window of windows) {
        const [one] = yield* written(SESSION_TASK, window, origin)
        const excerpts = one?.draft.excerpts ?? window.slice(0, 2)
        shorter.push(
          ...excerpts.map(({ message, text }, i) => ({ ref: `r${rounds}.${shorter.length + i + 1}`, message, text }))
        )
      }
      return yield* condensed(shorter, origin, rounds - 1)
    })

  const summarize = (outline: SessionOutline) =>
    Effect.gen(function*() {
      const now = yield* Clock.currentTimeMillis
      const extracted = extractArchive(outline, now)
      const { closing, prompts, units } = outline
      // Saved notes are units without evidence: they come from no message.
      const unitLines = units.filter((unit) => evidence(unit).length > 0).map((unit, i): Line => ({
        ref: `u${i + 1}`,
        message: citedBy(unit),
        text: `${unit.type}: ${unit.title}\n${unit.summary}`
      }))
      const lines = [...linesOf(prompts, "p"), ...unitLines, ...linesOf(closing, "c")]
      if (extracted.length === 0 || lines.length === 0) return extracted
      const messages = [...prompts, ...closing]
      const origin = originOf(
        [...messages.map(textOf), ...units.map(({ content, summary, title }) => `${title}\n${summary}\n${content}`)]
          .join("\n\n"),
        messages.map(dialogueOf).join("\n")
      )
      const found = yield* written(SESSION_TASK, yield* condensed(lines, origin), origin)
      const archives = found.filter(({ draft }) => draft.type === "archive").slice(0, 1)
      return archives.length === 0
        ? extracted
        : archives.map((one) => unitOf(sessionUnit(outline, now, one.draft), one))
    })

  const failed = (operation: CompressionError["operation"]) => (cause: ModelError) =>
    new CompressionError({
      reason: POSTPONING.has(cause.reason) ? "Postponed" : "Model",
      operation,
      detail: cause.message,
      cause
    })

  return Compressor.of({
    version: 1,
    compress: Effect.fn("Compressor.compress")((context: SegmentContext) =>
      Effect.mapError(compress(context), failed("compress"))
    ),
    summarize: Effect.fn("Compressor.summarize")((outline: SessionOutline) =>
      Effect.mapError(summarize(outline), failed("summarize"))
    )
  })
})

/**
 * Asks the light and the heavy model of `ModelManager`, several times for a long segment. What they write below the
 * quality of its type is extracted instead.
 */
export const layer = Layer.effect(Compressor, make)
