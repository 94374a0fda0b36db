/**
 * Gives the suites a PostgreSQL: the one that is named in the environment, else one of their own where it is installed.
 */
import type { TestProject } from "vitest/node"
import { testPostgres } from "./data.ts"
import { programs, temporary } from "./postgresServer.mjs"

declare module "vitest" {
  export interface ProvidedContext {
    /** Its address, if there is one. */
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
