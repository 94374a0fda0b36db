/**
 * Draws charts as SVG that can be read on a light page and on a dark one.
 */
import { type EChartsOption, init } from "echarts"

/** A colour of the light scheme and the one in its place in the dark scheme. */
type Colour = readonly [light: string, dark: string]

const PAPER: Colour = ["#ffffff", "#0d1117"]
const INK: Colour = ["#1f2328", "#e6edf3"]
const FAINT: Colour = ["#d0d7de", "#30363d"]
const SERIES = {
  blue: ["#0969da", "#58a6ff"],
  red: ["#cf222e", "#ff7b72"],
  green: ["#1a7f37", "#3fb950"],
  grey: ["#818b98", "#9198a1"]
} satisfies Record<string, Colour>

/** Colours of lines and marks, as they are in the light scheme. */
export const COLOURS: Readonly<Record<keyof typeof SERIES, string>> = {
  blue: SERIES.blue[0],
  red: SERIES.red[0],
  green: SERIES.green[0],
  grey: SERIES.grey[0]
}

/** Rules for the dark scheme. Background and text change together, so that the chart is readable on any page. */
const dark = [PAPER, INK, FAINT, ...Object.values(SERIES)].map(([light, dark]) =>
  `[fill="${light}"]{fill:${dark}}[stroke="${light}"]{stroke:${dark}}`
).join("")

export const WIDTH = 840

/** Style of text. */
export const text = { color: INK[0], fontFamily: "sans-serif" }

/** Style of lines that only guide the eye, and of the one at 0. */
export const faint = { color: FAINT[0] }
export const zero = { color: INK[0], width: 1, type: "solid" as const }

export const axis = {
  nameTextStyle: text,
  axisLabel: { ...text, hideOverlap: true },
  axisLine: { show: true, lineStyle: faint },
  axisTick: { show: false },
  splitLine: { lineStyle: faint }
}

/** Name of an axis below its middle. */
export const below = (name: string) => ({ name, nameLocation: "middle" as const, nameGap: 26 })

export const legend = { top: 36, textStyle: text, itemWidth: 30, itemHeight: 8, itemGap: 28 }

export const heading = (name: string) => ({ text: name, left: "center", top: 8, textStyle: { ...text, fontSize: 16 } })

/** Heading of one of several charts, centred there. */
export const subheading = (name: string, centre: number, top: number) => ({
  text: name,
  left: centre,
  top,
  textAlign: "center" as const,
  textStyle: { ...text, fontSize: 13, lineHeight: 18, fontWeight: "normal" as const }
})

export const svg = (title: string, height: number, option: EChartsOption): string => {
  const chart = init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height })
  chart.setOption({ animation: false, backgroundColor: PAPER[0], ...option })
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
