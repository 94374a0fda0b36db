/**
 * The token of the server, and the codes for which it is exchanged.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import { join } from "node:path"
import * as Token from "../../src/http/Token.ts"

const inHome = <A, E>(body: (home: string, fs: FileSystem.FileSystem) => Effect.Effect<A, E>) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const home = join(yield* fs.makeTempDirectoryScoped({ prefix: "claude-memory-token-" }), "memory")
    return yield* body(home, fs)
  }).pipe(Effect.scoped, Effect.provide(NodeContext.layer))

describe("the token", () => {
  it.effect("is made once, of 256 bits, for its owner alone", () =>
    inHome((home, fs) =>
      Effect.gen(function*() {
        const token = yield* Token.read(home)
        assert.match(token, /^[\w-]{43}$/)
        assert.strictEqual(yield* Token.read(home), token)
        const { mode } = yield* fs.stat(join(home, Token.TOKEN))
        assert.strictEqual(mode & 0o777, 0o600)
        yield* fs.chmod(join(home, Token.TOKEN), 0o644)
        assert.strictEqual(yield* Token.read(home), token)
        assert.strictEqual((yield* fs.stat(join(home, Token.TOKEN))).mode & 0o777, 0o600)
      })
    ))

  it.effect("is another one after it was rotated, also for who follows it", () =>
    inHome((home) =>
      Effect.gen(function*() {
        const following = yield* Token.following(home)
        const first = yield* following
        const second = yield* Token.rotate(home)
        assert.notStrictEqual(second, first)
        assert.strictEqual(yield* following, second)
      })
    ))

  it.effect("says what to do about a file that holds none", () =>
    inHome((home, fs) =>
      Effect.gen(function*() {
        yield* Token.read(home)
        yield* fs.writeFileString(join(home, Token.TOKEN), "short\n")
        const { message } = yield* Effect.flip(Token.read(home))
        assert.include(message, "claude-memory token --rotate")
        yield* Token.rotate(home)
        yield* Token.read(home)
      })
    ))
})

describe("a code", () => {
  it.effect("is good once", () =>
    Effect.gen(function*() {
      const codes = yield* Token.makeCodes
      const { code } = yield* codes.make
      assert.isFalse(yield* codes.use("another"))
      assert.isTrue(yield* codes.use(code))
      assert.isFalse(yield* codes.use(code))
    }))

  it.effect("is good for a minute", () =>
    Effect.gen(function*() {
      const codes = yield* Token.makeCodes
      const [early, late] = [yield* codes.make, yield* codes.make]
      yield* TestClock.adjust("59 seconds")
      assert.isTrue(yield* codes.use(early.code))
      yield* TestClock.adjust("1 second")
      assert.isFalse(yield* codes.use(late.code))
    }))

  it.effect("is one of a hundred at most: the oldest go", () =>
    Effect.gen(function*() {
      const codes = yield* Token.makeCodes
      const first = yield* codes.make
      const rest = yield* Effect.replicateEffect(codes.make, 100)
      assert.isFalse(yield* codes.use(first.code))
      assert.isTrue(yield* codes.use(rest.at(-1)!.code))
    }))
})

describe("the token of a page", () => {
  it.effect("is good beside the file's, until that is another one; the oldest of a hundred goes", () =>
    Effect.gen(function*() {
      let token = "first"
      const pages = Token.makePages(Effect.sync(() => token))
      const own = yield* pages.issue
      const accepts = (given: string) => Effect.map(pages.accepts, (isGood) => isGood(given))
      assert.deepStrictEqual([yield* accepts(own), yield* accepts("first"), yield* accepts("other")], [
        true,
        true,
        false
      ])
      const rest = yield* Effect.replicateEffect(pages.issue, 100)
      assert.deepStrictEqual([yield* accepts(own), yield* accepts(rest.at(-1)!)], [false, true])
      token = "second"
      assert.deepStrictEqual([yield* accepts(rest.at(-1)!), yield* accepts("first"), yield* accepts("second")], [
        false,
        false,
        true
      ])
    }))
})
