/**
 * Recognizes prompts that ask to go on with earlier work. Pure.
 */
import { isEveryday } from "../domain/EverydayWords.ts"
import * as Tokenizer from "../domain/Tokenizer.ts"
import * as Tokens from "../domain/Tokens.ts"

/** Longer prompts bring their own subject. */
const MAX_TOKENS = 40

const GREETING =
  /^(?:[\s,.!…，。！]|\b(?:ok|okay|so|hi|hello|hey|now|and|let'?s|please|back|again|morning|i'?m|早|好|嗨)\b|好的?|早上好|你好|我回来了)*/

/** Names earlier work: what was being done, where it stopped, yesterday's. */
const EARLIER =
  /^(?:(?:where|what) (?:were|was|did|are|have) (?:we|i|you)\b|what'?s left\b|(?:continue|carry on|go on|resume|pick(?: it| this| that)? up)\b.*\b(?:where|left|stopped|yesterday|last|before|earlier|again)\b|pick (?:up\b.*|.*\bup\b)|resume\b|catch me up\b|remind me where\b)|^(?:(?:继续|接着)(?:上次|昨天|之前|刚才|前面|我们)|(?:上次|昨天|之前|我们)[^，。？]{0,6}(?:到哪|做了什么|做什么))/

/** Could also be an answer to what Claude just said. */
const BARE =
  /^(?:continue|carry on|go on|keep going|next|next steps?|what'?s next|what is next|继续|接着(?:来|做|干)?|下一步(?:呢|是什么|做什么)?)[\s.?!。？！吧]*$/

export interface Resumption {
  /** True when the prompt could also answer what Claude just said. */
  readonly isBare: boolean
  /** Lexemes of the work that it names; empty for the last one. */
  readonly subject: ReadonlyArray<string>
}

/** Words of such prompts that name no work. */
const FRAME =
  /\b(?:continue|carry|resume|pick|picking|left|leave|stop|stopped|doing|working|catch|remind|yesterday|last|where|what|were|was|up|on|off|we|you|i|the|with|from|me)\b|继续|接着|上次|昨天|之前|刚才|前面|我们|你|做|干|弄|搞|到哪|哪里|什么|了|的|来|去|吧/g

/** Returns what a prompt wants to go on with; undefined when it asks for something else. */
export const resumptionIn = (prompt: string): Resumption | undefined => {
  if (Tokens.estimate(prompt) > MAX_TOKENS) return undefined
  const rest = prompt.toLowerCase().replace(GREETING, "")
  const isBare = BARE.test(rest)
  if (!isBare && !EARLIER.test(rest)) return undefined
  return { isBare, subject: Tokenizer.lexemes(rest.replace(FRAME, " ")).filter((lexeme) => !isEveryday(lexeme)) }
}
