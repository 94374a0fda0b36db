/**
 * Gives the suites a PostgreSQL: the one named in the environment, else a temporary one if PostgreSQL is installed.
 */
import { randomBytes } from "node:crypto"
import { Client } from "pg"
import type { TestProject } from "vitest/node"
import { testPostgres } from "./data.ts"
import { programs, temporary } from "./postgresServer.mjs"

declare module "vitest" {
  export interface ProvidedContext {
    /** Address of the server; undefined when there is none. */
    readonly postgres: string | undefined
    /** Start of the names of this run's schemas. */
    readonly schemas: string
  }
}

/** Drops the schemas that the run has left. */
const dropAll = async (connectionString: string, schemas: string) => {
  const client = new Client({ connectionString })
  await client.connect()
  const { rows } = await client.query<{ name: string }>(
    "SELECT quote_ident(nspname) AS name FROM pg_namespace WHERE starts_with(nspname, $1)",
    [schemas]
  )
  // One after the other: each locks its tables, and a server has a limit of locks.
  for (const { name } of rows) await client.query(`DROP SCHEMA ${name} CASCADE`)
  await client.end()
}

export default async (project: TestProject) => {
  const schemas = `test-${randomBytes(6).toString("hex")}`
  project.provide("schemas", schemas)
  const server = testPostgres
  if (server !== undefined) {
    project.provide("postgres", server)
    return () => dropAll(server, schemas)
  }
  if (programs() === undefined) {
    process.stderr.write("PostgreSQL is not installed: its suites are skipped (apt-get install postgresql)\n")
    return project.provide("postgres", undefined)
  }
  const { remove, url } = await temporary()
  project.provide("postgres", url)
  return remove
}
