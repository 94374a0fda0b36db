/**
 * Draws the series of a soak as SVG, one chart each.
 */
import { init } from "echarts"

export interface Series {
  readonly name: string
  readonly unit: string
  /** Pairs of seconds and value. */
  readonly points: ReadonlyArray<readonly [number, number]>
}

const WIDTH = 840
const COLUMNS = 2
/** Size of a chart with its margins, and of its axes, in pixels. */
const CELL = { width: WIDTH / COLUMNS, height: 220, top: 60, left: 70 }
const AXES = { width: 320, height: 130 }
const INK = "#1f2328"
const FAINT = "#d0d7de"

export const svg = (title: string, all: ReadonlyArray<Series>): string => {
  const height = CELL.top + Math.ceil(all.length / COLUMNS) * CELL.height
  const placed = all.map((_, i) => ({
    left: CELL.left + (i % COLUMNS) * CELL.width,
    top: CELL.top + 30 + Math.floor(i / COLUMNS) * CELL.height
  }))
  const text = { color: INK, fontFamily: "sans-serif" }
  const axis = {
    type: "value" as const,
    axisLabel: text,
    nameTextStyle: text,
    splitLine: { lineStyle: { color: FAINT } }
  }
  const chart = init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height })
  chart.setOption({
    animation: false,
    backgroundColor: "#ffffff",
    title: [
      { text: title, left: "center", top: 8, textStyle: { ...text, fontSize: 16 } },
      ...all.map(({ name, unit }, i) => ({
        text: unit === "" ? name : `${name}, ${unit}`,
        ...placed[i]!,
        top: placed[i]!.top - 30,
        textStyle: { ...text, fontSize: 13, fontWeight: "normal" as const }
      }))
    ],
    grid: placed.map((at) => ({ ...at, ...AXES })),
    xAxis: all.map((_, gridIndex) => ({ ...axis, gridIndex, splitLine: { show: false } })),
    yAxis: all.map((_, gridIndex) => ({ ...axis, gridIndex, scale: true })),
    series: all.map(({ points }, i) => ({
      type: "line" as const,
      xAxisIndex: i,
      yAxisIndex: i,
      data: points.map((point) => [...point]),
      sampling: "lttb" as const,
      showSymbol: false,
      color: "#0969da"
    }))
  })
  const drawn = chart.renderToSVGString()
  chart.dispose()
  return drawn
}
