/**
 * Tests the gate: leaks are put into the sources, and the gate must find each. In full form the linter and the compiler
 * check them as well.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { byGate, byLint, byTypes, copy } from "./checks.ts"
import { type GateContext, numbered } from "./GateContext.ts"
import { type Variant, variants } from "./variants.ts"

export interface Mutant {
  readonly name: string
  /** First failure of the gate; null when it found nothing. */
  readonly gate: string | null
  /** First complaints of linter and compiler; undefined when they were not run. */
  readonly lint?: string | null
  readonly types?: string | null
}

const CONCURRENCY = 3

/** The parts that run in one process, the quickest first. */
const PARTS = ["calls", "races", "acquisitions"]

const found = (context: GateContext) => (variant: Variant) =>
  Effect.gen(function*() {
    const folder = yield* copy(variant)
    const gate = yield* byGate(folder, context.isQuick ? [variant.part ?? "calls"] : PARTS)
    if (context.isQuick) return { name: variant.name, gate } satisfies Mutant
    const files = variant.edits.length === 0 ? ["src"] : variant.edits.map(({ file }) => file)
    return {
      name: variant.name,
      gate,
      lint: yield* byLint(folder, files),
      types: yield* byTypes(folder, files)
    } satisfies Mutant
  }).pipe(Effect.scoped)

/** The sources without a leak: here nothing may be found, or findings in variants mean nothing. */
const none: Variant = { name: "no leak", edits: [] }

/** `only`: part of the names of the variants to run. */
export const mutants = (context: GateContext, only: Option.Option<string>) =>
  Effect.gen(function*() {
    const some = variants.filter(({ name }) =>
      Option.match(only, { onNone: () => true, onSome: (part) => name.includes(part) })
    )
    const asked = context.isQuick ? some : [none, ...some]
    let ended = 0
    const all = yield* Effect.forEach(
      asked,
      (variant) =>
        Effect.tap(
          found(context)(variant),
          () => Effect.suspend(() => context.progress(`mutant ${numbered(ended++, asked.length)}`))
        ),
      { concurrency: CONCURRENCY }
    )
    for (const { gate, lint, name, types } of all) {
      const findings = [gate, lint, types].filter((each) => typeof each === "string")
      if (name === none.name && findings.length > 0) yield* context.failed(`${name}, and yet: ${findings.join("; ")}`)
      if (name !== none.name && findings.length === 0) yield* context.failed(`not found: ${name}`)
    }
    const leaking = all.filter(({ name }) => name !== none.name)
    return {
      total: leaking.length,
      caught: leaking.filter(({ gate, lint, types }) => [gate, lint, types].some((each) => typeof each === "string"))
        .length,
      byGate: leaking.filter(({ gate }) => gate !== null).length,
      variants: leaking
    }
  }).pipe(Effect.orDie)
