/**
 * Options that say where the HTTP server listens.
 */
import * as Options from "@effect/cli/Options"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as App from "../App.ts"
import type { Address } from "../http/Address.ts"
import { refuse } from "./Output.ts"
import { type Values, wholeNumber } from "./Scope.ts"

/** Port where none is asked for; when it is taken, any that is free. */
const PORT = 7_437

export const listening = {
  port: wholeNumber("port", 0, 65_535).pipe(
    Options.withDescription(`Port, 0 for any that is free (default: ${PORT}, or any that is free)`),
    Options.optional
  ),
  host: Options.text("host").pipe(
    Options.withDescription("Address to listen on; another than this machine's own needs TLS, or --insecure"),
    Options.withDefault("127.0.0.1")
  ),
  socket: Options.text("socket").pipe(
    Options.withDescription("Listen on a Unix socket at this path instead, which only you can use"),
    Options.optional
  ),
  allowHost: Options.text("allow-host").pipe(
    Options.withDescription("Answer to this name too, as a proxy or another machine calls it; repeat it for several"),
    Options.repeated
  ),
  tlsCert: Options.text("tls-cert").pipe(
    Options.withDescription("Certificate for HTTPS, a file in PEM"),
    Options.optional
  ),
  tlsKey: Options.text("tls-key").pipe(Options.withDescription("Its key, a file in PEM"), Options.optional),
  insecure: Options.boolean("insecure").pipe(
    Options.withDescription("Listen for other machines without TLS: whoever sees the network sees the token")
  )
}

/** Reads what the options name; a sentence for those that contradict one another. */
export const toListening = ({ allowHost, host, insecure, port, socket, tlsCert, tlsKey }: Values<typeof listening>) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    if (Option.isSome(tlsCert) !== Option.isSome(tlsKey)) {
      return yield* refuse("HTTPS needs both --tls-cert and --tls-key")
    }
    if (Option.isSome(socket) && process.platform === "win32") {
      return yield* refuse("Windows has no sockets in the file system; give --port")
    }
    if (Option.isSome(socket) && Option.isSome(port)) return yield* refuse("give --socket or --port, not both")
    const pem = (file: string) =>
      Effect.catchAll(fs.readFileString(file), ({ message }) => refuse(`${file} can't be read: ${message}`))
    const tls = Option.isSome(tlsCert) && Option.isSome(tlsKey)
      ? { cert: yield* pem(tlsCert.value), key: yield* pem(tlsKey.value) }
      : undefined
    return {
      listen: Option.isSome(socket)
        ? { path: socket.value }
        : { host, port: Option.getOrElse(port, () => PORT) },
      isPortFree: Option.isNone(port),
      tls,
      isInsecure: insecure,
      allowedHosts: allowHost
    } satisfies App.Listening
  })

/** Says that the usual port was not to be had. */
export const portText = ({ takenPort }: Address["Type"]): ReadonlyArray<string> =>
  takenPort === undefined ? [] : [`Port ${takenPort} is taken by another program, so another one is used.`]
