import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { type AddressInfo, connect, createServer, type Socket } from "node:net"
import { Client } from "pg"
import { Compressor } from "../../../src/compress/Compressor.ts"
import { idOf } from "../../../src/domain/Ids.ts"
import { lexemes } from "../../../src/domain/Tokenizer.ts"
import * as Pipeline from "../../../src/Pipeline.ts"
import { checkServer, open, quoted } from "../../../src/resources/Postgres.ts"
import { ResourceLedger } from "../../../src/resources/ResourceLedger.ts"
import { MemoryStore } from "../../../src/store/MemoryStore.ts"
import { migrate, STEPS } from "../../../src/store/postgres/migrations.ts"
import { PostgresPool, type PostgresPoolOptions } from "../../../src/store/postgres/PostgresPool.ts"
import * as PostgresStore from "../../../src/store/postgres/PostgresStore.ts"
import * as testing from "../../../src/testing.ts"
import { batch, cursor, everything, facts, message, project, unit } from "../../contract/made.ts"
import { words } from "../../contract/MemoryStoreContract.ts"
import { slow } from "../../data.ts"
import { address, optionsFor, query, schema } from "../../postgres.ts"
import { resume, stop, temporary } from "../../postgresServer.mjs"
import { owned } from "../../resources/owned.ts"

const SECRET = "hunter2-of-the-test"

/** Opens a store with its own pool. */
const opened = (options: PostgresPoolOptions) =>
  Effect.map(
    Layer.build(Layer.provide(PostgresStore.layer, PostgresPool.layer(options))),
    Context.get(MemoryStore)
  )

/** Opens a store as another process does, with a ledger of its own. */
const openedElsewhere = (options: PostgresPoolOptions) =>
  Effect.flatMap(Layer.build(Layer.fresh(ResourceLedger.layer)), (ledger) => Effect.provide(opened(options), ledger))

/** Opens `count` stores on one schema at once, as so many processes do; the first is in the ledger of the test. */
const instances = (count: number, overrides: Partial<PostgresPoolOptions> = {}) =>
  Effect.gen(function*() {
    const name = yield* schema
    const stores = yield* Effect.forEach(Array.from({ length: count }), (_, i) =>
      (i === 0 ? opened : openedElsewhere)(optionsFor(name, overrides)), {
      concurrency: "unbounded"
    })
    return { name, first: stores[0]!, stores }
  })

/** Connects to a schema, before a store is opened on it. */
const connected = (name: string) => {
  const { readOnly, url } = optionsFor(name)
  return owned(open({
    url,
    readOnly,
    schema: name,
    connections: 1,
    connectTimeoutMs: 5_000,
    statementTimeoutMs: 5_000,
    lockTimeoutMs: 5_000
  }))
}

const test = <E>(
  title: string,
  body: Effect.Effect<void, E, ResourceLedger | Scope.Scope>,
  timeout?: number
) => it.live(title, () => Effect.scoped(body).pipe(Effect.provide(ResourceLedger.layer)), timeout)

/** Starts a fake server that calls `greet` for each connection; returns its open sockets and its URL. */
const pretend = (greet: (socket: Socket) => void) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.async<{ readonly close: () => void; readonly sockets: Set<Socket>; readonly port: number }>((resume) => {
        const sockets = new Set<Socket>()
        const server = createServer((socket) => {
          sockets.add(socket)
          socket.on("error", () => {}).on("close", () => sockets.delete(socket))
          socket.resume()
          greet(socket)
        })
        server.listen(0, "127.0.0.1", () => {
          const close = () => {
            server.close()
            for (const socket of sockets) socket.destroy()
          }
          resume(Effect.succeed({ close, sockets, port: (server.address() as AddressInfo).port }))
        })
      }),
      ({ close }) => Effect.sync(close)
    ),
    ({ port, sockets }) => ({ sockets, url: `postgresql://tester:${SECRET}@127.0.0.1:${port}/memory` })
  )

/** Encodes a refusal by PostgreSQL (protocol 3.0, ErrorResponse). */
const refusal = (code: string, words: string) => {
  const fields = Buffer.from(`SFATAL\0VFATAL\0C${code}\0M${words}\0\0`)
  const head = Buffer.alloc(5)
  head.write("E")
  head.writeInt32BE(fields.length + 4, 1)
  return Buffer.concat([head, fields])
}

const answering = (bytes: Buffer | string) => (socket: Socket) => {
  socket.once("data", () => socket.end(bytes))
}

const failed = (url: string, overrides: Partial<PostgresPoolOptions> = {}) =>
  Effect.gen(function*() {
    const options = optionsFor("never", { url: Redacted.make(url), connectTimeoutMs: 300, ...overrides })
    const error = yield* Effect.flip(Effect.scoped(opened(options)))
    const { snapshot } = yield* ResourceLedger
    assert.deepStrictEqual(yield* snapshot, [])
    assert.strictEqual(error._tag, "StoreError")
    assert.strictEqual(error.operation, "open")
    assert.notInclude(JSON.stringify([error.message, error.detail]), SECRET)
    return error
  })

/** Waits until there are `wanted` sockets, at most 2 seconds; returns their number. */
const reaches = (sockets: ReadonlySet<Socket>, wanted: number) =>
  Effect.sync(() => sockets.size).pipe(
    Effect.repeat({
      until: (size) => size === wanted,
      schedule: Schedule.intersect(Schedule.spaced("10 millis"), Schedule.recurs(200))
    }),
    Effect.zipRight(Effect.sync(() => sockets.size))
  )

const gone = (sockets: ReadonlySet<Socket>) => reaches(sockets, 0)

describe("a PostgreSQL that can't be used", () => {
  for (
    const [title, greet, reason, told] of [
      ["is another server", answering("HTTP/1.1 400 Bad Request\r\n\r\n"), "Away", /PostgreSQL at 127\.0\.0\.1:/],
      [
        "refuses the password",
        answering(refusal("28P01", "password authentication failed")),
        "Denied",
        /password auth/
      ],
      ["lacks the database", answering(refusal("3D000", "no such")), "Missing", /createdb/],
      ["is full of others", answering(refusal("53300", "too many clients")), "Away", /too many clients/],
      ["is starting", answering(refusal("57P03", "the database system is starting up")), "Away", /starting up/],
      ["hangs up", (socket: Socket) => socket.destroy(), "Away", /nothing was lost/],
      ["says nothing", () => {}, "Away", /nothing was lost/]
    ] as const
  ) {
    test(
      `is told apart, and leaves nothing open: one that ${title}`,
      Effect.gen(function*() {
        const { sockets, url } = yield* pretend(greet)
        const error = yield* failed(url)
        assert.strictEqual(error.reason, reason, error.message)
        assert.match(error.message, told)
        assert.strictEqual(yield* gone(sockets), 0)
      })
    )
  }

  test(
    "is told apart: one that nobody runs, one without TLS, and no address at all",
    Effect.gen(function*() {
      const away = yield* failed(`postgresql://tester:${SECRET}@127.0.0.1:1/memory`)
      assert.strictEqual(away.reason, "Away")
      assert.match(away.message, /PostgreSQL at 127\.0\.0\.1:1\/memory can't be reached .*ECONNREFUSED/)
      const { sockets, url } = yield* pretend(answering("N"))
      const open = yield* failed(`${url}?sslmode=require`)
      assert.strictEqual(open.reason, "Denied")
      assert.match(open.message, /TLS/)
      assert.strictEqual(yield* gone(sockets), 0)
      const file = yield* failed(`postgresql://tester:${SECRET}@127.0.0.1:1/memory?sslrootcert=/no-such/ca.pem`)
      assert.match(file.message, /can't be read \(\/no-such\/ca\.pem: ENOENT\)/)
      const bare = [`12/${SECRET}`, `hunter@2/${SECRET}`].map((password) =>
        `postgresql://tester:${password}@127.0.0.1:1/memory`
      )
      for (const address of [...bare, SECRET, `mysql://${SECRET}@h/d`, `postgresql://tester:${SECRET}@[::/memory`]) {
        assert.match((yield* failed(address)).message, /looks like postgresql:/)
      }
    })
  )

  test(
    "leaves nothing open when its opening is interrupted",
    Effect.gen(function*() {
      const { sockets, url } = yield* pretend(() => {})
      const options = optionsFor("never", { url: Redacted.make(url), connectTimeoutMs: 60_000 })
      const fiber = yield* Effect.fork(Effect.scoped(opened(options)))
      assert.strictEqual(yield* reaches(sockets, 1), 1)
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(yield* Effect.flatMap(ResourceLedger, ({ snapshot }) => snapshot), [])
      assert.strictEqual(yield* gone(sockets), 0)
    })
  )

  it.effect("is one that is too old, or not in UTF-8", () =>
    Effect.gen(function*() {
      yield* checkServer("it", { version: 130_000, encoding: "UTF8" })
      const old = yield* Effect.flip(checkServer("it", { version: 120_022, encoding: "UTF8" }))
      assert.match(old.message, /it is PostgreSQL 12; nothing was touched. Version 13 or newer is needed/)
      assert.match((yield* Effect.flip(checkServer("it", { version: 150_000, encoding: "LATIN1" }))).message, /LATIN1/)
    }))
})

describe.skipIf(address === undefined)("PostgreSQL", () => {
  describe("opened", () => {
    test(
      "is known to the ledger by its place, with its sockets, and is closed",
      Effect.gen(function*() {
        const { snapshot } = yield* ResourceLedger
        const { first, name } = yield* instances(1)
        yield* Effect.all([first.status, first.status], { concurrency: "unbounded" })
        const pools = (yield* snapshot).filter(({ kind }) => kind === "pool")
        assert.strictEqual(pools.length, 1)
        assert.match(pools[0]!.name, /^PostgreSQL at [^@]+:\d+\/\w+$/)
        assert.isAbove(pools[0]!.sockets!, 0)
        const again = optionsFor(name, { connections: 2 })
        yield* Effect.scoped(Effect.flatMap(openedElsewhere(again), ({ status }) => status))
        assert.strictEqual((yield* snapshot).filter(({ kind }) => kind === "pool").length, 1)
      })
    )

    test(
      "by several at once on an empty database is made once",
      Effect.gen(function*() {
        const { name, stores } = yield* instances(4)
        assert.strictEqual(new Set(yield* Effect.forEach(stores, ({ identity }) => identity)).size, 1)
        assert.deepStrictEqual(yield* query(`SELECT * FROM ${quoted(name)}.schema_version`), [{
          version: STEPS.length
        }])
      })
    )

    test(
      "with a newer schema is refused, and left as it is",
      Effect.gen(function*() {
        const { name } = yield* instances(1)
        yield* query(`UPDATE ${quoted(name)}.schema_version SET version = version + 1`)
        for (const readOnly of [true, false]) {
          const error = yield* Effect.flip(Effect.scoped(openedElsewhere(optionsFor(name, { readOnly }))))
          assert.strictEqual(error.reason, "Newer")
        }
        const [row] = yield* query(`SELECT version FROM ${quoted(name)}.schema_version`)
        assert.deepStrictEqual(row, { version: STEPS.length + 1 })
      })
    )

    test(
      "by a step that fails is left as it was",
      Effect.gen(function*() {
        const name = yield* schema
        const postgres = yield* connected(name)
        yield* Effect.flip(migrate(postgres, name, [...STEPS, ["CREATE TABLE more (id text)", "no SQL"]]))
        assert.deepStrictEqual(yield* query(`SELECT 1 FROM pg_namespace WHERE nspname = '${name}'`), [])
        yield* migrate(postgres, name)
        yield* migrate(postgres, name, [...STEPS, ["CREATE TABLE more (id text)"]])
        assert.deepStrictEqual(yield* query(`SELECT * FROM ${quoted(name)}.more`), [])
      })
    )

    test(
      "in which projects were merged splits them by the folders of their sessions",
      Effect.gen(function*() {
        const name = yield* schema
        const options = optionsFor(name)
        yield* Effect.scoped(Effect.gen(function*() {
          yield* migrate(yield* connected(name), name, STEPS.slice(0, 2))
        }))
        yield* query(`INSERT INTO ${quoted(name)}.projects VALUES
          ('one', 'one', '/work/one', 'path:/work/one', false, NULL), ('two', 'two', '/work/two', 'path:/work/two', false, 'one')`)
        yield* query(`INSERT INTO ${quoted(name)}.sessions VALUES
          ('s1', 'one', NULL, '/work/one', NULL, NULL, 1, 2), ('s2', 'one', NULL, '/work/two/src', NULL, NULL, 1, 2)`)
        const store = yield* opened(options)
        yield* store.splitProject("two")
        assert.deepStrictEqual(
          (yield* store.sessionsByPrefix("s")).map(({ projectId }) => projectId),
          ["one", "two"]
        )
      })
    )

    test(
      "by another machine while this one runs is read, and not written",
      Effect.gen(function*() {
        const name = yield* schema
        const store = yield* opened(optionsFor(name))
        yield* store.append(batch([message("a")]))
        yield* query(`UPDATE ${quoted(name)}.schema_version SET version = version + 1`)
        for (const write of [store.append(batch([message("b")])), store.transaction(store.queue("segment", ["s"]))]) {
          const error = yield* Effect.flip(write)
          assert.strictEqual(error.reason, "Newer")
          assert.match(error.message, /nothing was written. Start this session of Claude Code/)
        }
        assert.strictEqual((yield* store.status).messages, 1)
      })
    )

    test(
      "to read only makes nothing and writes nothing",
      Effect.gen(function*() {
        const name = yield* schema
        const reader = optionsFor(name, { readOnly: true })
        const missing = yield* Effect.flip(Effect.scoped(opened(reader)))
        assert.strictEqual(missing.reason, "Missing")
        assert.match(missing.message, /claude-memory import/)
        const store = yield* opened(optionsFor(name))
        yield* store.append(batch([message("a")]))
        const reading = yield* openedElsewhere(reader)
        assert.strictEqual((yield* reading.status).messages, 1)
        yield* Effect.flip(reading.append(batch([message("b")], { cursor: cursor("/t/b", 1) })))
        assert.strictEqual((yield* reading.status).messages, 1)
      })
    )
  })

  describe("that goes away", () => {
    slow(test)(
      "in the middle is told, undoes what was begun, and is used again when it is back",
      Effect.gen(function*() {
        const server = yield* Effect.acquireRelease(
          Effect.promise(() => temporary()),
          ({ remove }) => Effect.sync(remove)
        )
        const store = yield* opened(optionsFor("memory", { url: Redacted.make(server.url), connectTimeoutMs: 1_000 }))
        yield* store.append(batch([message("a")]))
        const error = yield* Effect.flip(store.transaction(Effect.gen(function*() {
          yield* store.append(batch([message("b")], { cursor: cursor("/t/b", 1) }))
          stop(server.folder, "fast")
          yield* store.append(batch([message("c")], { cursor: cursor("/t/c", 1) }))
        })))
        assert.strictEqual(error.reason, "Away", error.message)
        assert.strictEqual((yield* Effect.flip(store.status)).reason, "Away")
        resume(server.folder)
        assert.strictEqual((yield* store.status).messages, 1)
        const [kept] = yield* Effect.all([
          store.append(batch([message("d")], { cursor: cursor("/t/d", 1) })),
          store.status
        ], { concurrency: "unbounded" })
        assert.strictEqual(kept._tag, "Appended")
      }),
      20_000
    )

    test(
      "without a word, as behind a network that loses its answers, is told, and reached by another connection",
      Effect.gen(function*() {
        const name = yield* schema
        const lossy = { isLossy: false }
        const { hostname, port } = new URL(address!)
        const { url } = yield* pretend((socket) => {
          const upstream = connect(Number(port || 5432), hostname).on("error", () => socket.destroy())
          const loses = { now: false }
          upstream.on("data", (data) => {
            loses.now ||= lossy.isLossy
            if (!loses.now) socket.write(data)
          })
          socket.pipe(upstream)
          socket.on("close", () => upstream.destroy())
        })
        const through = new URL(address!)
        through.host = new URL(url).host
        const store = yield* opened(optionsFor(name, { url: Redacted.make(through.href), silenceMs: 500 }))
        yield* store.append(batch([message("a")]))
        lossy.isLossy = true
        const error = yield* Effect.flip(store.append(batch([message("b")], { cursor: cursor("/t/b", 1) })))
        assert.strictEqual(error.reason, "Away", error.message)
        lossy.isLossy = false
        assert.strictEqual((yield* store.append(batch([message("c")], { cursor: cursor("/t/c", 1) })))._tag, "Appended")
      })
    )

    test(
      "with one connection is told, and the pool has another",
      Effect.gen(function*() {
        const { first, name } = yield* instances(1, { connections: 1 })
        // Ends only the connections with locks in this schema: other tests have open transactions too.
        const cut = query(
          `SELECT pg_terminate_backend(pid) FROM (SELECT DISTINCT pid FROM pg_locks WHERE relation IN (
            SELECT oid FROM pg_class WHERE relnamespace = to_regnamespace('${quoted(name)}'))) AS writing`
        )
        const error = yield* Effect.flip(first.transaction(Effect.gen(function*() {
          yield* first.append(batch([message("a")]))
          yield* cut
          yield* first.status
        })))
        assert.strictEqual(error.reason, "Away", error.message)
        assert.strictEqual((yield* first.append(batch([message("a")])))._tag, "Appended")
      })
    )
  })

  test(
    "takes any text: NUL, halves of pairs, and words longer than an entry of its index",
    Effect.gen(function*() {
      const { first } = yield* instances(1)
      const odd = "nul \0, half \ud83d, other half \udc00, \\u0000, '\"\\ 😀 \u2028"
      const hangul = Array.from({ length: 1_300 }, (_, i) => String.fromCharCode(0xac00 + (i * 7919) % 11_000)).join("")
      const one = message("odd", { text: odd, blocks: [{ kind: "text", text: odd, file: odd }], isPrompt: true })
      const letter = { path: `/t/${odd}`, offset: 3, reason: odd, line: odd }
      yield* first.append(batch([one], {
        cursor: cursor(letter.path, 9),
        project: { ...project("one"), name: odd, root: odd },
        facts: [facts("s1", { title: odd, cwd: odd, branch: odd, version: odd })],
        skipped: { [odd]: 1 },
        redactions: { [odd]: 1 },
        deadLetters: [letter]
      }))
      assert.deepStrictEqual(yield* first.messages(["odd"]), [one])
      assert.deepStrictEqual(yield* first.deadLetters(9), [letter])
      assert.isTrue((yield* first.cursors([letter.path])).size === 1)
      const origin = idOf("segment", "odd")
      const made = [
        unit("u1", { origin, content: `${odd} ${hangul}`, title: odd, files: [odd], keywords: [odd] }),
        unit("u2", { origin, content: `${hangul.slice(0, -1)} needle`, cites: odd, type: "decision" })
      ]
      const items = yield* first.claim("segment", 9)
      yield* first.fail(items.slice(0, 0), odd)
      yield* first.commit(items, made)
      assert.deepStrictEqual(yield* first.units(["u1", "u2"]), made)
      const terms = lexemes(hangul)
      const { candidates, documentFrequencies } = yield* first.lexical([...terms, odd], everything, 9)
      assert.include(candidates.map(({ unitId }) => unitId), "u1")
      assert.isAbove(Math.max(...documentFrequencies), 0)
      yield* first.recent({ projects: [odd], files: [odd] }, 9)
      yield* first.unitsByPrefix(odd)
      yield* first.sessionsByPrefix(odd)
    })
  )

  describe("with several instances", () => {
    test(
      "lets one of all that read on in a file at the same time write",
      Effect.gen(function*() {
        const { first, stores } = yield* instances(4)
        for (let offset = 0; offset < 5; offset++) {
          const previous = offset === 0 ? undefined : cursor("/t/a", offset)
          const results = yield* Effect.forEach(
            stores,
            (store) => store.append(batch([message(`m${offset}`)], { previous, cursor: cursor("/t/a", offset + 1) })),
            { concurrency: "unbounded" }
          )
          assert.deepStrictEqual(results.map(({ _tag }) => _tag).sort(), [
            "Appended",
            "Conflict",
            "Conflict",
            "Conflict"
          ])
        }
        assert.strictEqual((yield* first.status).messages, 5)
      })
    )

    slow(test)(
      "compresses a session again without what another captures and compresses of it meanwhile being lost",
      Effect.gen(function*() {
        const { first, stores: [, second] } = yield* instances(2)
        const one = cursor("/t/a", 1)
        yield* first.append(batch([message("m1", { isPrompt: true })], { cursor: one }))
        const compressorOf = (version: number, meanwhile: Effect.Effect<unknown> = Effect.void) =>
          Compressor.of({
            version,
            compress: ({ segment, session }) =>
              Effect.as(
                meanwhile,
                segment.messages.map(({ uuid }, position) =>
                  unit(idOf("unit", uuid), {
                    sessionId: session.id,
                    origin: segment.id,
                    position,
                    content: `what ${uuid} says by version ${version}`,
                    compressor: version
                  })
                )
              ),
            summarize: () => Effect.succeed([])
          })
        const remember = (store: MemoryStore["Type"], version: number) =>
          Stream.runDrain(Pipeline.remember).pipe(
            Effect.provideService(MemoryStore, store),
            Effect.provideService(Compressor, compressorOf(version))
          )
        yield* remember(first, 1)
        const captured = yield* Deferred.make<void>()
        const capture = Effect.gen(function*() {
          yield* second!.append(batch([message("m2")], { cursor: cursor("/t/a", 2), previous: one }))
          yield* Effect.raceFirst(remember(second!, 2), Effect.sleep("1 second"))
          yield* Deferred.succeed(captured, undefined)
        })
        yield* Stream.runDrain(Pipeline.upgrade).pipe(
          Effect.provideService(MemoryStore, first),
          Effect.provideService(Compressor, compressorOf(2, Effect.orDie(capture))),
          Effect.provide(Layer.provide(Layer.merge(testing.index, testing.models()), ResourceLedger.layer))
        )
        yield* Deferred.await(captured)
        yield* remember(second!, 2)
        assert.sameMembers((yield* first.recent(everything, 10)).map(({ content }) => content), [
          "what m1 says by version 2",
          "what m2 says by version 2"
        ])
      })
    )

    test(
      "stores a message once that several files hold, and counts the others as duplicates",
      Effect.gen(function*() {
        const { first, stores } = yield* instances(4)
        const uuids = Array.from({ length: 50 }, (_, i) => `m${i}`)
        const results = yield* Effect.forEach(
          stores,
          (store, n) => {
            const held = (n % 2 === 0 ? uuids : uuids.toReversed()).map((uuid) => message(uuid, { sessionId: `s${n}` }))
            return store.append(batch(held, { cursor: cursor(`/t/${n}`, 1) }))
          },
          { concurrency: "unbounded" }
        )
        const stored = results.map((result) => result._tag === "Appended" ? result.stored : NaN)
        assert.deepStrictEqual(stored.sort((a, b) => a - b), [0, 0, 0, 50])
        const { lines, messages } = yield* first.status
        assert.deepStrictEqual([messages, lines.stored, lines.total], [50, 50, 200])
      })
    )

    test(
      "keeps the order of a session's messages that come from two files",
      Effect.gen(function*() {
        const { first, stores } = yield* instances(4)
        yield* Effect.forEach(stores, (store, n) =>
          Effect.forEach([0, 1, 2, 3, 4], (i) =>
            store.append(batch(
              Array.from({ length: 10 }, (_, m) => message(`${n} ${i} ${m}`, { isPrompt: n + i + m === 0 })),
              {
                previous: i === 0 ? undefined : cursor(`/t/${n}`, i),
                cursor: cursor(`/t/${n}`, i + 1)
              }
            ))), { concurrency: "unbounded" })
        const all = yield* first.messages(
          stores.flatMap((_, n) => Array.from({ length: 50 }, (_, k) => `${n} ${Math.floor(k / 10)} ${k % 10}`))
        )
        const order = all.map(({ uuid }) => uuid)
        assert.strictEqual(order.length, 200)
        // Batches are not interleaved, and the batches of one file keep their order.
        const batches = Array.from(
          { length: 20 },
          (_, b) => order.slice(10 * b, 10 * b + 10).map((uuid) => uuid.split(" "))
        )
        for (const held of batches) {
          assert.deepStrictEqual(
            held.map(([n, i, m]) => `${n} ${i} ${m}`),
            held.map((_, m) => `${held[0]![0]} ${held[0]![1]} ${m}`)
          )
        }
        for (const n of ["0", "1", "2", "3"]) {
          assert.deepStrictEqual(batches.filter(([one]) => one![0] === n).map(([one]) => one![1]), [
            "0",
            "1",
            "2",
            "3",
            "4"
          ])
        }
      })
    )

    test(
      "keeps sums, frequencies and merged units right when all commit at once",
      Effect.gen(function*() {
        const { first, stores } = yield* instances(4, { connections: 3 })
        const prompts = Array.from({ length: 48 }, (_, i) => message(`p${i}`, { isPrompt: true }))
        yield* first.append(batch(prompts))
        yield* Effect.forEach(
          [...stores, ...stores],
          (store, n) =>
            Effect.gen(function*() {
              for (;;) {
                const items = yield* store.claim("segment", 3)
                if (items.length === 0) return
                // The "same" units of a project are duplicates; each segment has another unit of its own.
                yield* store.commit(
                  items,
                  items.flatMap(({ key }) => [
                    unit(`same ${key}`, { origin: key, content: words(24), projectId: `project-${n % 2}` }),
                    unit(`own ${key}`, {
                      origin: key,
                      content: `zebra ${key.slice(0, 8)}`,
                      projectId: `project-${n % 2}`
                    })
                  ])
                )
                const index = yield* store.claim("index", 5)
                yield* store.done(index)
              }
            }),
          { concurrency: "unbounded" }
        )
        const [alpha, zebra] = [lexemes("alpha")[0]!, lexemes("zebra")[0]!]
        const { averageLength, documentFrequencies, documents } = yield* first.lexical([alpha, zebra], everything, 1)
        assert.deepStrictEqual([documents, ...documentFrequencies], [96, 48, 48])
        const all = yield* first.units(prompts.flatMap(({ uuid }) => {
          const key = idOf("segment", uuid)
          return [`same ${key}`, `own ${key}`]
        }))
        assert.strictEqual(all.length, 96)
        const { units } = yield* first.status
        assert.strictEqual(units.total, 48 + new Set(all.map(({ projectId }) => projectId)).size)
        const [counted] = yield* Effect.map(first.lexical([], everything, 1), (matches) => [matches.averageLength])
        assert.strictEqual(counted, averageLength)
      }),
      30_000
    )

    test(
      "tries a write again that was given up for another one",
      Effect.gen(function*() {
        const { first, name } = yield* instances(1)
        const client = yield* Effect.acquireRelease(
          Effect.promise(async () => {
            const client = new Client({ connectionString: address })
            await client.connect()
            return client
          }),
          (client) => Effect.promise(() => client.end())
        )
        yield* first.append(batch(["s1", "s2"].map((sessionId) => message(sessionId, { sessionId }))))
        yield* first.reviewAgain(["s1", "s2"])
        const lock = (key: string) =>
          `SELECT FROM ${quoted(name)}.work WHERE kind = 'recap' AND key = '${key}' FOR UPDATE`
        // A long timeout here makes PostgreSQL cancel the store's transaction.
        yield* Effect.promise(() => client.query(`SET deadlock_timeout = '20s'; BEGIN; ${lock("s2")}`))
        const fiber = yield* Effect.fork(first.reviewAgain(["s1", "s2"]))
        yield* Effect.sleep("100 millis")
        yield* Effect.promise(() => client.query(`${lock("s1")}; COMMIT`))
        assert.strictEqual(yield* Fiber.join(fiber), 2)
        assert.deepStrictEqual((yield* first.claim("recap", 9)).map(({ revision }) => revision), [2, 2])
      })
    )

    test(
      "does each work once",
      Effect.gen(function*() {
        const { first, stores } = yield* instances(4)
        yield* first.append(batch(Array.from({ length: 200 }, (_, i) => message(`p${i}`, { isPrompt: true }))))
        const claimed = yield* Effect.forEach(
          Array.from({ length: 80 }, (_, i) => stores[i % 4]!),
          (store) => store.claim("segment", 3),
          { concurrency: "unbounded" }
        )
        const keys = claimed.flat().map(({ key }) => key)
        assert.strictEqual(keys.length, 200)
        assert.strictEqual(new Set(keys).size, 200)
      })
    )
  })

  describe("a transaction", () => {
    const one = batch([message("a")])
    const other = (uuid: string) => batch([message(uuid)], { cursor: cursor(`/t/${uuid}`, 1) })

    test(
      "has its inner ones one after the other, also when they are begun at once",
      Effect.gen(function*() {
        const { first } = yield* instances(1)
        yield* first.transaction(Effect.all(
          ["a", "b", "c", "d"].map((uuid, i) => {
            const fate: Effect.Effect<unknown, unknown> = i % 2 === 0 ? first.status : Effect.fail("no")
            const inner = first.transaction(Effect.zipRight(first.append(other(uuid)), fate))
            return Effect.ignore(inner)
          }),
          { concurrency: "unbounded" }
        ))
        assert.deepStrictEqual((yield* first.messages(["a", "b", "c", "d"])).map(({ uuid }) => uuid).sort(), ["a", "c"])
      })
    )

    test(
      "in which a statement failed is no success, whoever ignores that",
      Effect.gen(function*() {
        const { first } = yield* instances(1)
        const bad = Effect.ignore(first.recent({ ...everything, since: Number.NaN }, 1))
        const error = yield* Effect.flip(first.transaction(Effect.zipRight(first.append(one), bad)))
        assert.strictEqual(error._tag, "StoreError")
        assert.strictEqual((yield* first.status).messages, 0)
      })
    )

    test(
      "that another keeps waiting too long is told so, and nothing is written",
      Effect.gen(function*() {
        const { first: holder, name } = yield* instances(1)
        const waiter = yield* openedElsewhere(optionsFor(name, { lockTimeoutMs: 100 }))
        const held = yield* Deferred.make<void>()
        const fiber = yield* Effect.fork(holder.transaction(
          holder.append(one).pipe(Effect.zipRight(Deferred.succeed(held, undefined)), Effect.zipRight(Effect.never))
        ))
        yield* Deferred.await(held)
        const error = yield* Effect.flip(waiter.append(one))
        assert.strictEqual(error.reason, "Locked", error.message)
        yield* Fiber.interrupt(fiber)
        assert.strictEqual((yield* waiter.append(one))._tag, "Appended")
      })
    )

    test(
      "and a statement that wait can be interrupted, and leave their connection free",
      Effect.gen(function*() {
        const { stores: [holder, waiter] } = yield* instances(2, { connections: 1 })
        const held = yield* Deferred.make<void>()
        const fiber = yield* Effect.fork(holder!.transaction(
          holder!.append(one).pipe(Effect.zipRight(Deferred.succeed(held, undefined)), Effect.zipRight(Effect.never))
        ))
        yield* Deferred.await(held)
        for (const waiting of [Effect.asVoid(holder!.status), Effect.asVoid(waiter!.append(one))]) {
          const started = yield* Effect.fork(waiting)
          yield* Effect.sleep(50)
          yield* Effect.timeoutFail(Effect.asVoid(Fiber.interrupt(started)), {
            duration: "4 seconds",
            onTimeout: () => "it is not to be interrupted"
          })
        }
        assert.strictEqual((yield* waiter!.status).messages, 0)
        yield* Fiber.interrupt(fiber)
        assert.strictEqual((yield* waiter!.append(one))._tag, "Appended")
        assert.strictEqual((yield* holder!.status).messages, 1)
      })
    )
  })
})
