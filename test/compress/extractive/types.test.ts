/**
 * Examples of the content of each type of unit.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { MemoryUnit } from "../../../src/domain/MemoryUnit.ts"
import { asks, edits, fails, messagesOf, runs, says, type Step, summarize, unitsOf, uses, writes } from "../sessions.ts"

const only = (units: ReadonlyArray<MemoryUnit>): MemoryUnit => {
  assert.lengthOf(units, 1)
  return units[0]!
}

/** A text long enough to count as an explanation. */
const explained = (heading: string, sentence: string) =>
  `## ${heading}\n\n${
    Array.from({ length: 16 }, (_, i) => `${sentence} ${i}, which matters for the next step.`).join("\n")
  }`

describe("an error", () => {
  const typecheck: ReadonlyArray<Step> = [
    asks("Please make the type check of the billing module pass again"),
    fails(
      "npm run typecheck",
      "Exit code 2\nsrc/billing/total.ts(12,7): error TS2322: Type 'string' is not assignable to type 'number'."
    ),
    says("The total is a string because the API sends amounts as text. Let me convert it once, at the border."),
    edits("src/billing/total.ts", "const total = body.total", "const total = Number(body.total)"),
    runs("npm run typecheck", "> tsc --noEmit")
  ]

  it.effect("has its cause, its fix, and that it held", () =>
    Effect.gen(function*() {
      const unit = only(yield* unitsOf("error_log", typecheck))
      assert.strictEqual(unit.title, "total.ts(12,7): error TS2322: Type 'string' is not assignable to type 'number'")
      assert.strictEqual(
        unit.summary,
        "`npm run typecheck` failed: The total is a string because the API sends amounts as text. Fixed in total.ts. It held."
      )
      assert.strictEqual(
        unit.content,
        [
          "Failed: src/billing/total.ts(12,7): error TS2322: Type 'string' is not assignable to type 'number'.",
          "Command: npm run typecheck",
          "Cause: The total is a string because the API sends amounts as text.",
          "Fix, in total.ts. Before:",
          "const total = body.total",
          "Now:",
          "const total = Number(body.total)",
          "It held, this succeeded afterwards: npm run typecheck"
        ].join("\n")
      )
    }))

  it.effect("that came back is one, and says so", () =>
    Effect.gen(function*() {
      const printed = "error TS2304: Cannot find name 'Decimal'."
      const unit = only(
        yield* unitsOf("error_log", [
          asks("Use Decimal for the amounts"),
          fails("npm run build", printed),
          says("The import of Decimal is missing."),
          fails("npm run build", printed),
          fails("npm run build", printed)
        ])
      )
      assert.include(unit.content, "Failed 3 times: ")
      assert.match(unit.summary, /It kept failing\.$/)
    }))

  it.effect("in Chinese has the same parts", () =>
    Effect.gen(function*() {
      const unit = only(
        yield* unitsOf("error_log", [
          asks("跑一下导入脚本，看看为什么失败"),
          fails("node scripts/import.js", "Error: 连接被拒绝: 127.0.0.1:5432"),
          says("原因是 5432 端口的连接被拒绝，数据库没有启动。"),
          runs("docker compose up -d postgres", "Container postgres  Started"),
          runs("node scripts/import.js", "导入完成：1200 行")
        ])
      )
      assert.include(unit.content, "Cause: 原因是 5432 端口的连接被拒绝，数据库没有启动。")
      assert.include(unit.content, "Fix: docker compose up -d postgres")
      assert.match(unit.summary, /It held\.$/)
    }))

  it.effect("is none where a tool was used wrongly, refused, or looked for what isn't there", () =>
    Effect.gen(function*() {
      const steps = [
        asks("Rename the helper in the billing module"),
        uses("Edit", { file_path: "a.ts", old_string: "a", new_string: "b" }, "File has not been read yet.", {
          isError: true
        }),
        fails("grep -rn helper src", ""),
        fails("npm run deploy", "The user doesn't want to proceed with this tool use.")
      ]
      assert.isEmpty(yield* unitsOf("error_log", steps))
    }))
})

describe("a decision", () => {
  const decided = (prompt: string, before: ReadonlyArray<Step> = []) =>
    unitsOf("decision", [asks(prompt), says("Done.")], before)

  it.effect("is what a person prefers, and why", () =>
    Effect.gen(function*() {
      const unit = only(
        yield* decided("let's use SQLite instead of Postgres because it needs no server. then write the README.")
      )
      assert.strictEqual(unit.title, "Use SQLite instead of Postgres because it needs no server")
      assert.include(unit.content, "let's use SQLite instead of Postgres because it needs no server.")
      assert.notInclude(unit.content, "README")
    }))

  it.effect("is a standing instruction, in English, Chinese and both", () =>
    Effect.gen(function*() {
      for (
        const prompt of [
          "Always run the linter before you commit.",
          "Never push to main without asking me.",
          "以后提交信息一律用中文。",
          "别用 any，类型要写清楚。",
          "commit message 统一用 English，不要写中文。"
        ]
      ) {
        assert.include(only(yield* decided(prompt)).content, prompt)
      }
    }))

  it.effect("is no task, no question, and no word that only looks like one", () =>
    Effect.gen(function*() {
      for (
        const prompt of [
          "Fix the failing test in billing.",
          "Why is the build slow?",
          "这个级别的日志特别多，看一下别的服务有没有。",
          "Around lines 76 to 82, don't await the cleanup; it should be attached to the listener instead."
        ]
      ) assert.isEmpty(yield* decided(prompt), prompt)
    }))

  it.effect("is what was proposed and accepted", () =>
    Effect.gen(function*() {
      const proposal = says("The writes contend for one lock. Want me to move them into a queue with one writer?")
      const unit = only(yield* decided("yes please", [proposal]))
      assert.strictEqual(unit.title, "Agreed: Move them into a queue with one writer")
      assert.include(unit.content, "Claude proposed: Want me to move them into a queue with one writer?")
      const options = says(
        "Option A: keep one big table.\nOption B: split the table by month, which keeps indexes small."
      )
      assert.include(only(yield* decided("B", [options])).content, "Option B: split the table by month")
      assert.isEmpty(yield* decided("yes", [says("Shall I run the tests?")]))
    }))

  it.effect("is what was chosen from a form, with what it was chosen from", () =>
    Effect.gen(function*() {
      const form = uses(
        "AskUserQuestion",
        {
          questions: [{
            question: "Which queue should jobs use?",
            options: [{ label: "Redis" }, { label: "Postgres" }]
          }]
        },
        "User has answered your questions: \"Which queue should jobs use?\"=\"Postgres\". You can now continue."
      )
      const unit = only(yield* unitsOf("decision", [asks("Add background jobs"), form]))
      assert.strictEqual(unit.title, "Postgres — Which queue should jobs use")
      assert.include(unit.content, "Among: Redis\nPostgres")
    }))

  it.effect("is what was refused, in the person's words", () =>
    Effect.gen(function*() {
      const refused = uses(
        "Edit",
        { file_path: "src/auth.ts", old_string: "a", new_string: "b" },
        "The user doesn't want to proceed with this tool use. To tell you how to proceed, the user said:\nkeep the session check, we need it for SSO",
        { isError: true }
      )
      const unit = only(yield* unitsOf("decision", [asks("Simplify the auth module"), refused]))
      assert.strictEqual(unit.title, "Refused: keep the session check, we need it for SSO")
      assert.include(unit.content, "User refused, and said: keep the session check, we need it for SSO")
      assert.include(unit.content, "src/auth.ts")
    }))

  it.effect("is Claude's own, where it says why", () =>
    Effect.gen(function*() {
      const unit = only(
        yield* unitsOf("decision", [
          asks("Store the amounts of the invoices"),
          says("I decided to store cents as integers instead of floats, because sums of floats drift.")
        ])
      )
      assert.strictEqual(unit.title, "Store cents as integers instead of floats, because sums of floats drift")
    }))
})

describe("a snippet", () => {
  it.effect("says which file changed, what, and why", () =>
    Effect.gen(function*() {
      const unit = only(
        yield* unitsOf("code_snippet", [
          asks("The retries hammer the server"),
          says("I'll add exponential backoff to the upload client."),
          edits(
            "src/upload.ts",
            "for (;;) await send()",
            "for (let wait = 100; ; wait *= 2) await send().catch(() => sleep(wait))"
          )
        ])
      )
      assert.strictEqual(unit.title, "Add exponential backoff to the upload client (upload.ts)")
      assert.strictEqual(unit.summary, "Changed src/upload.ts: Add exponential backoff to the upload client")
      assert.deepStrictEqual(unit.files, ["src/upload.ts"])
      assert.include(unit.content, "Before:\nfor (;;) await send()\nNow:\nfor (let wait = 100;")
    }))

  it.effect("has the shape of a long file, and the last state of one that was written twice", () =>
    Effect.gen(function*() {
      const file = (name: string) =>
        Array.from(
          { length: 40 },
          (_, i) => `export const ${name}${i} = () => {\n  return compute(${i}, "something longer")\n}`
        ).join("\n")
      const unit = only(
        yield* unitsOf("code_snippet", [
          asks("Generate the accessors of the table"),
          writes("src/old.ts", file("first")),
          writes("src/old.ts", file("second"))
        ])
      )
      assert.include(unit.content, "export const second0 = () => {\nexport const second1 = () => {")
      assert.notInclude(unit.content, "first")
    }))

  it.effect("is of a file that a command wrote, too", () =>
    Effect.gen(function*() {
      const command =
        "mkdir -p deploy && cat > deploy/run.sh << 'EOF'\n#!/bin/sh\nexec node dist/server.js --port \"$PORT\" --workers 4 --log-level info\nEOF\nchmod +x deploy/run.sh"
      const unit = only(yield* unitsOf("code_snippet", [asks("Write a start script for the server"), runs(command)]))
      assert.include(unit.content, "Wrote: deploy/run.sh")
      assert.include(unit.content, "exec node dist/server.js --port \"$PORT\" --workers 4 --log-level info")
      assert.notInclude(unit.content, "chmod")
    }))

  it.effect("is none of a change that failed, or that changes white space or a digit", () =>
    Effect.gen(function*() {
      const failing = uses(
        "Edit",
        { file_path: "a.ts", old_string: "a".repeat(80), new_string: "b".repeat(80) },
        "No.",
        { isError: true }
      )
      assert.isEmpty(
        yield* unitsOf("code_snippet", [
          asks("Clean up the module"),
          failing,
          edits("b.ts", "  a\n  b", "a\nb"),
          edits("c.ts", "const limit = 3", "const limit = 4")
        ])
      )
    }))
})

describe("documentation", () => {
  it.effect("is what was explained at length, a unit for a section, under its heading", () =>
    Effect.gen(function*() {
      const text = `${explained("How a write reaches the disk", "The log is synced before the page")}\n\n${
        explained("How a reader sees it", "A snapshot holds the pages of version")
      }`
      const units = yield* unitsOf("documentation", [asks("How does the storage engine work?"), says(text)])
      assert.deepStrictEqual(units.map(({ title }) => title), ["How a write reaches the disk", "How a reader sees it"])
    }))

  it.effect("is what an agent and a page reported, with where it is from", () =>
    Effect.gen(function*() {
      const report = explained("Where sessions are stored", "The table sessions has the column")
      const page =
        "The option pool_size sets how many connections stay open, 10 by default. Zero disables pooling altogether: each query then pays for a handshake of its own. " +
        Array.from({ length: 20 }, (_, i) => `Chapter ${i} of the manual tells of something else entirely.`).join(" ")
      const units = yield* unitsOf("documentation", [
        asks("Find out how the connections are configured"),
        uses("Task", { description: "Explore the schema", prompt: "Look", subagent_type: "Explore" }, report),
        uses("WebFetch", { url: "https://db.example/manual/pool", prompt: "What does pool_size do?" }, page)
      ])
      assert.deepStrictEqual(units.map(({ title }) => title), [
        "Explore the schema: Where sessions are stored",
        "db.example/manual/pool"
      ])
      assert.include(units[1]!.content, "Page: https://db.example/manual/pool\nFound: ")
      assert.include(units[1]!.content, "pool_size sets how many connections stay open")
    }))

  it.effect("is no report of work done, no questions, and no short answer", () =>
    Effect.gen(function*() {
      const questions = Array.from({ length: 14 }, (_, i) =>
        `Should the part number ${i} of the importer keep its own retries and its own log?`)
      for (
        const text of ["Done! ✅ " + explained("Summary", "I added the part"), questions.join("\n"), "It uses WAL."]
      ) {
        assert.isEmpty(yield* unitsOf("documentation", [asks("How does the importer look now?"), says(text)]), text)
      }
    }))
})

describe("a conversation", () => {
  it.effect("is what was asked, said and done, without chatter", () =>
    Effect.gen(function*() {
      const unit = only(
        yield* unitsOf("conversation", [
          asks("Can you make the nightly import faster?"),
          says("Great question! Let me look at the script."),
          runs("cat scripts/import.js", "for (const row of rows) insert(row)"),
          says("The import writes one row per transaction, which costs a sync each."),
          edits("scripts/import.js", "insert(row)", "batch(row)"),
          runs("node scripts/import.js", "imported 120000 rows in 9 s"),
          says("The import now takes 9 seconds instead of 6 minutes.")
        ])
      )
      assert.strictEqual(unit.title, "Make the nightly import faster")
      assert.strictEqual(
        unit.content,
        [
          "User: Can you make the nightly import faster?",
          "Claude: The import writes one row per transaction, which costs a sync each.",
          "Edited scripts/import.js",
          "Ran: node scripts/import.js",
          "It printed: imported 120000 rows in 9 s",
          "Claude: The import now takes 9 seconds instead of 6 minutes."
        ].join("\n")
      )
      assert.strictEqual(
        unit.summary,
        "The import writes one row per transaction, which costs a sync each. The import now takes 9 seconds instead of 6 minutes."
      )
    }))

  it.effect("whose prompt says nothing takes what Claude said before", () =>
    Effect.gen(function*() {
      const [unit] = yield* unitsOf("conversation", [
        asks("ok do that"),
        says(
          "The queue has one writer now, and 200 parallel requests finish without a single lock error, where 14 failed before."
        )
      ], [says("The writes contend for the lock of the ledger table.")])
      assert.isTrue(unit!.content.startsWith("Claude had said: The writes contend for the lock of the ledger table."))
      assert.include(unit!.content, "User: ok do that")
    }))

  it.effect("has once what was done again with the same outcome", () =>
    Effect.gen(function*() {
      const [unit] = yield* unitsOf("conversation", [
        asks("Why does the build of the site fail?"),
        ...Array.from({ length: 3 }, () => fails("npm run site", "TypeError: paginate is not a function")),
        says("The paginate package exports a default since version 4, so the named import is undefined.")
      ])
      assert.lengthOf(unit!.content.match(/paginate is not a function/g)!, 1)
    }))

  it.effect("of a commit alone says what was committed", () =>
    Effect.gen(function*() {
      const [unit] = yield* unitsOf("conversation", [
        asks("Please commit the work on the import script"),
        runs(
          "git commit -m \"feat(import): write rows in batches\"",
          "[main 1a2b3c4] feat(import): write rows in batches"
        )
      ])
      assert.strictEqual(unit!.summary, "Committed: write rows in batches")
    }))
})

describe("an archive", () => {
  it.effect("is a session's aim, what else was asked, its outcome and its open ends", () =>
    Effect.gen(function*() {
      const prompts = messagesOf([asks("Add rate limiting to the API"), asks("Also log the rejected requests")])
      const closing = messagesOf([
        says(
          "Requests over 100 a minute get a 429 now, and rejected ones are logged. Still missing: the limit for API keys is not configurable yet."
        )
      ], "v").map((message) => ({ ...message, occurredAt: 9_000 }))
      const unit = only(yield* summarize({ prompts, closing, files: ["src/limit.ts"] }))
      assert.strictEqual(unit.title, "Add rate limiting to the API")
      assert.strictEqual(
        unit.content,
        [
          "Aim: Add rate limiting to the API",
          "Also asked: Also log the rejected requests",
          "Outcome: Requests over 100 a minute get a 429 now, and rejected ones are logged.",
          "Open: Still missing: the limit for API keys is not configurable yet."
        ].join("\n")
      )
      assert.strictEqual(unit.summary, "Requests over 100 a minute get a 429 now, and rejected ones are logged.")
      assert.isNotNull(unit.expiresAt)
    }))

  it.effect("says when the last request stayed without an answer", () =>
    Effect.gen(function*() {
      const prompts = messagesOf([
        asks("Add rate limiting to the API"),
        asks("Now write the migration for the limits table")
      ])
      const closing = messagesOf([says("Requests over 100 a minute get a 429 now.")], "v")
      const unit = only(yield* summarize({ prompts, closing, files: ["src/limit.ts"] }))
      assert.include(unit.content, "Asked last, without an answer: Now write the migration for the limits table")
    }))

  it.effect("is none where nothing came of it", () =>
    Effect.gen(function*() {
      assert.isEmpty(yield* summarize({ prompts: messagesOf([asks("hi")]) }))
      const pasted = `Summarize this part of a conversation. ${
        "The team talked about the schema of the ledger. ".repeat(40)
      }`
      assert.isEmpty(
        yield* summarize({
          prompts: messagesOf([asks(pasted)]),
          closing: messagesOf([says("They talked about a schema.")], "v")
        })
      )
    }))
})
