/**
 * Words what was recognized of folders that are gone or another project's, and the commands that answer.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import { isAbsolute } from "node:path"
import type { Pair, Recognized } from "../capture/Collector.ts"
import type { KnownProject, Project } from "../domain/Project.ts"
import { quoted } from "../process/Advice.ts"
import { joined } from "./Output.ts"

/** Projects that may be parts of another one, and what a person may answer. */
export interface Question {
  readonly from: ReadonlyArray<Project>
  readonly into: Project
  /** True where their folders are gone; else these belong to the other project by now. */
  readonly isGone: boolean
  /** Command that merges them all. */
  readonly merge: string
  /** Command after which nobody is asked about them again. */
  readonly different: string
}

/** Returns the shortest of a project's name, folder and id that means no other project. */
const wordFor = (known: ReadonlyArray<KnownProject>) => {
  const all = known.flatMap((project) => [project, ...project.merged])
  const meaning = (word: string) => all.filter(({ id, name, root }) => [id, name, root].includes(word))
  return ({ id, name, root }: Project): string =>
    // One of which nothing is remembered yet is known by its folder alone.
    meaning(id).length === 0
      ? quoted(root)
      : quoted([name, root].find((word) => meaning(word).length === 1 && !word.startsWith("-")) ?? id)
}

/** Groups pairs by the project that the others look like parts of. */
const grouped = (pairs: ReadonlyArray<Pair>) =>
  Object.values(Arr.groupBy(pairs, ({ into }) => into.id)).map((group) => ({
    into: group[0].into,
    from: group.map(({ from }) => from)
  }))

export const questionsOf = (
  { alike }: Pick<Recognized, "alike">,
  known: ReadonlyArray<KnownProject>
): ReadonlyArray<Question> =>
  [true, false].flatMap((isGone) =>
    grouped(alike.filter((each) => each.isGone === isGone)).map((group) => ({ ...group, isGone }))
  ).map(({ from, into, isGone }) => {
    const words = [...from, into].map(wordFor(known)).join(" ")
    return {
      from,
      into,
      isGone,
      merge: `claude-memory projects merge ${words}`,
      different: `claude-memory projects different ${words}`
    }
  })

const placeOf = ({ name, root }: Project) => `${name} (${root})`

/** Asks about projects in lines of their own. */
export const questionText = ({ different, from, into, isGone, merge }: Question): string =>
  [
    isGone
      ? from.length === 1
        ? `1 project looks like a part of ${placeOf(into)}, such as a worktree; its folder is gone:`
        : `${from.length} projects look like parts of ${placeOf(into)}, such as worktrees; their folders are gone:`
      : from.length === 1
      ? `The folder of ${from[0]!.name} is ${
        placeOf(into)
      } by now, which does not have what was remembered of it before:`
      : `The folders of ${from.length} projects are ${
        placeOf(into)
      } by now, which does not have what was remembered of ` +
        "them before:",
    ...from.map(({ root }) => `  ${root}`),
    `If ${from.length === 1 ? "it is" : "they are"}${isGone ? "" : " the same work"}, this makes them one project:`,
    `  ${merge}`,
    "If not, this keeps them apart, and you are not asked again:",
    `  ${different}`
  ].join("\n")

/** Asks about projects in one sentence. */
export const questionSentence = ({ different, from, into, isGone, merge }: Question): string =>
  `${joined(from.map(({ root }) => root))} ${
    isGone
      ? `${from.length === 1 ? "is gone and looks like a part" : "are gone and look like parts"} of ${placeOf(into)}`
      : `${from.length === 1 ? "is" : "are"} ${placeOf(into)} by now, which does not have what was remembered before`
  }: \`${merge}\` makes them one project, \`${different}\` keeps them apart`

/** Says which folders were recognized, and may be there or gone. */
export const attachedText = (pairs: ReadonlyArray<Pair>): string =>
  grouped(pairs).map(({ from, into }) =>
    [
      from.length === 1
        ? `1 folder belongs to ${placeOf(into)}; what is remembered of it is ${into.name}'s now:`
        : `${from.length} folders belong to ${placeOf(into)}; what is remembered of them is ${into.name}'s now:`,
      ...from.map(({ root }) => `  ${root}`),
      `\`claude-memory projects split ${quoted(from[0]!.root)}\` makes ${
        from.length === 1 ? "it" : "the first one"
      } a project of its own again.`
    ].join("\n")
  ).join("\n")

/** Finds the projects that go by the path of a folder that is gone: what is remembered of them is told nowhere. */
export const findGone = (known: ReadonlyArray<KnownProject>) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) =>
    Effect.filter(
      // A folder of another system may well be there.
      known.filter(({ isExcluded, key, root }) => !isExcluded && key.startsWith("path:") && isAbsolute(root)),
      ({ root }) => Effect.map(Effect.orElseSucceed(fs.exists(root), () => true), (isThere) => !isThere)
    ))

/** Folders that a sentence names. */
const MAX_NAMED = 3

/** Says which projects' folders are gone, and what to do where one was moved. */
export const goneSentence = (gone: ReadonlyArray<KnownProject>): string => {
  const rest = gone.length - MAX_NAMED
  const folders = gone.slice(0, MAX_NAMED).map(({ root }) => root)
  return `${joined(rest > 0 ? [...folders, `${rest} more`] : folders)} ${
    gone.length === 1 ? "is" : "are"
  } gone, and what is remembered of ${gone.length === 1 ? "it" : "them"} is told nowhere; where a folder was moved, ` +
    "`claude-memory projects merge OLD NEW` gives it to the new one, and where none is needed any more, `claude-memory projects exclude OLD` " +
    "ends this note"
}
