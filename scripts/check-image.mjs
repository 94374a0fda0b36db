// Builds as deploy/Dockerfile does, in a folder that holds what deploy/Dockerfile.dockerignore lets in, and nothing else.
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs"
import { dirname, join } from "node:path"
import { root } from "./bundle.mjs"
import { trial } from "./trial.mjs"

/** Lists the paths that a pattern names; a star is one in the last part of a path. */
const named = (pattern) => {
  const folder = dirname(pattern)
  const [before, after] = pattern.slice(folder === "." ? 0 : folder.length + 1).split("*")
  if (after === undefined) return [pattern]
  return readdirSync(join(root, folder))
    .filter((name) => name.startsWith(before) && name.endsWith(after))
    .map((name) => join(folder, name))
}

trial("check-image", ({ folder, must, run }) => {
  const [first, ...rest] = readFileSync(join(root, "deploy", "Dockerfile.dockerignore"), "utf8").split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
  must(
    first === "*" && rest.every((line) => line.startsWith("!")),
    "the ignore file must leave out all, and then let in by name"
  )
  const build = join(folder, "build")
  for (const path of rest.flatMap((line) => named(line.slice(1)))) {
    mkdirSync(dirname(join(build, path)), { recursive: true })
    cpSync(join(root, path), join(build, path), { recursive: true })
  }
  symlinkSync(join(root, "node_modules"), join(build, "node_modules"))
  const [, command] = /^RUN (node \S+) /m.exec(readFileSync(join(root, "deploy", "Dockerfile"), "utf8")) ?? []
  must(command !== undefined, "the Dockerfile builds nothing")
  const [program, ...words] = command.split(" ")
  run(program, words, { cwd: build })
})
