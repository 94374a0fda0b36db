/**
 * Recognizes the projects of folders that are gone: mostly worktrees that were removed before their transcripts were
 * read, and so could not be resolved to their repository.
 *
 * A folder is surely a repository's
 * - when the repository still has an entry for it (`.git/worktrees/NAME/gitdir`, until `git worktree prune`),
 * - when an earlier session in the very same folder, or in one around it that is gone too, was captured while it was
 *   there, and was the repository's, or
 * - when a message of a session in the repository holds a `git worktree add` or `remove` with its path, unless the path
 *   looks more like another repository's.
 *
 * The projects of such folders are merged into the repository's. Of others that lay inside a repository, or only look like
 * worktrees of one, by the usual names and places or by a branch that only this repository has, a person is asked.
 *
 * A folder that is there may belong to another project by now. Its project is merged into that one when its own repository,
 * which lies in the very folder, got a remote, or the same at another owner or host. The folder must be the one that
 * the memories are from, and no other project may come together with it. Otherwise a person is asked: its repository may
 * have been made around it, or be another one. One that is excluded stays so by its folder; what its own repository is called
 * by now is excluded with it.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { homedir } from "node:os"
import { basename, dirname, isAbsolute, join, relative } from "node:path"
import * as Project from "../domain/Project.ts"
import { locate } from "../domain/ProjectFiles.ts"
import { isTelling, isWithin, likeness, meant, type Named, namedIn, NAMING } from "../domain/Worktrees.ts"
import { MemoryStore, type ProjectTraces } from "../store/MemoryStore.ts"
import { branchesIn, exists, listedWorktrees, type RepositoryProject, repositoryProject } from "./Repositories.ts"

/** A project of a folder, and the project of the repository that it belongs to. */
export interface Pair {
  readonly from: Project.KnownProject
  readonly into: Project.Project
}

/** A pair of which a person is asked. */
export interface Doubt extends Pair {
  /** True where the folder is gone, and only looks like a part of the repository. */
  readonly isGone: boolean
}

/** Projects of folders that belong to a repository. */
export interface Recognized {
  readonly sure: ReadonlyArray<Pair>
  /** Those that belong to another project by now, which need not have their memories, or that look like parts of one. */
  readonly alike: ReadonlyArray<Doubt>
}

/** Messages read at a time. */
const PAGE = 200

/** A folder that is gone. */
interface Gone {
  readonly project: Project.KnownProject
  /** Its path as captured, and by the real path of what is left around it. */
  readonly paths: ReadonlyArray<string>
  /** The folder, and those around it that are gone too. */
  readonly around: ReadonlyArray<string>
  /** Projects of repositories that it may be a part of: those of which nobody said that they are different. */
  readonly candidates: ReadonlyArray<RepositoryProject>
}

/** Finds the projects that go by the path of a folder that is gone. */
const findGone = (known: ReadonlyArray<Project.KnownProject>) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const gone: Array<Omit<Gone, "candidates">> = []
    for (const project of known) {
      if (project.isExcluded || !project.key.startsWith("path:")) continue
      // No folder of another system's is around this one here.
      if (!isAbsolute(project.root)) {
        gone.push({ project, paths: [project.root], around: [project.root] })
        continue
      }
      const around: Array<string> = []
      let left = project.root
      while (dirname(left) !== left && !(yield* exists(left))) {
        around.push(left)
        left = dirname(left)
      }
      if (around.length === 0) continue
      const real = yield* Effect.orElseSucceed(fs.realPath(left), () => left)
      const paths = [...new Set([project.root, join(real, relative(left, project.root))])]
      gone.push({ project, paths, around })
    }
    return gone
  })

/** A project whose folder is there and belongs to another project by now. */
interface Moved {
  readonly from: Project.KnownProject
  readonly into: Project.KnownProject
  /** True where the other project goes by a repository in the very folder. */
  readonly isOwn: boolean
}

/** Finds projects whose folder is there and belongs to another project by now. */
const findMoved = (known: ReadonlyArray<Project.KnownProject>) =>
  Effect.gen(function*() {
    const find = Project.finderOf(known)
    const moved: Array<Moved> = []
    for (const from of known) {
      if (!isAbsolute(from.root) || !(yield* exists(from.root))) continue
      const place = yield* Project.answering(locate(from.root))
      const now = yield* Project.at(place)
      const there = find(now.id)
      const into = there ?? { ...now, isExcluded: false, merged: [] }
      if (into.id === from.id || into.isExcluded) continue
      const isSame = from.key.startsWith("path:") ||
        now.key.startsWith("remote:") && basename(now.key).toLowerCase() === basename(from.key).toLowerCase()
      const isOwn = isSame && place.repository?.directory === place.start
      // Other folders may be that project's, too, which nobody excluded.
      if (from.isExcluded && !(isOwn && there === undefined && now.root === from.root)) continue
      moved.push({ from, into, isOwn })
    }
    return moved
  })

/** Tests whether a folder has been there since the oldest of its project's memory was written: else it is another of the same path. */
const isStill = ({ id, root }: Project.Project) =>
  Effect.gen(function*() {
    const oldest = yield* Effect.flatMap(MemoryStore, (store) => store.oldestSource(id))
    if (oldest === undefined) return true
    const fs = yield* FileSystem.FileSystem
    const info = yield* Effect.option(fs.stat(root))
    const made = Option.getOrUndefined(Option.flatMap(info, ({ birthtime }) => birthtime))?.getTime() ?? 0
    // Some file systems don't record it.
    return made > 0 && made <= oldest
  })

/** Tells those of them that may be merged from those of which a person is asked. */
const judged = (moved: ReadonlyArray<Moved>) =>
  Effect.gen(function*() {
    const sure: Array<Pair> = []
    const alike: Array<Doubt> = []
    for (const { from, into, isOwn } of moved) {
      const isAlone = moved.every((other) => other.from === from || other.into.id !== into.id)
      const isSure = from.isExcluded || isOwn && isAlone && (yield* isStill(from))
      if (isSure) sure.push({ from, into })
      else alike.push({ from, into, isGone: false })
    }
    return { sure, alike }
  })

/** Returns the one candidate to which a test gives the highest number above 0; none when two share it. */
const best = (candidates: ReadonlyArray<RepositoryProject>, of: (candidate: RepositoryProject) => number) => {
  const rated = candidates.map((candidate) => [candidate, of(candidate)] as const).sort(([, a], [, b]) => b - a)
  const [first, second] = rated
  return first === undefined || first[1] === 0 || first[1] === second?.[1] ? undefined : first[0]
}

const likest = ({ around }: Gone, candidates: ReadonlyArray<RepositoryProject>) =>
  best(candidates, (candidate) => Math.max(...around.map((folder) => likeness(folder, candidate))))

/** Makes a function that finds the candidate of a project, which may be merged into the candidate's. */
const candidateIn = (known: ReadonlyArray<Project.KnownProject>) => {
  const find = Project.finderOf(known)
  return (candidates: Gone["candidates"], id: string) => {
    const owner = find(id)?.id
    return candidates.find(({ project }) => project.id === owner)
  }
}

/** Recognizes a folder by git's entries and by earlier sessions. */
const byPlace = (
  known: ReadonlyArray<Project.KnownProject>,
  { sessions }: ProjectTraces,
  worktrees: ReadonlyMap<string, RepositoryProject>
) => {
  const candidateOf = candidateIn(known)
  return ({ around, candidates, paths }: Gone) => {
    for (const [folder, candidate] of worktrees) {
      if (candidates.includes(candidate) && paths.some((path) => isWithin(path, folder))) return candidate
    }
    const earlier = sessions.filter(({ cwd }) => around.includes(cwd)).map(({ projectId }) => projectId)
    const owners = new Set(earlier.map((id) => candidateOf(candidates, id)).filter((found) => found !== undefined))
    return owners.size === 1 ? [...owners][0] : undefined
  }
}

/**
 * Recognizes folders by commands in captured messages, which are searched from the position on up to which they were
 * searched for these folders; also returns the position that was reached.
 */
const byCommands = (
  known: ReadonlyArray<Project.KnownProject>,
  { searched }: ProjectTraces,
  all: ReadonlyArray<RepositoryProject>,
  gone: ReadonlyArray<Gone>
) =>
  Effect.gen(function*() {
    const store = yield* MemoryStore
    const home = homedir()
    const candidateOf = candidateIn(known)
    const found = new Map<Gone, RepositoryProject>()
    const doubtful = new Set<Gone>()

    const note = ({ from, path }: Named, cwd: string, projectId: string) =>
      Effect.gen(function*() {
        const at = from === undefined ? cwd : meant(from, cwd, home)
        const candidate = candidateOf(all, from === undefined ? projectId : (yield* Project.resolve(at)).id)
        if (candidate === undefined) return
        const folders = from === undefined ? [cwd, ...candidate.folders] : [at]
        const named = folders.map((folder) => meant(path, folder, home))
        for (const each of gone) {
          if (!each.paths.some((one) => named.some((folder) => isWithin(one, folder)))) continue
          const other: RepositoryProject = found.get(each) ?? likest(each, all) ?? candidate
          if (other === candidate) found.set(each, candidate)
          else doubtful.add(each)
        }
      })

    let end = Math.min(...gone.map(({ project }) => searched.get(project.id) ?? 0))
    for (let isLast = false; !isLast;) {
      const page = yield* store.messagesHolding(NAMING, end, PAGE)
      isLast = page.messages.length < PAGE
      end = page.end
      const sessions = yield* store.sessions([...new Set(page.messages.map(({ sessionId }) => sessionId))])
      for (const { blocks, sessionId } of page.messages) {
        const session = sessions.get(sessionId)
        if (session === undefined) continue
        for (const named of blocks.flatMap(({ text }) => namedIn(text))) {
          yield* note(named, session.cwd, session.projectId)
        }
      }
    }
    const sureOf = (each: Gone) => doubtful.has(each) ? undefined : found.get(each)
    return { end, candidateOf: (each: Gone) => each.candidates.find((candidate) => candidate === sureOf(each)) }
  })

/** Returns what folders look like parts of: the repository around them, else by their paths or by the branches of their sessions. */
const byLikeness = (
  known: ReadonlyArray<Project.KnownProject>,
  { sessions }: ProjectTraces,
  gone: ReadonlyArray<Gone>
) =>
  Effect.gen(function*() {
    const candidateOf = candidateIn(known)
    const included = (each: Gone) => each.candidates.filter(({ project }) => !project.isExcluded)
    const likely = yield* Effect.forEach(gone, (each) =>
      Effect.map(
        Project.resolve(each.project.root),
        ({ id }) => candidateOf(included(each), id) ?? likest(each, included(each))
      ))
    const telling = gone.map(({ project }, i) => {
      const ids = likely[i] === undefined ? Project.idsOf(project) : []
      return sessions.flatMap(({ branch, projectId }) =>
        ids.includes(projectId) && branch !== null && isTelling(branch) ? [branch] : []
      )
    })
    const asked = telling.every((names) => names.length === 0) ? [] : gone.flatMap(included)
    const branches = yield* branchesIn([...new Set(asked)])
    return gone.map((each, i) =>
      likely[i] ??
        best(included(each), (candidate) =>
          new Set(telling[i]!.filter((name) => branches.get(candidate)?.has(name))).size)
    )
  })

const pairsOf = (gone: ReadonlyArray<Gone>, into: ReadonlyArray<RepositoryProject | undefined>): ReadonlyArray<Pair> =>
  gone.flatMap(({ project }, i) => into[i] === undefined ? [] : [{ from: project, into: into[i].project }])

const NONE = { alike: [] as ReadonlyArray<Doubt>, sure: [] as ReadonlyArray<Pair>, searched: undefined }

/** Recognizes projects; `searched` is the position in the messages that was reached, and for which projects. */
const recognizeAll = Effect.gen(function*() {
  const store = yield* MemoryStore
  const known = yield* store.projects
  const [found, moved] = [yield* findGone(known), yield* findMoved(known)]
  if (found.length === 0 && moved.length === 0) return NONE
  const traces = yield* store.traces
  const areDifferent = Project.differing(traces.different)
  const there = yield* judged(moved.filter(({ from, into }) => !areDifferent(from, into)))
  if (found.length === 0) return { ...NONE, ...there }
  const cwdsOf = (project: Project.KnownProject) => {
    const ids = Project.idsOf(project)
    return traces.sessions.filter(({ projectId }) => ids.includes(projectId)).map(({ cwd }) => cwd)
  }
  const missing = new Set(found.map(({ project }) => project))
  const all = (yield* Effect.forEach(
    known.filter((project) => !missing.has(project)),
    (project) => repositoryProject(project, cwdsOf(project))
  )).flat()
  if (all.length === 0) return { ...NONE, ...there }
  const gone = found.map((each): Gone => ({
    ...each,
    candidates: all.filter(({ project }) => !areDifferent(each.project, project))
  }))

  const placed = gone.map(byPlace(known, traces, yield* listedWorktrees(all)))
  const surely = [...there.sure, ...pairsOf(gone, placed)]
  const unplaced = gone.filter((_, i) => placed[i] === undefined)
  if (unplaced.length === 0) return { ...NONE, alike: there.alike, sure: surely }
  const { candidateOf, end } = yield* byCommands(known, traces, all, unplaced)
  const named = unplaced.map(candidateOf)
  const unsure = unplaced.filter((_, i) => named[i] === undefined)
  return {
    sure: [...surely, ...pairsOf(unplaced, named)],
    alike: [
      ...there.alike,
      ...pairsOf(unsure, yield* byLikeness(known, traces, unsure)).map((pair): Doubt => ({ ...pair, isGone: true }))
    ],
    searched: { end, ids: unplaced.map(({ project }) => project.id) }
  }
})

/** Recognizes the projects of folders that belong to others; changes nothing. */
export const recognize = Effect.map(recognizeAll, ({ alike, sure }): Recognized => ({ alike, sure }))

/** Finds the projects as which folders of earlier versions' projects resolve today, and what these are to be merged into. */
const findToday = (known: ReadonlyArray<Project.KnownProject>) => {
  const find = Project.finderOf(known)
  return known.flatMap((into) =>
    [into, ...into.merged].flatMap((each) => {
      const now = Project.today(each)
      const from = find(now.id) ?? { ...now, isExcluded: false, merged: [] }
      return now.id === each.id || from.id === into.id ? [] : [{ from, into }]
    })
  )
}

/**
 * Merges projects into others, but for what a person told apart, also by what those before have merged; who has excluded one has meant
 * both. Returns those that are not told apart.
 */
const mergeAll = (pairs: ReadonlyArray<Pair>) =>
  Effect.gen(function*() {
    if (pairs.length === 0) return pairs
    const store = yield* MemoryStore
    const areDifferent = Project.differing((yield* store.traces).different)
    const known = new Map<string, Project.KnownProject>()
    const note = (project: Project.KnownProject) => Project.idsOf(project).forEach((id) => known.set(id, project))
    for (const project of yield* store.projects) note(project)
    const meant: Array<Pair> = []
    for (const pair of pairs) {
      const from = known.get(pair.from.id) ?? pair.from
      const into = known.get(pair.into.id) ?? { ...pair.into, isExcluded: false, merged: [] }
      if (from.id !== into.id && areDifferent(from, into)) continue
      meant.push(pair)
      if (from.id === into.id) continue
      if (from.isExcluded) yield* store.excludeProject(into, true)
      yield* store.mergeProjects(from, into)
      note({ ...into, isExcluded: into.isExcluded || from.isExcluded, merged: [...into.merged, from, ...from.merged] })
    }
    return meant
  })

/** Merges those. */
const keepKeys = Effect.flatMap(
  Effect.flatMap(MemoryStore, (store) => store.projects),
  (known) => mergeAll(findToday(known))
)

/** Recognizes them, and merges those into their repositories' projects for which that is sure. */
export const attach = Effect.gen(function*() {
  yield* keepKeys
  const store = yield* MemoryStore
  const { alike, searched, sure } = yield* recognizeAll
  const merged = yield* mergeAll(sure)
  if (searched !== undefined) yield* store.setSearched(searched.ids, searched.end)
  return { alike, sure: merged } satisfies Recognized
})
