/**
 * Loads a CommonJS file with V8's compiled code of an earlier process, since to compile it takes longer. Without Effect, for
 * the hook's entry. What Node keeps by itself, from 22.1 on, are functions that were compiled before a flag is set.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs"
import * as module from "node:module"
import { basename, dirname, join } from "node:path"
import { setFlagsFromString } from "node:v8"
import { Script } from "node:vm"
import { crc32 } from "node:zlib"
import { version } from "./version.ts"

/** Most files that are kept of a script: one a version of V8. */
const MAX_KEPT = 3

/** Ends the line that stands before the code. */
const NEWLINE = 0x0a

/** Says what the code was made of, and its checksum: V8 checks neither. */
const headOf = (source: string, code: Buffer): string => {
  const { mtimeMs, size } = statSync(source)
  return `${version} ${size} ${mtimeMs} ${crc32(code)}`
}

const readCode = (file: string, source: string): Buffer | undefined => {
  try {
    if (!statSync(file).isFile()) return undefined
    const bytes = readFileSync(file)
    const end = bytes.indexOf(NEWLINE)
    const code = bytes.subarray(end + 1)
    return bytes.toString("latin1", 0, end) === headOf(source, code) ? code : undefined
  } catch {
    return undefined
  }
}

const modifiedAt = (file: string): number => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0

const writeCode = (file: string, source: string, code: Buffer): void => {
  const folder = dirname(file)
  const temporary = `${file}.${process.pid}.tmp`
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    try {
      writeFileSync(temporary, Buffer.concat([Buffer.from(`${headOf(source, code)}\n`), code]), { mode: 0o600 })
      renameSync(temporary, file)
    } finally {
      rmSync(temporary, { force: true })
    }
    readdirSync(folder).filter((name) => name.startsWith(`${basename(source)}-`)).map((name) => join(folder, name))
      .sort((a, b) => modifiedAt(b) - modifiedAt(a)).slice(MAX_KEPT).forEach((old) => rmSync(old, { force: true }))
  } catch {
    // The next process compiles again.
  }
}

export interface CachedScript {
  readonly exported: unknown
  /** Writes what was compiled until now into the folder, unless all was there. */
  readonly keep: () => void
}

/**
 * Loads the file, which lies beside another, in a process that ends soon; the folder has the code. Throws what the file
 * throws.
 */
export const load = (name: string, beside: string, folder: string): CachedScript => {
  const require = module.createRequire(beside)
  const source = require.resolve(`./${name}`)
  const file = join(folder, `${name}-${process.versions.v8}-${process.arch}`)
  const cachedData = readCode(file, source)
  const script = new Script(
    `(function(require,__filename){"use strict";var module={exports:{}};${
      readFileSync(source, "utf8")
    }\nreturn module.exports})`,
    { filename: source, ...(cachedData !== undefined && { cachedData }) }
  )
  // The process ends before optimized code would pay, and would wait for its compiler.
  setFlagsFromString("--no-opt")
  return {
    exported: script.runInThisContext()(require, source),
    keep: () => {
      if (cachedData !== undefined && script.cachedDataRejected === false) return
      // V8 takes no code that was made under other flags than those at its loading.
      setFlagsFromString("--opt")
      writeCode(file, source, script.createCachedData())
    }
  }
}
