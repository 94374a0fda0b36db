import { assert, describe, it } from "@effect/vitest"
import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import * as ProcessStart from "../../src/resources/monitor/ProcessStart.ts"
import { isAlive, OWNER, ownerOf } from "../../src/store/WorkLease.ts"

const start = ProcessStart.of(process.pid)

const pause = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)

describe("an owner of work", () => {
  it("that runs is alive", () => {
    assert.isTrue(isAlive(OWNER))
  })

  it("is another for each loading of the module, as in a thread", async () => {
    const { OWNER: other } = await import("../../src/store/WorkLease.ts?again" as "../../src/store/WorkLease.ts")
    assert.notStrictEqual(other, OWNER)
    assert.isTrue(isAlive(other))
  })

  it("whose process has gone is not", () => {
    const { pid } = spawnSync(process.execPath, ["--version"])
    assert.isFalse(isAlive(ownerOf(ProcessStart.place(), pid, null)))
  })

  it.runIf(process.platform === "linux")("whose number has gone to another process is not", () => {
    assert.isFalse(isAlive(ownerOf(ProcessStart.place(), process.pid, `${start} earlier`)))
  })

  it.runIf(process.platform === "linux")("that was killed and not waited for is not", async () => {
    // The shell becomes a program that never waits for its child, so the child stays a zombie.
    const parent = spawn("sh", ["-c", "sleep 60 & echo $!; exec sleep 60"])
    const [line] = await once(parent.stdout, "data")
    const pid = Number(line)
    const stat = () => readFileSync(`/proc/${pid}/stat`, "utf8")
    const owner = ownerOf(ProcessStart.place(), pid, ProcessStart.of(pid))
    while (!readFileSync(`/proc/${parent.pid}/cmdline`, "utf8").startsWith("sleep")) pause()
    assert.isTrue(isAlive(owner))
    process.kill(pid, "SIGKILL")
    while (!stat().includes(") Z ")) pause()
    assert.isFalse(isAlive(owner))
    parent.kill("SIGKILL")
  })

  it("on another machine, or in another container of this one, is taken to be, until its lease lapses", () => {
    const { pid } = spawnSync(process.execPath, ["--version"])
    for (const place of ["elsewhere", `${ProcessStart.place()}1`]) assert.isTrue(isAlive(ownerOf(place, pid, null)))
  })

  it("that could not tell when it began is alive while a process has its number", () => {
    assert.isTrue(isAlive(ownerOf(ProcessStart.place(), process.pid, null)))
  })
})
