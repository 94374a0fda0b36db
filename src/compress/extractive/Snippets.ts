/**
 * Code snippets: one unit for each file that was written or edited, with the change and its reason.
 */
import { weightedLength } from "../../domain/MemoryUnit.ts"
import type { SegmentContext } from "../../store/MemoryStore.ts"
import { type Draft, type Excerpt, fitOneUnit, fittingExcerpts, MAX_TITLE } from "../Draft.ts"
import { plain, quotable } from "../text/Prose.ts"
import { shortened, titleFrom } from "../text/Titles.ts"
import { about, changeIn } from "./Code.ts"
import { type Call, type Edit, editsOf } from "./Steps.ts"

const REASON = 240
/** Characters of code in a unit; the remaining room is for the file, the reason and the labels. */
const CODE = 900
/** Characters of code below which a change (an import, a digit) makes no unit. */
const MIN_CHANGE = 60

/** Returns the sentence of Claude's right before a call, which gives the reason for the change. */
const reasonFor = ({ segment: { messages } }: SegmentContext, call: Call): Excerpt | undefined => {
  for (const message of messages.slice(Math.max(0, call.at - 4), call.at + 1).reverse()) {
    if (message.role === "human" && message.isPrompt) return undefined
    const block = message.role === "assistant" ? message.blocks.findLast(({ kind }) => kind === "text") : undefined
    if (block === undefined) continue
    const last = quotable(block.text).filter((sentence) =>
      plain(sentence).length > 8 && plain(sentence).length <= REASON
    ).at(-1)
    return last === undefined ? undefined : { message, kind: "text", label: "Why: ", text: last }
  }
  return undefined
}

const tail = (path: string, parts: number) => path.split(/[/\\]/).slice(-parts).join(path.includes("\\") ? "\\" : "/")

/** Reasons without content: "Let me fix this" does not name the thing that was fixed. */
const GENERIC =
  /^(?:continue\b|start(?:ing)? (?:with|by)|task \d|step \d)|^(?:(?:update|fix|add|edit|writ|creat|implement|mak|apply|do|resolv|see|check|look)\w*)(?: (?:it|this|that|all|both|these|them|me|now|quickly|manually|up|the (?:\w+ )?(?:file|fix|fixes|changes?|edits?|issues?|errors?|conflicts?|problem|test|tests|rest)|the (?:first|second|third|next|last) \w+|(?:their|your|its|the) (?:suggest\w+|suggested \w+|proposed \w+)|(?:one|two|three) \w+))*(?: \w+){0,2}$|^\w+ (?:it|this|that|them|these|those)\b.{0,20}$|^.{0,14}$|\b(?:can|edit) the \S+ file$/iu

interface Change {
  readonly call: Call
  readonly edit: Edit
}

/** Drops edits that a later rewrite of the file replaced, and edits that repeat another but for strings and numbers. */
const distinct = (made: ReadonlyArray<Change>): ReadonlyArray<Change> => {
  const anew = made.findLastIndex(({ edit }) => edit.isNew)
  const shapes = new Set<string>()
  return made.slice(Math.max(0, anew)).filter(({ edit }) => {
    const shape = [...edit.before, "=>", ...edit.after].join("\n").replace(/"[^"\n]*"|'[^'\n]*'|\d+/g, "")
    return !shapes.has(shape) && shapes.add(shape) !== undefined
  })
}

/** Builds the unit for one file's edits in a segment; empty when they are too small. */
const snippetOf = (
  context: SegmentContext,
  file: string,
  all: ReadonlyArray<Change>,
  subject: string | undefined
): ReadonlyArray<Draft> => {
  const made = distinct(all)
  const [first] = made
  if (first === undefined) return []
  let room = CODE
  const code = made.flatMap(({ call, edit }): ReadonlyArray<Excerpt> => {
    const shown = changeIn(call.message, edit, made.length === 1 ? CODE : Math.max(240, CODE / made.length))
    const cost = shown.reduce((sum, { text }) => sum + weightedLength(text), 0)
    if (cost > room) return []
    room -= cost
    return shown
  })
  if (code.reduce((sum, { text }) => sum + text.replace(/\s/g, "").length, 0) < MIN_CHANGE) return []
  const stated = made.map(({ call }) => reasonFor(context, call)).filter((reason) => reason !== undefined)
    .map((reason) => ({ reason, title: titleFrom(reason.text.replace(/[:：][*_]*$/u, "")) }))
    .find(({ title }) => !GENERIC.test(title))
  const excerpts = fittingExcerpts([
    { message: first.call.message, kind: "tool_use", label: first.edit.isNew ? "Wrote: " : "Changed: ", text: file },
    ...(stated === undefined ? [] : [stated.reason]),
    ...code
  ])
  if (!excerpts.some(({ label }) => label.endsWith(":\n")) || !fitOneUnit(excerpts)) return []
  const name = tail(file, 1)
  const why = stated?.title ?? subject
  const itself = about(made.flatMap(({ edit }) => edit.after), made.flatMap(({ edit }) => edit.before))
  const short = why === undefined ? undefined : shortened(why, MAX_TITLE - name.length - 3)
  const title = short === undefined
    ? `${first.edit.isNew ? "New" : "Changed"} ${name}${itself === undefined ? "" : `: ${itself}`}`
    : short.includes(name) || short.length + name.length + 3 > MAX_TITLE
    ? short
    : `${short} (${name})`
  const places = first.edit.isNew || all.length === 1 ? "" : ` in ${all.length} places`
  const reason = stated === undefined ? subject : titleFrom(stated.reason.text.replace(/[:：][*_]*$/u, ""), REASON)
  return [{
    type: "code_snippet",
    title,
    summary: [
      `${first.edit.isNew ? "Wrote" : "Changed"} ${tail(file, 2)}${places}`,
      itself === undefined ? "" : ` (${itself})`,
      reason === undefined ? "" : `: ${reason}`
    ].join(""),
    excerpts,
    at: first.call.at + 0.25,
    slot: file
  }]
}

export const snippets = (
  context: SegmentContext,
  calls: ReadonlyArray<Call>,
  subject: string | undefined
): ReadonlyArray<Draft> => {
  const byFile = new Map<string, Array<Change>>()
  for (const call of calls) {
    for (const edit of editsOf(call)) byFile.set(edit.file, [...(byFile.get(edit.file) ?? []), { call, edit }])
  }
  return [...byFile].flatMap(([file, made]) => snippetOf(context, file, made, subject))
}
