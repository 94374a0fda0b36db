import { useQuery } from "@tanstack/react-query"
import * as Queries from "../../api/Queries.ts"
import { Answer } from "../../parts/Answer.tsx"
import { Bar } from "../../parts/Words.tsx"
import { useFormat, useTexts } from "../../texts/Texts.ts"
import { Card } from "./Card.tsx"
import css from "./Health.module.css"

const DAYS = 30

/** What models were asked, what that cost, and what it may cost. */
export const Spending = () => {
  const t = useTexts()
  const format = useFormat()
  const cost = useQuery(Queries.cost(DAYS))
  return (
    <Card title={t.health.spending} isWide>
      <Answer query={cost}>
        {({ caps, rows, spent }) => (
          <>
            <dl className={css["caps"]}>
              {(["day", "month"] as const).map((period) => {
                const [usd, cap] = [spent[period].usd ?? 0, caps[period].usd]
                return (
                  <div key={period}>
                    <dt>{t.health.periods[period]}</dt>
                    <dd>
                      {cap === null ? format.usd(usd) : t.health.ofCap(format.usd(usd), format.usd(cap))}
                      {" · "}
                      {t.given.tokens(format.number(spent[period].tokens ?? 0))}
                      {cap !== null && cap > 0 && <Bar share={usd / cap} />}
                    </dd>
                  </div>
                )
              })}
            </dl>
            {rows.length === 0 ?
              <p className={css["quiet"]}>{t.health.nothingSpent}</p> :
              (
                <table className={css["table"]}>
                  <thead>
                    <tr>
                      <th scope="col">{t.health.role}</th>
                      <th scope="col">{t.health.calls}</th>
                      <th scope="col">{t.health.input}</th>
                      <th scope="col">{t.health.output}</th>
                      <th scope="col">{t.health.usd}</th>
                    </tr>
                  </thead>
                  <tbody>
                    {rows.map(({ calls, input, key, output, usd }) => (
                      <tr key={key}>
                        <th scope="row">{key}</th>
                        <td>{format.number(calls)}</td>
                        <td>{format.number(input)}</td>
                        <td>{format.number(output)}</td>
                        <td>{format.usd(usd)}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              )}
          </>
        )}
      </Answer>
    </Card>
  )
}
