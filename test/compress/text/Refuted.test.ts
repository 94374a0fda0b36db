import { assert, describe, it } from "@effect/vitest"
import { refutedIn, withoutSentences } from "../../../src/compress/text/Refuted.ts"

describe("a supposed cause", () => {
  const refuted = (...texts: ReadonlyArray<ReadonlyArray<string>>) => [...refutedIn(texts)]

  it.each([
    ["The mails are late because the queue `outgoing` has a single consumer.", "The queue isn't it: it is empty."],
    ["The login fails because the cookie has no domain.", "There is a domain on the cookie, so the browser sends it."],
    ["The proxy buffer is too small for the header.", "A larger buffer doesn't help, `nginx` never sees the request."],
    ["Maybe the clock of the runner is off.", "It isn't the clock, `chronyd` agrees to the millisecond."],
    ["The sitemap is empty because the cron job was removed.", "I was wrong, `crontab -l` lists `sitemap.sh`."],
    ["页面打不开，因为缓存过期时间太短。", "缓存没有问题，命中率 99%。"],
    ["The report is late because the queue is drained once a day.", "no, it is drained every minute"],
    ["原因是连接池被任务占满。", "猜错了，连接池只用了两个。"]
  ])("is refuted by what denies it: %s", (supposed, denial) => {
    assert.deepStrictEqual(refuted([supposed], [denial], ["The request ends in `legacy.conf`, which answers 404."]), [
      supposed
    ])
  })

  it("takes with it what builds on it in the same remark, and nothing before it", () => {
    const wrong = "The mails are late because the queue `outgoing` has a single consumer."
    assert.deepStrictEqual(
      refuted(["Mails wait 40 minutes.", wrong, "A second one would halve that."], ["It isn't the queue."]),
      [wrong, "A second one would halve that."]
    )
  })

  it("stays where it is confirmed, said again, or where something else is denied", () => {
    const supposed = "The mails are late because the queue `outgoing` has a single consumer."
    for (
      const later of [
        "Confirmed: the queue has a single consumer, `worker-1`.",
        "The worker doesn't retry.",
        "It isn't the mail server.",
        "Is the queue fine?",
        "Let me check that it isn't the queue of the other tenant."
      ]
    ) assert.isEmpty(refuted([supposed], [later]), later)
    assert.isEmpty(
      refuted([supposed], [
        "That isn't the queue of the test.",
        "The mails are late because `outgoing` really has a single consumer."
      ])
    )
  })

  it("is left out of a text with the lines that held nothing else", () => {
    const refuted = new Set(["It is the lock.", "It is the clock."])
    assert.strictEqual(
      withoutSentences("Found 3.\n- It is the lock.\nIt is the clock. 9 of 10.", refuted),
      "Found 3.\n 9 of 10."
    )
    assert.strictEqual(withoutSentences("- a\n\n- b", refuted), "- a\n\n- b")
  })
})
