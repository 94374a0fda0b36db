import { assert, it } from "@effect/vitest"
import { buildSync } from "esbuild"
import { root } from "../data.ts"

/** Returns the sources that an import loads, and the packages that they import. */
const loadedBy = (entry: string) => {
  const { metafile } = buildSync({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
    write: false,
    metafile: true
  })
  const imports = Object.values(metafile.inputs).flatMap(({ imports }) => imports)
  const packages = imports.filter(({ external, kind }) => external === true && kind === "import-statement")
    .map(({ path }) => path.split("/").slice(0, path.startsWith("@") ? 2 : 1).join("/"))
    .filter((name) => !name.startsWith("node:"))
  return { sources: Object.keys(metafile.inputs), packages: [...new Set(packages)].sort() }
}

it("claude-memory/resources loads src/resources alone, and neither a database nor a client of HTTP", () => {
  const { packages, sources } = loadedBy("src/resources.ts")
  assert.deepStrictEqual(packages, ["@effect/platform", "effect"])
  assert.deepStrictEqual(sources.filter((each) => !each.startsWith("src/resources")), [])
})

it.each([
  ["HttpPool", ["@effect/platform-node", "effect"]],
  ["Sqlite", ["@effect/experimental", "@effect/sql", "effect"]],
  ["FileLock", ["@effect/experimental", "@effect/sql", "effect"]],
  ["Postgres", ["@effect/experimental", "@effect/sql", "@effect/sql-pg", "effect", "pg", "pg-connection-string"]]
])("claude-memory/resources/%s loads only what it needs", (name, packages) => {
  assert.deepStrictEqual(loadedBy(`src/resources/${name}.ts`).packages, packages)
})
