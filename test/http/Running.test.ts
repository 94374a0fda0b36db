import { assert, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs"
import { tmpdir, uptime } from "node:os"
import { join } from "node:path"
import * as Running from "../../src/http/Running.ts"

const isLinux = process.platform === "linux"

it.scopedLive("a server is found while its process runs; by a file from before the machine's start only where that names the process", () =>
  Effect.gen(function*() {
    const home = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "claude-memory-running-"))),
      (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
    )
    yield* Running.publish(home, { url: "http://127.0.0.1:7437", isSocket: false })
    const file = join(home, "run", "http.json")
    const before = (yield* Clock.currentTimeMillis) / 1_000 - uptime() - 120
    const isFound = Effect.map(Running.find(home), Option.exists(({ pid }) => pid === process.pid))
    assert.isTrue(yield* isFound)
    // As after a start with a wrong clock, which was set later.
    utimesSync(file, before, before)
    assert.strictEqual(yield* isFound, isLinux)
    const running = JSON.parse(readFileSync(file, "utf8"))
    const put = (processStart: string | null) => writeFileSync(file, JSON.stringify({ ...running, processStart }))
    put(null)
    assert.isTrue(yield* isFound)
    utimesSync(file, before, before)
    assert.isFalse(yield* isFound)
    put("another boot 1")
    assert.strictEqual(yield* isFound, !isLinux)
  }))
