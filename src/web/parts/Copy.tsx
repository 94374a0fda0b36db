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

/** A command, to copy; shown by its name where it has one. */
export const Copy = ({ name, text }: { readonly text: string; readonly name?: string }) => {
  const t = useTexts()
  const copy = useCopy()
  return (
    <button
      type="button"
      className={css["copy"]}
      onClick={() => copy(text)}
      aria-label={name === undefined ? t.copy(text) : `${name}: ${text}`}
      title={t.copy(text)}
    >
      <span>{name ?? text}</span>
      <Icon name="copy" />
    </button>
  )
}
