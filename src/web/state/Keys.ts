/**
 * Keys of the page. None acts while a person types or a dialog is open, and a key that changes a memory acts only while that memory has the
 * focus.
 */
import { type FocusEvent, useEffect, useRef } from "react"
import { flushSync } from "react-dom"

export type Keys = Readonly<Record<string, (event: KeyboardEvent) => void>>

/** Keys that a component listens to, and whether they mean it now. */
interface Listener {
  readonly keys: Keys
  /** False for keys that would change something which does not have the focus. */
  readonly isMeant: () => boolean
  /** What the keys change: a memory, or whichever of a list has the focus. */
  readonly changes?: "memory" | "list"
}

interface Current {
  readonly current: Listener
}

/** Milliseconds after a letter without a meaning for which a key changes nothing: it is one of a word, typed where nothing takes words. */
const WORD_MS = 700

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement ||
    target instanceof HTMLInputElement && !["checkbox", "radio", "button"].includes(target.type))

const listeners = new Set<Current>()
/** When the last letter was pressed that may be one of a word. */
let letterAt = -Infinity
/** When a key last came to the list from elsewhere: it may be the first letter of a word. */
let cameAt = -Infinity

/** Keys that change something, and wait until it is clear that they are no letters of a word. */
interface Waiting {
  readonly listener: Current
  readonly events: ReadonlyArray<KeyboardEvent>
  /** The memory that had the focus at the first of them. */
  readonly memory: string | undefined
  readonly timer: number
}

let waiting: Waiting | undefined

const drop = () => {
  window.clearTimeout(waiting?.timer)
  waiting = undefined
}

/** Does what the waiting keys name, each for what has the focus once the one before is done. */
const release = () => {
  const released = waiting
  drop()
  if (released === undefined || focusedMemory() !== released.memory) return
  for (const event of released.events) {
    const { isMeant, keys } = released.listener.current
    if (isMeant()) flushSync(() => keys[event.key]?.(event))
  }
}

/** Does what a key names that changes something: not within a word, and later where it may be the second letter of one. */
const change = (listener: Current, event: KeyboardEvent) => {
  const { changes, keys } = listener.current
  const { key, timeStamp } = event
  // What a first key opens in a memory would take the second one.
  const isWord = timeStamp - letterAt <= WORD_MS || waiting !== undefined && changes === "memory"
  if (isWord) {
    letterAt = timeStamp
    drop()
  } else if (waiting === undefined && timeStamp - cameAt > WORD_MS) keys[key]?.(event)
  else {
    const { events = [], memory = focusedMemory() } = waiting ?? {}
    drop()
    waiting = { listener, events: [...events, event], memory, timer: window.setTimeout(release, WORD_MS) }
  }
}

const onKey = (event: KeyboardEvent) => {
  const { altKey, ctrlKey, defaultPrevented, isComposing, key, metaKey, target, timeStamp } = event
  if (defaultPrevented || ctrlKey || metaKey || altKey || isComposing) return
  if (isTyping(target) || document.querySelector("dialog[open]") !== null) return
  for (const listener of listeners) {
    const { changes, isMeant, keys } = listener.current
    const action = keys[key]
    if (action === undefined || !isMeant()) continue
    event.preventDefault()
    if (changes !== undefined) return change(listener, event)
    release()
    return action(event)
  }
  if (!/^\S$/u.test(key)) return
  letterAt = timeStamp
  drop()
}

const useListener = (listener: Listener) => {
  const current = useRef(listener)
  useEffect(() => {
    current.current = listener
  })
  useEffect(() => {
    if (listeners.size === 0) window.addEventListener("keydown", onKey)
    listeners.add(current)
    return () => {
      listeners.delete(current)
      if (listeners.size === 0) window.removeEventListener("keydown", onKey)
    }
  }, [])
}

const always = () => true

/** Calls what a key names, for as long as the component is shown. */
export const useKeys = (keys: Keys): void => useListener({ keys, isMeant: always })

/** Marks what stands for a memory, by its id: its row in a list, or all of it. */
export const ofMemory = (id: string) => ({ "data-memory": id }) as const

/** Returns the id of the memory that has the focus. */
export const focusedMemory = (): string | undefined =>
  document.activeElement?.closest<HTMLElement>("[data-memory]")?.dataset["memory"]

/** Calls what a key names while the memory of this id has the focus; any memory of a list where there is none. For keys that change it. */
export const useMemoryKeys = (keys: Keys, id?: string): void => {
  const once = Object.fromEntries(
    Object.entries(keys).map(([name, action]) => [name, (event: KeyboardEvent) => {
      if (!event.repeat) action(event)
    }])
  )
  useListener({
    keys: once,
    changes: id === undefined ? "list" : "memory",
    isMeant: () => {
      const focused = focusedMemory()
      return focused !== undefined && (id === undefined || focused === id)
    }
  })
}

/** Marks what j and k go through: each is a link or button. */
export const ITEM = { "data-item": "" } as const

const items = () => [...document.querySelectorAll<HTMLElement>("[data-item]")]

/** Focuses the next item, or the one before; the first one when the focus is in none. */
const step = (by: 1 | -1) => {
  const all = items()
  const { activeElement } = document
  const at = all.findIndex((item) =>
    item === activeElement || item.closest("[data-memory]")?.contains(activeElement) === true
  )
  const next = at < 0 ? all.find((item) => item.getAttribute("aria-current") === "true") ?? all[0] : all[at + by]
  if (next === undefined) return
  if (at < 0) cameAt = performance.now()
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

/**
 * Hands the focus on in a list whose rows go away by what is done in them: to the row, where that is still there, else to what stands in its place
 * now. Where the list is empty by then, to the heading.
 */
export const useRowFocus = () => {
  const list = useRef<HTMLOListElement>(null)
  const last = useRef<{ readonly row: Element; readonly at: number }>(undefined)
  useEffect(() => {
    if (last.current === undefined || document.activeElement !== document.body) return
    const { at, row } = last.current
    last.current = undefined
    const rows = [...list.current?.children ?? []]
    const next = row.isConnected ? row : rows[at] ?? rows.at(-1)
    const target = next === undefined ? document.querySelector("h1") : next.querySelector("[data-item], button")
    if (target instanceof HTMLElement) target.focus()
  })
  return {
    ref: list,
    onFocus: ({ currentTarget, target }: FocusEvent<HTMLOListElement>) => {
      const at = [...currentTarget.children].findIndex((row) => row.contains(target))
      const row = currentTarget.children[at]
      last.current = row === undefined ? undefined : { row, at }
    },
    // What goes away tells of none.
    onBlur: () => {
      last.current = undefined
    }
  }
}
