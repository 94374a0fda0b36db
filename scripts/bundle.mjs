// Bundles a TypeScript program and the sources it imports into one file, which runs as a program of the package does.
import { build } from "esbuild"
import { dirname, join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"

export const root = join(dirname(fileURLToPath(import.meta.url)), "..")
/** Folder for bundles. It lies below node_modules, so that imports of externals resolve and dist stays as it was built. */
export const cache = join(root, "node_modules", ".cache")

/** The package's main module loads its parts by a `require` that esbuild can't follow. */
export const alias = { "jsonc-parser": "jsonc-parser/lib/esm/main.js" }

/** CommonJS modules in a bundle call `require`. */
export const banner = {
  js:
    "import { createRequire as __createRequire } from \"node:module\"; const require = __createRequire(import.meta.url);"
}

export const bundle = ({ entry, outfile }) =>
  build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20.19",
    external: ["@photostructure/sqlite", "echarts", "esbuild", "playwright-core"],
    alias,
    // The package's files are looked for from here.
    define: { "import.meta.url": JSON.stringify(pathToFileURL(join(root, "dist", "main.js")).href) },
    banner,
    sourcemap: "inline",
    sourcesContent: false,
    logLevel: "warning"
  })
