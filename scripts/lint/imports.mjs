/**
 * Who may import whom: `layering` by the table below, `imports` by their form.
 */
import { sep as nativeSep } from "node:path"
import { dirname, join, relative, sep } from "node:path/posix"
import { moduleOf } from "./uses.mjs"

/** Folders end in a slash. Folders are stages of the pipeline; a stage's port is what others know of it. */
const PORTS = [
  "capture/Collector.ts",
  "compress/Compressor.ts",
  "index/VectorIndex.ts",
  "inject/Injector.ts",
  "retrieve/Retriever.ts",
  "store/MemoryStore.ts"
]
const BASE = [
  "domain/",
  "resources/",
  "models/Budget.ts",
  "models/CurrentProject.ts",
  "models/EmbedAccepted.ts",
  "models/ModelCache.ts",
  "models/ModelManager.ts",
  "models/Presets.ts",
  "models/Prices.ts",
  "models/Spending.ts"
]
const PROCESS = ["CodeCache.ts", "NodeVersion.ts", "Process.ts", "Settings.ts", "SettingsFile.ts", "version.ts"]
const WHOLE = ["App.ts", "Pipeline.ts", "index/Reindex.ts", "serve/", ...PROCESS, ...BASE, ...PORTS]
const EVERYTHING = ""

/** What each may import beside its own folder. */
const MAY_IMPORT = {
  "domain/": [],
  "resources/": ["domain/"],
  "models/": ["domain/", "resources/"],
  "store/": BASE,
  "index/": [...BASE, "store/MemoryStore.ts"],
  "capture/": [...BASE, "store/MemoryStore.ts"],
  "compress/": [...BASE, "store/MemoryStore.ts"],
  "retrieve/": [...BASE, "store/MemoryStore.ts", "index/VectorIndex.ts"],
  "inject/": [...BASE, "store/MemoryStore.ts", "retrieve/Retriever.ts"],
  "serve/": ["Pipeline.ts", "index/Reindex.ts", ...PROCESS, ...BASE, ...PORTS],
  "cli/": ["install/", ...WHOLE],
  "install/": ["domain/", "resources/", ...PROCESS],
  "web/": ["domain/"],
  "main.ts": ["cli/", ...WHOLE],
  "hook.ts": ["HookLocal.ts", "HookRemote.ts", ...PROCESS],
  "HookLocal.ts": EVERYTHING,
  "HookRemote.ts": ["App.ts", "serve/"],
  "mcp.ts": ["App.ts", "serve/", ...PROCESS],
  "Pipeline.ts": ["index/Differences.ts", "index/Points.ts", ...BASE, ...PORTS],
  "CodeCache.ts": [],
  "NodeVersion.ts": [],
  "Process.ts": ["domain/", ...PROCESS],
  "Settings.ts": ["domain/", "index/QdrantAddress.ts", "models/Presets.ts", "models/Spending.ts", ...PROCESS],
  "SettingsFile.ts": [],
  "version.ts": [],
  "App.ts": EVERYTHING,
  "index.ts": EVERYTHING,
  "testing.ts": EVERYTHING
}

/** Store and index share one SQLite file and one transaction. */
const EXCEPTIONS = { "index/EmbeddedIndex.ts": ["store/SqliteFile.ts", "store/SqliteFilter.ts"] }

const isIn = (file, place) => place.endsWith("/") ? file.startsWith(place) : file === place

/** Relative to src, or undefined outside of it. */
const fileOf = ({ cwd, filename }) => {
  const path = relative(cwd.split(nativeSep).join(sep), filename.split(nativeSep).join(sep))
  return path.startsWith("src/") ? path.slice("src/".length) : undefined
}

const verdict = (file, target) => {
  const folder = file.includes("/") ? file.slice(0, file.indexOf("/") + 1) : file
  const allowed = MAY_IMPORT[folder]
  if (allowed === undefined) {
    return `src/${folder} has no place in the pipeline: move it to the stage it belongs to, or give it a line in ` +
      "scripts/lint/imports.mjs"
  }
  if (allowed === EVERYTHING || folder.endsWith("/") && target.startsWith(folder)) return undefined
  if ([...allowed, ...EXCEPTIONS[file] ?? []].some((place) => isIn(target, place))) return undefined
  const stage = target.slice(0, target.indexOf("/") + 1)
  const port = PORTS.concat("models/ModelManager.ts").find((each) => stage !== "" && each.startsWith(stage))
  return port !== undefined && allowed.includes(port)
    ? `src/${target} is an adapter: depend on its port src/${port}; only App.ts and testing.ts name adapters`
    : `src/${folder} may not import src/${target}; it may import ${allowed.join(", ") || "nothing of ours"}`
}

const everyImport = (check) => ({
  ImportDeclaration: check,
  ExportAllDeclaration: check,
  ExportNamedDeclaration: (node) => node.source && check(node),
  ImportExpression: check,
  TSImportType: (node) => check({ source: node.source ?? node.argument?.literal ?? node.argument })
})

export const layering = {
  create: (context) => {
    const file = fileOf(context)
    if (file === undefined) return {}
    return everyImport(({ source }) => {
      const name = moduleOf(source)
      if (name === undefined || !name.startsWith(".")) return
      const target = join(dirname(file), name)
      const message = target.startsWith("../") ? undefined : verdict(file, target)
      if (message !== undefined) context.report({ node: source, message })
    })
  }
}

/** Packages that are one module. */
const SINGLE = new Set(["@effect/vitest", "@effect/language-service"])

const BARREL = "a barrel hides who needs what: import the module itself; only src/library.ts exports what is others'"

const isBarrel = (name) => name === "effect" || /^@effect\/[^/]+$/.test(name) && !SINGLE.has(name)

export const imports = {
  create: (context) => {
    const isTypeScript = /\.[cm]?tsx?$/.test(context.filename)
    return {
      ...everyImport(({ source }) => {
        const name = moduleOf(source)
        if (name === undefined) return
        const report = (message) => context.report({ node: source, message })
        if (isBarrel(name)) {
          report(
            `${name} loads the whole package: import the module, as in \`import * as Effect from "effect/Effect"\``
          )
        }
        if (!name.startsWith(".")) return
        if (isTypeScript && /\.[cm]?jsx?$/.test(name) && !name.endsWith(".mjs")) {
          report(`${name}: name the source, which ends in .ts`)
        }
        if (!/\.[a-z]+$/.test(name)) report(`${name}: name the file, with its ending`)
      }),
      Program: ({ body }) => {
        const file = fileOf(context)
        if (file === undefined || file === "index.ts") return
        for (const node of body) {
          if (node.type === "ExportAllDeclaration") context.report({ node, message: BARREL })
        }
      }
    }
  }
}
