/**
 * How the memory is: its checks, the sum of the lines that were read, what was told, what failed, what is open, and what was spent.
 */
import { useQuery } from "@tanstack/react-query"
import type { ReactNode } from "react"
import * as Queries from "../../api/Queries.ts"
import { Answer } from "../../parts/Answer.tsx"
import { Inline } from "../../parts/Words.tsx"
import { usePreferences } from "../../state/Preferences.ts"
import { useFormat, useTexts } from "../../texts/Texts.ts"
import { Card } from "./Card.tsx"
import { Days } from "./Days.tsx"
import { Failed } from "./Failed.tsx"
import css from "./Health.module.css"
import { Processes } from "./Processes.tsx"
import { Spending } from "./Spending.tsx"
import { Work } from "./Work.tsx"

const DAYS = 30

const Checks = () => {
  const t = useTexts()
  const health = useQuery(Queries.health(usePreferences().language))
  return (
    <Card title={t.health.checks} isWide>
      <Answer query={health}>
        {({ checks, isHealthy }) => (
          <>
            <p className={css["state"]} data-state={isHealthy ? "ok" : "wrong"}>
              {!isHealthy
                ? t.health.ill
                : checks.some(({ state }) => state === "note")
                ? t.health.noted
                : t.health.healthy}
            </p>
            <ul className={css["checks"]}>
              {checks.map(({ detail, name, state }) => (
                <li key={name} data-state={state}>
                  <span className={css["badge"]}>{t.health.states[state]}</span>
                  <strong>{t.health.check(name)}</strong>
                  <span className={css["detail"]}>
                    <Inline text={detail} />
                  </span>
                </li>
              ))}
            </ul>
          </>
        )}
      </Answer>
    </Card>
  )
}

interface FactProps {
  readonly name: string
  readonly isLong?: boolean
  readonly children: ReactNode
}

const Fact = ({ children, isLong = false, name }: FactProps) => (
  <div className={isLong ? css["long"] : undefined}>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </div>
)

const Remembered = () => {
  const t = useTexts()
  const format = useFormat()
  const stats = useQuery(Queries.stats)
  return (
    <Card title={t.health.remembered}>
      <Answer query={stats}>
        {({ files, messages, pending, place, projects, sessions, size, units, version }) => (
          <>
            <Work />
            <dl className={css["numbers"]}>
              <Fact name={t.health.memories}>{format.number(units.total)}</Fact>
              <Fact name={t.views.sessions}>{format.number(sessions)}</Fact>
              <Fact name={t.health.messages}>{format.number(messages)}</Fact>
              <Fact name={t.views.projects}>{format.number(projects.length)}</Fact>
              <Fact name={t.health.transcripts}>{format.number(files)}</Fact>
              <Fact name={t.health.waiting}>{format.number(pending)}</Fact>
              {size !== null && (
                <Fact name={t.health.size}>
                  {size.limit === 0
                    ? format.bytes(size.bytes)
                    : t.health.sizeOf(format.bytes(size.bytes), format.bytes(size.limit))}
                </Fact>
              )}
              <Fact name={t.health.place} isLong>
                <code>{place}</code>
              </Fact>
              <Fact name={t.health.version} isLong>
                <code>{version}</code>
              </Fact>
            </dl>
          </>
        )}
      </Answer>
    </Card>
  )
}

const Sum = () => {
  const t = useTexts()
  const format = useFormat()
  const stats = useQuery(Queries.stats)
  return (
    <Card title={t.health.sum}>
      <Answer query={stats}>
        {({ lines, redactions }) => {
          const skipped = Object.entries(lines.skipped).sort(([, a], [, b]) => b - a)
          const skippedSum = skipped.reduce((sum, [, n]) => sum + n, 0)
          const parts = [["stored", lines.stored], ["skipped", skippedSum], ["deadLetter", lines.deadLetter]] as const
          return (
            <>
              <p>
                {t.health.sumOf(
                  format.number(lines.total),
                  format.number(lines.stored),
                  format.number(skippedSum),
                  lines.deadLetter
                )}
              </p>
              <div className={css["stack"]} aria-hidden="true">
                {parts.map(([name, n]) => n > 0 && <i key={name} data-part={name} style={{ flexGrow: n }} />)}
              </div>
              <p className={css["state"]} data-state={lines.isBalanced ? "ok" : "wrong"}>
                {lines.isBalanced ? t.health.balanced : t.health.unbalanced}
              </p>
              <details>
                <summary className={css["quiet"]}>{t.health.skippedFor}</summary>
                <ul className={css["plain"]}>
                  {skipped.map(([name, n]) => (
                    <li key={name}>
                      <span>{t.health.skipped(name)}</span>
                      <span>{format.number(n)}</span>
                    </li>
                  ))}
                </ul>
              </details>
              {Object.keys(redactions).length > 0 && (
                <details>
                  <summary className={css["quiet"]}>{t.health.masked}</summary>
                  <ul className={css["plain"]}>
                    {Object.entries(redactions).map(([name, n]) => (
                      <li key={name}>
                        <span>{name}</span>
                        <span>{format.number(n)}</span>
                      </li>
                    ))}
                  </ul>
                </details>
              )}
            </>
          )
        }}
      </Answer>
    </Card>
  )
}

const Told = () => {
  const t = useTexts()
  const format = useFormat()
  const daily = useQuery(Queries.daily(DAYS))
  return (
    <Card title={t.health.told(DAYS)} isWide>
      <Answer query={daily}>
        {({ days }) => {
          const sum = (name: "injections" | "late" | "tokens") => days.reduce((total, day) => total + day[name], 0)
          return (
            <>
              <p className={css["quiet"]}>
                {t.health.toldSum(format.number(sum("tokens")), sum("injections"), sum("late"))}
              </p>
              <Days days={days} />
            </>
          )
        }}
      </Answer>
    </Card>
  )
}

export const Health = () => {
  const t = useTexts()
  return (
    <div className={css["page"]}>
      <h1 tabIndex={-1}>{t.views.health}</h1>
      <div className={css["cards"]}>
        <Checks />
        <Remembered />
        <Sum />
        <Told />
        <Failed />
        <Spending />
        <Processes />
      </div>
    </div>
  )
}
