/**
 * Runs command lines of the program in one process, so that each need not start its own.
 */
import { afterAll } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { environment, root } from "../data.ts"
import { main, type Options, type Outcome, run } from "./run.ts"

const program = join(root, "test", "e2e", "programs", "commandLines.mjs")

/** Options that each command line has of its own; the rest of `Options` belongs to the process. */
export type CommandLineOptions = Pick<Options, "home" | "env" | "cwd" | "stdin"> & { readonly uid?: never }

/** Starts a process for a command line. */
export const started = (words: ReadonlyArray<string>, options: CommandLineOptions): Effect.Effect<Outcome> =>
  run([main, ...words], options)

/**
 * Returns a function that runs the built command line's own entry, each time with the arguments, environment, folder and
 * stdin of a process of its own, one after the other. It does not see what is about the process itself (its end, signals,
 * users, a start from nothing), for which there is `started`. The process is stopped after the last test of the file.
 */
export const commandLines = () => {
  const one = Effect.unsafeMakeSemaphore(1)
  let child: ChildProcess | undefined
  let count = 0
  afterAll(async () => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, "exit")
    child.kill("SIGKILL")
    await ended
  })
  return (
    words: ReadonlyArray<string>,
    { cwd, env, home, stdin }: CommandLineOptions
  ): Effect.Effect<Outcome> =>
    Effect.async<Outcome>((resume) => {
      child ??= spawn(process.execPath, [program, main], {
        env: environment(home),
        stdio: ["ignore", "ignore", "inherit", "ipc"]
      })
      const running = child
      const onEnd = () => resume(Effect.dieMessage(`the process has ended in ${words.join(" ")}`))
      const onAnswer = (outcome: Outcome) => {
        running.off("exit", onEnd)
        resume(Effect.succeed(outcome))
      }
      running.once("exit", onEnd).once("message", onAnswer)
      running.send({
        id: ++count,
        words,
        cwd: cwd ?? home,
        env: environment(home, env),
        stdin: stdin ?? ""
      })
      return Effect.sync(() => {
        // A command that hangs would be in the way of the next.
        child = undefined
        running.off("exit", onEnd).off("message", onAnswer).kill("SIGKILL")
      })
    }).pipe(Effect.timeout("30 seconds"), Effect.withClock(Clock.make()), Effect.orDie, one.withPermits(1))
}
