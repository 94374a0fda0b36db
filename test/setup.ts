/**
 * Keeps tests away from a person's own memory and Claude Code: each test file gets a home of its own, or fails.
 */
import { afterAll, effect, it, prop, scoped } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { mkdtempSync, rmSync } from "node:fs"
import { homedir } from "node:os"
import { join } from "node:path"
import { inject } from "vitest"
import { isolate, testSeed, times } from "./data.ts"

const home = mkdtempSync(join(inject("temporary"), "home-"))
isolate(home)
if (homedir() !== home) throw new Error(`tests would use the home folder ${homedir()}`)

afterAll(() => rmSync(home, { recursive: true, force: true }))

FastCheck.configureGlobal({
  numRuns: times(25),
  ...(testSeed !== "random" && { seed: Number(testSeed) })
})

// A process runs test files one after the other, and `layer` replaces methods on the one `it` that they all share.
Object.assign(it, { effect, scoped, prop })
