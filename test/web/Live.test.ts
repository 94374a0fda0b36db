import { afterEach, assert, describe, it, vi } from "vitest"
import { delayAfter, eventsIn, follow, isChange, type LiveState, MAX_DELAY_MS } from "../../src/web/api/Live.ts"

describe("Live", () => {
  afterEach(() => {
    vi.unstubAllGlobals()
  })

  it.each([[true, 1], [false, 0]])(
    "asks for answers again when its tab is first looked at later: %s",
    async (hidden, changes) => {
      const tab = Object.assign(new EventTarget(), { hidden })
      vi.stubGlobal("document", tab)
      vi.stubGlobal("fetch", (_: unknown, { signal }: { readonly signal: AbortSignal }) =>
        Promise.resolve(
          new Response(
            new ReadableStream({
              start: (stream) => signal.addEventListener("abort", () => stream.error(signal.reason))
            })
          )
        ))
      const states: Array<LiveState> = []
      let changed = 0
      const stop = follow({ onChange: () => changed++, onState: (state) => states.push(state) })
      tab.hidden = false
      if (hidden) tab.dispatchEvent(new Event("visibilitychange"))
      await vi.waitFor(() => assert.strictEqual(states.at(-1), "open"))
      stop()
      assert.deepStrictEqual(states, [...(hidden ? ["paused"] : []), "connecting", "open"])
      assert.strictEqual(changed, changes)
    }
  )

  const stream =
    ": open\n\nid: 1\ndata: {\"kind\":\"changed\",\"version\":1}\n\ndata: one\r\ndata: two\r\n\r\nevent: x\n\ndata: re"

  it("reads whole events and keeps the rest", () => {
    assert.deepStrictEqual(eventsIn(stream), {
      data: ["{\"kind\":\"changed\",\"version\":1}", "one\ntwo"],
      rest: "data: re"
    })
  })

  it("reads the same wherever the stream is cut", () => {
    const all = eventsIn(`${stream}st\n\n`).data
    for (let cut = 0; cut <= stream.length; cut++) {
      const first = eventsIn(stream.slice(0, cut))
      const second = eventsIn(`${first.rest}${stream.slice(cut)}st\n\n`)
      assert.deepStrictEqual([...first.data, ...second.data], all, `cut at ${cut}`)
    }
  })

  it("takes only a change for one", () => {
    assert.isTrue(isChange("{\"kind\":\"changed\",\"version\":1}"))
    for (const data of ["{\"kind\":\"connected\"}", "", "{", "null", "\"changed\"", "[]"]) {
      assert.isFalse(isChange(data), data)
    }
  })

  it("waits longer after each failure, up to half a minute", () => {
    assert.deepStrictEqual([1, 2, 3, 4, 5, 6, 7, 40].map(delayAfter), [
      1_000,
      2_000,
      4_000,
      8_000,
      16_000,
      30_000,
      30_000,
      MAX_DELAY_MS
    ])
  })
})
