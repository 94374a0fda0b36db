/**
 * Finds which of the memories that a session was told Claude then used: its later words or edits hold names, figures or paths that are in
 * the memory and that nobody and nothing else had said in the session before; or Claude asked for the memory by its id. Pure.
 */
import { isOwnTool } from "../domain/Injection.ts"
import type { MemoryUnit } from "../domain/MemoryUnit.ts"

/** A unit as it is looked for. Of one that was only pointed to, Claude has read nothing but the title. */
type Told = Pick<MemoryUnit, "content" | "id" | "title">

/** Different names, figures or paths of a memory that Claude must have said: two may be a coincidence (docs/speaking.md). */
const LEAST = 3
/** Prompts after which nothing counts any more: that at which the memory was told, and the next. */
const TURNS = 2

/**
 * Matches what names one thing: a path, a file, an identifier of several parts, a version, a figure of three digits or with a decimal point.
 */
const NAME =
  /(?:[\w@~.-]*\/)+[\w.-]{2,}|\b[\w-]+(?:\.[\w-]+)*\.[a-z]{1,5}\b|\b\w*\p{Ll}\p{Lu}\w*|\b\w+_\w+|\b(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{6,}\b|\b\d+\.\d+(?:\.\d+)*\b|\b\d{3,}\b/gu
/** Matches dates and years, which stand in many places. */
const DATE = /^(?:19|20)\d\d(?:-\d\d){0,2}$/

/** Returns the names in a text. */
const namesIn = (text: string): ReadonlyArray<string> =>
  (text.match(NAME) ?? []).map((name) => name.replace(/^[.~/-]+|[.-]+$/g, "")).filter((name) =>
    name.length >= 3 && !DATE.test(name)
  )

type Value = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Value => typeof value === "object" && value !== null

/** What a line of a transcript says, and who says it. */
interface Said {
  readonly by: "claude" | "other"
  readonly text: string
  /** True for a prompt of the person's. */
  readonly isPrompt: boolean
  /** Input of a call of one of our tools. */
  readonly asked?: string
}

const textOf = (value: unknown): string => typeof value === "string" ? value : JSON.stringify(value ?? "")

/** Returns what a line says; nothing for one that repeats what the hooks told, and for one that can't be parsed. */
const saidIn = (line: string): ReadonlyArray<Said> => {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return []
  }
  if (!isObject(value) || value["type"] !== "assistant" && value["type"] !== "user" || !isObject(value["message"])) {
    return []
  }
  const isClaude = value["type"] === "assistant"
  const { content } = value["message"]
  if (typeof content === "string") return [{ by: isClaude ? "claude" : "other", text: content, isPrompt: !isClaude }]
  return (Array.isArray(content) ? content : []).filter(isObject).map((block): Said => {
    switch (block["type"]) {
      case "tool_use":
        return isOwnTool(textOf(block["name"]))
          ? { by: "other", text: "", isPrompt: false, asked: textOf(block["input"]) }
          : { by: "claude", text: textOf(block["input"]).replaceAll("\\n", "\n"), isPrompt: false }
      case "tool_result":
        return { by: "other", text: textOf(block["content"]).replaceAll("\\n", "\n"), isPrompt: false }
      default:
        return {
          by: isClaude ? "claude" : "other",
          text: textOf(block["text"] ?? block["thinking"]),
          isPrompt: !isClaude && value["isMeta"] !== true
        }
    }
  })
}

/** A memory that was used. */
export interface Use {
  readonly id: string
  /** Names in the memory that Claude said; none where Claude asked for it. */
  readonly names: ReadonlyArray<string>
}

/** Parts of a transcript around an injection. */
export interface Around {
  /** Lines up to the injection, or the last of them. */
  readonly before: ReadonlyArray<string>
  /** Lines from the injection on: the prompt is the first of these, or the last of those. */
  readonly after: ReadonlyArray<string>
}

/** Returns the memories, told or pointed to at the end of `before`, that were used in the lines after. */
export const usesIn = (
  { pointed = [], told }: { readonly told: ReadonlyArray<Told>; readonly pointed?: ReadonlyArray<Told> },
  { after, before }: Around
): ReadonlyArray<Use> => {
  const known = new Set(before.flatMap(saidIn).flatMap(({ text }) => namesIn(text)))
  const wanted = [...told, ...pointed].map((unit) => ({
    id: unit.id,
    names: new Set(pointed.includes(unit) ? [] : namesIn(`${unit.title}\n${unit.content}`)),
    found: new Set<string>(),
    isAsked: false
  }))
  let prompts = 0
  for (const { asked, by, isPrompt, text } of after.flatMap(saidIn)) {
    if (isPrompt) prompts++
    if (prompts > TURNS) break
    const names = namesIn(text)
    for (const each of wanted) {
      if (asked?.includes(each.id.slice(0, 8)) === true) each.isAsked = true
      if (by === "claude") {
        for (const name of names) if (each.names.has(name) && !known.has(name)) each.found.add(name)
      }
    }
    if (by === "other") { for (const name of names) known.add(name) }
  }
  return wanted.filter(({ found, isAsked }) => isAsked || found.size >= LEAST)
    .map(({ found, id }) => ({ id, names: [...found] }))
}
