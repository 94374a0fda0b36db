// Loaded into a program with `node --import`: ends the program in a given way at a given moment, makes its sockets slow
// to close, and records for the gate what is open at exit. The instructions are JSON in LEAK_GATE.
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs"
import { Socket } from "node:net"
import { join } from "node:path"

const { act, actAfterMs, notes, socketsCloseAfterMs } = JSON.parse(process.env.LEAK_GATE)
const note = (name, content) => writeFileSync(join(notes, name), JSON.stringify(content))

// src/process/Process.ts adds this listener last: from here on it handles signals and crashes itself.
let isListening = false
process.on("newListener", (name) => {
  if (name !== "unhandledRejection" || isListening) return
  isListening = true
  note("listening", true)
})

const acts = {
  uncaughtException: () => {
    throw new Error("thrown by the gate")
  },
  unhandledRejection: () => {
    void Promise.reject(new Error("rejected by the gate"))
  },
  "process.exit": () => process.exit(7)
}
if (act !== undefined) {
  const now = () => {
    note("acted", { isListening })
    acts[act]()
  }
  if (actAfterMs === undefined) process.on("SIGUSR2", () => setTimeout(now, 0))
  else setTimeout(now, actAfterMs)
}

if (socketsCloseAfterMs !== undefined) {
  const { destroy } = Socket.prototype
  const closing = new Set()
  Socket.prototype.destroy = function(...args) {
    if (this.remotePort === undefined) return destroy.apply(this, args)
    if (!closing.has(this)) {
      closing.add(this)
      setTimeout(() => destroy.apply(this, args), socketsCloseAfterMs)
    }
    return this
  }
}

const linkOf = (fd) => {
  try {
    return [readlinkSync(`/proc/self/fd/${fd}`)]
  } catch {
    // The descriptor that the listing itself held open.
    return []
  }
}
const childrenOf = (thread) => readFileSync(`/proc/self/task/${thread}/children`, "utf8").split(" ").filter(Boolean)

/**
 * Counts descriptors, because Node lists only what keeps it running; a worker has an event loop. Zero outside Linux.
 */
const read = () => {
  if (process.platform !== "linux") return { sockets: 0, workers: 0, files: [], children: [] }
  const links = readdirSync("/proc/self/fd").flatMap(linkOf)
  return {
    sockets: links.filter((link) => link.startsWith("socket:")).length,
    workers: links.filter((link) => link === "anon_inode:[eventpoll]").length,
    files: links.filter((link) => link.startsWith("/")),
    children: readdirSync("/proc/self/task").flatMap(childrenOf)
  }
}

const before = read()
process.on("exit", () => {
  const { children, files, sockets, workers } = read()
  note("exit", { children, files, sockets: sockets - before.sockets, workers: workers - before.workers })
})
note("loaded", true)
