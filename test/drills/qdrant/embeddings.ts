/**
 * A fake embedding model on a loopback port, in OpenAI's dialect. It answers one request after the other, and counts
 * them.
 */
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import { setTimeout } from "node:timers/promises"
import { modelServer } from "../../models/server.ts"

/** Amplitude of the filler numbers. */
const NOISE = 0.05

/** Marks each word by its hash, over filler numbers that make the vector as long on the wire as a real one. */
const vectorOf = (text: string, dimension: number): ReadonlyArray<number> => {
  let state = createHash("sha256").update(text).digest().readUInt32LE()
  const vector = Array.from({ length: dimension }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.round((state / 2 ** 31 - 1) * NOISE * 1e4) / 1e4
  })
  for (const word of text.toLowerCase().match(/\p{L}+/gu) ?? []) {
    vector[createHash("sha256").update(word).digest().readUInt32LE() % dimension]! += 1
  }
  return vector
}

export interface Embeddings {
  readonly baseUrl: string
  readonly seen: {
    /** Texts requested so far, and the distinct ones among them. */
    texts: number
    readonly distinct: Set<string>
    /** Texts answered so far. */
    given: number
    /** Requests and texts answered since the last `renew`. */
    requests: number
    answered: number
    /** Requests that wait for their answers. */
    waiting: number
  }
  /** Drops waiting requests, whose caller has gone, and resets the counts of a run. */
  readonly renew: () => void
  /** Called when a request comes, and when one is answered. */
  onChange: () => void
}

export const make = ({ dimension, paceMs }: { readonly dimension: number; readonly paceMs: number }) =>
  Effect.gen(function*() {
    const server = yield* modelServer
    let generation = 0
    let last: Promise<unknown> = Promise.resolve()
    const embeddings: Embeddings = {
      baseUrl: server.baseUrl,
      seen: { texts: 0, distinct: new Set(), given: 0, requests: 0, answered: 0, waiting: 0 },
      renew: () => {
        generation++
        Object.assign(embeddings.seen, { requests: 0, answered: 0, waiting: 0 })
      },
      onChange: () => {}
    }
    const { seen } = embeddings
    server.behaviour = async (texts) => {
      const asked = generation
      seen.waiting++
      seen.texts += texts.length
      for (const text of texts) seen.distinct.add(text)
      embeddings.onChange()
      const turn = last.then(() => asked === generation ? setTimeout(paceMs) : undefined)
      last = turn
      await turn
      if (asked !== generation) return "resets"
      const data = texts.map((text, index) => ({ object: "embedding", index, embedding: vectorOf(text, dimension) }))
      seen.waiting--
      seen.requests++
      seen.answered += texts.length
      seen.given += texts.length
      embeddings.onChange()
      return { status: 200, body: JSON.stringify({ object: "list", data }) }
    }
    return embeddings
  })
