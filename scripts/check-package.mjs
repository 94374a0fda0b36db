// Installs the packed tarball in an empty folder, without install scripts, as a user would get it; runs its quickstart there, and
// compiles and runs the programs that docs/library.md shows. Does the same with the plugin, by itself. Prints sizes.
import { cpSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "./bundle.mjs"
import { trial } from "./trial.mjs"

const sizeOf = (path) =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0)

trial("check-package", ({ folder, must, run }) => {
  const [{ filename, files }] = JSON.parse(
    run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], { cwd: root })
  )
  must(files.some(({ path }) => path === "dist/main.js"), "the tarball holds no dist/main.js; build first")
  const tarball = join(folder, filename)

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

  // The library's users install effect themselves.
  const { devDependencies, peerDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
  const tools = [...Object.keys(peerDependencies), "@types/node", "typescript"]
  run(
    "npm",
    [
      "install",
      "--ignore-scripts",
      "--no-audit",
      "--no-fund",
      ...tools.map((name) => `${name}@${devDependencies[name]}`)
    ],
    { cwd: empty }
  )
  const programs = [...readFileSync(join(root, "docs", "library.md"), "utf8").matchAll(/```ts\n([\s\S]*?)```/g)].map((
    match
  ) => match[1])
  must(programs.length > 0, "docs/library.md shows no program")
  const compiler = {
    target: "ES2022",
    module: "NodeNext",
    strict: true,
    exactOptionalPropertyTypes: true,
    types: ["node"],
    outDir: "out"
  }
  writeFileSync(join(empty, "tsconfig.json"), JSON.stringify({ compilerOptions: compiler, include: ["program*.ts"] }))
  programs.forEach((text, i) => writeFileSync(join(empty, `program${i}.ts`), text))
  run("node", [join(empty, "node_modules", "typescript", "bin", "tsc"), "-p", empty], { cwd: empty })
  cpSync(join(root, "test", "fixtures", "projects"), join(folder, "sessions"), { recursive: true })
  programs.forEach((_, i) =>
    run("node", [join(empty, "out", `program${i}.js`), join(folder, "sessions"), join(folder, `memory${i}`)], {
      cwd: empty
    })
  )

  // The plugin must run from its own folder alone, whatever the folder's name.
  const plugin = join(folder, "插 件")
  cpSync(join(root, "dist", "plugin"), plugin, { recursive: true })
  run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: plugin })
  const program = join(plugin, "dist", "main.js")
  run("node", [program, "import", join(folder, "sessions"), "--json"])
  const found = JSON.parse(run("node", [program, "search", "leak", "--all-projects", "--json"]))
  must(
    found.results.length > 0 && found.degraded.length === 0,
    "the plugin's own program finds nothing, or not by all it has"
  )
  const event = { hook_event_name: "SessionStart", session_id: "s", source: "startup", cwd: folder }
  run("node", [join(plugin, "dist", "hook.js")], { input: JSON.stringify(event) })

  const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`
  process.stdout.write(
    `tarball ${megabytes(statSync(tarball).size)}, installed with dependencies ${megabytes(installed)}, ` +
      `plugin ${megabytes(sizeOf(plugin))}, ` +
      `${programs.length} programs of docs/library.md compiled and run\n`
  )
})
