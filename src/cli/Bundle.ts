/**
 * Writes what a report of a fault needs into a file, without what was said, names of projects, folders and secrets.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { cpus, release, totalmem } from "node:os"
import { join } from "node:path"
import * as App from "../App.ts"
import { maskTexts } from "../capture/redact/Masking.ts"
import * as HookFailures from "../hook/Failures.ts"
import { ownNames, userFolder } from "../process/Environment.ts"
import { version } from "../process/version.ts"
import * as RunFile from "../resources/monitor/RunFile.ts"
import { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import type { Check } from "../serve/Health.ts"
import * as Settings from "../settings/Settings.ts"
import { fileValues } from "../settings/SettingsFile.ts"
import { unreachable } from "./Output.ts"

export class BundleError extends Schema.TaggedError<BundleError>()("BundleError", { path: Schema.String }) {
  override get message() {
    return `${this.path} is there already: name another file, or delete it`
  }
}

const FAILURES = 50

const isNamed = (text: string) => text.length > 2

/** Sums and names of projects; none of a memory that can't be read. */
const remembered = Effect.gen(function*() {
  const memory = yield* ClaudeMemory
  const { projects, ...status } = yield* memory.status
  const failures = yield* memory.failures(FAILURES)
  return {
    sums: {
      status: { ...status, projects: projects.length },
      size: (yield* memory.size) ?? null,
      failures: failures.map(({ attempts, error, isDead, kind }) => ({ kind, attempts, error, isDead }))
    },
    names: projects.flatMap((
      { merged, name, root }
    ) => [root, name, ...merged.flatMap((each) => [each.root, each.name])])
  }
}).pipe(App.provide(App.reader))

const sizesIn = (folder: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const names = yield* Effect.orElseSucceed(fs.readDirectory(folder), (): ReadonlyArray<string> => [])
    const sizes = yield* Effect.forEach(names, (name) =>
      Effect.map(
        Effect.option(fs.stat(join(folder, name))),
        (info) => [name, info._tag === "Some" ? Number(info.value.size) : null] as const
      ))
    return Object.fromEntries(sizes)
  })

/** Folders of transcripts are called as the projects' folders. */
const TRANSCRIPTS = /(projects[\\/])[^\\/\s]+/g

/** A folder of Windows also as addresses of files and git have it, and with the drive's letter small. */
const spellings = (text: string): ReadonlyArray<string> => {
  if (!/^[A-Z]:\\/i.test(text)) return [text]
  const withSlashes = text.replaceAll("\\", "/")
  const drives = [text[0]!.toUpperCase(), text[0]!.toLowerCase()]
  return [text, withSlashes, encodeURI(withSlashes)].flatMap((each) => drives.map((drive) => drive + each.slice(1)))
}

/** Replaces folders and names in a text: the longest first, so that a folder goes whole. */
export const hiding = (replacements: ReadonlyArray<readonly [text: string, by: string]>) => {
  const sorted = replacements.flatMap(([text, by]) => spellings(text).map((spelling) => [spelling, by] as const))
    .filter(([text]) => isNamed(text)).sort(([a], [b]) => b.length - a.length)
  return (text: string) =>
    sorted.reduce((text, [from, to]) => text.replaceAll(from, to), text.replace(TRANSCRIPTS, "$1…"))
}

/** Writes the file, for its owner alone, and returns its bytes. */
export const write = (path: string, checks: ReadonlyArray<Check>) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    if (yield* fs.exists(path)) return yield* new BundleError({ path })
    const { claudeFolder, home } = yield* Settings.load
    const found = yield* Effect.either(remembered)
    const { running, stale } = yield* RunFile.survey(home)
    const failed = (yield* HookFailures.read(home)).slice(-FAILURES)
    const inFile = yield* Effect.orElseSucceed(Effect.map(fileValues, (values) => [...values.keys()]), () => [])
    const names = Either.isRight(found) ? found.right.names : []
    const hide = hiding([
      [home, "MEMORY"],
      [claudeFolder, "CLAUDE"],
      [process.cwd(), "CWD"],
      [userFolder(), "~"],
      ...names.map((name, i) => [name, `PROJECT${i}`] as const)
    ])
    const report = {
      version,
      at: yield* Clock.currentTimeMillis,
      node: process.version,
      versions: process.versions,
      system: {
        platform: process.platform,
        release: release(),
        arch: process.arch,
        cores: cpus().length,
        bytes: totalmem()
      },
      /** Names alone. */
      settings: { environment: ownNames(), file: inFile },
      checks,
      remembered: Either.match(found, {
        onLeft: ({ message }) => ({ error: message }),
        onRight: ({ sums }) => sums
      }),
      files: yield* sizesIn(home),
      hookFailures: failed,
      processes: running,
      stale
    }
    const [text = ""] = yield* maskTexts([
      JSON.stringify(report, (_, value: unknown) => typeof value === "string" ? hide(value) : value, 2)
    ])
    yield* fs.writeFileString(path, `${text}\n`, { flag: "wx", mode: 0o600 }).pipe(
      Effect.catchTag("SystemError", () => unreachable(path))
    )
    return Buffer.byteLength(text) + 1
  })
