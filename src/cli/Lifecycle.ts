/**
 * Starts the whole service, waits, stops it, and reports what each finalizer released.
 */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as App from "../App.ts"
import { Unsuccessful } from "../process/Process.ts"
import * as LeakProbe from "../resources/monitor/LeakProbe.ts"
import { type Resource, ResourceLedger } from "../resources/ResourceLedger.ts"
import { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import { answer, json } from "./Output.ts"

const wait = Options.text("for").pipe(
  Options.withDescription("How long to stay up, as in 3s, 500ms or 2m"),
  Options.withDefault("3s"),
  Options.filterMap(
    (text) => {
      const match = /^(\d{1,6})\s*(ms|s|m)$/.exec(text.trim())
      const unit = { ms: 1, s: 1_000, m: 60_000 }[match?.[2] ?? ""]
      return match === null || unit === undefined
        ? Option.none()
        : Option.some(Duration.millis(Number(match[1]) * unit))
    },
    "--for takes a duration such as 500ms, 3s or 2m"
  )
)

const withoutTime = ({ kind, name, origin }: Resource) => ({ kind, name, origin })

export const options = { for: wait, json }

export const command = Command.make("lifecycle", options, ({ for: wait, json }) =>
  Effect.gen(function*() {
    const before = yield* LeakProbe.read
    const { open, released } = yield* Effect.gen(function*() {
      const ledger = yield* ResourceLedger
      const changes = yield* ledger.changes
      yield* Effect.gen(function*() {
        const memory = yield* ClaudeMemory
        // A search opens the lazy resources, so that their release is reported too.
        yield* memory.search({
          text: "how does the memory work",
          projects: "all",
          limit: 1,
          minScore: 0,
          mode: "hybrid"
        })
        yield* Effect.sleep(wait)
      }).pipe(App.provide(App.service("lifecycle")))
      const events = [...(yield* Queue.takeAll(changes))]
      return {
        released: events.flatMap((change) =>
          change._tag === "Released"
            ? [{ kind: change.resource.kind, name: change.resource.name, ageMs: change.ageMs, how: change.how }]
            : []
        ),
        open: (yield* ledger.snapshot).map(withoutTime)
      }
    }).pipe(Effect.scoped)
    yield* Effect.sleep("20 millis")
    const openHandles = LeakProbe.beyond(before, yield* LeakProbe.read)

    const ok = open.length === 0 && openHandles === 0 && released.every(({ how }) => how === "closed")
    const verdict = ok
      ? `all ${released.length} resources were released, nothing is left open`
      : `${open.length} resources are left by the ledger, ${openHandles} handles by the operating system, ` +
        `${released.filter(({ how }) => how !== "closed").length} had to be forced or failed`
    yield* answer(json, { ok, released, open, verdict }, () => {
      const width = Math.max(...released.map(({ name }) => name.length))
      return [
        ...released.map(({ ageMs, how, kind, name }) =>
          `${how.padEnd(9)}  ${name.padEnd(width)}  ${kind.padEnd(8)}  after ${(ageMs / 1000).toFixed(2)} s`
        ),
        ...open.map(({ kind, name, origin }) => `STILL OPEN ${name} (${kind}), opened ${origin}`),
        verdict
      ].join("\n")
    })
    if (!ok) return yield* Effect.fail(new Unsuccessful())
  })).pipe(Command.withDescription("Start the whole service, stop it, and show that everything was released"))
