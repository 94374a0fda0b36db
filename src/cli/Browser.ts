/**
 * Shows a page of the server in the person's browser, and asks a server that runs for a way in.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Child from "../resources/Child.ts"
import * as Owner from "../resources/Owner.ts"
import * as PerCall from "../resources/PerCall.ts"

const Code = Schema.parseJson(Schema.Struct({ code: Schema.String }))

/** Command that shows an address in the browser that the person prefers, and ends at once. */
const commandFor = (url: string): readonly [command: string, args: ReadonlyArray<string>] =>
  process.platform === "win32"
    // Explorer takes an address with "=" in it for options of its own.
    ? ["rundll32.exe", ["url.dll,FileProtocolHandler", url]]
    : process.platform === "darwin"
    ? ["open", [url]]
    // It may be the browser itself, which goes on.
    : ["sh", ["-c", "command -v \"$0\" >/dev/null && { \"$0\" \"$1\" >/dev/null 2>&1 & }", "xdg-open", url]]

const make = Effect.gen(function*() {
  const perCall = yield* PerCall.make(1)

  const show = (url: string) =>
    Effect.gen(function*() {
      const [command, args] = commandFor(url)
      const { exit } = yield* perCall(Child.open({ name: "browser", command, args, stdio: "ignore" }))
      const { code } = yield* exit
      // There the code says nothing.
      return code === 0 || process.platform === "win32"
    }).pipe(Effect.scoped, Effect.orElseSucceed(() => false))

  const codeFrom = (origin: string, token: string) =>
    Effect.gen(function*() {
      // Loaded when it is needed: every command loads this file.
      const HttpPool = yield* Effect.promise(() => import("../resources/HttpPool.ts"))
      const post = yield* perCall(HttpPool.make({ origin, connections: 1 }))
      const { body, status } = yield* post({
        url: new URL("/v1/codes", origin),
        headers: { authorization: `Bearer ${token}` },
        body: "",
        maxBytes: 10_000,
        timeout: "5 seconds"
      })
      if (status !== 200) return Option.none<string>()
      return Option.map(Schema.decodeOption(Code)(body), ({ code }) => code)
    }).pipe(Effect.scoped, Effect.orElseSucceed(() => Option.none<string>()))

  return Browser.of({ show, codeFrom })
})

export class Browser extends Context.Tag("claude-memory/Browser")<Browser, {
  /** Returns false where no browser could be started. */
  readonly show: (url: string) => Effect.Effect<boolean>
  /** Asks a server for a code that opens its page; none when it does not answer. */
  readonly codeFrom: (origin: string, token: string) => Effect.Effect<Option.Option<string>>
}>() {
  static readonly layer = Owner.layer(this, make)
}
