/**
 * Runs the linter and the compiler over a variant of the sources, in a copy of them.
 */
import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import { root } from "../../scripts/bundle.mjs"
import { applied, type Variant } from "./variants.ts"

const COPIED = ["src", "scripts/lint", ".oxlintrc.json", "package.json", "tsconfig.json", "tsconfig.node.json"]

/** Copies the sources and the checks' settings, with the leak in them; removed when the scope closes. */
export const copy = (variant: Variant) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const folder = yield* fs.makeTempDirectoryScoped({ prefix: "claude-memory-mutant-" })
    yield* fs.makeDirectory(path.join(folder, "scripts"))
    yield* Effect.forEach(COPIED, (each) => fs.copy(path.join(root, each), path.join(folder, each)))
    yield* fs.symlink(path.join(root, "node_modules"), path.join(folder, "node_modules"))
    for (const file of new Set(variant.edits.map((edit) => edit.file))) {
      const text = applied(variant, file, yield* fs.readFileString(path.join(root, file)))
      yield* fs.writeFileString(path.join(folder, file), text!)
    }
    return folder
  })

/** The first complaint that a program of the package prints about the copy: the first group of `pattern`. */
const complaint = (folder: string, pattern: RegExp, program: string, ...args: ReadonlyArray<string>) =>
  Command.make(`${folder}/node_modules/.bin/${program}`, ...args).pipe(
    Command.workingDirectory(folder),
    Command.string,
    Effect.map((text) => pattern.exec(text)?.[1] ?? null)
  )

/** Lints with this project's own rules only; rules of style do not matter here. */
export const byLint = (folder: string, files: ReadonlyArray<string>) =>
  complaint(folder, /:\d+:\d+: (.*claude-memory.*)/, "oxlint", "--format=unix", ...new Set(files))

/** Checks with TypeScript, then with Effect's diagnostics. */
export const byTypes = (folder: string, files: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const typed = yield* complaint(folder, /error (TS\d+: .*)/, "tsc", "-p", "tsconfig.node.json", "--pretty", "false")
    if (typed !== null) return typed
    for (const file of new Set(files.filter((each) => each.endsWith(".ts")))) {
      const told = yield* complaint(
        folder,
        /error (.*)/,
        "effect-language-service",
        "diagnostics",
        "--project",
        "tsconfig.json",
        "--strict",
        "--format",
        "text",
        "--file",
        file
      )
      if (told !== null) return told
    }
    return null
  })
