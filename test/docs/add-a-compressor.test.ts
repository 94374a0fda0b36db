import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { slow } from "../data.ts"
import { follow } from "./page.ts"

const page = await follow("add-a-compressor")

const line = (uuid: string, parentUuid: string | null, type: "user" | "assistant", text: string) =>
  JSON.stringify({
    uuid,
    parentUuid,
    type,
    sessionId: "3b1c6c1e-8f0e-4c58-9d0c-0d6f1f0f5a11",
    cwd: "/work/shop",
    version: "2.0.0",
    isSidechain: false,
    userType: "external",
    timestamp: "2026-03-04T05:06:07.000Z",
    message: { role: type, content: [{ type: "text", text }] }
  })

slow(it.scoped)("runs as the page says", () =>
  Effect.gen(function*() {
    const sessions = page.temporary("sessions")
    mkdirSync(join(sessions, "-work-shop"), { recursive: true })
    writeFileSync(
      join(sessions, "-work-shop", "3b1c6c1e-8f0e-4c58-9d0c-0d6f1f0f5a11.jsonl"),
      [
        line("11111111-1111-4111-8111-111111111111", null, "user", "Retry the upload.\nTODO: ask Mei about the limit."),
        line(
          "22222222-2222-4222-8222-222222222222",
          "11111111-1111-4111-8111-111111111111",
          "assistant",
          "Done.\nFIXME the third retry waits too long\nAll tests pass."
        )
      ].join("\n") + "\n"
    )
    const { code, stderr, stdout } = yield* page.main(sessions, page.temporary("memory"))
    assert.strictEqual(code, 0, stderr)
    assert.include(stdout, "TODO: ask Mei about the limit.\nFIXME the third retry waits too long")
    assert.notInclude(stdout, "All tests pass.")
  }))
