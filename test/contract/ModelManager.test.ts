import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { join } from "node:path"
import * as LocalModels from "../../src/models/LocalModels.ts"
import * as Unmetered from "../../src/models/providers/Unmetered.ts"
import * as testing from "../../src/testing.ts"
import { root } from "../data.ts"
import { modelServer } from "../models/server.ts"
import { base } from "./layers.ts"
import { suite } from "./ModelManagerContract.ts"

const known = ["the database migration failed", "a recipe for chocolate cake", "repair broken unit tests"]

suite(
  "LocalModels.layer",
  Layer.provide(LocalModels.layer(join(root, "assets", "static-embeddings.bin")), base),
  { known, unknown: ["数据库迁移失败", "1234 5678", "the of and"] }
)
suite("ModelInMemory", Layer.provide(testing.models(), base), { known, unknown: ["the of and", "…"] })

const remote = Layer.unwrapScoped(
  Effect.map(
    modelServer,
    ({ baseUrl }) =>
      Unmetered.providers({
        roles: { embedding: [{ provider: "openai", baseUrl, apiKey: Option.none(), model: "letters" }] },
        patience: { timeout: "10 seconds", retries: 0, maxDelay: 0 }
      })
  )
)

suite("Providers, over OpenAI's interface", Layer.provide(remote, base), { known, unknown: ["1234", "数据库"] })
