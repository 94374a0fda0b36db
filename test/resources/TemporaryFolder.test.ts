import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, symlinkSync } from "node:fs"
import { hostname, tmpdir } from "node:os"
import { basename, join } from "node:path"
import { ResourceLedger } from "../../src/resources/ResourceLedger.ts"
import * as TemporaryFolder from "../../src/resources/TemporaryFolder.ts"
import { owned } from "./owned.ts"

// Unique to this run, so that concurrent runs of this test do not remove each other's folders.
const purpose = `test${process.pid}`
const named = (host: string, pid: number, tail = "abc123") =>
  join(tmpdir(), `claude-memory-${purpose}-${host}-${pid}-${tail}`)

layer(Layer.merge(ResourceLedger.layer, NodeContext.layer))("TemporaryFolder", (it) => {
  it.effect("is there as long as its scope, under a name that tells whose it is", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* Effect.scoped(Effect.gen(function*() {
        const folder = yield* owned(TemporaryFolder.open(purpose))
        assert.isTrue(yield* fs.exists(folder))
        return folder
      }))
      assert.isFalse(yield* fs.exists(folder))
      assert.strictEqual(`${folder.slice(0, -6)}abc123`, named(hostname(), process.pid))
    }))

  it.effect("removes what the dead left, and nothing else", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const gone = spawnSync(process.execPath, ["-e", ""]).pid
      const elsewhere = mkdtempSync(join(tmpdir(), "claude-memory-elsewhere-"))
      const dead = named(hostname(), gone)
      const link = named(hostname(), gone, "linked")
      const others = [
        named(hostname(), process.ppid),
        named("another-machine", gone),
        named(hostname(), gone, "longer-than-six"),
        join(tmpdir(), `claude-memory-${purpose}er-${hostname()}-${gone}-abc123`)
      ]
      for (const folder of [dead, ...others]) mkdirSync(join(folder, "memory"), { recursive: true })
      mkdirSync(join(elsewhere, "kept"))
      symlinkSync(elsewhere, link)
      yield* Effect.scoped(owned(TemporaryFolder.open(purpose)))
      const names = yield* fs.readDirectory(tmpdir())
      assert.notInclude(names, basename(dead))
      assert.notInclude(names, basename(link))
      assert.includeMembers(names, others.map((folder) => basename(folder)))
      assert.isTrue(yield* fs.exists(join(elsewhere, "kept")))
      yield* Effect.forEach([elsewhere, ...others], (folder) => fs.remove(folder, { recursive: true }))
    }))
})
