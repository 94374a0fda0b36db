/**
 * Sessions recorded by older versions of Claude Code, in one folder with a new session.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { cpSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { testData } from "../data.ts"
import { transcriptsIn } from "../transcripts.ts"
import * as Client from "./Client.ts"
import { command, log, status } from "./Memory.ts"

const recorded = join(testData ?? "", "transcripts")

interface Report {
  readonly files: number
  readonly lines: { readonly stored: number; readonly deadLetter: number; readonly skipped: Record<string, number> }
  readonly sessions: number
  readonly units: { readonly total: number }
}

const without = testData === undefined ? " (TEST_DATA is not set)" : Client.without

describe.skipIf(without !== "")(`recorded sessions${without}`, () => {
  it.live(
    "of versions from 1.0.98 on are remembered, each line accounted for, and none twice",
    () =>
      Effect.gen(function*() {
        const client = yield* Client.make()
        yield* client.ask("Which port does the staging gateway listen on?")
        cpSync(recorded, join(client.home, ".claude", "projects", "-recorded"), {
          recursive: true,
          preserveTimestamps: true
        })
        const files = transcriptsIn(recorded)
        const versions = new Set(
          files.flatMap((file) =>
            [...readFileSync(file, "utf8").matchAll(/"version":"([\d.]+)"/g)].map(([, name]) => name)
          )
        )
        const importing = Effect.map(command(client, "import", "--json"), (text) => JSON.parse(text) as Report)

        const first = yield* importing
        assert.strictEqual(first.files, files.length + 1)
        assert.strictEqual(first.lines.deadLetter, 0)
        const { lines } = yield* status(client)
        assert.strictEqual(lines.total, client.transcript().length)
        assert.deepStrictEqual(Object.keys(first.lines.skipped).filter((reason) => reason.startsWith("unknown")), [])
        const again = yield* importing
        assert.deepStrictEqual([again.lines.stored, again.units.total], [0, 0])
        yield* log(
          `${files.length} recorded sessions of ${versions.size} versions and one of ${Client.VERSION}: ${first.lines.stored} of ` +
            `${lines.total} lines are messages, ${first.sessions} sessions, ${first.units.total} memories`
        )
      }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)),
    120_000
  )
})
