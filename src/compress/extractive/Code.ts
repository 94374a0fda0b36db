/**
 * Shortens code: the lines that a change removed and added, and a file's declarations.
 */
import type { Message } from "../../domain/Conversation.ts"
import { weightedLength } from "../../domain/MemoryUnit.ts"
import type { Excerpt } from "../Draft.ts"
import type { Edit } from "./Steps.ts"

/** Matches a declaration at the left margin, a member's signature, a heading or a test's name. */
const DECLARATION =
  /^(?:export\b|(?:pub(?:\([\w:]+\))?\s+)?(?:async\s+)?(?:fn|func|function|def|class|interface|type|enum|struct|trait|impl|module|mod|const|let|var|static)\s|#{1,3} \S|CREATE\b|\[[\w.-]+\]|[\w-]+:(?:\s|$))|^\s{1,4}(?:(?:public|private|protected|static|async|pub)\s+)*(?:fn|func|def|get|set|constructor)\b|^\s{0,4}(?:it|test|describe)\(/u
const IMPORT =
  /^\s*(?:import\b|from\s+\S+\s+import|use\s+\w|#include|package\s|["']use \w+["']|\/[/*]|\*|"""|<<<<<<<|=======|>>>>>>>)/u

/**
 * Keeps whole lines: all when they fit, else the declarations, else the first that are neither imports nor comments.
 */
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
  // Fewer than five declarations are less informative than the first lines of code.
  return take(declared.length >= 5 ? declared : solid.filter((line) => !IMPORT.test(line)))
}

const excerpt = (message: Message, label: string, text: string): ReadonlyArray<Excerpt> =>
  text.trim() === "" ? [] : [{ message, kind: "tool_use", label, text }]

/** Returns an edit as excerpts of up to `length` characters; empty when its lines differ in white space alone. */
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

/** Matches names in code: camelCase, PascalCase, snake_case. */
const NAME = /\b[\p{L}_][\w$]*(?:\p{Ll}\p{Lu}|_\p{L})[\w$]*/gu

/**
 * Describes changed lines by their own words: the names that they declare, else the first heading or comment among
 * them, else the names that are new.
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
