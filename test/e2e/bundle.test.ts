/**
 * What `doctor --bundle` writes for a report of a fault.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { slow } from "../data.ts"
import { commandLines } from "./commandLines.ts"
import { inHome, makeImported } from "./run.ts"

const inProcess = commandLines()

describe("doctor --bundle", () => {
  slow(it.live)(
    "writes a file that says nothing of projects, folders and what was said, and replaces none",
    () =>
      inHome(() =>
        Effect.gen(function*() {
          const home = yield* makeImported
          const path = join(home, "bundle.json")
          const secret = "sk-ant-api03-" + "Z9".repeat(46) + "AA"
          const env = { CLAUDE_MEMORY_HEAVY_MODEL_THAT_IS_NONE: secret }
          const made = yield* inProcess(["doctor", "--bundle", path, "--json"], { home, env })
          assert.deepStrictEqual([made.code, made.stderr.replace(/^.*is no setting.*\n/gm, "")], [0, ""])
          const text = readFileSync(path, "utf8")
          assert.strictEqual(statSync(path).size, JSON.parse(made.stdout).bytes)
          assert.strictEqual(statSync(path).mode & 0o777, 0o600)
          const { checks, remembered, settings } = JSON.parse(text)
          assert.isAbove(checks.length, 5)
          assert.isAbove(remembered.status.units.total, 10)
          assert.include(settings.environment, "CLAUDE_MEMORY_HEAVY_MODEL_THAT_IS_NONE")
          for (const told of [home, "shop-api", "rust-indexer", "/home/mei", "Meilisearch", secret]) {
            assert.notInclude(text, told)
          }
          const again = yield* inProcess(["doctor", "--bundle", path], { home })
          assert.strictEqual(again.code, 1)
          const nowhere = yield* inProcess(["doctor", "--bundle", join(home, "none", "bundle.json")], { home })
          assert.match(nowhere.stderr, /bundle\.json can't be read or written: check that .* its folder exists/)
          assert.include(again.stderr, "is there already")
          assert.strictEqual(readFileSync(path, "utf8"), text)
        })
      )
  )
})
