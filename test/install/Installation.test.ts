/**
 * Installs into Claude Code's files on a disk, and uninstalls.
 */
import type * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync
} from "node:fs"
import { dirname, join } from "node:path"
import type { PromptHook } from "../../src/install/ClaudeSettings.ts"
import { carryOut, inspect, removal, type Scope, type Step, steps, targetOf } from "../../src/install/Installation.ts"
import * as InstallRecord from "../../src/install/InstallRecord.ts"
import type { Files } from "../../src/resources/Files.ts"
import type { ResourceLedger } from "../../src/resources/ResourceLedger.ts"
import type { Places } from "../../src/settings/Reading.ts"
import { times } from "../data.ts"
import { platform } from "../resources/owned.ts"
import { anyText } from "../texts.ts"
import { text } from "./jsons.ts"

const base = platform

/** A home with blanks and Chinese characters in its path. */
class Home {
  readonly places: Places
  readonly settings: string
  readonly servers: string
  readonly project: string
  readonly root: string
  constructor(root: string) {
    this.root = root
    this.places = {
      home: join(root, ".claude-memory"),
      movedHome: undefined,
      claudeFolder: join(root, ".claude"),
      claudeFile: join(root, ".claude.json")
    }
    this.settings = join(root, ".claude", "settings.json")
    this.servers = join(root, ".claude.json")
    this.project = join(root, "shop")
  }
  write(path: string, text: string | Uint8Array, mode = 0o644) {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
    chmodSync(path, mode)
  }
  /** All files and folders, with their contents. */
  all(): Record<string, string> {
    return Object.fromEntries(
      readdirSync(this.root, { recursive: true, encoding: "utf8" }).sort().map((name) => {
        const path = join(this.root, name)
        return [name, lstatSync(path).isFile() ? readFileSync(path, "base64") : ""]
      })
    )
  }
}

const inHome = <A, E>(
  test: (home: Home) => Effect.Effect<A, E, NodeContext.NodeContext | Files | ResourceLedger>
): Effect.Effect<A, unknown> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const folder = yield* fs.realPath(yield* fs.makeTempDirectoryScoped({ prefix: "claude-memory-install-" }))
    const root = join(folder, "home 家 of mei")
    mkdirSync(join(root, "shop"), { recursive: true })
    return yield* test(new Home(root))
  }).pipe(Effect.scoped, Effect.provide(base))

const programsIn = (folder: string) => ({
  node: "node",
  hook: join(folder, "dist", "hook.cjs"),
  mcp: join(folder, "dist", "mcp.js")
})

interface Options {
  readonly scope?: Scope
  readonly prompt?: PromptHook
  readonly package?: string
  readonly places?: Places
}

/** Carries out each step; returns the outcome for each file. */
const carryOutAll = (all: ReadonlyArray<Step>, places: Places) =>
  Effect.forEach(all, (step) => Effect.either(Effect.flatMap(step.plan, (shown) => carryOut(step, shown, places))))

const install = (home: Home, options: Options = {}) =>
  Effect.gen(function*() {
    const { package: folder = "/opt/记忆 x/claude-memory", places = home.places, prompt = "command", scope = "user" } =
      options
    const target = yield* targetOf(scope, places, home.project)
    return yield* carryOutAll(steps({ target, places, prompt, timeout: 2, programs: programsIn(folder) }), places)
  })

/** Uninstalls, and removes the record as the command does. */
const uninstall = (home: Home) =>
  Effect.gen(function*() {
    const all = yield* removal(home.places, home.project)
    const outcomes = yield* carryOutAll(all, home.places)
    yield* InstallRecord.forget(
      home.places.home,
      all.flatMap(({ path }, i) => Either.isLeft(outcomes[i]!) ? [path] : [])
    )
    return outcomes
  })

const assertAllDone = (outcomes: ReadonlyArray<Either.Either<unknown, unknown>>) =>
  assert.isTrue(outcomes.every(Either.isRight), JSON.stringify(outcomes))
const messagesOf = (outcomes: ReadonlyArray<Either.Either<unknown, { readonly message: string }>>) =>
  outcomes.flatMap((outcome) => Either.isLeft(outcome) ? [outcome.left.message] : [])

describe("init, then uninstall", () => {
  it.effect.prop("gives back every byte, of whatever was there", [
    FastCheck.option(text, { nil: undefined }),
    FastCheck.option(text, { nil: undefined }),
    FastCheck.constantFrom<Scope>("user", "project"),
    FastCheck.boolean()
  ], ([settings, servers, scope, isMarked]) =>
    inHome((home) =>
      Effect.gen(function*() {
        const { settings: path } = yield* targetOf(scope, home.places, home.project)
        if (settings !== undefined) home.write(path, `${isMarked ? "\ufeff" : ""}${settings}`)
        if (servers !== undefined) home.write(home.servers, servers)
        const before = home.all()
        assertAllDone(yield* install(home, { scope }))
        assert.notDeepEqual(home.all(), before)
        assertAllDone(yield* install(home, { scope, prompt: "mcp" }))
        assertAllDone(yield* uninstall(home))
        assert.deepStrictEqual(home.all(), before)
      })
    ), { fastCheck: { numRuns: times(5) } })

  it.effect.prop(
    "of what is no JSON touches nothing",
    [FastCheck.oneof(anyText, FastCheck.uint8Array())],
    ([garbage]) =>
      inHome((home) =>
        Effect.gen(function*() {
          const bytes = Buffer.from(garbage as string)
          home.write(home.settings, bytes)
          const outcomes = yield* install(home)
          if (messagesOf(outcomes).length === 0) return assert.match(bytes.toString(), /^\ufeff?[\s]*(?:\{|$)/)
          assert.isTrue(readFileSync(home.settings).equals(bytes))
          assert.deepStrictEqual(messagesOf(yield* uninstall(home)), [])
          assert.isTrue(readFileSync(home.settings).equals(bytes))
        })
      ),
    { fastCheck: { numRuns: times(10) } }
  )

  it.effect("changes nothing but what is ours in what others have changed meanwhile", () =>
    inHome((home) =>
      Effect.gen(function*() {
        home.write(home.servers, "{\"numStartups\":1}")
        assertAllDone(yield* install(home))
        // Claude Code rewrites its files in a form of its own.
        const known = JSON.parse(readFileSync(home.servers, "utf8"))
        home.write(home.servers, JSON.stringify({ ...known, numStartups: 2 }, null, 2))
        const settings = JSON.parse(readFileSync(home.settings, "utf8"))
        home.write(home.settings, JSON.stringify({ ...settings, model: "opus" }, null, 4))
        assertAllDone(yield* uninstall(home))
        assert.strictEqual(readFileSync(home.servers, "utf8"), "{\n  \"numStartups\": 2\n}")
        assert.strictEqual(readFileSync(home.settings, "utf8"), "{\n    \"model\": \"opus\"\n}")
        assert.isFalse(existsSync(home.places.home))
      })
    ))

  it.effect("finds what is ours without the record, in the user's files and in those of projects", () =>
    inHome((home) =>
      Effect.gen(function*() {
        home.write(home.servers, "{\n  \"numStartups\": 1\n}\n")
        const other = { ...home, project: join(home.root, "other") } as Home
        assertAllDone(yield* install(home, { scope: "project" }))
        assertAllDone(yield* install(other, { scope: "project" }))
        assertAllDone(yield* install(home))
        rmSync(home.places.home, { recursive: true })
        const elsewhere = { ...home, project: home.root } as Home
        assertAllDone(yield* uninstall(elsewhere))
        assert.strictEqual(readFileSync(home.servers, "utf8"), "{\n  \"numStartups\": 1\n}\n")
        for (
          const path of [
            home.settings,
            ...[home, other].map(({ project }) => join(project, ".claude", "settings.local.json"))
          ]
        ) {
          assert.strictEqual(readFileSync(path, "utf8").trim(), "{}")
        }
      })
    ))

  it.effect("of a copy that was moved gives back the file that was there first", () =>
    inHome((home) =>
      Effect.gen(function*() {
        home.write(home.settings, "{ \"model\": \"opus\" }")
        const before = home.all()
        assertAllDone(yield* install(home, { package: "/old/anything" }))
        // The record still knows the scripts, although their package has gone.
        assertAllDone(yield* install(home, { package: "/new/anything" }))
        assert.notInclude(readFileSync(home.settings, "utf8"), "/old/")
        assert.lengthOf(JSON.parse(readFileSync(home.settings, "utf8")).hooks.SessionStart, 1)
        assertAllDone(yield* uninstall(home))
        assert.deepStrictEqual(home.all(), before)
      })
    ))

  it.effect("says where the memory lies when that is elsewhere", () =>
    inHome((home) =>
      Effect.gen(function*() {
        const memory = join(home.root, "记忆")
        const places = { ...home.places, home: memory, movedHome: memory }
        assertAllDone(yield* install(home, { places }))
        assert.deepStrictEqual(JSON.parse(readFileSync(home.settings, "utf8")).env, { CLAUDE_MEMORY_HOME: memory })
        // Uninstalls without CLAUDE_MEMORY_HOME, as from another terminal.
        assertAllDone(yield* uninstall(home))
        assert.strictEqual(readFileSync(home.settings, "utf8").trim(), "{}")
      })
    ))
})

describe("a file", () => {
  it.effect("keeps its mode, and a link to it stays one", () =>
    inHome((home) =>
      Effect.gen(function*() {
        const dotfiles = join(home.root, "dotfiles", "settings.json")
        home.write(dotfiles, "{}", 0o640)
        mkdirSync(dirname(home.settings))
        symlinkSync(dotfiles, home.settings)
        const before = home.all()
        assertAllDone(yield* install(home))
        assert.isTrue(lstatSync(home.settings).isSymbolicLink())
        assert.strictEqual(statSync(dotfiles).mode & 0o777, 0o640)
        assert.include(readFileSync(dotfiles, "utf8"), "hook.cjs")
        assertAllDone(yield* uninstall(home))
        assert.deepStrictEqual(home.all(), before)
      })
    ))

  it.effect("that is made is the user's alone", () =>
    inHome((home) =>
      Effect.gen(function*() {
        assertAllDone(yield* install(home))
        for (const path of [home.settings, home.servers]) assert.strictEqual(statSync(path).mode & 0o777, 0o600)
        assert.strictEqual(statSync(join(home.places.home, "installed")).mode & 0o777, 0o700)
      })
    ))

  it.effect("that leads nowhere, or is a folder, is left alone", () =>
    inHome((home) =>
      Effect.gen(function*() {
        mkdirSync(dirname(home.settings))
        symlinkSync(join(home.root, "gone"), home.settings)
        mkdirSync(home.servers)
        const before = home.all()
        const complaints = messagesOf(yield* install(home))
        assert.lengthOf(complaints, 2)
        assert.match(complaints.join("\n"), /\.claude\.json can't be read and is left alone/)
        assert.match(complaints.join("\n"), /settings\.json can't be read and is left alone/)
        assert.deepStrictEqual(home.all(), before)
      })
    ))

  it.effect("that Claude Code could not read either is named with the place of what is wrong", () =>
    inHome((home) =>
      Effect.gen(function*() {
        home.write(home.settings, "\ufeff{\r\n  // mine\r\n  \"model\": \"opus\"\r\n}")
        home.write(home.servers, "{\n  \"mcpServers\": []\n}")
        assert.deepStrictEqual(messagesOf(yield* install(home)), [
          `${home.servers}:2:17: "mcpServers" should be an object, and is not. The file is left alone; fix it and run this again`,
          `${home.settings}:2:3: invalid comment token. The file is left alone; fix it and run this again`
        ])
      })
    ))

  it.effect("in a folder that can't be written is as it was", () =>
    inHome((home) =>
      Effect.gen(function*() {
        home.write(home.settings, "{}")
        const before = home.all()
        // A folder in place of the temporary file makes the write fail, for root too.
        mkdirSync(`${home.settings}.claude-memory-tmp`)
        writeFileSync(join(`${home.settings}.claude-memory-tmp`, "x"), "")
        const complaints = messagesOf(yield* install(home))
        assert.lengthOf(complaints, 1)
        assert.match(
          complaints[0]!,
          /settings\.json can't be replaced and is as it was \(.*\): check that it and its folder are yours .* nor read-only; then/
        )
        rmSync(`${home.settings}.claude-memory-tmp`, { recursive: true })
        assertAllDone(yield* uninstall(home))
        assert.deepStrictEqual(home.all(), before)
      })
    ))

  it.effect("that changes between what is shown and what is done is left as it then is, unless what is done stays the same", () =>
    inHome((home) =>
      Effect.gen(function*() {
        home.write(home.settings, "{}")
        const target = yield* targetOf("user", home.places, home.project)
        const [, step] = steps({
          target,
          places: home.places,
          prompt: "command",
          timeout: 2,
          programs: programsIn("/opt/claude-memory")
        })
        const shown = yield* step!.plan
        home.write(home.settings, "{\"hooks\": {\"SessionStart\": [{\"hooks\": []}]}}")
        const before = home.all()
        assert.match(
          messagesOf([yield* Effect.either(carryOut(step!, shown, home.places))]).join(),
          /was changed by another program meanwhile/
        )
        assert.deepStrictEqual(home.all(), before)
        home.write(home.settings, "{\"model\": \"opus\"}")
        yield* carryOut(step!, shown, home.places)
        assert.deepStrictEqual(Object.keys(JSON.parse(readFileSync(home.settings, "utf8"))), ["model", "hooks"])
      })
    ))

  it.live("that Claude Code is writing is waited for, and not when whoever wrote it is gone", () =>
    inHome((home) =>
      Effect.gen(function*() {
        home.write(home.servers, "{}")
        const lock = `${home.servers}.lock`
        mkdirSync(lock)
        const release = Effect.sync(() => {
          home.write(home.servers, "{\"numStartups\":7}")
          rmSync(lock, { recursive: true })
        })
        yield* Effect.all([install(home), Effect.delay(release, "200 millis")], { concurrency: 2 })
        assert.include(readFileSync(home.servers, "utf8"), "\"numStartups\":7,")
        mkdirSync(lock)
        utimesSync(lock, 1, 1)
        assertAllDone(yield* uninstall(home))
        assert.strictEqual(readFileSync(home.servers, "utf8"), "{\"numStartups\":7}")
        assert.isFalse(existsSync(lock))
      })
    ))
})

describe("a project", () => {
  const git = (folder: string) => mkdirSync(join(folder, ".git"), { recursive: true })

  it.effect("is the repository, from any of its folders and worktrees", () =>
    inHome((home) =>
      Effect.gen(function*() {
        git(home.project)
        const worktree = join(home.root, "worktree")
        const own = join(home.project, ".git", "worktrees", "w")
        home.write(join(own, "commondir"), "../..\n")
        home.write(join(worktree, ".git"), `gitdir: ${own}\n`)
        const expected = {
          servers: home.servers,
          settings: join(home.project, ".claude", "settings.local.json"),
          place: ["projects", home.project]
        }
        for (const folder of [home.project, join(home.project, "src", "a"), worktree]) {
          mkdirSync(folder, { recursive: true })
          assert.deepStrictEqual(yield* targetOf("project", home.places, folder), expected)
        }
      })
    ))

  it.effect("without git is the folder; a bare repository's worktree has its own settings", () =>
    inHome((home) =>
      Effect.gen(function*() {
        assert.deepStrictEqual((yield* targetOf("project", home.places, home.project)).place, [
          "projects",
          home.project
        ])
        const bare = join(home.root, "shop.git")
        home.write(join(bare, "worktrees", "w", "commondir"), "../..\n")
        home.write(join(home.root, "w", ".git"), `gitdir: ${join(bare, "worktrees", "w")}\n`)
        const { place, settings } = yield* targetOf("project", home.places, join(home.root, "w"))
        assert.deepStrictEqual(place, ["projects", bare])
        assert.strictEqual(settings, join(home.root, "w", ".claude", "settings.local.json"))
      })
    ))

  it.effect("has its server in the older file where Claude Code still uses that", () =>
    inHome((home) =>
      Effect.gen(function*() {
        const legacy = join(home.places.claudeFolder, ".config.json")
        home.write(legacy, "{}")
        assert.strictEqual((yield* targetOf("user", home.places, home.project)).servers, legacy)
      })
    ))
})

describe("what is looked at", () => {
  it.effect("says what is registered, and which of its programs are gone", () =>
    inHome((home) =>
      Effect.gen(function*() {
        const folder = join(home.root, "node_modules", "claude-memory")
        home.write(join(folder, "dist", "hook.cjs"), "")
        assertAllDone(yield* install(home, { package: folder, prompt: "mcp" }))
        const found = yield* inspect(yield* targetOf("user", home.places, home.project))
        assert.deepInclude(found, {
          hooks: { SessionStart: "command", UserPromptSubmit: "mcp" },
          hasServer: true,
          hasPlugin: false,
          missing: [join(folder, "dist", "mcp.js")]
        })
      })
    ))
})
