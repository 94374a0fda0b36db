/**
 * Node's services for a program, with a file system that opens nothing by itself.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Layer from "effect/Layer"
import * as ClosedFileSystem from "./ClosedFileSystem.ts"

export const layer: Layer.Layer<NodeContext.NodeContext> = Layer.provideMerge(ClosedFileSystem.layer, NodeContext.layer)
