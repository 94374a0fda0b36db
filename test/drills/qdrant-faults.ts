/**
 * Reports what a caller gets for each fault of a Qdrant server. The real layer calls a stand-in on the loopback.
 */
import * as Cli from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import { answer, json, plural } from "../../src/cli/Output.ts"
import { Unsuccessful } from "../../src/process/Process.ts"
import { forEach } from "../../src/resources/Concurrent.ts"
import { faults } from "../index/qdrant/faults.ts"
import { type Outcome, outcomeOf } from "../index/qdrant/outcomes.ts"
import * as StandIn from "../index/qdrant/StandIn.ts"
import { main, progress, round, timed } from "../script.ts"

/** Faults at a time. */
const CONCURRENCY = 4

const row = (cells: ReadonlyArray<string | number>) => `| ${cells.join(" | ")} |`

const markdown = (outcomes: ReadonlyArray<Outcome>): ReadonlyArray<string> => [
  row(["fault", "what the caller got", "requests", "what the message says", "sockets left", "key leaked"]),
  row(["---", "---", "---", "---", "---", "---"]),
  ...outcomes.map(({ fault, got, keyLeaked, message, requests, socketsLeft }) => {
    const said = message.replace(/^Qdrant at \S+: /, "").replaceAll("|", "\\|").replaceAll("<", "&lt;")
    return row([fault, got, requests, said, socketsLeft, keyLeaked ? "yes" : "no"])
  })
]

const command = Cli.make("qdrant-faults", { json }, ({ json }) =>
  Effect.gen(function*() {
    const other = yield* StandIn.make()
    let done = 0
    const [outcomes, ms] = yield* timed(forEach(faults, CONCURRENCY, (fault) =>
      Effect.zipLeft(
        outcomeOf(fault, other),
        Effect.suspend(() => progress(`${++done} of ${faults.length}`))
      )))
    yield* progress("")
    const failures = outcomes.flatMap(({ fault, wrong }) => wrong.map((each) => `${fault}: ${each}`))
    yield* answer(json, { cases: outcomes, failures, ms: round(ms) }, () =>
      [
        ...markdown(outcomes),
        "",
        ...failures.map((failure) => `FAILED ${failure}`),
        `${plural(outcomes.length, "fault")}, ${plural(failures.length, "failure")}, ${round(ms / 1_000, 1)} s`
      ].join("\n"))
    if (failures.length > 0) return yield* Effect.fail(new Unsuccessful())
  }).pipe(Effect.scoped)).pipe(Cli.withDescription("What a caller gets for each fault of a Qdrant server"))

main(command, "qdrant-faults")
