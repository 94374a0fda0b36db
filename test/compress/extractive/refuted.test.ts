import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import {
  asks,
  compress,
  contextOf,
  edits,
  fails,
  messagesOf,
  runs,
  says,
  type Step,
  summarize,
  unitsOf
} from "../sessions.ts"

const only = <A>(all: ReadonlyArray<A>): A => {
  assert.lengthOf(all, 1)
  return all[0]!
}

describe("a cause that turned out wrong", () => {
  const wrong = "The mails are late because the queue `outgoing` has a single consumer."
  const right = "The relay `smtp2` defers each mail by 30 minutes because our address has no reverse record."
  const looks = (from: number, count: number): ReadonlyArray<Step> =>
    Array.from(
      { length: count },
      (_, i) => runs(`mailctl inspect --part ${from + i} --since yesterday`, "deferred 30m")
    )
  const session = (looked = 1): ReadonlyArray<Step> => [
    asks("Why do our mails arrive so late since Tuesday?"),
    says(`${wrong} A second consumer would halve the delay.`),
    ...looks(0, looked),
    says("The queue isn't it: nothing waits there."),
    ...looks(looked, looked),
    says(right)
  ]

  it.effect("is not in the summary of the conversation, which quotes it with its denial", () =>
    Effect.gen(function*() {
      const { content, summary } = only(yield* unitsOf("conversation", session()))
      assert.include(content, wrong)
      assert.notInclude(summary, "consumer")
      assert.include(summary, "smtp2")
    }))

  it.effect("is followed by the right one in a part that ends before it", () =>
    Effect.gen(function*() {
      const [first, ...rest] = yield* unitsOf("conversation", session(4))
      assert.isNotEmpty(rest)
      assert.include(first!.content, `Claude: ${wrong}`)
      assert.isTrue(first!.content.endsWith(`Claude found later: ${right}`), first!.content)
      assert.strictEqual(first!.summary, right)
    }))

  it.effect("is neither learned nor an outcome in the session's archive", () =>
    Effect.gen(function*() {
      const steps = [...session(), asks("Then ask for the record"), says("The provider sets it by tomorrow.")]
      const messages = messagesOf(steps)
      const closing = messages.filter(({ blocks, role }) => role === "assistant" && blocks[0]!.kind === "text")
      const { content, summary } = only(
        yield* summarize({
          closing,
          prompts: messages.filter(({ isPrompt }) => isPrompt),
          units: yield* unitsOf("conversation", session()),
          files: ["dns.tf"]
        })
      )
      assert.include(content, `Learned: ${right}`)
      for (const text of [content, summary]) assert.notInclude(text, "consumer")
    }))
})

describe("a fix that was given up", () => {
  const pull = "docker compose pull"
  const file = "compose.yaml"
  const begin = (said: string): ReadonlyArray<Step> => [
    asks("Get the images onto the build machine"),
    fails(pull, "Error: timeout while awaiting headers from the registry"),
    says(said),
    edits(file, "COMPOSE_TIMEOUT: 60", "COMPOSE_TIMEOUT: 600"),
    fails(pull, "Error: toomanyrequests: rate limit of anonymous pulls")
  ]
  const login = "The registry limits anonymous pulls because nobody is logged in on this machine."
  const firstOf = (steps: ReadonlyArray<Step>) => Effect.map(unitsOf("error_log", steps), ([first]) => first!)

  it.effect("is told as a try, with what failed then and what was changed in the end", () =>
    Effect.gen(function*() {
      const { content, summary } = yield* firstOf([
        ...begin("The registry answers late, so the timeout has to grow."),
        says(login),
        edits(file, "COMPOSE_TIMEOUT: 600", "DOCKER_CONFIG: /etc/docker/ci"),
        runs(pull, "pulled")
      ])
      assert.include(content, `Tried, in ${file}. Before:\nCOMPOSE_TIMEOUT: 60\n`)
      assert.include(content, "Then it failed: Error: toomanyrequests")
      assert.include(content, "Now:\nDOCKER_CONFIG: /etc/docker/ci\nLater this succeeded: docker compose pull")
      assert.include(summary, `What was tried in ${file} did not hold. It succeeded after a change: ${file}.`)
      assert.notInclude(content + summary, "held")
    }))

  it.effect("is one too where its reason was wrong, which is not told", () =>
    Effect.gen(function*() {
      const { content, summary } = yield* firstOf([
        ...begin("The timeout is too short for the registry."),
        says(
          "A longer timeout doesn't help. The cause: anonymous pulls are limited, `docker login` was never run here."
        ),
        edits("setup.sh", "exit 0", "docker login --username ci"),
        runs(pull, "pulled")
      ])
      assert.include(summary, `What was tried in ${file} did not hold.`)
      assert.include(content, "Cause: A longer timeout doesn't help.")
      assert.notInclude(content + summary, "too short")
    }))

  it.effect("is none where another failure came and it stayed", () =>
    Effect.gen(function*() {
      const { summary } = yield* firstOf([
        ...begin("The registry answers late, so the timeout has to grow."),
        says(login),
        edits("setup.sh", "exit 0", "docker login --username ci"),
        runs(pull, "pulled")
      ])
      assert.match(summary, /Fixed in compose\.yaml\. It held\.$/)
    }))
})

describe("a proposal that the person overrules", () => {
  it.effect("is no outcome of the session", () =>
    Effect.gen(function*() {
      const proposal = "The tariffs can be kept with cachetools, in each process, for a minute."
      const other = "Each rental end did six selects on the table of tariffs."
      const messages = messagesOf([
        asks("Cache the tariffs, every rental end reads them six times"),
        says(`${other} ${proposal}`),
        asks("always use valkey instead of cachetools, we have 4 replicas and they must agree"),
        says("The lookups of the rental end take two milliseconds now.")
      ])
      const units = yield* compress({ ...contextOf([]), segment: { ...contextOf([]).segment, messages } })
      assert.isTrue(units.some(({ type }) => type === "decision"))
      const closing = messages.filter(({ role }) => role === "assistant")
      const prompts = messages.filter(({ isPrompt }) => isPrompt)
      const { content } = only(yield* summarize({ closing, prompts, units, files: ["tariffs.py"] }))
      assert.include(content, other)
      assert.include(content, "valkey instead of cachetools")
      assert.notInclude(content, "in each process")
    }))
})

describe("an archive of several turns", () => {
  const amiss = "The chart `sales` still reads the old table."
  const subject = "read the new table, since the old one is frozen"
  const steps: ReadonlyArray<Step> = [
    asks("Which charts use the warehouse?"),
    says(`Three of them. ${amiss}`),
    asks("Move the chart then"),
    edits("charts/sales.sql", "FROM old_sales", "FROM sales"),
    runs(`git commit -qam "${subject}" && git push`, "[main 5d01c7e]"),
    says("Pushed as 5d01c7e.")
  ]

  it.effect("tells what a later turn changed as that, and a commit by what it says", () =>
    Effect.gen(function*() {
      const messages = messagesOf(steps)
      const closing = messages.filter(({ blocks, role }) => role === "assistant" && blocks[0]!.kind === "text")
      const units =
        (yield* compress({ ...contextOf([]), segment: { ...contextOf([]).segment, messages: messages.slice(2) } }))
          .filter((unit) => unit.type === "conversation")
      assert.include(only(units).content, `Committed: ${subject}`)
      const { content, summary } = only(
        yield* summarize({ closing, prompts: messages.filter(({ isPrompt }) => isPrompt), units, files: ["charts"] })
      )
      assert.include(content, `Found, and changed since: ${amiss}`)
      assert.include(content, `Committed: ${subject}`)
      assert.notInclude(content, "5d01c7e")
      assert.notInclude(summary, "still")
    }))
})
