/**
 * Draws the series of a soak, one chart each.
 */
import { axis, COLOURS, heading, subheading, svg as drawn, WIDTH } from "../../svg.ts"

export interface Series {
  readonly name: string
  readonly unit: string
  /** Pairs of seconds and value. */
  readonly points: ReadonlyArray<readonly [number, number]>
}

const COLUMNS = 2
/** Size of a chart with its margins, and of its axes, in pixels. */
const CELL = { width: WIDTH / COLUMNS, height: 220, top: 60, left: 70 }
const AXES = { width: 320, height: 130, top: 30 }

export const svg = (title: string, all: ReadonlyArray<Series>): string => {
  const placed = all.map((_, i) => ({
    left: CELL.left + (i % COLUMNS) * CELL.width,
    top: CELL.top + Math.floor(i / COLUMNS) * CELL.height
  }))
  return drawn(title, CELL.top + Math.ceil(all.length / COLUMNS) * CELL.height, {
    title: [
      heading(title),
      ...all.map(({ name, unit }, i) =>
        subheading(unit === "" ? name : `${name}, ${unit}`, placed[i]!.left + AXES.width / 2, placed[i]!.top)
      )
    ],
    grid: placed.map(({ left, top }) => ({ left, top: top + AXES.top, width: AXES.width, height: AXES.height })),
    xAxis: all.map((_, gridIndex) => ({ ...axis, type: "value" as const, gridIndex, splitLine: { show: false } })),
    yAxis: all.map((_, gridIndex) => ({ ...axis, type: "value" as const, gridIndex, scale: true })),
    series: all.map(({ points }, i) => ({
      type: "line" as const,
      xAxisIndex: i,
      yAxisIndex: i,
      data: points.map((point) => [...point]),
      sampling: "lttb" as const,
      showSymbol: false,
      color: COLOURS.blue
    }))
  })
}
