/**
 * Node's services for a program, with a file system that opens nothing by itself.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ClosedFileSystem from "./ClosedFileSystem.ts"

export const layer: Layer.Layer<NodeContext.NodeContext> = Layer.provideMerge(ClosedFileSystem.layer, NodeContext.layer)

/** Provides them to what is asked for so seldom that nothing keeps them. */
export const provide = Effect.provide(layer)
