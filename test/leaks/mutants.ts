/**
 * Tests the gate: leaks are put into the sources, and the gate must find each. In full form the linter and the compiler
 * check them as well.
 */
import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Plugin } from "esbuild"
import { readFileSync } from "node:fs"
import { bundle, cache, root } from "../../scripts/bundle.mjs"
import { byLint, byTypes, copy } from "./checks.ts"
import { type Ground, numbered } from "./Ground.ts"
import { applied, type Variant, variants } from "./variants.ts"

export interface Mutant {
  readonly name: string
  /** First failure of the gate; null when it found nothing. */
  readonly gate: string | null
  /** First complaints of linter and compiler; undefined when they were not run. */
  readonly lint?: string | null
  readonly types?: string | null
}

const CONCURRENCY = 3
const ENDS_WITHIN = "5 minutes"

/** The parts that run in one process, the quickest first. */
const PARTS = ["calls", "races", "acquisitions"]
const argumentsFor = (
  parts: ReadonlyArray<string>
) => ["--bail", "--json", ...parts.flatMap((part) => ["--part", part])]

const Answer = Schema.parseJson(Schema.Struct({ ok: Schema.Boolean, failures: Schema.Array(Schema.String) }))

const mutated = (variant: Variant): Plugin => ({
  name: "mutated",
  setup: ({ onLoad }) =>
    onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const text = applied(variant, path.slice(root.length + 1), readFileSync(path, "utf8"))
      return text === undefined ? undefined : { contents: text, loader: "ts" }
    })
})

/** First failure of the gate over the variant's sources. An end without an answer does not count as a failure found. */
const byGate = (variant: Variant, parts: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    yield* fs.makeDirectory(cache, { recursive: true })
    const outfile = path.join(
      yield* fs.makeTempDirectoryScoped({ directory: cache, prefix: "claude-memory-mutant-" }),
      "leaks.mjs"
    )
    yield* Effect.tryPromise(() =>
      bundle({ entry: path.join(root, "test", "leaks", "main.ts"), outfile, plugins: [mutated(variant)] })
    )
    const { failures } = yield* Command.make(process.execPath, outfile, ...argumentsFor(parts)).pipe(
      Command.string,
      Effect.timeout(ENDS_WITHIN),
      Effect.flatMap(Schema.decode(Answer))
    )
    return failures[0] ?? null
  }).pipe(Effect.scoped)

const found = (ground: Ground) => (variant: Variant) =>
  Effect.gen(function*() {
    const gate = yield* byGate(variant, ground.isQuick ? [variant.part ?? "calls"] : PARTS)
    if (ground.isQuick) return { name: variant.name, gate } satisfies Mutant
    const folder = yield* copy(variant)
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
export const mutants = (ground: Ground, only: Option.Option<string>) =>
  Effect.gen(function*() {
    const some = variants.filter(({ name }) =>
      Option.match(only, { onNone: () => true, onSome: (part) => name.includes(part) })
    )
    const asked = ground.isQuick ? some : [none, ...some]
    let ended = 0
    const all = yield* Effect.forEach(
      asked,
      (variant) =>
        Effect.tap(
          found(ground)(variant),
          () => Effect.suspend(() => ground.progress(`mutant ${numbered(ended++, asked.length)}`))
        ),
      { concurrency: CONCURRENCY }
    )
    for (const { gate, lint, name, types } of all) {
      const said = [gate, lint, types].filter((each) => typeof each === "string")
      if (name === none.name && said.length > 0) yield* ground.failed(`${name}, and yet: ${said.join("; ")}`)
      if (name !== none.name && said.length === 0) yield* ground.failed(`not found: ${name}`)
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
