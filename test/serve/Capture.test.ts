/**
 * The whole service follows transcripts, on real files and SQLite, by the real clock.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync
} from "node:fs"
import { dirname, join } from "node:path"
import * as App from "../../src/App.ts"
import { evidence } from "../../src/domain/MemoryUnit.ts"
import { NO_CAPS } from "../../src/models/Spending.ts"
import { ResourceLedger } from "../../src/resources/ResourceLedger.ts"
import * as Sqlite from "../../src/resources/Sqlite.ts"
import type { CaptureStep } from "../../src/serve/Capture.ts"
import { ClaudeMemory } from "../../src/serve/ClaudeMemory.ts"
import { base } from "../contract/layers.ts"
import { slow } from "../data.ts"
import { modelServer } from "../models/server.ts"
import { owned } from "../resources/owned.ts"

interface Place {
  readonly home: string
  /** Transcript folder of a project; not created yet. */
  readonly folder: string
}

const place = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const root = realpathSync(yield* fs.makeTempDirectoryScoped({ prefix: "claude-memory-capture-" }))
  return { home: join(root, "memory"), folder: join(root, "projects", "-work-shop") }
})

const serviceIn = ({ home }: Place, options: Partial<App.Options> = {}) =>
  Layer.fresh(App.layer({ home, readOnly: false, busyTimeoutMs: 50, ...options }))

const WITHIN = "30 seconds"

const until = <E, R>(condition: Effect.Effect<boolean, E, R>, what: string) =>
  Effect.repeat(Effect.delay(condition, "50 millis"), { until: (holds) => holds }).pipe(
    Effect.timeoutFail({ duration: WITHIN, onTimeout: () => new Error(`not in time: ${what}`) }),
    Effect.orDie
  )

interface Following {
  readonly steps: ReadonlyArray<CaptureStep>
  readonly waitFor: (tag: CaptureStep["_tag"]) => Effect.Effect<void>
}

/** Follows all projects until the scope closes. */
const follow = ({ folder }: Place): Effect.Effect<Following, never, ClaudeMemory | Scope.Scope> =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    const steps: Array<CaptureStep> = []
    yield* memory.capture([dirname(folder)]).pipe(
      Stream.runForEach((step) => Effect.sync(() => steps.push(step))),
      Effect.orDie,
      Effect.forkScoped
    )
    return { steps, waitFor: (tag) => until(Effect.sync(() => steps.some(({ _tag }) => _tag === tag)), tag) }
  })

/** Runs `test` in a memory of its own, once capture has caught up. */
const following = <A, E>(
  test: (place: Place, following: Following) => Effect.Effect<A, E, ClaudeMemory | ResourceLedger | Scope.Scope>,
  options: Partial<App.Options> = {}
) =>
  Effect.gen(function*() {
    const at = yield* place
    return yield* Effect.gen(function*() {
      const running = yield* follow(at)
      yield* running.waitFor("CaughtUp")
      return yield* test(at, running)
    }).pipe(Effect.scoped, Effect.provide(serviceIn(at, options)))
  }).pipe(Effect.scoped, Effect.provide(base))

const line = (uuid: string, rest: object) =>
  `${
    JSON.stringify({
      uuid,
      parentUuid: null,
      sessionId: "s1",
      cwd: "/nowhere/shop",
      timestamp: "2026-01-01T00:00:00.000Z",
      ...rest
    })
  }\n`
const prompt = (uuid: string, content: string, rest: object = {}) =>
  line(uuid, { type: "user", message: { role: "user", content }, ...rest })
/** A message worth remembering, about the service of this name. */
const statement = (uuid: string, name: string, rest: object = {}) =>
  line(uuid, {
    type: "assistant",
    message: {
      role: "assistant",
      content: [{
        type: "text",
        text:
          `The ${name} service keeps its timeout in config/${name}.ts, in milliseconds, and reads it once at the start. ` +
          `Its tests are in test/${name}.test.ts; they need a database of their own, which test/database.ts starts.`
      }]
    },
    ...rest
  })

/** First line of a session. */
const firstLine = prompt("p1", "Please look after the shop.")

const write = (file: string, text: string) => {
  mkdirSync(dirname(file), { recursive: true })
  appendFileSync(file, text)
}

/** Uuids of the messages that memories found by this word cite. */
const cited = (word: string) =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    const { results } = yield* memory.search({ text: word, projects: "all", limit: 20, minScore: 0, mode: "keyword" })
    return results.flatMap(({ unit }) => evidence(unit))
  })
const isFound = (uuid: string, word: string) =>
  until(Effect.map(cited(word), (uuids) => uuids.includes(uuid)), `${uuid} by ${word}`)

const sums = Effect.flatMap(ClaudeMemory, ({ status }) =>
  Effect.map(status, ({ lines, messages, sessions }) => ({
    messages,
    sessions,
    total: lines.total,
    stored: lines.stored,
    skipped: Object.values(lines.skipped).reduce((sum, n) => sum + n, 0),
    deadLetter: lines.deadLetter
  })))

describe("what is written while it is followed is found soon", () => {
  slow(it.live)(
    "line by line, from two terminals too, and a line that is torn when it is whole",
    () =>
      following(({ folder }) =>
        Effect.gen(function*() {
          const file = join(folder, "s1.jsonl")
          write(file, firstLine + statement("u1", "quokka"))
          yield* isFound("u1", "quokka")
          const torn = Buffer.from(statement("u2", "袋鼠"))
          const cut = torn.indexOf("鼠") + 1
          appendFileSync(file, torn.subarray(0, cut))
          yield* Effect.sleep("300 millis")
          assert.deepStrictEqual(yield* cited("袋鼠"), [])
          appendFileSync(file, torn.subarray(cut))
          yield* isFound("u2", "袋鼠")
          // Two processes that resumed the same session append whole lines to its file.
          for (let i = 0; i < 20; i++) {
            write(file, statement(`a${i}`, `numbat${i}`))
            write(file, statement(`b${i}`, `bilby${i}`))
            if (i % 5 === 0) yield* Effect.sleep("20 millis")
          }
          yield* isFound("a19", "numbat19")
          yield* isFound("b19", "bilby19")
          assert.deepStrictEqual(yield* sums, {
            messages: 43,
            sessions: 1,
            total: 43,
            stored: 43,
            skipped: 0,
            deadLetter: 0
          })
        })
      )
  )

  slow(it.live)(
    "of resumed, forked, compacted and moved sessions once, and of subagents",
    () =>
      following(({ folder }) =>
        Effect.gen(function*() {
          const file = join(folder, "s1.jsonl")
          const history = (rest: (uuid: string) => object = () => ({})) =>
            prompt("p1", "Please look after the shop.", rest("p1")) + statement("u1", "quokka", rest("u1"))
          const resumed = (sessionId: string) => prompt(`p-${sessionId}`, "And what else is there?", { sessionId })
          write(file, history())
          yield* isFound("u1", "quokka")
          // Old versions of Claude Code resumed a session into a file of its own.
          write(join(folder, "s2.jsonl"), history() + resumed("s2") + statement("u2", "wombat", { sessionId: "s2" }))
          yield* isFound("u2", "wombat")
          const forked = (messageUuid: string) => ({ sessionId: "s3", forkedFrom: { sessionId: "s1", messageUuid } })
          write(
            join(folder, "s3.jsonl"),
            history(forked) + resumed("s3") + statement("u3", "numbat", { sessionId: "s3" })
          )
          yield* isFound("u3", "numbat")
          const agent = { isSidechain: true, agentId: "a1b2c3d" }
          const agents = join(folder, "s1", "subagents", "agent-a1b2c3d.jsonl")
          write(agents, prompt("g1", "Look for the bilby.", agent) + statement("g2", "bilby", agent))
          yield* isFound("g2", "bilby")
          write(agents, statement("g3", "dunnart", agent))
          yield* isFound("g3", "dunnart")
          write(
            file,
            line("k0", { type: "system", subtype: "compact_boundary" }) +
              prompt("k1", "This session is being continued …", { isCompactSummary: true }) +
              prompt("p2", "Go on.") + statement("u4", "potoroo")
          )
          yield* isFound("u4", "potoroo")
          // `/cd` moves the file; the new cwd need not exist any more.
          const moved = join(dirname(folder), "-work-other", "s1.jsonl")
          mkdirSync(dirname(moved))
          renameSync(file, moved)
          write(moved, statement("u5", "quoll", { cwd: join(folder, "gone") }))
          yield* isFound("u5", "quoll")
          const { messages, sessions, skipped, stored, total } = yield* sums
          assert.strictEqual(total, stored + skipped)
          // Four prompts, u1 to u5, g1 to g3, and the summary.
          assert.deepStrictEqual([messages, sessions], [13, 3])
        })
      )
  )

  slow(it.live)(
    "of files that are cut, replaced, cleaned up and made again",
    () =>
      following(({ folder }) =>
        Effect.gen(function*() {
          const file = join(folder, "s1.jsonl")
          const first = firstLine + statement("u1", "quokka")
          write(file, first + statement("u2", "wombat"))
          yield* isFound("u2", "wombat")
          truncateSync(file, first.length)
          write(file, statement("u3", "numbat"))
          yield* isFound("u3", "numbat")
          writeFileSync(join(folder, "new"), firstLine + statement("u4", "bilby"))
          renameSync(join(folder, "new"), file)
          yield* isFound("u4", "bilby")
          rmSync(dirname(folder), { recursive: true })
          yield* Effect.sleep("300 millis")
          write(file, statement("u5", "potoroo"))
          yield* isFound("u5", "potoroo")
          write(file, statement("u6", "quoll"))
          yield* isFound("u6", "quoll")
          // Memories of deleted transcripts stay.
          for (const [uuid, word] of [["u1", "quokka"], ["u2", "wombat"], ["u4", "bilby"]] as const) {
            yield* isFound(uuid, word)
          }
          assert.deepInclude(yield* sums, { messages: 7, sessions: 1 })
        })
      )
  )

  slow(it.live)("also when it was written while nobody followed, and nothing twice", () =>
    Effect.gen(function*() {
      const at = yield* place
      const file = join(at.folder, "s1.jsonl")
      const session = <A, E>(use: Effect.Effect<A, E, ClaudeMemory | ResourceLedger>) =>
        Effect.gen(function*() {
          const { waitFor } = yield* follow(at)
          yield* waitFor("CaughtUp")
          return yield* use
        }).pipe(Effect.scoped, Effect.provide(serviceIn(at)))
      write(file, firstLine + statement("u1", "quokka"))
      yield* session(isFound("u1", "quokka"))
      write(file, statement("u2", "wombat"))
      yield* session(isFound("u2", "wombat"))
      assert.deepInclude(yield* session(sums), { total: 3, stored: 3, messages: 3 })
    }).pipe(Effect.scoped, Effect.provide(base)))
})

slow(it.live)(
  "of two processes over one memory one follows, and the other when that ends",
  () =>
    Effect.gen(function*() {
      const at = yield* place
      const file = join(at.folder, "s1.jsonl")
      const start = Effect.gen(function*() {
        const memory = yield* Layer.build(Layer.provide(serviceIn(at), Layer.fresh(ResourceLedger.layer)))
        return { memory, ...(yield* Effect.provide(follow(at), memory)) }
      })
      const states = ({ steps }: Following) =>
        steps.flatMap(({ _tag }) => ["Waiting", "Following", "CaughtUp"].includes(_tag) ? [_tag] : [])
      const life = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
      const first = yield* Scope.extend(start, life)
      yield* first.waitFor("CaughtUp")
      const second = yield* start
      write(file, firstLine + statement("u1", "quokka"))
      yield* Effect.provide(isFound("u1", "quokka"), first.memory)
      assert.deepStrictEqual(states(second), ["Waiting"])
      yield* Scope.close(life, Exit.void)
      yield* second.waitFor("CaughtUp")
      assert.deepStrictEqual(states(first), ["Waiting", "Following", "CaughtUp"])
      write(file, statement("u2", "wombat"))
      yield* Effect.provide(isFound("u2", "wombat"), second.memory)
      assert.deepInclude(yield* Effect.provide(sums, second.memory), { total: 3, stored: 3 })
    }).pipe(Effect.scoped, Effect.provide(base))
)

describe("what can't be done for now", () => {
  slow(it.live)("because the store is locked is done when it is not, and said once", () => {
    const warnings: Array<string> = []
    const logger = Logger.replace(
      Logger.defaultLogger,
      Logger.make(({ message }) => {
        warnings.push(String(message))
      })
    )
    return following(({ folder, home }) =>
      Effect.gen(function*() {
        const file = join(folder, "s1.jsonl")
        write(file, firstLine + statement("u1", "quokka"))
        yield* isFound("u1", "quokka")
        yield* Effect.gen(function*() {
          const sql = yield* owned(Sqlite.open({
            name: "another process",
            path: join(home, "memory.db"),
            readOnly: false,
            busyTimeoutMs: 1_000
          }))
          yield* Sqlite.transaction(
            sql,
            Effect.gen(function*() {
              yield* sql`UPDATE properties SET value = value`
              write(file, statement("u2", "wombat"))
              yield* until(Effect.sync(() => warnings.length > 0), "a warning")
              yield* Effect.sleep("1300 millis")
            })
          )
        }).pipe(Effect.scoped)
        yield* isFound("u2", "wombat")
        assert.strictEqual(warnings.length, 1, warnings.join("\n"))
        assert.match(warnings[0]!, /locked; nothing was lost.*tried again/)
      })
    ).pipe(Effect.provide(logger))
  })

  slow(it.live)(
    "because a model is away keeps nothing new from being found by its words",
    () =>
      Effect.gen(function*() {
        const server = yield* modelServer
        server.behaviour = "hangs"
        yield* following(({ folder }) =>
          Effect.gen(function*() {
            const file = join(folder, "s1.jsonl")
            write(file, firstLine)
            for (const [uuid, word] of [["u1", "quokka"], ["u2", "wombat"], ["u3", "numbat"]] as const) {
              write(file, statement(uuid, word))
              yield* isFound(uuid, word)
            }
            const { status } = yield* ClaudeMemory
            assert.isAbove((yield* status).indexing, 0)
            server.behaviour = "answers"
          }), {
          models: {
            roles: {
              embedding: [{
                provider: "openai",
                baseUrl: server.baseUrl,
                apiKey: Option.some(Redacted.make("key")),
                model: "letters"
              }]
            },
            patience: { timeout: "30 seconds", retries: 0, maxDelay: 0 },
            caps: NO_CAPS
          }
        })
      }).pipe(Effect.scoped)
  )

  it.live("by a reader fails at once, and leaves nothing beside the memory", () =>
    Effect.gen(function*() {
      const at = yield* place
      const known = Effect.flatMap(ClaudeMemory, (memory) => memory.projects.known)
      yield* Effect.provide(known, serviceIn(at))
      const before = readdirSync(at.home)
      const error = yield* Effect.flatMap(ClaudeMemory, (memory) => Stream.runDrain(memory.capture([at.folder]))).pipe(
        Effect.flip,
        Effect.provide(serviceIn(at, { readOnly: true }))
      )
      assert.include(error.message, "readOnly: false")
      // SQLite has files of its own beside an open database.
      assert.deepStrictEqual(readdirSync(at.home).filter((name) => !name.startsWith("memory.db-")), before)
    }).pipe(Effect.scoped, Effect.provide(base)))
})
