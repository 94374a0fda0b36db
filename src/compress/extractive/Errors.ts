/**
 * Error logs: the failure, its cause, the fix, and whether the fix held.
 */
import { inBothScripts } from "../../domain/ChineseScripts.ts"
import { IS_CJK } from "../../domain/Cjk.ts"
import type { Message } from "../../domain/Conversation.ts"
import { isEveryday } from "../../domain/EverydayWords.ts"
import { weightedLength } from "../../domain/MemoryUnit.ts"
import * as Tokenizer from "../../domain/Tokenizer.ts"
import type { SegmentContext } from "../../store/MemoryStore.ts"
import { type Draft, type Excerpt, fittingExcerpts, leadingExcerpt, MAX_SUMMARY, MAX_TITLE } from "../Draft.ts"
import { isHedged, isQuestion, isReason, isStatus, standsAlone } from "../text/Lessons.ts"
import { isAnnounced, isChatter, joined, plain, quotable, withFullStop, withoutOpeners } from "../text/Prose.ts"
import { refutedIn } from "../text/Refuted.ts"
import { choose, summarize } from "../text/Salience.ts"
import { isDone } from "../text/Settled.ts"
import { errorLines, worstLine } from "../text/Text.ts"
import { shortened, titleFrom } from "../text/Titles.ts"
import { changeIn } from "./Code.ts"
import {
  type Call,
  commandOf,
  editsOf,
  inputOf,
  isGit,
  isReadOnly,
  isRoutine,
  isTest,
  isToolMisuse,
  repeatKey
} from "./Steps.ts"

const COMMAND = 250
const FAILURE = 480
/** Characters of the failure that came after what was tried. */
const FAILED_THEN = 160
const MAX_WORDS_LENGTH = 300
/** Characters of a command within a sentence. */
const MAX_NAME = 40
/** Most changes that are shown where none is known as the fix. */
const MAX_CHANGES = 2
/** Number of messages after a failure, or after the change that mended it, that are searched for Claude's words about it. */
const REACH = 13

const CAUSE = inBothScripts(
  /\b(?:because|since|due to|caused by|root cause|(?:the )?(?:issue|problem|error|bug|cause|reason)(?: is| was| here|:(?= ))|turns out|missing|doesn't|don't|isn't|aren't|wasn't|can't|cannot|not (?:checked|found|defined|exported|supported|recognized)|still|expects?|requires?|conflicts?|wrong|unused|instead of|needs? to|should (?:be|have|now)|there(?:'s| is| are))(?!\w)|因为|原因|由于|问题|缺少|没有|不能|不支持|导致|应该/i
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
  /\b(?:because|due to|caused by|root cause|(?:the )?(?:issue|problem|cause|reason)(?: is| was|:(?= )))(?!\w)|因为|原因|问题(?:是|在于)/i
)
/** Praise and reports of success, which say nothing about a failure. */
const SUCCESS =
  /\bshould (?:now )?work|✅|🎯|🎉|\bsucce(?:ss|ed)|\bperfect\b|\ball .{0,30}(?:pass|resolved|fixed|complete)/iu

const wordsIn = (text: string) =>
  new Set(Tokenizer.lexemes(text).filter((word) => (word.length > 3 || /^\d{3}$/.test(word)) && word !== "error"))

/** Returns the words by which a text is known again: none of everyday, and of figures those of two and more. */
const namesIn = (text: string): ReadonlySet<string> =>
  new Set(
    Tokenizer.lexemes(text).filter((word) =>
      (word.length > 2 || /^\d\d/.test(word) || IS_CJK.test(word)) && !isEveryday(word)
    )
  )

const countShared = (words: ReadonlySet<string>, others: ReadonlySet<string>): number =>
  [...words].filter((word) => others.has(word)).length

/** Returns whether a sentence shares a word with a failure, or a name with the change that mended it. */
const sharing = (failure: string, change = ""): (sentence: string) => boolean => {
  const words = wordsIn(failure)
  const names = namesIn(change)
  return (sentence) => countShared(wordsIn(sentence), words) > 0 || countShared(namesIn(sentence), names) > 0
}

/** Matches what mends a failure: "`--force` fixes it". */
const MENDS =
  /\b(?:(?:fix(?:e[sd])?|solve[sd]?|resolve[sd]?|cure[sd]?|helps?) (?:it|this|that|them|the (?:issue|problem|error|build|tests?))\b|(?:fixes|solves|resolves|cures|helps)\b[^\w]*$)/i
/** Matches what is to be done, and what Claude does or did: "Read the column as a string", "I set the port". */
const ACTS =
  /^(?:(?:i|we|ich|wir)\b|(?:add|bump|call|change|convert|create|delete|disable|downgrade|enable|export|import|increase|install|lower|make|mark|move|pass|pin|put|raise|read|rebuild|remove|rename|replace|restart|run|set|switch|try|update|upgrade|use|wrap)\s+(?:an?|the|it|its|them|this|that|these|all|your|`|\S+ (?:as|by|for|from|in|on|to|with)\b))/i
/** Matches the announcement of a step by its first word: "Changing the port", "Next step is …". */
const STEPS = inBothScripts(
  /^(?:(?:now|next|jetzt|als nächstes)\b|现在|接下来|下一步|然后|(?!(?:\p{L}*thing|during|string|missing|existing|remaining|according|being)\b)\p{L}+ing\b)/iu
)
/** Matches what is lacking, refused or at odds. */
const AMISS = inBothScripts(
  /\b(?:but|no|not|never|none|without|only|twice|already|whereas|while|lacks?)\b|n't\b|没|无|不|未|但|却|只|已经|重复|缺/i
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

/** Returns the texts of Claude's, as the sentences of each. */
const textsIn = (messages: ReadonlyArray<Message>): ReadonlyArray<ReadonlyArray<string>> =>
  messages.flatMap(({ blocks, role }) =>
    role === "assistant" ? blocks.flatMap(({ kind, text }) => kind === "text" ? [quotable(text)] : []) : []
  )

/** Returns what Claude says after a message, up to another one, until a person speaks; nothing that it found to be wrong. */
const saidBetween = (
  messages: ReadonlyArray<Message>,
  refuted: ReadonlySet<string>,
  from: number,
  to: number
): ReadonlyArray<Said> => {
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
            weightedLength(plain(sentence)) >= 12 && !SUCCESS.test(sentence) && !refuted.has(sentence)
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

/** Fewest words that a sentence said after the success shares with what failed and what mended it: Claude goes on to other things. */
const EXPLAINING = 2

/** Returns what Claude said of the cause for certain, once a failure was mended, in words of the failure or of the change that mended it. */
const explanationsOf = (
  said: ReadonlyArray<Said>,
  failure: string,
  fix: string
): ReadonlyArray<Said> => {
  const names = namesIn(`${failure} ${fix}`)
  return narrowed(
    said.filter(({ kind }) => kind === "text"),
    (sentence) => CERTAIN.test(sentence) && !isStep(sentence) && countShared(namesIn(sentence), names) >= EXPLAINING
  )
}

interface Failure {
  readonly call: Call
  /** Later calls of the same purpose, before the first success, that failed in the same way. */
  readonly again: ReadonlyArray<Call>
  readonly success: Call | undefined
  /** The next call of the same purpose with another outcome: Claude's words after it are about that outcome. */
  readonly next: Call | undefined
  /** The first call of the same purpose after the success that failed. */
  readonly relapse: Call | undefined
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
    return [{
      call,
      again,
      success: end < 0 ? undefined : later[end],
      next,
      relapse: end < 0 ? undefined : later.slice(end).find(({ failed }) => failed)
    }]
  })
}

/** Something that was changed after a failure. */
interface Change {
  /** Index of the message. */
  readonly at: number
  /** The file, or the command between backticks. */
  readonly name: string
  readonly file: string | undefined
  /** Lines that an edit added. */
  readonly added: ReadonlyArray<string>
  readonly excerpts: ReadonlyArray<Excerpt>
}

/** Returns the lines with a word, without the white space around them. */
const linesWithWords = (lines: ReadonlyArray<string>): ReadonlyArray<string> =>
  lines.map((line) => line.trim()).filter((line) => /\p{L}{2}/u.test(line))

/** Matches the word of a command, or of Claude's description of it, by which it only looks at something. */
const LOOKS =
  /^(?:check|describe|display|explain|find|get|help|info|inspect|list|logs?|look|ls|print|ps|read|search|see|show|status|test|verify|version|view)$/i

/** True for a command that changes nothing by its words, or by what Claude says that it is for. */
const isLook = (call: Call): boolean => {
  const key = repeatKey(call)
  const [purpose = ""] = (inputOf(call, "description") ?? "").split(/\s/)
  // What `go get` gets stays.
  return isReadOnly(call) || LOOKS.test(purpose) ||
    key !== "go get" && key.split(" ").slice(1).some((word) => LOOKS.test(word))
}

/** Matches the commands of Git that its log does not show. */
const GIT_CONFIG = /\bgit\s+config\b/u

const changeOf = (call: Call): Change | undefined => {
  const [edit] = editsOf(call)
  const command = commandOf(call)
  if (edit !== undefined) {
    return {
      at: call.at,
      name: nameOf(edit.file),
      file: edit.file,
      added: linesWithWords(edit.after),
      excerpts: changeIn(call.message, edit, MAX_WORDS_LENGTH)
    }
  }
  if (command === undefined || isLook(call) || call.failed || isRoutine(command)) return undefined
  if (isGit(command) && !GIT_CONFIG.test(command)) return undefined
  const [line] = command.split("\n")
  return {
    at: call.at,
    name: `\`${shortened(line!, MAX_NAME)}\``,
    file: undefined,
    added: [],
    excerpts: leadingExcerpt(call.message, "tool_use", "", line!, MAX_WORDS_LENGTH)
  }
}

/** Returns the words of an output that may be names of files, without their folders. */
const filesNamedIn = (output: string): ReadonlySet<string> =>
  new Set(output.split(/[^\p{L}\p{N}_.@+-]+/u).map((word) => word.replace(/\.+$/, "")))

/** Matches the name of a file that people read, and no program. */
const PROSE_FILE = /\.(?:md|mdx|rst|adoc)$|^(?:readme|changelog|changes|license|authors)\b/i

/** Returns what was changed between two messages; files of prose only where the failure names them. */
const changesBetween = (
  calls: ReadonlyArray<Call>,
  from: number,
  to: number,
  filesNamed: ReadonlySet<string>
): ReadonlyArray<Change> =>
  calls.filter(({ at }) => at > from && at < to).flatMap((call): ReadonlyArray<Change> => {
    const change = changeOf(call)
    if (change === undefined || change.excerpts.length === 0) return []
    return change.file !== undefined && PROSE_FILE.test(change.name) && !filesNamed.has(change.name) ? [] : [change]
  })

/** True where one of the calls edits away half of the lines, or more, that a change added. */
const isUndone = ({ added, file }: Change, later: ReadonlyArray<Call>): boolean =>
  later.flatMap(editsOf).some((edit) => {
    if (edit.file !== file) return false
    const [before, after] = [edit.before, edit.after].map((lines) => new Set(linesWithWords(lines)))
    const gone = added.filter((line) => before!.has(line) && !after!.has(line))
    return gone.length > 0 && 2 * gone.length >= added.length
  })

const textOf = ({ excerpts, name }: Change): string => [name, ...excerpts.map(({ text }) => text)].join("\n")

/** Returns the excerpts of a change, the first of them with its label and the file. */
const labelled = (label: string, { excerpts, file, name }: Change): ReadonlyArray<Excerpt> =>
  excerpts.map((excerpt, i) =>
    i > 0
      ? excerpt
      : { ...excerpt, label: file === undefined ? `${label}: ` : `${label}, in ${name}. ${excerpt.label}` }
  )

const PLAN = inBothScripts(
  /^(?:let me|i'll|i will|i need to|need to|让我|我来)\b.{0,40}\b(?:fix|add|remov|updat|replac|chang|install|mov|renam|us|creat|resolv|修|加|改|换|装|删)/i
)

const isPlan = (sentence: string): boolean => PLAN.test(withoutOpeners(plain(sentence))) || MENDS.test(sentence)

/** Returns the first plan that is about the failure. */
const planOf = (said: ReadonlyArray<Said>, isAbout: (sentence: string) => boolean): Said | undefined =>
  narrowed(said, (sentence) => isPlan(sentence) && isAbout(sentence))[0]

/** Removes the programs that a line of commands runs, which many commands share. */
const withoutPrograms = (command: string): string => command.replace(/(?:^|&&|\|\|?|;)\s*(?:\w+=\S+\s+)*\S+/gu, " ")

/** Weights of a change's file that the failure names, and of a word that it has of the failure or of what Claude said about it. */
const NAMED = 6
const OF_FAILURE = 2
const OF_CAUSE = 1

/** Matches a sentence that may tell a cause, whatever it is about. */
const mayTell = (sentence: string): boolean =>
  CERTAIN.test(sentence) && !isStep(sentence) ||
  isState(sentence) && (CAUSE.test(sentence) || AMISS.test(sentence))

/**
 * Returns the change that shares most with a failure: its file, its words, and those of what Claude said before about its cause and what
 * to do. The last of equal ones; undefined where none shares anything.
 */
const mendingOf = (
  changes: ReadonlyArray<Change>,
  filesNamed: ReadonlySet<string>,
  { command, failure }: { readonly command: string; readonly failure: string },
  said: ReadonlyArray<Said>
): Change | undefined => {
  const ofFailure = namesIn(failure)
  const isAbout = sharing(failure)
  const told = narrowed(said, (sentence) => mayTell(sentence) || isPlan(sentence) && isAbout(sentence))
  const weightOf = (change: Change): number => {
    const words = namesIn(textOf(change))
    const before = told.filter(({ at }) => at <= change.at).flatMap(({ sentences }) => sentences)
    return (change.file !== undefined && filesNamed.has(change.name) ? NAMED : 0) +
      OF_FAILURE * countShared(words, ofFailure) +
      OF_CAUSE * countShared(words, namesIn([withoutPrograms(command), ...before].join("\n")))
  }
  const weighed = changes.map((change) => ({ change, weight: weightOf(change) }))
  const most = Math.max(0, ...weighed.map(({ weight }) => weight))
  return most === 0 ? undefined : weighed.findLast(({ weight }) => weight === most)!.change
}

/** Matches what a compiler or a linter says of a line that is being edited. */
const SLIP =
  /error TS\d+|\blint\/\w|\b(?:errcheck|staticcheck|ineffassign|eslint|ruff|clippy|noUnused\w*)\b|\b(?:unused|never read|declared and not used|is not defined)\b|Formatter would/i
/** Matches a cause that only names the check that failed. */
const ROUTINE_TALK =
  /\b(?:type ?(?:check|errors?)|typescript check|lint(?:er|ing)?|unused|compil\w+|pre-existing|unrelated)\b/i
/** Matches the label of a fix in a file of tests. */
const TEST_FILE = /(?:[._-](?:test|spec)s?|\btest[._-]\w+|_test)\./i
const CONFLICT = /^CONFLICT \(|^error: could not apply/mu
/** Failures of one purpose from which they are more than a slip. */
const OFTEN = 3

/**
 * Keeps failures whose lesson outlives the edit: those of tools and the environment with a cause or a fix, and slips in
 * the code only with a cause that is understandable alone, when it took several tries, or when a test had found it.
 */
export const errors = ({ segment: { messages } }: SegmentContext, calls: ReadonlyArray<Call>): ReadonlyArray<Draft> => {
  const refuted = refutedIn(textsIn(messages))
  const said = (from: number, to: number) => saidBetween(messages, refuted, from, to)
  return failuresIn(calls).flatMap(({ again, call, next, relapse, success }): ReadonlyArray<Draft> => {
    const result = call.result!
    const last = again.at(-1)?.result?.at ?? result.at
    const to = next?.at ?? messages.length
    const command = commandOf(call)
    const failure = errorLines(result.block.text, FAILURE)
    const filesNamed = filesNamedIn(result.block.text)
    const isAbout = sharing(`${failure} ${command ?? ""}`)
    const changes = changesBetween(calls, last, to, filesNamed)
    // Where a change held, the cause was found last: what came before a change that did not help was wrong.
    const tried = changesBetween(calls, result.at, last, filesNamed).length > 0 ? last : result.at
    const best = mendingOf(
      changes,
      filesNamed,
      { command: command ?? "", failure },
      said(tried, to)
    )
    // Where no later try succeeded, an edit that shares words with the failure counts as the fix.
    const isMending = success !== undefined || best?.file !== undefined && isAbout(textOf(best))
    const mending = isMending ? best : undefined
    const only = success !== undefined && changes.length === 1 ? changes[0] : undefined
    const likely = mending ?? only
    const changed = likely ?? (success === undefined ? undefined : changes.at(-1))
    // Where another failure came, what was tried before it is no fix once it was taken back, or what Claude said for it was wrong.
    const isGivenUp = likely !== undefined && success !== undefined && next !== undefined && next !== success &&
      (isUndone(likely, calls.filter(({ at }) => at > next.at && at < success.at)) ||
        textsIn(messages.slice(result.at + 1, likely.at + 1)).flat().some((sentence) => refuted.has(sentence)))
    const later = isGivenUp ? changesBetween(calls, next.at, success.at, filesNamed) : []
    const mended = isGivenUp ? later.map(textOf).join("\n") : likely === undefined ? "" : textOf(likely)
    const lastly = later.at(-1) ?? changed
    const end = isGivenUp ? success.at : to
    const since = changed === undefined ? result.at : tried
    const afterwards = success === undefined
      ? []
      : said(success.result!.at, relapse?.at ?? messages.length)
    const told = causeOf(
      [
        ...said(since, Math.min(end, (lastly?.at ?? since) + REACH)),
        ...explanationsOf(afterwards, failure, mended)
      ],
      failure,
      sharing(`${failure} ${command ?? ""}`, mended),
      lastly?.at
    )
    const cause = excerptsOf(told, "Cause: ", failure)
    const fix = isGivenUp ? undefined : mending ?? (told === undefined ? undefined : only)
    const shown = fix !== undefined ? [fix] : isGivenUp ? later : success !== undefined ? changes : []
    const triedFirst = isGivenUp
      ? [
        ...labelled("Tried", likely),
        ...leadingExcerpt(
          next.result!.message,
          "tool_result",
          "Then it failed: ",
          errorLines(next.result!.block.text, FAILED_THEN),
          FAILED_THEN
        )
      ]
      : []
    const cure = fix === undefined
      ? [
        ...triedFirst,
        ...shown.slice(-MAX_CHANGES).flatMap((change) => labelled("Changed in between", change))
      ]
      : labelled("Fix", fix)
    const plan = excerptsOf(planOf(said(last, Math.min(to, last + REACH)), isAbout), "Then: ", failure)
    const reasons = [...cause, ...plan].flatMap(({ text }) => text.split("\n")).filter(isReason)
    const isSlip = SLIP.test(failure) || (command !== undefined && isRoutine(command))
    // A test that failed and held after a change elsewhere has found a fault.
    const isFault = command !== undefined && isTest(command) && !SLIP.test(failure) && success !== undefined &&
      shown.some(({ file, name }) => file !== undefined && !TEST_FILE.test(name))
    const isLasting = again.length + 1 >= OFTEN ||
      reasons.some((reason) => standsAlone(reason) && !ROUTINE_TALK.test(reason))
    const isExplained = reasons.length > 0 || (cure.length > 0 && !isSlip)
    // A check that failed of what is no slip, and held once its cause was known, is told as any other failure.
    const isSolved = fix !== undefined && success !== undefined && !SLIP.test(failure) && !TEST_FILE.test(fix.name) &&
      told?.sentences.some((sentence) => !isHedged(sentence) && !ROUTINE_TALK.test(sentence)) === true
    if (failure === "" || CONFLICT.test(failure)) return []
    if (!(isFault || isSolved || isExplained && (!isSlip || isLasting))) return []
    // One that was neither mended nor seen again teaches nothing.
    if (cure.length === 0 && success === undefined && again.length + 1 < OFTEN) return []
    const confirmation = success === undefined
      ? []
      : leadingExcerpt(
        success.message,
        success.block.kind,
        fix === undefined ? "Later this succeeded: " : "It held, this succeeded afterwards: ",
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
    const names = [...new Set(shown.map(({ name }) => name))].slice(-MAX_CHANGES).join(", ")
    const outcome = joined([
      isGivenUp ? `What was tried in ${likely.name} did not hold.` : "",
      fix === undefined ? "" : `Fixed ${fix.file === undefined ? "by" : "in"} ${fix.name}.`,
      success !== undefined
        ? fix !== undefined
          ? "It held."
          : names === ""
          ? "It succeeded later."
          : `It succeeded after ${shown.length === 1 ? "a change" : "changes"}: ${names}.`
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
}
