import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { hostname } from "node:os"
import * as ProcessStart from "../../src/resources/monitor/ProcessStart.ts"
import { isAlive, OWNER, ownerOf } from "../../src/store/WorkLease.ts"

const start = ProcessStart.of(process.pid)

describe("an owner of work", () => {
  it("that runs is alive", () => {
    assert.isTrue(isAlive(OWNER))
  })

  it("whose process has gone is not", () => {
    const { pid } = spawnSync(process.execPath, ["--version"])
    assert.isFalse(isAlive(ownerOf(hostname(), pid, null)))
  })

  it.runIf(process.platform === "linux")("whose number has gone to another process is not", () => {
    assert.isFalse(isAlive(ownerOf(hostname(), process.pid, `${start} earlier`)))
  })

  it("on another machine is taken to be, until its lease lapses", () => {
    assert.isTrue(isAlive(ownerOf("elsewhere", 1, null)))
  })

  it("that could not tell when it began is alive while a process has its number", () => {
    assert.isTrue(isAlive(ownerOf(hostname(), process.pid, null)))
  })
})
