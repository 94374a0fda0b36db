// Builds dist/plugin: the plugin for Claude Code with its programs. It is complete after `npm ci --ignore-scripts` in that folder.
import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "./bundle.mjs"

const readJson = (path) => JSON.parse(readFileSync(path, "utf8"))
const writeJson = (path, value) => writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`)

/** Finds a package from another one's place, as Node resolves it. */
const placeOf = (name, from, packages) => {
  for (let folder = from;; folder = folder.replace(/(?:^|\/)node_modules\/(?:@[^/]+\/)?[^/]+$/, "")) {
    const place = `${folder}${folder === "" ? "" : "/"}node_modules/${name}`
    if (packages[place] !== undefined) return place
    if (folder === "") throw new Error(`package-lock.json does not say where ${name} is`)
  }
}

/** Reduces the root's lock file to the package's dependencies at run time, direct and indirect. */
const lockedFor = (own, { lockfileVersion, packages }) => {
  const places = new Set([""])
  for (const from of places) {
    const { dependencies, optionalDependencies } = from === "" ? own : packages[from]
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      places.add(placeOf(name, from, packages))
    }
  }
  const entries = [...places].sort().map((place) => [place, place === "" ? own : packages[place]])
  return {
    name: own.name,
    version: own.version,
    lockfileVersion,
    requires: true,
    packages: Object.fromEntries(entries)
  }
}

/** Expects the bundles in `dist`. */
export const buildPlugin = (dist) => {
  const plugin = join(dist, "plugin")
  const { dependencies, engines, license, optionalDependencies, version } = readJson(join(root, "package.json"))
  const own = {
    name: "claude-memory",
    version,
    license,
    private: true,
    type: "module",
    dependencies,
    optionalDependencies,
    engines
  }

  cpSync(join(root, "src", "plugin"), plugin, { recursive: true })
  const manifest = join(plugin, ".claude-plugin", "plugin.json")
  writeJson(manifest, { ...readJson(manifest), version })
  writeJson(join(plugin, "package.json"), own)
  writeJson(join(plugin, "package-lock.json"), lockedFor(own, readJson(join(root, "package-lock.json"))))
  for (const name of ["assets", "LICENSE"]) cpSync(join(root, name), join(plugin, name), { recursive: true })
  for (const name of readdirSync(dist)) {
    if (join(dist, name) !== plugin) cpSync(join(dist, name), join(plugin, "dist", name), { recursive: true })
  }
}
