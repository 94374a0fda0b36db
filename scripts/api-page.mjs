// Writes the description of the HTTP API (docs/openapi.json) as a page without scripts, for people.
import { createHash } from "node:crypto"

const STYLE = `
:root { color-scheme: light dark; --line: light-dark(#e4e0d9, #2e2e32); --muted: light-dark(#635e56, #a5a39e); --soft: light-dark(#f2f0ec, #0e0e0f) }
body { margin: 0 auto; max-width: 960px; padding: 24px 20px 80px; font: 15px/1.55 system-ui, sans-serif; background: light-dark(#faf9f7, #131314);
  color: light-dark(#1d1c1a, #ececea) }
h1 { font-size: 24px } h2 { font-size: 18px; margin-top: 40px } h3 { font-size: 15px; margin: 24px 0 4px }
a { color: light-dark(#0a6a5c, #5ccbb3) } nav a { margin-right: 12px }
code, pre { font: 13px/1.5 ui-monospace, Menlo, Consolas, monospace }
pre { background: var(--soft); border: 1px solid var(--line); border-radius: 8px; padding: 12px; overflow-x: auto }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; vertical-align: top; padding: 4px 12px 4px 0; border-top: 1px solid var(--line) }
th { color: var(--muted); font-weight: 500; white-space: nowrap; width: 90px } .method { display: inline-block; min-width: 64px; font-weight: 650 }
`

const escaped = (text) =>
  String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("\"", "&quot;")

const nameOf = ({ $ref }) => $ref?.split("/").at(-1)
const linkTo = (name) => `<a href="#${escaped(name)}"><code>${escaped(name)}</code></a>`

/** Says in a few words what values a schema has. */
const kindOf = (schema) => {
  if (schema.$ref !== undefined) return linkTo(nameOf(schema))
  if (schema.enum !== undefined) {
    return schema.enum.map((each) => `<code>${escaped(JSON.stringify(each))}</code>`).join(" | ")
  }
  const choices = schema.anyOf ?? schema.oneOf
  if (choices !== undefined) return choices.map(kindOf).join(" | ")
  if (schema.type === "array") {
    return `array of ${kindOf(Array.isArray(schema.items) ? schema.items[0] : schema.items ?? {})}`
  }
  if (schema.type === "object") return "object"
  return escaped(schema.type ?? "any value")
}

const fieldsOf = ({ properties = {}, required = [] }) => {
  const rows = Object.entries(properties).map(([name, schema]) =>
    `<tr><td><code>${escaped(name)}</code></td><td>${kindOf(schema)}</td><td>${
      required.includes(name) ? "" : "optional"
    }</td></tr>`
  )
  return rows.length === 0 ? "" : `<table><tr><th>field</th><th>value</th><th></th></tr>${rows.join("")}</table>`
}

const bodyOf = (content) => {
  const [type, { schema }] = Object.entries(content)[0]
  return `${schema.$ref === undefined && schema.type === "object" ? fieldsOf(schema) : kindOf(schema)} <code>${
    escaped(type)
  }</code>`
}

const operationOf = (path, method, { description, parameters, requestBody, responses, security }) => {
  const [status, answer] = Object.entries(responses).find(([status]) => status.startsWith("2"))
  const given = parameters.map((each) =>
    `<tr><td><code>${escaped(each.name)}</code></td><td>${kindOf(each.schema)}</td><td>in the ${
      each.in === "query" ? "address" : each.in
    }${each.required ? "" : ", optional"}</td></tr>`
  )
  return `<h3><span class="method">${method.toUpperCase()}</span><code>${escaped(path)}</code></h3>
<p>${escaped(description)}${security.length === 0 ? " Needs no token." : ""}</p>
<table>${given.join("")}
${requestBody === undefined ? "" : `<tr><th>body</th><td colspan="2">${bodyOf(requestBody.content)}</td></tr>`}
<tr><th>${status}</th><td colspan="2">${
    answer.content === undefined ? "nothing" : bodyOf(answer.content)
  }</td></tr></table>`
}

/** Returns the page's files below the folder of the page. */
export const apiPage = ({ components: { schemas }, info: { title, version }, paths }, base) => {
  const style = `assets/api-${createHash("sha256").update(STYLE).digest("hex").slice(0, 8)}.css`
  const tags = new Map()
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const [tag] = operation.tags
      tags.set(tag, [...tags.get(tag) ?? [], operationOf(path, method, operation)])
    }
  }
  const html = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>HTTP API · ${
    escaped(title)
  }</title>
<link rel="stylesheet" href="${base}${style}"></head>
<body>
<h1>HTTP API of ${escaped(title)} ${escaped(version)}</h1>
<p>Every request needs <code>Authorization: Bearer TOKEN</code>, which <code>claude-memory token</code> prints, unless a route says otherwise. What fails is answered
by ${
    linkTo("Problem")
  } as <code>application/problem+json</code>. Times are milliseconds since the epoch. <code>GET /openapi.json</code> is this page for programs.</p>
<nav>${
    [...tags.keys()].map((tag) => `<a href="#${escaped(tag)}">${escaped(tag)}</a>`).join("")
  }<a href="#schemas">schemas</a></nav>
${
    [...tags].map(([tag, operations]) => `<h2 id="${escaped(tag)}">${escaped(tag)}</h2>${operations.join("\n")}`).join(
      "\n"
    )
  }
<h2 id="schemas">Schemas</h2>
${
    Object.entries(schemas).map(([name, schema]) =>
      `<h3 id="${escaped(name)}"><code>${escaped(name)}</code></h3>${fieldsOf(schema) || `<p>${kindOf(schema)}</p>`}`
    ).join("\n")
  }
</body>
</html>
`
  return [{ name: "api.html", contents: Buffer.from(html) }, { name: style, contents: Buffer.from(STYLE) }]
}
