/**
 * Tests the guards: leaks are put into the sources, and each must be found. Those in new modules are for linter and compiler, those
 * in existing ones for that part of the gate that must find them; in full form linter and compiler check these as well.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { byGate, byLint, byTypes, copy, ofModules } from "./checks.ts"
import { contributed } from "./contributed.ts"
import { type GateContext, numbered } from "./GateContext.ts"
import { type Variant, variants } from "./variants.ts"

export interface Mutant {
  readonly name: string
  /** First failure of the gate; null when it found nothing, undefined when it was not run. */
  readonly gate?: string | null
  /** First complaints of linter and compiler; undefined when they were not run. */
  readonly lint?: string | null
  readonly types?: string | null
}

const CONCURRENCY = 3

const BROKEN = /\b(?:Reference|Syntax)Error\b|initdb/

/** Each must be found by its own guard: the finding of another may be by chance. */
const ofContributed = Effect.gen(function*() {
  const found = yield* ofModules(contributed)
  return found.map((each, i): Mutant => {
    const { guard, name } = contributed[i]!
    return { name, [guard]: each[guard] }
  })
})

/** The sources without a leak: here nothing may be found, or findings in variants mean nothing. */
const none: Variant = { name: "no leak", edits: [] }

const found = (context: GateContext) => (variant: Variant) =>
  Effect.gen(function*() {
    const folder = yield* copy(variant)
    const part = variant.part ?? "calls"
    // Fewer repeats of the steady state find the same. Of the other parts the quick form leaves out what might find it.
    const gate = yield* byGate(folder, context.outside, part, context.isQuick && part === "steady")
    if (context.isQuick) return { name: variant.name, gate } satisfies Mutant
    const files = variant === none ? ["src"] : variant.edits.map(({ file }) => file)
    return {
      name: variant.name,
      gate,
      lint: yield* byLint(folder, files),
      types: yield* byTypes(folder, files)
    } satisfies Mutant
  }).pipe(Effect.scoped)

/** `only`: part of the names of the variants to run. */
export const mutants = (context: GateContext, only: Option.Option<string>) =>
  Effect.gen(function*() {
    const some = variants.filter(({ name }, i) =>
      Option.match(only, {
        // In quick form every third, by the seed.
        onNone: () => !context.isQuick || (i + context.seed) % 3 === 0,
        onSome: (part) => name.includes(part)
      })
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
    const modules = Option.isNone(only) ? yield* ofContributed : []
    for (const { gate, lint, name, types } of [...all, ...modules]) {
      const findings = [gate, lint, types].filter((each) => typeof each === "string")
      if (name === none.name && findings.length > 0) yield* context.failed(`${name}, and yet: ${findings.join("; ")}`)
      // A find by an edit that does not run says nothing of the guard.
      if (BROKEN.test(findings.join())) yield* context.failed(`does not run: ${name}: ${findings.join()}`)
      if (name !== none.name && findings.length === 0) yield* context.failed(`not found: ${name}`)
    }
    const leaking = [...all.filter(({ name }) => name !== none.name), ...modules]
    const by = (guard: "gate" | "lint" | "types") => leaking.filter((each) => typeof each[guard] === "string").length
    return {
      total: leaking.length,
      caught: leaking.filter(({ gate, lint, types }) => [gate, lint, types].some((each) => typeof each === "string"))
        .length,
      byGate: by("gate"),
      byLint: by("lint"),
      byTypes: by("types"),
      variants: leaking
    }
  }).pipe(Effect.orDie)
