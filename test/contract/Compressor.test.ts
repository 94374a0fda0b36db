import * as Layer from "effect/Layer"
import * as Extractive from "../../src/compress/extractive/Extractive.ts"
import { quoting, writing } from "../compress/abstractive/writers.ts"
import { suite } from "./CompressorContract.ts"
import { base } from "./layers.ts"

suite("Extractive", Layer.provide(Extractive.layer, base))
suite("Abstractive", writing({ light: quoting }).layer)
suite("Abstractive without a model", writing({}).layer)
