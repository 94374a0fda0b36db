/**
 * What people who type little decide, and what only sounds like it.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { asks, messagesOf, says, type Step, summarize, unitsOf } from "../sessions.ts"

const decidedAfter = (before: ReadonlyArray<Step>, prompt: string) =>
  unitsOf("decision", [...before, asks(prompt), says("Done.")])

const decided = (prompt: string) => decidedAfter([asks("rename the loader"), says("Renamed in 3 files.")], prompt)

/** What is decided after Claude weighed two ways. */
const answered = (offer: string, reply: string) =>
  decidedAfter([asks("how should we build this part, what are the options?"), says(offer)], reply)

describe("a decision in few words", () => {
  it.effect.each([
    "dont push to main, open a pr",
    "we shouldnt keep tokens in localstorage",
    "don’t use lodash in this repo",
    "lets use date-fns for this",
    "no jquery here pls",
    "tests live next to the code, not in a folder of their own",
    "pls keep migrations additive only, old pods still run during a deploy",
    "every endpoint needs an openapi entry",
    "one pr per ticket",
    "rule: no commits on friday afternoon",
    "remember: the staging db is read only for us",
    "next time ask before you delete files",
    "terraform over pulumi, ops knows it",
    "for e2e we use playwright, cypress is slow",
    "switch to pdf-lib, it can embed jpegs",
    "always use pnpm here, npm breaks the workspace links",
    "i don't like default exports, use named ones",
    "make sure you never push to main",
    "keep the access logs for one day",
    "can you always run the linter before a commit",
    "we don't care about ie11, drop the polyfills",
    "where we need speed, use rust instead of python",
    "parsing should be done in a worker, never on the main thread",
    "every time you touch the schema run codegen, ci fails otherwise",
    // Rules in the words of reports.
    "every endpoint must have a test",
    "the frontend never talks to the db directly, it goes through the bff",
    "money is integer cents, never floats",
    "dates are always utc in the database",
    "passwords must never be logged, but the user id is fine",
    "the job must not run twice, but it may run late",
    "errors are logged with pino, never with console.log",
    "never merge red builds",
    "i want to go back to npm, pnpm breaks our docker build",
    "you never push to main, i do that myself",
    "tokens expire one day after login, never later",
    "what is shared goes into packages/shared, never copy it",
    "the customer wants us to never store card numbers",
    "error messages must be in english, never german",
    "# rules\n- always use pnpm here\n- never push to main",
    // How things are arranged.
    "terraform state is stored in s3, nobody runs apply from a laptop",
    "soft delete only, the tax office wants ten years",
    "retries are limited to 3",
    "the public api stays on v2 until january",
    "生产环境的依赖不能随便更新",
    "定时任务不能自动重试",
    "密钥不能保存在代码里",
    "接口以后加版本号",
    "jdk 就定 17 了",
    "because of the auditors, we never delete invoices",
    "单个 pr 控制在 500 行以内"
  ])("is %j", (prompt) => Effect.map(decided(prompt), (units) => assert.lengthOf(units, 1)))

  it.effect.each([
    // Reports.
    "the total should be 96 a day but we get 288",
    "the export never finishes for big tenants",
    "push notifications dont arrive for new users",
    "the receipts dont get through to gmail",
    "it always crashes when i rotate the phone",
    "the mails must not go out twice but they do",
    "dates must be wrong, it says 1970",
    "this should never have been deployed",
    "the sums are twice what they should be",
    "no invoice arrives at all",
    "the click comes half a second late",
    "the receipts print question marks instead of umlauts",
    "the calendar shows appointments 3h in the future",
    "'my basket is empty every time i open the app'",
    "monthly sums don't match the spreadsheet",
    "we use mysql there i fear",
    "we should have got a mail",
    "backups are green every night",
    "every request gets a 500",
    "every build needs 20 minutes",
    "the test is red, not green",
    "no rows come back in the query",
    "no output in the terminal",
    "we keep getting 502 from the gateway",
    "we switched to node 22 yesterday and now it crashes",
    "works in chrome, not in safari",
    "never seen that warning before",
    "postgres over ssl, times out",
    "搜索不能按名字过滤",
    "后端返回 name 不能为空",
    "登录以后请求都是 401",
    // Steps of the work.
    "use sudo, it needs root",
    "switch to branch dev, then run the tests",
    "replace all tabs with spaces everywhere",
    // Small talk.
    "dont know",
    "naming: any ideas",
    "next time i will send you the log",
    // What points to something said before.
    "dont want that dst crap",
    // Considered, and told of others.
    "we should probably move to kubernetes at some point",
    "i wonder if we should drop ie11",
    "mike thinks we should use rust for the parser",
    "the react docs say you should never call hooks in loops",
    "in my last company we never wrote tests",
    // Questions.
    "did you remember to write the changelog",
    "shouldnt we use a transaction there",
    "can we avoid the second query",
    "which one should we use then",
    // Tasks.
    "answer the guy from the bank",
    "the button should be blue",
    "add a check that the password must not be empty",
    "i want a list of all customers with more than 3 orders",
    "add a spinner and dont forget the error state",
    "run the tests, dont change anything yet",
    // Chat.
    "never mind",
    "should be fine",
    "you never listen haha",
    // Reasons, without what they are given for.
    "because we want the agent to drive the browser",
    "因为我们要让脚本去操作浏览器",
    // What a program printed.
    "fatal: refusing to merge unrelated histories. hint: you should use --allow-unrelated-histories"
  ])("is not %j", (prompt) => Effect.map(decided(prompt), (units) => assert.isEmpty(units)))

  it.effect.each([
    ["lets use mysql for this. no wait, postgres, we need jsonb", "Postgres, we need jsonb"],
    ["we should use axios. hmm actually fetch is fine", "Fetch is fine"],
    ["let's go with grpc. scratch that, rest, the frontend team hates grpc", "Rest, the frontend team hates grpc"]
  ])("is what was not taken back: %j", ([prompt, title]) =>
    Effect.map(decided(prompt!), (units) => {
      assert.deepStrictEqual(units.map((unit) => unit.title), [title])
      assert.notMatch(units[0]!.content, /mysql|axios|let's go/)
    }))

  it.effect.each([
    ["no mocks in e2e tests. actually no mocks anywhere", /e2e tests[^]*no mocks anywhere/],
    ["never retry payments. wait, never retry refunds either", /payments[^]*never retry refunds/],
    ["don't add dependencies. hm, actually date-fns is fine", /don't add dependencies[^]*date-fns is fine/],
    ["use mysql instead of sqlite. no wait, postgres", /mysql instead of sqlite, no wait, postgres/],
    ["always run the linter before a commit. never mind the warnings in vendor", /run the linter/],
    ["never push to main, i meant it", /push to main/]
  ])(
    "stays beside what adds to it, or corrects a word: %j",
    ([prompt, content]) =>
      Effect.map(decided(prompt as string), ([unit]) => assert.match(unit!.content, content as RegExp))
  )

  it.effect.each([
    "never deploy on fridays. wait for the ci before you merge",
    "rule: wait for a review before you merge"
  ])(
    "is not taken back by a word that only begins like it: %j",
    (prompt) => Effect.map(decided(prompt), ([unit]) => assert.match(unit!.content, /fridays|wait for a review/))
  )

  it.effect.each([
    "never retry failed uploads",
    "don't log empty responses",
    "the basket must never be empty at the checkout",
    "don't release on thursdays, we paid for that two weeks ago",
    "no inline styles",
    "commit messages must be in english",
    "delete endpoints must be idempotent",
    "nobody edits the schema by hand",
    "receipts are immutable, corrections are new receipts",
    "totals are always shown incl. tax",
    "不要硬编码端口",
    "组件名用大写开头"
  ])(
    "may speak of failures, of what looks like a task, or of one thing: %j",
    (prompt) =>
      Effect.map(decided(prompt), (units) => {
        assert.lengthOf(units, 1)
        assert.strictEqual(units[0]!.title.toLowerCase(), prompt)
      })
  )

  it.effect("is told with the sentence behind it that says why", () =>
    Effect.gen(function*() {
      const [unit] = yield* decided("never call the billing api in tests. it costs 2 cents per call")
      assert.include(unit!.content, "it costs 2 cents per call")
    }))

  it.effect("is no rule of a document that was pasted", () =>
    Effect.gen(function*() {
      const pasted =
        "here is our old guide, does it still make sense?\n\n# Rules\n- Always use tabs\n- Prefer jQuery over fetch\n\nbe honest"
      assert.isEmpty(yield* decided(pasted))
    }))
})

describe("a choice that Claude confirms", () => {
  const WEIGHED =
    "With golang-migrate a lock timeout leaves a dirty version, and deploys fail until someone forces it. " +
    "With goose the transaction rolls back."

  it.effect.each([
    ["ok goose. good reason", "goose it is. I made a baseline of the schema."],
    ["用 goose 吧，确实省事", "好的，那就用 goose，基线已经建好。"],
    ["那就goose 省事", "好，定 goose，基线已经建好。"]
  ])("is told with what was said of it before: %j", ([prompt, answer]) =>
    Effect.gen(function*() {
      const [unit] = yield* unitsOf("decision", [
        asks("colleague swears by golang-migrate"),
        says(WEIGHED),
        asks(prompt!),
        says(answer!)
      ])
      assert.match(unit!.title, /goose/i)
      assert.include(unit!.content, `User: ${prompt}`)
      if (/it is/.test(answer!)) {
        assert.include(unit!.content, "leaves a dirty version")
        assert.include(unit!.content, "With goose the transaction rolls back.")
      }
    }))

  it.effect.each([
    ["ok thanks", "goose it is, then."],
    ["what is goose?", "A tool for migrations. Whatever it is, it needs a baseline."],
    ["ok redis", "Redis it is."]
  ])("is none where the person did not name it, or nothing was said of it: %j", ([prompt, answer]) =>
    Effect.map(
      unitsOf("decision", [asks("colleague swears by golang-migrate"), says(WEIGHED), asks(prompt!), says(answer!)]),
      (units) => assert.isEmpty(units)
    ))
})

describe("what is ruled in words that do not stand alone", () => {
  const QUESTION = "Technically it is one constant. With 4 digits, a random code hits someone with over 1 % chance."

  it.effect.each([
    ["ok no, stays 6. the bank wants it", "Then **the code stays at 6 digits**, because the bank demands it."],
    ["they must never be shorter", "Understood: **codes never have fewer than 6 digits**, and never will in tests."],
    ["不了，验证码还是6位", "明白：**验证码保持 6 位**，不能改成 4 位。"]
  ])("is told as Claude says it again: %j", ([prompt, answer]) =>
    Effect.gen(function*() {
      const [unit, ...others] = yield* unitsOf("decision", [
        asks("can we make the code 4 digits?"),
        says(QUESTION),
        asks(prompt!),
        says(answer!)
      ])
      assert.isEmpty(others)
      assert.include(unit!.content, `User: ${prompt!.split(". ")[0]}`)
      assert.include(unit!.content, `Claude: ${answer}`)
      assert.match(unit!.title, /digits|6 位/)
    }))

  it.effect("is titled by what Claude emphasizes, where the person's words point back", () =>
    Effect.gen(function*() {
      const titleAfter = (prompt: string, answer: string) =>
        Effect.map(
          unitsOf("decision", [
            asks("who rebuilds the mart?"),
            says("The nightly job does."),
            asks(prompt),
            says(answer)
          ]),
          (units) => units.map(({ title }) => title)
        )
      assert.deepStrictEqual(
        yield* titleAfter(
          "full rebuilds of that model only on saturdays, never weekdays",
          "OK, I wrote it down: **full rebuilds of `fct_daily` only on Saturdays**, never on weekdays."
        ),
        ["Full rebuilds of `fct_daily` only on Saturdays"]
      )
      assert.deepStrictEqual(
        yield* titleAfter("never rebuild the mart on weekdays", "Understood: **no rebuilds of the mart on weekdays**."),
        ["Never rebuild the mart on weekdays"]
      )
    }))

  it.effect.each([
    ["行 换吧，之前那个就不要了", "Decision reversed: **webpack is out, Vite 7 is in.** A build takes 3 s."],
    ["再想想 2和3写成规矩", "好：**构建只走 Vite，产物不进仓库**，已经写进 README。"]
  ])(
    "is titled by what Claude emphasizes, though that shares no word with what points back: %j",
    ([prompt, answer]) =>
      Effect.gen(function*() {
        const [unit, ...others] = yield* unitsOf("decision", [
          asks("打包太慢了"),
          says("webpack takes 40 s. 1. keep it 2. Vite 3. artifacts outside of Git"),
          asks(prompt!),
          says(answer!)
        ])
        assert.isEmpty(others)
        assert.match(unit!.title, /^(?:Webpack is out, Vite 7 is in|构建只走 Vite，产物不进仓库)$/)
        assert.include(unit!.content, `Claude: ${answer!.split(/(?<=\*\*) /)[0]}`)
      })
  )

  it.effect.each([
    ["ok no, stays 6", "I'd keep it at 6 digits then, should I?"],
    ["ok no, stays 6", "The tests pass."],
    ["is it always 6?", "Right, the code always has 6 digits."],
    ["it fails every time", "Right, the code never passes the check, which fails on a blank."]
  ])("is no decision where either says something else: %j", ([prompt, answer]) =>
    Effect.map(
      unitsOf("decision", [asks("can we make the code 4 digits?"), says(QUESTION), asks(prompt!), says(answer!)]),
      (units) => assert.isEmpty(units)
    ))

  it.effect("is told beside what the person said where that stands alone", () =>
    Effect.gen(function*() {
      const [unit] = yield* decidedAfter([asks("rename the loader"), says("Renamed in 3 files.")], "real sqlite only")
      assert.notInclude(unit!.content, "Claude")
      const [told] = yield* unitsOf("decision", [
        asks("why are the tests slow?"),
        says("Each starts a database."),
        asks("real sqlite only"),
        says("Clear: **no mocks, tests run against real SQLite**.")
      ])
      assert.include(told!.content, "Claude: Clear: **no mocks, tests run against real SQLite**.")
    }))
})

describe("a reply to a recommendation", () => {
  const OFFER = "I recommend Playwright for this part, because Cypress needs one more service and nobody here knows it."

  it.effect.each([
    "yes",
    "ok do that",
    "sounds good",
    "yep go ahead",
    "fine by me",
    "works for me",
    "let's go with that",
    "lgtm",
    "hell yes",
    "alright then",
    "sure, why not",
    "yes it's faster too",
    "yes but use the docker image",
    "yeah i know cypress is slow, go ahead"
  ])(
    "agrees: %j",
    (reply) =>
      Effect.map(
        answered(OFFER, reply),
        (units) => assert.deepStrictEqual(units.map(({ title }) => title.slice(0, 7)), ["Agreed:"])
      )
  )

  it.effect.each([
    "yes it still fails",
    "ok next: the header is broken",
    "ok lets see what tom says",
    "ok thanks for explaining",
    "sure, and what about the memory leak",
    "yeah maybe, ask me again next week",
    "ok whatever, what about the logo",
    "absolutely not",
    "alright, skip it",
    "fine, leave it out",
    "great, another tool to learn. no",
    "fine for ci, locally we can't",
    "great, now the build fails",
    "cool, how does the recorder work",
    "great thanks, that was all for today",
    "sure, tomorrow",
    "ok，不要了"
  ])("does not: %j", (reply) => Effect.map(answered(OFFER, reply), (units) => assert.isEmpty(units)))

  it.effect("agrees to a recommendation that gives its reason in another sentence", () =>
    Effect.gen(function*() {
      const [unit] = yield* answered(
        "I'd drop the ORM for the reporting queries and write SQL views instead. It makes eleven joins there.",
        "yes please"
      )
      assert.match(unit!.title, /^Agreed: .*ORM/)
    }))

  it.effect.each([
    ["We could use Postgres or SQLite. Which do you prefer?", "is postgres stronger"],
    ["We could use Postgres or SQLite. Which do you prefer?", "not sqlite"],
    ["We could use Postgres or SQLite. Which do you prefer?", "postgres needs a server, that's the problem"],
    ["Should I fix the login test first or raise the timeout?", "fix the login test"],
    ["Should I push the branch or open the PR first?", "open the pr"]
  ])(
    "chooses none: %j",
    ([offer, reply]) => Effect.map(answered(offer!, reply!), (units) => assert.isEmpty(units))
  )

  it.effect.each([
    "no, the tests are still red",
    "no! you changed the wrong module",
    "no, i meant the other folder",
    "no, that would break the mocks",
    "nope, same error as before",
    "不用，谢谢，先到这里"
  ])(
    "is refused without another wish: %j",
    (reply) => Effect.map(answered(OFFER, reply), (units) => assert.isEmpty(units))
  )

  const WAYS =
    "A. Playwright, which is one more tool to learn.\nB. Cypress, as in the shop.\n\nI'd go with A, it is faster."

  it.effect.each([["B", /^Agreed: Cypress, as in the shop/], ["the first one please", /^Agreed: Playwright/]])(
    "takes the way that it names, whatever Claude recommends: %j",
    ([reply, title]) =>
      Effect.map(answered(WAYS, reply as string), (units) => {
        assert.lengthOf(units, 1)
        assert.match(units[0]!.title, title as RegExp)
        if (reply === "B") assert.notInclude(units[0]!.summary, "faster")
      })
  )

  it.effect("takes none of a name that there is not", () =>
    Effect.map(answered(WAYS, "C"), (units) => assert.isEmpty(units)))

  it.effect.each(["yeah no, cypress", "yes i know, but we take Cypress"])(
    "takes the other: %j",
    (reply) =>
      Effect.map(answered(OFFER, reply), ([unit]) => {
        assert.match(unit!.title, /cypress/i)
        assert.notMatch(unit!.title, /^Agreed/)
      })
  )

  it.effect.each([
    [
      "There are offsets or cursors. I recommend the first, because it is simple.",
      "cursors",
      "Cursors — There are offsets or cursors"
    ],
    [
      "For the session store we could use:\n1. Redis\n2. Postgres\n\nWhich do you want?",
      "postgres then",
      "Postgres — For the session store we could use"
    ],
    ["Should I set up Jest or Vitest?", "vitest i guess, we have vite", "Vitest — Should I set up Jest or Vitest"]
  ])(
    "names one of the alternatives: %j",
    ([offer, reply, title]) =>
      Effect.map(answered(offer!, reply!), (units) => assert.deepStrictEqual(units.map((unit) => unit.title), [title]))
  )

  const BULLETS =
    "There are three ways:\n\n- **Cron in the pod**: runs twice with two pods.\n- **A queue**: one more thing to watch.\n- **pg_cron**: 4.2 MB of extension, nothing else."
  const TABLE =
    "| | what | good | bad |\n|---|---|---|---|\n| A | Mapbox | pretty | costs 300 a month |\n| B | MapLibre | free | we host the tiles |\n\nI lean to A."
  const LIST =
    "1. Shrink the images: an hour of work.\n2. A CDN: our contract forbids it.\n3. Lazy loading: easy.\n4. HTTP/3: the proxy can't yet.\n\nI'd do 1 to 3."

  it.effect.each<[string, string, RegExp, RegExp]>([
    [BULLETS, "the third one. every night at 3", /pg_cron/, /twice|watch/],
    [BULLETS, "前者", /Cron in the pod/, /watch/],
    [TABLE, "B please, ops has room for tiles", /^Agreed: MapLibre/, /Mapbox/],
    [TABLE, "the first one", /^Agreed: Mapbox/, /MapLibre/],
    [
      "| | Kotlin | Java |\n|---|---|---|\n| speed | same | same |\n| team | two know it | all |",
      "the second",
      /Java/,
      /Kotlin —/
    ],
    [LIST, "1 and 3, not 2", /^Agreed: Shrink the images; Lazy loading/, /HTTP/],
    [LIST, "3 now, 4 maybe in spring. skip 2", /^Agreed: Lazy loading/, /HTTP/],
    [LIST, "all but 2", /^Agreed: Shrink the .*Lazy .*HTTP/, /contract/],
    [LIST, "1、3，不要 2", /^Agreed: Shrink the images; Lazy/, /HTTP/]
  ])(
    "takes what is chosen of a list or a table: %j",
    ([offer, reply, title, not]) =>
      Effect.map(answered(offer, reply), ([unit]) => {
        assert.match(`${unit!.title} ${unit!.summary}`, title)
        assert.notMatch(`${unit!.title} ${unit!.summary}`, not)
      })
  )

  it.effect("names what is rejected, without what spoke for it", () =>
    Effect.map(answered(LIST, "1 and 3, not 2"), ([unit]) => {
      assert.match(unit!.content, /\nRejected: A CDN$/m)
      assert.notInclude(unit!.content, "contract")
    }))

  it.effect("leaves what came of it to the archive", () =>
    Effect.gen(function*() {
      const [aim, offer, reply, end] = messagesOf([
        asks("how do we get the photos to load faster?"),
        says(LIST),
        asks("3"),
        says("The photos below the fold load when they are scrolled to, which saves 2 MB on the first view.")
      ])
      const [unit] = yield* summarize({ prompts: [aim!, reply!], closing: [offer!, end!] })
      assert.include(unit!.content, "Lazy loading: easy")
      assert.notMatch(unit!.content, /CDN|HTTP|images/)
    }))

  it.effect.each([
    "we get around 40 uploads an hour",
    "we send about 2 GB of mail",
    "we carry on with the invoices next month",
    "don't change anything",
    "do not edit the other modules",
    "don't want them to wait for the mail"
  ])(
    "is no statement of an amount, and no order of the moment: %j",
    (prompt) => Effect.map(decided(prompt), (units) => assert.isEmpty(units))
  )

  it.effect.each(["we allow at most 40 uploads an hour", "don't edit anything under third_party/"])(
    "is a limit, and what is never to be touched: %j",
    (prompt) => Effect.map(decided(prompt), (units) => assert.lengthOf(units, 1))
  )

  it.effect("takes nothing where a place can't be told", () =>
    Effect.map(
      answered("Docs are in wiki pages. But first, the first draft was read by two people.", "the second one"),
      (units) => assert.isEmpty(units)
    ))

  it.effect("is made of a list that the person brings along", () =>
    Effect.map(
      decided(
        "Ines wrote:\n\n> 1. Use a ring buffer.\n> 2. Rename the crate.\n> 3. Log dropped frames.\n\n1 and 3, not 2, the name is fine"
      ),
      ([unit]) => {
        assert.strictEqual(unit!.title, "Use a ring buffer; Log dropped frames")
        assert.include(
          unit!.content,
          "User: 1 and 3, not 2, the name is fine\n1. Use a ring buffer.\n3. Log dropped frames."
        )
      }
    ))

  it.effect("says which way it took where the reply decides more", () =>
    Effect.map(answered(TABLE, "B. always cache tiles for a month"), ([unit]) => {
      assert.include(unit!.summary, "MapLibre")
      assert.include(unit!.title.toLowerCase(), "cache tiles")
    }))
})
