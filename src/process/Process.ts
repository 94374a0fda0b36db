/** The only owner of the process: signals, exit codes, one shutdown deadline, logs on stderr only. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Cause from "effect/Cause"
import * as ConfigError from "effect/ConfigError"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import { identity } from "effect/Function"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import { constants } from "node:os"
import { advice } from "./Advice.ts"
import { isTooManyOpen, TOO_MANY_OPEN } from "./OpenFiles.ts"

/** Sends all logs to stderr, worded by `words`; stdout belongs to the protocol or the answer. */
const stderrLogger = (words: (text: string) => string) =>
  Logger.replace(Logger.defaultLogger, Logger.withConsoleError(Logger.map(Logger.logfmtLogger, words)))

/** Sends a program's logs to stderr, worded as the package's own programs speak. */
export const loggedToStderr = Effect.provide(stderrLogger(advice))

/** Prints a command's answer. Waits until the stream has taken the text, since exiting drops pending writes. */
export const writeStdout = (text: string): Effect.Effect<void> =>
  Effect.async<void>((resume) => {
    // After a failed write the stream's error event comes next and ends the program: the sleep lets it come first.
    process.stdout.write(text, (error) => resume(error ? Effect.sleep(0) : Effect.void))
  })

/** Columns of a terminal that does not say how many it has. */
const USUAL_COLUMNS = 80

/** Returns the columns of the terminal in which stdout is shown; Infinity where it is none. */
export const columns = (): number => {
  const { columns } = process.stdout
  return columns === undefined ? Infinity : columns > 0 ? columns : USUAL_COLUMNS
}

const toStderr = (text: string): Effect.Effect<void> =>
  Effect.async<void>((resume) => {
    process.stderr.write(text, () => resume(Effect.void))
  })

/** Prints progress and warnings for a person, on stderr, so that a pipe carries the answer alone. */
export const writeStderr = (text: string): Effect.Effect<void> => toStderr(advice(text))

const NOTHING_READ = { bytes: new Uint8Array(), isWhole: false }

/** Reads all of stdin as text, at most `limit` bytes, after the `bytes` that were read before. */
export const readStdin = (
  limit: number,
  { bytes, isWhole }: { readonly bytes: Uint8Array; readonly isWhole: boolean } = NOTHING_READ
): Effect.Effect<string> =>
  Effect.async<string>((resume) => {
    const parts: Array<Uint8Array> = [bytes]
    let size = bytes.length
    const onData = (part: Buffer) => {
      parts.push(part)
      size += part.length
      if (size >= limit) onEnd()
    }
    const stop = () => {
      if (isWhole) return
      process.stdin.off("data", onData).off("end", onEnd).off("error", onEnd).pause()
    }
    const onEnd = () => {
      stop()
      resume(Effect.succeed(Buffer.concat(parts).subarray(0, limit).toString("utf8")))
    }
    if (isWhole) return onEnd()
    process.stdin.on("data", onData).on("end", onEnd).on("error", onEnd)
    return Effect.sync(stop)
  })

/** Runs an effect before the main program, for an entry that chooses its program by the settings. */
export const runBeforeMain = <A>(effect: Effect.Effect<A>): Promise<A> => Effect.runPromise(effect)

/** A program fails with it to answer "no" (a failed check): exit code 1 after a clean shutdown, and nothing is printed. */
export class Unsuccessful {
  readonly _tag = "Unsuccessful"
}

/** Failure of a program whose answer could not be written; a reader of stdout that has gone is no such failure. */
class Unwritable extends Schema.TaggedError<Unwritable>()("Unwritable", { cause: Schema.Defect }) {
  override get message() {
    return `the answer could not be written: ${this.cause instanceof Error ? this.cause.message : String(this.cause)}`
  }
}

const isUnsuccessful = (error: unknown): error is Unsuccessful => error instanceof Unsuccessful

/** Returns the message of an error; of a setting, with its name, and of several settings one each. */
const messagesOf = (error: Error | ConfigError.ConfigError): ReadonlyArray<string> => {
  if (!ConfigError.isConfigError(error)) return [error.message]
  if (error._op === "And" || error._op === "Or") return [...messagesOf(error.left), ...messagesOf(error.right)]
  const name = error.path.join(".")
  return [error.message.includes(name) ? error.message : `${name}: ${error.message}`]
}

/** Time for what was read of a stdin that is served and has ended. */
const ANSWERED_WITHIN = "5 seconds"

type Signal = "SIGHUP" | "SIGINT" | "SIGTERM"

export interface RunOptions {
  /** Bounds the time that the finalizers may take when the program was interrupted; after it the process exits. */
  readonly deadline: Duration.DurationInput
  /** Stands before each sentence on stderr, with a colon; without a name the sentence stands alone. */
  readonly name?: string
  /** Rewrites each text for a person, logs included, before it goes to stderr; nothing is rewritten without it. */
  readonly words?: (text: string) => string
  /** For a guest of another program, such as a hook: logs nothing and exits with 0 whatever happens. */
  readonly failOpen?: boolean
  /** For a server that reads stdin: its end interrupts the program, once all that was read is answered as this tells. */
  readonly servesStdin?: Effect.Effect<void>
}

/** How the package's own programs speak: by its name, and with its commands as they can be typed where it was started. */
export const OWN = { name: "claude-memory", words: advice } as const satisfies Partial<RunOptions>

/**
 * Runs a program as the only one of its process, which it ends. Exit codes: 0 success (also when the reader of stdout, or
 * the writer of a stdin that is served, has gone), 1 failure or crash (also when stdout can't be written), 129 SIGHUP,
 * 130 SIGINT, 143 SIGTERM. A signal, a crash outside any fiber, a closed stdout and the end of a stdin that is served
 * interrupt the program, so that all finalizers run; `deadline` bounds that. A second signal ends the process at once;
 * with `servesStdin`, only the same signal again does. Logs go to stderr. A failure that is an `Error` is printed
 * there by its message alone; any other failure, and a defect, is logged with its whole cause.
 */
export const runMain = <E>(program: Effect.Effect<unknown, E>, options: RunOptions): void => {
  let signal: Signal | undefined
  let isClientGone = false
  let hasCrashed = false
  const crash = Deferred.unsafeMake<never, Unwritable>(FiberId.none)
  const words = options.words ?? identity
  const sentence = (text: string) => words(`${options.name === undefined ? "" : `${options.name}: `}${text}\n`)
  const logger = stderrLogger(words)

  const exitCode = (code: number) => options.failOpen === true ? 0 : hasCrashed ? 1 : code
  const exitAfterDeadline = (code: number) => {
    setTimeout(() => {
      if (options.failOpen === true) process.exit(0)
      process.stderr.write(sentence(`shutdown took longer than ${Duration.format(options.deadline)}, exiting`))
      process.exit(exitCode(code))
    }, Duration.toMillis(options.deadline)).unref()
  }
  let isForwarding = false
  const onSignal = (name: Signal) => {
    if (isForwarding) return
    const code = 128 + constants.signals[name]
    // Claude Code sends SIGTERM 0.1 s after SIGINT, to a server that may still be releasing its resources.
    if (signal !== undefined && signal !== name && options.servesStdin !== undefined) return
    if (signal !== undefined) process.exit(exitCode(code))
    signal = name
    exitAfterDeadline(code)
    if (name === "SIGHUP") {
      // NodeRuntime interrupts the main fiber on SIGINT and SIGTERM only.
      isForwarding = true
      process.emit("SIGTERM", "SIGTERM")
      isForwarding = false
    }
  }
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => onSignal(name))

  /** Ends the program because its client has gone. */
  const onClientGone = () => {
    if (isClientGone) return
    isClientGone = true
    exitAfterDeadline(0)
    Deferred.unsafeDone(crash, Effect.interrupt)
  }
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") return onClientGone()
    exitAfterDeadline(1)
    Deferred.unsafeDone(crash, Effect.fail(new Unwritable({ cause: error })))
  })
  if (options.servesStdin !== undefined) {
    const answered = Effect.timeoutOption(options.servesStdin, ANSWERED_WITHIN)
    const onEnd = () => void Effect.runFork(Effect.ensuring(answered, Effect.sync(onClientGone)))
    process.stdin.once("end", onEnd).once("close", onEnd).once("error", onClientGone)
  }

  /** Prints an expected failure as a sentence for a person, and logs a defect with its whole cause. */
  const report = (cause: Cause.Cause<E | Unsuccessful | Unwritable>): Effect.Effect<void> => {
    if (options.failOpen === true || Cause.isInterruptedOnly(cause)) return Effect.void
    if ([...Cause.defects(cause)].some(isTooManyOpen)) return toStderr(sentence(TOO_MANY_OPEN))
    const failures = [...Cause.failures(cause)]
    const known = failures.filter((error) => error instanceof Error || ConfigError.isConfigError(error))
    if (Cause.isDie(cause) || known.length + failures.filter(isUnsuccessful).length < failures.length) {
      return Effect.logFatal(cause)
    }
    // All layers that need a failed layer fail with the same error, which is printed once.
    const messages = new Set(known.flatMap(messagesOf))
    return Effect.forEach(messages, (message) => toStderr(sentence(message)), { discard: true })
  }

  const onCrash = (error: unknown) => {
    // Reported at once: a release may hang, and a main fiber that is already being interrupted would not report the
    // crash.
    Effect.runFork(Effect.provide(report(Cause.die(error)), logger))
    hasCrashed = true
    exitAfterDeadline(1)
    Deferred.unsafeDone(crash, Effect.interrupt)
  }
  process.on("uncaughtException", onCrash)
  process.on("unhandledRejection", onCrash)

  program.pipe(
    Effect.raceFirst(Deferred.await(crash)),
    Effect.tapErrorCause(report),
    Effect.provide(options.failOpen === true ? Logger.remove(Logger.defaultLogger) : logger),
    (effect) =>
      NodeRuntime.runMain(effect, {
        disablePrettyLogger: true,
        disableErrorReporting: true,
        teardown: (exit) => {
          const code = signal !== undefined && Exit.isInterrupted(exit)
            ? 128 + constants.signals[signal]
            : Exit.isSuccess(exit) || (isClientGone && Exit.isInterrupted(exit))
            ? 0
            : 1
          process.exit(exitCode(code))
        }
      })
  )
}
