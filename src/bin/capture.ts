/**
 * Entry of the thread in which the MCP server captures.
 */
import { enableCodeCache } from "../process/CodeCache.ts"

enableCodeCache()
const [{ runThread }, { captureInThread }] = await Promise.all([
  import("../process/Thread.ts"),
  import("../App.ts")
])
runThread(captureInThread)
