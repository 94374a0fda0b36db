/**
 * Commands with which a person puts memories right: edit, pin, forget, undo and history.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import type * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { append } from "../../src/hook/RecordFiles.ts"
import { encode } from "../../src/hook/RecordLines.ts"
import { load } from "../../src/resources/SqliteDriver.ts"
import { samples, slow } from "../data.ts"
import { commandLines } from "./commandLines.ts"
import { main, makeHome, run } from "./run.ts"

const SHOP = join(samples, "-home-mei-work-shop-api")
const inProcess = commandLines()

const imported = Effect.gen(function*() {
  const home = yield* makeHome
  const claude = (...words: ReadonlyArray<string>) => inProcess(words, { home })
  const printed = (...words: ReadonlyArray<string>) =>
    Effect.map(claude(...words), ({ code, stderr, stdout }) => {
      assert.deepStrictEqual([code, stderr], [0, ""], words.join(" "))
      return stdout
    })
  const json = (...words: ReadonlyArray<string>) => Effect.map(printed(...words, "--json"), (text) => JSON.parse(text))
  const refused = (...words: ReadonlyArray<string>) =>
    Effect.map(claude(...words), ({ code, stderr, stdout }) => {
      assert.deepStrictEqual([code, stdout], [1, ""], words.join(" "))
      return stderr
    })
  yield* printed("import", SHOP)
  const list = (...words: ReadonlyArray<string>) =>
    Effect.map(
      json("list", "--all-projects", "--limit", "1000", ...words),
      ({ memories }) =>
        memories as ReadonlyArray<{ readonly id: string; readonly sessionId: string; readonly title: string }>
    )
  return { home, json, list, printed, refused }
})

const test = <E>(
  title: string,
  body: (person: Effect.Effect.Success<typeof imported>) => Effect.Effect<void, E, FileSystem.FileSystem | Scope.Scope>
) => it.live(title, () => Effect.flatMap(imported, body).pipe(Effect.scoped, Effect.provide(NodeContext.layer)))

describe("a person who puts memories right", () => {
  test("edits one, sees what it was, and takes it back", ({ home, json, printed, refused }) =>
    Effect.gen(function*() {
      const { results: [{ id, unit }] } = yield* json("search", "fake timers", "--all-projects")
      const short = id.slice(0, 8)
      const changed = yield* printed(
        "edit",
        short,
        "--text",
        "Clocks in tests come from one place.",
        "--title",
        "Clocks"
      )
      assert.match(
        changed,
        new RegExp(`^Changed ${short} \\(decision, revision 1\\): Clocks\\n.* undo \\d+\` takes it back`)
      )
      assert.strictEqual((yield* json("search", "clocks one place", "--all-projects")).results[0].id, id)
      assert.match(yield* printed("show", short), /revision {2}1; `.* history [0-9a-f]{8}` shows what it was/)
      const history = yield* printed("history", short)
      assert.include(history, `title: ${unit.title} → Clocks`)
      assert.match(history, /\+ Clocks in tests come from one place\./)
      // Compressed again from the same lines.
      yield* printed("import", SHOP)
      assert.strictEqual((yield* json("show", short)).unit.content, "Clocks in tests come from one place.")

      assert.match(
        yield* refused("edit", short, "--title", "Late", "--revision", "0"),
        /was changed meanwhile \(revision 1\), and nothing was written/
      )
      assert.match(
        yield* refused("edit", short, "--text", "x".repeat(1_400)),
        /^nothing was changed: a memory holds at most/
      )
      assert.match(yield* refused("edit", short, "--title", " "), /^--title is empty/)
      assert.match(yield* refused("edit", short), /^nothing was changed: give --title, --text or --type/)
      const secret = `ghp_${"a1B2c3D4".repeat(4)}abcd`
      assert.notInclude(JSON.stringify(yield* json("edit", short, "--text", `The key is ${secret}.`)), secret)

      assert.match(yield* printed("undo"), new RegExp(`^The edit of .* is undone:\\n  ${short} Clocks`))
      assert.match(yield* printed("undo"), /is undone:/)
      assert.strictEqual((yield* json("show", short)).unit.content, unit.content)
      assert.match(yield* refused("undo"), /^There is nothing to undo/)
      assert.isTrue(existsSync(join(home, ".claude-memory")))
    }))

  slow(test)("says that one did not help, and takes that back", ({ json, printed, refused }) =>
    Effect.gen(function*() {
      const { results: [{ id, unit }] } = yield* json("search", "fake timers", "--all-projects")
      const short = id.slice(0, 8)
      const prompt = unit.title as string
      assert.match(
        yield* printed("nohelp", short, "--prompt", prompt),
        new RegExp(
          `^Not told any more at prompts with .*: ${short} .*\n\`.* undo \\d+\` takes it back; a search finds`
        )
      )
      assert.match(yield* printed("show", short), /\nfeedback {2}does not help at prompts with \S/)
      assert.match(yield* printed("history", short), /revision 1, changed by you\n  │ does not help at prompts with \S/)
      // Compressed again from the same lines.
      yield* printed("import", SHOP)
      assert.deepInclude((yield* json("show", short)).unit.feedback[0], { helps: false })
      assert.strictEqual((yield* json("search", "fake timers", "--all-projects")).results[0].id, id)
      assert.match(yield* printed("help", short), new RegExp(`^Told sooner at every prompt: ${short} `))
      assert.match(yield* printed("help", short, "--off"), /^Taken back that it helps: /)
      assert.strictEqual((yield* json("show", short)).unit.feedback.length, 1)
      for (const _ of [1, 2, 3]) {
        assert.match(yield* printed("undo"), /^What you said on .* is taken back:\n  [0-9a-f]{8} /)
      }
      assert.isUndefined((yield* json("show", short)).unit.feedback)
      assert.match(yield* refused("help", short, "--prompt", "zzyzx"), /has no telling word of this prompt: zzyzx/)
      assert.include(yield* printed("help", "undo"), "Undo the last edit")
    }))

  slow(test)(
    "keeps one, which is then not let go, and takes that back",
    ({ json, list, printed, refused }) =>
      Effect.gen(function*() {
        const { results: [{ id }] } = yield* json("search", "fake timers", "--all-projects")
        const short = id.slice(0, 8)
        assert.match(yield* printed("keep", short), new RegExp(`^Kept: ${short} .*\n.* undo\` takes it back`))
        assert.include(yield* printed("show", short), "kept      never let go")
        assert.match(yield* printed("history", short), /changed by you\n {2}│ kept\n/)
        assert.deepStrictEqual(yield* list("--pinned"), [])
        assert.match(yield* printed("undo"), new RegExp(`^No longer kept:\n {2}${short} `))
        assert.isUndefined((yield* json("show", short)).unit.kept)
        assert.isTrue((yield* json("keep", short)).units[0].kept)
        assert.match(yield* printed("keep", short, "--off"), new RegExp(`^No longer kept: ${short} `))
        assert.match(yield* refused("keep", "ffffffff"), /ffffffff/)
      })
  )

  slow(test)(
    "takes back any one of the last seven days by its number, and is told which to take back first",
    ({ json, printed, refused }) =>
      Effect.gen(function*() {
        assert.match(yield* printed("undo", "--list"), /^There is nothing to undo/)
        const saved = (text: string, title: string) =>
          Effect.map(json("save", text, "--title", title), ({ id }) => id as string)
        const tide = yield* saved("High tide decides when the ferries may leave the pier.", "Tide")
        const crane = yield* saved("The harbour master wants every crane inspected.", "Cranes")
        const lamp = yield* saved("Lanterns are kept in the shed behind the boathouse.", "Lanterns")
        const { operation } = yield* json("edit", tide, "--title", "Ebb")
        const numbers = yield* Effect.forEach(
          [crane, lamp, tide],
          (id) => Effect.map(json("forget", id, "--yes"), (answer) => answer.operation as number)
        )
        const listed = yield* printed("undo", "--list")
        assert.match(
          listed,
          new RegExp(
            `^change .*\\n${numbers[2]} .* forgotten +Ebb\\n${numbers[1]} .* Lanterns\\n${numbers[0]} .* Cranes\\n`
          )
        )
        assert.notInclude(listed, "boathouse")
        assert.match(yield* printed("undo", String(numbers[0])), /^The forgetting of .* is undone: 1 memory is back/)
        assert.strictEqual((yield* json("show", crane)).unit.title, "Cranes")
        assert.match(yield* refused("show", lamp), /no memory has the id/)
        assert.match(
          yield* refused("undo", String(operation)),
          new RegExp(
            `the forgetting of “Ebb” \\(change ${numbers[2]}\\) came later and touched the same; undo that first`
          )
        )
        assert.match(yield* refused("undo", String(numbers[0])), /was undone already/)
        assert.match(yield* refused("undo", "99999"), /no change 99999 can be undone; .* undo --list/)
        assert.match(yield* refused("undo", "1", "--list"), /^give either --list or the number/)
        yield* printed("undo", String(numbers[2]))
        yield* printed("undo", String(operation))
        assert.strictEqual((yield* json("show", tide)).unit.title, "Tide")
        assert.deepStrictEqual(
          (yield* json("undo", "--list")).changes.map((change: { operation: number }) => change.operation),
          [numbers[1]]
        )
      })
  )

  slow(test)(
    "is told before and after a forgetting from what else it takes",
    ({ json, list, printed }) =>
      Effect.gen(function*() {
        const all = yield* list()
        const taking = yield* Effect.findFirst(
          all,
          ({ id }) =>
            Effect.map(json("forget", id, "--dry-run"), ({ also }) => also.units.length > 0 && also.sessions.length > 0)
        )
        assert.isTrue(Option.isSome(taking))
        const { id } = Option.getOrThrow(taking)
        const { also: { units: [other] } } = yield* json("forget", id, "--dry-run")
        const sentence = (end: string) =>
          new RegExp(
            `Also taken out of \\d memor(?:y|ies) and of what 1 session was for, which are made anew of what is left${end}:\\n  ${
              other.id.slice(0, 8)
            } `
          )
        assert.match(yield* printed("forget", id, "--dry-run"), sentence(", if that is enough"))
        assert.match(yield* printed("forget", id, "--yes"), sentence(""))
        yield* printed("undo")
        assert.deepStrictEqual((yield* list()).map(({ title }) => title).sort(), all.map(({ title }) => title).sort())
      })
  )

  slow(test)(
    "is told which memories keep the very words of the one that is forgotten",
    ({ json, printed }) =>
      Effect.gen(function*() {
        const text = "The staging keys are rotated by the night shift, never by the build."
        const [first, second] = yield* Effect.forEach(
          [[], ["--project", "shop-api"]],
          (place) => Effect.map(json("save", text, ...place), ({ id }) => id as string)
        )
        const sentence = new RegExp(
          `The same words stand also in:\\n  ${second!.slice(0, 8)} The staging keys.* \\(shop-api\\)\\n`
        )
        assert.match(yield* printed("forget", first!, "--dry-run"), sentence)
        assert.match(yield* printed("forget", first!, "--yes"), sentence)
        assert.notInclude(yield* printed("forget", second!, "--yes"), "The same words")
      })
  )

  slow(test)(
    "is told before and after a forgetting which memory holds again without it",
    ({ json, printed }) =>
      Effect.gen(function*() {
        const saved = (text: string) => Effect.map(json("save", text), ({ id }) => id as string)
        const old = yield* saved("The ferry timetable is kept in a spreadsheet by the harbour office.")
        const now = yield* saved("The ferry timetable comes from the operator's feed, hourly.")
        yield* printed("replace", old, now)
        const sentence = new RegExp(`What it replaced holds again:\\n  ${old.slice(0, 8)} The ferry timetable is kept`)
        assert.match(yield* printed("forget", now, "--dry-run"), sentence)
        assert.match(yield* printed("forget", "--query", "operator feed hourly", "--dry-run"), sentence)
        assert.notMatch(yield* printed("forget", now, old, "--dry-run"), /holds again/)
        assert.match(yield* printed("forget", now, "--yes"), sentence)
        yield* printed("undo")
        const { holdAgain } = yield* json("forget", now, "--yes")
        assert.deepStrictEqual(holdAgain.map(({ id }: { readonly id: string }) => id), [old])
      })
  )

  slow(test)("pins one, which every session is told", ({ json, list, printed }) =>
    Effect.gen(function*() {
      const { results: [{ id }] } = yield* json("search", "fake timers", "--all-projects")
      assert.deepStrictEqual(yield* list("--pinned"), [])
      assert.match(yield* printed("pin", id.slice(0, 8)), /^Pinned: [0-9a-f]{8} /)
      assert.deepStrictEqual((yield* list("--pinned")).map((unit) => unit.id), [id])
      assert.include(yield* printed("show", id), "pinned    told at the start of each session")
      yield* printed("pin", id, "--off")
      assert.deepStrictEqual(yield* list("--pinned"), [])
    }))

  slow(test)(
    "forgets a session, all of before a day, and what holds some words; each comes back",
    ({ json, list, printed, refused }) =>
      Effect.gen(function*() {
        const all = yield* list()
        const titles = (units: typeof all) => units.map(({ title }) => title).sort()
        const { sessionId } = all[0]!
        const ofSession = all.filter((unit) => unit.sessionId === sessionId)
        const preview = yield* printed("forget", "--session", sessionId.slice(0, 8), "--dry-run")
        assert.match(preview, new RegExp(`^${ofSession.length} memories, and all that was said in 1 session:\\n`))
        assert.match(preview, /Nothing was forgotten\.\n$/)
        assert.match(yield* refused("forget", "--session", sessionId), /forgetting needs --yes/)
        const { count: planned } = yield* json("forget", "--session", sessionId, "--dry-run")
        const { forgotten, messages } = yield* json("forget", "--session", sessionId, "--yes")
        assert.strictEqual(forgotten.length, planned)
        assert.isAtLeast(forgotten.length, ofSession.length)
        assert.isAbove(messages, 10)
        assert.deepStrictEqual(yield* list("--session", sessionId), [])
        // Read again from the first line, nothing of it comes back.
        yield* printed("import", SHOP)
        assert.deepStrictEqual(yield* list("--session", sessionId), [])
        yield* printed("undo")
        assert.deepStrictEqual(titles(yield* list()), titles(all))

        const { also, count } = yield* json("forget", "--query", "timers fake", "--all-projects", "--dry-run")
        assert.isAbove(count, 0)
        assert.isNotEmpty(also.sessions)
        const byWords = yield* json("forget", "--query", "timers fake", "--all-projects", "--yes")
        for (const { id } of yield* list("--type", "archive")) assert.notInclude(byWords.forgotten, id)
        assert.strictEqual((yield* json("forget", "--query", "fake timers", "--all-projects", "--dry-run")).count, 0)
        yield* printed("undo")

        yield* printed("forget", "--before", "2100-01-01", "--all-projects", "--yes")
        assert.deepStrictEqual(yield* list(), [])
        yield* printed("undo")
        assert.deepStrictEqual(titles(yield* list()), titles(all))
        assert.match(yield* refused("forget", "--yes"), /^name memories by their ids, or give --project/)
        assert.match(yield* refused("forget", all[0]!.id, "--query", "x", "--yes"), /^give either ids or/)
      })
  )

  slow(test)(
    "forgets for good: no byte of it stays, not in the bin either",
    ({ home, json, printed, refused }) =>
      Effect.gen(function*() {
        const saved = (text: string) => Effect.map(json("save", text), ({ id }) => id as string)
        const record = join("sessions", "s1")
        const isThere = (word: string) =>
          ["memory.db", "memory.db-wal", record].map((name) => join(home, ".claude-memory", name))
            .some((path) => existsSync(path) && readFileSync(path).includes(word))
        const id = yield* saved("The quizzaciously named service listens on port 4711.")
        // Told at a prompt that names it.
        append(join(home, ".claude-memory"), "s1", [encode({
          at: yield* Clock.currentTimeMillis,
          event: "UserPromptSubmit",
          offset: 0,
          tokens: 10,
          ids: [id],
          pointed: [],
          isOpening: false,
          words: ["quizzaciously"]
        })])
        yield* json("forget", id, "--yes")
        assert.include(yield* printed("injections"), "quizzaciously")
        assert.isTrue(isThere("uizzac"))
        assert.match(
          yield* printed("forget", "--query", "quizzaciously", "--now", "--yes"),
          /^0 memories forgotten;.*\nWhat was forgotten before is not looked at: .* undo --list`.*\n$/
        )
        assert.match(
          yield* printed("forget", id.slice(0, 8), "--now", "--yes"),
          /^1 memory forgotten;.*\nNothing of it is left that could be brought back\.\n$/
        )
        assert.isFalse(isThere("uizzac"))
        assert.notInclude(yield* printed("injections"), "quizzaciously")
        assert.match(yield* refused("undo"), /nothing to undo/)
      })
  )

  slow(test)(
    "forgets for good while another program reads, and is told until when bytes of it may stay",
    ({ home, json, printed }) =>
      Effect.gen(function*() {
        const [first, second, third] = yield* Effect.forEach(
          ["The harbour opens at six.", "Invoices are due in May.", "The crane is painted yellow."],
          (text) => Effect.map(json("save", text), ({ id }) => id as string)
        )
        yield* Effect.acquireUseRelease(
          Effect.sync(() => new (load().DatabaseSync)(join(home, ".claude-memory", "memory.db"))),
          (other) =>
            Effect.gen(function*() {
              other.exec("BEGIN; SELECT 1 FROM properties")
              assert.match(
                yield* printed("forget", first!, "--now", "--yes"),
                /\nIt can't be brought back\. Bytes of it may stay .* written over them: another process keeps .* locked; [^\n]*\.\n$/
              )
              assert.isFalse((yield* json("forget", second!, "--now", "--yes")).wiped)
            }),
          (other) => Effect.sync(() => other.close())
        )
        const { id } = yield* json("save", "The ferry leaves at nine.")
        assert.notProperty(yield* json("forget", id, "--yes"), "wiped")
        assert.isTrue((yield* json("forget", third!, "--now", "--yes")).wiped)
      })
  )

  slow(test)(
    "loses no word that was typed in an editor and can't be stored",
    ({ home, json }) =>
      Effect.gen(function*() {
        const { id } = yield* json("save", "The harbour opens at six.")
        // Gives it a terminal, which an editor needs.
        const words = [process.execPath, main, "edit", id].map((word) => `'${word}'`).join(" ")
        const { stdout } = yield* run(["-qec", words, "/dev/null"], {
          command: "script",
          home,
          env: { EDITOR: "sed -i s/^type:.*/type:none/", TMPDIR: home }
        })
        const [, path = ""] = /^nothing was changed: .* What you wrote is kept in (\S+)/m.exec(stdout) ?? []
        assert.match(readFileSync(path, "utf8"), /type:none[^]*The harbour opens at six\./)
        // The memory goes while the editor is open.
        const editor = join(home, "editor.sh")
        writeFileSync(
          editor,
          `#!/bin/sh\nsed -i 's/opens at six/opens at seven/' "$1"\n'${process.execPath}' '${main}' forget ${id} --yes\n`,
          { mode: 0o755 }
        )
        const gone = yield* run(["-qec", words, "/dev/null"], {
          command: "script",
          home,
          env: { EDITOR: editor, TMPDIR: home }
        })
        const [, kept = ""] = /^nothing was changed: .* What you wrote is kept in (\S+)/m.exec(gone.stdout) ?? []
        assert.include(readFileSync(kept, "utf8"), "The harbour opens at seven.")
      })
  )

  slow(test)(
    "forgets for good also what was written, deleted and written again",
    ({ home, json, printed }) =>
      Effect.gen(function*() {
        const { results: [{ unit }] } = yield* json("search", "fake timers", "--all-projects")
        const holding = () =>
          ["memory.db", "memory.db-wal"].map((name) => join(home, ".claude-memory", name))
            .filter((path) => existsSync(path) && /fake/i.test(readFileSync(path, "latin1")))
        yield* printed("forget", "--query", "fake timers", "--all-projects", "--yes")
        yield* printed("undo")
        assert.notDeepEqual(holding(), [])
        assert.match(
          yield* printed("forget", "--session", unit.sessionId, "--now", "--yes"),
          /\nNothing of it is left that could be brought back\.\n$/
        )
        assert.deepStrictEqual(holding(), [])
        const { sessions } = yield* json("sessions", "--all-projects")
        assert.notExists(sessions.find(({ id }: { readonly id: string }) => id === unit.sessionId)?.branch)
      })
  )

  slow(test)(
    "takes the memory to another machine, without twins",
    ({ home, json, list, printed, refused }) =>
      Effect.gen(function*() {
        const archive = join(home, "all.jsonl")
        const { results: [{ id }] } = yield* json("search", "fake timers", "--all-projects")
        yield* printed("edit", id, "--title", "Frozen clocks")
        assert.match(yield* printed("export", archive), /all\.jsonl: [\d,]+ bytes\. It holds all that is remembered/)
        assert.match(yield* refused("export", archive), /is there already/)
        for (
          const [command, path] of [["export", join(home, "none", "x")], ["import-archive", "/nope"], [
            "import-archive",
            home
          ]] as const
        ) {
          assert.match(yield* refused(command, path), /can't be read or written: check/)
        }
        const there = yield* makeHome
        const elsewhere = (...words: ReadonlyArray<string>) => inProcess(words, { home: there })
        const all = yield* list()
        const { stdout } = yield* elsewhere("import-archive", archive)
        assert.match(stdout, /: \d+ memories are new, and \d+ messages/)
        assert.match((yield* elsewhere("import-archive", archive)).stdout, /: 0 memories are new, and 0 messages/)
        assert.strictEqual((yield* elsewhere("import", SHOP)).code, 0)
        const known = JSON.parse((yield* elsewhere("list", "--all-projects", "--limit", "1000", "--json")).stdout)
        assert.deepStrictEqual(
          known.memories.map((unit: { readonly id: string }) => unit.id).sort(),
          all.map((unit) => unit.id).sort()
        )
        assert.include((yield* elsewhere("search", "fake timers", "--all-projects")).stdout, "Frozen clocks")
        const doctor = yield* elsewhere("doctor", "--deep")
        assert.include(doctor.stdout, "Nothing is wrong.")

        yield* printed("export", "--markdown", `${archive}.md`)
        assert.match(readFileSync(`${archive}.md`, "utf8"), /^# shop-api\n\n## [^]*### Frozen clocks\n/)
        assert.match((yield* elsewhere("import-archive", `${archive}.md`)).stderr, /line 1: this is no archive/)
      })
  )

  slow(test)(
    "says that one holds in place of another, which a search gives from then on",
    ({ json, printed, refused }) =>
      Effect.gen(function*() {
        const { results: [{ id: old }] } = yield* json("search", "fake timers", "--all-projects")
        const { id } = yield* json("save", "Clocks come from one place.")
        const first = Effect.map(json("search", "fake timers", "--all-projects"), ({ results }) => results[0])
        assert.match(
          yield* printed("replace", old.slice(0, 8), id.slice(0, 8)),
          new RegExp(`^${id.slice(0, 8)} Clocks come from one place\\.\n  holds in place of ${old.slice(0, 8)} `)
        )
        assert.deepInclude(yield* first, { id })
        assert.strictEqual((yield* first).replaces[0].id, old)
        assert.match(yield* printed("search", "fake timers", "--all-projects"), /it holds in place of [0-9a-f]{8} "/)
        assert.include(yield* printed("show", old), `replaced  by ${id}`)
        assert.match(yield* printed("list", "--all-projects", "--limit", "1000"), /, replaced {2}/)
        // Where a filter leaves out what holds now.
        assert.include(
          yield* printed("search", "fake timers", "--all-projects", "--until", "yesterday"),
          `replaced by ${id.slice(0, 8)}`
        )
        assert.match(yield* refused("replace", old), /name the memory that holds instead, or give --off/)
        assert.match(yield* refused("replace", old, old), /can't hold in place of itself/)
        yield* printed("replace", old, "--off")
        assert.strictEqual((yield* first).id, old)
      })
  )
})
