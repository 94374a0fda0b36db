/**
 * Times the page's search in a browser over a large memory, from the last key of a question to the painted results.
 */
import * as Options from "@effect/cli/Options"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { createInterface } from "node:readline"
import { type Browser, chromium, type Page } from "playwright-core"
import { number, table } from "../../src/cli/Output.ts"
import { queryLexemes } from "../../src/domain/Tokenizer.ts"
import { ClaudeMemory } from "../../src/serve/ClaudeMemory.ts"
import { makeRandom } from "../../test/fixtures/transcript.ts"
import {
  BenchError,
  builtMain,
  environment,
  integer,
  program,
  progress,
  quantile,
  round,
  samples,
  service,
  startNode,
  temporaryFolder
} from "../../test/script.ts"
import { fillProjects, projectsOf } from "./shared/large.ts"

/** Questions that warm up the server and the browser. */
const WARM = 3

const WORD = /[A-Za-z]{4,}/g

/** Milliseconds between two keys of a person who types. */
const BETWEEN_KEYS_MS = 120

/** Questions of two to five words that stand together in a memory, and of which one at least is searched for. */
const questionsAbout = (texts: ReadonlyArray<string>, count: number): ReadonlyArray<string> => {
  const random = makeRandom(20261129)
  const questions: Array<string> = []
  while (questions.length < count) {
    const words = texts[Math.floor(random() * texts.length)]?.match(WORD) ?? ["nothing"]
    const length = 2 + Math.floor(random() * 4)
    const from = Math.floor(random() * Math.max(1, words.length - length))
    const question = words.slice(from, from + length).join(" ")
    if (queryLexemes(question).length > 0) questions.push(question)
  }
  return questions
}

/**
 * Runs in the page: resolves with the milliseconds from the next key that completes the question to its painted answer; fails where none
 * comes.
 */
const WATCH = `(question) => new Promise((resolve, reject) => {
  setTimeout(() => reject(new Error("no answer is shown to: " + question)), 30_000)
  let from = 0
  addEventListener("keydown", () => { from = performance.now() }, { capture: true })
  const look = () => {
    const box = document.querySelector("input[type=search]")
    const list = document.querySelector("[data-answers]")
    if (from > 0 && box.value === question && list !== null && list.dataset.answers === question) {
      // The frame with the answer is painted before the next one begins.
      requestAnimationFrame(() => resolve(performance.now() - from))
    } else requestAnimationFrame(look)
  }
  look()
})`

const attempt = <A>(run: () => Promise<A>) =>
  Effect.tryPromise({
    try: run,
    catch: (cause) => new BenchError({ reason: "Program", detail: String(cause) })
  })

/** Types a question, its last word key by key, and returns how long its answer took. */
const typed = (page: Page, question: string) =>
  attempt(async () => {
    const box = page.getByRole("searchbox")
    const at = question.lastIndexOf(" ") + 1
    await box.fill(question.slice(0, at))
    const ms = page.evaluate<number>(`(${WATCH})(${JSON.stringify(question)})`)
    await box.pressSequentially(question.slice(at), { delay: BETWEEN_KEYS_MS })
    return await ms
  })

const launched = (path: string) =>
  Effect.acquireRelease(
    attempt(() =>
      chromium.launch({
        executablePath: path,
        args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
      })
    ),
    (browser: Browser) => Effect.promise(() => browser.close())
  )

program("typing", {
  description: "Time the page's search in a browser, from the last key to the painted results",
  options: {
    units: integer("units", 100_000, "Size of the memory"),
    questions: integer("questions", 200, "Questions typed"),
    transcripts: Options.directory("transcripts").pipe(Options.withDefault(samples as string)),
    browser: Options.file("browser").pipe(
      Options.withDescription("A Chromium"),
      Options.withDefault("/usr/bin/chromium")
    ),
    home: Options.directory("home").pipe(
      Options.withDescription("Folder in which the memory is kept for other runs, and taken from when it is there"),
      Options.optional
    )
  },
  run: (options) =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const folder = Option.isSome(options.home) ? options.home.value : yield* temporaryFolder
      const kept = path.join(folder, `units-${options.units}`)
      if (!(yield* fs.exists(path.join(kept, "memory.db")))) {
        yield* fillProjects(kept, options.transcripts, options.units, projectsOf(20))
      }
      const texts = yield* Effect.flatMap(
        ClaudeMemory,
        (memory) => Effect.map(memory.recent({ projects: "all" }, 400), (units) => units.map(({ content }) => content))
      ).pipe(Effect.provide(service(kept, true)))
      const main = yield* builtMain
      const server = yield* startNode([main, "open", "--no-browser", "--port", "0", "--json"], {
        env: { ...environment(yield* temporaryFolder), CLAUDE_MEMORY_HOME: kept },
        stdio: ["ignore", "pipe", "inherit"]
      })
      const { page: address } = JSON.parse(
        yield* Effect.async<string>((resume) => {
          createInterface({ input: server.stdout! }).once("line", (line) => resume(Effect.succeed(line)))
        })
      ) as { readonly page: string }
      const browser = yield* launched(options.browser)
      const page = yield* attempt(() => browser.newPage())
      yield* attempt(() => page.goto(address))
      yield* attempt(() => page.getByRole("searchbox").waitFor())
      // By question, what the search itself took in the server.
      const took = new Map<string, number>()
      page.on("response", (response) => {
        if (!response.url().endsWith("/v1/search")) return
        const { text } = response.request().postDataJSON() as { readonly text: string }
        response.json().then(({ tookMs }: { readonly tookMs: number }) => took.set(text, tookMs), () => undefined)
      })
      const questions = questionsAbout(texts, options.questions + WARM)
      const times: Array<number> = []
      for (const [i, question] of questions.entries()) {
        yield* progress(`question ${i + 1} of ${questions.length}`)
        times.push(yield* typed(page, question))
      }
      const summed = (values: ReadonlyArray<number>) => {
        const at = (q: number) => round(quantile(values, q))
        return { p50: at(0.5), p95: at(0.95), p99: at(0.99), most: at(1) }
      }
      const ms = summed(times.slice(WARM))
      const searchMs = summed(questions.slice(WARM).flatMap((question) => took.get(question) ?? []))
      return {
        data: { units: options.units, questions: options.questions, ms, searchMs },
        text: () => [
          `${number(options.units)} memories, ${
            number(options.questions)
          } questions typed in the page; from the last key to the painted results`,
          ...table([
            ["", ...Object.keys(ms).map((name) => `${name} ms`)],
            ["painted", ...Object.values(ms).map(String)],
            ["of that, the search in the server", ...Object.values(searchMs).map(String)]
          ])
        ]
      }
    })
})
