// @effect-diagnostics globalTimersInEffect:off
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import { closeSync, openSync, unwatchFile, watch, watchFile } from "node:fs"
import { connect, createServer } from "node:net"
import { tmpdir } from "node:os"
import { Worker } from "node:worker_threads"
import * as LeakProbe from "../../../src/resources/monitor/LeakProbe.ts"

const isLinux = process.platform === "linux"
type Kind = keyof LeakProbe.Reading

const settled = Effect.zipRight(Effect.sleep("30 millis"), LeakProbe.read)

/** Reads before, while open and after; counts of `kinds` must rise in between and be back at the end. */
const seen = <A>(kinds: ReadonlyArray<Kind>, open: Effect.Effect<A>, close: (handle: A) => Effect.Effect<unknown>) =>
  Effect.gen(function*() {
    const before = yield* settled
    const [between, beyond] = yield* Effect.acquireUseRelease(
      open,
      () => Effect.map(settled, (reading) => [reading, LeakProbe.beyond(before, reading)] as const),
      close
    )
    for (const kind of kinds) assert.isAbove(between[kind] ?? 0, before[kind] ?? 0, kind)
    assert.isAtLeast(beyond, kinds.length)
    const after = yield* settled
    for (const kind of kinds) assert.isAtMost(after[kind] ?? 0, before[kind] ?? 0, kind)
    assert.strictEqual(LeakProbe.beyond(before, after), 0)
  })

const once = (emitter: NodeJS.EventEmitter, event: string) =>
  Effect.async<void>((resume) => {
    emitter.once(event, () => resume(Effect.void))
  })

const listening = Effect.suspend(() => {
  const server = createServer().listen(0, "127.0.0.1")
  return Effect.as(once(server, "listening"), server)
})
const closed = (server: ReturnType<typeof createServer>) =>
  Effect.async<void>((resume) => {
    server.close(() => resume(Effect.void))
  })

describe("read sees", () => {
  it.live.runIf(isLinux)(
    "a file descriptor",
    () => seen(["fds"], Effect.sync(() => openSync(process.execPath, "r")), (fd) => Effect.sync(() => closeSync(fd)))
  )

  it.live("a server", () => seen(isLinux ? ["sockets", "fds"] : ["sockets"], listening, closed))

  it.live("both ends of a connection", () =>
    Effect.acquireUseRelease(
      listening,
      (server) =>
        seen(
          ["sockets"],
          Effect.suspend(() => {
            const { port } = server.address() as { readonly port: number }
            const socket = connect(port, "127.0.0.1")
            return Effect.as(
              Effect.zip(once(socket, "connect"), once(server, "connection"), { concurrent: true }),
              socket
            )
          }),
          (socket) => Effect.zipRight(Effect.sync(() => socket.destroy()), once(socket, "close"))
        ),
      closed
    ))

  it.live.runIf(isLinux)(
    "a server that does not keep Node running",
    () => seen(["sockets"], Effect.map(listening, (server) => server.unref()), closed)
  )

  it.live("a timer", () =>
    seen(
      ["timers"],
      Effect.sync(() => setTimeout(() => {}, 60_000)),
      (timer) => Effect.sync(() => clearTimeout(timer))
    ))

  it.live.runIf(isLinux)("a child process", () =>
    seen(
      ["children"],
      Effect.suspend(() => {
        const child = spawn(process.execPath, ["-e", "setTimeout(() => {}, 60_000)"], { stdio: "ignore" })
        return Effect.as(once(child, "spawn"), child)
      }),
      (child) => Effect.zipRight(Effect.sync(() => child.kill("SIGKILL")), once(child, "exit"))
    ))

  it.live("a watched folder", () =>
    seen(["watchers"], Effect.sync(() => watch(tmpdir())), (watcher) => Effect.sync(() => watcher.close())))

  it.live("a watched file", () =>
    seen(
      ["watchers"],
      Effect.sync(() => watchFile(process.execPath, { interval: 60_000 }, () => {})),
      () => Effect.sync(() => unwatchFile(process.execPath))
    ))

  it.live.runIf(isLinux)("a worker", () =>
    seen(
      ["fds", "workers"],
      Effect.suspend(() => {
        const worker = new Worker("setTimeout(() => {}, 60_000)", { eval: true })
        return Effect.as(once(worker, "online"), worker)
      }),
      (worker) => Effect.promise(() => worker.terminate())
    ))
})

describe("beyond", () => {
  const none: LeakProbe.Reading = { fds: 3, sockets: 0, timers: 0, watchers: 0, workers: 0, children: 0 }

  it("counts what is new of each kind", () => {
    assert.strictEqual(LeakProbe.beyond(none, none), 0)
    assert.strictEqual(LeakProbe.beyond(none, { ...none, fds: 5, sockets: 1, children: 2 }), 5)
  })

  it("does not let one kind make up for another", () => {
    assert.strictEqual(LeakProbe.beyond({ ...none, timers: 5 }, { ...none, workers: 1 }), 1)
    assert.strictEqual(LeakProbe.beyond({ ...none, fds: 9 }, none), 0)
  })

  it("counts nothing where the operating system does not tell", () => {
    const untold = { ...none, fds: null, children: null }
    assert.strictEqual(LeakProbe.beyond(untold, { ...untold, timers: 1 }), 1)
  })
})
