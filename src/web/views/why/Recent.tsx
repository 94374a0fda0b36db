import { useQuery } from "@tanstack/react-query"
import * as Queries from "../../api/Queries.ts"
import { Answer, Empty } from "../../parts/Answer.tsx"
import { Link } from "../../parts/Link.tsx"
import { Ago } from "../../parts/Words.tsx"
import { addressOf } from "../../state/Address.ts"
import { ITEM } from "../../state/Keys.ts"
import { useTexts } from "../../texts/Texts.ts"
import { Given } from "../sessions/Given.tsx"
import css from "./Why.module.css"

const DAYS = 30
const HOUR_MS = 3_600_000
const SHOWN = 12

/** What Claude was given lately, for a page that asks for no prompt yet. */
export const Recent = () => {
  const t = useTexts()
  const since = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - DAYS * 24 * HOUR_MS
  const injections = useQuery(Queries.injections(since))
  return (
    <section className={css["recent"]}>
      <h2>{t.why.recent}</h2>
      <Answer query={injections}>
        {({ injections }) =>
          injections.length === 0
            ? (
              <Empty title={t.why.nothingYet}>
                <p>{t.why.nothingYetHint}</p>
              </Empty>
            )
            : (
              <ol className={css["given"]}>
                {[...injections].reverse().slice(0, SHOWN).map((injection) => (
                  <li key={`${injection.sessionId} ${injection.at}`}>
                    <Link
                      {...ITEM}
                      className={css["inner"]}
                      href={addressOf({ name: "session", id: injection.sessionId })}
                    >
                      <Ago at={injection.at} /> · {t.why.openSession}
                    </Link>
                    <Given injection={injection} />
                  </li>
                ))}
              </ol>
            )}
      </Answer>
    </section>
  )
}
