import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { gunzipSync, gzipSync } from "node:zlib"
import { FORMAT, type Header } from "../../../src/store/Backups.ts"
import {
  encode,
  HEADER_BYTES,
  lengthOf,
  parse,
  PREFIX_BYTES,
  withLength
} from "../../../src/store/sqlite/BackupFormat.ts"

const header: Header = {
  format: FORMAT,
  schema: 9,
  program: "0.1.0",
  createdAt: 1_795_917_672_234,
  memory: "d0700338bb76c7d8",
  units: 84,
  sessions: 8,
  messages: 364,
  bytes: 1_085_440,
  sha256: "0".repeat(64)
}

describe("the header of a backup", () => {
  it("is parsed as it was written, and unpacks to nothing", () => {
    assert.strictEqual(encode(header).length, HEADER_BYTES)
    assert.deepStrictEqual(parse(encode(header)), { _tag: "Header", header })
    assert.strictEqual(gunzipSync(encode(header)).length, 0)
  })

  it("is refused with any byte of its text changed, or cut off", () => {
    const bytes = encode(header)
    const end = bytes.lastIndexOf("\n".charCodeAt(0))
    for (let at = 0; at < end; at++) {
      // The time and the system of the gzip file mean nothing here.
      if (at === 2 || at >= 4 && at < 10) continue
      const changed = Uint8Array.from(bytes)
      changed[at]! ^= 1
      assert.notStrictEqual(parse(changed)._tag, "Header", `byte ${at}`)
    }
    for (const length of [0, 9, 40, 300, HEADER_BYTES - 1]) {
      assert.include(["NotABackup", "Damaged"], parse(bytes.subarray(0, length))._tag)
    }
  })

  it("of a newer format is told from a damaged one", () => {
    assert.deepStrictEqual(parse(encode({ ...header, format: FORMAT + 1 })), { _tag: "Newer" })
  })

  it("is that of no other gzip file", () => {
    const other = Buffer.concat([gzipSync("text"), Buffer.alloc(HEADER_BYTES)])
    assert.deepStrictEqual(parse(other), { _tag: "NotABackup" })
  })
})

describe("a part of a backup", () => {
  it.prop(
    "tells its length, and unpacks to what was packed",
    [FastCheck.uint8Array({ maxLength: 5_000 })],
    ([bytes]) => {
      const member = withLength(gzipSync(bytes))
      assert.strictEqual(lengthOf(member.subarray(0, PREFIX_BYTES)), member.length)
      assert.isUndefined(lengthOf(member.subarray(0, PREFIX_BYTES - 1)))
      assert.deepStrictEqual(Uint8Array.from(gunzipSync(member)), bytes)
      // Beside another one, as in a file.
      assert.deepStrictEqual(
        Uint8Array.from(gunzipSync(Buffer.concat([member, member]))),
        Uint8Array.from([...bytes, ...bytes])
      )
    }
  )
})
