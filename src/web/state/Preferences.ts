/**
 * What a person chose for this browser: the language and the theme. Kept in localStorage.
 */
import { useSyncExternalStore } from "react"

export const LANGUAGES = ["en", "zh"] as const
export type Language = typeof LANGUAGES[number]

/** "system" follows the browser. */
export const THEMES = ["system", "light", "dark"] as const
export type Theme = typeof THEMES[number]

export interface Preferences {
  readonly language: Language
  readonly theme: Theme
}

const KEY = "claude-memory.preferences"

/** Returns the first of the browser's languages that the page has. */
export const languageOf = (languages: ReadonlyArray<string>): Language =>
  languages.map((tag) => tag.toLowerCase().split("-")[0]).flatMap((tag) =>
    LANGUAGES.filter((each) => each === tag)
  )[0] ??
    "en"

/** Reads what was kept; what is missing or unknown is as the browser has it. */
export const parse = (kept: string | null, languages: ReadonlyArray<string>): Preferences => {
  let value: unknown
  try {
    value = JSON.parse(kept ?? "")
  } catch {
    value = undefined
  }
  const { language, theme } = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>
  return {
    language: LANGUAGES.find((each) => each === language) ?? languageOf(languages),
    theme: THEMES.find((each) => each === theme) ?? "system"
  }
}

/** A browser may keep nothing for a page. */
const kept = (): string | null => {
  try {
    return window.localStorage.getItem(KEY)
  } catch {
    return null
  }
}

let current: Preferences | undefined
const listeners = new Set<() => void>()

export const preferences = (): Preferences => {
  current ??= parse(kept(), navigator.languages)
  return current
}

const subscribe = (listener: () => void) => {
  listeners.add(listener)
  return () => {
    listeners.delete(listener)
  }
}

/** Shows the preferences in the document, where styles and screen readers look for them. */
export const apply = (): void => {
  const { language, theme } = preferences()
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en"
  document.documentElement.dataset["theme"] = theme
}

export const prefer = (change: Partial<Preferences>): void => {
  current = { ...preferences(), ...change }
  try {
    window.localStorage.setItem(KEY, JSON.stringify(current))
  } catch {
    // The choice then holds for this tab.
  }
  apply()
  for (const listener of listeners) listener()
}

export const usePreferences = (): Preferences => useSyncExternalStore(subscribe, preferences)
