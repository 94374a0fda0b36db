/**
 * Tests units by a search's filter. Pure, and without Effect, since the hook's entry searches too.
 */
import type { MemoryUnit } from "./MemoryUnit.ts"
import { savedBy } from "./SavedBy.ts"
import type { InContext, SearchFilter } from "./Search.ts"

/** Returns a path without the folder that one stands in: memories name files without it. */
export const withoutHere = (path: string): string => path.replace(/^(?:\.[/\\]+)+(?=.)/u, "")

/** Returns the ends of paths of which a unit must have one; of none, any unit passes. */
export const wantedFiles = ({ files = [] }: Pick<SearchFilter, "files">): ReadonlyArray<string> =>
  files.map(withoutHere)

const endsWithPath = (file: string, wanted: string) =>
  file === wanted || file.endsWith(`/${wanted}`) || file.endsWith(`\\${wanted}`)

/** False for each inactive unit. A file matches by its whole path, or by the end of it after a separator. */
export const passes = (unit: MemoryUnit, filter: SearchFilter): boolean => {
  const wanted = wantedFiles(filter)
  return unit.active &&
    (filter.projects === "all" || filter.projects.includes(unit.projectId)) &&
    (filter.sessions === undefined || filter.sessions.includes(unit.sessionId)) &&
    (filter.types === undefined || filter.types.includes(unit.type)) &&
    (filter.since === undefined || unit.occurredAt >= filter.since) &&
    (filter.until === undefined || unit.occurredAt <= filter.until) &&
    (filter.isPinned !== true || unit.pinned) &&
    (filter.isSaved !== true || savedBy(unit) !== undefined) &&
    (wanted.length === 0 || wanted.some((path) => unit.files.some((file) => endsWithPath(file, path))))
}

export const isInContext = (
  { occurredAt, sessionId }: MemoryUnit,
  inContext: ReadonlyArray<InContext> | undefined
): boolean =>
  inContext?.some((context) =>
    sessionId === context.sessionId && occurredAt >= context.since && occurredAt <= (context.until ?? Infinity)
  ) === true
