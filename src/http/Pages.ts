/**
 * Serves the files of the page, which hold no data.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Path from "@effect/platform/Path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"

const INDEX = "index.html"
const BASE = "/app/"

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".webmanifest": "application/manifest+json",
  ".woff2": "font/woff2"
}

/** Allows the page its own files and its own server; nothing inline, nothing from elsewhere, no frame, no text as HTML. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'"
].join("; ")

const REDIRECT = HttpServerResponse.empty({ status: 302, headers: { location: BASE } })
const NOT_BUILT = HttpServerResponse.text("The page is not built: run npm run prepare.\n", { status: 404 })

/** Names of files carry a hash of their content, but for documents, so that a browser may keep them. */
const KEPT = "private, max-age=31536000, immutable"

/** Makes the service over a folder, whose files are listed now. */
export const make = (folder: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const listed = yield* Effect.orElseSucceed(fs.readDirectory(folder, { recursive: true }), () => [])
    const files = new Set(listed.map((name) => name.replaceAll("\\", "/")))

    const fileOf = (name: string) =>
      Effect.map(
        Effect.option(fs.readFile(path.join(folder, name))),
        (bytes) => {
          if (bytes._tag === "None") return NOT_BUILT
          const isDocument = path.extname(name) === ".html"
          return HttpServerResponse.uint8Array(bytes.value, {
            contentType: TYPES[path.extname(name)] ?? "application/octet-stream",
            headers: {
              "cache-control": isDocument ? "no-cache" : KEPT,
              ...(isDocument && { "content-security-policy": POLICY })
            }
          })
        }
      )

    return Pages.of({
      file: (asked) => {
        if (asked === "/" || asked === "/app") return Effect.succeedSome(REDIRECT)
        if (!asked.startsWith(BASE)) return Effect.succeedNone
        const name = asked.slice(BASE.length)
        // Every view of the page has an address of its own.
        return Effect.asSome(fileOf(files.has(name) && path.extname(name) !== "" ? name : INDEX))
      }
    })
  })

export class Pages extends Context.Tag("claude-memory/http/Pages")<Pages, {
  /** Answers for a path of the page; none for any other. */
  readonly file: (path: string) => Effect.Effect<Option.Option<HttpServerResponse.HttpServerResponse>>
}>() {}
