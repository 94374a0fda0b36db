/**
 * Starts another program as a handle of the owner.
 */
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import * as Schema from "effect/Schema"
import { type ChildProcess, spawn, type SpawnOptions } from "node:child_process"
import * as ProcessStart from "./monitor/ProcessStart.ts"
import * as Owner from "./Owner.ts"

/** A program that can't be started. `code` is the system's: ENOENT, EACCES, EAGAIN. */
export class ChildError extends Schema.TaggedError<ChildError>()("ChildError", {
  command: Schema.String,
  code: Schema.String,
  cause: Schema.Defect
}) {
  override get message() {
    const advice = this.code === "ENOENT" ? "; install it, or correct its path or the working directory" : ""
    return `${this.command} can't be started: ${this.code}${advice}`
  }
}

export interface ChildOptions extends SpawnOptions {
  /** Name in the ledger. */
  readonly name: string
  readonly command: string
  readonly args?: ReadonlyArray<string>
  /** Time to end after SIGTERM, 2 seconds by default; then it gets SIGKILL. */
  readonly within?: Duration.DurationInput
}

/** `code` is null when a signal ended the program, and `signal` is null else. */
export interface ChildExit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A stream is null where `stdio` does not pipe it. */
export interface Child extends Pick<ChildProcess, "stdin" | "stdout" | "stderr"> {
  readonly pid: number
  /** Waits until the program has ended. */
  readonly exit: Effect.Effect<ChildExit>
}

const started = ({ args = [], command, ...options }: ChildOptions) =>
  Effect.async<{ readonly child: ChildProcess; readonly start: string | null } & Child, ChildError>((resume) => {
    const fail = (cause: unknown) =>
      resume(new ChildError({ command, code: (cause as NodeJS.ErrnoException).code ?? "unknown", cause }))
    try {
      const child = spawn(command, args, options)
      const { stderr, stdin, stdout } = child
      const exited = Deferred.unsafeMake<ChildExit>(FiberId.none)
      child.once("exit", (code, signal) => Deferred.unsafeDone(exited, Effect.succeed({ code, signal })))
      // Also one that comes later, when a signal can't be sent: then the child is seen to be alive.
      child.on("error", fail).once("spawn", () => {
        const pid = child.pid!
        const exit = Deferred.await(exited)
        resume(Effect.succeed({ child, start: ProcessStart.of(pid), pid, stdin, stdout, stderr, exit }))
      })
    } catch (cause) {
      fail(cause)
    }
  })

/** Sends the signal, and waits for the end. What the child has started itself may keep its streams open, so they are closed here. */
const end = (signal: NodeJS.Signals) => ({ child, exit }: { readonly child: ChildProcess } & Child) =>
  Effect.sync(() => child.kill(signal)).pipe(
    Effect.zipRight(exit),
    Effect.tap(() => Effect.sync(() => child.stdio.forEach((stream) => stream?.destroy())))
  )

/** Starts the program; its children and theirs are its own business. */
export const open = (options: ChildOptions): Effect.Effect<Child, ChildError, Owner.Owner> =>
  Owner.open({
    kind: "child",
    name: options.name,
    open: started(options),
    close: end("SIGTERM"),
    destroy: end("SIGKILL"),
    isGone: ({ child, pid, start }) =>
      (child.exitCode !== null || child.signalCode !== null) && ProcessStart.stateOf(pid, start) !== "running" &&
      child.stdio.every((stream) => stream?.destroyed !== false),
    within: options.within ?? "2 seconds",
    // Node's pipes to a child are sockets.
    sockets: ({ child }) => child.stdio.filter((stream) => stream?.destroyed === false).length + Number(child.connected)
  })
