/**
 * Fills the page of benchmarks, in both languages, from outputs that `bench -- keep` kept, and draws its pictures.
 */
import * as Options from "@effect/cli/Options"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { BenchError, cellText, markdown, program } from "../../test/script.ts"
import { ablation } from "./page/ablation.ts"
import { type Figure, type Language, LANGUAGES, type Words } from "./page/figure.ts"
import { latency, SEARCHES } from "./page/latency.ts"
import { type Name, NAMES, type Outputs, read } from "./page/outputs.ts"
import { chats, coding } from "./page/recall.ts"
import type { Provenance } from "./shared/kept.ts"

const FILES: Words = { en: "benchmarks.md", zh: "benchmarks.zh-CN.md" }

/** A place on the page, and the outputs from which its figure is drawn. */
interface Place {
  readonly name: string
  readonly sources: ReadonlyArray<Name>
  /** Undefined when there is none of these outputs. */
  readonly draw: (outputs: Outputs) => Figure | undefined
}

const PLACES: ReadonlyArray<Place> = [
  { name: "coding", sources: ["recall-dev", "recall-dev-zh"], draw: coding },
  { name: "chats", sources: ["locomo", "memorybank"], draw: chats },
  { name: "ablation", sources: ["constants"], draw: ablation },
  { name: "latency", sources: SEARCHES, draw: latency }
]

const NOT_KEPT: Words = { en: "left out, as no output was kept", zh: "没有留下输出，因此略去" }

const provenanceOf = ({ at, command, cores, load, node, version }: Provenance, language: Language) => {
  const day = DateTime.formatIsoDateUtc(at)
  const machine = language === "en" ? `${cores} cores, load ${load} before it` : `${cores} 核，开始前负载 ${load}`
  return `\`npm run bench -- ${command}\`; ${day}, commit ${version}, Node ${node}, ${machine}`
}

const picture = (name: string) => `benchmarks-${name}.svg`

/** The picture, the table, and for each output its command and origin. */
const blockOf = ({ name, sources }: Place, figure: Figure | undefined, outputs: Outputs, language: Language) => [
  ...(figure === undefined ? [] : [
    `![${figure.alt[language]}](${picture(name)})`,
    "",
    ...markdown(
      figure.heads.map((head) => cellText(head[language])),
      figure.rows.map((cells) => cells.map((cell) => cellText(cell[language])))
    ),
    ""
  ]),
  ...sources.map((source) => {
    const output = outputs[source]
    return `- ${source}: ${output === undefined ? NOT_KEPT[language] : provenanceOf(output, language)}`
  })
]

/** Replaces what stands between `<!-- name -->` and `<!-- /name -->`. */
const fill = (page: string, name: string, block: ReadonlyArray<string>) => {
  const [begin, end] = [`<!-- ${name} -->\n`, `<!-- /${name} -->`]
  const [from, to] = [page.indexOf(begin), page.indexOf(end)]
  return from < 0 || to < from
    ? new BenchError({ reason: "Input", detail: `the page has no place for ${name}: ${begin.trim()} and ${end}` })
    : Effect.succeed(`${page.slice(0, from)}${begin}\n${block.join("\n")}\n\n${page.slice(to)}`)
}

program("page", {
  description: "Fill the page of benchmarks and draw its pictures",
  options: {
    from: Options.directory("from", { exists: "yes" }).pipe(
      Options.withDescription("Folder with the outputs that bench -- keep wrote")
    ),
    to: Options.directory("to", { exists: "yes" }).pipe(
      Options.withDescription("Folder with the page and its twin"),
      Options.withDefault("docs")
    )
  },
  run: ({ from, to }) =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const outputs = yield* read(from)
      const leftOut = NAMES.filter((name) => outputs[name] === undefined)
      if (leftOut.length === NAMES.length) {
        return yield* new BenchError({ reason: "Input", detail: `${from} holds none of ${NAMES.join(", ")}` })
      }
      const figures = PLACES.map((place) => ({ place, figure: place.draw(outputs) }))
      const pages = yield* Effect.forEach(LANGUAGES, (language) =>
        Effect.gen(function*() {
          const page = yield* fs.readFileString(path.join(to, FILES[language]))
          const filled = yield* Effect.reduce(
            figures,
            page,
            (text, { figure, place }) => fill(text, place.name, blockOf(place, figure, outputs, language))
          )
          return [FILES[language], filled] as const
        }))
      const pictures = figures.flatMap(({ figure, place }) =>
        figure === undefined ? [] : [[picture(place.name), figure.svg] as const]
      )
      const files = [...pages, ...pictures].map(([name, content]) => ({ file: path.join(to, name), content }))
      yield* Effect.forEach(files, ({ content, file }) => fs.writeFileString(file, content), { discard: true })
      return {
        data: { files: files.map(({ file }) => file), leftOut },
        text: () => [
          ...files.map(({ file }) => file),
          ...(leftOut.length === 0 ? [] : [`left out, as ${from} holds no output of theirs: ${leftOut.join(", ")}`])
        ]
      }
    })
})
