import { useEffect, useRef, useSyncExternalStore } from "react"
import { useTexts } from "../texts/Texts.ts"
import { Button } from "./Button.tsx"
import css from "./parts.module.css"

interface Toast {
  readonly id: number
  readonly text: string
  readonly kind: "done" | "problem"
  /** What can be pressed, once; `run` may say in the place of this message what came of it. */
  readonly action?: { readonly name: string; readonly run: (toast: number) => void } | undefined
}

/** Milliseconds that a message stays; one with something to press stays longer. */
const STAYS_MS = 5_000
const STAYS_WITH_ACTION_MS = 12_000
/** Messages that are shown at a time. */
const SHOWN = 3

let toasts: ReadonlyArray<Toast> = []
let last = 0
/** True while the pointer is on a message. */
let isPointed = false
const timers = new Map<number, number>()
const listeners = new Set<() => void>()

/**
 * True while the pointer or the focus is on a message: none goes away then, so that none moves under the pointer. A button that goes away with the
 * focus tells of no blur, so that the page itself is asked.
 */
const isHeld = () => isPointed || document.querySelector(`.${css["toasts"]}:focus-within`) !== null

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

const close = (id: number) => {
  window.clearTimeout(timers.get(id))
  timers.delete(id)
  set(toasts.filter((toast) => toast.id !== id))
  if (toasts.length === 0) isPointed = false
}

const closeLater = (id: number, millis: number) => {
  window.clearTimeout(timers.get(id))
  timers.set(id, window.setTimeout(() => isHeld() ? closeLater(id, STAYS_MS) : close(id), millis))
}

/** Says something at the edge of the page for some seconds, and to screen readers; in the place of an earlier message, if that is there. */
export const say = (text: string, rest: Partial<Pick<Toast, "action" | "kind">> = {}, place?: number): void => {
  const id = place !== undefined && timers.has(place) ? place : ++last
  const toast: Toast = { kind: "done", ...rest, id, text }
  if (id === place) set(toasts.map((each) => each.id === id ? toast : each))
  else {
    if (!isHeld()) { for (const { id } of toasts.slice(0, Math.max(0, toasts.length + 1 - SHOWN))) close(id) }
    set([...toasts, toast])
  }
  closeLater(id, rest.action === undefined ? STAYS_MS : STAYS_WITH_ACTION_MS)
}

/** Says what went wrong. */
export const sayProblem = (error: unknown, place?: number): void => {
  say(error instanceof Error ? error.message : String(error), { kind: "problem" }, place)
}

const point = (isOn: boolean) => () => {
  isPointed = isOn
}

/** Keeps as much of the window free as the messages take, so that they cover nothing. */
const usePlace = () => {
  const ref = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const { current } = ref
    if (current === null) return
    const { style } = document.documentElement
    const sizes = new ResizeObserver(() => style.setProperty("--toasts", `${current.offsetHeight}px`))
    sizes.observe(current)
    return () => {
      sizes.disconnect()
      style.removeProperty("--toasts")
    }
  }, [])
  return ref
}

export const Toasts = () => {
  const t = useTexts()
  const place = usePlace()
  const shown = useSyncExternalStore(subscribe, () => toasts)
  return (
    <div
      ref={place}
      className={css["toasts"]}
      role="status"
      aria-live="polite"
      onPointerEnter={point(true)}
      onPointerLeave={point(false)}
    >
      {shown.map(({ action, id, kind, text }) => (
        <div key={id} className={css["toast"]} data-kind={kind}>
          <p>{text}</p>
          {action !== undefined && (
            <Button
              icon="undo"
              onClick={() => {
                set(toasts.map((toast) => toast.id === id ? { ...toast, action: undefined } : toast))
                action.run(id)
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
