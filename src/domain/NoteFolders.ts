/**
 * Finds Claude Code's own memory of a project, and reads of it what Claude Code shows Claude when a session begins.
 * Without Effect, since the hook's entry reads it too.
 */
import { basename, dirname, join, sep } from "node:path"
import type { MemoryUnit } from "./MemoryUnit.ts"
import { type Asking, locate, type Place, rootsIn } from "./ProjectFiles.ts"

/** File of a notes folder that Claude Code loads whenever a session begins. */
export const INDEX = "MEMORY.md"
/** Characters of it that Claude Code shows Claude. */
const INDEX_CHARS = 25_000

/** Longest name of a folder that Claude Code makes of a path as it is; it cuts a longer one, and adds a hash of its own. */
const LONGEST_NAME = 200

/** Returns Claude Code's folders for a project's root: one, or none where its name has a hash. */
const foldersOf = (projects: string, root: string): ReadonlyArray<string> => {
  const name = root.replace(/[^A-Za-z0-9]/g, "-")
  return name.length > LONGEST_NAME ? [] : [join(projects, name)]
}

/** Windows does not tell folders apart by their case, and Claude Code writes a drive's letter as it was typed. */
const isSame = (one: string, other: string): boolean =>
  one === other || sep === "\\" && one.toLowerCase() === other.toLowerCase()

/** Returns the folders of notes that a session has: that of the place by which Claude Code names its project, and the transcript's own. */
const noteFolders = (transcript: string, place: Place): ReadonlyArray<string> => {
  const { root } = rootsIn(place)
  const own = dirname(transcript)
  return [...foldersOf(dirname(own), root).filter((folder) => !isSame(folder, own)), own].map((folder) =>
    join(folder, "memory")
  )
}

/** Returns the folders that may hold the notes of a transcript's project: the repository's and the transcript's own. */
export function* ownFolders(transcript: string, cwd: string): Asking<ReadonlyArray<string>> {
  const place = yield* locate(cwd)
  // What is noted in a home folder's repository is not what is known of each folder below.
  return noteFolders(transcript, { ...place, around: place.repository })
}

export interface NotesInContext {
  readonly text: string
  readonly files: ReadonlyArray<string>
}

/** Reads the notes that Claude has in its context; empty without a transcript's path. */
export function* notesInContext(transcript: string | undefined, cwd: string): Asking<NotesInContext> {
  if (transcript === undefined) return { text: "", files: [] }
  const own = dirname(transcript)
  // Resolves links like capture, but in the parent folder: the project's own folder may not exist yet.
  const projects = (yield { of: "realPath", path: dirname(own) }) ?? dirname(own)
  const folders = noteFolders(join(projects, basename(own), basename(transcript)), yield* locate(cwd))
  const files = folders.map((folder) => join(folder, INDEX))
  const texts: Array<string> = []
  for (const path of files) texts.push(((yield { of: "read", path }) ?? "").slice(0, INDEX_CHARS))
  return { text: texts.join("\n"), files }
}

/** Returns the session that stands for a file of notes in its units. */
export const notesSession = (path: string) => `notes:${path}`

/** Tests whether a unit was made from one of these files. */
export const isFromFiles = (files: ReadonlyArray<string>) => ({ sessionId }: MemoryUnit): boolean =>
  files.some((file) => sessionId === notesSession(file))
