/**
 * A server with the samples in its memory, and a browser that looks at its page.
 */
import { execFile, spawn } from "node:child_process"
import { accessSync, constants, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { promisify } from "node:util"
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core"
import { environment, samples, searchPath } from "../data.ts"
import { dist } from "../package.ts"

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]

const isProgram = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** The browser of this machine; undefined where none is installed, and these suites are skipped. */
export const browserPath: string | undefined = searchPath
  .flatMap((folder) => NAMES.map((name) => join(folder, name)))
  .find(isProgram)

export const launch = (): Promise<Browser> =>
  chromium.launch({
    executablePath: browserPath ?? "chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync"
    ]
  })

export interface Served {
  readonly url: string
  readonly token: string
  /** Folder of the memory. */
  readonly memory: string
  /** Folder of Claude Code's transcripts, which is not there yet. */
  readonly transcripts: string
  /** Runs the command line over the same memory; returns what it prints. */
  readonly cli: (...words: ReadonlyArray<string>) => Promise<string>
  /** Makes a code, which is good for one page. */
  readonly code: () => Promise<string>
  readonly stop: () => Promise<void>
}

const run = promisify(execFile)
const main = join(dist, "main.js")

/** Imports the samples into a memory of its own, and serves it; `options` are more words of the command line. */
export const serve = async (...options: ReadonlyArray<string>): Promise<Served> => {
  const home = mkdtempSync(join(tmpdir(), "claude-memory-page-"))
  const env = environment(home)
  const cli = async (...words: ReadonlyArray<string>) =>
    (await run(process.execPath, [main, ...words], { env, cwd: home, maxBuffer: 64e6 })).stdout
  await cli("import", samples)
  const server = spawn(process.execPath, [main, "serve", "--port", "0", "--json", ...options], {
    env,
    cwd: home,
    stdio: ["ignore", "pipe", "inherit"]
  })
  const ended = new Promise<void>((resolve) => {
    server.once("exit", () => resolve())
  })
  const line = await new Promise<string>((resolve, reject) => {
    createInterface({ input: server.stdout }).once("line", resolve)
    server.once("exit", (code) => reject(new Error(`serve ended with ${code}`)))
  })
  const { url } = JSON.parse(line) as { readonly url: string }
  const token = (await cli("token")).trim()
  return {
    url,
    token,
    memory: join(home, ".claude-memory"),
    transcripts: join(home, ".claude", "projects"),
    cli,
    code: async () => {
      const response = await fetch(`${url}/v1/codes`, { method: "POST", headers: { authorization: `Bearer ${token}` } })
      return ((await response.json()) as { readonly code: string }).code
    },
    stop: async () => {
      server.kill()
      await ended
      rmSync(home, { recursive: true, force: true })
    }
  }
}

/** A page, and what it did that no page may. */
export interface Seen {
  readonly page: Page
  /** Errors and warnings of the console, violations of the policy among them, and requests to elsewhere. */
  readonly faults: ReadonlyArray<string>
  readonly close: () => Promise<void>
}

/** Time in which what is waited for must be there. */
const PATIENCE_MS = 8_000

/** Opens an address of the page, signed in. */
export const see = async (
  browser: Browser,
  served: Served,
  path = "/app/",
  options: BrowserContextOptions = {}
): Promise<Seen> => {
  const context = await browser.newContext({
    locale: "en-GB",
    viewport: { width: 1280, height: 800 },
    permissions: ["clipboard-read", "clipboard-write"],
    ...options
  })
  const page = await context.newPage()
  page.setDefaultTimeout(PATIENCE_MS)
  const faults: Array<string> = []
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") faults.push(message.text())
  })
  page.on("pageerror", (error) => faults.push(error.message))
  page.on("request", (request) => {
    const { origin } = new URL(request.url())
    if (origin !== served.url) faults.push(`a request to ${request.url()}`)
  })
  await page.goto(`${served.url}${path}#code=${await served.code()}`)
  await page.getByRole("navigation").first().waitFor()
  return { page, faults, close: () => context.close() }
}
