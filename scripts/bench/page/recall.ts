/**
 * Figures of recall over the number of results, for questions about coding sessions and about long chats.
 */
import { round } from "../../../test/script.ts"
import { axis, below, COLOURS, heading, legend, svg, text } from "../../../test/svg.ts"
import { type Figure, same, type Words } from "./figure.ts"
import type { Cuts, Outputs } from "./outputs.ts"

const HEIGHT = 380

interface Line {
  readonly name: Words
  readonly color: string
  readonly isDashed?: boolean
  readonly n: number
  /** Percent by number of results. */
  readonly points: ReadonlyMap<number, number>
}

/** Reads keys such as `hit5`; `percentOf` makes a value a percentage. */
const pointsOf = (cuts: Cuts, prefix: string, percentOf: (value: number) => number) =>
  new Map(
    Object.entries(cuts).flatMap(([key, value]) =>
      new RegExp(`^${prefix}\\d+$`).test(key) ? [[Number(key.slice(prefix.length)), percentOf(value)] as const] : []
    )
  )

const figureOf = (title: string, lines: ReadonlyArray<Line>): Figure | undefined => {
  if (lines.length === 0) return undefined
  const cuts = [...new Set(lines.flatMap(({ points }) => [...points.keys()]))].sort((a, b) => a - b)
  const labelled = lines.map((line) => ({ ...line, label: `${line.name.en} (${line.n})` }))
  const ends = lines.map(({ name, points }) => {
    const percents = [...points.values()]
    return { name, first: percents[0], last: percents.at(-1) }
  })
  return {
    alt: {
      en: `${title}, from k = ${cuts[0]} to ${cuts.at(-1)}: ${
        ends.map(({ first, last, name }) => `${name.en} ${first} % to ${last} %`).join("; ")
      }`,
      zh: `前 ${cuts[0]} 到 ${cuts.at(-1)} 个结果的召回率：${
        ends.map(({ first, last, name }) => `${name.zh} ${first}% 到 ${last}%`).join("；")
      }`
    },
    svg: svg(title, HEIGHT, {
      title: heading(title),
      legend: { ...legend, data: labelled.map(({ label }) => label) },
      grid: { left: 60, right: 30, top: 88, bottom: 50 },
      xAxis: { ...axis, ...below("first k results"), type: "category", data: cuts.map(String) },
      yAxis: {
        ...axis,
        type: "value",
        min: 0,
        max: 100,
        interval: 20,
        name: "%",
        nameTextStyle: { ...text, align: "right", padding: [0, 8, 0, 0] }
      },
      series: labelled.map(({ color, isDashed, label, points }) => ({
        type: "line" as const,
        name: label,
        data: [...points].map(([cut, percent]) => [String(cut), percent]),
        symbol: "circle",
        symbolSize: 7,
        color,
        lineStyle: { width: 2, color, type: isDashed === true ? "dashed" as const : "solid" as const }
      }))
    }),
    heads: [
      { en: "%, in the first", zh: "%，在前几个结果里" },
      { en: "questions", zh: "问题数" },
      ...cuts.map(same)
    ],
    rows: lines.map(({ n, name, points }) => [
      name,
      same(n),
      ...cuts.map((cut) => same(points.get(cut)?.toFixed(1) ?? ""))
    ])
  }
}

export const coding = (outputs: Outputs): Figure | undefined => {
  const original = outputs["recall-dev"]?.data.hits
  const translated = outputs["recall-dev-zh"]?.data.hits
  const line = (name: Words, color: string, cuts: Cuts | undefined): ReadonlyArray<Line> => {
    if (cuts === undefined) return []
    const n = cuts.n ?? 0
    return [{ name, color, n, points: pointsOf(cuts, "hit", (value) => round(100 * value / n, 1)) }]
  }
  return figureOf("Questions about coding sessions that the first k results answer", [
    ...line({ en: "English", zh: "英文" }, COLOURS.blue, original?.en),
    ...line({ en: "Chinese", zh: "中文" }, COLOURS.red, original?.zh),
    ...line({ en: "the English ones in Chinese", zh: "英文问题译成中文" }, COLOURS.green, translated?.zh)
  ])
}

export const chats = ({ locomo, memorybank }: Outputs): Figure | undefined => {
  const pair = (name: string, color: string, turns: Cuts, sessions: Cuts): ReadonlyArray<Line> => {
    const n = turns.n ?? 0
    const points = (cuts: Cuts) => pointsOf(cuts, "r", (value) => value)
    return [
      { name: { en: `${name}, turns`, zh: `${name}，发言` }, color, n, points: points(turns) },
      { name: { en: `${name}, sessions`, zh: `${name}，会话` }, color, isDashed: true, n, points: points(sessions) }
    ]
  }
  return figureOf("Evidence of questions about long chats in the first k results", [
    ...(locomo === undefined ? [] : pair("LoCoMo", COLOURS.blue, locomo.data.all, locomo.data.session)),
    ...(memorybank === undefined
      ? []
      : pair("MemoryBank", COLOURS.red, memorybank.data.turns, memorybank.data.session))
  ])
}
