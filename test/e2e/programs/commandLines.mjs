// Runs command lines of the program in its argument, one after the other, in one process. Each comes as a message and is
// answered by one: what it printed and the exit code with which it would have ended.
import { Readable } from "node:stream"
import { pathToFileURL } from "node:url"

const [, , program] = process.argv
const end = process.exit
const ENDINGS = ["SIGINT", "SIGTERM", "SIGHUP", "uncaughtException", "unhandledRejection"]

let printed
for (const name of ["stdout", "stderr"]) {
  process[name].write = (part, encoding, done) => {
    printed[name].push(Buffer.from(part, typeof encoding === "string" ? encoding : "utf8"))
    const callback = typeof encoding === "function" ? encoding : done
    if (callback !== undefined) process.nextTick(callback)
    return true
  }
}
const text = (name) => Buffer.concat(printed[name]).toString("utf8")

const run = ({ cwd, env, id, stdin, words }) => {
  printed = { stdout: [], stderr: [] }
  for (const name of Object.keys(process.env)) Reflect.deleteProperty(process.env, name)
  Object.assign(process.env, env)
  process.chdir(cwd)
  process.argv = [process.execPath, program, ...words]
  Object.defineProperty(process, "stdin", { configurable: true, value: Readable.from([Buffer.from(stdin)]) })
  process.exit = (code) => {
    process.exit = () => {}
    for (const name of ENDINGS) process.removeAllListeners(name)
    process.stdout.removeAllListeners("error")
    process.chdir("/")
    process.send({ stdout: text("stdout"), stderr: text("stderr"), code, signal: null })
  }
  // A query of its own makes the entry run once more; what it imports stays loaded.
  import(`${pathToFileURL(program).href}?${id}`)
}

process.on("message", run).on("disconnect", () => end(0))
