/**
 * Makes the client with the options of the tests.
 */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as QdrantClient from "../../../src/index/qdrant/QdrantClient.ts"
import { parse } from "../../../src/index/QdrantAddress.ts"

export interface Options extends Partial<Omit<QdrantClient.QdrantOptions, "address" | "apiKey">> {
  readonly apiKey?: string | undefined
}

export const client = (url: string, { apiKey, ...options }: Options = {}) =>
  QdrantClient.layer({
    address: Either.getOrThrowWith(parse(url), (wrong) => new Error(wrong)),
    apiKey: Option.map(Option.fromNullable(apiKey), Redacted.make),
    within: "10 seconds",
    retries: 0,
    maxDelay: "1 second",
    handshake: "required",
    ...options
  })
