/**
 * Marks lines of a text that pass for somebody's words: a memory labels who said what (`User: …`), and what it quotes may
 * hold such labels too. Pure.
 */

const LABEL =
  /^([ \t]*)(?=(?:User|Human|Assistant|Claude(?: chose| explained| found later)?|System|Decided|Learned|Outcome|Committed)[ \t]*[:：])/gm

/** Puts a mark of quotation before each line that begins with the label of a speaker. */
export const quoteSpeakers = (text: string): string => text.replace(LABEL, "$1> ")
