/**
 * Tells clients in which languages the memories are, so that a model asks in these: it translates better than a glossary.
 */
import { type Language, languageOf } from "../domain/Language.ts"
import type { MemoryUnit } from "../domain/MemoryUnit.ts"

/** Number of the newest memories whose language is looked at. */
export const LOOKED_AT = 60

/** Least share of them that a language has to be named. */
const LEAST_SHARE = 0.1

/** Returns the languages of memories, the most frequent first; none of an empty memory. */
export const languagesOf = (units: ReadonlyArray<Pick<MemoryUnit, "content">>): ReadonlyArray<Language> => {
  const counts = new Map<Language, number>()
  for (const { content } of units) {
    const language = languageOf(content)
    counts.set(language, (counts.get(language) ?? 0) + 1)
  }
  return [...counts].filter(([, count]) => count >= LEAST_SHARE * units.length).sort(([, a], [, b]) => b - a)
    .map(([language]) => language)
}

const nameOf = (language: Language): string =>
  language === "other" ? "English (or another language in Latin letters)" : language

/** Says in which language to ask. */
export const advice = (languages: ReadonlyArray<Language>): string => {
  const names = languages.map(nameOf).join(" and ")
  return languages.length === 0
    ? "Ask in the language of the sessions."
    : languages.length === 1
    ? `The memories are in ${names}: ask in that, whatever the user speaks.`
    : `The memories are in ${names}: ask in each, one call a language.`
}
