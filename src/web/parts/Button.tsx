import type { ReactNode } from "react"
import { Icon, type IconName } from "./Icon.tsx"
import css from "./parts.module.css"

interface Props {
  readonly children: ReactNode
  readonly onClick?: () => void
  readonly kind?: "plain" | "primary" | "danger" | "ghost"
  readonly icon?: IconName
  /** Shown beside the words. */
  readonly keyName?: string
  readonly isDisabled?: boolean
  readonly isPressed?: boolean
  /** Has the focus when its dialog opens. */
  readonly isFirst?: boolean
  readonly type?: "button" | "submit"
  readonly label?: string
}

export const Button = (
  { children, icon, isDisabled = false, isFirst, isPressed, keyName, kind = "plain", label, onClick, type = "button" }:
    Props
) => (
  <button
    type={type}
    className={`${css["button"]} ${css[kind] ?? ""}`}
    onClick={onClick}
    disabled={isDisabled}
    aria-pressed={isPressed}
    data-first={isFirst}
    aria-label={label}
    aria-keyshortcuts={keyName}
  >
    {icon !== undefined && <Icon name={icon} />}
    {children}
    {keyName !== undefined && <Key name={keyName} />}
  </button>
)

/** The name of a key, as a picture: it is no part of what the words beside it say. */
export const Key = ({ name }: { readonly name: string }) => (
  <kbd className={css["key"]} data-key={name} aria-hidden="true" />
)
