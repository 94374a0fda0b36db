// A throw-away PostgreSQL for tests and benchmarks. `node test/postgresServer.mjs start FOLDER` prints its address,
// `node test/postgresServer.mjs stop FOLDER` stops it.
import { execFileSync, spawn } from "node:child_process"
import { appendFileSync, chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"

const INSTALLED = "/usr/lib/postgresql"
/** Folder of the programs of the newest PostgreSQL installed here; undefined when there is none. */
export const programs = () => {
  const versions = existsSync(INSTALLED) ? readdirSync(INSTALLED).sort((a, b) => Number(b) - Number(a)) : []
  return versions.map((version) => join(INSTALLED, version, "bin")).find((bin) => existsSync(join(bin, "initdb")))
}

const number = (flag, user) => Number(execFileSync("id", [flag, user], { encoding: "utf8" }))

/** PostgreSQL refuses to run as root, so root starts it as another user. */
const otherUser = () => {
  if (process.getuid?.() !== 0) return {}
  const user = ["postgres", "nobody"].find((user) => {
    try {
      return number("-u", user) > 0
    } catch {
      return false
    }
  })
  return { uid: number("-u", user), gid: number("-g", user) }
}

const run = (program, args, user) =>
  execFileSync(join(programs(), program), args, { ...user, cwd: "/", stdio: ["ignore", "ignore", "inherit"] })

const freePort = () =>
  new Promise((resolve, reject) => {
    const server = createServer().once("error", reject)
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })

/** Fast rather than durable: losing the last writes does not matter here. */
const SETTINGS = [
  "fsync=off",
  "synchronous_commit=off",
  "full_page_writes=off",
  "max_connections=200",
  "shared_buffers=64MB"
]

/** Creates `folder`, starts a server in it and returns its address. */
export const start = async (folder) => {
  const user = otherUser()
  mkdirSync(folder, { recursive: true })
  chmodSync(folder, 0o700)
  if (user.uid !== undefined) chownSync(folder, user.uid, user.gid)
  const data = join(folder, "data")
  run("initdb", ["-D", data, "-U", "tester", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"], user)
  const port = await freePort()
  appendFileSync(
    join(data, "postgresql.conf"),
    [...SETTINGS, "listen_addresses='127.0.0.1'", `port=${port}`, `unix_socket_directories='${folder}'`].join("\n")
  )
  run("pg_ctl", ["start", "-D", data, "-w", "-s", "-l", join(folder, "log")], user)
  return `postgresql://tester@127.0.0.1:${port}/postgres`
}

export const stop = (folder, mode = "immediate") => {
  run("pg_ctl", ["stop", "-D", join(folder, "data"), "-m", mode, "-s"], otherUser())
}

/** Starts a stopped server again, in the same folder at the same address. */
export const resume = (folder) => {
  run("pg_ctl", ["start", "-D", join(folder, "data"), "-w", "-s", "-l", join(folder, "log")], otherUser())
}

/** Starts a server in a new folder in `parent`. It ends with this process at the latest, or with `remove`. */
export const temporary = async (parent = tmpdir()) => {
  // The server's user must be able to reach the folder, and a socket's path must be short.
  const folder = mkdtempSync(join(parent, "pg-"))
  const url = await start(folder)
  const rid = `cat; "${programs()}/pg_ctl" stop -D "${folder}/data" -m immediate -s; rm -rf "${folder}"`
  // `cat` returns when the pipe closes, which happens even when this process is killed.
  const keeper = spawn("sh", ["-c", rid], {
    ...otherUser(),
    cwd: "/",
    detached: true,
    stdio: ["pipe", "ignore", "ignore"]
  })
  keeper.unref()
  keeper.stdin.unref()
  return {
    url,
    folder,
    remove: () => {
      stop(folder)
      rmSync(folder, { recursive: true, force: true })
      keeper.stdin.end()
    }
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [what, folder] = process.argv.slice(2)
  if (what === "start") process.stdout.write(`${await start(folder)}\n`)
  else if (what === "stop") stop(folder)
  else process.exitCode = 2
}
