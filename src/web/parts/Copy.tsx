import { useTexts } from "../texts/Texts.ts"
import { Icon } from "./Icon.tsx"
import css from "./parts.module.css"
import { say, sayProblem } from "./Toasts.tsx"

/** Puts a text on the clipboard. */
export const useCopy = () => {
  const t = useTexts()
  return (text: string) => {
    navigator.clipboard.writeText(text).then(() => say(t.copied(text.length > 60 ? "" : text)), sayProblem)
  }
}

/** A command, to copy. */
export const Copy = ({ text }: { readonly text: string }) => {
  const t = useTexts()
  const copy = useCopy()
  return (
    <button
      type="button"
      className={css["copy"]}
      onClick={() => copy(text)}
      aria-label={t.copy(text)}
      title={t.copy(text)}
    >
      <span>{text}</span>
      <Icon name="copy" />
    </button>
  )
}
