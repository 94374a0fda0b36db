/**
 * Figure of the time that a search takes, over the size of the memory.
 */
import { number } from "../../../src/cli/Output.ts"
import { axis, below, COLOURS, heading, legend, subheading, svg, text } from "../../../test/svg.ts"
import { type Figure, same, type Words } from "./figure.ts"
import type { Name, Outputs } from "./outputs.ts"

const HEIGHT = 360
/** Outputs, from the smallest memory to the largest. */
export const SEARCHES = ["search-10000", "search-100000", "search-1000000"] as const satisfies ReadonlyArray<Name>
/** Numbers of memories at the ends of the axis. */
const ENDS = { min: 10_000, max: 1_000_000 }
/** Where each chart begins, and its size, in pixels. */
const CHART = { left: 56, top: 104, width: 196, height: 200, apart: 268 }

/** One chart each, of a kind of question in a scope; the scopes are those of `bench -- search`. */
const CHARTS = [
  { asked: "hybrid", scope: "all", name: { en: "a search of all projects", zh: "在所有项目里搜索" } },
  { asked: "hybrid", scope: "the largest", name: { en: "in the largest project", zh: "在最大的项目里搜索" } },
  { asked: "inject", scope: "the largest", name: { en: "a prompt in the largest project", zh: "最大项目里的一条提示" } }
] satisfies ReadonlyArray<{ readonly asked: string; readonly scope: string; readonly name: Words }>

const LINES = [
  { key: "p50", label: "p50", color: COLOURS.blue, type: "solid" },
  { key: "p95", label: "p95", color: COLOURS.blue, type: "dashed" },
  { key: "bareP50", label: "vec0 + FTS5, p50", color: COLOURS.red, type: "solid" },
  { key: "bareP95", label: "vec0 + FTS5, p95", color: COLOURS.red, type: "dashed" }
] as const

type Output = NonNullable<Outputs[typeof SEARCHES[number]]>["data"]

/** Milliseconds by line. What a prompt is told has nothing to be compared with. */
const timesOf = ({ bare, rows }: Output, { asked, scope }: typeof CHARTS[number]) => {
  const ours = rows.find((row) => row.scope === scope && row.asked === asked)
  const beside = asked === "hybrid" ? bare.find(({ name }) => name === scope) : undefined
  return { p50: ours?.p50Ms, p95: ours?.p95Ms, bareP50: beside?.bothMs, bareP95: beside?.bothP95Ms }
}

const powerOf10 = (ms: number, to: (exponent: number) => number) => 10 ** to(Math.log10(ms))

const shown = (ms: number | undefined) => same(ms === undefined ? "" : number(Number(ms.toFixed(ms < 10 ? 1 : 0))))

export const latency = (outputs: Outputs): Figure | undefined => {
  const measured = SEARCHES.flatMap((name) => outputs[name]?.data ?? [])
  const largest = measured.at(-1)
  if (largest === undefined) return undefined
  const charts = CHARTS.map((chart) => ({
    ...chart,
    points: measured.map((output) => ({ units: output.units, times: timesOf(output, chart) }))
  }))
  const all = charts.flatMap(({ points }) => points.flatMap(({ times }) => Object.values(times))).filter((ms) =>
    ms !== undefined
  )
  // The same in each chart, so that they compare.
  const bounds = { min: powerOf10(Math.min(...all), Math.floor), max: powerOf10(Math.max(...all), Math.ceil) }
  const title = "Milliseconds of a search over the number of memories"
  const { bareP50, p50, p95 } = charts[0]!.points.at(-1)!.times
  const end = { n: number(largest.units), p50: shown(p50).en, p95: shown(p95).en, bare: shown(bareP50).en }
  return {
    alt: {
      en: `${title}: of all ${end.n}, ${end.p50} (p50) and ${end.p95} (p95), by vec0 and FTS5 ${end.bare} (p50)`,
      zh:
        `搜索用时（毫秒）与记忆数：搜索全部 ${end.n} 条，p50 ${end.p50}，p95 ${end.p95}；vec0 加 FTS5 的 p50 ${end.bare}`
    },
    svg: svg(title, HEIGHT, {
      title: [
        heading(title),
        ...charts.map(({ name }, i) => subheading(name.en, CHART.left + i * CHART.apart + CHART.width / 2, 66))
      ],
      legend: { ...legend, data: LINES.map(({ label }) => label) },
      grid: charts.map((_, i) => ({
        left: CHART.left + i * CHART.apart,
        top: CHART.top,
        width: CHART.width,
        height: CHART.height
      })),
      xAxis: charts.map((_, gridIndex) => ({
        ...axis,
        ...below("memories"),
        type: "log" as const,
        gridIndex,
        ...ENDS,
        axisLabel: { ...text, formatter: number },
        splitLine: { show: false }
      })),
      yAxis: charts.map((_, gridIndex) => ({
        ...axis,
        type: "log" as const,
        gridIndex,
        ...bounds,
        name: "ms",
        nameTextStyle: { ...text, align: "right" as const, padding: [0, 8, 0, 0] },
        axisLabel: { ...text, formatter: number }
      })),
      series: charts.flatMap(({ points }, i) =>
        LINES.map(({ color, key, label, type }) => ({
          type: "line" as const,
          name: label,
          xAxisIndex: i,
          yAxisIndex: i,
          data: points.flatMap(({ times, units }) => times[key] === undefined ? [] : [[units, times[key]]]),
          symbol: "circle",
          symbolSize: 6,
          color,
          lineStyle: { width: 2, color, type }
        }))
      )
    }),
    heads: [
      { en: "memories", zh: "记忆数" },
      { en: "asked", zh: "问什么" },
      ...LINES.map(({ label }) => same(`${label}, ms`))
    ],
    rows: measured.flatMap((output) =>
      CHARTS.map((chart) => {
        const times = timesOf(output, chart)
        return [same(number(output.units)), chart.name, ...LINES.map(({ key }) => shown(times[key]))]
      })
    )
  }
}
