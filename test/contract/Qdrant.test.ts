import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as testing from "../../src/testing.ts"
import { qdrant } from "../data.ts"
import { client } from "../index/qdrant/client.ts"
import * as StandIn from "../index/qdrant/StandIn.ts"
import { base } from "./layers.ts"
import { suite } from "./QdrantContract.ts"

suite("Qdrant in memory", Layer.provide(testing.qdrant, base))

suite(
  "QdrantClient on the stand-in",
  Layer.unwrapScoped(Effect.map(
    StandIn.make({ apiKey: "the key" }),
    ({ origin }) => Layer.provide(client(origin, { apiKey: "the key" }), base)
  ))
)

// Runs only with a configured server; without one, no skipped suite is reported.
if (qdrant.url !== undefined) {
  suite(
    `QdrantClient on ${qdrant.url}`,
    Layer.provide(client(qdrant.url, { apiKey: qdrant.apiKey, within: "30 seconds" }), base)
  )
}
