import { type ReactNode, useEffect, useId, useRef } from "react"
import { useTexts } from "../texts/Texts.ts"
import { Button } from "./Button.tsx"
import css from "./parts.module.css"

interface Props {
  readonly title: string
  readonly children: ReactNode
  readonly onClose: () => void
  readonly foot?: ReactNode
  /** For a dialog whose first line is its own. */
  readonly isBare?: boolean
}

/**
 * A modal dialog: the browser keeps the focus inside, closes it on Esc, and gives the focus back. A click beside it closes it.
 */
export const Dialog = ({ children, foot, isBare = false, onClose, title }: Props) => {
  const t = useTexts()
  const ref = useRef<HTMLDialogElement>(null)
  const id = useId()
  useEffect(() => {
    const dialog = ref.current
    const before = document.activeElement
    dialog?.showModal()
    // The browser would choose the button that closes it.
    const first = dialog?.querySelector<HTMLElement>("[data-first=true]") ??
      dialog?.querySelector<HTMLElement>(`input, select, textarea, .${css["dialogFoot"] ?? ""} button`)
    first?.focus()
    return () => {
      dialog?.close()
      if (before instanceof HTMLElement && before.isConnected) before.focus()
    }
  }, [])
  return (
    <dialog
      ref={ref}
      className={css["dialog"]}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
      onClose={onClose}
      onMouseDown={(event) => {
        // Not the second half of the double click that opened it.
        if (event.target === ref.current && event.detail < 2) onClose()
      }}
    >
      <div className={isBare ? "hidden" : css["dialogHead"]}>
        <h2 id={id}>{title}</h2>
        {!isBare && <Button kind="ghost" icon="close" label={t.close} onClick={onClose}>{""}</Button>}
      </div>
      {isBare ? children : <div className={css["dialogBody"]}>{children}</div>}
      {foot !== undefined && <div className={css["dialogFoot"]}>{foot}</div>}
    </dialog>
  )
}
