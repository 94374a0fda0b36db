/**
 * Figure of what a search loses without each part of its ranking.
 */
import { axis, below, COLOURS, faint, heading, legend, subheading, svg, text, zero } from "../../../test/svg.ts"
import { type Figure, same } from "./figure.ts"
import type { Outputs } from "./outputs.ts"

/** Where charts begin, and their size, in pixels; the parts' names stand at the left of each row of charts. */
const CHARTS = { columns: 3, left: 176, top: 72, width: 186, apart: 218 }
const HEADING = 46
const BELOW = 56
const PART = 22

const DIFFERS = "0 lies outside of the interval"
const MAY_BE_CHANCE = "0 lies inside: may be chance"

/** The same number with its sign; without one when it is rounded to 0. */
const signed = (points: number) => {
  const digits = Math.abs(points).toFixed(1)
  return Number(digits) === 0 ? "0.0" : `${points < 0 ? "−" : "+"}${digits}`
}

export const ablation = ({ constants }: Outputs): Figure | undefined => {
  if (constants === undefined) return undefined
  const parts = constants.data.ablation
  // Each part has the same sets, in the same order.
  const sets = parts[0].sets.map(({ measure, n, name }, i) => {
    const height = PART * parts.length
    return {
      name,
      measured: `${measure}, ${n} questions`,
      differences: parts.map(({ part, sets }) => ({ part, ...sets[i]! })),
      isFirst: i % CHARTS.columns === 0,
      place: {
        left: CHARTS.left + (i % CHARTS.columns) * CHARTS.apart,
        top: CHARTS.top + HEADING + Math.floor(i / CHARTS.columns) * (HEADING + height + BELOW),
        width: CHARTS.width,
        height
      }
    }
  })
  const { height, top } = sets.at(-1)!.place
  const title = "Search without one part of its ranking: difference in points of 100, with 95 % intervals"
  const worst = sets.map(({ differences }) => {
    const [first] = [...differences].sort((a, b) => a.difference - b.difference)
    return { ...first!, points: signed(first!.difference) }
  })
  return {
    alt: {
      en: `Search without one part of its ranking loses most: ${
        worst.map(({ measure, name, part, points }) => `${name} (${measure}) ${points} without ${part}`).join(", ")
      }`,
      zh: `去掉排序的一个部分，损失最大的是：${
        worst.map(({ measure, name, part, points }) => `${name}（${measure}）去掉 ${part} ${points}`).join("，")
      }`
    },
    svg: svg(title, top + height + BELOW, {
      title: [
        heading(title),
        ...sets.map(({ measured, name, place }) =>
          subheading(`${name}\n${measured}`, place.left + place.width / 2, place.top - 46)
        )
      ],
      legend: { ...legend, data: [DIFFERS, MAY_BE_CHANCE] },
      grid: sets.map(({ place }) => place),
      xAxis: sets.map((_, gridIndex) => ({ ...axis, ...below("points"), type: "value" as const, gridIndex })),
      yAxis: sets.map(({ isFirst }, gridIndex) => ({
        ...axis,
        type: "category" as const,
        gridIndex,
        data: parts.map(({ part }) => part),
        inverse: true,
        axisLabel: { ...text, show: isFirst, interval: 0 },
        splitLine: { show: true, lineStyle: faint }
      })),
      series: sets.flatMap(({ differences }, i) =>
        [
          { name: DIFFERS, color: COLOURS.blue, isDifferent: true },
          { name: MAY_BE_CHANCE, color: COLOURS.grey, isDifferent: false }
        ].flatMap(({ color, isDifferent, name }) => {
          const drawn = differences.filter(({ high, low }) => (low > 0 || high < 0) === isDifferent)
          const series = { name, color, xAxisIndex: i, yAxisIndex: i }
          return [
            {
              ...series,
              type: "line" as const,
              symbol: "none",
              markLine: { silent: true, symbol: "none", label: { show: false }, lineStyle: zero, data: [{ xAxis: 0 }] },
              lineStyle: { width: 2, color },
              // The gap ends a line before the next part's.
              data: drawn.flatMap(({ high, low, part }) => [[low, part], [high, part], ["-", part]])
            },
            {
              ...series,
              type: "scatter" as const,
              symbolSize: 8,
              data: drawn.map(({ difference, part }) => [difference, part])
            }
          ]
        })
      )
    }),
    heads: [{ en: "without", zh: "去掉" }, ...sets.map(({ measured, name }) => same(`${name}: ${measured}`))],
    rows: parts.map(({ part, sets }) => [
      same(part),
      ...sets.map(({ difference, high, low }) => ({
        en: `${signed(difference)} (${signed(low)} to ${signed(high)})`,
        zh: `${signed(difference)}（${signed(low)} 到 ${signed(high)}）`
      }))
    ])
  }
}
