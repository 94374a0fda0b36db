/**
 * Code in few lines: what a change took out and put in, and what a file declares.
 */
import type { Message } from "../../domain/Conversation.ts"
import { weightedLength } from "../../domain/MemoryUnit.ts"
import type { Excerpt } from "../Draft.ts"
import type { Edit } from "./Steps.ts"

/** A declaration at the left margin, a member's signature, a heading, a test's name. */
const DECLARATION =
  /^(?:export\b|(?:pub(?:\([\w:]+\))?\s+)?(?:async\s+)?(?:fn|func|function|def|class|interface|type|enum|struct|trait|impl|module|mod|const|let|var|static)\s|#{1,3} \S|CREATE\b|\[[\w.-]+\]|[\w-]+:(?:\s|$))|^\s{1,4}(?:(?:public|private|protected|static|async|pub)\s+)*(?:fn|func|def|get|set|constructor)\b|^\s{0,4}(?:it|test|describe)\(/u
const IMPORT =
  /^\s*(?:import\b|from\s+\S+\s+import|use\s+\w|#include|package\s|["']use \w+["']|\/[/*]|\*|"""|<<<<<<<|=======|>>>>>>>)/u

/** Whole lines as they stand: all when they fit, else what is declared, else the first that are no imports and comments. */
export const outline = (lines: ReadonlyArray<string>, length: number): string => {
  const solid = lines.filter((line) => line.trim() !== "" && !/^(?:<<<<<<<|=======|>>>>>>>)/.test(line))
  const whole = solid.join("\n")
  if (weightedLength(whole) <= length) return whole
  const take = (some: ReadonlyArray<string>) => {
    const kept: Array<string> = []
    let room = length
    for (const line of some) {
      const cost = weightedLength(line) + 1
      if (cost > room) break
      kept.push(line)
      room -= cost
    }
    return kept.join("\n")
  }
  const declared = solid.filter((line) => DECLARATION.test(line) && !IMPORT.test(line) && line.length < 160)
  // Few declarations tell less than the code that stands first.
  return take(declared.length >= 5 ? declared : solid.filter((line) => !IMPORT.test(line)))
}

const excerpt = (message: Message, label: string, text: string): ReadonlyArray<Excerpt> =>
  text.trim() === "" ? [] : [{ message, kind: "tool_use", label, text }]

/** What an edit changed, within `length` characters; nothing of one whose lines differ in white space alone. */
export const changeIn = (message: Message, { after, before, isNew }: Edit, length: number): ReadonlyArray<Excerpt> => {
  if (isNew) return excerpt(message, "It holds:\n", outline(after, length))
  const hadConflict = before.some((line) => line.startsWith("<<<<<<<"))
  const [old, made] = [hadConflict ? "" : outline(before, length / 3), outline(after, (length * 2) / 3)]
  if (old.replace(/\s/g, "") === made.replace(/\s/g, "")) return []
  return made.trim() === ""
    ? excerpt(message, "Taken out:\n", old)
    : [...excerpt(message, "Before:\n", old), ...excerpt(message, old.trim() === "" ? "Added:\n" : "Now:\n", made)]
}

const DECLARED =
  /\b(?:fn|func|function|def|class|interface|type|enum|struct|trait|impl|const|CREATE TABLE)\s+(?:\([^)]*\)\s*)?([\p{L}_]\w{2,50})/u

/** Names in code: camelCase, PascalCase, snake_case. */
const NAME = /\b[\p{L}_][\w$]*(?:\p{Ll}\p{Lu}|_\p{L})[\w$]*/gu

/**
 * What changed lines are about, by themselves: the names that they declare, else the first remark among them, else the names
 * that were not there before.
 */
export const about = (lines: ReadonlyArray<string>, before: ReadonlyArray<string>): string | undefined => {
  const names = lines.filter((line) => !IMPORT.test(line) && /^\s{0,2}\S/.test(line)).map((line) =>
    DECLARED.exec(line)?.[1]
  )
    .filter((name) => name !== undefined)
  if (names.length > 0) return [...new Set(names)].slice(0, 3).join(", ")
  const heading = lines.map((line) => /^\s*#{1,3} +(.{3,60})$/.exec(line)?.[1]).find((text) => text !== undefined)
  const remark = lines.map((line) => /^\s*(?:\/\/+|#|--)\s*(\p{L}.{8,160})$/u.exec(line)?.[1])
    .find((text) => text !== undefined)
  const known = new Set(before.join("\n").match(NAME) ?? [])
  const news = [...new Set(lines.join("\n").match(NAME) ?? [])].filter((name) => !known.has(name) && name.length <= 50)
  return heading ?? remark ?? (news.length === 0 ? undefined : news.slice(0, 3).join(", "))
}
