/**
 * Gives the suites a PostgreSQL: the one named in the environment, else a temporary one if PostgreSQL is installed.
 */
import type { TestProject } from "vitest/node"
import { testPostgres } from "./data.ts"
import { programs, temporary } from "./postgresServer.mjs"

declare module "vitest" {
  export interface ProvidedContext {
    /** Address of the server; undefined when there is none. */
    readonly postgres: string | undefined
  }
}

export default async (project: TestProject) => {
  if (testPostgres !== undefined) return project.provide("postgres", testPostgres)
  if (programs() === undefined) {
    process.stderr.write("PostgreSQL is not installed: its suites are skipped (apt-get install postgresql)\n")
    return project.provide("postgres", undefined)
  }
  const { remove, url } = await temporary()
  project.provide("postgres", url)
  return remove
}
