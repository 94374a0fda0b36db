/**
 * Decides who may ask: by the host and the origin of a request, and by its token. Pure.
 */
import { isOpen } from "./Api.ts"
import { type Problem, problem } from "./Problem.ts"

/** Names of this machine for itself. Any port is right, so that a tunnel or a container may have its own. */
const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"])
export const isLoopback = (host: string): boolean => LOOPBACK.has(host)

/** Returns the host of a Host header or an origin, without the port; undefined for what is none. */
const nameIn = (host: string): string | undefined =>
  /^(\[[0-9a-f:.]+\]|[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?::\d{1,5})?$/i.exec(host)?.[1]?.toLowerCase()

export interface Asked {
  readonly method: string
  /** The path, without the query. */
  readonly path: string
  readonly host: string | undefined
  readonly origin: string | undefined
  readonly authorization: string | undefined
  /** True where the server listens on a socket of the file system, whose clients have no host. */
  readonly isSocket: boolean
}

/** True for the page's static files, which hold no data. */
export const isPage = (path: string): boolean => path === "/" || path === "/app" || path.startsWith("/app/")

const isForeignHost = ({ host, isSocket }: Asked, allowed: ReadonlySet<string>): boolean => {
  if (isSocket) return false
  const name = host === undefined ? undefined : nameIn(host)
  return name === undefined || !(isLoopback(name) || allowed.has(name))
}

/** A browser names the origin of each request that another site's page could have made it send. */
const isForeignOrigin = ({ host, origin }: Asked): boolean => {
  if (origin === undefined) return false
  const [, from] = /^https?:\/\/(.*)$/.exec(origin) ?? []
  return from === undefined || host === undefined || from.toLowerCase() !== host.toLowerCase()
}

/** Returns the problem of who may not ask; undefined for who may. `allowed` are further names of hosts, in lower case. */
export const refusal = (
  asked: Asked,
  allowed: ReadonlySet<string>,
  isToken: (given: string) => boolean
): Problem | undefined => {
  if (isForeignHost(asked, allowed)) {
    return problem(
      "foreign-host",
      "this server answers to localhost; `--allow-host NAME` lets it answer to another name"
    )
  }
  if (isForeignOrigin(asked)) {
    return problem("foreign-origin", "a page of another site asks, which may not")
  }
  if (isOpen(asked.path)) return undefined
  if (isPage(asked.path) && (asked.method === "GET" || asked.method === "HEAD")) return undefined
  const [, given] = /^Bearer ([\w-]{1,200})$/i.exec(asked.authorization ?? "") ?? []
  return given !== undefined && isToken(given)
    ? undefined
    : problem(
      "no-token",
      "send `Authorization: Bearer TOKEN`; `claude-memory token` prints the token, and `claude-memory open` opens the page with it"
    )
}
