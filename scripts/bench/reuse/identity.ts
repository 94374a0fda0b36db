/**
 * Makes the key and the certificate of the benchmark's server, and reads them. Node can't make certificates, so openssl does.
 */
import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import { BenchError, output, temporaryFolder } from "../../../test/script.ts"

const KEY = "key.pem"
const CERTIFICATE = "certificate.pem"

const ARGS = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=127.0.0.1".split(" ")

/** Returns a folder with both, and the certificate's path. The scope's end removes it. */
export const make = Effect.gen(function*() {
  const path = yield* Path.Path
  const folder = yield* temporaryFolder
  const certificate = path.join(folder, CERTIFICATE)
  const files = ["-keyout", path.join(folder, KEY), "-out", certificate]
  yield* Effect.mapError(
    output(Command.make("openssl", ...ARGS, "-addext", "subjectAltName=IP:127.0.0.1", ...files)),
    ({ message }) =>
      new BenchError({ reason: "Input", detail: `openssl, which makes the certificate for --tls: ${message}` })
  )
  return { folder, certificate }
})

/** Reads both from a folder that `make` returned. */
export const read = (folder: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    return {
      key: yield* fs.readFileString(path.join(folder, KEY)),
      cert: yield* fs.readFileString(path.join(folder, CERTIFICATE))
    }
  })
