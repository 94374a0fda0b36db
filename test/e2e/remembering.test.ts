/**
 * Commands with which a person changes the memory: save, forget and projects.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { samples, slow } from "../data.ts"
import { type CommandLineOptions, commandLines, started } from "./commandLines.ts"
import { finalizeAll, withDatabase } from "./damage.ts"
import { makeHome, type Outcome } from "./run.ts"
import { copied } from "./sessions.ts"

const SHOP = join(samples, "-home-mei-work-shop-api", "43a24c26-cf56-4141-8bb4-24d85373a64c.jsonl")
const TIMERS = "In tests never use new Date() without fake timers, that goes for all of us."

const inProcess = commandLines()

type Claude = (
  words: ReadonlyArray<string>,
  options?: Partial<CommandLineOptions>,
  how?: typeof inProcess
) => Effect.Effect<Outcome>

const atHome = <A, E>(
  body: (claude: Claude, home: string) => Effect.Effect<A, E, Scope.Scope | FileSystem.FileSystem>
) =>
  Effect.gen(function*() {
    const home = yield* makeHome
    return yield* body((words, options, how = inProcess) => how(words, { home, ...options }), home)
  }).pipe(Effect.scoped, Effect.provide(NodeContext.layer))

const jsonOf = ({ code, stderr, stdout }: Outcome) => {
  assert.deepStrictEqual([code, stderr], [0, ""])
  return JSON.parse(stdout)
}

const errorOf = ({ code, stderr, stdout }: Outcome): string => {
  assert.deepStrictEqual([code, stdout], [1, ""])
  assert.notMatch(stderr, /^ +at |level=/m)
  return stderr
}

describe("memories that Claude saves", () => {
  it.live("is saved from words or stdin, shown, found, and forgotten", () =>
    atHome((claude) =>
      Effect.gen(function*() {
        const secret = `ghp_${"a1B2c3D4".repeat(4)}abcd`
        const saved = jsonOf(
          yield* claude(["save", "-", "--type", "documentation", "--file", "./a.ts", "--json"], {
            stdin: `Releases are signed by Ines.\nNever with ${secret}.\n`
          }, started)
        )
        assert.deepInclude(saved.unit, {
          type: "documentation",
          title: "Releases are signed by Ines.",
          files: ["a.ts"]
        })
        assert.notInclude(JSON.stringify(saved), secret)
        const other = yield* claude(["save", "Tabs are for Makefiles alone."])
        assert.match(
          other.stdout,
          /^Saved in .+ as decision [0-9a-f]{8}: Tabs are for Makefiles alone\.\n.* forget [0-9a-f]{8}` takes it out again\.\n$/
        )
        const again = yield* claude(["save", "Tabs are for Makefiles alone."])
        assert.match(again.stdout, /^Already saved in .+ as decision [0-9a-f]{8}: Tabs are for Makefiles alone\.\n$/)
        assert.match(
          errorOf(yield* claude(["save", "x".repeat(1_400)])),
          /^not saved: a memory holds at most 1320 /
        )
        assert.match(errorOf(yield* claude(["save", "x", "--project", "no-such"])), /no project is called no-such/)

        const found = jsonOf(yield* claude(["search", "who signs releases", "--json"]))
        assert.strictEqual(found.results[0].id, saved.id)
        const shown = (yield* claude(["show", saved.id.slice(0, 8)])).stdout
        assert.include(shown, "Releases are signed by Ines.")

        assert.match(
          errorOf(yield* claude(["forget", saved.id])),
          /without a terminal to ask on.+forgetting needs --yes/
        )
        assert.match(
          errorOf(yield* claude(["forget", "no-such", "--yes"])),
          /no memory has the id no-such/
        )
        const forgotten = yield* claude(["forget", saved.id.slice(0, 8), "--yes"])
        assert.match(
          forgotten.stdout,
          /^1 memory forgotten; its sentences were removed from 0 messages\.\n`.*claude-memory.* undo \d+` brings it back until \d{4}/
        )
        assert.match(errorOf(yield* claude(["show", saved.id])), /no memory has the id/)
      })
    ))

  slow(it.live)(
    "to forget is forgotten, and not read again from the same lines or a copy of them",
    () =>
      atHome((claude, home) =>
        Effect.gen(function*() {
          const fs = yield* FileSystem.FileSystem
          /** Files of the memory that hold the words, whatever they are for. */
          const holding = Effect.sync(() =>
            readdirSync(join(home, ".claude-memory"), { recursive: true, encoding: "utf8" }).filter((name) => {
              const path = join(home, ".claude-memory", name)
              return statSync(path).isFile() && readFileSync(path).includes("without fake timers")
            })
          )
          const file = join(home, ".claude-memory", "memory.db")
          /** Compressed texts, and what they hold. */
          const compressed = Effect.sync(() =>
            withDatabase(file, (database) =>
              database.prepare(
                "SELECT body, unpacked(body) AS text FROM packs UNION ALL SELECT body, unpacked(body) FROM units"
              )
                .all() as unknown as ReadonlyArray<{ readonly body: Uint8Array; readonly text: string }>)
          ).pipe(
            Effect.map((all) => all.filter(({ text }) => text.includes("without fake timers"))),
            Effect.zipLeft(finalizeAll)
          )
          const search = Effect.map(claude(["search", TIMERS, "--all-projects", "--limit", "20", "--json"]), jsonOf)
          const inject = Effect.map(
            claude(["inject", "--prompt", TIMERS, "--all-projects", "--mode", "comprehensive"]),
            ({ stdout }) => stdout
          )
          const folder = yield* fs.makeTempDirectoryScoped()
          yield* fs.copyFile(SHOP, join(folder, "a.jsonl"))
          yield* claude(["import", folder])
          const { results } = yield* search
          assert.include(JSON.stringify(results), "without fake timers")
          assert.include(yield* inject, "without fake timers")
          assert.isTrue((yield* holding).some((name) => name.startsWith("openings")))
          const before = yield* compressed
          assert.isAbove(before.length, 1)
          const forget = (...options: ReadonlyArray<string>) =>
            Effect.map(claude(["forget", results[0].id, "--yes", "--json", ...options], {}, started), jsonOf)
          const { forgotten, messages, until } = yield* forget()
          assert.include(forgotten, results[0].id)
          assert.isAbove(messages, 0)
          assert.isAbove(until, (yield* Clock.currentTimeMillis) + 6 * 86_400_000)
          // The bin alone.
          assert.deepStrictEqual((yield* holding).filter((name) => !name.startsWith("memory.db")), [])
          assert.notInclude(JSON.stringify((yield* search).results), "without fake timers")
          yield* claude(["undo"])
          assert.include(JSON.stringify((yield* search).results), "without fake timers")
          assert.isNull((yield* forget("--now")).until)
          assert.deepStrictEqual(yield* holding, [])
          assert.strictEqual((yield* claude(["undo"])).code, 1)
          assert.deepStrictEqual(yield* compressed, [])
          // Nor is a page left of what was compressed.
          const bytes = readFileSync(file)
          assert.isFalse(before.some(({ body }) => bytes.includes(Buffer.from(body.subarray(-64)))))

          yield* fs.writeFileString(join(folder, "copy.jsonl"), copied(yield* fs.readFileString(SHOP), 1))
          const imported = jsonOf(yield* claude(["import", folder, "--json"]))
          assert.isAbove(imported.messages, 20)
          assert.notInclude(JSON.stringify((yield* search).results), "without fake timers")
          assert.notInclude(yield* inject, "without fake timers")
          const { lines, ok } = jsonOf(yield* claude(["doctor", "--json"]))
          assert.isTrue(ok)
          const skipped = Object.values<number>(lines.skipped).reduce((sum, n) => sum + n, 0)
          assert.strictEqual(lines.total, lines.stored + skipped + lines.deadLetter)
        })
      )
  )

  slow(it.live)(
    "of projects: what is one, what it is called, and what is not to be read",
    () =>
      atHome((claude) =>
        Effect.gen(function*() {
          const stdoutOf = (...words: ReadonlyArray<string>) => Effect.map(claude(words), ({ stdout }) => stdout)
          assert.match(errorOf(yield* claude(["projects"])), /nothing is remembered yet/)
          yield* claude(["import", SHOP])
          yield* claude(["save", "The till is counted at noon."])
          const { projects } = jsonOf(yield* claude(["projects", "--json"], {}, started))
          const names: ReadonlyArray<string> = projects.map(({ name }: { readonly name: string }) => name)
          const own = names.find((name) => name !== "shop-api")!
          assert.strictEqual(names.length, 2)
          assert.match(
            errorOf(yield* claude(["projects", "merge", own])),
            /merge takes FROM… and INTO: `node \S+main\.js projects merge FROM… INTO`/
          )
          assert.match(
            yield* stdoutOf("projects", "merge", own, "shop-api"),
            /is shop-api's now\. `.+` undoes that\.\n$/
          )
          // This folder's project is merged into shop-api.
          assert.include(yield* stdoutOf("search", "till counted"), "counted at noon")
          assert.match(
            errorOf(yield* claude(["projects", "merge", own, "shop-api"])),
            /can't be merged into itself/
          )

          yield* claude(["projects", "rename", "shop-api", "the shop"])
          assert.include(yield* stdoutOf("projects", "exclude", "the shop"), "the shop is excluded")
          const [list, status, doctor, injected, found] = yield* Effect.all([
            stdoutOf("projects"),
            stdoutOf("status"),
            stdoutOf("doctor"),
            stdoutOf("inject", "--prompt", "when is the till counted"),
            stdoutOf("search", "till counted", "--all-projects")
          ], { concurrency: 2 })
          assert.match(list, /^the shop +\d+ +\S+ +excluded; with /m)
          assert.match(status, /excluded: its transcripts are not read/)
          assert.match(doctor, /^note +projects +the shop excluded: /m)
          assert.match(injected, /^Nothing in /)
          assert.match(found, /^Nothing found/)
          yield* claude(["projects", "include", "the shop"])
          assert.include(yield* stdoutOf("search", "till counted", "--all-projects"), "counted at noon")
        })
      )
  )
})
