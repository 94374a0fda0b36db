/**
 * Parses the address of a Qdrant server as a person writes it. Pure.
 */
import * as Either from "effect/Either"

/** Address of a server's REST interface, not of gRPC. */
export interface QdrantAddress {
  readonly https: boolean
  /** An IPv6 address is in brackets. */
  readonly host: string
  readonly port: number
  /** Path of the URL, with a leading and no trailing slash; empty without a path. */
  readonly prefix: string
}

/** Default port of Qdrant's REST interface, for both schemes. */
const PORT = 6333

const EXAMPLE = "it is a URL such as http://127.0.0.1:6333"

/**
 * Returns the address, or a sentence on the mistake in it. A missing port is 6333, so the scheme's own port must be
 * written (`https://host:443`).
 */
export const parse = (text: string): Either.Either<QdrantAddress, string> => {
  const value = text.trim()
  if (!URL.canParse(value) || !/^https?:\/\//i.test(value)) return Either.left(EXAMPLE)
  const { hash, hostname, password, pathname, port, protocol, search, username } = new URL(value)
  if (username !== "" || password !== "") {
    return Either.left("a name or password in the URL is not sent; set the API key")
  }
  if (search !== "" || hash !== "") {
    return Either.left("the URL has a scheme, a host, a port and a path, and nothing after them")
  }
  // `URL` drops the scheme's default port, so the port is read from the text.
  const written = /^https?:\/\/(?:\[[^\]]*\]|[^/:?#@[\]\\]+)(?::(\d+))?(?:\/|$)/i.exec(value)
  if (written === null) return Either.left(EXAMPLE)
  if (port === "0") return Either.left("a port is from 1 to 65535")
  if (port === "6334") return Either.left("6334 is Qdrant's port for gRPC; the one for REST is 6333")
  return Either.right({
    https: protocol === "https:",
    host: hostname,
    port: Number(port || (written[1] ?? PORT)),
    prefix: pathname.replace(/\/+$/, "")
  })
}

/** Names the port always, as in `https://host:443`, and leaves out the path. */
export const origin = ({ host, https, port }: QdrantAddress): string => `${https ? "https" : "http"}://${host}:${port}`

/** Formats an address for messages, with its path; `parse` reads it again. */
export const show = (address: QdrantAddress): string => `${origin(address)}${address.prefix}`

/** Tests whether requests are safe from readers on the network: TLS, or a loopback address. */
export const isPrivate = ({ host, https }: QdrantAddress): boolean =>
  https || host === "localhost" || host === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(host)
