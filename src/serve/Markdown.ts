/**
 * Formats memories as Markdown for people: by project and session, in the order of their times. Pure.
 */
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import { resumeOf } from "../domain/Resume.ts"
import { savedBy } from "../domain/SavedBy.ts"
import { oneLine } from "../inject/Render.ts"
import type { KnownSession } from "../store/MemoryStore.ts"
import { minute, replacedText } from "./Wording.ts"

const SAVERS = { person: " · saved by you", claude: " · noted by Claude", nobody: "" } as const

/** Longest fence of backticks in a text, plus one: what it quotes can't end it. */
const fenceFor = (text: string): string =>
  "`".repeat(Math.max(3, ...(text.match(/`+/g) ?? []).map((ticks) => ticks.length + 1)))

const unitText = (unit: MemoryUnit): string => {
  const fence = fenceFor(unit.content)
  return [
    `### ${oneLine(unit.title)}`,
    "",
    `${unit.type} · ${minute(unit.occurredAt)} · \`${unit.id}\`${SAVERS[savedBy(unit) ?? "nobody"]}${
      unit.pinned ? " · pinned" : ""
    }${replacedText(unit)}`,
    ...(unit.files.length === 0 ? [] : ["", `Files: ${unit.files.map((file) => `\`${oneLine(file)}\``).join(", ")}`]),
    "",
    `${fence}text\n${unit.content}\n${fence}`
  ].join("\n")
}

const sessionText = (session: KnownSession | undefined, units: ReadonlyArray<MemoryUnit>): string =>
  [
    session === undefined
      ? "## Saved on purpose, and notes"
      : `## ${oneLine(session.aim ?? "A session")}\n\n${minute(session.startedAt)}${
        session.branch === null ? "" : ` · branch ${oneLine(session.branch)}`
      } · \`${oneLine(resumeOf(session))}\``,
    ...units.map(unitText)
  ].join("\n\n")

/** Formats a project's memories, each once. */
export const projectText = (
  name: string,
  sessions: ReadonlyArray<KnownSession>,
  units: ReadonlyArray<MemoryUnit>
): string => {
  const ordered = units.toSorted((a, b) => a.occurredAt - b.occurredAt || a.position - b.position)
  const known = new Set(sessions.map(({ id }) => id))
  const others = ordered.filter(({ sessionId }) => !known.has(sessionId))
  return [
    `# ${oneLine(name)}`,
    ...sessions.toSorted((a, b) => a.startedAt - b.startedAt).flatMap((session) => {
      const own = ordered.filter(({ sessionId }) => sessionId === session.id)
      return own.length === 0 ? [] : [sessionText(session, own)]
    }),
    ...(others.length === 0 ? [] : [sessionText(undefined, others)])
  ].join("\n\n") + "\n"
}
