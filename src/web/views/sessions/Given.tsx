import { useFeedback } from "../../api/Changes.ts"
import type { Injection } from "../../api/Client.ts"
import { Button } from "../../parts/Button.tsx"
import { Icon } from "../../parts/Icon.tsx"
import { Link } from "../../parts/Link.tsx"
import { At, Inline } from "../../parts/Words.tsx"
import { addressOf } from "../../state/Address.ts"
import { useFormat, useTexts } from "../../texts/Texts.ts"
import css from "./Sessions.module.css"

interface Props {
  readonly injection: Injection
  /** The prompt for which it was given; undefined where it is not known. */
  readonly prompt?: string | undefined
}

const Titles = ({ injection: { isOpening, used }, of, prompt }: Props & { readonly of: Injection["told"] }) => {
  const t = useTexts()
  const feedback = useFeedback()
  return (
    <ul>
      {of.map(({ id, title }) => (
        <li key={id} className={css["told"]}>
          {title === null
            ? <span className={css["gone"]}>{t.given.gone(id.slice(0, 8))}</span>
            : (
              <Link href={addressOf({ name: "memory", id })} dir="auto">
                <Inline text={title} />
              </Link>
            )}
          {used.includes(id) && (
            <span className={css["used"]}>
              <Icon name="done" />
              {t.given.used}
            </span>
          )}
          {title !== null && !isOpening && (
            <span className={css["help"]}>
              <Button kind="ghost" label={t.given.helpsIt(title)} onClick={() => feedback({ id, helps: true, prompt })}>
                {t.given.helps}
              </Button>
              <Button
                kind="ghost"
                label={t.given.helpsNotIt(title)}
                onClick={() => feedback({ id, helps: false, prompt })}
              >
                {t.given.helpsNot}
              </Button>
            </span>
          )}
        </li>
      ))}
    </ul>
  )
}

/** What Claude was given at one moment: when, why, which memories, and which of them it used. */
export const Given = (props: Props) => {
  const t = useTexts()
  const format = useFormat()
  const { at, event, isOpening, pointed, state, told, tokens, words } = props.injection
  return (
    <div className={css["given"]} data-state={state}>
      <p className={css["givenHead"]}>
        <Icon name="told" />
        <strong>{told.length === 0 ? t.given.pointer : t.given.name}</strong>
        <span>{t.given.tokens(format.number(tokens))}</span>
        <span className={css["state"]}>{t.given.states[state]}</span>
        <At at={at} form="time" />
      </p>
      <p className={css["reason"]}>
        {isOpening
          ? event === "SessionStart" ? t.given.opening : t.given.goOn
          : <>{t.given.forWords} {words.map((word) => <code key={word}>{word}</code>)}</>}
      </p>
      {told.length > 0 && <Titles {...props} of={told} />}
      {pointed.length > 0 && told.length > 0 && <p className={css["reason"]}>{t.given.named}</p>}
      {pointed.length > 0 && <Titles {...props} of={pointed} />}
    </div>
  )
}
