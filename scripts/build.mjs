// Builds dist: the two entries as bundles (with shared chunks), and the library as ESM with declarations.
import { build } from "esbuild"
import { execFileSync } from "node:child_process"
import { chmodSync, rmSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const root = join(dirname(fileURLToPath(import.meta.url)), "..")
const dist = join(root, "dist")
rmSync(dist, { recursive: true, force: true })

/** A rule of secretlint's preset that we don't use loads node-forge (288 KB); its chunk is left empty. */
const withoutForge = {
  name: "without-forge",
  setup: ({ onLoad }) => onLoad({ filter: /preset-recommend[\\/].*index-BDnqZat0\.js$/ }, () => ({ contents: "export const i = {}" }))
}

await build({
  absWorkingDir: root,
  entryPoints: ["src/main.ts", "src/hook.ts"],
  outdir: dist,
  chunkNames: "chunks/[name]-[hash]",
  bundle: true,
  splitting: true,
  minify: true,
  keepNames: true,
  format: "esm",
  platform: "node",
  target: "node20.19",
  external: ["@photostructure/sqlite", "sqlite-vec"],
  banner: { js: "import { createRequire as __createRequire } from \"node:module\"; const require = __createRequire(import.meta.url);" },
  plugins: [withoutForge],
  legalComments: "linked",
  logLevel: "warning"
})
chmodSync(join(dist, "main.js"), 0o755)
execFileSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", join(root, "tsconfig.build.json")], {
  stdio: "inherit"
})
