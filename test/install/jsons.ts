/**
 * Settings files for property tests: any values, in any formatting.
 */
import * as FastCheck from "effect/FastCheck"

type Value = null | boolean | number | string | ReadonlyArray<Value> | { readonly [name: string]: Value }

const name = FastCheck.oneof(
  FastCheck.constantFrom(
    "model",
    "env",
    "permissions",
    "mcpServers",
    "projects",
    "hooks",
    "enabledPlugins",
    "模型",
    "a.b",
    ""
  ),
  FastCheck.string({ unit: "grapheme", maxLength: 6 })
).filter((text) => text !== "__proto__" && text !== "z")

const leaf: FastCheck.Arbitrary<Value> = FastCheck.oneof(
  FastCheck.constantFrom(null, true, false, 0, -1.5, 1e21, "", "// no comment", "a\n\"b\"\\", "记忆 🙂", "\u2028"),
  FastCheck.string({ unit: "grapheme", maxLength: 8 }),
  FastCheck.integer()
)

const { any } = FastCheck.letrec<{ any: Value; list: Value; record: Value }>((tie) => ({
  any: FastCheck.oneof({ maxDepth: 3, withCrossShrink: true }, leaf, tie("list"), tie("record")),
  list: FastCheck.array(tie("any"), { maxLength: 3 }),
  record: FastCheck.dictionary(name, tie("any"), { maxKeys: 3 })
}))

const others = FastCheck.record({
  type: FastCheck.constantFrom("command", "mcp_tool", "http"),
  command: FastCheck.constantFrom("node", "prettier --check", "say \"done\""),
  args: FastCheck.constantFrom(["/other/tool/dist/hook.js"], ["-c", "x"], [])
}, { requiredKeys: ["type"] })

const group = FastCheck.record({
  matcher: FastCheck.constantFrom("startup|resume", "*", ""),
  hooks: FastCheck.array(others, { maxLength: 2 })
}, { requiredKeys: ["hooks"] })

const hooks = FastCheck.dictionary(
  FastCheck.constantFrom("SessionStart", "UserPromptSubmit", "Stop", "PreToolUse"),
  FastCheck.array(group, { maxLength: 2 }),
  { maxKeys: 4 }
)

const servers = FastCheck.dictionary(FastCheck.constantFrom("github", "文件", "x y"), others, { maxKeys: 2 })

/** Settings with any values, in which Claude Code's own parts have the right shape if present. */
export const settings: FastCheck.Arbitrary<{ readonly [name: string]: unknown }> = FastCheck.tuple(
  FastCheck.dictionary(name, any, { maxKeys: 4 }),
  FastCheck.record({
    hooks,
    env: FastCheck.dictionary(name, FastCheck.string({ maxLength: 5 }), { maxKeys: 2 }),
    mcpServers: servers,
    projects: FastCheck.dictionary(
      FastCheck.constantFrom("/home/mei/shop", "/home/mei/店"),
      FastCheck.record({ allowedTools: FastCheck.constant([]), mcpServers: servers }, { requiredKeys: [] }),
      { maxKeys: 2 }
    )
  }, { requiredKeys: [] }),
  FastCheck.boolean()
).map(([rest, own, isFirst]) => {
  const kept = Object.fromEntries(
    Object.entries(rest).filter(([name]) => !["hooks", "env", "mcpServers", "projects"].includes(name))
  )
  return isFirst ? { ...own, ...kept } : { ...kept, ...own }
})

export interface Style {
  readonly eol: string
  readonly unit: string
  readonly colon: string
  readonly comma: string
  /** Nesting depth down to which members stand on lines of their own. */
  readonly depth: number
  readonly end: string
  readonly margin: string
}

export const style: FastCheck.Arbitrary<Style> = FastCheck.record({
  eol: FastCheck.constantFrom("\n", "\r\n"),
  unit: FastCheck.constantFrom("  ", "\t", "    ", "", "             "),
  colon: FastCheck.constantFrom(": ", ":", " : "),
  comma: FastCheck.constantFrom(", ", ","),
  depth: FastCheck.constantFrom(0, 1, 2, 3, 99),
  end: FastCheck.constantFrom("", "\n", "\r\n", "\n\n", "  "),
  margin: FastCheck.constantFrom("", "  ", "\n")
})

export const render = (value: unknown, style: Style, indent = "", depth = 0): string => {
  if (typeof value !== "object" || value === null) return JSON.stringify(value)
  const inner = indent + style.unit
  const written = Array.isArray(value)
    ? value.map((each) => render(each, style, inner, depth + 1))
    : Object.entries(value).map(([name, each]) =>
      JSON.stringify(name) + style.colon + render(each, style, inner, depth + 1)
    )
  const [open, close] = Array.isArray(value) ? "[]" : "{}"
  return written.length === 0
    ? `${open}${close}`
    : depth < style.depth
    ? `${open}${style.eol}${inner}${written.join(`,${style.eol}${inner}`)}${style.eol}${indent}${close}`
    : `${open}${written.join(style.comma)}${close}`
}

/** A settings file in some person's formatting. */
export const text: FastCheck.Arbitrary<string> = FastCheck.tuple(settings, style).map(([value, style]) =>
  style.margin + render(value, style) + style.end
)
