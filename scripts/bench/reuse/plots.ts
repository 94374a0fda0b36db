/**
 * Draws sockets and memory over time, with one chart for each concurrency and both ways in it.
 */
import { number } from "../../../src/cli/Output.ts"
import { axis, below, COLOURS, heading, legend, subheading, svg as drawn, text, WIDTH } from "../../../test/svg.ts"
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

const HEIGHT = 600
const COLUMNS = 2
/** Size of a chart with its margins, and where its axes begin, in pixels. */
const CELL = { width: WIDTH / COLUMNS, height: 260, top: 74, left: 66 }
const AXES = { width: 325, height: 165, top: 40 }

const WAYS: Readonly<Record<Name, { readonly label: string; readonly color: string }>> = {
  old: { label: "the predecessor's way", color: COLOURS.red },
  ours: { label: "ours", color: COLOURS.blue }
}

export const svg = ({ lines, title, unit }: Plot): string => {
  const levels = [...new Set(lines.map(({ concurrency }) => concurrency))]
  const placed = levels.map((concurrency, i) => ({
    concurrency,
    left: CELL.left + (i % COLUMNS) * CELL.width,
    top: CELL.top + Math.floor(i / COLUMNS) * CELL.height
  }))
  return drawn(title, HEIGHT, {
    title: [
      heading(title),
      ...placed.map(({ concurrency, left, top }) =>
        subheading(
          `${number(concurrency)} call${concurrency === 1 ? "" : "s"} at a time`,
          left + AXES.width / 2,
          top
        )
      )
    ],
    legend: { ...legend, icon: "rect", itemHeight: 3, data: Object.values(WAYS).map(({ label }) => label) },
    grid: placed.map(({ left, top }) => ({ left, top: top + AXES.top, width: AXES.width, height: AXES.height })),
    xAxis: placed.map((_, gridIndex) => ({
      ...axis,
      ...below("seconds"),
      type: "value" as const,
      gridIndex,
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
      const { color, label } = WAYS[way]
      const done = points.findLast(([seconds]) => seconds <= workedAt)
      return {
        type: "line" as const,
        name: label,
        xAxisIndex: levels.indexOf(concurrency),
        yAxisIndex: levels.indexOf(concurrency),
        data: points.map((point) => [...point]),
        sampling: "lttb" as const,
        showSymbol: false,
        color,
        lineStyle: { width: 2, color },
        ...(done !== undefined && {
          markPoint: {
            silent: true,
            symbol: "circle",
            symbolSize: 8,
            label: { show: false },
            itemStyle: { color },
            data: [{ name: "done", coord: [...done] }]
          }
        })
      }
    })
  })
}
