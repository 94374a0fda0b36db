import type { ReactNode } from "react"
import { useTexts } from "../texts/Texts.ts"
import { Button } from "./Button.tsx"
import { Dialog } from "./Dialog.tsx"

interface Props {
  readonly title: string
  /** Name of the button that agrees. */
  readonly agree: string
  /** Name of the button that goes back, which then has the focus. */
  readonly goOn?: string
  readonly children: ReactNode
  readonly onAgreed: () => void
  readonly onClose: () => void
}

/** Asks before something is done that takes from what is remembered. */
export const Question = ({ agree, children, goOn, onAgreed, onClose, title }: Props) => {
  const t = useTexts()
  const agreed = () => {
    onAgreed()
    onClose()
  }
  return (
    <Dialog
      title={title}
      onClose={onClose}
      foot={
        <>
          <Button kind="danger" onClick={agreed}>{agree}</Button>
          <Button onClick={onClose} isFirst={goOn !== undefined}>{goOn ?? t.cancel}</Button>
        </>
      }
    >
      {children}
    </Dialog>
  )
}
