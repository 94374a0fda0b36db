/**
 * Finds the repositories of known projects that are on this machine, with their worktrees and branches, in git's own
 * files.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { basename, dirname, join, normalize, resolve } from "node:path"
import { matchesIn } from "../domain/Matches.ts"
import * as Project from "../domain/Project.ts"
import { locate, type Repository } from "../domain/ProjectFiles.ts"
import { isWithin } from "../domain/Worktrees.ts"

/** A project of which it is known that it is a repository's. */
export interface RepositoryProject {
  readonly project: Project.KnownProject
  readonly names: ReadonlyArray<string>
  /** Its clones that are there; may be empty when the project goes by a remote. */
  readonly repositories: ReadonlyArray<Repository>
  /** Folders of the clones. */
  readonly folders: ReadonlyArray<string>
}

export const exists = (path: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.orElseSucceed(fs.exists(path), () => false))

const read = (path: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.orElseSucceed(fs.readFileString(path), () => ""))

const list = (path: string, recursive = false) =>
  Effect.flatMap(
    FileSystem.FileSystem,
    (fs) => Effect.orElseSucceed(fs.readDirectory(path, { recursive }), (): ReadonlyArray<string> => [])
  )

/** Returns the project with its repositories, found by the folders of its sessions; nothing when it is no repository's. */
export const repositoryProject = (project: Project.KnownProject, cwds: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const ids = Project.idsOf(project)
    const found = new Map<string, Repository>()
    const worktrees: Array<string> = []
    for (const folder of new Set([project.root, ...project.merged.map(({ root }) => root), ...cwds])) {
      if (worktrees.some((worktree) => isWithin(folder, worktree)) || !(yield* exists(folder))) continue
      const place = yield* Project.answering(locate(folder))
      const { repository } = place
      if (repository === undefined || !ids.includes((yield* Project.at(place)).id)) continue
      worktrees.push(repository.directory)
      found.set(repository.common, repository)
    }
    const repositories = [...found.values()]
    const isRemote = [project, ...project.merged].some(({ key }) => key.startsWith("remote:"))
    if (repositories.length === 0 && !isRemote) return []
    const folders = repositories.map(({ root }) => root)
    const names = [project.name, basename(project.key), ...folders.map((folder) => basename(folder, ".git"))]
    return [{ project, names: [...new Set(names)], repositories, folders } satisfies RepositoryProject]
  })

/** Returns the folders of a repository's worktrees as git lists them, those that are gone too. */
const worktreesOf = ({ common }: Repository) =>
  Effect.gen(function*() {
    const folder = join(common, "worktrees")
    const names = yield* list(folder)
    const pointers = yield* Effect.forEach(names, (name) => read(join(folder, name, "gitdir")))
    return pointers.flatMap((text, i) =>
      text.trim() === "" ? [] : [normalize(dirname(resolve(folder, names[i]!, text.trim())))]
    )
  })

/** Returns the projects of the worktrees that git lists, by the worktree's folder. */
export const listedWorktrees = (projects: ReadonlyArray<RepositoryProject>) =>
  Effect.map(
    Effect.forEach(projects, (project) =>
      Effect.map(
        Effect.forEach(project.repositories, worktreesOf),
        (folders) => folders.flat().map((folder) => [folder, project] as const)
      )),
    (entries): ReadonlyMap<string, RepositoryProject> => new Map(entries.flat())
  )

const branchesOf = ({ common }: Repository) =>
  Effect.gen(function*() {
    const packed = yield* read(join(common, "packed-refs"))
    const loose = yield* Effect.forEach(["heads", "remotes/origin"], (kind) => list(join(common, "refs", kind), true))
    return [
      ...loose.flat().map((name) => name.replaceAll("\\", "/")),
      ...[...matchesIn(packed, / refs\/(?:heads|remotes\/origin)\/(.+)$/gm)].map(([, name]) => name!)
    ]
  })

/** Returns the names of the branches of each project's repositories, and of their remote. */
export const branchesIn = (projects: ReadonlyArray<RepositoryProject>) =>
  Effect.map(
    Effect.forEach(projects, (project) =>
      Effect.map(
        Effect.forEach(project.repositories, branchesOf),
        (branches) => [project, new Set(branches.flat())] as const
      )),
    (entries): ReadonlyMap<RepositoryProject, ReadonlySet<string>> => new Map(entries)
  )
