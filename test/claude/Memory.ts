/**
 * Claude Memory as a person uses it beside Claude Code: installed, queried and removed.
 */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readFileSync, writeFileSync } from "node:fs"
import { main, type Outcome, run } from "../e2e/run.ts"
import type { Client } from "./Client.ts"

interface Status {
  readonly lines: { readonly total: number; readonly skipped: Readonly<Record<string, number>> }
  readonly pending: number
  readonly units: { readonly total: number }
}

export interface Unit {
  readonly id: string
  readonly type: string
  readonly content: string
}

/** Long budgets for the hooks, so that a busy machine does not fail these suites. */
export const patient = { CLAUDE_MEMORY_HOOK_MS: "20000", CLAUDE_MEMORY_SESSION_START_MS: "20000" }

const rewrite = (file: string, from: RegExp, to: string) =>
  writeFileSync(file, readFileSync(file, "utf8").replace(from, to))

/** Raises Claude Code's timeout for hooks in this file from 1 second to 30. */
export const patiently = (file: string) => rewrite(file, /(?<key>"timeout": *)1\b/g, "$<key>30")

const asInstalled = (file: string) => rewrite(file, /(?<key>"timeout": *)30\b/g, "$<key>1")

const asked = (client: Client, ...args: ReadonlyArray<string>) =>
  run([main, ...args], { home: client.home, cwd: client.project })

const succeeded = (what: string, { code, stderr, stdout }: Outcome): string => {
  assert.strictEqual(code, 0, `claude-memory ${what}: ${stdout}${stderr}`)
  return stdout
}

export const command = (client: Client, ...args: ReadonlyArray<string>) =>
  Effect.map(asked(client, ...args), (outcome) => succeeded(args.join(" "), outcome))

export const init = (client: Client, ...args: ReadonlyArray<string>) =>
  Effect.zipLeft(
    command(client, "init", "--yes", ...args),
    Effect.sync(() => patiently(client.settings))
  )

export const uninstall = (client: Client) =>
  Effect.zipRight(Effect.sync(() => asInstalled(client.settings)), command(client, "uninstall", "--yes"))

export const status = (client: Client): Effect.Effect<Status> =>
  Effect.map(command(client, "status", "--all-projects", "--json"), (text) => JSON.parse(text))

/** Results of a search, best first, of one type or of all; empty while there is no memory yet. */
export const found = (client: Client, words: string, type?: string): Effect.Effect<ReadonlyArray<Unit>> =>
  Effect.map(
    asked(client, "search", words, ...type === undefined ? [] : ["--type", type], "--limit", "50", "--json"),
    (outcome) =>
      outcome.code === 1 && outcome.stderr.includes("nothing is remembered yet")
        ? []
        : (JSON.parse(succeeded("search", outcome)) as { results: ReadonlyArray<{ unit: Unit }> }).results.map((
          { unit: { content, id, type } }
        ) => ({ id, type, content }))
  )

const PATIENCE_MS = 60_000

/** Polls until `holds`, at most a minute; then dies with the last value seen. */
export const until = <A>(look: Effect.Effect<A>, holds: (seen: A) => boolean): Effect.Effect<A> =>
  Effect.gen(function*() {
    const began = performance.now()
    for (;;) {
      const seen = yield* look
      if (holds(seen)) return seen
      if (performance.now() - began > PATIENCE_MS) {
        return yield* Effect.dieMessage(`it did not come to that: ${JSON.stringify(seen)}`)
      }
      yield* Effect.sleep("200 millis")
    }
  })

/** Waits until every line of the transcripts, as they now are, is accounted for and nothing is pending. */
export const caughtUp = (client: Client): Effect.Effect<Status> =>
  Effect.map(
    until(
      Effect.map(asked(client, "status", "--all-projects", "--json"), (outcome): Status | undefined =>
        outcome.stderr.includes("nothing is remembered yet") ? undefined : JSON.parse(succeeded("status", outcome))),
      (seen) =>
        seen !== undefined && seen.pending === 0 && seen.lines.total === client.transcript().length
    ),
    (seen) =>
      seen!
  )

/** Writes a step and what was seen to the log of the run. */
export const log = (what: string, seen = ""): Effect.Effect<void> =>
  Effect.sync(() => process.stdout.write(`${what}\n${seen.replace(/^(?=.)/gm, "    | ")}${seen === "" ? "" : "\n"}`))
