/**
 * Reports what a file of src names and the lists of what is allowed do not have for it.
 */
import { join } from "node:path/posix"
import { everyImport, fileOf } from "./files.mjs"
import { moduleOf, nameOf, usesOf, usesOfImport } from "./uses.mjs"

const WHOLE = "is passed on whole, and only some of its names are allowed: name each where you need it"
const OUTSIDE = "lies outside of src, where no rule looks: import a module of src"
const COMPUTED = "a computed import loads what no list shows: import the module by its name"

const covers = ({ files }, file) =>
  files === undefined || files.some((each) => each.endsWith("/") ? file.startsWith(each) : file === each)

const isOurs = (from) => from.startsWith(".")

/** Names a module of ours by its path in the repository. */
const resolved = (file, from) => isOurs(from) ? `./${join("src", file, "..", from)}` : from

/** True for a module that is imported whole: its names are judged by the lists. */
const isModule = (context, node) => {
  if (node?.type !== "Identifier") return false
  for (let scope = context.sourceCode.getScope(node); scope; scope = scope.upper) {
    if (scope.set.has(node.name)) return scope.set.get(node.name).defs[0]?.node.type === "ImportNamespaceSpecifier"
  }
  return false
}

/** Makes the rule. Its lists are `allowed` and `methods`; they stand in the file `where`, which messages name. */
export const makeNames = ({ allowed, methods, where }) => {
  const unlisted =
    `is in no list of what this file may name (${where}): use or write the module of src/resources that opens it in the ledger, or ` +
    "add it to a list there if it opens nothing, keeps nothing and starts nothing that goes on by itself"

  const listing = (from) => allowed.filter(({ names }) => Object.hasOwn(names, from))
  const advice = (entries) => entries.find(({ instead }) => instead !== undefined)?.instead ?? unlisted

  /** Returns the entries whose name for it is the longest. */
  const deciding = (from, path) => {
    const whole = `${path.join(".")}.`
    const found = listing(from).flatMap((entry) =>
      entry.names[from].filter((name) => name === "*" || whole.startsWith(`${name}.`))
        .map((name) => ({ entry, length: name === "*" ? 0 : name.length }))
    )
    const longest = Math.max(...found.map(({ length }) => length))
    return found.filter(({ length }) => length === longest).map(({ entry }) => entry)
  }

  /** Returns why the file may not import the module, or undefined. */
  const moduleFault = (file, from) => {
    if (isOurs(from) && !/^\.\/(?:src|scripts|test)\/|\.json$/.test(from)) return `${from} ${OUTSIDE}`
    const entries = listing(from)
    const isFree = isOurs(from) && !entries.some(({ names }) => names[from].includes("*"))
    return isFree || entries.some((entry) => covers(entry, file)) ? undefined : `${from} ${advice(entries)}`
  }

  /** Returns why the file may not name it, or undefined. An empty path is the module as a whole. */
  const nameFault = (file, from, path) => {
    const entries = deciding(from, path)
    if (entries.some((entry) => covers(entry, file))) return undefined
    if (isOurs(from) && entries.length === 0 && (path.length > 0 || listing(from).length === 0)) return undefined
    const name = path.join(".")
    return name === ""
      ? `${from} ${WHOLE}`
      : `${name}${from === "global" || from === "syntax" ? "" : ` of ${from}`} ${advice(entries)}`
  }

  return {
    create: (context) => {
      const file = fileOf(context)
      if (file === undefined) return {}
      const report = (node, message) => message !== undefined && context.report({ node, message })
      const check = (uses) => {
        for (const { from: name, node, path } of uses) {
          const from = resolved(file, name)
          if (isOurs(from) && node.type === "ExportAllDeclaration" || moduleFault(file, from) !== undefined) continue
          report(node, nameFault(file, from, path))
        }
      }
      const checkMethod = (node, name, object) => {
        const method = methods.find((each) => each.names.includes(name) && !covers(each, file))
        if (method !== undefined && !isModule(context, object)) report(node, `${name} ${method.instead}`)
      }
      return {
        ...everyImport((node) => {
          if ((node.importKind ?? node.exportKind ?? "value") !== "value" || node.type === undefined) return
          const name = moduleOf(node.source)
          report(node.source, name === undefined ? COMPUTED : moduleFault(file, resolved(file, name)))
          if (node.type === "ImportExpression" && name !== undefined) check(usesOfImport(node))
        }),
        Program: () => check(usesOf(context)),
        "Literal[value='unbounded']": (node) => report(node, nameFault(file, "syntax", ["unbounded"])),
        ":function": (node) => node.async && report(node, nameFault(file, "syntax", ["async"])),
        MemberExpression: (node) => checkMethod(node.property, nameOf(node.property, node.computed), node.object),
        ObjectPattern: ({ parent, properties }) => {
          for (const node of properties) {
            if (node.type === "Property") checkMethod(node, nameOf(node.key, node.computed), parent.init)
          }
        }
      }
    }
  }
}
