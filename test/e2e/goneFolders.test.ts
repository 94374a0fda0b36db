/**
 * Removed worktrees as a person meets them: what import, doctor and projects say, the commands that they print, and what
 * the hook says in the repository's folder.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import type * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { mkdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import { slow } from "../data.ts"
import { git, makeRepository, writeSession } from "../repositories.ts"
import { commandLines } from "./commandLines.ts"
import { hook, makeHome, type Outcome, run } from "./run.ts"

const inProcess = commandLines()

/** Long budgets in place of the hook's own short ones, so that a busy machine does not fail these tests. */
const PATIENT = { CLAUDE_MEMORY_HOOK_MS: "20000", CLAUDE_MEMORY_SESSION_START_MS: "20000" }

const ok = ({ code, stderr, stdout }: Outcome): string => {
  assert.deepStrictEqual([code, stderr], [0, ""])
  return stdout
}

const about = (thing: string) => [
  `How should the ${thing} be stored? We had trouble with the ${thing} last week.`,
  `We decided that the ${thing} is stored in PostgreSQL, because the ${thing} must survive a restart of the server.`
]

/** The words of a command as a shell takes them. */
const wordsOf = (command: string): ReadonlyArray<string> =>
  (command.match(/'[^']*'|\S+/g) ?? []).map((word) => word.replace(/^'(.*)'$/, "$1"))

/** The command that a text gives for an action, without what starts the program. */
const commandIn = (text: string, action: string): ReadonlyArray<string> => {
  const command = new RegExp(`main\\.js (projects ${action} [^\\n\`]+)`).exec(text)?.[1]
  assert.isDefined(command, text)
  return wordsOf(command!)
}

const world = <A, E>(
  body: (world: {
    readonly shop: string
    readonly at: (name: string) => string
    readonly session: (id: string, folder: string, said: Parameters<typeof writeSession>[2]["said"]) => void
    readonly claude: (...words: ReadonlyArray<string>) => Effect.Effect<Outcome>
    readonly asked: (prompt: string) => Effect.Effect<Outcome>
    readonly started: Effect.Effect<Outcome>
  }) => Effect.Effect<A, E, Scope.Scope | FileSystem.FileSystem>
) =>
  Effect.gen(function*() {
    const home = yield* makeHome
    const work = join(home, "work")
    mkdirSync(work)
    const shop = makeRepository(join(work, "shop"), "git@github.com:acme/shop.git")
    const hooked = (input: object) =>
      run([hook], {
        home,
        cwd: shop,
        env: PATIENT,
        stdin: JSON.stringify({ cwd: shop, transcript_path: join(home, "none.jsonl"), ...input })
      })
    return yield* body({
      shop,
      at: (name) => join(work, name),
      session: (id, cwd, said) => writeSession(join(home, ".claude", "projects"), id, { cwd, said }),
      claude: (...words) => inProcess(words, { home, cwd: shop }),
      asked: (prompt) => hooked({ session_id: `asked ${prompt}`, hook_event_name: "UserPromptSubmit", prompt }),
      started: hooked({ session_id: "begun", hook_event_name: "SessionStart", source: "startup" })
    })
  }).pipe(Effect.scoped, Effect.provide(NodeContext.layer))

const PROMPT = "how should the sextant be stored?"

describe("removed worktrees", () => {
  slow(it.live)(
    "are the repository's after the import, which says so; the hook tells of them in the repository",
    () =>
      world(({ asked, at, claude, session, shop, started }) =>
        Effect.gen(function*() {
          const things = ["lantern", "harbour", "quokka", "walnut", "marmot", "trombone", "sextant"]
          for (const thing of things) git(shop, "worktree", "add", at(`trees/${thing}`))
          session("main", shop, [
            ...about("invoice"),
            { command: things.map((thing) => `git worktree add ../trees/${thing}`).join(" && ") }
          ])
          for (const thing of things) session(thing, at(`trees/${thing}`), about(thing))
          for (const thing of things) git(shop, "worktree", "remove", at(`trees/${thing}`))
          const text = ok(yield* claude("import"))
          assert.include(
            text,
            `\n7 folders belong to shop (${shop}); what is remembered of them is shop's`
          )
          for (const thing of things) assert.include(text, `\n  ${at(`trees/${thing}`)}\n`)
          const { projects } = JSON.parse(ok(yield* claude("projects", "--json")))
          assert.deepStrictEqual(projects.map((each: { readonly name: string }) => each.name), ["shop"])
          assert.include(ok(yield* claude("search", "sextant stored")), "sextant")
          assert.include(ok(yield* asked(PROMPT)), "sextant is stored in PostgreSQL")
          // The newest sessions were all in worktrees.
          assert.match(ok(yield* started), /lantern|harbour|quokka|walnut|marmot|trombone|sextant/)

          const split = ok(yield* claude(...commandIn(text, "split")))
          assert.match(split, /is a project of its own again, no part of shop\.\n/)
          assert.match(
            ok(yield* claude("doctor")),
            /^ok +repositories +no project's folder belongs to another project/m
          )
        })
      ),
    60_000
  )

  slow(it.live)(
    "are told of by doctor as soon as something tells whose they are",
    () =>
      world(({ at, claude, session, shop }) =>
        Effect.gen(function*() {
          git(shop, "worktree", "add", at("lantern"))
          session("lantern", at("lantern"), about("lantern"))
          rmSync(at("lantern"), { recursive: true })
          assert.notInclude(ok(yield* claude("import")), "belong")
          assert.match(ok(yield* claude("doctor")), /^ok +repositories/m)
          ok(yield* claude("save", "Invoices are numbered without gaps."))
          assert.match(
            ok(yield* claude("doctor")),
            /^note +repositories +\S+lantern belongs to shop: the next `node \S+main\.js import` makes them one$/m
          )
          assert.include(ok(yield* claude("import")), `1 folder belongs to shop (${shop})`)
          assert.match(ok(yield* claude("doctor")), /^ok +repositories/m)
        })
      ),
    60_000
  )

  slow(it.live)(
    "that only look like the repository's are asked about, and one command answers for all",
    () =>
      world(({ asked, at, claude, session, shop }) =>
        Effect.gen(function*() {
          session("main", shop, about("invoice"))
          session("fix", at("shop-fix"), about("sextant"))
          session("two", at("shop fix two"), about("walnut"))
          session("old", at("shop-old"), about("marmot"))
          const text = ok(yield* claude("import"))
          assert.include(
            text,
            `\n3 projects look like parts of shop (${shop}), such as worktrees; their folders are gone:\n  ${
              at("shop fix two")
            }\n  ${at("shop-fix")}\n  ${at("shop-old")}\n`
          )
          const { alike } = JSON.parse(ok(yield* claude("import", "--json")))
          assert.lengthOf(alike[0].from, 3)
          assert.notInclude(ok(yield* asked(PROMPT)), "sextant is stored")
          for (const command of ["projects", "doctor"]) {
            const said = ok(yield* claude(command))
            for (const action of ["merge", "different"]) {
              assert.deepStrictEqual(commandIn(said, action), commandIn(text, action), command)
            }
          }
          assert.match(
            ok(yield* claude("doctor")),
            /^note +repositories +\S+shop fix two, \S+shop-fix and \S+shop-old are gone and/m
          )

          // One of them is something else.
          const answer = commandIn(text, "merge").filter((word) => word !== "shop-old")
          assert.include(ok(yield* claude(...answer)), "What is remembered of shop fix two and shop-fix is shop's now.")
          assert.include(ok(yield* asked(PROMPT)), "sextant is stored in PostgreSQL")
          const rest = ok(yield* claude("projects"))
          assert.include(rest, "1 project looks like a part of shop")
          assert.match(
            ok(yield* claude(...commandIn(rest, "different"))),
            /^shop-old and shop stay projects of their own/
          )
          assert.notInclude(ok(yield* claude("projects")), "looks like")
          assert.notInclude(ok(yield* claude("import")), "looks like")

          const split = ok(yield* claude("projects", "split", "shop-fix", "shop fix two"))
          assert.include(split, `shop-fix (${at("shop-fix")}) is a project of its own again`)
          assert.notInclude(ok(yield* asked(`${PROMPT} Tell me.`)), "sextant is stored")
          assert.notInclude(ok(yield* claude("import")), "look")
          const unmerged = yield* claude("projects", "split", "shop-fix")
          assert.match(unmerged.stderr, /shop-fix is not merged into another project, so there is nothing to split/)
        })
      ),
    60_000
  )
})

describe("a folder that is another project by now", () => {
  slow(it.live)(
    "is asked about, and the command that is printed makes the two one",
    () =>
      world(({ asked, claude, session, shop }) =>
        Effect.gen(function*() {
          session("main", shop, about("sextant"))
          ok(yield* claude("import"))
          git(shop, "remote", "set-url", "origin", "git@github.com:acme/store.git")
          const text = ok(yield* claude("projects"))
          assert.include(text, `\nThe folder of shop is store (${shop}) by now, `)
          assert.deepStrictEqual(commandIn(text, "merge"), ["projects", "merge", "shop", shop])
          assert.match(
            ok(yield* claude("doctor")),
            /^note +repositories +\S+shop is store \(\S+shop\) by now, .+ projects merge shop \S+` makes them one project/m
          )
          assert.notInclude(ok(yield* asked(PROMPT)), "sextant is stored")
          ok(yield* claude(...commandIn(text, "merge")))
          assert.include(ok(yield* asked(`${PROMPT} Tell me.`)), "sextant is stored in PostgreSQL")
          assert.match(ok(yield* claude("doctor")), /^ok +repositories/m)
        })
      ),
    60_000
  )

  slow(it.live)(
    "is noted where it was moved, and the command gives its memory to the new folder",
    () =>
      world(({ at, claude, session }) =>
        Effect.gen(function*() {
          for (const name of ["early", "later"]) mkdirSync(at(name))
          session("early", at("early"), about("sextant"))
          session("later", at("later"), about("walnut"))
          ok(yield* claude("import"))
          assert.notInclude(ok(yield* claude("doctor")), "gone")
          rmSync(at("early"), { recursive: true })
          assert.match(ok(yield* claude("projects")), /^early +\d+ +\S+early +its folder is gone$/m)
          assert.match(ok(yield* claude("doctor")), /^note +folders +\S+early is gone, .+ projects merge OLD NEW`/m)
          ok(yield* claude("projects", "merge", at("early"), at("later")))
          assert.notInclude(ok(yield* claude("doctor")), " gone")
          assert.include(ok(yield* claude("search", "sextant stored", "--project", "later")), "sextant")
        })
      ),
    60_000
  )
})
