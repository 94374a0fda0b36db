/**
 * Where a Qdrant server is, from what a person writes. Pure.
 */
import * as Either from "effect/Either"

export interface QdrantAddress {
  readonly https: boolean
  /** In brackets where it is an IPv6 address. */
  readonly host: string
  readonly port: number
  /** Of the path, with a slash before it; empty without one. */
  readonly prefix: string
}

/** The port of Qdrant's REST interface, whatever the scheme is. */
const PORT = 6333

const EXAMPLE = "it is a URL such as http://127.0.0.1:6333"

/** The address, or what is wrong with it. A port that is the scheme's own has to be written, as `https://host:443`. */
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
  // A URL forgets a port that is its scheme's own.
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

export const origin = ({ host, https, port }: QdrantAddress): string => `${https ? "https" : "http"}://${host}:${port}`

export const show = (address: QdrantAddress): string => `${origin(address)}${address.prefix}`

/** Whether nobody on a network can read what is sent. */
export const isPrivate = ({ host, https }: QdrantAddress): boolean =>
  https || host === "localhost" || host === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(host)
