/**
 * Who may import whom: `direction` and `adapters` by the lists below, `imports` by their form.
 */
import { dirname, join } from "node:path/posix"
import { everyImport, fileOf, pathOf } from "./files.mjs"
import { moduleOf } from "./uses.mjs"

/** Floors, the lowest first. A module imports from its own room (a folder or file of src) and from floors below. */
const FLOORS = [
  ["domain", "process", "resources", "web"],
  ["store"],
  ["capture", "models"],
  ["compress", "index"],
  ["moving", "retrieve", "settings", "Pipeline.ts"],
  ["inject", "install"],
  ["hook"],
  ["serve"],
  ["mcp"],
  ["http"],
  ["App.ts"],
  ["cli"],
  ["bin", "library.ts", "resources.ts", "testing.ts"]
]

/** Names of folders that hold a port's adapters. */
const ADAPTERS = new Set(["sqlite", "postgres", "qdrant", "providers", "extractive", "abstractive"])

/** Files that compose the layers and so may name any adapter. */
const COMPOSERS = new Set([
  "App.ts",
  "library.ts",
  "testing.ts",
  "bin/HookLocal.ts",
  "bin/HookStart.ts",
  "bin/HookPrompt.ts"
])

/** Adapters that use another: they share its SQLite file and transactions, or rewrite its units. */
const STANDS_ON = {
  "index/sqlite": "store/sqlite",
  "models/sqlite": "store/sqlite",
  "compress/abstractive": "compress/extractive"
}

/** By folder, those above it, which it may not import: the scripts use the fakes of the tests, and both use src. */
const ABOVE = { src: ["scripts", "test"], test: ["scripts"] }

const roomOf = (file) => file.split("/")[0]
const floorOf = (room) => FLOORS.findIndex((floor) => floor.includes(room))

/** Returns the adapter's folder that holds the file, if any. */
const adapterOf = (file) => {
  const [stage, folder] = file.split("/")
  return ADAPTERS.has(folder) ? `${stage}/${folder}` : undefined
}

const directionFault = (file, target) => {
  const [from, to] = [roomOf(file), roomOf(target)]
  if (floorOf(from) < 0) return `src/${from} is in no list: give it a floor in scripts/lint/imports.mjs`
  return from === to || floorOf(to) < floorOf(from)
    ? undefined
    : `src/${from} may not import src/${to}: imports go down the floors in scripts/lint/imports.mjs`
}

const adapterFault = (file, target) => {
  const [from, to] = [adapterOf(file), adapterOf(target)]
  return to === undefined || from === to || COMPOSERS.has(file) || from !== undefined && STANDS_ON[from] === to
    ? undefined
    : `src/${target} is an adapter: depend on the port in src/${roomOf(target)}; only ${
      [...COMPOSERS].map((each) => `src/${each}`).join(", ")
    } name adapters`
}

const folderFault = (path, target) => {
  const [from, to] = [path.split("/")[0], target.split("/")[0]]
  return ABOVE[from]?.includes(to)
    ? `${from}/ may not import ${to}/, which imports it: spawn the program, or move what both need to ${from}/`
    : undefined
}

/** Reports each relative import that has a fault: `fault` takes both paths. */
const ruleOfTargets = (fault) => ({
  create: (context) => {
    const path = pathOf(context)
    return everyImport(({ source }) => {
      const name = moduleOf(source)
      if (name === undefined || !name.startsWith(".")) return
      const message = fault(path, join(dirname(path), name))
      if (message !== undefined) context.report({ node: source, message })
    })
  }
})

/** The same within src, with both paths relative to it. */
const inSrc = (fault) => (path, target) =>
  path.startsWith("src/") && target.startsWith("src/")
    ? fault(path.slice("src/".length), target.slice("src/".length))
    : undefined

export const direction = ruleOfTargets((path, target) =>
  folderFault(path, target) ?? inSrc(directionFault)(path, target)
)
export const adapters = ruleOfTargets(inSrc(adapterFault))

/** Packages that consist of one module, so that their root is no barrel. */
const SINGLE = new Set(["@effect/vitest", "@effect/language-service"])

/** Files that export what is for others. */
const BARRELS = ["library.ts", "resources.ts"]

const BARREL = `a barrel hides who needs what: import the module itself; only ${
  BARRELS.map((each) => `src/${each}`).join(" and ")
} export what is others'`

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
        if (file === undefined || BARRELS.includes(file)) return
        for (const node of body) {
          if (node.type === "ExportAllDeclaration") context.report({ node, message: BARREL })
        }
      }
    }
  }
}
