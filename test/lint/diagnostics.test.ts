import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll } from "vitest"
import { root } from "../data.ts"
import { run } from "../e2e/program.ts"

/** Code that must trigger each diagnostic that CI relies on. */
const source = `
import { Option } from "effect" // importFromBarrel
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"

export class A extends Context.Tag("A")<A, { readonly get: Effect.Effect<number> }>() {}
export class B extends Context.Tag("B")<B, { readonly get: Effect.Effect<string> }>() {}
export class Leaky extends Context.Tag("Leaky")<Leaky, { // leakingRequirements
  readonly one: Effect.Effect<number, never, A>
  readonly two: () => Effect.Effect<number, never, A>
}>() {}
declare const scoped: Effect.Effect<{ get: Effect.Effect<number> }, never, Scope.Scope>
const layerA = Layer.effect(A, scoped) // scopeInLayerEffect
const layerB = Layer.effect(B, Effect.map(A, () => ({ get: Effect.succeed("") })))
export const both = Layer.mergeAll(layerA, layerB) // layerMergeAllWithDependencies
export const provided = Effect.zip(A, B).pipe(Effect.provide(layerB), Effect.provide(layerA)) // multipleEffectProvide
export const failure = Effect.fail(new Error("x")) // globalErrorInEffectFailure
export const outside = () => [console, Date.now(), process.env.X, fetch("x")] // globalDate processEnv globalFetch
export const inside = Effect.gen(function*() {
  Effect.log("x") // floatingEffect
  Effect.runSync(Effect.void) // runEffectInsideEffect
  console.log(Date.now(), process.env.X) // globalConsoleInEffect globalDateInEffect processEnvInEffect
  yield* Effect.fail("x") // missingReturnYieldStar
  return Option.none()
})
`

/** Declarations that tsconfig.json names. */
const declarations = join("src", "domain", "opencc-js.d.ts")

const folder = realpathSync(mkdtempSync(join(tmpdir(), "claude-memory-diagnostics-")))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it.live(
  "the Effect language service sees what it should, with the settings of tsconfig.json",
  () =>
    Effect.gen(function*() {
      symlinkSync(join(root, "node_modules"), join(folder, "node_modules"))
      copyFileSync(join(root, "tsconfig.json"), join(folder, "tsconfig.json"))
      writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }))
      mkdirSync(join(folder, "src", "domain"), { recursive: true })
      copyFileSync(join(root, declarations), join(folder, declarations))
      writeFileSync(join(folder, "src", "program.ts"), source)
      const { code, stdout } = yield* run(
        [join(root, "scripts", "diagnostics.mjs"), "tsconfig.json"],
        { home: folder, cwd: folder, killAfterMs: 240_000 }
      )
      assert.strictEqual(code, 2, stdout)
      const found = [...stdout.matchAll(/\((\d+),\d+\): error TS\d+: [^]*? effect\((\w+)\)$/gm)].map(([, line, name]) =>
        `${line} ${name}`
      )
      const expected = source.split("\n").flatMap((line, n) =>
        (line.split("// ")[1]?.split(" ") ?? []).map((name) => `${n + 1} ${name}`)
      )
      assert.deepStrictEqual(expected.filter((each) => !found.includes(each)), [], stdout)
    }),
  240_000
)
