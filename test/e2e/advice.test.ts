/**
 * Advice names the program as it was started.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { dirname, join } from "node:path"
import { environment, slow } from "../data.ts"
import { call, CLIENT, request } from "./requests.ts"
import { inHome, main, mcp, type Options, run, start } from "./run.ts"

interface Way {
  /** The command line as its user types it. */
  readonly typed: string
  readonly start: (words: ReadonlyArray<string>, home: string) => readonly [ReadonlyArray<string>, Options]
}

/** Each in a home that holds `bin/claude-memory` and `my copy`, which are links into the package. */
const WAYS: ReadonlyArray<Way> = [
  {
    typed: "claude-memory",
    start: (words, home) => [words, { home, command: join(home, "bin", "claude-memory") }]
  },
  {
    typed: "node dist/main.js",
    start: (words, home) => [["dist/main.js", ...words], { home, cwd: dirname(dirname(main)) }]
  },
  {
    typed: "node 'my copy/main.js'",
    start: (words, home) => [["my copy/main.js", ...words], { home }]
  }
]

describe("advice", () => {
  slow(it.live)(
    "of the command line can be typed as it is printed, whichever way it was started",
    () =>
      inHome((home, fs) =>
        Effect.gen(function*() {
          yield* fs.makeDirectory(join(home, "bin"))
          yield* fs.symlink(main, join(home, "bin", "claude-memory"))
          yield* fs.symlink(dirname(main), join(home, "my copy"))
          for (const { start, typed } of WAYS) {
            const cli = (...words: ReadonlyArray<string>) => run(...start(words, home))
            assert.include((yield* cli("search", "x")).stderr, `; run \`${typed} import\` first\n`)
            assert.include((yield* cli("doctor")).stdout, `; \`${typed} init\` puts it in\n`)
          }
          const cli = (...words: ReadonlyArray<string>) => run([main, ...words], { home, cwd: dirname(main) })
          assert.include((yield* cli("search", "--help")).stdout, "\n$ node main.js search [--project")
          assert.include((yield* cli("projects", "merge")).stderr, "`node main.js projects merge FROM… INTO`\n")
          // A program that reads JSON gets the same words whichever way it was started.
          assert.include((yield* cli("doctor", "--json")).stdout, "; `claude-memory init` puts it in\"")
          assert.isFalse(yield* fs.exists(join(home, ".claude-memory")))
        })
      ),
    60_000
  )

  slow(it.live)("leaves what a memory quotes as it was said", () =>
    inHome((home) =>
      Effect.gen(function*() {
        const saved = yield* run([main, "save", "Run `claude-memory import` each night."], { home })
        assert.match(
          saved.stdout,
          /: Run `claude-memory import` each night\.\n`node \S+main\.js forget [0-9a-f]{8}` takes it out/
        )
        const found = yield* run([main, "search", "--all-projects", "each night"], { home })
        assert.include(found.stdout, "Run `claude-memory import` each night.")
      })
    ))

  slow(it.live)(
    "of the MCP server names claude-memory where PATH has it",
    () =>
      inHome((home, fs) =>
        Effect.gen(function*() {
          yield* fs.makeDirectory(join(home, "bin"))
          yield* fs.symlink(main, join(home, "bin", "claude-memory"))
          const refused = (PATH: string) =>
            Effect.scoped(Effect.gen(function*() {
              const { closeStdin, ended, send, waitForText } = yield* start([mcp], {
                home,
                env: { PATH },
                staysOpen: true
              })
              yield* send(request(0, "initialize", CLIENT))
              yield* send(call(1, "get", { id: "0123abcd" }))
              yield* waitForText("\"id\":1}")
              yield* closeStdin
              return (yield* ended).stdout
            }))
          const { PATH } = environment(home)
          assert.include(yield* refused(PATH!), "; `node ")
          assert.include(yield* refused(`${PATH}:${join(home, "bin")}`), "; `claude-memory search` prints ids")
        })
      )
  )
})
