/**
 * Measures how many planted secrets are masked, how many look-alikes are kept, and the speed beside JSON.parse. Counts are by kind and by
 * place. The speed is measured on transcripts.
 */
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { readFileSync } from "node:fs"
import { redact } from "../../src/capture/redact/Redactor.ts"
import { number } from "../../src/cli/Output.ts"
import { isJson } from "../../src/domain/Json.ts"
import { packageFile } from "../../src/settings/Settings.ts"
import { judgeLookAlikes, judgeSecrets, lookAlikes, secrets, textsOf } from "../../test/fixtures/redaction/corpus.ts"
import { integer, median, program, round, rounds, row, timed } from "../../test/script.ts"
import { transcriptsIn } from "./shared/transcripts.ts"

interface Count {
  readonly all: number
  /** Secrets that were masked, or look-alikes that were kept. */
  readonly right: number
}

const countBy = <A>(
  all: ReadonlyArray<A>,
  keyOf: (value: A) => string,
  isRight: (value: A) => boolean
): Readonly<Record<string, Count>> => {
  const counts: Record<string, Count> = {}
  for (const each of all) {
    const { all: n, right } = counts[keyOf(each)] ?? { all: 0, right: 0 }
    counts[keyOf(each)] = { all: n + 1, right: right + (isRight(each) ? 1 : 0) }
  }
  return counts
}

const judge = Effect.gen(function*() {
  const root = packageFile()
  const planted = yield* judgeSecrets(secrets(root))
  const harmless = yield* judgeLookAlikes(lookAlikes(root))
  const masked = planted.filter(({ leak }) => leak === undefined).length
  const wrong = harmless.filter(({ isKept }) => !isKept).length
  return {
    secrets: { all: planted.length, right: masked },
    lookAlikes: { all: harmless.length, right: harmless.length - wrong },
    recall: round(masked / planted.length, 4),
    precision: round(masked / (masked + wrong), 4),
    byKind: countBy(planted, ({ plant }) => plant.kind, ({ leak }) => leak === undefined),
    byPlace: countBy(planted, ({ plant }) => plant.place, ({ leak }) => leak === undefined),
    lookAlikesByKind: countBy(harmless, ({ lookAlike }) => lookAlike.kind, ({ isKept }) => isKept),
    lookAlikesByPlace: countBy(harmless, ({ lookAlike }) => lookAlike.place, ({ isKept }) => isKept),
    missed: planted.filter(({ leak }) => leak !== undefined).map(({ plant }) => ({
      kind: plant.kind,
      place: plant.place,
      text: plant.text.slice(0, 120)
    }))
  }
})

const speed = (folder: string, count: number) =>
  Effect.gen(function*() {
    const files = (yield* transcriptsIn(folder)).map((file) => {
      const lines = readFileSync(file, "utf8").split("\n").filter((line) => line !== "")
      return { lines, texts: textsOf(lines) }
    })
    const length = files.reduce((sum, { texts }) => sum + texts.reduce((all, text) => all + text.length, 0), 0)
    const measured = yield* rounds(count, () =>
      Effect.gen(function*() {
        const [, parseMs] = yield* timed(
          Effect.sync(() => files.reduce((sum, { lines }) => sum + lines.filter(isJson).length, 0))
        )
        const [masks, redactMs] = yield* timed(Effect.forEach(files, ({ texts }) => redact(texts)))
        return { parseMs, redactMs, masks }
      }))
    const parseMs = median(measured.map((each) => each.parseMs))
    const redactMs = median(measured.map((each) => each.redactMs))
    const masks = measured[0]?.masks.flatMap(({ counts }) => Object.values(counts)).reduce((a, b) => a + b, 0) ?? 0
    return {
      files: files.length,
      megabytes: round(length / 1e6, 2),
      parseMs: round(parseMs, 1),
      redactMs: round(redactMs, 1),
      megabytesPerSecond: round(length / 1e3 / redactMs, 1),
      ratio: round(redactMs / parseMs, 2),
      masks
    }
  })

const rows = (title: string, wrong: string, counts: Readonly<Record<string, Count>>): ReadonlyArray<string> => [
  row(title, 30, ["all", "right", wrong], 9),
  ...Object.entries(counts).map(([name, { all, right }]) => row(name, 30, [all, right, all - right].map(number), 9)),
  ""
]

program("redaction", {
  description: "Measure what redaction masks, and how fast",
  options: {
    transcripts: Options.directory("transcripts", { exists: "yes" }).pipe(
      Options.withDescription("Folder of transcripts to measure the speed on"),
      Options.optional
    ),
    rounds: integer("rounds", 7, "How often the speed is measured; medians are given")
  },
  run: ({ rounds, transcripts }) =>
    Effect.gen(function*() {
      const judged = yield* judge
      const measured = Option.isNone(transcripts) ? null : yield* speed(transcripts.value, rounds)
      return {
        data: { ...judged, speed: measured },
        text: () => [
          ...rows("secrets by kind", "missed", judged.byKind),
          ...rows("secrets by place", "missed", judged.byPlace),
          ...rows("look-alikes by kind", "masked", judged.lookAlikesByKind),
          ...rows("look-alikes by place", "masked", judged.lookAlikesByPlace),
          ...judged.missed.map(({ kind, place, text }) => `missed: ${kind}, ${place}: ${JSON.stringify(text)}`),
          `recall ${judged.recall}, precision ${judged.precision}: ${number(judged.secrets.right)} of ` +
          `${number(judged.secrets.all)} secrets masked, ${number(judged.lookAlikes.right)} of ` +
          `${number(judged.lookAlikes.all)} look-alikes kept`,
          ...(measured === null ? [] : [
            `${measured.files} files, ${measured.megabytes} MB of text: ${measured.redactMs} ms, ` +
            `${measured.megabytesPerSecond} MB/s, ${measured.ratio} times JSON.parse of their lines ` +
            `(${measured.parseMs} ms); ${number(measured.masks)} masks`
          ])
        ]
      }
    })
})
