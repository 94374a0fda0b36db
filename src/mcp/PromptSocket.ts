/**
 * Answers the hook program of a prompt on a socket beside the memory's run files, so that it need not open the memory
 * itself. Any server of a home may be asked; one whose settings are others does not answer.
 */
import * as Clock from "effect/Clock"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { randomBytes } from "node:crypto"
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync } from "node:fs"
import { hostname, tmpdir } from "node:os"
import { basename, dirname, join } from "node:path"
import * as Ask from "../hook/Ask.ts"
import { HookInput, type Unrecorded } from "../hook/Hook.ts"
import { encode } from "../hook/RecordLines.ts"
import * as Servers from "../hook/Servers.ts"
import * as Environment from "../process/Environment.ts"
import { makeFolder, replaceFile } from "../resources/Disk.ts"
import * as LineServer from "../resources/LineServer.ts"
import * as ProcessStart from "../resources/monitor/ProcessStart.ts"
import type * as Owner from "../resources/Owner.ts"
import { ServerError } from "../resources/Server.ts"
import type { Failure } from "./Serving.ts"

/** Longest path of a socket in bytes, with the zero at its end: macOS has 104, Linux 108. */
const MAX_PATH = 104
const MAX_CONNECTIONS = 16
const LINE_WITHIN_MS = 2_000
/** Age after which the address of another host's server, of which nothing else is known, is removed. */
const FOREIGN_MS = 30 * 86_400_000

const PromptInput = HookInput.members[1]

const Request = Schema.parseJson(Schema.Struct({
  form: Schema.Literal(Ask.FORM),
  settings: Schema.Number,
  entryPoint: Schema.String,
  input: PromptInput,
  limit: Schema.Positive
}))
const decode = Schema.decodeUnknownOption(Request)

/** Content of a file `<pid>.socket`. */
const Address = Schema.parseJson(Schema.Struct({
  address: Schema.String,
  host: Schema.String,
  pid: Schema.Int,
  processStart: Schema.NullOr(Schema.String)
}))
const decodeAddress = Schema.decodeUnknownOption(Address)
const encodeAddress = Schema.encodeSync(Address)

const fileOf = (home: string) => join(Servers.folderOf(home), `${process.pid}.socket`)

const attempt = (act: () => void): void => {
  try {
    act()
  } catch {
    // It is gone already, or the file system refuses.
  }
}

const SHORT = "claude-memory-"

/** Removes a socket, and its folder if that was made for it alone. */
const removeSocket = (address: string): void => {
  attempt(() => rmSync(address, { force: true }))
  const folder = dirname(address)
  if (basename(folder).startsWith(SHORT) && dirname(folder) === tmpdir()) attempt(() => rmdirSync(folder))
}

/** Removes what servers that were killed have left. */
const tidy = (home: string, now: number): void => {
  const folder = Servers.folderOf(home)
  for (const name of readdirSync(folder).filter((name) => name.endsWith(".socket"))) {
    attempt(() => {
      const file = join(folder, name)
      const known = decodeAddress(readFileSync(file, "utf8"))
      const isLeft = Option.match(known, {
        onNone: () => true,
        onSome: ({ host, pid, processStart }) =>
          host === hostname()
            ? ProcessStart.stateOf(pid, processStart) === "ended"
            : now - lstatSync(file).mtimeMs > FOREIGN_MS
      })
      if (!isLeft) return
      if (Option.isSome(known)) removeSocket(known.value.address)
      rmSync(file, { force: true })
    })
  }
}

/** Returns an address at which nobody listens; one in the run folder, unless its path is too long. */
const newAddress = (home: string): string => {
  if (process.platform === "win32") {
    return `\\\\.\\pipe\\claude-memory-${process.pid}-${randomBytes(16).toString("hex")}`
  }
  const inHome = join(Servers.folderOf(home), `${process.pid}.sock`)
  rmSync(inHome, { force: true })
  if (Buffer.byteLength(inHome) < MAX_PATH) return inHome
  const folder = join(tmpdir(), `${SHORT}${randomBytes(8).toString("hex")}`)
  mkdirSync(folder, { mode: 0o700 })
  return join(folder, "socket")
}

/** Makes the address known, when somebody listens at it, to this user alone. */
const publish = (home: string, address: string): void => {
  if (process.platform !== "win32") chmodSync(address, 0o600)
  const file = fileOf(home)
  const text = encodeAddress({
    address,
    host: hostname(),
    pid: process.pid,
    processStart: ProcessStart.of(process.pid)
  })
  replaceFile(file, text)
}

/**
 * Answers a prompt as the hook program would within so many milliseconds; that one records it when it prints it. Where this
 * fails, the program answers itself, or says why it can't.
 */
export type Answer = (input: typeof PromptInput.Type, limit: number) => Effect.Effect<Unrecorded, Failure>

const encodeAnswer = ({ sent, text }: Unrecorded): string =>
  JSON.stringify({ text, lines: sent === undefined ? [] : [encode(sent)] } satisfies Ask.Answer)

/** Returns the answer to a line; none for a line that is no request, or one of other settings, and on a failure. */
const answerTo = (answer: Answer) => (line: string): Effect.Effect<Option.Option<string>> =>
  Option.match(Option.filter(decode(line), ({ settings }) => settings === Environment.settings()), {
    onNone: () => Effect.succeedNone,
    onSome: ({ entryPoint, input, limit }) =>
      Effect.configProviderWith((own) =>
        Effect.withConfigProvider(
          answer(input, limit),
          ConfigProvider.orElse(
            ConfigProvider.fromMap(new Map([["CLAUDE_CODE_ENTRYPOINT", entryPoint]])),
            () => own
          )
        )
      ).pipe(
        Effect.map(encodeAnswer),
        Effect.option
      )
  })

const NAME = "prompts"

const attempted = <A>(act: () => A): Effect.Effect<A, ServerError> =>
  Effect.try({
    try: act,
    catch: (cause) => new ServerError({ server: NAME, code: (cause as NodeJS.ErrnoException).code ?? "unknown", cause })
  })

/** Listens for the hook programs of this home until the owner's scope closes. */
export const open = (home: string, answer: Answer): Effect.Effect<void, ServerError, Owner.Owner | Scope.Scope> =>
  Effect.gen(function*() {
    const now = yield* Clock.currentTimeMillis
    const address = yield* attempted(() => {
      makeFolder(Servers.folderOf(home))
      tidy(home, now)
      return newAddress(home)
    })
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        attempt(() => rmSync(fileOf(home), { force: true }))
        removeSocket(address)
        attempt(() => rmdirSync(Servers.folderOf(home)))
      })
    )
    yield* LineServer.open({
      name: NAME,
      path: address,
      maxBytes: Ask.MAX_REQUEST,
      maxConnections: MAX_CONNECTIONS,
      lineWithinMs: LINE_WITHIN_MS,
      answer: answerTo(answer),
      // Too many files are open: the program answers itself.
      onError: () => {}
    })
    yield* attempted(() => publish(home, address))
  })
