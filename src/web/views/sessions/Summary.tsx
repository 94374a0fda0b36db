import { Icon } from "../../parts/Icon.tsx"
import { Inline } from "../../parts/Words.tsx"
import { useTexts } from "../../texts/Texts.ts"
import css from "./Sessions.module.css"
import { summaryOf } from "./summary.ts"

/** The branch on which a session was; nothing where it was on none. */
export const Branch = ({ name }: { readonly name: string | null }) =>
  name === null ? null : (
    <span className={css["branch"]}>
      <Icon name="branch" />
      {name}
    </span>
  )

/** What a session was for, what else was asked and what came of it, a line each. */
export const Summary = ({ content }: { readonly content: string }) => {
  const t = useTexts()
  const { aim, also, outcome } = summaryOf(content)
  return (
    <>
      {([[t.session.aim, aim], [t.session.also, also], [t.session.outcome, outcome]] as const).map(([name, text]) =>
        text === "" ? null : (
          <span key={name} className={css["line"]} dir="auto">
            <b dir="auto">{name}</b> <Inline text={text} />
          </span>
        )
      )}
    </>
  )
}
