/**
 * Keys that work anywhere on the page, but not while a person types or a dialog is open.
 */
import { useEffect, useRef } from "react"

export type Keys = Readonly<Record<string, (event: KeyboardEvent) => void>>

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement ||
    target instanceof HTMLInputElement && !["checkbox", "radio", "button"].includes(target.type))

/** Calls what a key names, for as long as the component is shown. */
export const useKeys = (keys: Keys): void => {
  const current = useRef(keys)
  useEffect(() => {
    current.current = keys
  })
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return
      if (isTyping(event.target) || document.querySelector("dialog[open]") !== null) return
      const action = current.current[event.key]
      if (action === undefined) return
      event.preventDefault()
      action(event)
    }
    window.addEventListener("keydown", onKey)
    return () => {
      window.removeEventListener("keydown", onKey)
    }
  }, [])
}

/** Marks what j and k go through: each is a link or button. */
export const ITEM = { "data-item": "" } as const

const items = () => [...document.querySelectorAll<HTMLElement>("[data-item]")]

/** Focuses the next item, or the one before; the first one when none has the focus. */
const step = (by: 1 | -1) => {
  const all = items()
  const at = all.findIndex((item) => item === document.activeElement)
  const next = at < 0 ? all.find((item) => item.getAttribute("aria-current") === "true") ?? all[0] : all[at + by]
  if (next === undefined) return
  next.focus()
  next.scrollIntoView({ block: "nearest" })
}

/** Goes through the items of the view by j and k, and by the arrows when one has the focus. */
export const useListKeys = (): void => {
  useKeys({ j: () => step(1), k: () => step(-1) })
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return
      if (!(document.activeElement instanceof HTMLElement) || !document.activeElement.matches("[data-item]")) return
      event.preventDefault()
      step(event.key === "ArrowDown" ? 1 : -1)
    }
    window.addEventListener("keydown", onKey)
    return () => {
      window.removeEventListener("keydown", onKey)
    }
  }, [])
}

export const focusFirstItem = (): void => items()[0]?.focus()

/** Focuses the item that links to this address. */
export const focusItem = (href: string): void => items().find((item) => item.getAttribute("href") === href)?.focus()
