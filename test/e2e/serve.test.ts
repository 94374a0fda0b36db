/**
 * The server as a program: `serve`, `open` and `token`.
 */
// It speaks HTTP as any client does.
// @effect-diagnostics globalFetchInEffect:off
import type * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs"
import { Agent, request } from "node:http"
import { request as requestTls, type RequestOptions } from "node:https"
import { join } from "node:path"
import { root, slow } from "../data.ts"
import { inHome, leftovers, main, makeImported, run, start } from "./run.ts"

const TLS = join(root, "test", "fixtures", "tls")

interface Check {
  readonly name: string
  readonly state: string
  readonly detail: string
}

interface Answer {
  readonly status: number
  readonly body: string
}

/** Asks on a socket of the file system, or by TLS. */
const askBy = (options: RequestOptions, send: typeof request | typeof requestTls = request) =>
  Effect.async<Answer, Error>((resume) => {
    send(options, (response) => {
      const parts: Array<Buffer> = []
      response.on("data", (part: Buffer) => parts.push(part)).on(
        "end",
        () => resume(Effect.succeed({ status: response.statusCode ?? 0, body: Buffer.concat(parts).toString("utf8") }))
      )
    }).on("error", (error) => resume(Effect.fail(error))).end()
  })

const get = (url: string, token?: string, init: RequestInit = {}) =>
  Effect.promise(() =>
    fetch(url, {
      ...init,
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(init.body !== undefined && { "content-type": "application/json" })
      }
    })
  )
const text = (response: Response) => Effect.promise(() => response.text())

/** Starts `serve` and returns what it says of itself. */
const serve = (home: string, ...words: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const program = yield* start([main, "serve", "--json", ...words], { home })
    yield* program.waitForText("\n")
    const said = yield* program.stdout
    if (said === "") return yield* Effect.dieMessage((yield* program.ended).stderr)
    const { url } = JSON.parse(said) as { readonly url: string }
    return { ...program, url }
  })

const tokenOf = (home: string) => readFileSync(join(home, ".claude-memory", "token"), "utf8").trim()
const runFolder = (home: string) => join(home, ".claude-memory", "run")

const test = <E>(
  title: string,
  body: (home: string) => Effect.Effect<void, E, FileSystem.FileSystem | Scope.Scope>
) => it.live(title, () => inHome(() => Effect.flatMap(makeImported, body)), 60_000)

describe("serve", () => {
  test("answers until it is ended: then streams end, what is asked is answered, and nothing is left", (home) =>
    Effect.gen(function*() {
      const { ended, kill, url } = yield* serve(home, "--port", "0")
      const token = tokenOf(home)
      assert.strictEqual(statSync(join(home, ".claude-memory", "token")).mode & 0o777, 0o600)
      const events = yield* get(`${url}/v1/events`, token)
      const streamed = yield* Effect.forkScoped(text(events))
      const agent = new Agent({ keepAlive: true, maxSockets: 30 })
      const ask = (path: string) => {
        const headers = { authorization: `Bearer ${token}` }
        return askBy({ agent, headers, path, port: new URL(url).port, host: "127.0.0.1" })
      }
      // The connections are there before it ends; whether it has read what was sent on them, nobody knows.
      yield* Effect.all(Array.from({ length: 30 }, () => ask("/livez")), { concurrency: "unbounded" })
      const asked = yield* Effect.forEach(
        Array.from({ length: 30 }, (_, i) => i),
        (i) => Effect.forkScoped(ask(`/v1/units?project=all&limit=${100 + i}`))
      )
      yield* Effect.sleep("20 millis")
      yield* kill("SIGTERM")
      for (const each of asked) assert.isAbove(JSON.parse((yield* each).body).units.length, 10)
      assert.include(yield* streamed, "connected")
      const { code, stderr } = yield* ended
      assert.deepStrictEqual([code, stderr], [143, ""])
      assert.isFalse(existsSync(runFolder(home)))
      assert.deepStrictEqual(leftovers(readdirSync(join(home, ".claude-memory"))), [])
    }))

  slow(test)(
    "checks of Claude Code and of the backups what doctor does, in the reader's language",
    (home) =>
      Effect.gen(function*() {
        const { url } = yield* serve(home, "--port", "0", "--no-capture")
        const checksIn = (language: string) =>
          Effect.map(
            Effect.flatMap(get(`${url}/v1/health?language=${language}`, tokenOf(home)), text),
            (body) => (JSON.parse(body) as { readonly checks: ReadonlyArray<Check> }).checks
          )
        const of = (checks: ReadonlyArray<Check>) =>
          checks.filter(({ name }) => name === "Claude Code" || name === "backups")
        const { ended } = yield* start([main, "doctor", "--json"], { home })
        const doctor = JSON.parse((yield* ended).stdout) as { readonly checks: ReadonlyArray<Check> }
        const seen = of(yield* checksIn("en"))
        assert.deepStrictEqual(seen.map(({ name, state }) => [name, state]), [
          ["Claude Code", "note"],
          ["backups", "note"]
        ])
        assert.sameDeepMembers([...seen], [...of(doctor.checks)])
        for (const { detail } of of(yield* checksIn("zh"))) assert.match(detail, /\p{Script=Han}/u)
      })
  )

  slow(test)(
    "has the file of what models cost and answered open once, whoever asks for it",
    (home) =>
      Effect.gen(function*() {
        const { ended, kill, url } = yield* serve(home, "--port", "0", "--no-capture")
        const [cost, search] = [
          yield* get(`${url}/v1/cost`, tokenOf(home)),
          yield* get(`${url}/v1/search`, tokenOf(home), {
            method: "POST",
            body: JSON.stringify({ text: "which pool do the clients wait for?", projects: "all" })
          })
        ]
        assert.deepStrictEqual([cost.status, search.status], [200, 200], yield* text(search))
        // It reports each second; what two reports see in common is drift.
        yield* Effect.sleep("2500 millis")
        const { processes: [own] } = JSON.parse(yield* text(yield* get(`${url}/v1/resources`, tokenOf(home))))
        assert.include(own.resources.map(({ name }: { readonly name: string }) => name), "Sqlite of models")
        assert.deepStrictEqual(own.drift, { fds: 0, sockets: 0, watchers: 0, workers: 0, children: 0 })
        yield* kill("SIGTERM")
        assert.strictEqual((yield* ended).stderr, "")
      })
  )

  slow(test)("loses nothing of clients that ask on and on, until it refuses them", (home) =>
    Effect.gen(function*() {
      const { ended, kill, url } = yield* serve(home, "--port", "0")
      const headers = { authorization: `Bearer ${tokenOf(home)}` }
      const agent = new Agent({ keepAlive: true, maxSockets: 16 })
      const answers: Array<number> = []
      const ask = (limit: number) =>
        askBy({
          agent,
          headers,
          path: `/v1/units?project=all&limit=${limit}`,
          port: new URL(url).port,
          host: "127.0.0.1"
        })
      const asking = yield* Effect.forkScoped(Effect.forEach(
        Array.from({ length: 16 }, (_, i) => 20 + i),
        (limit) => Effect.flip(Effect.forever(Effect.map(ask(limit), ({ status }) => answers.push(status)))),
        { concurrency: "unbounded" }
      ))
      yield* Effect.repeat(Effect.sleep("10 millis"), { until: () => answers.length > 32 })
      yield* kill("SIGTERM")
      const last = yield* Fiber.join(asking)
      assert.deepStrictEqual(last.map((error) => Reflect.get(error, "code")), last.map(() => "ECONNREFUSED"))
      assert.deepStrictEqual([...new Set(answers)], [200])
      assert.strictEqual((yield* ended).code, 143)
    }))

  slow(test)("is one for a memory: a second one and `open` say where it is", (home) =>
    Effect.gen(function*() {
      const { ended, kill, url } = yield* serve(home, "--port", "0")
      const second = yield* run([main, "serve", "--port", "0"], { home })
      assert.deepStrictEqual([second.code, second.stdout], [1, ""])
      assert.include(second.stderr, url)
      const { code, stdout } = yield* run([main, "open", "--no-browser", "--json"], { home })
      assert.strictEqual(code, 0)
      const opened = JSON.parse(stdout)
      assert.strictEqual(opened.url, url)
      const [page, secret] = opened.page.split("#code=")
      assert.strictEqual(page, `${url}/app/`)
      const exchange = () =>
        Effect.promise(() =>
          fetch(`${url}/v1/token`, {
            method: "POST",
            headers: { "content-type": "application/json" },
            body: JSON.stringify({ code: secret })
          })
        )
      const { token } = JSON.parse(yield* text(yield* exchange()))
      assert.strictEqual((yield* get(`${url}/v1/stats`, token)).status, 200)
      assert.strictEqual((yield* exchange()).status, 401)
      // Whatever takes this address next gets nothing by it.
      yield* kill("SIGTERM")
      yield* ended
      const next = yield* serve(home, "--port", new URL(url).port)
      assert.strictEqual((yield* get(`${next.url}/v1/stats`, token)).status, 401)
    }))

  slow(test)("takes a new token as soon as it is rotated", (home) =>
    Effect.gen(function*() {
      const { url } = yield* serve(home, "--port", "0")
      const old = tokenOf(home)
      assert.strictEqual((yield* get(`${url}/v1/stats`, old)).status, 200)
      const { stdout } = yield* run([main, "token", "--rotate"], { home })
      assert.notStrictEqual(stdout.trim(), old)
      assert.strictEqual((yield* get(`${url}/v1/stats`, old)).status, 401)
      assert.strictEqual((yield* get(`${url}/v1/stats`, stdout.trim())).status, 200)
    }))

  slow(test)(
    "listens on a socket for this user alone, also where a killed one left it",
    (home) =>
      Effect.gen(function*() {
        const path = join(home, "memory.sock")
        const first = yield* serve(home, "--socket", path)
        assert.strictEqual(statSync(path).mode & 0o777, 0o600)
        const headers = { authorization: `Bearer ${tokenOf(home)}` }
        const ask = askBy({ socketPath: path, path: "/health", headers })
        assert.strictEqual((yield* ask).status, 200)
        assert.strictEqual((yield* askBy({ socketPath: path, path: "/health" })).status, 401)
        yield* first.kill("SIGKILL")
        yield* first.ended
        assert.isTrue(existsSync(path))
        const second = yield* serve(home, "--socket", path)
        assert.strictEqual((yield* ask).status, 200)
        yield* second.kill("SIGTERM")
        yield* second.ended
        assert.isFalse(existsSync(path))
      })
  )

  slow(test)("leaves the socket alone on which the server of another memory answers", (home) =>
    Effect.gen(function*() {
      const path = join(home, "memory.sock")
      const first = yield* serve(home, "--socket", path)
      const other = yield* makeImported
      const refused = yield* run([main, "serve", "--socket", path], { home: other })
      assert.deepStrictEqual([refused.code, refused.stdout], [1, ""])
      assert.include(refused.stderr, `another program answers at ${path}`)
      assert.include(refused.stderr, "take another path")
      const headers = { authorization: `Bearer ${tokenOf(home)}` }
      assert.strictEqual((yield* askBy({ socketPath: path, path: "/health", headers })).status, 200)
      yield* first.kill("SIGTERM")
      yield* first.ended
      const second = yield* serve(other, "--socket", path)
      assert.strictEqual(second.url, path)
      yield* second.kill("SIGTERM")
      yield* second.ended
    }))

  slow(test)("goes over the network only encrypted, or when told otherwise", (home) =>
    Effect.gen(function*() {
      const refused = yield* run([main, "serve", "--host", "0.0.0.0", "--port", "0"], { home })
      assert.deepStrictEqual([refused.code, refused.stdout], [1, ""])
      assert.include(refused.stderr, "--insecure")
      const halved = yield* run([main, "serve", "--tls-cert", join(TLS, "cert.pem")], { home })
      assert.include(halved.stderr, "--tls-key")
      const files = ["--tls-cert", join(TLS, "cert.pem"), "--tls-key", join(TLS, "key.pem")]
      const { url } = yield* serve(home, "--host", "0.0.0.0", "--port", "0", ...files)
      // The link that a person opens here.
      assert.match(url, /^https:\/\/127\.0\.0\.1:/)
      const { port } = new URL(url)
      const ca = readFileSync(join(TLS, "cert.pem"))
      const headers = { authorization: `Bearer ${tokenOf(home)}` }
      const ask = (host: string) =>
        askBy(
          { host: "127.0.0.1", port, path: "/health", ca, servername: "localhost", headers: { ...headers, host } },
          requestTls
        )
      assert.strictEqual((yield* ask(`localhost:${port}`)).status, 200)
      assert.strictEqual((yield* ask("memory.lan")).status, 403)
    }))

  // Other systems have one address of this machine for itself.
  slow(it.live.skipIf(process.platform !== "linux"))(
    "answers at the link of the address that it was told",
    () =>
      inHome((home) =>
        Effect.gen(function*() {
          const { url } = yield* serve(home, "--host", "127.0.0.2", "--port", "0", "--insecure")
          assert.match(url, /^http:\/\/127\.0\.0\.2:/)
          const headers = { authorization: `Bearer ${tokenOf(home)}` }
          const { hostname: host, port } = new URL(url)
          assert.strictEqual((yield* askBy({ host, port, path: "/health", headers })).status, 200)
        })
      )
  )

  slow(test)("takes another port when its own is taken, unless that was asked for", (home) =>
    Effect.gen(function*() {
      const first = yield* serve(home, "--port", "0")
      const { port } = new URL(first.url)
      yield* inHome(() =>
        Effect.gen(function*() {
          const other = yield* makeImported
          const taken = yield* run([main, "serve", "--port", port], { home: other })
          assert.strictEqual(taken.code, 1)
          assert.include(taken.stderr, "EADDRINUSE")
        })
      )
    }))
})

describe("open", () => {
  slow(test)("serves by itself when nobody does, until Ctrl-C", (home) =>
    Effect.gen(function*() {
      const program = yield* start([main, "open", "--no-browser", "--port", "0", "--json"], { home })
      yield* program.waitForText("\n")
      const { page, url } = JSON.parse(yield* program.stdout)
      assert.include(page, `${url}/app/#code=`)
      assert.strictEqual((yield* get(`${url}/readyz`)).status, 200)
      yield* program.kill("SIGINT")
      const { code, stderr } = yield* program.ended
      assert.deepStrictEqual([code, stderr], [130, ""])
    }))
})
