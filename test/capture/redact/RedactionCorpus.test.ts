/**
 * The corpus in test/fixtures/redaction: redacted in memory, and absent from every byte that an import by the real
 * command line writes or prints.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { redact } from "../../../src/capture/redact/Redactor.ts"
import { oneIn, root, slow } from "../../data.ts"
import { main, run } from "../../e2e/run.ts"
import {
  judgeLookAlikes,
  judgeSecrets,
  lookAlikes,
  makeScan,
  type Plant,
  secrets
} from "../../fixtures/redaction/corpus.ts"

const plants = secrets(root)
const harmless = lookAlikes(root)
/** Selects what is imported: every twentieth, some of each place. In memory everything is judged. */
const isImported = oneIn(20)

const writeTranscripts = (
  folder: string,
  all: ReadonlyArray<{ readonly place: string; readonly lines: ReadonlyArray<string> }>
) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const project = join(folder, "-work-shop")
    yield* fs.makeDirectory(project, { recursive: true })
    for (const [index, place] of [...new Set(all.map(({ place }) => place))].entries()) {
      const lines = all.filter((each) => each.place === place).flatMap(({ lines }) => lines)
      yield* fs.writeFileString(join(project, `place-${index}.jsonl`), lines.map((line) => `${line}\n`).join(""))
    }
  })

/** Imports with the built command line; returns its output and the files in its home. */
const imported = (all: ReadonlyArray<{ readonly place: string; readonly lines: ReadonlyArray<string> }>) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const transcripts = yield* fs.makeTempDirectoryScoped({ prefix: "claude-memory-corpus-" })
    const home = yield* fs.makeTempDirectoryScoped({ prefix: "claude-memory-corpus-home-" })
    yield* writeTranscripts(transcripts, all)
    const { code, stderr, stdout } = yield* run([main, "import", transcripts, "--json"], { home, killAfterMs: 120_000 })
    assert.strictEqual(code, 0, stderr)
    const files = readdirSync(home, { recursive: true, encoding: "utf8" }).map((name) => join(home, name))
      .filter((file) => statSync(file).isFile())
    return { stdout, stderr, files: files.map((file) => ({ file, bytes: readFileSync(file) })) }
  })

/** Plants whose secret survives redaction in memory. */
const leaksOf = (some: ReadonlyArray<Plant>) =>
  Effect.map(judgeSecrets(some), (judged) => judged.filter(({ leak }) => leak !== undefined))

const named = ({ kind, place, text }: Plant): string => `${kind} in ${place}: ${text.slice(0, 80)}`

describe("the redaction corpus", () => {
  it.effect("has at least 120 secrets and 120 look-alikes, each secret in two places, each place with many", () =>
    Effect.sync(() => {
      const perSecret = new Map<string, number>()
      const perPlace = new Map<string, number>()
      for (const { id, place } of plants) {
        const secret = id.slice(0, -2)
        perSecret.set(secret, (perSecret.get(secret) ?? 0) + 1)
        perPlace.set(place, (perPlace.get(place) ?? 0) + 1)
      }
      assert.isAtLeast(perSecret.size, 120)
      assert.isAtLeast(Math.min(...perSecret.values()), 2)
      assert.isAtLeast(perPlace.size, 30)
      assert.isAtLeast(Math.min(...perPlace.values()), 100)
      assert.isAtLeast(
        new Set(harmless.filter(({ place }) => place === "prompt, string").map(({ text }) => text)).size,
        120
      )
    }))

  slow(it.effect)("no rule fails on a secret that is cut, wherever that is", () =>
    Effect.gen(function*() {
      const texts = plants.filter(({ place }) => place === "prompt, string").map(({ text }) => text).filter(oneIn(3))
      const cut = texts.flatMap((text) => Array.from({ length: text.length }, (_, end) => text.slice(0, end)))
      assert.lengthOf((yield* redact(cut)).texts, cut.length)
    }))

  slow(it.effect)(
    "recall is at least 0.9998 where the secret is whole, and 0.99 where it is cut; precision is at least 0.999",
    () =>
      Effect.gen(function*() {
        const missed = yield* leaksOf(plants)
        const whole = missed.filter(({ plant }) => !plant.isCut).map(({ plant }) => named(plant))
        // One generated password in some hundreds is made of what might be words.
        assert.isAtMost(whole.length, plants.filter(({ isCut }) => !isCut).length * 0.0002, whole.join("\n"))
        assert.isAtMost(missed.length - whole.length, plants.filter(({ isCut }) => isCut).length * 0.01)
        const masked = (yield* judgeLookAlikes(harmless)).filter(({ isKept }) => !isKept)
        assert.isAtMost(masked.length, harmless.length * 0.001, masked.map(({ redacted }) => redacted).join("\n"))
      }),
    60_000
  )

  slow(it.scoped)(
    "nothing of a secret is in any file of the memory, nor on stdout or stderr",
    () =>
      Effect.gen(function*() {
        const some = plants.filter(isImported)
        const expected = new Set((yield* leaksOf(some)).map(({ plant }) => named(plant)))
        assert.strictEqual(new Set(some.map(({ place }) => place)).size, new Set(plants.map(({ place }) => place)).size)
        const { files, stderr, stdout } = yield* imported(some)
        const scan = makeScan(some)
        assert.isTrue(files.some(({ bytes }) => bytes.length > some.length * 200))
        for (const { bytes, file } of files) {
          const found = [...scan(bytes)].map(([plant, needle]) => `${named(plant)} (${needle}) is in ${file}`)
          assert.deepStrictEqual(found.filter((each) => ![...expected].some((name) => each.startsWith(name))), [])
        }
        assert.deepStrictEqual([...scan(Buffer.from(stdout + stderr)).keys()].map(named), [])
        const report = JSON.parse(stdout)
        assert.isAbove(Object.values<number>(report.redactions).reduce((a, b) => a + b, 0), some.length / 2)
      }).pipe(Effect.provide(NodeContext.layer)),
    180_000
  )

  slow(it.scoped)("an import of look-alikes masks nothing", () =>
    Effect.gen(function*() {
      const { stdout } = yield* imported(harmless.filter(isImported))
      assert.deepStrictEqual(JSON.parse(stdout).redactions, {})
    }).pipe(Effect.provide(NodeContext.layer)), 120_000)

  it.effect("look-alikes one after the other make no secret", () =>
    Effect.gen(function*() {
      const texts = harmless.filter(({ place }) => place === "prompt, string").map(({ text }) => text)
        // Without texts that would make the following one part of a secret.
        .filter((text) => !/private>|=$|[:：]$/.test(text.trim()))
      assert.deepStrictEqual((yield* redact(texts)).counts, {})
      assert.deepStrictEqual((yield* redact([texts.join("\n\n")])).counts, {})
    }))
})
