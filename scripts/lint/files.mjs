/**
 * Where a file is, and what it imports.
 */
import { sep as nativeSep } from "node:path"
import { relative, sep } from "node:path/posix"

const posix = (path) => path.split(nativeSep).join(sep)
export const pathOf = ({ cwd, filename }) => relative(posix(cwd), posix(filename))

/** Relative to src, or undefined outside of it. */
export const fileOf = (context) => {
  const path = pathOf(context)
  return path.startsWith("src/") ? path.slice("src/".length) : undefined
}

export const everyImport = (check) => ({
  ImportDeclaration: check,
  ExportAllDeclaration: check,
  ExportNamedDeclaration: (node) => node.source && check(node),
  ImportExpression: check,
  TSImportType: (node) => check({ source: node.source ?? node.argument?.literal ?? node.argument })
})
