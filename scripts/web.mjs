// Bundles the page (src/web) into a folder: index.html, and scripts and styles whose names hold a hash of what is in them.
import { build } from "esbuild"
import { createHash } from "node:crypto"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import { gzipSync } from "node:zlib"
import { apiPage } from "./api-page.mjs"
import { root } from "./bundle.mjs"

const source = join(root, "src", "web")

/** Path below which the server gives the page. */
const BASE = "/app/"

/** Most bytes, gzipped: of what the first view loads, and of all. */
const FIRST_BYTES = 130_000
const ALL_BYTES = 300_000

/** Returns the page's files, as names below its folder with their bytes. */
const bundlePage = async () => {
  const { metafile, outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [join(source, "main.tsx")],
    outdir: "dist/web/assets",
    entryNames: "[name]-[hash]",
    chunkNames: "[name]-[hash]",
    assetNames: "[name]-[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "browser",
    // Styles use light-dark() and nesting; what has them has these.
    target: ["chrome123", "firefox120", "safari17.5"],
    jsx: "automatic",
    minify: true,
    // React's tools for developers find nothing in what is shipped.
    define: { "process.env.NODE_ENV": "\"production\"", __REACT_DEVTOOLS_GLOBAL_HOOK__: "undefined" },
    legalComments: "linked",
    metafile: true,
    write: false,
    logLevel: "warning"
  })
  const entry = Object.entries(metafile.outputs).find(([, { entryPoint }]) => entryPoint === "src/web/main.tsx")
  const [script, { cssBundle }] = entry
  const assets = outputFiles.map(({ contents, path }) => ({ name: `assets/${basename(path)}`, contents }))
  const picture = readFileSync(join(source, "icon.svg"))
  const icon = `assets/icon-${createHash("sha256").update(picture).digest("hex").slice(0, 8)}.svg`
  const html = readFileSync(join(source, "index.html"), "utf8")
    .replace("./main.tsx", `${BASE}assets/${basename(script)}`)
    .replace("./main.css", `${BASE}assets/${basename(cssBundle)}`)
    .replace("./icon.svg", `${BASE}${icon}`)
  const first = new Set([script, cssBundle, ...importedBy(metafile, script)].map((path) => `assets/${basename(path)}`))
  return {
    files: [
      { name: "index.html", contents: Buffer.from(html) },
      { name: icon, contents: picture },
      ...apiPage(JSON.parse(readFileSync(join(root, "docs", "openapi.json"), "utf8")), BASE),
      ...assets
    ],
    isFirst: (name) => name === "index.html" || first.has(name)
  }
}

/** Lists the chunks that a script imports at once, directly or through others. */
const importedBy = ({ outputs }, script, known = new Set()) => {
  for (const { kind, path } of outputs[script].imports) {
    if (kind !== "import-statement" || known.has(path)) continue
    known.add(path)
    importedBy({ outputs }, path, known)
  }
  return known
}

/** Builds the page into a folder, which need not be there. */
export const buildPage = async (folder) => {
  const { files } = await bundlePage()
  for (const { contents, name } of files) {
    const path = join(folder, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, contents)
  }
}

/** Returns the gzipped bytes of the first view and of all, and the bounds of both. */
export const pageSize = async () => {
  const { files, isFirst } = await bundlePage()
  const sizes = files
    .filter(({ name }) => !name.endsWith(".LEGAL.txt"))
    .map(({ contents, name }) => ({ name, bytes: gzipSync(contents, { level: 9 }).length }))
  const sum = (list) => list.reduce((total, { bytes }) => total + bytes, 0)
  return {
    first: { bytes: sum(sizes.filter(({ name }) => isFirst(name))), limit: FIRST_BYTES },
    all: { bytes: sum(sizes), limit: ALL_BYTES },
    sizes
  }
}
