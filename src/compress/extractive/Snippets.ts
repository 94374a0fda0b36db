/**
 * Code snippets: what was changed, in which files, and the stated reason. The code itself stands in the repository.
 */
import { inBothScripts } from "../../domain/ChineseScripts.ts"
import { SPECIFIC } from "../../domain/Specific.ts"
import type { SegmentContext } from "../../store/MemoryStore.ts"
import { type Draft, type Excerpt, fittingExcerpts, MAX_TITLE } from "../Draft.ts"
import { isChoice, isFinding } from "../text/Lessons.ts"
import { plain, quotable } from "../text/Prose.ts"
import { titleFrom } from "../text/Titles.ts"
import { type Call, editsOf } from "./Steps.ts"

const MAX_REASON = 300
/** Matches talk of a failure on the way, whose end the code shows. */
const ON_THE_WAY = inBothScripts(/\b(?:errors?|unused|fail\w*|warnings?|conflicts?|lint\w*|nolint)\b|报错|警告|冲突/i)
/** Matches what Claude says of its own work. */
const PERSONAL = /\b(?:i|i'm|i'll|my|let me|let's|you|we need|the user)\b/i
/** Messages before an edit that are searched for its reason. */
const REACH = 4
const MAX_FILES = 3

/** Returns the last sentence of Claude's before a call that gives a reason, in the same exchange. */
const reasonFor = ({ segment: { messages } }: SegmentContext, call: Call): Excerpt | undefined => {
  for (const message of messages.slice(Math.max(0, call.at - REACH), call.at + 1).reverse()) {
    if (message.isPrompt) return undefined
    if (message.role !== "assistant") continue
    for (const { kind, text } of message.blocks.toReversed()) {
      if (kind !== "text" && kind !== "thinking") continue
      const reason = quotable(text).findLast((sentence) =>
        sentence.length <= MAX_REASON && isFinding(sentence) && SPECIFIC.test(plain(sentence)) && !isChoice(sentence) &&
        !PERSONAL.test(sentence) &&
        !ON_THE_WAY.test(sentence)
      )
      if (reason !== undefined) return { message, kind, label: "Why: ", text: reason }
    }
  }
  return undefined
}

const tail = (path: string, parts: number) => path.split(/[/\\]/).slice(-parts).join(path.includes("\\") ? "\\" : "/")

export const snippets = (
  context: SegmentContext,
  calls: ReadonlyArray<Call>
): ReadonlyArray<Draft> => {
  const byReason = new Map<string, { readonly reason: Excerpt; readonly files: Map<string, Call> }>()
  for (const call of calls) {
    const edits = editsOf(call)
    const reason = edits.length === 0 ? undefined : reasonFor(context, call)
    if (reason === undefined) continue
    const change = byReason.get(reason.text) ?? { reason, files: new Map<string, Call>() }
    byReason.set(reason.text, change)
    for (const { file } of edits) if (!change.files.has(file)) change.files.set(file, call)
  }
  return [...byReason.values()].map(({ files, reason }): Draft => {
    const changed = [...files].slice(0, MAX_FILES)
    const [file, call] = changed[0]!
    const title = titleFrom(reason.text)
    const name = tail(file, 1)
    return {
      type: "code_snippet",
      title: title.includes(name) || title.length + name.length + 3 > MAX_TITLE ? title : `${title} (${name})`,
      summary: `Changed ${changed.map(([file]) => tail(file, 2)).join(", ")}: ${plain(reason.text)}`,
      excerpts: fittingExcerpts([
        ...changed.map(([file, { message }]): Excerpt => ({
          message,
          kind: "tool_use",
          label: "Changed: ",
          text: file
        })),
        reason
      ]),
      at: call.at + 0.25,
      slot: `${reason.message.uuid}/${file}`
    }
  })
}
