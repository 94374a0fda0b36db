/**
 * What failed: work, each piece with what it is about and what to do, and lines that could not be understood.
 */
import { useQuery } from "@tanstack/react-query"
import { useRetry } from "../../api/Changes.ts"
import type { Failure } from "../../api/Client.ts"
import * as Queries from "../../api/Queries.ts"
import { Answer } from "../../parts/Answer.tsx"
import { Button } from "../../parts/Button.tsx"
import { Link } from "../../parts/Link.tsx"
import { Ago, At, Inline } from "../../parts/Words.tsx"
import { addressOf } from "../../state/Address.ts"
import { useTexts } from "../../texts/Texts.ts"
import { Card } from "./Card.tsx"
import css from "./Health.module.css"

const About = ({ failure: { key, session, unit } }: { readonly failure: Failure }) =>
  unit !== null
    ? <Link href={addressOf({ name: "memory", id: unit.id })}>{unit.title}</Link>
    : session !== null
    ? <Link href={addressOf({ name: "session", id: session.id })}>{session.title ?? session.id.slice(0, 8)}</Link>
    : <code>{key}</code>

/** Work that nobody need help: it asks no model and no server. */
const ALONE: ReadonlySet<Failure["kind"]> = new Set(["segment", "session", "upgrade"])

interface PieceProps {
  readonly failure: Failure
  readonly isPending: boolean
  readonly onRetry: () => void
}

const Piece = ({ failure, isPending, onRetry }: PieceProps) => {
  const t = useTexts()
  const { attempts, error, failedAt, isDead, kind, nextAt, prompt, since } = failure
  return (
    <li className={css["piece"]}>
      <p>
        <strong>{t.failed.kinds[kind]}</strong> <About failure={failure} />
      </p>
      {prompt !== null && <p className={css["said"]}>{prompt}</p>}
      <p className={css["facts"]}>
        <span>{t.failed.attempts(attempts)}</span>
        <span>
          {t.failed.since} <At at={since} />
        </span>
        <span>
          {t.failed.last} <Ago at={failedAt} />
        </span>
        <span data-dead={isDead}>
          {nextAt === null ? t.failed.givenUp : (
            <>
              {t.failed.next} <At at={nextAt} form="time" />
            </>
          )}
        </span>
      </p>
      <pre tabIndex={0}>{error}</pre>
      <p className={css["quiet"]}>
        <Inline text={isDead || !ALONE.has(kind) ? t.failed.todo[kind] : t.failed.wait} />
      </p>
      <div>
        <Button icon="undo" isDisabled={isPending} onClick={onRetry}>{t.failed.retry}</Button>
      </div>
    </li>
  )
}

export const Failed = () => {
  const t = useTexts()
  const letters = useQuery(Queries.deadLetters)
  const retry = useRetry()
  return (
    <Card title={t.failed.title} isWide>
      <Answer query={letters}>
        {({ deadLetters, failures }) =>
          deadLetters.length === 0 && failures.length === 0
            ? <p className={css["quiet"]}>{t.failed.nothing}</p>
            : (
              <>
                {failures.length > 0 && (
                  <ul className={css["letters"]} aria-label={t.failed.work}>
                    {failures.map((failure) => (
                      <Piece
                        key={`${failure.kind} ${failure.key}`}
                        failure={failure}
                        isPending={retry.isPending}
                        onRetry={() => retry.mutate({ kind: failure.kind, key: failure.key })}
                      />
                    ))}
                  </ul>
                )}
                {failures.length > 1 && (
                  <div>
                    <Button icon="undo" isDisabled={retry.isPending} onClick={() => retry.mutate({})}>
                      {t.failed.retryAll}
                    </Button>
                  </div>
                )}
                {deadLetters.length > 0 && <p className={css["quiet"]}>{t.failed.lines}</p>}
                <ul className={css["letters"]}>
                  {deadLetters.map(({ line, offset, path, reason }) => (
                    <li key={`${path} ${offset}`}>
                      <details>
                        <summary>
                          <strong>{reason}</strong> <code>{t.failed.at(path, offset)}</code>
                        </summary>
                        <pre tabIndex={0}>{line}</pre>
                      </details>
                    </li>
                  ))}
                </ul>
              </>
            )}
      </Answer>
    </Card>
  )
}
