/**
 * The address is the state of the page: the path names the view, the query its filters.
 */
import { useSyncExternalStore } from "react"

/** Path below which the server gives the page. */
const BASE = "/app"

export type View =
  | { readonly name: "search" | "sessions" | "why" | "least" | "changes" | "projects" | "health" | "unknown" }
  | { readonly name: "session" | "memory"; readonly id: string }

export interface Address {
  readonly view: View
  readonly query: URLSearchParams
}

/** Values of the query to change: null, "" and an empty list take one out. */
export type Query = Readonly<Record<string, string | ReadonlyArray<string> | null | undefined>>

const LISTS = ["sessions", "why", "least", "changes", "projects", "health"] as const

/** Returns the view of a path of the page, which begins with `/app`. */
export const viewOf = (path: string): View => {
  const [name = "", id, ...rest] = path.slice(BASE.length).split("/").filter((part) => part !== "").map(decoded)
  if (rest.length > 0 || !path.startsWith(BASE)) return { name: "unknown" }
  if (id !== undefined) {
    return name === "sessions"
      ? { name: "session", id }
      : name === "memories"
      ? { name: "memory", id }
      : { name: "unknown" }
  }
  return name === "" ? { name: "search" } : { name: LISTS.find((each) => each === name) ?? "unknown" }
}

const decoded = (part: string): string => {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

/** Returns the path of a view, with a query of the values that are not empty. */
export const addressOf = (view: View, query: Query = {}): string => {
  const path = view.name === "search" || view.name === "unknown"
    ? `${BASE}/`
    : view.name === "session" || view.name === "memory"
    ? `${BASE}/${view.name === "session" ? "sessions" : "memories"}/${encodeURIComponent(view.id)}`
    : `${BASE}/${view.name}`
  const text = changed(new URLSearchParams(), query).toString()
  return text === "" ? path : `${path}?${text}`
}

/** Bytes that a question or a prompt takes of an address: the server takes one of 8,192 with all that is in it. */
const MAX_TEXT = 6_000

/** Returns as much of a text as an address holds: 6,000 letters, or 660 characters of Chinese. */
export const fitting = (text: string): string => {
  if (text.length * "%E6%95%B0".length <= MAX_TEXT) return text
  let [end, bytes] = [0, 0]
  for (const char of text) {
    bytes += new URLSearchParams({ "": char }).toString().length - 1
    if (bytes > MAX_TEXT) break
    end += char.length
  }
  return text.slice(0, end)
}

/** Returns a query with some of its values changed. */
export const changed = (query: URLSearchParams, change: Query): URLSearchParams => {
  const next = new URLSearchParams(query)
  for (const [name, value] of Object.entries(change)) {
    next.delete(name)
    const values: ReadonlyArray<string> = value === null || value === undefined
      ? []
      : typeof value === "string"
      ? [value]
      : value
    for (const each of values) if (each !== "") next.append(name, each)
  }
  return next
}

/** Fired on the window when the page itself changed the address; `popstate` is fired when the person did. */
const CHANGED = "addresschange"

const subscribe = (listener: () => void) => {
  window.addEventListener("popstate", listener)
  window.addEventListener(CHANGED, listener)
  return () => {
    window.removeEventListener("popstate", listener)
    window.removeEventListener(CHANGED, listener)
  }
}

/** The address as a string is the snapshot: it is the same for as long as the address is. */
const snapshot = () => window.location.pathname + window.location.search

export const useAddress = (): Address => {
  const [path = "", query = ""] = useSyncExternalStore(subscribe, snapshot).split("?")
  return { view: viewOf(path), query: new URLSearchParams(query) }
}

/** Goes to an address of the page. `isReplaced` makes no entry in the browser's history, as for each key of a search. */
export const go = (address: string, isReplaced = false): void => {
  if (address === snapshot()) return
  if (isReplaced) window.history.replaceState(window.history.state, "", address)
  else window.history.pushState({ from: snapshot() } satisfies State, "", address)
  window.dispatchEvent(new Event(CHANGED))
}

/** What the browser's history keeps beside an address. */
interface State {
  /** The address of the page before. */
  readonly from: string
}

/** Returns the view from which the current address was reached within the page; undefined where it was opened here. */
export const cameFrom = (): View | undefined => {
  const state = window.history.state as State | null
  return state === null ? undefined : viewOf(state.from.split("?")[0] ?? "")
}

/** Goes to where the current address was reached from; to a list where it was opened here, as what is before it may be another site. */
export const goBack = (list: "search" | "sessions"): void => {
  if (cameFrom() === undefined) go(addressOf({ name: list }))
  else window.history.back()
}

/** Changes the query of the current view. */
export const change = (query: Query, isReplaced = false): void => {
  const text = changed(new URLSearchParams(window.location.search), query).toString()
  go(window.location.pathname + (text === "" ? "" : `?${text}`), isReplaced)
}
