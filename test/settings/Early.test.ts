import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import { homedir } from "node:os"
import { delimiter, join } from "node:path"
import { read } from "../../src/settings/Early.ts"
import * as HookSettings from "../../src/settings/Hooks.ts"
import * as Settings from "../../src/settings/Settings.ts"
import { slow, times } from "../data.ts"
import { platform } from "../resources/owned.ts"

type Values = Readonly<Record<string, string>>

/** Values by setting: valid ones, the ends of ranges, and what people write by mistake. */
const VALUES: Readonly<Record<string, ReadonlyArray<string>>> = {
  CLAUDE_MEMORY_INJECT: ["off", " OFF ", "balanced", "conservative", "comprehensive", "no", "", " ", "0"],
  CLAUDE_MEMORY_INJECT_TOKENS: ["100", "800", "8000", "99", "8001", "1e3", "", " 500", "many", "500.5", "0x200"],
  CLAUDE_MEMORY_HEADLESS: ["on", "off", "Off", "", "x"],
  CLAUDE_CODE_ENTRYPOINT: ["sdk-cli", "sdk-ts", "cli", "", "claude-vscode"],
  CLAUDE_MEMORY_HOOK_MS: ["1", "300", "60000", "60001", "0", "-1", "", "1e2"],
  CLAUDE_MEMORY_SESSION_START_MS: ["1", "1000", "60000", "99999", "x"],
  CLAUDE_MEMORY_ISOLATION: ["strict", "shared", "STRICT", "none", ""],
  CLAUDE_MEMORY_EXCLUDE_PATHS: ["/srv", `~/x${delimiter}/srv`, "srv", `${delimiter}`, "~", "", "~x"],
  CLAUDE_MEMORY_EXCLUDE_TOOLS: ["Bash", "mcp__pay__*", "*", "mcp__*__read", "", ","],
  CLAUDE_MEMORY_MAX_MB: ["0", "10", "1000", "1000000", "9", "1000001", "", "1e3", "x", "-5", " 50"],
  CLAUDE_MEMORY_KEEP_DAYS: [
    "error_log:90",
    "archive:1,conversation:99999",
    " decision:5 , ",
    "",
    ",",
    "error:9",
    "archive:0",
    "archive"
  ],
  CLAUDE_MEMORY_FUSION: ["500", "off", "", "no"],
  CLAUDE_MEMORY_LIGHT: ["openai:gpt-6-luna", "x", ""],
  CLAUDE_MEMORY_EMBEDDING: ["local", "openai:text-embedding-3-small", "x"],
  CLAUDE_MEMORY_POSTGRES_URL: ["postgresql://h/d", ""],
  CLAUDE_MEMORY_QDRANT_URL: ["off", "http://127.0.0.1:6333"],
  QDRANT_URL: ["http://127.0.0.1:6333", "off", ""],
  CLAUDE_MEMORY_USD_PER_DAY: ["1", "0.50", "0", "1e9", "none", "x"],
  CLAUDE_MEMORY_TOKENS_PER_MONTH: ["100000", "0.5", "none"],
  CLAUDE_MEMORY_BACKUPS: ["3", "off", "366", "0", "x"],
  CLAUDE_MEMORY_BACKUPS_MB: ["500", "0", "x"],
  OPENAI_API_KEY: ["k"]
}

/** Few settings at a time, since one odd value sends all to the whole program. */
const values = FastCheck.uniqueArray(
  FastCheck.constantFrom(...Object.keys(VALUES)).chain((name) =>
    FastCheck.constantFrom(...VALUES[name]!).map((value) => [name, value] as const)
  ),
  { maxLength: 4, selector: ([name]) => name }
).map((entries): Values => Object.fromEntries(entries))

const file = FastCheck.oneof(
  { weight: 4, arbitrary: FastCheck.constant(undefined) },
  {
    weight: 4,
    arbitrary: values.map((values) => JSON.stringify(values))
  },
  {
    weight: 1,
    arbitrary: FastCheck.constantFrom(
      "{",
      "[]",
      "null",
      "\"off\"",
      "{\"CLAUDE_MEMORY_INJECT\": false}",
      "\ufeff{\"CLAUDE_MEMORY_INJECT\": \"off\"}",
      "{\"CLAUDE_MEMORY_INJECT\": null}",
      "{\"CLAUDE_MEMORY_HOOK_MS\": 250, \"CLAUDE_MEMORY_HEADLESS\": true}",
      "{\"CLAUDE_MEMORY_HOME\": \"/elsewhere\"}",
      `{"CLAUDE_MEMORY_INJECT": "off"}${" ".repeat(70_000)}`
    )
  }
)

const inHome = <A, E>(
  text: string | undefined,
  use: (home: string) => Effect.Effect<A, E>
) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const home = yield* fs.makeTempDirectoryScoped({ prefix: "claude-memory-early-" })
    if (text !== undefined) yield* fs.writeFileString(join(home, "config.json"), text)
    return yield* use(home)
  }).pipe(Effect.scoped, Effect.provide(platform))

const loadedBy = <A, E>(environment: Values, load: Effect.Effect<A, E>) =>
  Effect.either(Effect.withConfigProvider(load, ConfigProvider.fromMap(new Map(Object.entries(environment)))))

describe("settings read early", () => {
  const seen = { read: 0, off: 0, plain: 0, left: 0 }

  slow(it.effect.prop)(
    "are those that the whole program reads, or are left to it",
    [values, file],
    ([values, text]) =>
      inHome(text, (home) =>
        Effect.gen(function*() {
          const environment = { ...values, CLAUDE_MEMORY_HOME: home }
          const early = read(environment)
          if (early === undefined) return void seen.left++
          seen.read++
          const hook = Either.getOrThrow(yield* loadedBy(environment, HookSettings.load))
          assert.strictEqual(early.home, home)
          assert.deepStrictEqual(early.telling, hook.telling)
          assert.deepStrictEqual(early.within, hook.within)
          if (early.telling === undefined) seen.off++
          if (!early.isPlain) return
          seen.plain++
          const whole = Either.getOrThrow(yield* loadedBy(environment, Settings.load))
          assert.strictEqual(whole.home, home)
          assert.deepStrictEqual(
            [whole.models, whole.fusion, whole.postgres, whole.qdrant],
            [{}, undefined, undefined, undefined]
          )
        })),
    { fastCheck: { numRuns: times(300) } }
  )

  slow(it)("are read often enough for that to mean something", () => {
    for (const [name, count] of Object.entries(seen)) assert.isAtLeast(count, 10, name)
  })

  it.effect("are read of a person without any, with a switch, and with a config file", () =>
    Effect.gen(function*() {
      yield* inHome(undefined, (CLAUDE_MEMORY_HOME) =>
        Effect.sync(() => {
          assert.deepInclude(read({ CLAUDE_MEMORY_HOME, PATH: "/bin" }), {
            telling: { mode: "balanced", maxTokens: 800 },
            isPlain: true
          })
          assert.deepInclude(read({ CLAUDE_MEMORY_HOME, CLAUDE_MEMORY_INJECT: "off" }), { telling: undefined })
          const other = { CLAUDE_MEMORY_HOME, CLAUDE_MEMORY_POSTGRES_URL: "postgresql://h/d" }
          assert.deepInclude(read(other), { isPlain: false })
          assert.strictEqual(read({ CLAUDE_MEMORY_HOME: `${CLAUDE_MEMORY_HOME}//x/..` })?.home, CLAUDE_MEMORY_HOME)
          assert.strictEqual(read({ CLAUDE_MEMORY_HOME: "~/of mine" })?.home, join(homedir(), "of mine"))
          assert.isUndefined(read({ CLAUDE_MEMORY_HOME: "of mine" }))
          const tools = (names: string) => read({ CLAUDE_MEMORY_HOME, CLAUDE_MEMORY_EXCLUDE_TOOLS: names })
          assert.deepInclude(tools("Bash, mcp__pay__*"), { isPlain: true })
          assert.deepInclude(tools("Bash,mcp__*__read"), { isPlain: false })
          const unneeded = { CLAUDE_MEMORY_BACKUPS: "3", CLAUDE_MEMORY_USD_PER_DAY: "0.5" }
          assert.deepInclude(read({ CLAUDE_MEMORY_HOME, ...unneeded }), { isPlain: true })
          // Names are as Windows has them.
          assert.deepInclude(read({ CLAUDE_MEMORY_HOME, claude_memory_light: "x" }), { isPlain: false })
        }))
      yield* inHome("{\"CLAUDE_MEMORY_INJECT\": false, \"CLAUDE_MEMORY_EXCLUDE_PATHS\": \"~/x\"}", (home) =>
        Effect.sync(() =>
          assert.deepInclude(read({ CLAUDE_MEMORY_HOME: home }), { telling: undefined, isPlain: true })
        ))
    }))
})
