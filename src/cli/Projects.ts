/**
 * Lists the projects; merges, splits, renames, excludes and includes them.
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as App from "../App.ts"
import type { KnownProject } from "../domain/Project.ts"
import { advice, quoted } from "../process/Advice.ts"
import { Unsuccessful, writeStderr } from "../process/Process.ts"
import { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import { findGone, questionsOf, questionText } from "./GoneFolders.ts"
import { answer, joined, json, number, table } from "./Output.ts"
import { textArgument } from "./Scope.ts"

const ACTIONS = ["list", "merge", "split", "different", "rename", "exclude", "include"] as const
type Action = typeof ACTIONS[number]

/** Arguments of each action, under the names that the usage shows; `…` after the one that may be several. */
const ARGUMENTS: Readonly<Record<Action, ReadonlyArray<string>>> = {
  list: [],
  merge: ["FROM…", "INTO"],
  split: ["PROJECT…"],
  different: ["PROJECT…", "PROJECT"],
  rename: ["PROJECT", "NAME"],
  exclude: ["PROJECT"],
  include: ["PROJECT"]
}

const action = Args.choice(
  Arr.map(ACTIONS, (name): [string, Action] => [name, name]),
  { name: "action" }
).pipe(
  Args.withDescription(
    "list: them all. merge FROM… INTO: gives what is remembered of one or several to another, now and from now on. " +
      "split PROJECT…: undoes that. different PROJECT… PROJECT: says that they are not one, though they look alike. " +
      "rename PROJECT NAME: calls it otherwise. exclude PROJECT: reads its transcripts no more, and tells nobody of it who did not ask. " +
      "include PROJECT: undoes that"
  ),
  Args.withDefault("list" as const)
)
const names = textArgument("project").pipe(
  Args.withDescription("Its name, its id, or a folder of it"),
  Args.repeated
)

const noteOf = ({ isExcluded, merged }: KnownProject, isGone: boolean): string =>
  [
    ...(isExcluded ? ["excluded"] : []),
    ...(isGone ? ["its folder is gone"] : []),
    ...(merged.length === 0 ? [] : [`with ${merged.map(({ root }) => root).join(", ")}`])
  ].join("; ")

const list = (isJson: boolean) =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    const projects = yield* memory.projects.list
    const gone = new Set<KnownProject>(yield* findGone(projects))
    const alike = questionsOf(yield* memory.projects.recognize, projects)
    yield* answer(isJson, { projects, alike }, () =>
      projects.length === 0
        ? "Nothing is remembered of any project yet."
        : [
          ...table([
            ["project", "memories", "folder", ""],
            ...projects.map((project) => [
              project.name,
              number(project.units).padStart(8),
              project.root,
              noteOf(project, gone.has(project))
            ])
          ]).map((row) => row.trimEnd()),
          ...alike.flatMap((question) => ["", advice(questionText(question))])
        ].join("\n"))
  })

const change = (action: Exclude<Action, "list">, names: ReadonlyArray<string>, isJson: boolean) =>
  Effect.gen(function*() {
    const { projects } = yield* ClaudeMemory
    const [first = "", second = ""] = names
    switch (action) {
      case "merge": {
        const others = names.slice(0, -1)
        const project = yield* projects.merge(others, names.at(-1)!)
        return yield* answer(
          isJson,
          { project },
          () =>
            `What is remembered of ${joined(others)} is ${project.name}'s now. ` +
            advice(`\`claude-memory projects split ${others.map(quoted).join(" ")}\` undoes that.`)
        )
      }
      case "split": {
        const split = yield* projects.split(names)
        return yield* answer(isJson, { split }, () =>
          [
            ...split.map(({ into, project }) =>
              `${project.name} (${project.root}) is a project of its own again, no part of ${into.name}.`
            ),
            `${
              split.length === 1 ? "It has" : "Each has"
            } what the sessions in its folder left, also since the merge; ` +
            "what was saved since stays. It is merged again only when you say so."
          ].join("\n"))
      }
      case "different": {
        const different = yield* projects.setDifferent(names)
        return yield* answer(
          isJson,
          { different },
          () => `${joined(different.map(({ name }) => name))} stay projects of their own; nobody asks about them again.`
        )
      }
      case "rename": {
        const project = yield* projects.rename(first, second)
        return yield* answer(isJson, { project }, () => `${first} is called ${project.name} now.`)
      }
      case "exclude": {
        const project = yield* projects.exclude(first, true)
        return yield* answer(isJson, { project: { ...project, isExcluded: true } }, () =>
          [
            `${project.name} is excluded: its transcripts are not read, and its memories are not put in front of Claude.`,
            "What is remembered of it stays until it is forgotten; " +
            advice(`\`claude-memory projects include ${first}\` reads what came meanwhile.`)
          ].join("\n"))
      }
      case "include": {
        const project = yield* projects.exclude(first, false)
        return yield* answer(
          isJson,
          { project: { ...project, isExcluded: false } },
          () => advice(`${project.name} is not excluded; the next \`claude-memory import\` reads what came meanwhile.`)
        )
      }
    }
  })

export const options = { json }

export const command = Command.make(
  "projects",
  { action, names, ...options },
  ({ action, json, names }) =>
    Effect.gen(function*() {
      const expected = ARGUMENTS[action]
      const takesMore = expected.some((name) => name.endsWith("…"))
      if (names.length < expected.length || !takesMore && names.length > expected.length) {
        const usage = `\`${["claude-memory projects", action, ...expected].join(" ")}\``
        yield* writeStderr(
          `${action} takes ${expected.length === 0 ? "nothing more" : expected.join(" and ")}: ${usage}\n`
        )
        return yield* Effect.fail(new Unsuccessful())
      }
      return yield* action === "list"
        ? App.provide(App.reader)(list(json))
        : App.provide(App.service("projects"))(change(action, names, json))
    })
).pipe(Command.withDescription("List the projects; merge, split, rename or exclude them"))
