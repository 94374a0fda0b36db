/**
 * Judges what grew in a soak: the slope of each measure by least squares, and whether it is surely above its bound.
 */
import { BLOCKS, slope } from "../../leaks/slope.ts"
import { round } from "../../script.ts"

/** Share of the time at the beginning, in which all is opened for the first time. */
const WARM_UP = 1 / 2

/**
 * What is measured, and by how much it may grow in all the time that is judged, however long: about as much as it goes up
 * and down between two collections of garbage. So the longer it runs, the smaller the leak that it finds.
 */
export const MEASURES = {
  rss: { name: "resident memory of both servers", unit: "MB", growth: 100 },
  heap: { name: "heap of both servers", unit: "MB", growth: 60 },
  descriptors: { name: "open descriptors of both servers", unit: "", growth: 4 },
  log: { name: "log of the database", unit: "MB", growth: 5 },
  search: { name: "a search", unit: "ms", growth: 45 },
  prompt: { name: "a prompt", unit: "ms", growth: 45 }
} as const
export type Measure = keyof typeof MEASURES
export const NAMES = Object.keys(MEASURES) as ReadonlyArray<Measure>

export type Sample = Readonly<Record<Measure, number>> & { readonly seconds: number }

/** Returns the slopes a minute, that is a day, each with its bound; none when there are too few samples. */
export const slopesOf = (samples: ReadonlyArray<Sample>, minutes: number) => {
  const warm = samples.filter(({ seconds }) => seconds > WARM_UP * 60 * minutes)
  const kept = warm.slice(warm.length % BLOCKS)
  if (kept.length === 0) return []
  const perMinute = 60 * (kept.length - 1) / (kept.at(-1)!.seconds - kept[0]!.seconds)
  return NAMES.map((measure) => {
    const { high, low, perStep } = slope(kept.map((sample) => sample[measure]))
    const { growth, name, unit } = MEASURES[measure]
    return {
      measure,
      name,
      unit,
      bound: round(growth / (minutes * (1 - WARM_UP)), 2),
      last: round(kept.at(-1)![measure], 1),
      perMinute: round(perStep * perMinute, 2),
      low: round(low * perMinute, 2),
      high: round(high * perMinute, 2)
    }
  })
}

type Slopes = ReturnType<typeof slopesOf>

const growing = (slopes: Slopes) => slopes.filter(({ bound, low }) => low > bound)

/** Names the measures whose interval lies wholly above the bound. */
export const failuresOf = (slopes: Slopes): ReadonlyArray<string> =>
  growing(slopes).map(({ bound, high, low, name, unit }) =>
    `${name} grows by ${low} to ${high} ${unit} a minute, more than ${bound}`
  )

/** True where something grows, and all that does are times of answers. */
export const onlyTimesGrow = (slopes: Slopes): boolean =>
  growing(slopes).length > 0 && growing(slopes).every(({ unit }) => unit === "ms")
