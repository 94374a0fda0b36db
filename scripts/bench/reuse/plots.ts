/**
 * Draws sockets and memory over time as SVG, with one chart for each concurrency and both ways in it.
 */
import { init } from "echarts"
import type { Name } from "./ways.ts"

export interface Line {
  readonly way: Name
  readonly concurrency: number
  /** Time at which the calls were done, in seconds. */
  readonly workedAt: number
  /** Pairs of seconds and value. */
  readonly points: ReadonlyArray<readonly [number, number]>
}

export interface Plot {
  readonly title: string
  readonly unit: string
  readonly lines: ReadonlyArray<Line>
}

const WIDTH = 840
const HEIGHT = 600
const COLUMNS = 2
/** Size of a chart with its margins, and where its axes begin, in pixels. */
const CELL = { width: WIDTH / COLUMNS, height: 260, top: 74, left: 66 }
const AXES = { width: 325, height: 165, top: 40 }

/** Each colour in the light scheme and in the dark one. */
const PAPER = ["#ffffff", "#0d1117"] as const
const INK = ["#1f2328", "#e6edf3"] as const
const FAINT = ["#d0d7de", "#30363d"] as const
const COLOURS: Readonly<Record<Name, readonly [string, string]>> = {
  old: ["#cf222e", "#ff7b72"],
  ours: ["#0969da", "#58a6ff"]
}
const LABELS: Readonly<Record<Name, string>> = { old: "the predecessor's way", ours: "ours" }

/** Rules for the dark scheme. Background and text change together, so that the chart is readable on any page. */
const dark = [PAPER, INK, FAINT, COLOURS.old, COLOURS.ours].map(([light, dark]) =>
  `[fill="${light}"]{fill:${dark}}[stroke="${light}"]{stroke:${dark}}`
).join("")

export const svg = ({ lines, title, unit }: Plot): string => {
  const levels = [...new Set(lines.map(({ concurrency }) => concurrency))]
  const placed = levels.map((concurrency, i) => ({
    concurrency,
    left: CELL.left + (i % COLUMNS) * CELL.width,
    top: CELL.top + Math.floor(i / COLUMNS) * CELL.height
  }))
  const text = { color: INK[0], fontFamily: "sans-serif" }
  const axis = {
    nameTextStyle: text,
    axisLabel: { ...text, hideOverlap: true },
    axisLine: { show: true, lineStyle: { color: FAINT[0] } },
    axisTick: { show: false },
    splitLine: { lineStyle: { color: FAINT[0] } }
  }
  const chart = init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height: HEIGHT })
  chart.setOption({
    animation: false,
    backgroundColor: PAPER[0],
    title: [
      { text: title, left: "center", top: 8, textStyle: { ...text, fontSize: 16 } },
      ...placed.map(({ concurrency, left, top }) => ({
        text: `${concurrency.toLocaleString("en-US")} call${concurrency === 1 ? "" : "s"} at a time`,
        left: left + AXES.width / 2,
        top,
        textAlign: "center" as const,
        textStyle: { ...text, fontSize: 13, fontWeight: "normal" as const }
      }))
    ],
    legend: { top: 36, data: Object.values(LABELS), textStyle: text, icon: "rect", itemHeight: 3, itemGap: 40 },
    grid: placed.map(({ left, top }) => ({ left, top: top + AXES.top, width: AXES.width, height: AXES.height })),
    xAxis: placed.map((_, gridIndex) => ({
      ...axis,
      type: "value" as const,
      gridIndex,
      name: "seconds",
      nameLocation: "middle" as const,
      nameGap: 24,
      splitLine: { show: false }
    })),
    yAxis: placed.map((_, gridIndex) => ({
      ...axis,
      type: "value" as const,
      gridIndex,
      name: unit,
      nameTextStyle: { ...text, align: "left" as const, padding: [0, 0, 0, -28] }
    })),
    series: lines.map(({ concurrency, points, way, workedAt }) => {
      const done = points.findLast(([seconds]) => seconds <= workedAt)
      return {
        type: "line" as const,
        name: LABELS[way],
        xAxisIndex: levels.indexOf(concurrency),
        yAxisIndex: levels.indexOf(concurrency),
        data: points.map((point) => [...point]),
        sampling: "lttb" as const,
        showSymbol: false,
        color: COLOURS[way][0],
        lineStyle: { width: 2, color: COLOURS[way][0] },
        ...(done !== undefined && {
          markPoint: {
            silent: true,
            symbol: "circle",
            symbolSize: 8,
            label: { show: false },
            itemStyle: { color: COLOURS[way][0] },
            data: [{ coord: [...done] }]
          }
        })
      }
    })
  })
  const drawn = chart.renderToSVGString()
  chart.dispose()
  return drawn
    .replace(/ (?:class="[^"]*"|pointer-events="visible")/g, "")
    .replace(/\d+\.\d+/g, (digits) => String(Number(Number(digits).toFixed(1))))
    .replace(
      /<svg[^>]*>/,
      (opening) => `${opening}\n<title>${title}</title>\n<style>@media (prefers-color-scheme: dark){${dark}}</style>`
    )
}
