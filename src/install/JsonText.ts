/**
 * Edits of a JSON text that leave all the rest of it as it is written.
 */
import * as Either from "effect/Either"
import { getNodeValue, type Node, type ParseError, parseTree, printParseErrorCode } from "jsonc-parser"

/** Names of properties and numbers of elements, from the root on. */
export type Path = ReadonlyArray<string | number>

/** What is wrong with a text, and where. */
export interface Flaw {
  readonly offset: number
  readonly detail: string
}

/** A text that `JSON.parse` takes. A byte order mark is the caller's. */
export interface Json {
  readonly text: string
  readonly root: Node
}

const STRICT = { disallowComments: true, allowTrailingComma: false }

const treeOf = (text: string, errors: Array<ParseError>): Node | undefined => {
  try {
    return parseTree(text, errors, STRICT)
  } catch {
    // Nested too deep for it.
    return undefined
  }
}

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** "PropertyNameExpected" in words. */
const worded = (code: string) => code.replace(/(?<!^)[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).toLowerCase()

export const parse = (text: string): Either.Either<Json, Flaw> => {
  const errors: Array<ParseError> = []
  const root = treeOf(text, errors)
  const [first] = errors
  if (first !== undefined) {
    return Either.left({ offset: first.offset, detail: worded(printParseErrorCode(first.error)) })
  }
  return root === undefined || !isJson(text)
    ? Either.left({ offset: 0, detail: "not JSON" })
    : Either.right({ text, root })
}

/** Line and column, both from 1 on. */
export const positionOf = (text: string, offset: number) => {
  const before = text.slice(0, offset).split(/\r\n|\r|\n/)
  return { line: before.length, column: before.at(-1)!.length + 1 }
}

export const members = (node: Node): ReadonlyArray<Node> => node.children ?? []

/** The properties of that name: `JSON.parse` takes the last one. */
export const properties = (node: Node, name: string): ReadonlyArray<Node> =>
  node.type === "object" ? members(node).filter(({ children }) => children?.[0]?.value === name) : []

const step = (node: Node | undefined, name: string | number): Node | undefined =>
  node === undefined
    ? undefined
    : typeof name === "number"
    ? node.type === "array" ? members(node)[name] : undefined
    : properties(node, name).at(-1)?.children?.[1]

export const find = ({ root }: Pick<Json, "root">, path: Path): Node | undefined =>
  path.reduce<Node | undefined>(step, root)

export const isEmpty = (node: Node): boolean => members(node).length === 0

export const valueOf = (node: Node): unknown => getNodeValue(node)

const endOf = ({ length, offset }: Node) => offset + length

interface Style {
  readonly eol: string
  /** By how much a member is indented more than what it is in; undefined where all is on one line. */
  readonly unit: string | undefined
  readonly colon: string
}

/** White space between a container's bracket and its first member, where that begins a line. */
const leadOf = (text: string, node: Node): string | undefined => {
  const [first] = members(node)
  return first === undefined ? undefined : /[\r\n]([ \t]*)$/.exec(text.slice(node.offset + 1, first.offset))?.[1]
}

/** The white space that the line of an offset begins with. */
const indentOf = (text: string, offset: number): string => {
  const start = Math.max(text.lastIndexOf("\n", offset - 1), text.lastIndexOf("\r", offset - 1)) + 1
  return /^[ \t]*/.exec(text.slice(start))![0]
}

/** As the root is written, which sets the example; a root without members says nothing, and is written as Claude Code does. */
const styleOf = ({ root, text }: Json): Style => {
  const eol = /\r\n|\n|\r/.exec(text)?.[0] ?? "\n"
  const [first] = members(root)
  const [name, value] = first?.children ?? []
  const written = name === undefined || value === undefined ? ": " : text.slice(endOf(name), value.offset)
  const colon = /^[ \t]*:[ \t]*$/.test(written) ? written : ": "
  const outer = indentOf(text, root.offset)
  const lead = leadOf(text, root)
  return {
    eol,
    colon,
    unit: first === undefined ? "  " : lead?.startsWith(outer) === true ? lead.slice(outer.length) : lead
  }
}

const commaOf = ({ colon }: Style) => colon.endsWith(" ") ? ", " : ","

/** On one line. */
const inline = (value: unknown, style: Style): string => {
  if (Array.isArray(value)) return `[${value.map((each) => inline(each, style)).join(commaOf(style))}]`
  if (typeof value !== "object" || value === null) return JSON.stringify(value)
  const entries = Object.entries(value).map(([name, each]) => property(name, inline(each, style), style))
  return `{${entries.join(commaOf(style))}}`
}

const property = (name: string, written: string, { colon }: Style) => `${JSON.stringify(name)}${colon}${written}`

/** Over several lines, of which those after the first are indented by `indent` and what their depth adds. */
const block = (value: unknown, indent: string, style: Style & { readonly unit: string }): string => {
  if (typeof value !== "object" || value === null) return JSON.stringify(value)
  const inner = indent + style.unit
  const [open, close] = Array.isArray(value) ? "[]" : "{}"
  const written = Array.isArray(value)
    ? value.map((each) => block(each, inner, style))
    : Object.entries(value).map(([name, each]) => property(name, block(each, inner, style), style))
  return written.length === 0
    ? `${open}${close}`
    : `${open}${written.map((each) => style.eol + inner + each).join(",")}${style.eol}${indent}${close}`
}

const write = (value: unknown, indent: string | undefined, style: Style): string =>
  indent === undefined || style.unit === undefined
    ? inline(value, style)
    : block(value, indent, { ...style, unit: style.unit })

/** What is parsed again was JSON before, and ours is what was put into it. */
const spliced = ({ text }: Json, start: number, end: number, inserted: string): Json =>
  Either.getOrThrowWith(
    parse(text.slice(0, start) + inserted + text.slice(end)),
    ({ detail }) => new Error(`an edit left no JSON: ${detail}`)
  )

/** A new last member of an object (with a name) or an array. */
const insert = (json: Json, container: Node, name: string | undefined, value: unknown): Json => {
  const style = styleOf(json)
  const written = (indent: string | undefined) => {
    const bare = write(value, indent, style)
    return name === undefined ? bare : property(name, bare, style)
  }
  const last = members(container).at(-1)
  if (last !== undefined) {
    const lead = leadOf(json.text, container)
    const separator = lead !== undefined ? `,${style.eol}${lead}` : commaOf(style)
    return spliced(json, endOf(last), endOf(last), separator + written(lead))
  }
  const outer = indentOf(json.text, container.offset)
  const inner = style.unit === undefined ? undefined : outer + style.unit
  const content = inner === undefined ? written(undefined) : style.eol + inner + written(inner) + style.eol + outer
  return spliced(json, container.offset + 1, endOf(container) - 1, content)
}

/**
 * With `value` at `path`: in place of what is there, else as the last member of its object or array, which are made where they are
 * missing. What is on the path must be an object or an array, as its next name is, and a new element is the next one of its array.
 */
export const set = (json: Json, path: Path, value: unknown): Json => {
  const there = find(json, path)
  if (there !== undefined) {
    const isBlock = /[\r\n]/.test(json.text.slice(there.offset, endOf(there)))
    const indent = isBlock ? indentOf(json.text, there.offset) : undefined
    return spliced(json, there.offset, endOf(there), write(value, indent, styleOf(json)))
  }
  const name = path.at(-1)!
  const parent = find(json, path.slice(0, -1))
  return parent === undefined
    ? set(json, path.slice(0, -1), typeof name === "number" ? [value] : { [name]: value })
    : insert(json, parent, typeof name === "number" ? undefined : name, value)
}

/** Without what is at `path`, which must be there. What is left of an emptied object or array is `{}` or `[]`. */
export const remove = (json: Json, path: Path): Json => {
  const parent = find(json, path.slice(0, -1))!
  const value = find(json, path)!
  const node = parent.type === "object" ? value.parent! : value
  const at = members(parent).indexOf(node)
  const [previous, next] = [members(parent)[at - 1], members(parent)[at + 1]]
  return previous !== undefined
    ? spliced(json, endOf(previous), endOf(node), "")
    : next !== undefined
    ? spliced(json, node.offset, next.offset, "")
    : spliced(json, parent.offset + 1, endOf(parent) - 1, "")
}
