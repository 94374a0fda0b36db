import * as Layer from "effect/Layer"
import * as Extractive from "../../src/compress/Extractive.ts"
import { suite } from "./CompressorContract.ts"
import { base } from "./layers.ts"

suite("Extractive", Layer.provide(Extractive.layer, base))
