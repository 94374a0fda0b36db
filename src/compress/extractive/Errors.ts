/**
 * Error logs: the failure, its cause, the fix, and whether the fix held.
 */
import { inBothScripts } from "../../domain/ChineseScripts.ts"
import type { Message } from "../../domain/Conversation.ts"
import { weightedLength } from "../../domain/MemoryUnit.ts"
import * as Tokenizer from "../../domain/Tokenizer.ts"
import type { SegmentContext } from "../../store/MemoryStore.ts"
import { type Draft, type Excerpt, fittingExcerpts, leadingExcerpt, MAX_SUMMARY, MAX_TITLE } from "../Draft.ts"
import { isHedged, isQuestion, isReason, isStatus, standsAlone } from "../text/Lessons.ts"
import { isAnnounced, isChatter, joined, plain, quotable, withFullStop, withoutOpeners } from "../text/Prose.ts"
import { choose, summarize } from "../text/Salience.ts"
import { isDone } from "../text/Settled.ts"
import { errorLines, worstLine } from "../text/Text.ts"
import { shortened, titleFrom } from "../text/Titles.ts"
import { changeIn } from "./Code.ts"
import {
  type Call,
  commandOf,
  editsOf,
  isGit,
  isReadOnly,
  isRoutine,
  isTest,
  isToolMisuse,
  repeatKey
} from "./Steps.ts"

const COMMAND = 250
const FAILURE = 480
const MAX_WORDS_LENGTH = 300
/** Number of messages after a failure, or after the change that mended it, that are searched for Claude's words about it. */
const REACH = 13

const CAUSE = inBothScripts(
  /\b(?:because|since|due to|caused by|root cause|(?:the )?(?:issue|problem|error|bug|cause|reason) (?:is|was|here)|turns out|missing|doesn't|don't|isn't|aren't|wasn't|can't|cannot|not (?:checked|found|defined|exported|supported|recognized)|still|expects?|requires?|conflicts?|wrong|unused|instead of|needs? to|should (?:be|have|now)|there(?:'s| is| are))\b|因为|原因|由于|问题|缺少|没有|不能|不支持|导致|应该/iu
)

const nameOf = (file: string) => file.split(/[/\\]/).at(-1)!

/** Titles a failure by its most telling line, without the folders before a file's name. */
const errorTitle = (failure: string, length = MAX_TITLE): string =>
  shortened(
    plain(worstLine(failure)).replace(/^(?:(?:error|Error|ERROR)[: ]\s*(?=\S+ \S)|[×✖✗]\s*|--- |E\s+)/u, "").replace(
      / \(\d+\.\d+s\)$/u,
      ""
    ).replace(
      /(?:[\w.@-]*\/){1,12}(?=[\w.-]+\.\w{1,5}[:(\s])/g,
      ""
    ).replace(/^(?:\w+\.){1,8}(?=[A-Z]\w+:)/u, ""),
    length
  )

/** Matches an explicit cause. */
const CERTAIN = inBothScripts(
  /\b(?:because|due to|caused by|root cause|(?:the )?(?:issue|problem|cause|reason) (?:is|was))\b|因为|原因|问题(?:是|在于)/iu
)
/** Praise and reports of success, which say nothing about a failure. */
const SUCCESS =
  /\bshould (?:now )?work|✅|🎯|🎉|\bsucce(?:ss|ed)|\bperfect\b|\ball .{0,30}(?:pass|resolved|fixed|complete)/iu

const wordsIn = (text: string) => new Set(Tokenizer.lexemes(text).filter((word) => word.length > 3 && word !== "error"))

/** Returns whether a sentence shares a word with a text. */
const sharing = (text: string): (sentence: string) => boolean => {
  const words = wordsIn(text)
  return (sentence) => [...wordsIn(sentence)].some((word) => words.has(word))
}

/** Matches what mends a failure: "`--force` fixes it". */
const MENDS =
  /\b(?:(?:fix(?:e[sd])?|solve[sd]?|resolve[sd]?|cure[sd]?|helps?) (?:it|this|that|them|the (?:issue|problem|error|build|tests?))\b|(?:fixes|solves|resolves|cures|helps)\b[^\w]*$)/iu
/** Matches what is to be done, and what Claude does or did: "Read the column as a string", "I set the port". */
const ACTS =
  /^(?:(?:i|we|ich|wir)\b|(?:add|bump|call|change|convert|create|delete|disable|downgrade|enable|export|import|increase|install|lower|make|mark|move|pass|pin|put|raise|read|rebuild|remove|rename|replace|restart|run|set|switch|try|update|upgrade|use|wrap)\s+(?:an?|the|it|its|them|this|that|these|all|your|`|\S+ (?:as|by|for|from|in|on|to|with)\b))/iu
/** Matches the announcement of a step by its first word: "Changing the port", "Next step is …". */
const STEPS = inBothScripts(
  /^(?:(?:now|next|jetzt|als nächstes)\b|现在|接下来|下一步|然后|(?!(?:\p{L}*thing|during|string|missing|existing|remaining|according|being)\b)\p{L}+ing\b)/iu
)
/** Matches what is lacking, refused or at odds. */
const AMISS = inBothScripts(
  /\b(?:but|no|not|never|none|without|only|twice|already|whereas|while|lacks?)\b|n't\b|没|无|不|未|但|却|只|已经|重复|缺/iu
)

const isStep = (sentence: string): boolean =>
  ACTS.test(withoutOpeners(plain(sentence))) || STEPS.test(plain(sentence)) || isAnnounced(sentence) || isDone(sentence)

/** True for a sentence that states how things are. */
const isState = (sentence: string): boolean =>
  !isStep(sentence) && !isHedged(sentence) && !isStatus(sentence) && !isQuestion(plain(sentence))

/** One text of Claude's, and its sentences. */
interface Said {
  readonly message: Message
  /** Index of the message. */
  readonly at: number
  readonly kind: "text" | "thinking"
  readonly sentences: ReadonlyArray<string>
}

/** Returns what Claude says after a message, up to another one, until a person speaks. */
const saidBetween = (messages: ReadonlyArray<Message>, from: number, to: number): ReadonlyArray<Said> => {
  const next = messages.findIndex((message, i) => i > from && message.isPrompt)
  const end = Math.min(to + 1, next < 0 ? messages.length : next)
  return messages.slice(from + 1, end).flatMap((message, i) =>
    (message.role === "assistant" ? message.blocks : []).flatMap(({ kind, text }): ReadonlyArray<Said> =>
      kind === "text" || kind === "thinking"
        ? [{
          message,
          at: from + 1 + i,
          kind,
          sentences: quotable(text).filter((sentence) =>
            weightedLength(plain(sentence)) >= 12 && !SUCCESS.test(sentence)
          )
        }]
        : []
    )
  )
}

const narrowed = (
  said: ReadonlyArray<Said>,
  isOf: (sentence: string, text: Said, i: number) => boolean
): ReadonlyArray<Said> =>
  said.map((text, i) => ({ ...text, sentences: text.sentences.filter((sentence) => isOf(sentence, text, i)) }))
    .filter(({ sentences }) => sentences.length > 0)

/** Returns the sentences of a text that tell most of a failure. */
const excerptsOf = (said: Said | undefined, label: string, about: string): ReadonlyArray<Excerpt> => {
  if (said === undefined) return []
  const { kind, message, sentences } = said
  const kept = choose(sentences.map(plain), { count: 2, length: MAX_WORDS_LENGTH, about })
  return kept.length === 0 ? [] : [{ message, kind, label, text: kept.map((i) => sentences[i]!).join("\n") }]
}

/**
 * Returns the text that tells the cause of a failure: one that names it, the last before the change that mended it, else the
 * first after; else the first that tells what is amiss before the change.
 */
const causeOf = (
  said: ReadonlyArray<Said>,
  failure: string,
  isAbout: (sentence: string) => boolean,
  changedAt: number | undefined
): Said | undefined => {
  const isOfFailure = sharing(failure)
  const isCertain = (sentence: string) => CERTAIN.test(sentence) && !isStep(sentence)
  const isCause = (sentence: string, { kind }: Said, i: number) =>
    weightedLength(plain(sentence)) >= 25 && !isChatter(sentence) && !/[:：][*_]*$/.test(sentence) &&
    !MENDS.test(sentence) && (
      CAUSE.test(sentence) && isAbout(sentence) || i === 0 && CERTAIN.test(sentence) ||
      kind === "text" && isState(sentence) && (isOfFailure(sentence) || i === 0 && AMISS.test(sentence))
    )
  const causes = narrowed(said, isCause)
  const certain = causes.filter(({ sentences }) => sentences.some(isCertain))
  const isBefore = ({ at }: Said) => changedAt === undefined || at <= changedAt
  return (changedAt === undefined ? certain[0] : certain.findLast(isBefore)) ?? certain[0] ?? causes.find(isBefore)
}

interface Failure {
  readonly call: Call
  /** Later calls of the same purpose, before the first success, that failed in the same way. */
  readonly again: ReadonlyArray<Call>
  readonly success: Call | undefined
  /** The next call of the same purpose with another outcome: Claude's words after it are about that outcome. */
  readonly next: Call | undefined
}

/** Returns the failures that are worth a unit. Repeated failures of one purpose are merged into the first. */
const failuresIn = (calls: ReadonlyArray<Call>): ReadonlyArray<Failure> => {
  const merged = new Set<Call>()
  return calls.flatMap((call, i): ReadonlyArray<Failure> => {
    if (merged.has(call) || !call.failed || isToolMisuse(call.result!.block.text) || isReadOnly(call)) return []
    const purpose = repeatKey(call)
    const later = calls.slice(i + 1).filter((other) => repeatKey(other) === purpose && other.result !== undefined)
    const end = later.findIndex((other) => !other.failed)
    const run = end < 0 ? later : later.slice(0, end)
    const title = errorTitle(errorLines(call.result!.block.text, FAILURE))
    // A rebase stops at one commit after the other, with a different error each time, but it is one failure.
    const again = run.filter((other) =>
      /^git (?:rebase|merge|cherry-pick)/.test(purpose) ||
      errorTitle(errorLines(other.result!.block.text, FAILURE)) === title
    )
    for (const other of again) merged.add(other)
    const next = later.find((other) => !again.includes(other))
    return [{ call, again, success: end < 0 ? undefined : later[end], next }]
  })
}

/** Returns the last edit, else the last effective command, between two messages. */
const changeBetween = (calls: ReadonlyArray<Call>, from: number, to: number): Call | undefined => {
  const between = calls.filter(({ at }) => at > from && at < to)
  return between.findLast((call) => editsOf(call).length > 0) ??
    between.findLast((call) =>
      commandOf(call) !== undefined && !isReadOnly(call) && !call.failed && !isRoutine(commandOf(call)!) &&
      !isGit(commandOf(call)!)
    )
}

const fixOf = (change: Call): ReadonlyArray<Excerpt> => {
  const [changed] = editsOf(change)
  if (changed === undefined) {
    return leadingExcerpt(change.message, "tool_use", "Fix: ", commandOf(change)!.split("\n")[0]!, MAX_WORDS_LENGTH)
  }
  const [head, ...rest] = changeIn(change.message, changed, MAX_WORDS_LENGTH)
  return head === undefined ? [] : [{ ...head, label: `Fix, in ${nameOf(changed.file)}. ${head.label}` }, ...rest]
}

const PLAN = inBothScripts(
  /^(?:let me|i'll|i will|i need to|need to|让我|我来)\b.{0,40}\b(?:fix|add|remov|updat|replac|chang|install|mov|renam|us|creat|resolv|修|加|改|换|装|删)/iu
)

/** Returns the first plan that is about the failure. */
const planOf = (said: ReadonlyArray<Said>, isAbout: (sentence: string) => boolean): Said | undefined =>
  narrowed(
    said,
    (sentence) => (PLAN.test(withoutOpeners(plain(sentence))) || MENDS.test(sentence)) && isAbout(sentence)
  )[0]

/** Matches what a compiler or a linter says of a line that is being edited. */
const SLIP =
  /error TS\d+|\blint\/\w|\b(?:errcheck|staticcheck|ineffassign|eslint|ruff|clippy|noUnused\w*)\b|\b(?:unused|never read|declared and not used|is not defined)\b|Formatter would/iu
/** Matches a cause that only names the check that failed. */
const ROUTINE_TALK =
  /\b(?:type ?(?:check|errors?)|typescript check|lint(?:er|ing)?|unused|compil\w+|pre-existing|unrelated)\b/iu
/** Matches the label of a fix in a file of tests. */
const TEST_FILE = /(?:[._-](?:test|spec)s?|\btest[._-]\w+|_test)\./iu
const CONFLICT = /^CONFLICT \(|^error: could not apply/mu
/** Failures of one purpose from which they are more than a slip. */
const OFTEN = 3

/**
 * Keeps failures whose lesson outlives the edit: those of tools and the environment with a cause or a fix, and slips in
 * the code only with a cause that is understandable alone, when it took several tries, or when a test had found it.
 */
export const errors = ({ segment: { messages } }: SegmentContext, calls: ReadonlyArray<Call>): ReadonlyArray<Draft> =>
  failuresIn(calls).flatMap(({ again, call, next, success }): ReadonlyArray<Draft> => {
    const result = call.result!
    const last = again.at(-1)?.result?.at ?? result.at
    const to = next?.at ?? messages.length
    const command = commandOf(call)
    const failure = errorLines(result.block.text, FAILURE)
    const isAbout = sharing(`${failure} ${command ?? ""}`)
    // A change counts as the fix when a later try succeeded, or when it shares words with the failure.
    const change = changeBetween(calls, last, to)
    const changes = change === undefined ? [] : fixOf(change)
    const cure = success !== undefined || changes.some(({ label, text }) => isAbout(`${label} ${text}`)) ? changes : []
    // Where a change held, the cause was found last: what came before a change that did not help was wrong.
    const isMended = cure.length > 0
    const since = isMended && changeBetween(calls, result.at, last) !== undefined ? last : result.at
    const cause = excerptsOf(
      causeOf(
        saidBetween(messages, since, Math.min(to, (isMended ? change!.at : since) + REACH)),
        failure,
        isAbout,
        isMended ? change!.at : undefined
      ),
      "Cause: ",
      failure
    )
    const plan = excerptsOf(planOf(saidBetween(messages, last, Math.min(to, last + REACH)), isAbout), "Then: ", failure)
    const reasons = [...cause, ...plan].flatMap(({ text }) => text.split("\n")).filter(isReason)
    const isSlip = SLIP.test(failure) || (command !== undefined && isRoutine(command))
    // A test that failed and held after a change elsewhere has found a fault.
    const isFault = command !== undefined && isTest(command) && !SLIP.test(failure) && success !== undefined &&
      cure.some(({ label }) => label.startsWith("Fix, in ") && !TEST_FILE.test(label))
    const isLasting = again.length + 1 >= OFTEN ||
      reasons.some((reason) => standsAlone(reason) && !ROUTINE_TALK.test(reason))
    const isExplained = reasons.length > 0 || (cure.length > 0 && !isSlip)
    if (failure === "" || CONFLICT.test(failure) || !(isFault || isExplained && (!isSlip || isLasting))) return []
    // One that was neither mended nor seen again teaches nothing.
    if (cure.length === 0 && success === undefined && again.length + 1 < OFTEN) return []
    const confirmation = success === undefined
      ? []
      : leadingExcerpt(
        success.message,
        success.block.kind,
        cure.length > 0 ? "It held, this succeeded afterwards: " : "Later this succeeded: ",
        commandOf(success) ?? success.block.text,
        160
      )
    const excerpts = fittingExcerpts([
      ...leadingExcerpt(
        result.message,
        "tool_result",
        again.length === 0 ? "Failed: " : `Failed ${again.length + 1} times: `,
        failure,
        FAILURE
      ),
      ...(command === undefined
        ? []
        : leadingExcerpt(call.message, "tool_use", "Command: ", command.split("\n")[0]!, COMMAND)),
      ...cause,
      ...plan.filter(({ text }) => cause[0]?.text.includes(text) !== true),
      ...cure,
      ...confirmation
    ])
    const purpose = command === undefined ? call.tool : `\`${repeatKey(call)}\``
    const why = cause.length > 0
      ? cause.flatMap(({ text }) => text.split("\n")).map(plain)
      : plan.flatMap(({ text }) => text.split("\n")).map((sentence) => titleFrom(sentence, MAX_SUMMARY - 80))
    const reason = why.length === 0
      ? errorTitle(failure, MAX_SUMMARY - 80)
      : summarize(why, { count: 2, length: MAX_SUMMARY - 80 })
    const failing = withFullStop(`${purpose} failed: ${reason}`)
    const edited = cure.find(({ label }) => label.startsWith("Fix, in "))?.label.slice("Fix, in ".length).split(". ")[0]
    const outcome = joined([
      edited === undefined ? "" : `Fixed in ${edited}.`,
      success !== undefined
        ? cure.length > 0 ? "It held." : "It succeeded later."
        : again.length > 0
        ? "It kept failing."
        : ""
    ].filter((part) => part !== ""))
    return [{
      type: "error_log",
      title: errorTitle(failure),
      summary: joined([failing, outcome]),
      excerpts,
      at: call.at + 0.5,
      slot: `${result.message.uuid}/${call.block.toolUseId ?? ""}`
    }]
  })
