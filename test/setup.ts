/**
 * Tests never touch a person's own memory or Claude Code: each file gets a home of its own, and the real one is refused.
 */
import { afterAll, effect, it, prop, scoped } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { mkdtempSync, rmSync } from "node:fs"
import { homedir, tmpdir } from "node:os"
import { join } from "node:path"
import { isolate, testSeed, times } from "./data.ts"

const home = mkdtempSync(join(tmpdir(), "claude-memory-test-"))
isolate(home)
if (homedir() !== home) throw new Error(`tests would use the home folder ${homedir()}`)

afterAll(() => rmSync(home, { recursive: true, force: true }))

FastCheck.configureGlobal({ numRuns: times(25), ...(testSeed !== "random" && { seed: Number(testSeed) }) })

// A process runs one file after the other, and `layer` puts methods of its own on the one `it` that all of them share.
Object.assign(it, { effect, scoped, prop })
