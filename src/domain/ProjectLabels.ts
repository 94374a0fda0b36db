/**
 * Names projects so that no two of them look alike. Pure.
 */
import type { KnownProject, Project } from "./Project.ts"

type Named = Pick<Project, "id" | "name" | "root">

const foldersOf = (root: string): ReadonlyArray<string> => root.split(/[\\/]+/).filter((part) => part !== "")

/** Returns the last `count` folders of a root, with the name before them unless they end in it. */
const withFolders = ({ name, root }: Named, count: number): string => {
  const path = foldersOf(root).slice(-count).join("/")
  return path === name || path.endsWith(`/${name}`) ? path : path === "" ? name : `${name} (${path})`
}

const countsOf = (texts: ReadonlyArray<string>): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>()
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1)
  return counts
}

/** Returns for each of several projects of one name the fewest last folders that tell it from the others; all of them where none do. */
const toldApart = (projects: ReadonlyArray<Named>): ReadonlyArray<readonly [id: string, label: string]> => {
  const labels: Array<readonly [string, string]> = []
  let left = projects
  for (let count = 1; left.length > 0; count++) {
    const counts = countsOf(projects.map((project) => withFolders(project, count)))
    left = left.filter((project) => {
      const label = withFolders(project, count)
      const isLeft = count < foldersOf(project.root).length && counts.get(label) !== 1
      if (!isLeft) labels.push([project.id, label])
      return isLeft
    })
  }
  return labels
}

/**
 * Returns a label for each project, by its id: its name where only it has that, else with as much of its folder as tells it from the
 * others ("work/cli" and "play/cli"), and with the beginning of its id where their folders are one.
 */
export const labelsOf = (projects: ReadonlyArray<Named>): ReadonlyMap<string, string> => {
  const byName = new Map<string, Array<Named>>()
  for (const project of projects) {
    const known = byName.get(project.name)
    if (known === undefined) byName.set(project.name, [project])
    else known.push(project)
  }
  const labels = new Map(
    [...byName].flatMap(([name, all]) => all.length === 1 ? [[all[0]!.id, name] as const] : toldApart(all))
  )
  const counts = countsOf([...labels.values()])
  return new Map(projects.map(({ id }) => {
    const label = labels.get(id)!
    return [id, counts.get(label) === 1 ? label : `${label} (${id.slice(0, 8)})`]
  }))
}

/** Returns the name of each project by its id, those of merged ones too. */
export const namesOf = (projects: ReadonlyArray<KnownProject>): ReadonlyMap<string, string> =>
  new Map(projects.flatMap(({ id, merged, name }) => [
    [id, name] as const,
    ...merged.map((each) => [each.id, each.name] as const)
  ]))
