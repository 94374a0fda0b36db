/**
 * Finds out for whom an HTTP client asks: the project by a header, or else by the client's roots, and Claude Code's session by a
 * header.
 */
import type { Server } from "@modelcontextprotocol/sdk/server/index.js"
import { RootsListChangedNotificationSchema } from "@modelcontextprotocol/sdk/types.js"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { isAbsolute } from "node:path"
import { fileURLToPath } from "node:url"
import type { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import { singleOf } from "../serve/Projects.ts"
import { PROJECT } from "./CallerHeaders.ts"
import type { Extra } from "./Connection.ts"
import { NoProject, type Place, type PlaceError } from "./Serving.ts"

/** Milliseconds in which a client answers what its roots are. */
const ROOTS_MS = 5_000

/** Returns the path of a file: URL; undefined for what is none. */
const pathOf = (url: string): string | undefined => {
  try {
    return fileURLToPath(url)
  } catch {
    return undefined
  }
}

/** Reads a header that was sent as UTF-8, which HTTP hands on byte by byte. */
const decoded = (header: string): string => {
  const text = Buffer.from(header, "latin1").toString("utf8")
  return text.includes("\ufffd") ? header : text
}

/** Returns a header of the request, without the space around it; undefined where it says nothing. */
export const headerOf = ({ requestInfo }: Extra, name: string): string | undefined => {
  const value = requestInfo?.headers[name.toLowerCase()]
  const text = decoded(Array.isArray(value) ? value.join(", ") : value ?? "").trim()
  return text === "" ? undefined : text
}

/** Finds a project by name, id or folder; a folder that is there may be that of a project of which nothing is remembered yet. */
const find = (memory: ClaudeMemory["Type"], text: string): Effect.Effect<Place, PlaceError> => {
  const name = /^file:/i.test(text) ? pathOf(text) ?? text : text
  return memory.projectsNamed([name]).pipe(
    Effect.flatMap((found) => Effect.map(singleOf(name, found), ({ id }) => ({ id }))),
    Effect.catchTag(
      "NotFound",
      (error) => isAbsolute(name) ? Effect.as(memory.projects.find(name), { folder: name }) : Effect.fail(error)
    )
  )
}

/** Makes the function that returns the project of a request. What the client's roots are is asked once, until they change. */
export const makePlaceOf = (server: Server, memory: ClaudeMemory["Type"]) => {
  let known: string | undefined
  server.setNotificationHandler(RootsListChangedNotificationSchema, () => {
    known = undefined
  })
  const firstRoot = ({ requestId, signal }: Extra) =>
    Effect.gen(function*() {
      if (known !== undefined) return known
      if (server.getClientCapabilities()?.roots === undefined) return yield* new NoProject()
      const { roots } = yield* Effect.tryPromise({
        try: () => server.listRoots({}, { relatedRequestId: requestId, signal, timeout: ROOTS_MS }),
        catch: () => new NoProject()
      })
      const folder = roots.map(({ uri }) => pathOf(uri)).find((path) => path !== undefined)
      if (folder === undefined) return yield* new NoProject()
      known = folder
      return folder
    })
  return (extra: Extra): Effect.Effect<Place, PlaceError> =>
    Effect.flatMap(
      Option.match(Option.fromNullable(headerOf(extra, PROJECT)), {
        onNone: () => firstRoot(extra),
        onSome: Effect.succeed
      }),
      (text) => find(memory, text)
    )
}
