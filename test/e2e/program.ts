/**
 * Spawns programs, without the person's environment, and reports how they ended.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type ChildProcess, spawn } from "node:child_process"
import { environment } from "../data.ts"

export interface Outcome {
  readonly stdout: string
  readonly stderr: string
  /** Null when a signal ended the program. */
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface Options {
  readonly home: string
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** Whole stdin; empty by default. */
  readonly stdin?: string
  /** Keeps stdin open for `send`, until `closeStdin`. */
  readonly staysOpen?: boolean
  /** Program to start in place of `node`. */
  readonly command?: string
  /** User id to run as. */
  readonly uid?: number
  /** File descriptor that takes stdout. */
  readonly stdoutTo?: number
  /** Milliseconds after which the program is killed (SIGKILL); 30 seconds by default. */
  readonly killAfterMs?: number
}

export interface Program {
  readonly pid: number
  readonly kill: (signal: NodeJS.Signals) => Effect.Effect<void>
  /** Waits until stdout or stderr contains the text, or until the program has ended. */
  readonly waitForText: (text: string) => Effect.Effect<void>
  readonly send: (text: string) => Effect.Effect<void>
  readonly closeStdin: Effect.Effect<void>
  /** Closes the reading end of stdout. */
  readonly closeStdout: Effect.Effect<void>
  readonly closeStderr: Effect.Effect<void>
  /** Stdout so far. */
  readonly stdout: Effect.Effect<string>
  readonly ended: Effect.Effect<Outcome>
}

const collect = (child: ChildProcess) => {
  const parts = { stdout: [] as Array<Buffer>, stderr: [] as Array<Buffer> }
  const waiting = new Set<() => void>()
  for (const name of ["stdout", "stderr"] as const) {
    child[name]?.on("data", (part: Buffer) => {
      parts[name].push(part)
      for (const wake of waiting) wake()
    }).on("error", () => {})
  }
  const text = (name: "stdout" | "stderr") => Buffer.concat(parts[name]).toString("utf8")
  return { text, waiting }
}

/** Starts `node`, or `command`, with these arguments; kills it when the scope closes. */
export const start = (
  args: ReadonlyArray<string>,
  options: Options
): Effect.Effect<Program, never, Scope.Scope> =>
  Effect.gen(function*() {
    const child = yield* Effect.acquireRelease(
      Effect.sync(() =>
        spawn(options.command ?? process.execPath, [...args], {
          cwd: options.cwd ?? options.home,
          env: { ...environment(options.home, options.env) },
          stdio: ["pipe", options.stdoutTo ?? "pipe", "pipe"],
          ...(options.uid !== undefined && { uid: options.uid, gid: options.uid }),
          timeout: options.killAfterMs ?? 30_000,
          killSignal: "SIGKILL"
        })
      ),
      (child) => Effect.sync(() => child.kill("SIGKILL"))
    )
    const { text, waiting } = collect(child)
    const ended = yield* Deferred.make<Outcome>()
    child.on("close", (code, signal) => {
      Deferred.unsafeDone(ended, Effect.sync(() => ({ stdout: text("stdout"), stderr: text("stderr"), code, signal })))
      for (const wake of waiting) wake()
    }).on("error", (error) => Deferred.unsafeDone(ended, Effect.die(error)))
    child.stdin?.on("error", () => {})
    if (options.staysOpen !== true) child.stdin?.end(options.stdin ?? "")

    return {
      pid: child.pid ?? 0,
      kill: (signal) => Effect.sync(() => child.kill(signal)),
      waitForText: (wanted) =>
        Effect.async<void>((resume) => {
          const check = () => {
            if (!text("stdout").includes(wanted) && !text("stderr").includes(wanted) && child.exitCode === null) return
            waiting.delete(check)
            resume(Effect.void)
          }
          waiting.add(check)
          check()
          return Effect.sync(() => waiting.delete(check))
        }),
      send: (text) => Effect.sync(() => child.stdin?.write(text)),
      closeStdin: Effect.sync(() => child.stdin?.end()),
      closeStdout: Effect.sync(() => child.stdout?.destroy()),
      closeStderr: Effect.sync(() => child.stderr?.destroy()),
      stdout: Effect.sync(() => text("stdout")),
      ended: Deferred.await(ended)
    }
  })

/** Runs a program to its end. */
export const run = (args: ReadonlyArray<string>, options: Options): Effect.Effect<Outcome> =>
  Effect.scoped(Effect.flatMap(start(args, options), ({ ended }) => ended))
