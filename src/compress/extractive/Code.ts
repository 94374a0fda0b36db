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
