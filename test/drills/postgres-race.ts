/**
 * Checks that several processes do all work of one PostgreSQL queue exactly once, though one of them is killed midway.
 */
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { randomBytes } from "node:crypto"
import { number } from "../../src/cli/Output.ts"
import { idOf } from "../../src/domain/Ids.ts"
import { forEach } from "../../src/resources/Concurrent.ts"
import { quoted } from "../../src/resources/Postgres.ts"
import { ResourceLedger } from "../../src/resources/ResourceLedger.ts"
import { MemoryStore, type WorkItem } from "../../src/store/MemoryStore.ts"
import { PostgresPool } from "../../src/store/postgres/PostgresPool.ts"
import * as PostgresStore from "../../src/store/postgres/PostgresStore.ts"
import { batch, cursor, message, project, unit } from "../contract/made.ts"
import { temporary } from "../postgresServer.mjs"
import { exitCodeOf, integer, program, progress, round, startNode, timed } from "../script.ts"

/** Items that are claimed and committed together, as in the pipeline. */
const AT_ONCE = 8
const UNITS = 3
const WORDS = 80

interface Place {
  readonly url: string
  readonly schema: string
}

const storage = ({ schema, url }: Place) =>
  Layer.provideMerge(PostgresStore.layer, PostgresPool.layer({ url: Redacted.make(url), schema, readOnly: false }))
    .pipe(
      Layer.provide(ResourceLedger.layer)
    )

/** Text with words that no other segment has, so that no units are merged. */
const textOf = (key: string, n: number) =>
  Array.from(
    { length: WORDS },
    (_, i) => `w${(Number.parseInt(key.slice(0, 8), 16) + n * 977 + i * 7919) % 1_000_003}x`
  )
    .join(" ")

const unitsOf = ({ key }: WorkItem, projectId: string) =>
  Array.from(
    { length: UNITS },
    (_, n) => unit(idOf("unit", key, String(n)), { origin: key, content: textOf(key, n), projectId, position: n })
  )

const prompt = (i: number) => `prompt ${i}`

/**
 * Works until the queue is empty and no other process holds items. Segments of a project are queued in a row, like a
 * session's.
 */
const working = (place: Place, items: number, projects: number) =>
  Effect.gen(function*() {
    const projectOf = new Map(
      Array.from({ length: items }, (_, i) => [
        idOf("segment", prompt(i)),
        `project-${Math.floor(i / AT_ONCE) % projects}`
      ])
    )
    const store = yield* MemoryStore
    const { run, sql } = yield* PostgresPool
    for (;;) {
      const items = yield* store.claim("segment", AT_ONCE)
      yield* store.commit(items, items.flatMap((item) => unitsOf(item, projectOf.get(item.key)!)))
      if (items.length > 0) continue
      const [left] = yield* run(sql<{ n: number }>`SELECT count(*) AS n FROM work WHERE kind = 'segment'`)
      if (left?.n === 0) return
      yield* Effect.sleep("20 millis")
    }
  }).pipe(Effect.provide(storage(place)))

const race = (place: Place, processes: number, items: number, projects: number) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const { run, sql } = yield* PostgresPool
    const query = <A extends object>(statement: string) => run(sql.unsafe<A>(statement))
    const count = (what: string) =>
      Effect.map(query<{ n: number }>(`SELECT count(*) AS n FROM ${what}`), ([row]) => row!.n)
    for (let from = 0; from < items; from += 500) {
      const prompts = Array.from(
        { length: Math.min(500, items - from) },
        (_, i) => message(prompt(from + i), { isPrompt: true })
      )
      yield* store.append(batch(prompts, { cursor: cursor(`/race/${from}`, 1), project: project("race") }))
    }
    // Logs every unit ever written, whatever becomes of it.
    yield* query("CREATE TABLE written (id text, origin text)")
    yield* query(`CREATE FUNCTION log() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN INSERT INTO written VALUES (new.id, new.origin); RETURN new; END $$`)
    yield* query("CREATE TRIGGER log AFTER INSERT ON units FOR EACH ROW EXECUTE FUNCTION log()")

    const argument = JSON.stringify([place, items, projects])
    const child = startNode([process.argv[1]!, "--child", argument], { stdio: ["ignore", "ignore", "inherit"] })
    const victim = yield* child
    const others = yield* Effect.replicateEffect(child, processes - 1)
    const held = `work WHERE kind = 'segment' AND split_part(owner, ':', 2) = '${victim.pid}'`
    /** Suspends the victim once a third of the units is written, so that its leases can be counted, then kills it. */
    const kill = Effect.gen(function*() {
      for (;;) {
        if ((yield* count("units")) > items * UNITS / 3) {
          victim.kill("SIGSTOP")
          const left = yield* count(held)
          if (left > 0) {
            victim.kill("SIGKILL")
            return left
          }
          victim.kill("SIGCONT")
        }
        yield* Effect.sleep("5 millis")
      }
    })
    const [[takenUp, codes], ms] = yield* timed(
      Effect.all([kill, forEach(others, others.length, exitCodeOf)], { concurrency: "unbounded" })
    )
    return {
      processes,
      items,
      projects,
      units: yield* count("units"),
      written: yield* count("written"),
      distinct: yield* count("(SELECT DISTINCT id FROM written) AS once"),
      left: yield* count("work WHERE kind = 'segment'"),
      indexing: (yield* store.status).indexing,
      takenUp,
      failed: codes.filter((code) => code !== 0).length,
      ms: round(ms),
      itemsPerSecond: round(items / ms * 1_000)
    }
  }).pipe(Effect.scoped, Effect.provide(storage(place)))

/** A schema of its own in that database, dropped at the end; without a URL, on a temporary server. */
const place = (url: Option.Option<string>) =>
  Effect.gen(function*() {
    const schema = `race_${randomBytes(4).toString("hex")}`
    if (Option.isNone(url)) {
      const server = yield* Effect.acquireRelease(
        Effect.promise(() => temporary()),
        ({ remove }) => Effect.sync(remove)
      )
      return { url: server.url, schema }
    }
    const made = { url: url.value, schema }
    yield* Effect.addFinalizer(() =>
      Effect.orDie(Effect.provide(
        Effect.flatMap(PostgresPool, ({ run, sql }) => run(sql.unsafe(`DROP SCHEMA ${quoted(schema)} CASCADE`))),
        storage(made)
      ))
    )
    return made
  })

program("postgres-race", {
  description: "Processes that share a queue in PostgreSQL",
  options: {
    processes: integer("processes", 4),
    items: integer("items", 2_000),
    projects: integer("projects", 4, "Commits of one project wait for one another"),
    url: Options.text("url").pipe(Options.withDescription("Else a server is started for it"), Options.optional),
    child: Options.text("child").pipe(Options.optional)
  },
  run: ({ child, items, processes, projects, url }) =>
    Effect.gen(function*() {
      if (Option.isSome(child)) {
        yield* working(...(JSON.parse(child.value) as [Place, number, number]))
        return { data: null, text: () => [] }
      }
      yield* progress(`${processes} processes`)
      const found = yield* Effect.scoped(
        Effect.flatMap(place(url), (place) => race(place, processes, items, projects))
      )
      const expected = found.items * UNITS
      const ok = found.units === expected && found.written === expected && found.distinct === expected &&
        found.indexing === expected && found.left === 0 && found.failed === 0
      return {
        ok,
        data: { ok, ...found },
        text: () => [
          `${found.processes} processes, ${
            number(found.items)
          } segments of ${found.projects} projects, ${UNITS} units each:`,
          `${number(found.written)} units written, ${number(found.distinct)} distinct, ${
            number(found.left)
          } segments left`,
          `one process was killed and held ${number(found.takenUp)} segments: others took them up`,
          ok
            ? `each was committed once: ${number(found.itemsPerSecond)} segments a second (${number(found.ms)} ms)`
            : "SOME WERE LOST, OR COMMITTED TWICE"
        ]
      }
    })
})
