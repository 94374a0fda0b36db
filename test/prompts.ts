/**
 * Sessions and the prompts that are asked between them, of test/fixtures/speaking or of other files of the same form.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { join } from "node:path"
import { type InjectionMode, MAX_HOOK_CHARS } from "../src/domain/Injection.ts"
import type { Verdict } from "../src/domain/Verdict.ts"
import type { HookInput } from "../src/hook/Hook.ts"
import { ClaudeMemory } from "../src/serve/ClaudeMemory.ts"
import * as Settings from "../src/settings/Settings.ts"

export const Prompt = Schema.Struct({
  id: Schema.String,
  project: Schema.String,
  /** Null when the prompt was written for the file. */
  session: Schema.NullOr(Schema.String),
  uuid: Schema.optionalWith(Schema.NullOr(Schema.String), { default: () => null }),
  at: Schema.DateFromString,
  text: Schema.String,
  label: Schema.String,
  cross: Schema.optional(Schema.String),
  earlier: Schema.Array(Schema.Unknown),
  borderline: Schema.optionalWith(Schema.Boolean, { default: () => false })
})
export type Prompt = typeof Prompt.Type

const Session = Schema.Struct({
  file: Schema.String,
  session: Schema.String,
  start: Schema.DateFromString,
  cwds: Schema.NonEmptyArray(Schema.String)
})
type Session = typeof Session.Type

export const Projects = Schema.Record({ key: Schema.String, value: Schema.Array(Session) })

export interface Asked {
  readonly projects: typeof Projects.Type
  readonly prompts: ReadonlyArray<Prompt>
  readonly transcripts: string
  readonly mode: InjectionMode
}

/** The clock of that moment, for what is asked at it. */
const at = (time: Date) => <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.flatMap(Effect.clock, (clock) =>
    Effect.withClock(effect, {
      ...clock,
      sleep: (duration) => clock.sleep(duration),
      currentTimeMillis: Effect.succeed(time.getTime()),
      currentTimeNanos: Effect.succeed(BigInt(time.getTime()) * 1_000_000n),
      unsafeCurrentTimeMillis: () => time.getTime(),
      unsafeCurrentTimeNanos: () => BigInt(time.getTime()) * 1_000_000n,
      [Clock.ClockTypeId]: Clock.ClockTypeId
    }))

/** A memory that grows session by session, in which all folders of a project are one. */
export const makeMemory = ({ mode, projects, transcripts }: Omit<Asked, "prompts">) =>
  Effect.gen(function*() {
    const memory = yield* ClaudeMemory
    const path = yield* Path.Path
    /** By name, the folder of a project that the memory knows. */
    const folders = new Map<string, string>()

    const ingest = (file: string) =>
      Effect.flatMap(memory.discover([file]), (files) => Stream.runDrain(memory.ingest(files)))

    /** Reads a session from `file`, and merges its folders into the one that its project has already. */
    const add = (project: string, { cwds }: Session, file: string) =>
      Effect.gen(function*() {
        yield* ingest(file)
        const folder = folders.get(project) ?? cwds[0]
        folders.set(project, folder)
        const into = yield* memory.project(folder)
        for (const cwd of cwds) {
          const from = yield* memory.project(cwd)
          const known = yield* memory.projects.known
          if (from.id !== into.id && known.some(({ id }) => id === from.id)) {
            yield* memory.projects.merge([from.id], into.id)
          }
        }
      })

    const ask = (input: HookInput, time: Date) => at(time)(memory.hook(input, { mode, maxTokens: 800 }))
    const folderOf = (project: string) => folders.get(project) ?? projects[project]?.[0]?.cwds[0] ?? "/nowhere"
    return {
      add: (project: string, session: Session) => add(project, session, path.join(transcripts, session.file)),
      addFrom: add,
      /** What a prompt brings, in a session that nothing was told. */
      prompted: ({ at, id, text }: Prompt, project: string, session = `asked ${id} in ${project}`) =>
        ask({ hook_event_name: "UserPromptSubmit", session_id: session, cwd: folderOf(project), prompt: text }, at),
      /** How the prompt is judged. */
      judged: (prompt: string, project: string) =>
        Effect.gen(function*() {
          const { id } = yield* memory.project(folderOf(project))
          const request = { projects: [id], mode, maxTokens: 800, maxChars: MAX_HOOK_CHARS }
          return (yield* memory.inject({ ...request, prompt })).verdict
        }),
      /** What the start of the prompt's session brings. */
      started: ({ at, id, project }: Prompt) =>
        ask(
          {
            hook_event_name: "SessionStart",
            session_id: `asked ${id} in ${project}`,
            source: "startup",
            cwd: folderOf(project)
          },
          at
        )
    }
  })

/** Sessions with the prompts that are asked before each; prompts that were written stand between the sessions. */
export const inOrder = ({ prompts, projects }: Asked) => {
  const sessions = Object.entries(projects).flatMap(([project, all]) => all.map((session) => ({ project, session })))
    .sort((a, b) => a.session.start.getTime() - b.session.start.getTime())
  const known = new Set(sessions.map(({ session }) => session.session))
  const isOf = (prompt: Prompt, session: Session) => prompt.session === session.session
  const between = prompts.filter(({ session }) => session === null || !known.has(session))
  let from = Number.NEGATIVE_INFINITY
  return [
    ...sessions.map(({ project, session }) => {
      const to = session.start.getTime()
      const before = between.filter(({ at }) => at.getTime() >= from && at.getTime() < to)
      from = to
      return { project, session, before, own: prompts.filter((prompt) => isOf(prompt, session)) }
    }),
    { project: "", session: undefined, before: between.filter(({ at }) => at.getTime() >= from), own: [] }
  ]
}

/** Decodes the lines of a JSONL file, in order. */
export const linesIn = <A>(file: string, line: Schema.Schema<A, string>) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const lines = (yield* fs.readFileString(file)).split("\n").filter((text) => text.trim() !== "")
    return yield* Effect.forEach(lines, (text) => Schema.decode(line)(text))
  })

export const KINDS = ["recall", "none", "another project", "harmless"] as const
export type Kind = typeof KINDS[number]

export interface Judged {
  readonly kind: Kind
  /** Project whose memories were judged. */
  readonly project: string
  readonly verdict: Verdict
}

export interface Files {
  readonly transcripts: string
  readonly projects: string
  readonly prompts: string
  /** Prompts that need no memory, whatever the project. */
  readonly harmless?: string
}

const fixtures = Settings.packageFile("test", "fixtures", "speaking")

/** Invented sessions of six projects. */
export const OWN: Files = {
  transcripts: join(fixtures, "transcripts"),
  projects: join(fixtures, "projects.json"),
  prompts: join(fixtures, "prompts.jsonl"),
  harmless: join(fixtures, "harmless.jsonl")
}

const kindOf = ({ borderline, earlier, label }: Prompt): Kind | undefined =>
  label === "recall" ? "recall" : label.startsWith("none:") && earlier.length > 0 && !borderline ? "none" : undefined

/**
 * Judges each prompt with the memory of its time, and all of them in another project at the end; each harmless one in
 * one project after the other, or `everywhere`.
 */
export const judgedIn = (
  { harmless, projects, prompts, transcripts }: Files,
  mode: InjectionMode,
  everywhere: boolean
) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const asked = {
      transcripts,
      mode,
      prompts: yield* linesIn(prompts, Schema.parseJson(Prompt)),
      projects: yield* Schema.decode(Schema.parseJson(Projects))(yield* fs.readFileString(projects))
    }
    const memory = yield* makeMemory(asked)
    const judged: Array<Judged> = []
    for (const { before, own, project, session } of inOrder(asked)) {
      for (const prompt of [...before, ...own]) {
        const kind = kindOf(prompt)
        if (kind === undefined) continue
        judged.push({ kind, project: prompt.project, verdict: yield* memory.judged(prompt.text, prompt.project) })
      }
      if (session !== undefined) yield* memory.add(project, session)
    }
    for (const { cross, label, text } of asked.prompts) {
      if (cross === undefined || label === "opening") continue
      judged.push({ kind: "another project", project: cross, verdict: yield* memory.judged(text, cross) })
    }
    const harmlessPrompts = harmless === undefined
      ? []
      : yield* linesIn(harmless, Schema.parseJson(Schema.Struct({ text: Schema.String })))
    const names = Object.keys(asked.projects)
    for (const [i, { text }] of harmlessPrompts.entries()) {
      for (const project of everywhere ? names : [names[i % names.length]!]) {
        judged.push({ kind: "harmless", project, verdict: yield* memory.judged(text, project) })
      }
    }
    return judged
  })
