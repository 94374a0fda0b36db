/**
 * Makes the vendor's client of Qdrant for requests that go through a pool of ours.
 */
import { QdrantClient } from "@qdrant/js-client-rest"

export type QdrantApi = ReturnType<QdrantClient["api"]>

export interface QdrantApiOptions {
  readonly host: string
  readonly port: number
  readonly prefix?: string
  readonly https: boolean
  readonly headers: Readonly<Record<string, string>>
}

/**
 * Each request must be given a `dispatcher`, which bounds and aborts it. The client's own agent opens no socket until it is used. Its
 * version check only warns and is not awaited, so it is off.
 */
export const make = (options: QdrantApiOptions): QdrantApi =>
  new QdrantClient({
    ...options,
    // The server writes a compressed answer in pieces, and the second waits for a delayed acknowledgement: 40 ms.
    headers: { "accept-encoding": "identity", ...options.headers },
    checkCompatibility: false,
    timeout: Number.POSITIVE_INFINITY,
    maxConnections: 1
  }).api()
