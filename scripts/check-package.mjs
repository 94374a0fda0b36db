// Installs the packed tarball in an empty folder, without install scripts, as a user would get it; runs its quickstart there.
// Follows docs/library.md in another: runs its command lines as they stand on the page, and its programs. Runs the plugin by itself.
// Also fails when what is shipped imports a package that package.json does not declare for its users. Prints sizes.
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { isBuiltin } from "node:module"
import { join } from "node:path"
import ts from "typescript"
import { bundle, cache, root } from "./bundle.mjs"
import { trial } from "./trial.mjs"

/** A program that exports what the library's effects and layers are inferred to be; TypeScript names parts of a namespace by one of the whole. */
const DECLARED = `import * as Memory from "claude-memory"
import * as Testing from "claude-memory/testing"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"

export const memory = Layer.provide(Memory.App.layer({ home: "m", readOnly: false, busyTimeoutMs: 5_000 }), Memory.App.platform)
export const testing = Testing.layer
export const service = Memory.App.service("program")
export const edit = (id: string) => Effect.flatMap(Memory.ClaudeMemory, (memory) => memory.edit(id, { title: "x" }, "person"))
export const undo = Effect.flatMap(Memory.ClaudeMemory, (memory) => memory.undo())
export const history = (id: string) => Effect.flatMap(Memory.ClaudeMemory, (memory) => memory.history(id))
export const capture = Stream.unwrap(Effect.map(Memory.ClaudeMemory, (memory) => memory.capture(["."])))
export const archive = Effect.flatMap(Memory.ClaudeMemory, (memory) => memory.archive.write("x", "all", "lines"))
export const told = Effect.flatMap(Memory.ClaudeMemory, (memory) =>
  memory.explain({ prompt: "x", projects: "all", mode: "balanced", maxTokens: 100, maxChars: 1_000 }))
`

const sizeOf = (path) =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0)

/** Names of the packages that a file of the package imports: a program or declarations. */
const packagesIn = (text) =>
  ts.preProcessFile(text, true, true).importedFiles
    .map(({ fileName }) => fileName)
    .filter((name) => !name.startsWith(".") && !name.startsWith("node:") && !isBuiltin(name))
    .map((name) => name.split("/").slice(0, name.startsWith("@") ? 2 : 1).join("/"))

/** Returns the text of each fenced block of a page, in order. */
const blocksOf = (page, language) =>
  [...page.matchAll(/```(\w+)\n([\s\S]*?)```/g)]
    .filter((match) => match[1] === language)
    .map((match) => match[2])

// The servers that the page's programs ask. Bundled where the packages are that it leaves out.
mkdirSync(cache, { recursive: true })
const bundles = mkdtempSync(join(cache, "claude-memory-check-"))
process.on("exit", () => rmSync(bundles, { recursive: true, force: true }))
const servers = join(bundles, "servers.mjs")
await bundle({ entry: join(root, "test", "docs", "servers.ts"), outfile: servers })

trial("check-package", ({ folder, home, must, run }) => {
  const [{ filename, files }] = JSON.parse(
    run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], { cwd: root })
  )
  for (const name of ["main", "mcp", "capture", "hook"]) {
    must(files.some(({ path }) => path === `dist/${name}.js`), `the tarball holds no dist/${name}.js; build first`)
  }
  const tarball = join(folder, filename)
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
  const declared = { ...manifest.dependencies, ...manifest.optionalDependencies, ...manifest.peerDependencies }
  for (const { path } of files.filter(({ path }) => /\.(?:c?js|d\.ts)$/.test(path))) {
    const missing = packagesIn(readFileSync(join(root, path), "utf8")).find((name) => declared[name] === undefined)
    must(missing === undefined, `${path} imports ${missing}, which package.json declares for no user`)
  }

  const empty = join(folder, "empty")
  mkdirSync(empty)
  writeFileSync(join(empty, "package.json"), "{\"private\":true,\"type\":\"module\"}\n")
  run("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", tarball], { cwd: empty })
  const bin = join(empty, "node_modules", ".bin", "claude-memory")
  const lines = run(bin, ["quickstart", "--json"], { cwd: empty }).trimEnd().split("\n")
  must(lines.length === 1, "quickstart --json printed more than one line")
  const { injected, results, source } = JSON.parse(lines[0])
  must(source === "samples" && results.length === 3 && injected !== "", "the quickstart found nothing")
  const installed = sizeOf(join(empty, "node_modules"))

  // The page, in a folder and a home that hold nothing else. npm's cache spares a second download.
  const page = readFileSync(join(root, "docs", "library.md"), "utf8")
  const chinese = readFileSync(join(root, "docs", "library.zh-CN.md"), "utf8")
  for (const language of ["sh", "ts"]) {
    const same = blocksOf(page, language).join() === blocksOf(chinese, language).join()
    must(same, `docs/library.md and its Chinese twin show different blocks of ${language}`)
  }
  const [install, ...uses] = blocksOf(page, "sh")
  const programs = blocksOf(page, "ts").map((text) => ({ name: /^\/\/ (\S+)\.ts\n/.exec(text)?.[1], text }))
  must(install?.includes(`./${filename} `), `docs/library.md does not install ${filename}`)
  must(uses.length > 0 && programs.length > 0, "docs/library.md runs nothing")
  must(
    programs.every(({ name }) => name !== undefined),
    "a program of docs/library.md does not begin with its file's name"
  )
  const own = join(folder, "own")
  mkdirSync(own)
  cpSync(tarball, join(own, filename))
  const ownHome = join(folder, "own-home")
  mkdirSync(ownHome)
  const env = { HOME: ownHome, USERPROFILE: ownHome, npm_config_cache: join(home, ".npm") }
  const runOwn = (command, args) => run(command, args, { cwd: own, env })
  runOwn("sh", ["-ec", install])
  for (const { name, text } of programs) writeFileSync(join(own, `${name}.ts`), text)
  const sessions = join(ownHome, ".claude", "projects")
  cpSync(join(root, "test", "fixtures", "projects"), sessions, { recursive: true })
  const printed = uses.map((text) => runOwn("sh", ["-ec", text])).join("")
  const isUsed = ({ name }) => uses.some((text) => text.includes(`node ${name}.js`))
  must(/^\d\.\d\d \S/m.test(printed), "the command lines of docs/library.md find nothing")
  for (const { name } of programs.filter((program) => !isUsed(program))) {
    const words = [join(own, `${name}.js`), sessions, join(folder, name)]
    const printed = runOwn("node", name === "team" ? [servers, ...words] : words)
    must(
      name !== "team" || /^3 results, [1-9]\d* tokens today$/m.test(printed),
      `${name} of docs/library.md says ${printed}`
    )
  }

  // Programs with declarations name the types of what they export.
  writeFileSync(join(own, "declared.ts"), DECLARED)
  runOwn("npx", [
    "tsc",
    "--declaration",
    "--strict",
    "--skipLibCheck",
    "--module",
    "nodenext",
    "--target",
    "es2023",
    "declared.ts"
  ])

  for (const path of Object.keys(manifest.exports).filter((path) => path !== "./package.json")) {
    const name = `claude-memory${path.slice(1)}`
    const program = `import(${
      JSON.stringify(name)
    }).then((found) => process.stdout.write(Object.keys(found).join(" ")))`
    must(runOwn("node", ["--input-type=module", "--eval", program]) !== "", `${name} exports nothing`)
  }

  // The plugin must run from its own folder alone, whatever the folder's name.
  const plugin = join(folder, "插 件")
  cpSync(join(root, "dist", "plugin"), plugin, { recursive: true })
  run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: plugin })
  const program = join(plugin, "dist", "main.js")
  run("node", [program, "import", sessions, "--json"])
  const found = JSON.parse(run("node", [program, "search", "leak", "--all-projects", "--json"]))
  must(
    found.results.length > 0 && found.degraded.length === 0,
    "the plugin's own program finds nothing, or not by all it has"
  )
  const event = { hook_event_name: "SessionStart", session_id: "s", source: "startup", cwd: folder }
  run("node", [join(plugin, "dist", "hook.cjs")], { input: JSON.stringify(event) })

  const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`
  process.stdout.write(
    `tarball ${megabytes(statSync(tarball).size)}, installed with dependencies ${megabytes(installed)}, ` +
      `plugin ${megabytes(sizeOf(plugin))}, ` +
      `${programs.length} programs of docs/library.md installed, compiled and run by its own lines\n`
  )
})
