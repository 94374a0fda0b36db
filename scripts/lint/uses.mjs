/**
 * Finds what a file uses from outside, in any spelling: `{ Pool }` and `{ Pool as P }`, `undici.Pool`, `undici["Pool"]`,
 * `const { Pool } = undici`, `(await import("undici")).Pool`, `globalThis.setTimeout`.
 */

/**
 * @typedef {object} Use
 * @property {object} node The node that names it.
 * @property {string} from The module, or "global".
 * @property {ReadonlyArray<string>} path Names that lead to it; empty for the module as a whole.
 */

const GLOBAL_OBJECTS = new Set(["globalThis", "global", "window", "self"])

/** Splits a list of names, since a formatter would give each name of an array its own line. */
export const words = ([text]) => text.trim().split(/\s+/)

/** Modules whose exports are the members of a global. */
const AS_GLOBAL = { "node:process": "process", process: "process", "node:console": "console", console: "console" }

/** Types of nodes that wrap an expression without changing what it names. */
const CARRIES_ON = new Set(words`
  AwaitExpression ChainExpression ParenthesizedExpression TSAsExpression TSNonNullExpression TSSatisfiesExpression
`)

const literal = (node) =>
  node?.type === "Literal" && typeof node.value === "string"
    ? node.value
    : node?.type === "TemplateLiteral" && node.expressions.length === 0
    ? node.quasis[0].value.cooked
    : undefined

const unwrapped = (node) =>
  node?.type === "TSAsExpression" || node?.type === "TSSatisfiesExpression" ? unwrapped(node.expression) : node

export const nameOf = (node, isComputed = false) =>
  isComputed ? literal(unwrapped(node)) : node.type === "Identifier" ? node.name : literal(node)

export const moduleOf = literal

/** Returns one use, or one for each name that a pattern destructures. */
const follow = (start, from, names) => {
  let node = start
  const path = [...names]
  for (let parent = node.parent; parent; parent = node.parent) {
    if (parent.type === "MemberExpression" && parent.object === node) {
      const name = nameOf(parent.property, parent.computed)
      if (name === undefined) break
      path.push(name)
    } else if (!CARRIES_ON.has(parent.type)) break
    node = parent
  }
  const pattern = node.parent?.type === "VariableDeclarator" && node.parent.init === node ? node.parent.id : undefined
  const taken = pattern?.type === "ObjectPattern" && pattern.properties.every((each) => each.type === "Property")
    ? pattern.properties.map((each) => ({ node: each, names: [...path, nameOf(each.key, each.computed) ?? ""] }))
    : [{ node, names: path }]
  return taken.map((each) => normalized({ node: each.node, from, path: each.names }))
}

const normalized = (use) => {
  let { from, path } = use
  if (from !== "global" && path[0] === "default") path = path.slice(1)
  if (Object.hasOwn(AS_GLOBAL, from)) {
    path = [AS_GLOBAL[from], ...path]
    from = "global"
  }
  while (from === "global" && path.length > 1 && GLOBAL_OBJECTS.has(path[0])) path = path.slice(1)
  return { ...use, from, path }
}

/** True for a reference in a type. Types are erased, so they open and run nothing. */
const isType = (reference) => {
  if (reference.isValueReference === false) return true
  let node = reference.identifier
  while (node.parent?.type === "TSQualifiedName") node = node.parent
  return node.parent?.type === "TSTypeQuery"
}

const importedName = (specifier) =>
  specifier.type === "ImportSpecifier"
    ? [nameOf(specifier.imported)]
    : specifier.type === "ImportDefaultSpecifier"
    ? ["default"]
    : []

const ofImport = (declaration, scopes) => {
  if (declaration.importKind === "type") return []
  const from = moduleOf(declaration.source)
  return declaration.specifiers.filter((each) => each.importKind !== "type").flatMap((specifier) =>
    scopes.getDeclaredVariables(specifier).flatMap((variable) =>
      variable.references.filter((reference) => !isType(reference)).flatMap(({ identifier }) =>
        follow(identifier, from, importedName(specifier))
      )
    )
  )
}

const ofExport = (declaration) => {
  if (!declaration.source || declaration.exportKind === "type") return []
  const from = moduleOf(declaration.source)
  return declaration.type === "ExportAllDeclaration"
    ? [normalized({ node: declaration, from, path: [] })]
    : declaration.specifiers.filter((each) => each.exportKind !== "type").map((each) =>
      normalized({ node: each, from, path: [nameOf(each.local)] })
    )
}

const ofGlobals = (scopes) => {
  const { through = [], variables = [] } = scopes.globalScope ?? {}
  const builtIn = variables.filter(({ defs }) => defs.length === 0).flatMap(({ references }) => references)
  return [...new Set([...through, ...builtIn])].filter((reference) => !isType(reference)).flatMap(({ identifier }) =>
    follow(identifier, "global", [identifier.name])
  )
}

const known = new WeakMap()

/** Returns all uses of a file except those through `import()`. `usesOfImport` returns these, one import at a time. */
export const usesOf = (context) => {
  const { ast, scopeManager } = context.sourceCode
  if (!known.has(ast)) {
    known.set(ast, [
      ...ast.body.flatMap((node) =>
        node.type === "ImportDeclaration"
          ? ofImport(node, scopeManager)
          : node.type === "ExportAllDeclaration" || node.type === "ExportNamedDeclaration"
          ? ofExport(node)
          : []
      ),
      ...ofGlobals(scopeManager)
    ])
  }
  return known.get(ast)
}

export const usesOfImport = (node) => follow(node, moduleOf(node.source) ?? "", [])

/** Makes a rule that judges each use by itself. `judge(use)` returns the fault's message, or undefined. */
export const ruleOfUses = (judge, visitors = () => ({})) => ({
  create: (context) => {
    const check = (uses) => {
      for (const use of uses) {
        const message = judge(use)
        if (message !== undefined) context.report({ node: use.node, message })
      }
    }
    return {
      Program: () => check(usesOf(context)),
      ImportExpression: (node) => check(usesOfImport(node)),
      ...visitors(context)
    }
  }
})
