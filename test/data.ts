/**
 * What tests take from outside: the one file that reads the environment.
 */
// @effect-diagnostics processEnv:off
import { delimiter, join } from "node:path"
import { fileURLToPath } from "node:url"

export const root = fileURLToPath(new URL("..", import.meta.url))
/** The sample sessions, laid out as Claude Code lays out its own. */
export const samples = join(root, "test", "fixtures", "projects")
/** Data that is not shipped; tests that need it say that they are skipped when it is absent, and fail in CI. */
export const testData: string | undefined = process.env.TEST_DATA

/** A real server, for those who have one: what the tests make there they remove. Only their own suites come to it. */
export const qdrant: { readonly url: string | undefined; readonly apiKey: string | undefined } = {
  url: process.env.QDRANT_URL,
  apiKey: process.env.QDRANT_API_KEY
}

/** A PostgreSQL that tests may write into; without it they start one. */
export const testPostgres: string | undefined = process.env.TEST_POSTGRES_URL

/** Properties see the same cases in every run, so that a change is judged by itself; "random" looks for others. */
export const testSeed: string = process.env.TEST_SEED ?? "20261125"

/** How many cases the properties that take long see: so many, times TEST_RUNS. */
export const times = (some: number): number => some * Number(process.env.TEST_RUNS ?? "1")

/** Where tests of whole programs that take longest are left out: with TEST_RUNS=2 they run, too. */
export const isQuick: boolean = times(1) < 2

/** A filter for what takes long one by one: every `n`th, always the same ones; with TEST_RUNS=n all. */
export const oneIn = (n: number) => {
  const step = Math.max(1, Math.round(n / times(1)))
  return (_: unknown, index: number): boolean => index % step === 0
}

/** What would have the program, or a driver of its, use something of the person's. */
const OWN = /^(?:CLAUDE_MEMORY_|QDRANT_|TEST_POSTGRES_URL$|PG[A-Z]+$)/

/** From here on only those who ask this file for a real server come to it. */
export const isolate = (home: string) => {
  for (const name of Object.keys(process.env)) if (OWN.test(name)) Reflect.deleteProperty(process.env, name)
  process.env.HOME = home
  process.env.USERPROFILE = home
  process.env.CLAUDE_CONFIG_DIR = join(home, ".claude")
  process.env.CLAUDE_MEMORY_HOME = join(home, ".claude-memory")
}

/** For a spawned program: nothing of the person's environment but the way to Node, and `extra`. */
export const environment = (home: string, extra: Readonly<Record<string, string>> = {}): Record<string, string> => ({
  PATH: [join(process.execPath, ".."), process.env.PATH ?? ""].join(delimiter),
  HOME: home,
  USERPROFILE: home,
  CLAUDE_CONFIG_DIR: join(home, ".claude"),
  CLAUDE_MEMORY_HOME: join(home, ".claude-memory"),
  ...extra
})
