/**
 * A process with a Qdrant client: which certificates it trusts, and how it ends.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, layer } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { join } from "node:path"
import { root } from "../data.ts"
import { tls } from "../index/qdrant/faults.ts"
import * as StandIn from "../index/qdrant/StandIn.ts"
import { bundle, makeHome, run, start } from "./run.ts"

class Bundle extends Context.Tag("test/Bundle")<Bundle, { readonly file: string; readonly home: string }>() {
  static readonly layer = Layer.scoped(
    this,
    Effect.gen(function*() {
      const home = yield* makeHome
      return { file: yield* bundle("qdrant", join(home, "node_modules", "claude-memory")), home }
    })
  ).pipe(Layer.provide(NodeContext.layer))
}

const ANSWER = "0 collections\n0 aliases\n"
const NODE_EXTRA_CA_CERTS = join(root, "test", "fixtures", "qdrant-tls", "cert.pem")

describe("a process with a client of Qdrant", () => {
  layer(Bundle.layer, { timeout: "30 seconds", excludeTestServices: true })((it) => {
    it.scoped("ends by itself, with nothing said but its answer", () =>
      Effect.gen(function*() {
        const { file, home } = yield* Bundle
        const { origin } = yield* StandIn.make()
        const { ended, waitForText } = yield* start([file, origin], { home })
        yield* waitForText("aliases")
        const since = yield* Clock.currentTimeMillis
        assert.deepStrictEqual(yield* ended, { stdout: ANSWER, stderr: "", code: 0, signal: null })
        // Idle sockets, which are kept for three seconds, do not keep the process alive.
        assert.isBelow((yield* Clock.currentTimeMillis) - since, 2_500)
      }))

    it.scoped("trusts the configured certificate, for the names in it", () =>
      Effect.gen(function*() {
        const { file, home } = yield* Bundle
        const { origin } = yield* StandIn.make({ tls })
        const env = { NODE_EXTRA_CA_CERTS }
        const [trusted, unknown, misnamed] = yield* Effect.all([
          run([file, origin.replace("127.0.0.1", "localhost")], { home, env }),
          run([file, origin], { home }),
          run([file, origin.replace("127.0.0.1", "0.0.0.0")], { home, env })
        ], { concurrency: 3 })
        assert.deepStrictEqual(trusted, { stdout: ANSWER, stderr: "", code: 0, signal: null })
        assert.strictEqual(unknown.code, 1)
        assert.include(unknown.stderr, "NODE_EXTRA_CA_CERTS")
        // 127.0.0.1 is the same host under a name that the certificate lacks.
        assert.strictEqual(misnamed.code, 1)
        assert.include(misnamed.stderr, "use that name in the address")
      }))

    it.scoped("that is told to end while a call is in flight ends it on the wire, soon", () =>
      Effect.gen(function*() {
        const { file, home } = yield* Bundle
        const server = yield* StandIn.make()
        server.fault = ({ operation }) => operation === "get_collections_aliases" ? "hangs" : undefined
        const program = yield* start([file, server.origin], { home })
        yield* program.waitForText("collections")
        yield* Effect.repeat(Effect.sleep("10 millis"), { until: () => server.seen.running === 1 })
        yield* program.kill("SIGTERM")
        const { code, stderr } = yield* program.ended
        assert.deepStrictEqual([code, stderr], [143, ""])
        yield* Effect.repeat(Effect.sleep("10 millis"), { until: () => server.seen.open.size === 0 })
        assert.strictEqual(server.seen.aborted, 1)
      }))
  })
})
