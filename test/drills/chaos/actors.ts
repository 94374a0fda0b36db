/**
 * The processes over one memory: two MCP servers, and the command lines that run beside them.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import type { ChildProcess } from "node:child_process"
import { titleOf } from "../../../src/domain/Saved.ts"
import { environment } from "../../data.ts"
import * as McpClient from "../../e2e/mcpClient.ts"
import { start } from "../../e2e/program.ts"
import { BenchError, exitCodeOf } from "../../script.ts"
import type { Operation } from "./plan.ts"
import { OTHER_MODEL, type Setting } from "./setting.ts"

/** Longest time of an operation or a start on a busy machine. */
const ENDS_WITHIN = "60 seconds"
const KILL_AFTER_MS = 60_000

export interface Result {
  readonly operation: Operation
  /** Refused: it ended by itself, with an error. Postponed: it forgets what a kill kept from being saved. */
  readonly end: "acknowledged" | "refused" | "killed" | "postponed"
  /** Answer, or the text of the error. */
  readonly answer: unknown
}

/** A process as a kill sees it. */
export interface Target {
  readonly pid: number
  readonly kill: (signal: NodeJS.Signals) => Effect.Effect<void>
  readonly hasEnded: () => boolean
  /** Operation that it does now; none for a server that only follows. */
  readonly operation: () => Operation | undefined
}

const isOver = ({ exitCode, signalCode }: ChildProcess) => exitCode !== null || signalCode !== null

/** Returns the ids of what an operation forgets or changes; none while that is not there. */
export type IdsOf = (operation: Extract<Operation, { kind: "edit" | "forget" | "undo" }>) => ReadonlyArray<string>

export const make = ({ env, main, mcp, work }: Setting, home: string, idsOf: IdsOf) =>
  Effect.gen(function*() {
    const scope = yield* Effect.scope
    const servers: Array<McpClient.McpClient | undefined> = [undefined, undefined]
    const doing: Array<Operation | undefined> = [undefined, undefined]

    /** Starts the server unless it runs. */
    const server = (i: 0 | 1) =>
      Effect.gen(function*() {
        const running = servers[i]
        if (running !== undefined && !isOver(running.child)) return running
        const client = yield* Scope.extend(
          McpClient.start(mcp, {
            env: environment(home, { ...env, CLAUDE_PROJECT_DIR: work }),
            cwd: work,
            stderr: "ignore"
          }),
          scope
        )
        servers[i] = client
        const { child, shake } = client
        yield* Effect.mapError(shake, ({ message }) =>
          new BenchError({
            reason: "Program",
            detail: `server ${i} does not start (exit code ${child.exitCode}, signal ${child.signalCode}): ${message}`
          }))
        return client
      })

    /** Command lines that do an operation one after the other. `again`: it may be done in part. */
    const commandsOf = (operation: Operation, again: boolean): ReadonlyArray<ReadonlyArray<string>> => {
      switch (operation.kind) {
        case "backup":
        case "import":
          return [[operation.kind]]
        case "reindex":
          return [["reindex", "--to", OTHER_MODEL]]
        case "search":
          return [["search", operation.text, "--all-projects"]]
        case "save":
          return [["save", operation.text]]
        case "edit":
          return [["edit", ...idsOf(operation), "--title", operation.title]]
        case "forget":
          return [["forget", ...idsOf(operation), ...(operation.isNow ? ["--now"] : []), "--yes"]]
        case "undo": {
          const [id = ""] = idsOf(operation)
          const title = ["edit", id, "--title"]
          return operation.of === "edit"
            ? [...(again ? [[...title, titleOf(operation.saved)]] : []), [...title, `Of ${operation.saved}`], ["undo"]]
            : [...(again ? [["save", operation.saved]] : []), ["forget", id, "--yes"], ["undo"]]
        }
      }
    }

    /** Runs a command line to its end; `onStart` gets its process. */
    const command = (words: ReadonlyArray<string>, onStart: (target: Omit<Target, "operation">) => void = () => {}) =>
      Effect.scoped(Effect.gen(function*() {
        let hasEnded = false
        const program = yield* start([main, ...words, "--json"], { home, env, cwd: work, killAfterMs: KILL_AFTER_MS })
        onStart({
          pid: program.pid,
          kill: program.kill,
          hasEnded: () => hasEnded
        })
        const { code, signal, stderr, stdout } = yield* Effect.ensuring(
          program.ended,
          Effect.sync(() => hasEnded = true)
        )
        return code === 0
          ? { end: "acknowledged" as const, answer: JSON.parse(stdout) as unknown }
          : { end: signal === null ? "refused" as const : "killed" as const, answer: `${stderr}${stdout}`.trim() }
      }))

    /** Runs command lines as one process after the other, until one does not end well. */
    const commands = (
      lines: ReadonlyArray<ReadonlyArray<string>>,
      onStart: (target: Omit<Target, "operation">) => void
    ) =>
      Effect.gen(function*() {
        let current: Omit<Target, "operation"> | undefined
        let isKilled = false
        let isOver = false
        let last: Omit<Result, "operation"> = { end: "killed", answer: "" }
        for (const words of lines) {
          if (isKilled) break
          last = yield* command(words, (target) => {
            const isFirst = current === undefined
            current = target
            if (!isFirst) return
            onStart({
              get pid() {
                return current!.pid
              },
              kill: (signal) =>
                Effect.suspend(() => {
                  isKilled ||= signal === "SIGKILL"
                  return current!.kill(signal)
                }),
              hasEnded: () => isOver || isKilled && current!.hasEnded()
            })
          })
          if (last.end !== "acknowledged") break
        }
        isOver = true
        return isKilled ? { ...last, end: "killed" as const } : last
      })

    const called = (i: 0 | 1, operation: Operation, onStart: (target: Target) => void) =>
      Effect.gen(function*() {
        const { call, child } = yield* server(i)
        doing[i] = operation
        onStart(targetOf(i))
        const answer = operation.kind === "save"
          ? call("save", { content: operation.text })
          : operation.kind === "forget"
          ? call("forget", { ids: idsOf(operation) })
          : call("search", { query: operation.kind === "search" ? operation.text : "", project_id: "global" })
        return yield* Effect.match(answer, {
          onSuccess: (answer) => ({ end: "acknowledged" as const, answer }),
          onFailure: ({ message }) => ({ end: isOver(child) ? "killed" as const : "refused" as const, answer: message })
        })
      }).pipe(
        Effect.catchAll(({ message }) => Effect.succeed({ end: "killed" as const, answer: message })),
        Effect.ensuring(Effect.sync(() => doing[i] = undefined))
      )

    const targetOf = (i: 0 | 1): Target => {
      const { child } = servers[i]!
      return {
        pid: child.pid!,
        kill: (signal) => Effect.sync(() => child.kill(signal)),
        hasEnded: () => isOver(child),
        operation: () => doing[i]
      }
    }

    const perform = (
      operation: Operation,
      onStart: (target: Target) => void = () => {},
      again = false
    ): Effect.Effect<Result> =>
      Effect.map(
        operation.by === "command"
          ? commands(
            commandsOf(operation, again),
            (target) => onStart(Object.assign(target, { operation: () => operation }))
          )
          : called(operation.by, operation, onStart),
        (result) => ({ operation, ...result })
      ).pipe(
        Effect.timeoutTo({
          duration: ENDS_WITHIN,
          onSuccess: (result) => result,
          onTimeout: (): Result => ({ operation, end: "refused", answer: `it did not end within ${ENDS_WITHIN}` })
        })
      )

    /** Stops the servers as Claude Code does; returns those that ended otherwise than well. */
    const stop = Effect.gen(function*() {
      const wrong: Array<string> = []
      for (const [i, client] of servers.entries()) {
        if (client === undefined || isOver(client.child)) continue
        client.child.kill("SIGINT")
        const code = yield* Effect.timeoutOption(exitCodeOf(client.child), "15 seconds")
        if (Option.isNone(code)) wrong.push(`server ${i} does not end`)
        else if (code.value !== 130 && code.value !== 0) wrong.push(`server ${i} ended with exit code ${code.value}`)
        servers[i] = undefined
      }
      return wrong
    })

    /** Servers that run now. */
    const targets = () =>
      ([0, 1] as const).flatMap((i) => {
        const client = servers[i]
        return client === undefined || isOver(client.child) ? [] : [targetOf(i)]
      })

    return { server, command, perform, stop, targets }
  })

export type Actors = Effect.Effect.Success<ReturnType<typeof make>>
