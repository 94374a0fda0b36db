/**
 * Holds vectors of 8-bit integers in the memory of a WebAssembly module, and finds the nearest to a vector by comparing
 * with all of them: exact, and on one core 1.6 ms for 100,000 vectors of 256 dimensions.
 */
import { makeBest, type Scored } from "../../domain/Best.ts"

/** What is used of it; TypeScript has its types among those of a browser. */
declare const WebAssembly: {
  readonly Memory: new(limits: { readonly initial: number }) => {
    readonly buffer: ArrayBuffer
    readonly grow: (pages: number) => number
  }
  readonly Module: new(bytes: Uint8Array) => object
  readonly Instance: new(module: object, imports: object) => { readonly exports: object }
}

/**
 * Scales each vector so that its greatest number becomes 127, which the cosine does not see. At unit length the numbers
 * of a vector of 4,096 dimensions are so small that most of their precision would be rounded off.
 */
export const quantize = (vector: Float32Array, into: Int8Array, at: number): void => {
  const greatest = vector.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  const scale = greatest > 0 ? 127 / greatest : 0
  for (let i = 0; i < vector.length; i++) into[at + i] = Math.round(vector[i]! * scale)
}

/** The bytes of dots.wat. */
export const DOTS =
  "AGFzbQEAAAABCQFgBX9/f39/AAIMAQAGbWVtb3J5AgABAwIBAAcIAQRkb3RzAAAK2wMB2AMEAn8EewN/BHsgBCACQQJ0aiEGAkADQCAEIAZPDQEgASAD" +
  "aiELIAsgA2ohDCAMIANqIQ39DAAAAAAAAAAAAAAAAAAAAAAhDv0MAAAAAAAAAAAAAAAAAAAAACEP/QwAAAAAAAAAAAAAAAAAAAAAIRD9DAAAAAAAAAAA" +
  "AAAAAAAAAAAhEUEAIQUDQCAAIAVq/QAEACEHIAf9hwEhCSAH/YgBIQogASAFav0ABAAhCCAOIAkgCP2HAf26ASAKIAj9iAH9ugH9rgH9rgEhDiALIAVq" +
  "/QAEACEIIA8gCSAI/YcB/boBIAogCP2IAf26Af2uAf2uASEPIAwgBWr9AAQAIQggECAJIAj9hwH9ugEgCiAI/YgB/boB/a4B/a4BIRAgDSAFav0ABAAh" +
  "CCARIAkgCP2HAf26ASAKIAj9iAH9ugH9rgH9rgEhESAFQRBqIQUgBSADSQ0ACyAEIA79GwAgDv0bAWogDv0bAiAO/RsDamo2AgAgBCAP/RsAIA/9GwFq" +
  "IA/9GwIgD/0bA2pqNgIEIAQgEP0bACAQ/RsBaiAQ/RsCIBD9GwNqajYCCCAEIBH9GwAgEf0bAWogEf0bAiAR/RsDamo2AgwgBEEQaiEEIA0gA2ohAQwA" +
  "CwsL"

/** Vectors that it reads side by side, so that it may read as many but one beyond the last. */
const AT_ONCE = 4

type Dots = (query: number, vectors: number, count: number, size: number, dots: number) => void

/** Vectors of a block, in which memory is taken and given back. */
const BLOCK = 1_024
const PAGE = 65_536
/** Blocks that are compared before others come between: 65,536 vectors, or some 3 ms, since a list of words may come in the same turn. */
const BLOCKS_AT_ONCE = 64

interface Block {
  /** Index of its first byte in the module's memory. */
  readonly address: number
  count: number
  readonly rows: Float64Array
  /** Lengths of the vectors, as their numbers have them. */
  readonly norms: Float64Array
}

/** Vectors that are searched and freed together. */
export interface Lane {
  readonly blocks: Array<Block>
}

/** Makes the space of vectors of so many dimensions. It throws a RangeError where the machine has no memory for more. */
export const make = (dimension: number) => {
  // The module reads sixteen numbers at a time; those beyond the vector's are zero.
  const size = Math.ceil(dimension / 16) * 16
  const memory = new WebAssembly.Memory({ initial: 1 })
  const module = new WebAssembly.Module(Buffer.from(DOTS, "base64"))
  const { dots } = new WebAssembly.Instance(module, { "": { memory } }).exports as { readonly dots: Dots }
  const [query, scores, first] = [0, size, size + 4 * BLOCK]
  const free: Array<number> = []
  let end = first

  const bytes = () => memory.buffer.byteLength
  /** By half as much again: each time is a collection of garbage, and memory that is not used yet costs nothing. */
  const grow = () => {
    const missing = end + (AT_ONCE - 1) * size - bytes()
    if (missing <= 0) return
    try {
      memory.grow(Math.ceil(Math.max(missing, bytes() / 2) / PAGE))
    } catch {
      memory.grow(Math.ceil(missing / PAGE))
    }
  }
  const allocate = (): Block => {
    const address = free.pop() ?? end
    if (address === end) {
      end += BLOCK * size
      try {
        grow()
      } catch (error) {
        end = address
        throw error
      }
    }
    return { address, count: 0, rows: new Float64Array(BLOCK), norms: new Float64Array(BLOCK) }
  }
  grow()

  /** Writes so many vectors, which lie one after another. */
  const write = (address: number, vectors: Uint8Array, count: number) => {
    const all = new Uint8Array(memory.buffer)
    if (size === dimension) return all.set(vectors, address)
    for (let i = 0; i < count; i++) {
      all.set(vectors.subarray(i * dimension, (i + 1) * dimension), address + i * size)
      all.fill(0, address + i * size + dimension, address + (i + 1) * size)
    }
  }
  /** Returns the dot products with the vectors of a block, valid until the next call. */
  const dotsWith = (vector: number, block: Block) => {
    dots(vector, block.address, block.count, size, scores)
    return new Int32Array(memory.buffer, scores, block.count)
  }
  const setNorms = (block: Block, from: number) => {
    const found = new Int32Array(memory.buffer, scores, 1)
    for (let i = from; i < block.count; i++) {
      const address = block.address + i * size
      dots(address, address, 1, size, scores)
      block.norms[i] = Math.sqrt(found[0]!)
    }
  }

  return {
    /** Bytes that it holds. */
    bytes,
    /** Adds vectors, which lie one after another in `vectors`, with the row of each. */
    append: ({ blocks }: Lane, rows: ReadonlyArray<number>, vectors: Uint8Array) => {
      for (let done = 0; done < rows.length;) {
        let block = blocks.at(-1)
        if (block === undefined || block.count === BLOCK) {
          block = allocate()
          blocks.push(block)
        }
        const from = block.count
        const count = Math.min(BLOCK - from, rows.length - done)
        write(block.address + from * size, vectors.subarray(done * dimension, (done + count) * dimension), count)
        block.rows.set(rows.slice(done, done + count), from)
        block.count += count
        setNorms(block, from)
        done += count
      }
    },
    /** Gives back the memory of a lane, which is not used any more. */
    free: ({ blocks }: Lane) => {
      free.push(...blocks.map(({ address }) => address))
    },
    /**
     * Finds the nearest, best first, of those at whose row `accepted` has a 1, where it is given. Scores are cosines, -1 to 1; 0 for a vector
     * of zeros. Stops after each some milliseconds, so that others may come between; nothing else may use the space meanwhile.
     */
    *nearest(
      vector: Int8Array,
      lanes: ReadonlyArray<Lane>,
      limit: number,
      accepted?: Uint8Array
    ): Generator<void, ReadonlyArray<Scored>> {
      write(query, new Uint8Array(vector.buffer, vector.byteOffset, vector.length), 1)
      const norm = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0))
      const best = makeBest(limit)
      let least = best.least()
      let compared = 0
      for (const block of lanes.flatMap(({ blocks }) => blocks)) {
        const found = dotsWith(query, block)
        for (let i = 0; i < block.count; i++) {
          const length = norm * block.norms[i]!
          const score = length > 0 ? found[i]! / length : 0
          if (score < least) continue
          const row = block.rows[i]!
          if (accepted !== undefined && accepted[row] !== 1) continue
          best.add({ row, score })
          least = best.least()
        }
        if (++compared % BLOCKS_AT_ONCE === 0) yield
      }
      return best.sorted()
    }
  }
}

export type VectorSpace = ReturnType<typeof make>
