/**
 * Leaves out of what sessions left open what a later one reports as done (compress/text/Closing.ts). Pure.
 */
import { type Account, closes, lexemesIn, reportsIn } from "../compress/text/Closing.ts"
import { isPutOff, saysMost } from "../compress/text/PutOff.ts"
import { inBothScripts } from "../domain/ChineseScripts.ts"
import type { LeftUnit } from "../domain/OpeningFile.ts"

/** Splits a content before its labels. */
const partsOf = (content: string): ReadonlyArray<string> => content.split(/^(?=[A-Z][A-Za-z, ]{2,40}: )/mu)

const ASKED = /^(?:User|Aim|Also asked): /u
const OPEN = /^(?:Open(?:: (?:the person said|stashed|pull request))?|Asked last, without an answer): /u
const COMMITTED = /^Committed: /u
const RAN = /^Ran: /u
const LABEL = /^[A-Z][A-Za-z, ]{2,40}: /u

/** Matches a command that takes changes back from Git's stash or drops them, and a sentence that reports so much. */
const UNSTASHES = inBothScripts(
  /\bstash\b.*\b(?:pop(?:ped)?|appl(?:y|ied)|drop(?:ped)?|clear(?:ed)?|branch|restored)\b|\b(?:pop(?:ped)?|appl(?:y|ied)|drop(?:ped)?|restored)\b.*\bstash\b|(?:恢复|还原|取回|应用|弹出).{0,8}(?:stash|暂存)|(?:stash|暂存).{0,8}(?:恢复|还原|取回|应用|弹出)/i
)
/** Matches a command that merges or closes a pull request, and a sentence that reports so much. */
const MERGES = inBothScripts(/\b(?:merged?|closed?)\b|合[并入]|关[闭掉]/i)
const [OWN, STASHED, PULL_REQUEST] = ["Open: ", "Open: stashed: ", "Open: pull request: "]
const NUMBER = /\/(\d+)$/u

/** Matches what is left uncommitted, or an offer to commit it: what became of it Git shows, and no report names it. */
const UNCOMMITTED = inBothScripts(
  /\b(?:are|is) (?:un)?staged\b|\b(?:un)?staged (?:changes|files)\b|\buncommitted\b|\b(?:ready|want me|like me) to (?:commit|push)\b(?! notif)|\b(?:shall|should) i (?:commit|push)\b(?! notif)|\bnot (?:yet )?(?:committed|pushed)\b|(?:没有?|尚?未)(?:提交|推送)(?![通消给申表])|要我(?:现在|帮你)?(?:提交|推送)(?![通消给申表])/i
)

interface Told extends Account {
  /** Commands that were run. */
  readonly commands: ReadonlyArray<string>
}

/** Returns the words that a session was asked for and left open, the sentences that report what was done, and its commands. */
const accountOf = ({ content, title }: LeftUnit): Told => {
  const parts = partsOf(content)
  const lexemesOf = (label: RegExp) => lexemesIn(parts.filter((part) => label.test(part)).join("\n"))
  const said = parts.filter((part) => ![ASKED, OPEN, RAN].some((label) => label.test(part)))
  return {
    asked: [...lexemesIn(title), ...lexemesOf(ASKED)],
    open: lexemesOf(OPEN),
    reports: said.flatMap((part) => reportsIn(part.replace(LABEL, ""), COMMITTED.test(part))),
    commands: parts.filter((part) => RAN.test(part))
  }
}

/** Returns a test of whether an account says that what stands under a label is done. */
const closesUnder = (label: string, line: string): (account: Told) => boolean => {
  // The next session began from it.
  if (label === OWN && UNCOMMITTED.test(line)) return () => true
  if (label === STASHED) {
    return ({ commands, reports }) => [...commands, ...reports].some((said) => UNSTASHES.test(said))
  }
  const number = label === PULL_REQUEST ? NUMBER.exec(line)?.[1] : undefined
  if (number === undefined) return closes(line)
  const isNamed = new RegExp(`(?<![\\d.])${number}(?![\\d.]\\d)\\b`, "u")
  return ({ commands, reports }) => [...commands, ...reports].some((said) => isNamed.test(said) && MERGES.test(said))
}

/** Returns the lines of a content that tell what is open, without their labels. */
const openIn = (content: string): ReadonlyArray<string> =>
  partsOf(content).filter((part) => OPEN.test(part)).flatMap((part) => part.replace(OPEN, "").trimEnd().split("\n"))

/** True for a decision to put off what its session's archive tells as open. */
export const isToldAsOpen = (
  { content, occurredAt, sessionId, title }: LeftUnit,
  archives: ReadonlyArray<LeftUnit>
): boolean =>
  isPutOff(title, occurredAt) && archives.filter((archive) => archive.sessionId === sessionId)
    .some((archive) => openIn(archive.content).some((line) => saysMost(line, title) || saysMost(content, line)))

/** Leaves out of archives the open points that later sessions among `units` closed. */
export const withoutClosed = <U extends LeftUnit>(
  archives: ReadonlyArray<U>,
  units: ReadonlyArray<LeftUnit>
): ReadonlyArray<U> => {
  const isLeft = ({ content }: U) => partsOf(content).some((part) => OPEN.test(part))
  const since = Math.min(...archives.filter(isLeft).map(({ occurredAt }) => occurredAt))
  const accounts = units.filter(({ occurredAt }) => occurredAt > since)
    .map((unit) => ({ ...unit, account: accountOf(unit) }))
  return archives.map((archive) => {
    if (!isLeft(archive)) return archive
    const later = accounts.filter(({ occurredAt, sessionId }) =>
      occurredAt > archive.occurredAt && sessionId !== archive.sessionId
    ).map(({ account }) => account)
    const content = partsOf(archive.content).map((part) => {
      const label = OPEN.exec(part)?.[0]
      if (label === undefined) return part
      const left = part.slice(label.length).split("\n").filter((line) => !later.some(closesUnder(label, line)))
      return left.every((line) => line === "") ? "" : label + left.join("\n")
    }).join("").trimEnd()
    return { ...archive, content }
  })
}
