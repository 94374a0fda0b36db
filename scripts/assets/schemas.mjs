// Makes test/fixtures/schemas: a memory of each earlier schema, written by the last program that had it, which is built from the history
// in a work tree of its own. SQLite: the database as one file. PostgreSQL: a dump of its statements, where PostgreSQL is installed.
// A version that is there already is kept, since later programs may write what no program of that time did; --anew makes it anew.
//   node scripts/assets/schemas.mjs [--anew]
import { execFileSync } from "node:child_process"
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { gzipSync } from "node:zlib"
import { programs, temporary } from "../../test/postgresServer.mjs"

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..")
const fixtures = join(root, "test", "fixtures", "schemas")
const [project, session] = ["-home-mei-work-rust-indexer", "66698404-81f4-4b9b-ac76-f9a1db17fded.jsonl"]

/** The last commits with each version of SQLite's schema. 2 and 3 came in one commit, so that no program ever wrote version 2. */
const SQLITE = {
  1: "c0a2952",
  3: "bd3ce09",
  4: "e7cbb14",
  5: "6f638dd",
  6: "f92fad6",
  7: "c0548b1",
  8: "2c6ba2d",
  9: "2a0ddfe",
  10: "fcac237",
  11: "844b408"
}

/** Commits with each version of PostgreSQL's schema. */
const POSTGRES = { 1: "6f638dd", 2: "c0548b1", 3: "2a0ddfe", 4: "844b408" }

const { values } = parseArgs({ options: { anew: { type: "boolean", default: false } } })

const work = mkdtempSync(join(tmpdir(), "claude-memory-schemas-"))

const git = (...words) => execFileSync("git", ["-C", root, ...words], { stdio: ["ignore", "ignore", "inherit"] })

/** Builds the program of a commit; returns its command line. */
const build = (commit) => {
  const tree = join(work, commit)
  if (!existsSync(tree)) {
    git("worktree", "add", "--quiet", "--detach", tree, commit)
    symlinkSync(join(root, "node_modules"), join(tree, "node_modules"))
    execFileSync(process.execPath, ["scripts/build.mjs"], { cwd: tree, stdio: ["ignore", "ignore", "inherit"] })
  }
  return join(tree, "dist", "main.js")
}

/** Fills a memory as a person would; returns its folder. What a program does not have yet is left out. */
const fill = (program, name, env) => {
  const home = join(work, name)
  const folder = join(home, ".claude-memory")
  // The memory records the transcript's path, which must not be that of this checkout.
  const transcripts = join(home, ".claude", "projects", project)
  mkdirSync(transcripts, { recursive: true })
  copyFileSync(join(root, "test", "fixtures", "projects", project, session), join(transcripts, session))
  const run = (...words) =>
    execFileSync(process.execPath, [program, ...words], {
      cwd: home,
      encoding: "utf8",
      env: { PATH: process.env.PATH, HOME: home, CLAUDE_MEMORY_HOME: folder, ...env },
      stdio: ["ignore", "pipe", "ignore"]
    })
  run("import", transcripts)
  if (/^ {2}save /m.test(run("--help"))) {
    for (const place of ["shop", "shop-old"]) mkdirSync(join(home, place))
    const save = (text, place) => JSON.parse(run("save", text, "--project", join(home, place), "--json")).id
    save("We deploy the shop on Thursdays at noon, and never on a Friday.", "shop")
    save("The old shop kept its carts in Memcached, which lost them at each restart.", "shop-old")
    const id = save("The lighthouse keeper of the old shop prefers decaf on Tuesdays and Saturdays.", "shop-old")
    run("forget", id, "--yes")
    run("projects", "merge", join(home, "shop-old"), join(home, "shop"))
  }
  return folder
}

const wanted = (file) => values.anew || !existsSync(file)

const write = (file, bytes) => {
  const packed = gzipSync(bytes, { level: 9 })
  // No time of making in the header, so that the same memory makes the same file.
  packed.fill(0, 4, 8)
  writeFileSync(file, packed)
  process.stdout.write(`${file}: ${packed.length} bytes\n`)
}

/** Closes the log into the database, and makes it as small as it can be; its mode stays that of a log. */
const compact = (file, statements = []) => {
  const { DatabaseSync } = createRequire(import.meta.url)("@photostructure/sqlite")
  const database = new DatabaseSync(file)
  for (const statement of ["PRAGMA journal_mode = DELETE", ...statements, "VACUUM", "PRAGMA journal_mode = WAL"]) {
    database.exec(statement)
  }
  database.close()
}

const makeSqlite = (version, commit) => {
  const file = join(fixtures, `sqlite-${version}.db.gz`)
  if (!wanted(file)) return
  const database = join(fill(build(commit), `sqlite-${version}`, {}), "memory.db")
  compact(database)
  write(file, readFileSync(database))
}

/** Version 2 is version 1 with the step between them. */
const makeSecond = () => {
  const file = join(fixtures, "sqlite-2.db.gz")
  if (!wanted(file)) return
  const database = join(fill(build(SQLITE[1]), "sqlite-2", {}), "memory.db")
  compact(database, [
    "ALTER TABLE cursors ADD COLUMN tail TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE cursors ADD COLUMN modified_at INTEGER NOT NULL DEFAULT 0",
    "PRAGMA user_version = 2"
  ])
  write(file, readFileSync(database))
}

const makePostgres = (server, version, commit) => {
  const file = join(fixtures, `postgres-${version}.sql.gz`)
  if (!wanted(file)) return
  const name = `claude_memory_schema_${version}`
  const url = new URL(server)
  url.pathname = `/${name}`
  const psql = (statement) =>
    execFileSync("psql", [server, "-qc", statement], { stdio: ["ignore", "ignore", "inherit"] })
  psql(`CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'UTF8'`)
  try {
    // No vectors: they wait for a Qdrant that is not there.
    fill(build(commit), `postgres-${version}`, {
      CLAUDE_MEMORY_POSTGRES_URL: url.href,
      CLAUDE_MEMORY_QDRANT_URL: "http://127.0.0.1:9"
    })
    const dump = execFileSync("pg_dump", ["--inserts", "--no-owner", "--no-privileges", url.href], { encoding: "utf8" })
    // Settings of the session, comments, and what only psql understands: other servers don't know all of them.
    const statements = dump.split("\n").filter((line) => !/^(?:--|\\|SET |SELECT pg_catalog\.set_config)/.test(line))
    write(file, statements.join("\n").replace(/\n{2,}/g, "\n"))
  } finally {
    psql(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
  }
}

mkdirSync(fixtures, { recursive: true })
try {
  for (const [version, commit] of Object.entries(SQLITE)) makeSqlite(version, commit)
  makeSecond()
  if (programs() === undefined) {
    process.stdout.write("PostgreSQL is not installed: its dumps are left out\n")
  } else {
    const { remove, url } = await temporary()
    try {
      for (const [version, commit] of Object.entries(POSTGRES)) makePostgres(url, version, commit)
    } finally {
      await remove()
    }
  }
} finally {
  rmSync(work, { recursive: true, force: true })
  git("worktree", "prune")
}
