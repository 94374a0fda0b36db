/**
 * Converts Claude Code's own memory of a project into units. That memory is a folder of Markdown files: an index, which
 * Claude Code loads for each session, and others, which Claude reads when needed. The files are never written here.
 */
import { idOf } from "./Ids.ts"
import { MAX_CONTENT_LENGTH, MAX_CONTENT_TOKENS, type MemoryUnit, weightedLength } from "./MemoryUnit.ts"
import { notesSession, ownFolders } from "./NoteFolders.ts"
import * as Project from "./Project.ts"
import * as Tokens from "./Tokens.ts"

/** Returns the folders that may hold the notes of a transcript's project: the repository's and the transcript's own. */
export const foldersFor = (transcript: string, cwd: string) => Project.answering(ownFolders(transcript, cwd))

export interface Note {
  readonly path: string
  readonly name: string
  readonly text: string
  /** Milliseconds since the epoch. */
  readonly modifiedAt: number
}

interface Section {
  /** Headings above the section, outermost first, its own last. */
  readonly path: ReadonlyArray<string>
  readonly lines: ReadonlyArray<string>
}

const FENCE = /^\s*(?:```|~~~)/
const HEADING = /^ {0,3}(#{1,6})\s+(.*?)(?:\s+#+)?\s*$/

/** Splits Markdown into sections; a heading in a block of code begins none. */
const sectionsOf = (text: string): ReadonlyArray<Section> => {
  const sections: Array<{ readonly path: ReadonlyArray<string>; readonly lines: Array<string> }> = [{
    path: [],
    lines: []
  }]
  let above: ReadonlyArray<{ readonly level: number; readonly heading: string }> = []
  let isCode = false
  for (const line of text.split("\n")) {
    if (FENCE.test(line)) isCode = !isCode
    const found = isCode ? null : HEADING.exec(line)
    if (found === null) {
      sections.at(-1)!.lines.push(line)
      continue
    }
    const level = found[1]!.length
    above = [...above.filter((other) => other.level < level), { level, heading: found[2]! }]
    sections.push({ path: above.map(({ heading }) => heading), lines: [] })
  }
  return sections
}

const fits = (text: string): boolean =>
  weightedLength(text) <= MAX_CONTENT_LENGTH && Tokens.estimate(text) <= MAX_CONTENT_TOKENS

/** Halves a line until each part fits; splits no character. */
const halves = (line: string): ReadonlyArray<string> => {
  const characters = Array.from(line)
  if (fits(line) || characters.length < 2) return [line]
  const middle = Math.floor(characters.length / 2)
  return [characters.slice(0, middle), characters.slice(middle)].flatMap((half) => halves(half.join("")))
}

/** Joins whole lines into pieces, each as long as a unit's content may be. */
const piecesOf = (lines: ReadonlyArray<string>): ReadonlyArray<string> => {
  const pieces: Array<string> = []
  for (const line of lines.flatMap(halves)) {
    const more = `${pieces.at(-1) ?? ""}\n${line}`
    if (pieces.length > 0 && fits(more)) pieces[pieces.length - 1] = more
    else pieces.push(line)
  }
  return pieces.map((piece) => piece.replace(/^\s*\n/, "").trimEnd()).filter((piece) => /[\p{L}\p{N}]/u.test(piece))
}

/** Header that Claude Code writes before a note: its name and description. */
const FRONTMATTER = /^---\n([\s\S]{0,4000}?)\n---(?:\n|$)/

const valueIn = (frontmatter: string, key: string): string | undefined =>
  new RegExp(`^${key}:[ \\t]*(.+)$`, "m").exec(frontmatter)?.[1]?.trim().replace(/^(["'])(.*)\1$/, "$2")

const MAX_TITLE = 200

const titleOf = (parts: ReadonlyArray<string>): string => {
  const title = parts.filter((part, i) => part !== "" && part !== parts[i - 1]).join(": ").replace(/\s+/g, " ")
  return title.length <= MAX_TITLE ? title : `${title.slice(0, MAX_TITLE - 1).replace(/[\ud800-\udbff]$/, "")}…`
}

/** Makes one unit of each section, several of a long one. `folder` is their origin: a new set replaces them all. */
export const unitsOf = (
  notes: ReadonlyArray<Note>,
  folder: string,
  projectId: string,
  now: number
): ReadonlyArray<MemoryUnit> => {
  const units = new Map<string, MemoryUnit>()
  for (const { modifiedAt, name, path, text } of notes) {
    const whole = text.replace(/\r\n?/g, "\n").replace(/^\ufeff/, "")
    const frontmatter = FRONTMATTER.exec(whole)
    const body = frontmatter === null ? whole : whole.slice(frontmatter[0].length)
    const called = valueIn(frontmatter?.[1] ?? "", "name") ?? name.replace(/\.md$/i, "")
    const about = valueIn(frontmatter?.[1] ?? "", "description")
    const sections = sectionsOf(about === undefined ? body : `${about}\n\n${body}`)
    for (const section of sections) {
      const title = titleOf([called, ...section.path])
      for (const content of piecesOf(section.lines)) {
        const id = idOf("unit", "note", path, title, content)
        if (units.has(id)) continue
        units.set(id, {
          id,
          projectId,
          sessionId: notesSession(path),
          origin: folder,
          position: units.size,
          type: "documentation",
          title,
          summary: "",
          content,
          keywords: [],
          files: [path],
          passages: [],
          also: [],
          quality: 1,
          tokens: Tokens.estimate(content),
          occurredAt: modifiedAt,
          createdAt: now,
          expiresAt: null,
          supersededBy: null,
          pinned: false,
          active: true
        })
      }
    }
  }
  return [...units.values()]
}
