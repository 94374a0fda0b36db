/**
 * Tests never touch a person's own memory or Claude Code: each file gets a home of its own, and the real one is refused.
 */
import { afterAll } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { mkdtempSync, rmSync } from "node:fs"
import { homedir, tmpdir } from "node:os"
import { join } from "node:path"
import { isolate } from "./data.ts"

const home = mkdtempSync(join(tmpdir(), "claude-memory-test-"))
isolate(home)
if (homedir() !== home) throw new Error(`tests would use the home folder ${homedir()}`)

afterAll(() => rmSync(home, { recursive: true, force: true }))

/** Properties see the same cases in every run, so that a change is judged by itself; TEST_SEED=random looks for others. */
const seed = process.env.TEST_SEED ?? "20261125"
if (seed !== "random") FastCheck.configureGlobal({ seed: Number(seed) })
