import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { Message } from "../../../src/domain/Conversation.ts"
import { stepsAmong } from "../../../src/store/Rules.ts"
import { asks, edits, fails, messagesOf, runs, says, type Step, summarize, uses } from "../sessions.ts"

/** 2 March 2026, in milliseconds since the epoch. */
const NOW = Date.UTC(2026, 2, 2)

/** Returns what the archive of a session with these steps says under labels that begin with "Open". */
const openOf = (...steps: ReadonlyArray<Step>) => {
  const messages = messagesOf(steps).map((message): Message => ({ ...message, occurredAt: NOW + message.occurredAt }))
  const said = (message: Message) => message.blocks.some(({ kind }) => kind === "text")
  return Effect.map(
    summarize({
      prompts: messages.filter(({ isPrompt }) => isPrompt),
      closing: messages.filter((message) => message.role === "assistant" && said(message)).slice(-6),
      files: ["src/mail.ts"],
      steps: stepsAmong(messages)
    }),
    ([archive]) => {
      const lines = (archive?.content ?? "").split(/\n(?=[A-Z][a-z ]+: )/)
      return lines.filter((line) => line.startsWith("Open: ")).map((line) => line.slice("Open: ".length)).join("\n")
    }
  )
}

const ASKED = asks("Send the invoices by mail, with a copy for the bookkeepers")
const todos = (...items: ReadonlyArray<readonly [content: string, status: string]>) =>
  uses("TodoWrite", { todos: items.map(([content, status]) => ({ content, status, activeForm: content })) })

describe("what a session leaves open", () => {
  it.effect("are the tasks of Claude's last list that are not completed", () =>
    Effect.gen(function*() {
      const first = todos(["Write the template", "in_progress"], ["Render the PDF", "pending"])
      const last = todos(["Write the template", "completed"], ["Render the PDF", "in_progress"], [
        "生成会计副本",
        "pending"
      ])
      assert.strictEqual(
        yield* openOf(ASKED, first, last, says("The template is in place.")),
        "Render the PDF\n生成会计副本"
      )
      const done = todos(["Write the template", "completed"], ["Render the PDF", "completed"])
      assert.strictEqual(yield* openOf(ASKED, first, done, says("All of it is in place.")), "")
    }))

  it.effect("are the tasks that were created and neither completed nor deleted", () =>
    Effect.gen(function*() {
      const create = (id: number, subject: string) =>
        uses(
          "TaskCreate",
          { subject, description: `${subject} for mails` },
          `Task #${id} created successfully: ${subject}`
        )
      const update = (taskId: string, status: string) =>
        uses("TaskUpdate", { taskId, status }, `Updated task #${taskId}`)
      assert.strictEqual(
        yield* openOf(
          ASKED,
          create(1, "Draw the letterhead"),
          create(2, "Queue the mails"),
          create(3, "Measure the queue"),
          update("1", "completed"),
          update("2", "in_progress"),
          update("3", "deleted"),
          says("The letterhead is drawn.")
        ),
        "Queue the mails"
      )
    }))

  it.effect("are not what Claude asked before its last answer, which the person has answered", () =>
    Effect.gen(function*() {
      const question = says("The copy goes to one address. Want me to send it to all bookkeepers instead?")
      assert.strictEqual(yield* openOf(ASKED, question), "Want me to send it to all bookkeepers instead?")
      assert.strictEqual(yield* openOf(ASKED, question, asks("yes"), says("Done. Each of them gets one now.")), "")
      // A decision is none either, whatever its reason.
      assert.strictEqual(
        yield* openOf(ASKED, says("Decision noted: stay on the old mailer, the new one's queue is not stable yet.")),
        ""
      )
      // What it said to be missing still is.
      const missing = says("The copy goes to one address. The bounce handler is still missing.")
      assert.strictEqual(
        yield* openOf(ASKED, missing, asks("yes"), says("Done. Each of them gets one now.")),
        "The bounce handler is still missing."
      )
    }))

  it.effect("are changes that stay in the stash, and pull requests that are not merged", () =>
    Effect.gen(function*() {
      const stash = runs("cd /work/one && git stash push -m \"half of the mailer\"", "Saved working directory")
      const open = runs("git push && gh pr create --fill", "https://github.com/acme/mail/pull/71")
      assert.strictEqual(
        yield* openOf(ASKED, stash, says("Put aside.")),
        "stashed: git stash push -m \"half of the mailer\""
      )
      assert.strictEqual(
        yield* openOf(ASKED, stash, runs("git stash pop", "Dropped refs/stash@{0}"), says("It is back.")),
        ""
      )
      assert.strictEqual(yield* openOf(ASKED, runs("git stash && git pull && git stash pop"), says("Pulled.")), "")
      assert.strictEqual(yield* openOf(ASKED, runs("git stash", "No local changes to save"), says("It was clean.")), "")
      assert.strictEqual(
        yield* openOf(ASKED, open, says("Reviewers were asked.")),
        "pull request: https://github.com/acme/mail/pull/71"
      )
      assert.strictEqual(yield* openOf(ASKED, open, runs("gh pr merge 71 --squash", "Merged"), says("It is in.")), "")
      assert.strictEqual(
        yield* openOf(ASKED, fails("gh pr create --fill", "not logged in"), says("It was refused.")),
        ""
      )
    }))

  it.effect("is what the last answer with substance calls missing, in a sentence or in a list below it", () =>
    Effect.gen(function*() {
      const long = "The mailer renders an invoice and queues it for the night, where the relay takes it."
      assert.strictEqual(
        yield* openOf(
          ASKED,
          says(`${long} Left: the copy for the bookkeepers. Bounces aren't counted anywhere yet.`),
          asks("fine, see you"),
          says("Bye!")
        ),
        "Left: the copy for the bookkeepers.\nBounces aren't counted anywhere yet."
      )
      assert.strictEqual(
        yield* openOf(ASKED, says(`${long}\n\n**Not done yet:**\n- the copy for the bookkeepers\n- a limit per hour`)),
        "- the copy for the bookkeepers\n- a limit per hour"
      )
      assert.strictEqual(
        yield* openOf(ASKED, says("邮件模板已经提交。没写完的：会计的副本。")),
        "没写完的：会计的副本。"
      )
      assert.strictEqual(yield* openOf(ASKED, says(`${long} Nothing is left to do.`)), "")
    }))

  it.effect("is no more what a later turn did: by its words, by its verb, or in the file that it names", () =>
    Effect.gen(function*() {
      const said = says("The relay's limit in `relay.toml` is still open, at 100 an hour.")
      assert.include(yield* openOf(ASKED, said, asks("thanks"), says("Fine.")), "relay.toml")
      assert.strictEqual(
        yield* openOf(
          ASKED,
          said,
          asks("raise the limit"),
          edits("/work/one/relay.toml", "100", "900"),
          says("Saved.")
        ),
        ""
      )
      assert.strictEqual(
        yield* openOf(
          ASKED,
          says("The outage of the relay is not reported yet."),
          asks("I reported it"),
          says("Good.")
        ),
        ""
      )
    }))

  it.effect("is what the person puts off, by a time to come", () =>
    Effect.gen(function*() {
      const end = (text: string) => openOf(ASKED, says("The mailer works."), asks(text), says("Fine."))
      for (const text of ["we switch it on next week", "turn it on by April 3", "副本下周再弄", "3 月 20 日上线"]) {
        assert.strictEqual(yield* end(text), `the person said: ${text}`)
      }
      for (
        const text of [
          "it was slow on Monday, why?",
          "it broke on January 3",
          "switch it on",
          "嗯 周末了",
          "你说老板下个月会不会又改"
        ]
      ) {
        assert.strictEqual(yield* end(text), "", text)
      }
    }))

  it.effect("is what Claude labels as open, also where it goes on to commit, without a label of its own", () =>
    Effect.gen(function*() {
      assert.strictEqual(
        yield* openOf(
          asks("customers got billed twice for october, find out why"),
          says("The job was run again after the worker was killed, and nothing stops a second invoice."),
          asks("later. put it on the list"),
          says("Left open: nightly cleanup of idempotency_keys (older than 30 days). Not done today."),
          runs("git commit -qam \"unique invoice per tenant\" && git push", "8fe21ab..d02c7e4"),
          says("Pushed d02c7e4.")
        ),
        "nightly cleanup of idempotency_keys (older than 30 days)."
      )
      assert.strictEqual(
        yield* openOf(ASKED, says("With Numeric you still have to say how to round at each multiplication.")),
        ""
      )
    }))

  it.effect("is told once where Claude says what the person put off", () =>
    Effect.gen(function*() {
      assert.strictEqual(
        yield* openOf(
          asks("限流那个网关说要我们自己做，令牌桶阈值你建议多少"),
          says("下单接口按用户限 5 QPS，全局 800 QPS，用单机令牌桶。"),
          asks("ok 单机的就行，先不写代码，等大促排期出来再搞"),
          says("好，限流先不写，等大促排期出来再做。")
        ),
        "好，限流先不写，等大促排期出来再做。"
      )
      assert.strictEqual(
        yield* openOf(
          ASKED,
          says("清理已发送记录的定时任务还没写。"),
          asks("这 helm 老卡住 下次直接回滚就行了。"),
          says("好，下次直接回滚。")
        ),
        "清理已发送记录的定时任务还没写。"
      )
    }))
})
