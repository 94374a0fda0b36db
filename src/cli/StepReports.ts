/**
 * Output of commands that run until they are ended: reports every now and then what was done since the last report.
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import { writeStderr, writeStdout } from "../process/Process.ts"
import type { CaptureStep } from "../serve/Capture.ts"
import { number, plural } from "./Output.ts"

const INTERVAL = "2 seconds"

const STATES = { Waiting: "waiting", Following: "following", CaughtUp: "caught up" } as const

const reportOf = (steps: Chunk.Chunk<CaptureStep>) => {
  const sum = (count: (step: CaptureStep) => number) => Chunk.reduce(steps, 0, (all, step) => all + count(step))
  const last = <A>(select: (step: CaptureStep) => A | undefined): A | undefined =>
    Option.getOrUndefined(
      Option.map(Chunk.findLast(steps, (step) => select(step) !== undefined), (step) => select(step)!)
    )
  return {
    state: last((step) => step._tag in STATES ? STATES[step._tag as keyof typeof STATES] : undefined),
    lines: sum((step) =>
      step._tag === "Captured" && step.captured.result._tag === "Appended" ? step.captured.batch.lines : 0
    ),
    memories: sum((step) => step._tag === "Compressed" ? step.units.length : 0),
    indexed: sum((step) => step._tag === "Indexed" ? step.units : 0),
    letGo: {
      messages: sum((step) => step._tag === "LetGo" ? step.messages : 0),
      memories: sum((step) => step._tag === "LetGo" ? step.units : 0)
    },
    reviewed: sum((step) => step._tag === "Reviewed" ? step.items : 0),
    hindered: last((step) => step._tag === "Postponed" ? step.error.message : undefined)
  }
}
type StepReport = ReturnType<typeof reportOf>

const summaryOf = ({ indexed, letGo, lines, memories, reviewed }: StepReport): string =>
  [
    ...(lines === 0 ? [] : [`${plural(lines, "line")} read`]),
    ...([
      [memories, "memory", "memories", "made"],
      [indexed, "memory", "memories", "indexed"],
      [reviewed, "segment or session", "segments and sessions", "reviewed"],
      [letGo.messages, "message", "messages", "let go, to keep the memory small"],
      [letGo.memories, "memory", "memories", "let go, to keep the memory small"]
    ] as const).flatMap(([n, one, many, how]) => n === 0 ? [] : [`${number(n)} ${n === 1 ? one : many} ${how}`])
  ].join(", ")

/** The sentence to show to a person in each state. */
type States = Readonly<Record<typeof STATES[keyof typeof STATES], string>>

/** Reports the steps: in words on stderr, or each time as a line of JSON on stdout. */
export const report = <E, R>(steps: Stream.Stream<CaptureStep, E, R>, isJson: boolean, states?: States) =>
  Effect.gen(function*() {
    const lastReason = yield* Ref.make("")
    yield* steps.pipe(
      Stream.groupedWithin(10_000, INTERVAL),
      Stream.map(reportOf),
      Stream.runForEach((report) =>
        Effect.gen(function*() {
          if (isJson) return yield* writeStdout(`${JSON.stringify(report)}\n`)
          const text = summaryOf(report)
          if (report.state !== undefined && states !== undefined) yield* writeStderr(`${states[report.state]}\n`)
          if (text !== "") yield* writeStderr(`${text}\n`)
          const reason = report.hindered ?? ""
          // Shows the same reason once, not in every round.
          if (reason !== "" && reason !== (yield* Ref.get(lastReason))) yield* writeStderr(`waits: ${reason}\n`)
          if (reason !== "" || text !== "") yield* Ref.set(lastReason, reason)
        })
      )
    )
  })
