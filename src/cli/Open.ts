/**
 * Opens the page in the browser: the page of a server that runs, or of one that ends after it.
 */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as App from "../App.ts"
import { Activity } from "../http/Activity.ts"
import { Address } from "../http/Address.ts"
import * as Running from "../http/Running.ts"
import { Service } from "../http/Service.ts"
import * as Token from "../http/Token.ts"
import * as Settings from "../settings/Settings.ts"
import { Browser } from "./Browser.ts"
import { checkConnection } from "./Connection.ts"
import { listening, portText, toListening } from "./Listening.ts"
import { answer, json, refuse } from "./Output.ts"

/** Time after the last page was closed, or the last request, after which the server ends. */
const IDLE_MS = 10 * 60_000
const LOOK = "5 seconds"

export const options = {
  ...listening,
  noBrowser: Options.boolean("no-browser").pipe(
    Options.withDescription("Print the address, which is good once for a minute, and start no browser")
  ),
  json
}

const pageAt = (url: string, code: string) => `${url}/app/#code=${code}`

const show = (page: string, isShown: boolean) =>
  Effect.gen(function*() {
    if (!isShown) return false
    const { show } = yield* Browser
    return yield* show(page)
  })

/** Shows the page of a server that another process runs. */
const showOther = ({ isSocket, pid, url }: Running.Running, home: string, isShown: boolean, isJson: boolean) =>
  Effect.gen(function*() {
    if (isSocket) {
      return yield* refuse(
        `the server of this memory listens on the socket ${url}, which no browser opens; end it, process ${pid}`
      )
    }
    const { codeFrom } = yield* Browser
    const code = yield* codeFrom(url, yield* Token.read(home))
    if (Option.isNone(code)) {
      return yield* refuse(`the server of this memory, process ${pid}, does not answer at ${url}; end it and try again`)
    }
    const page = pageAt(url, code.value)
    const isOpened = yield* show(page, isShown)
    yield* answer(
      isJson,
      { url, page, pid, isOpened },
      () => `${isOpened ? "Opened" : "Open this within a minute:"} ${page}`
    )
  }).pipe(App.provide(Browser.layer))

/** Waits until no page has been open, and nothing asked for, for a while. */
const untilIdle = Effect.gen(function*() {
  const activity = yield* Activity
  let last = yield* Clock.currentTimeMillis
  const look = Effect.map(Clock.currentTimeMillis, (now) => {
    last = activity.streams() > 0 ? now : Math.max(last, activity.lastUse())
    return now - last >= IDLE_MS
  })
  yield* Effect.repeat(Effect.delay(look, LOOK), { until: (isIdle) => isIdle })
})

export const command = Command.make("open", options, ({ json, noBrowser, ...options }) =>
  Effect.gen(function*() {
    const { home } = yield* Settings.load
    const running = yield* Running.find(home)
    if (Option.isSome(running)) return yield* showOther(running.value, home, !noBrowser, json)
    const listening = yield* toListening(options)
    yield* Effect.gen(function*() {
      const address = yield* Address
      const { isSocket, url } = address
      if (isSocket) return yield* refuse("a browser opens no socket: leave out --socket, or use `claude-memory serve`")
      const { code } = yield* (yield* Service).codes.make
      const page = pageAt(url, code)
      const isOpened = yield* show(page, !noBrowser)
      yield* answer(json, { url, page, pid: process.pid, isOpened }, () =>
        [
          ...portText(address),
          `${isOpened ? "Opened" : "Open this within a minute:"} ${page}`,
          "It ends ten minutes after its last page, or with Ctrl-C."
        ].join("\n"))
      yield* untilIdle
    }).pipe(
      App.provide(
        Layer.merge(
          App.http("open", listening, { captures: false, answersHooks: false, checkConnection }),
          Browser.layer
        )
      )
    )
  })).pipe(
    Command.withDescription("Look into the memory in your browser")
  )
