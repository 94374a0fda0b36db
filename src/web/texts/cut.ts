/** Returns the beginning of a text, of so many UTF-16 units at most: half of a character is left out. */
export const cut = (text: string, length: number): string => text.slice(0, length).replace(/[\ud800-\udbff]$/, "")

/** Longest title in a message. */
const MAX_TITLE = 60

export const short = (title: string): string => title.length > MAX_TITLE ? `${cut(title, MAX_TITLE - 1)}…` : title
