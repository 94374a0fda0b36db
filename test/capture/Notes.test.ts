import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Exclude } from "../../src/capture/Exclude.ts"
import { ClaudeMemory } from "../../src/serve/ClaudeMemory.ts"
import { layer as memoryLayer } from "../../src/testing.ts"

interface Place {
  /** Claude Code's folder of projects. */
  readonly projects: string
  /** Root of the project; its notes lie in `projects` under a name made from this path. */
  readonly root: string
  readonly notes: string
}

const folderName = (path: string) => path.replace(/[^A-Za-z0-9]/g, "-")

/** Runs `test` with a memory and a project that has one session. */
const inProject = <A, E>(
  test: (place: Place) => Effect.Effect<A, E, ClaudeMemory>,
  exclude: (place: Place) => Partial<Context.Tag.Service<typeof Exclude>> = () => ({})
) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const folder = yield* fs.realPath(yield* fs.makeTempDirectoryScoped({ prefix: "claude-memory-notes-" }))
    const root = join(folder, "shop")
    const projects = join(folder, "projects")
    const place = { projects, root, notes: join(projects, folderName(root), "memory") }
    mkdirSync(join(root, ".git"), { recursive: true })
    session(place, root, "s1")
    const services = Layer.provide(
      memoryLayer,
      Layer.succeed(Exclude, { paths: [], tools: [], ...exclude(place) })
    )
    return yield* Effect.provide(test(place), services)
  }).pipe(Effect.scoped, Effect.provide(NodeContext.layer))

const session = ({ projects }: Place, cwd: string, id: string) => {
  mkdirSync(join(projects, folderName(cwd)), { recursive: true })
  const line = {
    type: "user",
    uuid: `u-${id}`,
    parentUuid: null,
    sessionId: id,
    cwd,
    timestamp: "2026-11-26T09:00:00.000Z",
    message: { role: "user", content: "hello there" }
  }
  writeFileSync(join(projects, folderName(cwd), `${id}.jsonl`), `${JSON.stringify(line)}\n`)
}

const write = ({ notes }: Place, name: string, text: string) => {
  mkdirSync(notes, { recursive: true })
  writeFileSync(join(notes, name), text)
}

const ingest = ({ projects }: Place) =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    const steps = yield* Stream.runCollect(memory.ingest(yield* memory.discover([projects])))
    return Chunk.toReadonlyArray(steps).flatMap((step) => step._tag === "Compressed" ? step.units : [])
      .filter(({ type }) => type === "documentation").map(({ title }) => title).sort()
  })

const find = (text: string, { root }: Place) =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    const { id } = yield* memory.project(root)
    const { results } = yield* memory.search({ text, projects: [id], limit: 10, minScore: 0, mode: "keyword" })
    return results.map(({ unit }) => unit.title)
  })

/** Output of the prompt hook for a session in this folder, with a transcript path. */
const ask = ({ projects, root }: Place, prompt: string, cwd = root) =>
  Effect.flatMap(ClaudeMemory, (memory) =>
    memory.hook({
      session_id: `in ${projects}`,
      transcript_path: join(projects, folderName(cwd), "now.jsonl"),
      cwd,
      hook_event_name: "UserPromptSubmit",
      prompt
    }))

const QUOKKA = "how does the quokka importer read spreadsheets"

describe("Claude Code's own memory", () => {
  it.effect("is found by a search, follows what is written there, and is never written", () =>
    inProject((place) =>
      Effect.gen(function*() {
        write(place, "MEMORY.md", "- [Importer](importer.md) — the quokka importer\n")
        write(
          place,
          "importer.md",
          "---\nname: Quokka importer\n---\nReads spreadsheets by a zebra queue.\n# Limits\nTen at once, token ghp_00aB3dE5gH7jK9aB3dE5gH7jK9aB3dE5gH7j"
        )
        write(place, "picture.txt", "No note about a walrus.")
        const bytes = () =>
          readdirSync(place.notes).sort().map((name) => [name, readFileSync(join(place.notes, name), "utf8")])
        const before = bytes()
        assert.deepStrictEqual(yield* ingest(place), ["MEMORY", "Quokka importer", "Quokka importer: Limits"])
        assert.strictEqual((yield* find("zebra queue spreadsheets", place))[0], "Quokka importer")
        assert.deepStrictEqual(yield* find("walrus", place), [])
        const memory = yield* ClaudeMemory
        const { units } = yield* memory.timeline({ limit: 50 })
        assert.notInclude(JSON.stringify(units), "ghp_")
        assert.deepStrictEqual(yield* ingest(place), [])

        write(place, "importer.md", "---\nname: Quokka importer\n---\nReads spreadsheets by a lynx list.")
        assert.deepStrictEqual(yield* ingest(place), ["MEMORY", "Quokka importer"])
        assert.deepStrictEqual(yield* find("zebra", place), [])
        assert.deepStrictEqual(yield* find("lynx list", place), ["Quokka importer"])
        rmSync(join(place.notes, "importer.md"))
        yield* ingest(place)
        assert.deepStrictEqual(yield* find("lynx list", place), [])
        assert.deepStrictEqual(yield* find("quokka importer", place), ["MEMORY"])
        assert.deepStrictEqual(bytes(), before.filter(([name]) => name !== "importer.md"))
        rmSync(place.notes, { recursive: true })
        yield* ingest(place)
        assert.strictEqual((yield* memory.status).units.byType.documentation ?? 0, 0)
        assert.isFalse(existsSync(place.notes))
        // The sum of lines covers transcripts only.
        assert.deepStrictEqual((yield* memory.status).lines, { total: 1, stored: 1, skipped: {}, deadLetter: 0 })
      })
    ))

  it.effect("is not injected by the hooks as far as Claude reads it, however long it is", () =>
    inProject((place) =>
      Effect.gen(function*() {
        const filler = Array.from({ length: 900 }, (_, i) => `- fact ${i} of the wombat ledger number ${i * 7}`).join(
          "\n"
        )
        write(
          place,
          "MEMORY.md",
          `# Facts\n${filler}\n# Importer\nThe quokka importer reads its spreadsheets by a zebra queue.`
        )
        assert.isAbove(readFileSync(join(place.notes, "MEMORY.md"), "utf8").indexOf("zebra"), 25_000)
        yield* ingest(place)
        assert.include(yield* find(QUOKKA, place), "MEMORY: Importer")
        const elsewhere = { ...place, projects: join(place.projects, "elsewhere") }
        assert.include(yield* ask(elsewhere, QUOKKA), "zebra")
        assert.strictEqual(yield* ask(place, QUOKKA), "")
        // Claude Code gives a session in a folder below the same notes.
        assert.strictEqual(yield* ask(place, QUOKKA, join(place.root, "web")), "")
        write(place, "importer.md", "# Importer\nThe quokka importer reads spreadsheets in the lynx format only.")
        yield* ingest(place)
        const injected = yield* ask(place, QUOKKA)
        assert.include(injected, "lynx format")
        assert.notInclude(injected, "zebra")
      })
    ))

  it.effect("is that of the repository, for a session in a folder below", () =>
    inProject((place) =>
      Effect.gen(function*() {
        rmSync(join(place.projects, folderName(place.root)), { recursive: true })
        const web = join(place.root, "web")
        mkdirSync(web)
        session(place, web, "s2")
        write(place, "MEMORY.md", "The quokka importer has a zebra queue.")
        assert.deepStrictEqual(yield* ingest(place), ["MEMORY"])
        assert.deepStrictEqual(yield* find("zebra queue", place), ["MEMORY"])
      })
    ))

  it.effect("is not read of an excluded folder or project", () =>
    Effect.gen(function*() {
      yield* inProject((place) =>
        Effect.gen(function*() {
          write(place, "MEMORY.md", "The quokka importer has a zebra queue.")
          assert.deepStrictEqual(yield* ingest(place), [])
        }), ({ root }) => ({ paths: [root] }))
      yield* inProject((place) =>
        Effect.gen(function*() {
          const memory = yield* ClaudeMemory
          yield* memory.projects.exclude(place.root, true)
          write(place, "MEMORY.md", "The quokka importer has a zebra queue.")
          assert.deepStrictEqual(yield* ingest(place), [])
        })
      )
    }))

  it.effect("that can't be read now stays as it was", () =>
    inProject((place) =>
      Effect.gen(function*() {
        write(place, "MEMORY.md", "The quokka importer has a zebra queue.")
        yield* ingest(place)
        rmSync(place.notes, { recursive: true })
        writeFileSync(place.notes, "no folder")
        assert.deepStrictEqual(yield* ingest(place), [])
        assert.deepStrictEqual(yield* find("zebra queue", place), ["MEMORY"])
      })
    ))

  it.effect("once forgotten does not come again with a change elsewhere", () =>
    inProject((place) =>
      Effect.gen(function*() {
        const memory = yield* ClaudeMemory
        write(place, "secret.md", "The quokka importer has a zebra queue that nobody may know.")
        yield* ingest(place)
        const { units } = yield* memory.timeline({ limit: 10 })
        yield* memory.forget(units.filter(({ type }) => type === "documentation").map(({ id }) => id))
        write(place, "other.md", "A lynx sleeps.")
        yield* ingest(place)
        assert.deepStrictEqual(yield* find("zebra queue", place), [])
        assert.deepStrictEqual(yield* find("lynx sleeps", place), ["other"])
      })
    ))
})
