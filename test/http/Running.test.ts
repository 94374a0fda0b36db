import { assert, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { mkdtempSync, rmSync, utimesSync } from "node:fs"
import { tmpdir, uptime } from "node:os"
import { join } from "node:path"
import * as Running from "../../src/http/Running.ts"

it.scopedLive("a server is found while its process runs, and not by a file from before the machine's start", () =>
  Effect.gen(function*() {
    const home = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "claude-memory-running-"))),
      (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
    )
    yield* Running.publish(home, { url: "http://127.0.0.1:7437", isSocket: false })
    assert.strictEqual(Option.getOrThrow(yield* Running.find(home)).pid, process.pid)
    const before = (yield* Clock.currentTimeMillis) / 1_000 - uptime() - 120
    utimesSync(join(home, "run", "http.json"), before, before)
    assert.isTrue(Option.isNone(yield* Running.find(home)))
  }))
