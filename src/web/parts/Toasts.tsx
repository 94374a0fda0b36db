import { useSyncExternalStore } from "react"
import { useTexts } from "../texts/Texts.ts"
import { Button } from "./Button.tsx"
import css from "./parts.module.css"

interface Toast {
  readonly id: number
  readonly text: string
  readonly kind: "done" | "problem"
  readonly action?: { readonly name: string; readonly run: () => void }
}

/** Milliseconds that a message stays; one with something to press stays longer. */
const STAYS_MS = 5_000
const STAYS_WITH_ACTION_MS = 12_000

let toasts: ReadonlyArray<Toast> = []
let last = 0
const listeners = new Set<() => void>()

const set = (next: ReadonlyArray<Toast>) => {
  toasts = next
  for (const listener of listeners) listener()
}

const subscribe = (listener: () => void) => {
  listeners.add(listener)
  return () => {
    listeners.delete(listener)
  }
}

const close = (id: number) => set(toasts.filter((toast) => toast.id !== id))

/** Says something at the edge of the page for some seconds, and to screen readers. */
export const say = (text: string, rest: Partial<Pick<Toast, "action" | "kind">> = {}): void => {
  const id = ++last
  set([...toasts.slice(-2), { kind: "done", ...rest, id, text }])
  window.setTimeout(() => close(id), rest.action === undefined ? STAYS_MS : STAYS_WITH_ACTION_MS)
}

/** Says what went wrong. */
export const sayProblem = (error: unknown): void => {
  say(error instanceof Error ? error.message : String(error), { kind: "problem" })
}

export const Toasts = () => {
  const t = useTexts()
  const shown = useSyncExternalStore(subscribe, () => toasts)
  return (
    <div className={css["toasts"]} role="status" aria-live="polite">
      {shown.map(({ action, id, kind, text }) => (
        <div key={id} className={css["toast"]} data-kind={kind}>
          <p>{text}</p>
          {action !== undefined && (
            <Button
              icon="undo"
              onClick={() => {
                close(id)
                action.run()
              }}
            >
              {action.name}
            </Button>
          )}
          <Button kind="ghost" icon="close" label={t.close} onClick={() => close(id)}>{""}</Button>
        </div>
      ))}
    </div>
  )
}
