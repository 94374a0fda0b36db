import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { execFileSync } from "node:child_process"
import { resumeOf } from "../../src/domain/Resume.ts"
import { times } from "../data.ts"

const id = "8915485d-4ee8-4973-a6f9-63a6a8c7c448"

describe("the command that goes on with a session", () => {
  it("begins in the session's folder", () => {
    assert.strictEqual(
      resumeOf({ cwd: "/home/mei/work/shop-api", id }),
      `cd /home/mei/work/shop-api && claude --resume ${id}`
    )
    assert.strictEqual(
      resumeOf({ cwd: "/home/mei/it's mine", id }),
      `cd '/home/mei/it'\\''s mine' && claude --resume ${id}`
    )
    assert.strictEqual(resumeOf({ cwd: "-", id }), `cd -- '-' && claude --resume ${id}`)
    assert.strictEqual(resumeOf({ cwd: "", id }), `claude --resume ${id}`)
  })

  it("is PowerShell's for a folder of Windows", () => {
    assert.strictEqual(
      resumeOf({ cwd: "C:\\Users\\Mei’s\\it's", id }),
      `Set-Location -LiteralPath 'C:\\Users\\Mei’’s\\it''s'; claude --resume ${id}`
    )
    assert.match(resumeOf({ cwd: "\\\\nas\\work", id }), /^Set-Location -LiteralPath '\\\\nas\\work'; /)
  })

  it("has nothing that could end it: no control character, and no id that is more than an id", () => {
    assert.strictEqual(resumeOf({ cwd: "/a\nrm -rf ~", id }), `claude --resume ${id}`)
    assert.strictEqual(resumeOf({ cwd: "/a\u001b[201~b", id }), `claude --resume ${id}`)
    assert.strictEqual(resumeOf({ cwd: "/a", id: "x; rm -rf ~" }), "cd /a && claude --resume")
    assert.strictEqual(resumeOf({ cwd: "/a", id: "--dangerously-skip-permissions" }), "cd /a && claude --resume")
  })

  const folder = FastCheck.string({ unit: "binary", minLength: 1, maxLength: 20 }).map((text) =>
    `/${text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\ud800-\udfff]/gu, "")}`
  )
  it.prop(
    "names exactly that folder to a shell",
    [folder],
    ([cwd]) => {
      const [words = ""] = resumeOf({ cwd, id }).split(` && claude --resume ${id}`)
      const said = execFileSync("/bin/sh", ["-c", `printf %s ${words.slice("cd ".length)}`], { encoding: "utf8" })
      assert.strictEqual(said, cwd)
    },
    { fastCheck: { numRuns: times(20) } }
  )
})
