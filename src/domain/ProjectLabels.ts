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

/** Returns the fewest last folders that tell a project from others of its name; all of them where none do. */
const tellingApart = (project: Named, others: ReadonlyArray<Named>): string => {
  const most = foldersOf(project.root).length
  for (let count = 1; count < most; count++) {
    const label = withFolders(project, count)
    if (others.every((other) => withFolders(other, count) !== label)) return label
  }
  return withFolders(project, most)
}

/**
 * Returns a label for each project, by its id: its name where only it has that, else with as much of its folder as tells it from the
 * others ("work/cli" and "play/cli"), and with the beginning of its id where their folders are one.
 */
export const labelsOf = (projects: ReadonlyArray<Named>): ReadonlyMap<string, string> => {
  const labels = projects.map((project) => {
    const others = projects.filter(({ id, name }) => name === project.name && id !== project.id)
    return { id: project.id, label: others.length === 0 ? project.name : tellingApart(project, others) }
  })
  const isAlone = (label: string) => labels.filter((other) => other.label === label).length === 1
  return new Map(labels.map(({ id, label }) => [id, isAlone(label) ? label : `${label} (${id.slice(0, 8)})`]))
}

/** Returns the name of each project by its id, those of merged ones too. */
export const namesOf = (projects: ReadonlyArray<KnownProject>): ReadonlyMap<string, string> =>
  new Map(projects.flatMap(({ id, merged, name }) => [
    [id, name] as const,
    ...merged.map((each) => [each.id, each.name] as const)
  ]))
