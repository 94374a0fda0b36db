// Builds dist: the entries as bundles (with shared chunks), the plugin that holds them, the page, and the library as ESM with declarations.
import { build } from "esbuild"
import { execFileSync } from "node:child_process"
import { chmodSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { alias, banner, root } from "./bundle.mjs"
import { buildPlugin } from "./plugin.mjs"
import { buildPage } from "./web.mjs"

const dist = join(root, "dist")
rmSync(dist, { recursive: true, force: true })

/** Empties the chunk of node-forge (288 KB), which only an unused rule of secretlint's preset loads. */
const withoutForge = {
  name: "without-forge",
  setup: ({ onLoad }) =>
    onLoad({ filter: /preset-recommend[\\/].*index-BDnqZat0\.js$/ }, () => ({ contents: "export const i = {}" }))
}

/** Leaves out ajv, in place of which src/mcp/Connection.ts gives the SDK's server a validator. */
const withoutAjv = {
  name: "without-ajv",
  setup: ({ onLoad }) =>
    onLoad({ filter: /sdk[\\/]dist[\\/]esm[\\/]validation[\\/]ajv-provider\.js$/ }, () => ({
      contents: "export class AjvJsonSchemaValidator {}"
    }))
}

const common = {
  absWorkingDir: root,
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20.19",
  chunkNames: "chunks/[name]-[hash]",
  alias,
  plugins: [withoutForge, withoutAjv],
  legalComments: "linked",
  logLevel: "warning"
}
const outside = ["@photostructure/sqlite"]

const programs = {
  ...common,
  outdir: dist,
  minify: true,
  keepNames: true,
  external: outside,
  banner
}

/** Keeps the hook's parts as files beside it. What is CommonJS too is required when it is imported: that loads faster. */
const hookParts = {
  name: "hook-parts",
  setup: ({ onLoad, onResolve }) => {
    onResolve(
      { filter: /^\.\/Hook(?:Local|Remote|Start)\.ts$/ },
      ({ path }) => ({ path: path.replace(/ts$/, "js"), external: true })
    )
    onResolve({ filter: /^\.\/HookOpening\.ts$/ }, () => ({ path: "HookOpening", namespace: "beside" }))
    onLoad(
      { filter: /./, namespace: "beside" },
      ({ path }) => ({ contents: `module.exports = require("./${path}.cjs")` })
    )
    onResolve({ filter: /^\.\/HookOpening\.cjs$/ }, ({ path }) => ({ path, external: true }))
  }
}

await build({ ...programs, entryPoints: ["main", "HookRemote", "mcp", "capture"].map((name) => `src/bin/${name}.ts`) })
// One file each: Claude Code waits while it is loaded.
for (const name of ["HookLocal", "HookStart"]) {
  await build({ ...programs, splitting: false, entryPoints: [`src/bin/${name}.ts`] })
}
/** Packages that the hook's entry may hold: Claude Code waits while it is loaded. */
const LIGHT = ["opencc-js", "stemmer"]
// CommonJS loads faster. The target is older than the rest, so that a Node that is too old can say so.
for (const name of ["hook", "HookOpening", "HookPrompt"]) {
  const { metafile } = await build({
    ...common,
    metafile: true,
    outfile: join(dist, `${name}.cjs`),
    splitting: false,
    format: "cjs",
    target: "node14",
    minify: true,
    entryPoints: [`src/bin/${name}.ts`],
    // SQLite is required from beside this file.
    external: outside,
    define: { "import.meta.url": "__filename" },
    plugins: [hookParts]
  })
  const [{ inputs }] = Object.values(metafile.outputs)
  const heavy = Object.entries(inputs).filter(([path, { bytesInOutput }]) =>
    bytesInOutput > 0 && path.includes("node_modules/") && !LIGHT.some((name) => path.includes(`node_modules/${name}/`))
  ).map(([path]) => path)
  if (heavy.length > 0) {
    throw new Error(`${name}.cjs, for which Claude Code waits, would hold more than it needs: ${heavy.join(", ")}`)
  }
}
// Settings that an earlier version wrote name this file.
writeFileSync(join(dist, "hook.js"), "import \"./hook.cjs\"\n")
chmodSync(join(dist, "main.js"), 0o755)
buildPlugin(dist)
await buildPage(join(dist, "web"))

// The library does not bundle effect: two copies would not know one another's services.
await build({
  ...common,
  entryPoints: [
    ...["library", "resources", "testing"].map((name) => `src/${name}.ts`),
    // Those of src/resources that need a package that not every program has.
    ...["FileLock", "HttpPool", "Postgres", "Sqlite"].map((name) => `src/resources/${name}.ts`)
  ],
  outdir: join(dist, "lib"),
  external: [...outside, "effect", "@effect/*", "@qdrant/js-client-rest", "pg"]
})
const tsc = join(root, "node_modules", "typescript", "bin", "tsc")
execFileSync(process.execPath, [tsc, "-p", join(root, "tsconfig.build.json")], { stdio: "inherit" })
