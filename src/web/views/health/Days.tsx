import { useFormat, useTexts } from "../../texts/Texts.ts"
import css from "./Health.module.css"

interface Day {
  /** As in 2026-08-31. */
  readonly day: string
  readonly injections: number
  readonly tokens: number
  readonly late: number
}

const HEIGHT = 96
const STEP = 20

/** Tokens by day as bars; the same numbers as a table for those who don't see them, or want to read them. */
export const Days = ({ days }: { readonly days: ReadonlyArray<Day> }) => {
  const t = useTexts()
  const format = useFormat()
  const most = Math.max(0, ...days.map(({ tokens }) => tokens))
  const told = days.filter(({ injections, late }) => injections + late > 0)
  return (
    <>
      <svg
        className={css["days"]}
        viewBox={`0 0 ${days.length * STEP} ${HEIGHT}`}
        preserveAspectRatio="none"
        aria-hidden="true"
      >
        {days.map(({ day, late, tokens }, i) => {
          const height = tokens === 0 ? 0 : Math.max(2, (HEIGHT - 6) * tokens / most)
          return (
            <g key={day}>
              <title>{t.health.day(format.day(day), format.number(tokens), late)}</title>
              <rect className={css["space"]} x={i * STEP} y={0} width={STEP} height={HEIGHT} />
              <rect
                className={css["tokens"]}
                x={i * STEP + 3}
                y={HEIGHT - height}
                width={STEP - 6}
                height={height}
                rx={2}
              />
              {late > 0 && <rect className={css["late"]} x={i * STEP + 3} y={0} width={STEP - 6} height={4} rx={2} />}
            </g>
          )
        })}
      </svg>
      <p className={css["axis"]} aria-hidden="true">
        <span>{days[0] !== undefined && format.day(days[0].day)}</span>
        {most > 0 && <span>{t.health.most(format.number(most))}</span>}
        <span>{days.at(-1) !== undefined && format.day(days.at(-1)?.day ?? "")}</span>
      </p>
      {told.length > 0 && (
        <details>
          <summary className={css["quiet"]}>{t.health.asTable}</summary>
          <table className={css["table"]}>
            <thead>
              <tr>
                <th scope="col">{t.health.dayName}</th>
                <th scope="col">{t.health.texts}</th>
                <th scope="col">{t.health.tokens}</th>
                <th scope="col">{t.health.late}</th>
              </tr>
            </thead>
            <tbody>
              {[...told].reverse().map(({ day, injections, late, tokens }) => (
                <tr key={day}>
                  <th scope="row">{format.day(day)}</th>
                  <td>{format.number(injections)}</td>
                  <td>{format.number(tokens)}</td>
                  <td>{format.number(late)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </details>
      )}
    </>
  )
}
