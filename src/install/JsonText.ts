/**
 * Edits a JSON text in place and leaves the rest of it as written.
 */
import * as Either from "effect/Either"
import { getNodeValue, type Node, type ParseError, parseTree, printParseErrorCode } from "jsonc-parser"
import { isJson } from "../domain/Json.ts"

/** Names of properties and indexes of elements, from the root on. */
export type Path = ReadonlyArray<string | number>

/** An error in a text, and its offset. */
export interface Flaw {
  readonly offset: number
  readonly detail: string
}

/** A text that `JSON.parse` accepts. The caller removes a byte order mark. */
export interface Json {
  readonly text: string
  readonly root: Node
}

const PARSE_OPTIONS = { disallowComments: true, allowTrailingComma: false }

const treeOf = (text: string, errors: Array<ParseError>): Node | undefined => {
  try {
    return parseTree(text, errors, PARSE_OPTIONS)
  } catch {
    // The text is nested too deeply for the parser.
    return undefined
  }
}

/** Turns "PropertyNameExpected" into "property name expected". */
const wordsOf = (code: string) => code.replace(/(?<!^)[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).toLowerCase()

export const parse = (text: string): Either.Either<Json, Flaw> => {
  const errors: Array<ParseError> = []
  const root = treeOf(text, errors)
  const [first] = errors
  if (first !== undefined) {
    return Either.left({ offset: first.offset, detail: wordsOf(printParseErrorCode(first.error)) })
  }
  return root === undefined || !isJson(text)
    ? Either.left({ offset: 0, detail: "not JSON" })
    : Either.right({ text, root })
}

/** Returns line and column, both counted from 1. */
export const positionOf = (text: string, offset: number) => {
  const before = text.slice(0, offset).split(/\r\n|\r|\n/)
  return { line: before.length, column: before.at(-1)!.length + 1 }
}

export const members = (node: Node): ReadonlyArray<Node> => node.children ?? []

/** Returns all properties of that name; `JSON.parse` takes the last one. */
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
  /** Indentation of a member within its container; undefined when the text is on one line. */
  readonly unit: string | undefined
  readonly colon: string
}

/** Returns the indentation of a container's first member, if the member begins a line. */
const leadOf = (text: string, node: Node): string | undefined => {
  const [first] = members(node)
  return first === undefined ? undefined : /[\r\n]([ \t]*)$/.exec(text.slice(node.offset + 1, first.offset))?.[1]
}

/** Returns the white space at the beginning of the offset's line. */
const indentOf = (text: string, offset: number): string => {
  const start = Math.max(text.lastIndexOf("\n", offset - 1), text.lastIndexOf("\r", offset - 1)) + 1
  return /^[ \t]*/.exec(text.slice(start))![0]
}

/** Takes the style from the root. A root without members gets the style of Claude Code. */
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

/** Writes a value on one line. */
const inline = (value: unknown, style: Style): string => {
  if (Array.isArray(value)) return `[${value.map((each) => inline(each, style)).join(commaOf(style))}]`
  if (typeof value !== "object" || value === null) return JSON.stringify(value)
  const entries = Object.entries(value).map(([name, each]) => property(name, inline(each, style), style))
  return `{${entries.join(commaOf(style))}}`
}

const property = (name: string, written: string, { colon }: Style) => `${JSON.stringify(name)}${colon}${written}`

/** Writes a value over several lines; those after the first are indented by `indent` and their depth. */
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

/**
 * Replaces a range and parses the result. Invalid JSON is a defect here: the text was valid, and the insertion is ours.
 */
const splice = ({ text }: Json, start: number, end: number, inserted: string): Json =>
  Either.getOrThrowWith(
    parse(text.slice(0, start) + inserted + text.slice(end)),
    ({ detail }) => new Error(`an edit left no JSON: ${detail}`)
  )

/** Adds a last member to an object (with a name) or an array. */
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
    return splice(json, endOf(last), endOf(last), separator + written(lead))
  }
  const outer = indentOf(json.text, container.offset)
  const inner = style.unit === undefined ? undefined : outer + style.unit
  const content = inner === undefined ? written(undefined) : style.eol + inner + written(inner) + style.eol + outer
  return splice(json, container.offset + 1, endOf(container) - 1, content)
}

/**
 * Sets `value` at `path`: replaces an existing value, else adds it as the last member of its object or array. Missing
 * containers are created. Existing ones must be objects or arrays, as the path requires, and a new element must be the
 * next one of its array.
 */
export const set = (json: Json, path: Path, value: unknown): Json => {
  const existing = find(json, path)
  if (existing !== undefined) {
    const isBlock = /[\r\n]/.test(json.text.slice(existing.offset, endOf(existing)))
    const indent = isBlock ? indentOf(json.text, existing.offset) : undefined
    return splice(json, existing.offset, endOf(existing), write(value, indent, styleOf(json)))
  }
  const name = path.at(-1)!
  const parent = find(json, path.slice(0, -1))
  return parent === undefined
    ? set(json, path.slice(0, -1), typeof name === "number" ? [value] : { [name]: value })
    : insert(json, parent, typeof name === "number" ? undefined : name, value)
}

/** Removes the value at `path`, which must exist. An emptied object or array stays, as `{}` or `[]`. */
export const remove = (json: Json, path: Path): Json => {
  const parent = find(json, path.slice(0, -1))!
  const value = find(json, path)!
  const node = parent.type === "object" ? value.parent! : value
  const at = members(parent).indexOf(node)
  const [previous, next] = [members(parent)[at - 1], members(parent)[at + 1]]
  return previous !== undefined
    ? splice(json, endOf(previous), endOf(node), "")
    : next !== undefined
    ? splice(json, node.offset, next.offset, "")
    : splice(json, parent.offset + 1, endOf(parent) - 1, "")
}
