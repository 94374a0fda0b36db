import { useTexts } from "../texts/Texts.ts"
import { Icon } from "./Icon.tsx"
import css from "./parts.module.css"
import { say, sayProblem } from "./Toasts.tsx"

/** Puts a text on the clipboard by a selection: over plain HTTP from another machine the browser gives a page nothing better. */
const copySelected = (text: string): boolean => {
  const before = document.activeElement
  const box = document.createElement("textarea")
  box.value = text
  box.className = "hidden" // Beside a dialog nothing can have the focus.
  ;(before?.closest("dialog") ?? document.body).append(box)
  box.select()
  const isCopied = document.execCommand("copy")
  box.remove()
  if (before instanceof HTMLElement) before.focus()
  return isCopied
}

/** Puts a text on the clipboard. */
export const useCopy = () => {
  const t = useTexts()
  return (text: string) => {
    const copied = () => say(t.copied(text.length > 60 ? "" : text))
    const { clipboard } = navigator as { readonly clipboard?: Clipboard }
    if (clipboard !== undefined) clipboard.writeText(text).then(copied, sayProblem)
    else if (copySelected(text)) copied()
    else sayProblem(t.notCopied)
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
