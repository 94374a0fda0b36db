/**
 * Data and settings from outside of the tests. No other file of the tests reads the environment.
 */
// @effect-diagnostics processEnv:off
import { delimiter, join } from "node:path"
import { fileURLToPath } from "node:url"

export const root = fileURLToPath(new URL("..", import.meta.url))
/** The sample sessions, laid out like Claude Code's own transcripts. */
export const samples = join(root, "test", "fixtures", "projects")
/** Folder of data that is not shipped. Without it, tests that need it are reported as skipped, and fail in CI. */
export const testData: string | undefined = process.env.TEST_DATA

/** A real Qdrant server, if there is one. Tests remove what they create there; only Qdrant's own suites use it. */
export const qdrant: { readonly url: string | undefined; readonly apiKey: string | undefined } = {
  url: process.env.QDRANT_URL,
  apiKey: process.env.QDRANT_API_KEY
}

/** A PostgreSQL that tests may write into; without it they start their own. */
export const testPostgres: string | undefined = process.env.TEST_POSTGRES_URL

/** Seed of the properties: fixed, so that every run sees the same cases; "random" looks for new ones. */
export const testSeed: string = process.env.TEST_SEED ?? "20261125"

/** Multiple of the cases that properties see; undefined in the quick form. */
const runs: number | undefined = process.env.TEST_RUNS === undefined ? undefined : Number(process.env.TEST_RUNS)

/** True in the quick form, without TEST_RUNS: a quarter of the cases, and none of the slow tests. */
export const isQuick: boolean = runs === undefined

/** Number of cases for a slow property: `some` times TEST_RUNS; in the quick form a quarter of `some`. */
export const times = (some: number): number => Math.ceil(some * (runs ?? 0.25))

/**
 * Filter that keeps every `n`th of a list of slow cases, and in the quick form every `quick`th; always the same ones, and
 * all of them with TEST_RUNS=n.
 */
export const oneIn = (n: number, quick = n) => {
  const step = runs === undefined ? quick : Math.max(1, Math.round(n / runs))
  return (_: unknown, index: number): boolean => index % step === 0
}

/** Registers a test that takes seconds, with TEST_RUNS; without it, a function that registers nothing takes its place. */
export const slow = <Register extends (...args: never) => unknown>(register: Register): Register =>
  isQuick ? (() => undefined) as unknown as Register : register

/** Variables that would make the program, or one of its drivers, use the person's own data or servers. */
const OWN = /^(?:CLAUDE_MEMORY_|QDRANT_|TEST_POSTGRES_URL$|PG[A-Z]+$)/

/** Removes those variables from this process and moves its home. Afterwards only this file leads to a real server. */
export const isolate = (home: string) => {
  for (const name of Object.keys(process.env)) if (OWN.test(name)) Reflect.deleteProperty(process.env, name)
  process.env.HOME = home
  // Days are those of the clock; what is expected names them in UTC.
  process.env.TZ = "UTC"
  process.env.USERPROFILE = home
  process.env.CLAUDE_CONFIG_DIR = join(home, ".claude")
  process.env.CLAUDE_MEMORY_HOME = join(home, ".claude-memory")
}

/** Folders in which this process finds programs. */
export const searchPath: ReadonlyArray<string> = (process.env.PATH ?? "").split(delimiter)

/** Folder where Node keeps compiled code, from 22.1 on, for all programs that tests spawn. */
const compileCache: string | undefined = process.env.NODE_COMPILE_CACHE

/** Environment of a spawned program: the path to Node, a home of its own, and `extra`. */
export const environment = (home: string, extra: Readonly<Record<string, string>> = {}): Record<string, string> => ({
  PATH: [join(process.execPath, ".."), process.env.PATH ?? ""].join(delimiter),
  HOME: home,
  USERPROFILE: home,
  TZ: "UTC",
  CLAUDE_CONFIG_DIR: join(home, ".claude"),
  CLAUDE_MEMORY_HOME: join(home, ".claude-memory"),
  ...(compileCache !== undefined && { NODE_COMPILE_CACHE: compileCache }),
  ...extra
})
