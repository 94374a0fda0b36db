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

/** The address, or what is wrong with it. A port that is the scheme's own has to be written, as `https://host:443`. */
export const parse = (text: string): Either.Either<QdrantAddress, string> => {
  const value = text.trim()
  const written = /^(https?):\/\/(?:\[[^\]]*\]|[^/:?#]*)(?::(\d+))?(?:[/?#]|$)/i.exec(value)
  if (!URL.canParse(value) || !/^https?:\/\//i.test(value)) {
    return Either.left("it is a URL such as http://127.0.0.1:6333")
  }
  const { hash, hostname, password, pathname, port, protocol, search, username } = new URL(value)
  if (username !== "" || password !== "") {
    return Either.left("a name or password in the URL is not sent; set the API key")
  }
  if (search !== "" || hash !== "") {
    return Either.left("the URL has a scheme, a host, a port and a path, and nothing after them")
  }
  if (port === "6334" && hostname !== "") return Either.left("6334 is Qdrant's port for gRPC; the one for REST is 6333")
  return Either.right({
    https: protocol === "https:",
    host: hostname,
    port: port !== "" ? Number(port) : written?.[2] === undefined ? PORT : Number(written[2]),
    prefix: pathname.replace(/\/+$/, "")
  })
}

export const origin = ({ host, https, port }: QdrantAddress): string => `${https ? "https" : "http"}://${host}:${port}`

export const show = (address: QdrantAddress): string => `${origin(address)}${address.prefix}`

/** Whether nobody on a network can read what is sent. */
export const isPrivate = ({ host, https }: QdrantAddress): boolean =>
  https || host === "localhost" || host === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(host)
