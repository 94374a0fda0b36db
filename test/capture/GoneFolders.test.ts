/**
 * Worktrees of real repositories that were removed before their transcripts are read, through the whole service.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { mkdirSync, rmSync, statSync, symlinkSync } from "node:fs"
import { basename, join, sep } from "node:path"
import { vi } from "vitest"
import type { Pair } from "../../src/capture/Collector.ts"
import { MAX_HOOK_CHARS } from "../../src/domain/Fence.ts"
import { idOf } from "../../src/domain/Ids.ts"
import type { Project } from "../../src/domain/Project.ts"
import { unitOf } from "../../src/domain/Saved.ts"
import type { Step } from "../../src/Pipeline.ts"
import { ClaudeMemory } from "../../src/serve/ClaudeMemory.ts"
import { MemoryStore } from "../../src/store/MemoryStore.ts"
import { layer } from "../../src/testing.ts"
import { slow } from "../data.ts"
import { git, makeRepository, type Session, writeSession } from "../repositories.ts"

class World {
  readonly root: string
  readonly projects: string

  constructor(root: string) {
    this.root = root
    this.projects = join(root, "claude", "projects")
    mkdirSync(this.projects, { recursive: true })
  }

  at(...parts: ReadonlyArray<string>): string {
    return join(this.root, ...parts)
  }

  /** Makes a worktree of a repository on a branch of its own. */
  worktree(repository: string, folder: string, branch = basename(folder)): string {
    git(repository, "worktree", "add", "-b", branch, folder)
    return folder
  }

  /** Removes a worktree and its branch as git does, so that nothing is left of either. */
  remove(repository: string, folder: string, branch = basename(folder)) {
    git(repository, "worktree", "remove", "--force", folder)
    git(repository, "branch", "-D", branch)
  }

  session(id: string, session: Session): string {
    return writeSession(this.projects, id, session)
  }
}

const test = <E>(
  title: string,
  body: (world: World) => Effect.Effect<void, E, ClaudeMemory | MemoryStore | FileSystem.FileSystem | Scope.Scope>
) =>
  it.scoped(title, () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const root = yield* fs.realPath(yield* fs.makeTempDirectoryScoped({ prefix: "claude-memory-gone-" }))
      yield* body(new World(root))
    }).pipe(Effect.provide(layer)), 60_000)

/** Imports these transcripts, or all; returns what was recognized. */
const imported = (world: World, ...paths: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    const files = yield* memory.discover(paths.length === 0 ? [world.projects] : paths)
    const steps = yield* Stream.runCollect(memory.ingest(files))
    const found = [...steps].filter((step): step is Extract<Step, { _tag: "Recognized" }> => step._tag === "Recognized")
    const rootsOf = (pairs: ReadonlyArray<Pair>) => pairs.map(({ from, into }) => `${from.root} → ${into.name}`).sort()
    return {
      sure: rootsOf(found.flatMap(({ sure }) => sure)),
      alike: rootsOf(found.flatMap(({ alike }) => alike))
    }
  })

const NOTHING = { sure: [], alike: [] }

/** Lists the projects' names, each with how many are merged into it. */
const list = Effect.gen(function*() {
  const memory = yield* ClaudeMemory
  return (yield* memory.projects.known).map(({ merged, name }) => [name, merged.length])
})

/** Titles and contents found by a question in a folder's project. */
const found = (folder: string, text: string) =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    const { id } = yield* memory.project(folder)
    const { results } = yield* memory.search({ text, projects: [id], mode: "keyword", limit: 20, minScore: 0 })
    return results.map(({ unit }) => unit.content).join("\n")
  })

/** A decision about a thing that nothing else is about. */
const about = (thing: string) => [
  `How should the ${thing} be stored? We had trouble with the ${thing} last week.`,
  `We decided that the ${thing} is stored in PostgreSQL, because the ${thing} must survive a restart of the server.`
]

/** Runs an effect as a person whose home this folder is. */
const atHome = <A, E, R>(home: string, effect: Effect.Effect<A, E, R>) =>
  Effect.acquireUseRelease(
    Effect.sync(() => {
      for (const name of ["HOME", "USERPROFILE"]) vi.stubEnv(name, home)
    }),
    () => effect,
    () => Effect.sync(() => vi.unstubAllEnvs())
  )

const THINGS = ["lantern", "harbour", "quokka", "walnut", "sextant", "marmot", "trombone"] as const

describe("seven worktrees that were removed before the import", () => {
  slow(test)(
    "are the repository's: by commands, by git's entries, by their place inside it; and its memory is found",
    (world) =>
      Effect.gen(function*() {
        const memory = yield* ClaudeMemory
        const shop = makeRepository(world.at("shop"), "git@github.com:acme/shop.git")
        const [a, b, c, d, e, f, g] = [
          world.at("shop-lantern"),
          world.at("trees", "harbour"),
          world.at("shop.worktrees", "quokka"),
          world.at("home", ".claude-worktrees", "shop", "walnut"),
          world.at("pruned", "sextant"),
          world.at("shop", ".claude", "worktrees", "marmot"),
          world.at("shop", ".worktrees", "trombone")
        ]
        const folders = [a, b, c, d, e, f, g]
        for (const folder of folders) world.worktree(shop, folder)
        world.session("main", {
          cwd: shop,
          branch: "main",
          said: [
            ...about("invoice"),
            { command: "git worktree add ../shop-lantern -b lantern && ls" },
            { command: `git fetch; git worktree add -b harbour "${b}" origin/main` },
            { command: `cd ${shop} && git worktree remove ../shop.worktrees/quokka` },
            { command: `git -C ${shop} worktree add --lock --reason "a long one" ${d} main` }
          ]
        })
        for (const [i, folder] of folders.entries()) {
          // One of them below its worktree.
          const cwd = i === 1 ? join(folder, "packages", "api") : folder
          world.session(THINGS[i]!, { cwd, branch: basename(folder), said: about(THINGS[i]!) })
          if (folder === e) rmSync(folder, { recursive: true })
          else world.remove(shop, folder)
        }

        const { alike, sure } = yield* imported(world)
        assert.deepStrictEqual(alike, [])
        assert.deepStrictEqual(
          sure,
          [a, join(b, "packages", "api"), c, d, e].map((folder) => `${folder} → shop`).sort()
        )
        assert.deepStrictEqual(yield* list, [["shop", 5]])
        for (const thing of THINGS) assert.include(yield* found(shop, `how is the ${thing} stored`), thing)
        const { id } = yield* memory.project(shop)
        const { text } = yield* memory.inject({
          prompt: "how should the sextant be stored?",
          projects: [id],
          mode: "balanced",
          maxTokens: 800,
          maxChars: MAX_HOOK_CHARS
        })
        assert.include(text, "sextant")
        assert.deepStrictEqual(yield* imported(world), NOTHING)
        const { missing, orphans } = yield* memory.index.verify
        assert.deepStrictEqual([missing, orphans], [0, 0])
      })
  )

  test("that were imported as projects of their own are recognized as soon as the repository tells of them", (world) =>
    Effect.gen(function*() {
      const shop = makeRepository(world.at("shop"))
      const folders = THINGS.map((thing) => world.at("trees", thing))
      for (const [i, cwd] of folders.entries()) world.session(THINGS[i]!, { cwd, said: about(THINGS[i]!) })
      // Nothing is known of the repository yet.
      assert.deepStrictEqual(yield* imported(world), NOTHING)
      assert.strictEqual((yield* list).length, 7)
      world.session("main", {
        cwd: shop,
        said: [...about("invoice"), { command: folders.map((path) => `git worktree add ${path}`).join("\n") }]
      })
      assert.strictEqual((yield* imported(world)).sure.length, 7)
      assert.deepStrictEqual(yield* list, [["shop", 7]])
      for (const thing of THINGS) assert.include(yield* found(shop, `how is the ${thing} stored`), thing)
    }))

  test("stay two where a person told them apart, also when both are of one repository", (world) =>
    Effect.gen(function*() {
      const memory = yield* ClaudeMemory
      const store = yield* MemoryStore
      const folders = ["lantern", "harbour"].map((thing) => world.at("trees", thing))
      for (const cwd of folders) world.session(basename(cwd), { cwd, said: about(basename(cwd)) })
      yield* imported(world)
      yield* store.setDifferent((yield* memory.projects.known).map(({ id }) => id))
      world.session("main", {
        cwd: makeRepository(world.at("shop")),
        said: [...about("invoice"), { command: folders.map((path) => `git worktree add ${path}`).join("\n") }]
      })
      assert.lengthOf((yield* imported(world)).sure, 1)
      assert.sameDeepMembers((yield* list).map(([, merged]) => merged), [0, 1])
      assert.deepStrictEqual(yield* imported(world), NOTHING)
    }))

  test("are recognized by a server that follows the transcripts", (world) =>
    Effect.gen(function*() {
      const memory = yield* ClaudeMemory
      const shop = makeRepository(world.at("shop"))
      for (const thing of THINGS) {
        const cwd = world.worktree(shop, world.at("trees", thing))
        world.session(thing, { cwd, said: about(thing) })
        rmSync(cwd, { recursive: true })
      }
      world.session("main", { cwd: shop, said: about("invoice") })
      yield* memory.capture([world.projects]).pipe(
        Stream.takeUntil(({ _tag }) => _tag === "CaughtUp"),
        Stream.runDrain
      )
      assert.deepStrictEqual(yield* list, [["shop", 7]])
      assert.include(yield* found(shop, "how is the quokka stored"), "quokka")
    }))
})

describe("a project of a version that wrote its key otherwise", () => {
  /** As versions wrote it that kept the case of a remote, and of a drive. */
  const earlier = (key: string, root: string): Project => ({ id: idOf("project", key), name: "Shop", root, key })
  const KEY = "remote:github.com/Acme/Shop"
  const OTHER = "remote:github.com/acme/Shop"

  test("is its folder's, also where the folder that it was known by is gone", (world) =>
    Effect.gen(function*() {
      const store = yield* MemoryStore
      const known = earlier(KEY, world.at("gone"))
      const content = "The quokka is stored in PostgreSQL."
      yield* store.save(unitOf({ content, title: content, files: [] }, known.id, 0), known)
      const shop = makeRepository(world.at("shop"), "git@github.com:Acme/Shop.git")
      world.session("first", { cwd: shop, said: about("lantern") })
      assert.deepStrictEqual(yield* imported(world), NOTHING)
      assert.deepStrictEqual(yield* list, [["Shop", 1]])
      assert.strictEqual((yield* store.projects)[0]!.id, known.id)
      for (const thing of ["lantern", "quokka"]) {
        assert.include(yield* found(shop, `how is the ${thing} stored`), thing)
      }
      assert.deepStrictEqual(yield* imported(world), NOTHING)
    }))

  test("stays excluded, by its repository and by a drive of Windows", (world) =>
    Effect.gen(function*() {
      const store = yield* MemoryStore
      yield* store.excludeProject(earlier(KEY, world.at("one")), true)
      yield* store.excludeProject(earlier("path:c:\\work\\bank", "c:\\work\\bank"), true)
      const shop = makeRepository(world.at("two"), "git@github.com:Acme/Shop.git")
      for (const [i, cwd] of [shop, "c:\\work\\bank", "C:\\work\\bank"].entries()) {
        world.session(`session-${i}`, { cwd, said: about("lantern") })
      }
      yield* imported(world)
      assert.strictEqual((yield* store.status).messages, 0)
      assert.deepStrictEqual((yield* store.projects).map(({ isExcluded, merged }) => [isExcluded, merged.length]), [
        [true, 1],
        [true, 1]
      ])
      yield* imported(world)
      assert.strictEqual((yield* store.status).messages, 0)
    }))

  test("that is excluded has what it was captured as since excluded too, unless they were told apart", (world) =>
    Effect.gen(function*() {
      const store = yield* MemoryStore
      const shop = makeRepository(world.at("shop"), "git@github.com:Acme/Shop.git")
      world.session("first", { cwd: shop, said: about("lantern") })
      yield* imported(world)
      yield* store.excludeProject(earlier(KEY, shop), true)
      yield* imported(world)
      assert.deepStrictEqual((yield* store.projects).map(({ isExcluded, merged }) => [isExcluded, merged.length]), [
        [true, 1]
      ])
      yield* store.splitProject((yield* store.projects)[0]!.merged[0]!.id)
      yield* imported(world)
      assert.strictEqual((yield* store.projects).length, 2)
    }))

  for (const keys of [[KEY, OTHER], [OTHER, KEY]] as const) {
    test(`excludes what it is, with the other ${keys[0] === KEY ? "after" : "before"} it`, (world) =>
      Effect.gen(function*() {
        const store = yield* MemoryStore
        for (const [i, key] of keys.entries()) {
          const project = { ...earlier(key, world.at("gone")), name: `shop ${i}` }
          yield* store.save(unitOf({ content: `The ${key} is blue.`, title: key, files: [] }, project.id, i), project)
          if (key === OTHER) yield* store.excludeProject(project, true)
        }
        const shop = makeRepository(world.at("shop"), "git@github.com:Acme/Shop.git")
        for (const name of ["first", "second"]) {
          world.session(name, { cwd: shop, said: about("lantern") })
          yield* imported(world)
          assert.deepStrictEqual((yield* store.projects).map(({ isExcluded }) => isExcluded), [true])
          assert.strictEqual((yield* store.status).messages, 0)
        }
      }))
  }

  test("leaves out what it was told apart from, when it is excluded and the other is not", (world) =>
    Effect.gen(function*() {
      const store = yield* MemoryStore
      const shop = makeRepository(world.at("shop"), "git@github.com:Acme/Shop.git")
      world.session("first", { cwd: shop, said: about("lantern") })
      yield* imported(world)
      const { messages } = yield* store.status
      yield* store.excludeProject(earlier(KEY, world.at("gone")), true)
      yield* imported(world)
      const apart = (yield* store.projects)[0]!.merged[0]!
      yield* store.splitProject(apart.id)
      yield* store.excludeProject(apart, false)
      world.session("second", { cwd: shop, said: about("quokka") })
      yield* imported(world)
      assert.isAbove((yield* store.status).messages, messages)
    }))
})

describe("a folder that is there", () => {
  test("takes its memory along when its repository gets a remote, and when that moves to another owner", (world) =>
    Effect.gen(function*() {
      const shop = makeRepository(world.at("shop"))
      world.session("first", { cwd: shop, said: about("lantern") })
      assert.deepStrictEqual(yield* imported(world), NOTHING)
      git(shop, "remote", "add", "origin", "git@github.com:mei/shop.git")
      const memory = yield* ClaudeMemory
      assert.deepStrictEqual((yield* memory.projects.recognize).sure.map(({ from }) => from.root), [shop])
      assert.include(yield* found(shop, "how is the lantern stored"), "lantern")
      world.session("second", { cwd: shop, said: about("harbour") })
      assert.deepStrictEqual(yield* imported(world), { sure: [`${shop} → shop`], alike: [] })
      git(shop, "remote", "set-url", "origin", "https://gitlab.com/Acme/Shop.git")
      assert.deepStrictEqual(yield* imported(world), { sure: [`${shop} → Shop`], alike: [] })
      assert.deepStrictEqual(yield* list, [["Shop", 2]])
      for (const thing of ["lantern", "harbour"]) {
        assert.include(yield* found(shop, `how is the ${thing} stored`), thing)
      }
      assert.deepStrictEqual(yield* imported(world), NOTHING)
    }))

  test("that is excluded stays so when its repository gets a remote, and is included whole again", (world) =>
    Effect.gen(function*() {
      const memory = yield* ClaudeMemory
      const shop = makeRepository(world.at("shop"))
      world.session("first", { cwd: shop, said: about("lantern") })
      yield* memory.projects.exclude(shop, true)
      git(shop, "remote", "add", "origin", "git@github.com:mei/shop.git")
      world.session("second", { cwd: shop, said: about("harbour") })
      assert.deepStrictEqual(yield* imported(world), { sure: [`${shop} → shop`], alike: [] })
      yield* imported(world)
      const whole = (yield* memory.projects.known)[0]!
      assert.deepInclude(whole, { key: "remote:github.com/mei/shop", isExcluded: true })
      assert.strictEqual(whole.merged.length, 1)
      assert.strictEqual((yield* memory.status).lines.total, 0)
      yield* memory.projects.exclude("shop", false)
      yield* imported(world)
      for (const thing of ["lantern", "harbour"]) {
        assert.include(yield* found(shop, `how is the ${thing} stored`), thing)
      }
    }))

  test("that is excluded is not read as a part of another project, which is", (world) =>
    Effect.gen(function*() {
      const memory = yield* ClaudeMemory
      const clone = makeRepository(world.at("clone"), "git@github.com:mei/shop.git")
      const shop = makeRepository(world.at("shop"))
      const api = world.at("mono", "api")
      mkdirSync(api, { recursive: true })
      world.session("clone", { cwd: clone, said: about("walnut") })
      yield* imported(world)
      for (const folder of [shop, api]) yield* memory.projects.exclude(folder, true)
      git(shop, "remote", "add", "origin", "git@github.com:mei/shop.git")
      makeRepository(world.at("mono"), "git@github.com:mei/mono.git")
      world.session("shop", { cwd: shop, said: about("lantern") })
      world.session("api", { cwd: api, said: about("harbour") })
      world.session("mono", { cwd: world.at("mono"), said: about("sextant") })
      assert.deepStrictEqual(yield* imported(world), NOTHING)
      assert.include(yield* found(clone, "how is the walnut stored"), "walnut")
      assert.notInclude(yield* found(clone, "how is the lantern stored"), "lantern")
      assert.include(yield* found(world.at("mono"), "how is the sextant stored"), "sextant")
      assert.notInclude(yield* found(world.at("mono"), "how is the harbour stored"), "harbour")
    }))

  test("is asked about when a repository is made around it, and when it is a repository of another name now", (world) =>
    Effect.gen(function*() {
      const api = world.at("mono", "api")
      mkdirSync(api, { recursive: true })
      const tool = makeRepository(world.at("tool"), "git@github.com:acme/tool.git")
      world.session("api", { cwd: api, said: about("lantern") })
      world.session("tool", { cwd: tool, said: about("harbour") })
      assert.deepStrictEqual(yield* imported(world), NOTHING)
      makeRepository(world.at("mono"), "git@github.com:acme/mono.git")
      git(tool, "remote", "set-url", "origin", "git@github.com:acme/other.git")
      const asked = { sure: [], alike: [`${api} → mono`, `${tool} → other`] }
      assert.deepStrictEqual(yield* imported(world), asked)
      assert.deepStrictEqual(yield* imported(world), asked)
      // Nothing is remembered of either yet, so that they are named by their folders.
      const memory = yield* ClaudeMemory
      yield* memory.projects.merge(["api"], world.at("mono"))
      yield* memory.projects.setDifferent(["tool", tool])
      assert.deepStrictEqual(yield* imported(world), NOTHING)
      assert.sameDeepMembers(yield* list, [["mono", 1], ["tool", 0]])
      assert.include(yield* found(world.at("mono"), "how is the lantern stored"), "lantern")
    }))
})

describe("folders with one repository around them", () => {
  test("keep what each of them remembers, also where the repository is the home folder's", (world) =>
    Effect.gen(function*() {
      const clients = ["birch", "cedar"].map((name) => world.at("home", "work", name))
      for (const [i, cwd] of clients.entries()) {
        mkdirSync(cwd, { recursive: true })
        world.session(THINGS[i]!, { cwd, said: about(THINGS[i]!) })
      }
      assert.deepStrictEqual(yield* imported(world), NOTHING)
      makeRepository(world.at("home", "work"))
      assert.deepStrictEqual(yield* imported(world), { sure: [], alike: clients.map((folder) => `${folder} → work`) })
      rmSync(world.at("home", "work", ".git"), { recursive: true })
      const home = makeRepository(world.at("home"), "git@github.com:mei/settings.git")
      yield* atHome(
        home,
        Effect.gen(function*() {
          assert.deepStrictEqual(yield* imported(world), NOTHING)
          world.session("home", { cwd: home, said: about("walnut") })
          for (const [i, cwd] of clients.entries()) {
            world.session(`again-${i}`, { cwd, said: about(["trombone", "marmot"][i]!) })
          }
          assert.deepStrictEqual(yield* imported(world), NOTHING)
          assert.sameDeepMembers(yield* list, [["birch", 0], ["cedar", 0], ["settings", 0]])
          assert.include(yield* found(clients[1]!, "how is the marmot stored"), "marmot")
          assert.notInclude(yield* found(clients[1]!, "how is the lantern stored"), "lantern")
          assert.include(yield* found(home, "how is the walnut stored"), "walnut")
        })
      )
    }))

  test("are asked about when both are clones of one remote by now", (world) =>
    Effect.gen(function*() {
      const clones = ["birch", "cedar"].map((name) => makeRepository(world.at(name)))
      for (const cwd of clones) world.session(basename(cwd), { cwd, said: about(basename(cwd)) })
      assert.deepStrictEqual(yield* imported(world), NOTHING)
      for (const cwd of clones) git(cwd, "remote", "add", "origin", "git@github.com:mei/trees.git")
      assert.deepStrictEqual(yield* imported(world), { sure: [], alike: clones.map((folder) => `${folder} → trees`) })
    }))
})

describe("a folder that was made again", () => {
  test("keeps its old memory from the repository that it is now, until a person says that it is the same", (world) =>
    Effect.gen(function*() {
      const memory = yield* ClaudeMemory
      const draft = world.at("draft")
      mkdirSync(draft)
      const api = makeRepository(world.at("api"), "git@github.com:birch/api.git")
      world.session("draft", { cwd: draft, said: about("lantern") })
      world.session("api", { cwd: api, said: about("harbour") })
      assert.deepStrictEqual(yield* imported(world), NOTHING)
      for (const folder of [draft, api]) rmSync(folder, { recursive: true })
      makeRepository(draft, "git@github.com:acme/kettle.git")
      makeRepository(api, "git@github.com:cedar/api.git")
      const asked = { sure: [], alike: [`${api} → api`, `${draft} → kettle`] }
      assert.deepStrictEqual(yield* imported(world), asked)
      assert.notInclude(
        yield* found(makeRepository(world.at("kettle"), "git@github.com:acme/kettle.git"), "lantern"),
        "lantern"
      )
      yield* memory.projects.merge(["draft"], draft)
      assert.include(yield* found(draft, "how is the lantern stored"), "lantern")
      assert.deepStrictEqual((yield* imported(world)).alike, [`${api} → api`])
    }))

  test("is known by what was saved there, too", (world) =>
    Effect.gen(function*() {
      const store = yield* MemoryStore
      const memory = yield* ClaudeMemory
      for (const name of ["early", "late"]) {
        const folder = makeRepository(world.at(name))
        const at = name === "early" ? 1 : Math.ceil(statSync(folder).birthtimeMs) + 60_000
        const content = "The quokka is stored in PostgreSQL."
        const project = yield* memory.project(folder)
        yield* store.save(unitOf({ content, title: name, files: [] }, project.id, at), project)
        git(folder, "remote", "add", "origin", `git@github.com:mei/${name}.git`)
      }
      assert.deepStrictEqual(yield* imported(world), {
        sure: [`${world.at("late")} → late`],
        alike: [`${world.at("early")} → early`]
      })
    }))
})

describe("a folder that is gone", () => {
  test("is asked about when the repository around it was made later", (world) =>
    Effect.gen(function*() {
      const api = world.at("mono", "api")
      world.session("api", { cwd: api, said: about("lantern") })
      assert.deepStrictEqual(yield* imported(world), NOTHING)
      world.session("mono", { cwd: makeRepository(world.at("mono")), said: about("harbour") })
      assert.deepStrictEqual(yield* imported(world), { sure: [], alike: [`${api} → mono`] })
    }))

  test("is the repository's when an earlier session in it was, or in a folder around it that is gone too", (world) =>
    Effect.gen(function*() {
      const shop = makeRepository(world.at("shop"))
      const fix = world.worktree(shop, world.at("elsewhere", "timers"))
      const first = world.session("first", { cwd: fix, said: about("lantern") })
      world.session("second", { cwd: fix, said: about("harbour") })
      world.session("third", { cwd: join(fix, "src"), said: about("quokka") })
      assert.deepStrictEqual(yield* imported(world, first), NOTHING)
      world.remove(shop, fix)
      world.session("main", { cwd: shop, said: about("invoice") })
      assert.deepStrictEqual((yield* imported(world)).sure, [`${fix} → shop`, `${join(fix, "src")} → shop`])
      assert.deepStrictEqual(yield* list, [["shop", 2]])
    }))

  slow(test)(
    "is asked about when only its name, its place or its branch is like a repository's",
    (world) =>
      Effect.gen(function*() {
        const shop = makeRepository(world.at("shop"))
        const api = makeRepository(world.at("shop-api"), "git@github.com:acme/shop-api.git")
        git(shop, "branch", "feature/cart")
        git(api, "branch", "feature/login")
        git(api, "pack-refs", "--all")
        world.session("shop", { cwd: shop, said: about("invoice") })
        world.session("api", { cwd: api, said: about("endpoint") })
        const like: ReadonlyArray<readonly [folder: string, into: string, branch?: string]> = [
          [world.at("shop-fix"), "shop"],
          [world.at("shop.fix"), "shop"],
          [world.at("shop-api-fix"), "shop-api"],
          [world.at("shop-worktrees", "fix", "packages", "web"), "shop"],
          [world.at("shop.worktrees", "fix"), "shop"],
          [world.at("worktrees", "shop", "fix"), "shop"],
          [world.at("worktrees", "shop-api", "fix"), "shop-api"],
          [world.at(".claude-worktrees", "shop-fix"), "shop"],
          [world.at("moved", "shop"), "shop"],
          [world.at("a"), "shop", "feature/cart"],
          [world.at("b"), "shop-api", "feature/login"]
        ]
        const unlike: ReadonlyArray<readonly [folder: string, branch?: string]> = [
          [world.at("shopping")],
          [world.at("elsewhere", "shop-fix")],
          [world.at("my-shop")],
          [world.at("c"), "main"],
          [world.at("d"), "feature/unknown"]
        ]
        for (const [i, [cwd, , branch]] of like.entries()) {
          world.session(`like-${i}`, { cwd, said: about("lantern"), ...(branch !== undefined && { branch }) })
        }
        for (const [i, [cwd, branch]] of unlike.entries()) {
          world.session(`unlike-${i}`, { cwd, said: about("harbour"), ...(branch !== undefined && { branch }) })
        }
        const { alike, sure } = yield* imported(world)
        assert.deepStrictEqual(sure, [])
        assert.deepStrictEqual(alike, like.map(([folder, into]) => `${folder} → ${into}`).sort())
        assert.strictEqual((yield* list).length, 2 + like.length + unlike.length)
        // Asked again until it is answered, one way or the other.
        assert.deepStrictEqual((yield* imported(world)).alike, alike)
        const memory = yield* ClaudeMemory
        yield* memory.projects.merge(like.slice(0, 2).map(([folder]) => folder), shop)
        yield* memory.projects.setDifferent([...like.slice(2).map(([folder]) => folder), shop, "shop-api"])
        assert.deepStrictEqual(yield* imported(world), NOTHING)
        assert.deepStrictEqual(yield* memory.projects.recognize, NOTHING)
      })
  )

  test("is recognized by a command that is captured later, and by its real path behind a link", (world) =>
    Effect.gen(function*() {
      mkdirSync(world.at("real"))
      symlinkSync(world.at("real"), world.at("link"))
      const shop = makeRepository(world.at("shop"))
      const fix = world.worktree(shop, world.at("link", "harbour"))
      rmSync(fix, { recursive: true })
      world.session("main", { cwd: shop, said: about("invoice") })
      world.session("fix", { cwd: fix, said: about("harbour") })
      for (const name of ["lantern", "quokka"]) world.session(name, { cwd: world.at("trees", name), said: about(name) })
      assert.deepStrictEqual(yield* imported(world), { sure: [`${fix} → shop`], alike: [] })
      for (const name of ["lantern", "quokka"]) {
        const command = `git worktree remove ${world.at("trees", name)}`
        world.session(`removes ${name}`, { cwd: shop, said: [...about("invoice"), { command }] })
        assert.deepStrictEqual(yield* imported(world), { sure: [`${world.at("trees", name)} → shop`], alike: [] })
      }
    }))

  test("is not another repository's because a session there ran a command for it", (world) =>
    Effect.gen(function*() {
      const shop = makeRepository(world.at("shop"))
      const site = makeRepository(world.at("site"))
      world.session("shop", { cwd: shop, said: about("invoice") })
      world.session("site", {
        cwd: site,
        said: [
          ...about("banner"),
          { command: `cd ${shop} && git worktree add ../lantern` },
          { command: `git -C "${shop}" worktree add ${world.at("harbour")}` },
          // It went there before.
          { command: `git worktree add ${world.at("shop-quokka")}` },
          { command: "git worktree add $(mktemp -d)/walnut" }
        ]
      })
      for (const name of ["lantern", "harbour", "shop-quokka", "walnut"]) {
        world.session(name, { cwd: world.at(name), said: about(name) })
      }
      assert.deepStrictEqual(yield* imported(world), {
        sure: [`${world.at("harbour")} → shop`, `${world.at("lantern")} → shop`],
        alike: [`${world.at("shop-quokka")} → shop`]
      })
    }))

  test("that was attached can be detached, and is not attached again", (world) =>
    Effect.gen(function*() {
      const memory = yield* ClaudeMemory
      const shop = makeRepository(world.at("shop"))
      const fix = world.worktree(shop, world.at("shop-fix"))
      world.session("main", { cwd: shop, said: about("invoice") })
      world.session("fix", { cwd: fix, said: about("lantern") })
      rmSync(fix, { recursive: true })
      assert.deepStrictEqual((yield* imported(world)).sure, [`${fix} → shop`])
      const [split] = yield* memory.projects.split(["shop-fix"])
      assert.deepStrictEqual([split?.project.root, split?.into.root], [fix, shop])
      assert.notInclude(yield* found(shop, "how is the lantern stored"), "lantern")
      assert.include(yield* found(fix, "how is the lantern stored"), "lantern")
      world.session("late", { cwd: fix, said: about("harbour") })
      assert.deepStrictEqual(yield* imported(world), NOTHING)
      assert.deepStrictEqual(yield* list, [["shop", 0], ["shop-fix", 0]])
      assert.include(yield* found(fix, "how is the harbour stored"), "harbour")
      const single = yield* Effect.flip(memory.projects.split(["shop"]))
      assert.match(single.message, /^shop is not merged into another project/)
    }))

  test("of another system is no part of the repository in which the import runs", (world) =>
    Effect.gen(function*() {
      if (sep !== "/") return
      const here = process.cwd()
      const folders = ["C:\\Users\\mei\\bank", "D:\\shop\\.claude\\worktrees\\fix"]
      world.session("here", { cwd: here, said: about("lantern") })
      folders.forEach((cwd, i) => world.session(`away-${i}`, { cwd, said: about(["harbour", "quokka"][i]!) }))
      assert.deepStrictEqual(yield* imported(world), NOTHING)
      const memory = yield* ClaudeMemory
      assert.deepStrictEqual(
        (yield* memory.projects.known).map(({ merged, root }) => [root, merged.length]).sort(),
        [["C:\\Users\\mei\\bank", 0], ["D:\\shop", 0], [(yield* memory.project(here)).root, 0]].sort()
      )
      assert.include(yield* found(folders[0]!, "how is the harbour stored"), "harbour")
      assert.notInclude(yield* found(here, "how is the harbour stored"), "harbour")
    }))

  test("is left alone when a person excluded it, and when only a folder without a repository is like it", (world) =>
    Effect.gen(function*() {
      const memory = yield* ClaudeMemory
      const shop = makeRepository(world.at("shop"))
      mkdirSync(world.at("notes"))
      world.session("main", { cwd: shop, said: about("invoice") })
      world.session("notes", {
        cwd: world.at("notes"),
        said: [...about("diary"), { command: "git worktree add ../diary" }]
      })
      for (const name of ["shop-fix", "notes-old", "diary"]) {
        world.session(name, { cwd: world.at(name), said: about(name) })
      }
      assert.deepStrictEqual((yield* imported(world)).alike, [`${world.at("shop-fix")} → shop`])
      yield* memory.projects.exclude("shop-fix", true)
      assert.deepStrictEqual(yield* imported(world), NOTHING)
    }))

  test("goes with a repository that is excluded where that is sure; else nobody is asked", (world) =>
    Effect.gen(function*() {
      const memory = yield* ClaudeMemory
      const shop = makeRepository(world.at("shop"))
      const fix = world.worktree(shop, world.at("shop-fix"))
      rmSync(fix, { recursive: true })
      yield* memory.projects.exclude(shop, true)
      world.session("fix", { cwd: fix, said: about("lantern") })
      world.session("like", { cwd: world.at("shop-old"), said: about("harbour"), branch: "main" })
      assert.deepStrictEqual(yield* imported(world), { sure: [`${fix} → shop`], alike: [] })
      world.session("late", { cwd: fix, said: about("quokka") })
      yield* imported(world)
      assert.notInclude(yield* found(shop, "how is the quokka stored"), "quokka")
    }))
})
