/**
 * What the system is asked to put on the disk before Claude is told "Saved" or "forgotten", by a trace of the server's system calls.
 * Without strace the test is skipped.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { slow } from "../data.ts"
import { call, HELLO } from "./requests.ts"
import { inHome, mcp, start } from "./run.ts"

const hasStrace = spawnSync("strace", ["-V"]).status === 0

const CALLS = "trace=mkdir,mkdirat,openat,write,pwrite64,fsync,fdatasync,unlink"
const FISH = "Fish is sold on Fridays."
/** A word of it as the index of words has it: the text itself is compressed. */
const WORD = "fridai"

describe("a loss of power after the answer", () => {
  slow(it.live.skipIf(!hasStrace))(
    "takes nothing away that was saved or forgotten",
    () =>
      inHome((home) =>
        Effect.gen(function*() {
          const file = join(home, "trace")
          // -y names the file of each descriptor; -s shows whole pages of the log.
          const server = yield* start(["-f", "-y", "-s", "5000", "-e", CALLS, "-o", file, process.execPath, mcp], {
            home,
            command: "strace",
            staysOpen: true,
            env: { CLAUDE_PROJECT_DIR: home }
          })
          const ask = (id: number, text: string) => Effect.zipRight(server.send(text), server.waitForText(`"id":${id}`))
          yield* ask(0, HELLO)
          yield* ask(2, call(2, "save", { content: FISH }))
          const answer = (yield* server.stdout).split("\n").find((line) => line.includes(`"id":2`))
          const { id } = JSON.parse(answer ?? "").result.structuredContent
          yield* ask(3, call(3, "forget", { ids: [id] }))
          const lines = readFileSync(file, "utf8").split("\n")
          yield* server.closeStdin
          yield* server.ended

          /** Index of the first line from `from` on that has all of these. */
          const indexOf = (from: number, ...parts: ReadonlyArray<string>) =>
            lines.findIndex((line, i) => i >= from && parts.every((part) => line.includes(part)))
          const sync = (from: number, path: string) => indexOf(from, "sync(", `<${path}>`)
          const folder = join(home, ".claude-memory")
          const log = join(folder, "memory.db-wal")

          const made = indexOf(0, "mkdir", `"${folder}"`)
          const written = indexOf(0, "pwrite64(", `<${log}>`, WORD)
          const saved = indexOf(0, "write(1<", `\\"id\\":2`)
          assert.isTrue(made >= 0 && written > made && saved > written, `${made}, ${written}, ${saved}`)
          for (
            const [path, from] of [[home, made], [folder, indexOf(0, "O_CREAT", `"${log}"`)], [log, written]] as const
          ) {
            const at = sync(from, path)
            assert.isTrue(
              at > from && at < saved,
              `${path}: made or written in ${from}, synced in ${at}, told in ${saved}`
            )
          }

          const forgotten = indexOf(saved, "write(1<", `\\"id\\":3`)
          const at = sync(indexOf(saved, "pwrite64(", `<${log}>`), log)
          assert.isTrue(at > saved && at < forgotten, `synced in ${at}, told in ${forgotten}`)
        })
      ),
    60_000
  )
})
