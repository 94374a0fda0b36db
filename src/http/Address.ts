/**
 * Says where the HTTP server of this process listens. Apart from the server, so that naming it loads nothing.
 */
import * as Context from "effect/Context"

export class Address extends Context.Tag("claude-memory/http/Address")<Address, {
  /** Address, as `URL.origin` writes it; the path of a socket of the file system. */
  readonly url: string
  readonly isSocket: boolean
  /** Port that another program has, in whose place another one is used. */
  readonly takenPort: number | undefined
}>() {}
