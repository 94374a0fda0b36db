/**
 * Reports what a caller gets for each fault of a Qdrant server. The real layer calls a stand-in on the loopback.
 */
import * as Effect from "effect/Effect"
import { plural } from "../../src/cli/Output.ts"
import { faults } from "../index/qdrant/faults.ts"
import { outcomeOf } from "../index/qdrant/outcomes.ts"
import * as StandIn from "../index/qdrant/StandIn.ts"
import { cellText, everyCase, markdown, program, round, timed } from "../script.ts"

/** Faults at a time. */
const CONCURRENCY = 4

program("qdrant-faults", {
  description: "What a caller gets for each fault of a Qdrant server",
  run: () =>
    Effect.gen(function*() {
      const other = yield* StandIn.make()
      const [outcomes, ms] = yield* timed(everyCase(faults, CONCURRENCY, (fault) => outcomeOf(fault, other)))
      const failures = outcomes.flatMap(({ fault, wrong }) => wrong.map((each) => `${fault}: ${each}`))
      return {
        ok: failures.length === 0,
        data: { cases: outcomes, failures, ms: round(ms) },
        text: () => [
          ...markdown(
            ["fault", "what the caller got", "requests", "what the message says", "sockets left", "key leaked"],
            outcomes.map(({ fault, got, keyLeaked, message, requests, socketsLeft }) => [
              fault,
              got,
              requests,
              cellText(message.replace(/^Qdrant at \S+: /, "")),
              socketsLeft,
              keyLeaked ? "yes" : "no"
            ])
          ),
          "",
          ...failures.map((failure) => `FAILED ${failure}`),
          `${plural(outcomes.length, "fault")}, ${plural(failures.length, "failure")}, ${round(ms / 1_000, 1)} s`
        ]
      }
    })
})
