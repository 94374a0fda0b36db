/**
 * Sessions that take a while to import.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import { join } from "node:path"
import { samples } from "../data.ts"

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g

/** The same transcript with other uuids. */
export const copied = (text: string, copy: number) =>
  text.replace(UUID, (uuid) => {
    const hash = createHash("sha256").update(`${copy} ${uuid}`).digest("hex")
    return [hash.slice(0, 8), hash.slice(8, 12), `4${hash.slice(13, 16)}`, `a${hash.slice(17, 20)}`, hash.slice(20, 32)]
      .join("-")
  })

/** Writes the samples into `folder`, each file as `times` copies with other uuids; returns their bytes and lines. */
export const makeSessions = (folder: string, times: number) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const names = (yield* fs.readDirectory(samples, { recursive: true })).filter((name) => name.endsWith(".jsonl"))
    for (const name of names) {
      const text = yield* fs.readFileString(join(samples, name))
      const file = join(folder, name)
      yield* fs.makeDirectory(join(file, ".."), { recursive: true })
      const copies = Array.from({ length: times }, (_, copy) => copied(text, copy))
      yield* fs.writeFileString(file, copies.map((copy) => copy.endsWith("\n") ? copy : `${copy}\n`).join(""))
    }
    const sizes = yield* Effect.forEach(names, (name) => fs.readFile(join(folder, name)))
    return {
      bytes: sizes.reduce((sum, { length }) => sum + length, 0),
      lines: sizes.reduce((sum, bytes) => sum + bytes.filter((byte) => byte === 0x0a).length, 0)
    }
  })
