/**
 * The text of a memory in a person's editor: its title and type in the first lines, its content after a blank one. Pure.
 */
import * as Either from "effect/Either"
import { type MemoryUnit, UnitType } from "../domain/MemoryUnit.ts"
import { oneLine } from "../inject/Render.ts"

const ADVICE = `# Change what you like, save, and close the editor. The type is one of: ${
  UnitType.literals.join(", ")
}.`

export const format = ({ content, title, type }: Pick<MemoryUnit, "content" | "title" | "type">): string =>
  `${ADVICE}\ntitle: ${oneLine(title)}\ntype: ${type}\n\n${content}\n`

/** Reads the text again. The error says which line is not as it was. */
export const parse = (
  text: string
): Either.Either<{ readonly title: string; readonly type: string; readonly content: string }, string> => {
  const lines = text.replace(/^\ufeff/, "").replace(/\r\n?/g, "\n").split("\n")
  const end = lines.findIndex((line) => line.trim() === "")
  const head = lines.slice(0, end === -1 ? lines.length : end).filter((line) => !line.startsWith("#"))
  const values = new Map<string, string>()
  for (const line of head) {
    const [, name, value] = /^(title|type):\s*(.*)$/.exec(line) ?? []
    if (name === undefined) {
      return Either.left(
        `"${line.slice(0, 60)}" is neither a title nor a type, and a blank line comes before the content`
      )
    }
    values.set(name, value!.trim())
  }
  const [title, type] = [values.get("title"), values.get("type")]
  if (title === undefined || type === undefined) {
    return Either.left(`the line "${title === undefined ? "title" : "type"}: …" is missing at the top`)
  }
  return Either.right({ title, type, content: end === -1 ? "" : lines.slice(end + 1).join("\n").trim() })
}
