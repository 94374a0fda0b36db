import type { Injection } from "../../api/Client.ts"
import { Icon } from "../../parts/Icon.tsx"
import { Link } from "../../parts/Link.tsx"
import { At } from "../../parts/Words.tsx"
import { addressOf } from "../../state/Address.ts"
import { useFormat, useTexts } from "../../texts/Texts.ts"
import css from "./Sessions.module.css"

type Named = Injection["told"][number]

const Titles = ({ of }: { readonly of: ReadonlyArray<Named> }) => {
  const t = useTexts()
  return (
    <ul>
      {of.map(({ id, title }) => (
        <li key={id}>
          {title === null
            ? <span className={css["gone"]}>{t.given.gone(id.slice(0, 8))}</span>
            : <Link href={addressOf({ name: "memory", id })}>{title}</Link>}
        </li>
      ))}
    </ul>
  )
}

/** What Claude was given at one moment: when, why, and which memories. */
export const Given = ({ injection }: { readonly injection: Injection }) => {
  const t = useTexts()
  const format = useFormat()
  const { at, event, isOpening, pointed, state, told, tokens, words } = injection
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
      {told.length > 0 && <Titles of={told} />}
      {pointed.length > 0 && told.length > 0 && <p className={css["reason"]}>{t.given.named}</p>}
      {pointed.length > 0 && <Titles of={pointed} />}
    </div>
  )
}
