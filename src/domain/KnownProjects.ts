/**
 * Resolves the ids of requested projects. Pure, and without Effect, since the hook's entry resolves them too.
 */
import type { KnownProject } from "./Project.ts"

/** Returns a project's own id, and those of the projects merged into it. */
export const idsOf = ({ id, merged }: KnownProject): ReadonlyArray<string> => [id, ...merged.map((other) => other.id)]

/** Finds a project by its own id, or by that of a project merged into it. */
export const findById = (known: ReadonlyArray<KnownProject>, id: string): KnownProject | undefined =>
  known.find((project) => project.id === id || project.merged.some((other) => other.id === id))

/** Makes what `findById` does for many ids. */
export const finderOf = (known: ReadonlyArray<KnownProject>): (id: string) => KnownProject | undefined => {
  const byId = new Map(known.flatMap((project) => idsOf(project).map((id) => [id, project] as const)))
  return (id) => byId.get(id)
}

/** Makes a test of whether two projects have ids that a person told apart. */
export const differing = (different: ReadonlyArray<readonly [one: string, other: string]>) => {
  const partners = new Map<string, Array<string>>()
  for (const [a, b] of different) {
    for (const [one, other] of [[a, b], [b, a]] as const) {
      const known = partners.get(one)
      if (known === undefined) partners.set(one, [other])
      else known.push(other)
    }
  }
  return (one: KnownProject, other: KnownProject): boolean => {
    const apart = idsOf(one).flatMap((id) => partners.get(id) ?? [])
    if (apart.length === 0) return false
    const ids = new Set(idsOf(other))
    return apart.some((id) => ids.has(id))
  }
}

/** Returns the ids of the projects that are not excluded. */
export const includedIds = (known: ReadonlyArray<KnownProject>): ReadonlyArray<string> =>
  known.filter(({ isExcluded }) => !isExcluded).map(({ id }) => id)

/**
 * Resolves requested ids to those under which memories are stored. "all" means every project that is not excluded; an
 * excluded project must be named.
 */
export const resolveRequested = (
  known: ReadonlyArray<KnownProject>,
  projects: "all" | ReadonlyArray<string>
): "all" | ReadonlyArray<string> =>
  projects !== "all"
    ? [...new Set(projects.map((id) => findById(known, id)?.id ?? id))]
    : known.some(({ isExcluded }) => isExcluded)
    ? includedIds(known)
    : "all"

/** Resolves ids like `resolveRequested`, but leaves out excluded projects: for injections, which nobody requested. */
export const resolveForInjection = (
  known: ReadonlyArray<KnownProject>,
  projects: "all" | ReadonlyArray<string>
): "all" | ReadonlyArray<string> => {
  const ids = resolveRequested(known, projects)
  return ids === "all" ? ids : ids.filter((id) => findById(known, id)?.isExcluded !== true)
}
