/**
 * Decides what is never captured. The settings exclude sessions in some folders, and the input and output of some
 * tools. Calls of our own tools are always left out: their results are in the memory already, or were deleted from it.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Message } from "../domain/Conversation.ts"
import { isOwnTool } from "../domain/Injection.ts"
import * as Project from "../domain/Project.ts"
import { locate, MAX_PATH, withDrive } from "../domain/ProjectFiles.ts"
import { identityOf } from "../resources/Disk.ts"
import { MemoryStore } from "../store/MemoryStore.ts"
import { askedOnce } from "./AskedOnce.ts"

/** Excludes nothing unless a layer is provided. */
export class Exclude extends Context.Reference<Exclude>()("claude-memory/Exclude", {
  defaultValue: (): {
    /** Absolute folders, each with all below it. */
    readonly paths: ReadonlyArray<string>
    /** Names of tools; a `*` at the end matches any rest. */
    readonly tools: ReadonlyArray<string>
  } => ({ paths: [], tools: [] })
}) {}

/** Reason recorded for a message that is skipped because all its blocks were of excluded tools. */
export const EXCLUDED_TOOL = "excluded tool"

/** Reason recorded for a message that is skipped because its session had moved to an excluded folder. */
export const EXCLUDED_FOLDER = "excluded folder"

/**
 * Tests whether calls of a tool are left out. An unknown tool (undefined) might be an excluded one, so it is left out
 * when any are excluded; otherwise it is kept, since it is hardly one of ours.
 */
export const isExcludedTool = (names: ReadonlyArray<string>) => (tool: string | undefined): boolean =>
  tool === undefined
    ? names.length > 0
    : isOwnTool(tool) ||
      names.some((name) => name.endsWith("*") ? tool.startsWith(name.slice(0, -1)) : tool === name)

/** Device and inode of a folder, which are the same however its path is written; some file systems give all files the inode 0. */
const identitiesOf = (folder: string): ReadonlyArray<string> => {
  try {
    const identity = identityOf(folder)
    return identity === undefined || identity.endsWith(" 0") ? [] : [identity]
  } catch {
    return []
  }
}

/** Keys of folders: their paths and identities. */
const keysOf = (folders: ReadonlyArray<string>) => [...folders, ...folders.flatMap(identitiesOf)]

/** Returns the normalized path, and the real path if there is one. */
const spellings = (folder: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    return [path.normalize(folder), ...Option.toArray(yield* Effect.option(fs.realPath(folder)))].map(withDrive)
  })

/** Makes a test of whether a folder is one of these or lies below one. */
export const isBelow = (paths: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const { dirname, isAbsolute } = yield* Path.Path
    // What is around another system's path here is the folder of this process.
    const upwards = (folder: string): ReadonlyArray<string> =>
      !isAbsolute(folder) || dirname(folder) === folder ? [folder] : [folder, ...upwards(dirname(folder))]
    const excluded = new Set(keysOf((yield* Effect.forEach(paths, spellings)).flat()))
    return (folder: string) =>
      excluded.size === 0
        ? Effect.succeed(false)
        : Effect.map(
          spellings(folder.slice(0, MAX_PATH)),
          (paths) => keysOf([...new Set(paths.flatMap(upwards))]).some((key) => excluded.has(key))
        )
  })

/** Makes a cached look-up of a folder's project: none when the folder or the project is excluded. */
export const makeProjectOf = askedOnce(Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const { paths } = yield* Exclude
  const store = yield* MemoryStore
  const isExcluded = yield* isBelow(paths)
  const known = yield* store.projects
  const projects = known.filter((project) => project.isExcluded).flatMap((project) =>
    [project, ...project.merged].map((each) => ({ project, each, today: Project.today(each) }))
  )
  const areDifferent = projects.some(({ each, today }) => today.id !== each.id)
    ? Project.differing((yield* store.traces).different)
    : () => false
  const find = Project.finderOf(known)
  const isOther = ({ project, today }: typeof projects[number]) => {
    const other = find(today.id)
    return other !== undefined && !other.isExcluded && areDifferent(project, other)
  }
  // A folder stays excluded also when its repository gets a remote, or one is made around it.
  const excluded = new Set(
    projects.flatMap((found) => isOther(found) ? [found.each] : [found.each, found.today])
      .flatMap(({ id, key, root }) => [id, key, `path:${root}`])
  )
  // Cached, because many sessions share a folder, and their folders lie beside one another.
  return yield* Effect.cachedFunction((folder: string) =>
    Effect.gen(function*() {
      if (yield* isExcluded(folder)) return Option.none<Project.Project>()
      const place = yield* Project.answering(locate(folder))
      return Option.liftPredicate(
        yield* Project.at(place),
        ({ id, root }) => ![id, `path:${root}`, `path:${place.start}`].some((key) => excluded.has(key))
      )
    }).pipe(Effect.provideService(FileSystem.FileSystem, fs))
  )
}))

export type ProjectOf = Effect.Effect.Success<typeof makeProjectOf>

/** Names of the called tools, by call id. */
export type Calls = ReadonlyMap<string, string>

export const callsIn = (messages: ReadonlyArray<Message>): Calls =>
  new Map(
    messages.flatMap(({ blocks }) =>
      blocks.flatMap(({ kind, tool, toolUseId }) =>
        kind === "tool_use" && tool !== undefined && toolUseId !== undefined ? [[toolUseId, tool] as const] : []
      )
    )
  )

/** Returns the messages with a tool result whose call is not known. */
const withUnknownCall = (messages: ReadonlyArray<Message>, calls: Calls) =>
  messages.filter(({ blocks }) =>
    blocks.some(({ kind, toolUseId }) => kind === "tool_result" && toolUseId !== undefined && !calls.has(toolUseId))
  )

/**
 * Most messages climbed from a result to its call. The calls of one API message are lines of their own, each the parent
 * of the next, and a result may hang below the last of them.
 */
const MAX_CLIMB = 32

/** Returns the calls that the messages make or answer. Finds a call of an earlier batch by climbing from its result. */
export const callsOf = <E, R>(
  messages: ReadonlyArray<Message>,
  read: (uuids: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<Message>, E, R>
): Effect.Effect<Calls, E, R> =>
  Effect.gen(function*() {
    const calls = new Map(callsIn(messages))
    const parents = new Map(messages.map(({ parentUuid, uuid }) => [uuid, parentUuid]))
    const known = new Set(parents.keys())
    let pending = withUnknownCall(messages, calls).map((message) => ({ message, at: message.parentUuid }))
    for (let step = 0; step < MAX_CLIMB && pending.length > 0; step++) {
      const wanted = [...new Set(pending.map(({ at }) => at))].filter((uuid) => uuid !== null && !known.has(uuid))
      const earlier = wanted.length === 0 ? [] : yield* read(wanted as ReadonlyArray<string>)
      for (const uuid of wanted) known.add(uuid!)
      for (const { parentUuid, uuid } of earlier) parents.set(uuid, parentUuid)
      for (const [id, tool] of callsIn(earlier)) calls.set(id, tool)
      pending = pending.filter(({ at, message }) =>
        at !== null && parents.has(at) && withUnknownCall([message], calls).length > 0
      )
        .map(({ at, message }) => ({ message, at: parents.get(at!)! }))
    }
    return calls
  })

/**
 * Removes the input and output of these tools, and the messages that are empty then. A call keeps its id and its tool's
 * name, so that its result, which names only the id, can still be matched in a later batch.
 */
export const withoutTools = (
  messages: ReadonlyArray<Message>,
  isExcluded: (tool: string | undefined) => boolean,
  calls: Calls
): ReadonlyArray<Message> =>
  messages.flatMap((message) => {
    const blocks = message.blocks.flatMap((block) => {
      if (block.kind === "tool_use" && block.tool !== undefined && isExcluded(block.tool)) {
        const { kind, tool, toolUseId } = block
        return [{ kind, text: tool, tool, ...(toolUseId !== undefined && { toolUseId }) }]
      }
      if (block.kind !== "tool_result" || block.toolUseId === undefined) return [block]
      return isExcluded(calls.get(block.toolUseId)) ? [] : [block]
    })
    return blocks.length === 0 && message.blocks.length > 0 ? [] : [{ ...message, blocks }]
  })
