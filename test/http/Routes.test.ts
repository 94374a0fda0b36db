/**
 * The routes, over real HTTP on loopback, by the derived client and by hand.
 */
import { assert, layer } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ClaudeMemory } from "../../src/serve/ClaudeMemory.ts"
import { slow } from "../data.ts"
import { asking, ingest, serving, SHOP } from "./serving.ts"

const text = (response: Response) => Effect.promise(() => response.text())
const json = (response: Response) => Effect.map(text(response), (body) => JSON.parse(body))

const problemOf = (response: Response) =>
  Effect.gen(function*() {
    assert.strictEqual(response.headers.get("content-type"), "application/problem+json")
    const { code, detail, status, title, type } = yield* json(response)
    assert.strictEqual(status, response.status)
    for (const each of [detail, title, type]) assert.isString(each)
    return code as string
  })

const withShop = serving().pipe(Layer.tap((context) => Effect.provide(Effect.orDie(ingest(SHOP)), context)))

layer(withShop, { excludeTestServices: true })("the routes", (it) => {
  it.effect("answer only with the token, but for what holds no data", () =>
    Effect.gen(function*() {
      const { ask } = yield* asking
      const withoutToken = { headers: { authorization: "" } }
      for (const path of ["/livez", "/readyz"]) {
        assert.strictEqual(yield* text(yield* ask(path, withoutToken)), "ok\n")
      }
      const page = yield* ask("/app/sessions/1", withoutToken)
      assert.include(yield* text(page), "<title>Page</title>")
      assert.include(page.headers.get("content-security-policy"), "require-trusted-types-for 'script'")
      assert.strictEqual(page.headers.get("cache-control"), "no-cache")
      const script = yield* ask("/app/main-1a2b.js", withoutToken)
      assert.strictEqual(script.headers.get("content-type"), "text/javascript; charset=utf-8")
      assert.include(script.headers.get("cache-control"), "immutable")
      assert.strictEqual((yield* ask("/", withoutToken)).headers.get("location"), "/app/")
      for (const path of ["/v1/stats", "/health", "/metrics", "/openapi.json", "/nowhere"]) {
        assert.strictEqual(yield* problemOf(yield* ask(path, withoutToken)), "no-token", path)
      }
      assert.strictEqual((yield* ask("/v1/stats")).status, 200)
    }))

  it.effect("answer to no page of another site", () =>
    Effect.gen(function*() {
      const { ask, url } = yield* asking
      assert.strictEqual(
        yield* problemOf(yield* ask("/v1/stats", { headers: { origin: "https://evil.test" } })),
        "foreign-origin"
      )
      const own = yield* ask("/v1/stats", { headers: { origin: url } })
      assert.strictEqual(own.status, 200)
      assert.isNull(own.headers.get("access-control-allow-origin"))
    }))

  it.effect("let a code be exchanged once, for a token that this server alone takes", () =>
    Effect.gen(function*() {
      const { ask, send, token } = yield* asking
      const { code } = yield* json(yield* send("POST", "/v1/codes", undefined))
      const exchange = send("POST", "/v1/token", { code }, { authorization: "" })
      const page = yield* json(yield* exchange)
      assert.notStrictEqual(page.token, token)
      assert.strictEqual((yield* ask("/v1/stats", { headers: { authorization: `Bearer ${page.token}` } })).status, 200)
      assert.strictEqual(yield* problemOf(yield* exchange), "wrong-code")
      assert.strictEqual((yield* ask("/v1/codes", { method: "POST", headers: { authorization: "" } })).status, 401)
    }))

  it.effect("search, with the words of the question marked", () =>
    Effect.gen(function*() {
      const { client } = yield* asking
      const { results } = yield* client.memories.search({
        payload: { text: "why do tests use fake timers", projects: "all", limit: 5 }
      })
      assert.isAbove(results.length, 0)
      const marked = results.flatMap(({ excerpt: { marks, text } }) =>
        marks.map(([from, to]) => text.slice(from, to).toLowerCase())
      )
      assert.include(marked, "timers")
      assert.include(results[0]!.reason, "keyword #")
    }))

  it.effect("ask for a project", () =>
    Effect.gen(function*() {
      const { ask, client, send } = yield* asking
      for (const path of ["/v1/units", "/v1/sessions", "/v1/timeline", "/v1/least", "/v1/export"]) {
        assert.strictEqual(yield* problemOf(yield* ask(path)), "no-project", path)
      }
      for (const path of ["/memory/search", "/memory/inject"]) {
        const body = { query: "x", original_prompt: "x" }
        assert.strictEqual(yield* problemOf(yield* send("POST", path, body)), "no-project", path)
        assert.strictEqual(
          yield* problemOf(yield* send("POST", path, { ...body, project_id: "nix" })),
          "not-found",
          path
        )
      }
      const { projects } = yield* client.projects.projects()
      const { units } = yield* client.memories.units({ urlParams: { project: [projects[0]!.name], limit: 3 } })
      assert.isTrue(units.every(({ projectId }) => projectId === projects[0]!.id))
    }))

  it.effect("refuse times with none between them", () =>
    Effect.gen(function*() {
      const { client } = yield* asking
      const urlParams = { project: ["all"], since: 2, until: 1 }
      const refused = [
        client.memories.units({ urlParams }),
        client.sessions.sessions({ urlParams }),
        client.memories.search({ payload: { text: "x", projects: "all", since: 2, until: 1 } })
      ]
      for (const each of refused) {
        assert.include(yield* Effect.flip<unknown, object, never>(each), {
          code: "bad-request",
          detail: "since is after until, and no time is between them"
        })
      }
    }))

  it.effect("list by pages, each memory once", () =>
    Effect.gen(function*() {
      const { client } = yield* asking
      const all = yield* client.memories.units({ urlParams: { project: ["all"], limit: 200 } })
      assert.isNull(all.next)
      let ids: ReadonlyArray<string> = []
      for (let cursor: string | undefined;;) {
        const page = yield* client.memories.units({
          urlParams: { project: ["all"], limit: 3, ...(cursor !== undefined && { cursor }) }
        })
        ids = [...ids, ...page.units.map(({ id }) => id)]
        if (page.next === null) break
        cursor = page.next
      }
      assert.deepStrictEqual([...ids].sort(), all.units.map(({ id }) => id).sort())
    }))

  it.effect("show a session as it was, by pages too", () =>
    Effect.gen(function*() {
      const { client } = yield* asking
      const { sessions } = yield* client.sessions.sessions({ urlParams: { project: ["all"] } })
      const [{ resume, session }] = [sessions[0]!]
      assert.strictEqual(resume, `cd ${session.cwd} && claude --resume ${session.id}`)
      const whole = yield* client.sessions.conversation({ path: { id: session.id }, urlParams: { limit: 500 } })
      assert.isNull(whole.next)
      const uuids = whole.items.flatMap((item) => item.kind === "message" ? [item.message.uuid] : [])
      assert.isAbove(uuids.length, 3)
      let read: ReadonlyArray<string> = []
      for (let cursor: string | undefined;;) {
        const page = yield* client.sessions.conversation({
          path: { id: session.id.slice(0, 8) },
          urlParams: { limit: 1, ...(cursor !== undefined && { cursor }) }
        })
        read = [...read, ...page.items.flatMap((item) => item.kind === "message" ? [item.message.uuid] : [])]
        if (page.next === null) break
        cursor = page.next
      }
      assert.deepStrictEqual([...read].sort(), [...uuids].sort())
      const { transcripts } = yield* client.sessions.session({ path: { id: session.id } })
      assert.isAbove(transcripts.length, 0)
    }))

  it.effect("tell of an edited text that its title is another now, and that one which was given stayed", () =>
    Effect.gen(function*() {
      const { client } = yield* asking
      const changedBy = (title: string | undefined, content: string) =>
        Effect.gen(function*() {
          const { id } = yield* client.memories.save({
            headers: {},
            payload: { content, ...(title !== undefined && { title }), project: "shop-api" }
          })
          yield* client.memories.edit({
            path: { id },
            headers: { "if-match": "*" },
            payload: { content: `${content} Mostly.` }
          })
          const { operations, unit } = yield* client.memories.history({ path: { id } })
          return [unit.title, operations[0]!.differences.map(({ field }) => field)]
        })
      const plain = "Herons nest by the weir."
      assert.deepStrictEqual(yield* changedBy(undefined, plain), [`${plain} Mostly.`, ["title", "content"]])
      assert.deepStrictEqual(yield* changedBy("Otters", "They sleep by the mill."), ["Otters", ["content"]])
    }))

  it.effect("change a memory only as it was read", () =>
    Effect.gen(function*() {
      const { ask, client, send } = yield* asking
      const saved = yield* send("POST", "/v1/units", { content: "Deploys go out on Tuesdays.", project: "shop-api" })
      assert.strictEqual(saved.status, 201)
      assert.strictEqual(saved.headers.get("etag"), "\"0\"")
      const { id } = yield* json(saved)
      const path = `/v1/units/${id}`
      assert.strictEqual(yield* problemOf(yield* send("PATCH", path, { pinned: true })), "no-revision")
      const edited = yield* send("PATCH", path, { title: "Deploys" }, { "if-match": "\"0\"" })
      assert.deepStrictEqual([edited.status, edited.headers.get("etag")], [200, "\"1\""])
      const { operation } = yield* json(edited)
      for (
        const revision of [
          "\"0\"",
          "W/\"1\"",
          "nonsense",
          "\"0\", W/\"1\"",
          "\"01\"",
          "\"x\"1\"",
          "\"0\" \"1\"",
          "\"0\"\"1\""
        ]
      ) {
        const late = yield* send("PATCH", path, { title: "Releases" }, { "if-match": revision })
        assert.deepStrictEqual([late.status, yield* problemOf(late)], [412, "changed-since"], revision)
      }
      const ofSome = yield* send("PATCH", path, { pinned: true }, { "if-match": "\"0\", W/\"x,y\" , \"1\"" })
      assert.deepStrictEqual([ofSome.status, ofSome.headers.get("etag")], [200, "\"2\""])
      const { operations, unit } = yield* client.memories.history({ path: { id } })
      assert.deepStrictEqual(operations.map(({ kind }) => kind), ["edit", "pin"])
      assert.deepStrictEqual([unit.title, unit.pinned], ["Deploys", true])

      const helped = yield* json(yield* send("POST", `${path}/feedback`, { helps: false }))
      assert.deepStrictEqual(helped.unit.feedback, [{ helps: false, words: [] }])
      const unnamed = yield* send("POST", `${path}/feedback`, { helps: true, prompt: "nothing of it" })
      assert.strictEqual(yield* problemOf(unnamed), "not-found")
      assert.deepStrictEqual((yield* client.memories.undo({ payload: null })).kind, "feedback")

      const kept = yield* send("PATCH", path, { kept: true }, { "if-match": "*" })
      const keeping = yield* json(kept)
      assert.deepStrictEqual([keeping.kept, kept.headers.get("etag")], [true, "\"4\""])
      assert.deepInclude((yield* client.memories.changes()).changes[0], {
        operation: keeping.operation,
        kind: "keep",
        actor: "person",
        units: 1
      })
      const asBefore = yield* client.memories.undo({ payload: { operation: keeping.operation } })
      assert.deepStrictEqual([asBefore.kind, asBefore.units[0]?.kept], ["keep", undefined])

      for (const revision of ["\"0\"", "nonsense"]) {
        const late = yield* ask(path, { method: "DELETE", headers: { "if-match": revision } })
        assert.deepStrictEqual([late.status, yield* problemOf(late)], [412, "changed-since"], revision)
      }
      const asRead = (yield* ask(path)).headers.get("etag")!
      for (const revision of [asRead, `"0",${asRead}`, "*"]) {
        const gone = yield* ask(path, { method: "DELETE", headers: { "if-match": revision } })
        assert.strictEqual(gone.status, 200, revision)
        yield* client.memories.undo({ payload: null })
      }
      const forgotten = yield* json(yield* ask(path, { method: "DELETE" }))
      assert.strictEqual(forgotten.count, 1)
      assert.isAbove(forgotten.until, yield* Clock.currentTimeMillis)
      assert.strictEqual(yield* problemOf(yield* ask(path)), "not-found")
      const undone = yield* client.memories.undo({ payload: null })
      assert.deepStrictEqual([undone.kind, undone.units.map(({ id }) => id)], ["forget", [id]])
      assert.strictEqual((yield* ask(path)).status, 200)

      const again = yield* json(yield* ask(path, { method: "DELETE" }))
      const { changes } = yield* client.memories.changes()
      assert.deepInclude(changes[0], {
        operation: again.operation,
        kind: "forget",
        until: again.until,
        named: [{ id, title: "Deploys" }]
      })
      // The edit went with what was forgotten, which is to be undone before it.
      const early = yield* send("POST", "/v1/undo", { operation })
      const { code, detail } = yield* json(early)
      assert.deepStrictEqual([early.status, code], [409, "in-conflict"])
      assert.match(detail, new RegExp(`^the forgetting of “Deploys” \\(change ${again.operation}\\) came later`))
      assert.strictEqual(yield* problemOf(yield* send("POST", "/v1/undo", { operation: 99_999 })), "not-found")
      yield* client.memories.undo({ payload: { operation: again.operation } })
      const twice = yield* send("POST", "/v1/undo", { operation: again.operation })
      assert.match((yield* json(twice)).detail, /was undone already/)
      assert.strictEqual((yield* client.memories.undo({ payload: null })).kind, "edit")
    }))

  slow(it.effect)("say before and after a forgetting from what else it takes", () =>
    Effect.gen(function*() {
      const { ask, client, send } = yield* asking
      const memory = yield* ClaudeMemory
      const units = yield* memory.recent({ projects: "all" }, 500)
      const taking = yield* Effect.filter(units, ({ id }) =>
        Effect.map(memory.forgetting([id], false), ({ also }) =>
          also.units.length > 0 && also.sessions.length > 0))
      const { id } = taking[0]!
      const dry = yield* json(yield* send("POST", "/v1/forget", { ids: [id], isDryRun: true }))
      assert.isAbove(dry.also.units.length, 0)
      assert.isString(dry.also.sessions[0].title)
      const titles = Effect.map(memory.recent({ projects: "all" }, 500), (all) =>
        all.map(({ title }) => title).sort())
      const before = yield* titles
      const { also, operation } = yield* json(yield* ask(`/v1/units/${id}`, { method: "DELETE" }))
      const idsOf = ({ gone, units }: typeof dry.also) => [...units, ...gone].map(({ id }: { id: string }) => id)
      assert.includeMembers(idsOf(also), idsOf(dry.also))
      assert.notDeepEqual(yield* titles, before)
      yield* client.memories.undo({ payload: { operation } })
      assert.deepStrictEqual(yield* titles, before)
    }))

  it.effect("refuse a project's name that is none", () =>
    Effect.gen(function*() {
      const { send } = yield* asking
      for (const name of [" ", "two\nlines"]) {
        const renamed = yield* send("POST", "/v1/projects/rename", { project: "shop-api", name })
        assert.strictEqual(renamed.status, 400)
        assert.strictEqual(yield* problemOf(renamed), "bad-request")
      }
    }))

  it.effect("store once what is sent twice under a key", () =>
    Effect.gen(function*() {
      const { client, send } = yield* asking
      const body = { content: "Logs are kept for thirty days.", project: "shop-api" }
      const key = { "idempotency-key": "logs" }
      const [first, second] = yield* Effect.all(
        [send("POST", "/v1/units", body, key), send("POST", "/v1/units", body, key)],
        { concurrency: 2 }
      )
      assert.deepStrictEqual(yield* json(first), yield* json(second))
      const other = yield* send("POST", "/v1/units", { ...body, content: "Others." }, key)
      assert.strictEqual(yield* problemOf(other), "in-conflict")
      const { results } = yield* client.memories.search({
        payload: { text: "how long are logs kept", projects: "all" }
      })
      assert.strictEqual(results.filter(({ unit }) => unit.content.startsWith("Logs are kept")).length, 1)
    }))

  it.effect("forget many only when told which, and say before what that would be", () =>
    Effect.gen(function*() {
      const { send } = yield* asking
      const { id: project } = yield* (yield* ClaudeMemory).given.project("throwaway")
      for (const n of [1, 2, 3]) {
        yield* send("POST", "/v1/units", { content: `The throwaway number ${n}${n} is here.`, project })
      }
      assert.strictEqual(yield* problemOf(yield* send("POST", "/v1/forget", {})), "bad-request")
      const dry = yield* json(yield* send("POST", "/v1/forget", { projects: [project], isDryRun: true }))
      assert.strictEqual(dry.count, 3)
      const done = yield* json(yield* send("POST", "/v1/forget", { projects: [project] }))
      assert.strictEqual(done.count, 3)
      const undone = yield* json(yield* send("POST", "/v1/undo", undefined))
      assert.strictEqual(undone.kind, "forget")
    }))

  it.effect("say which words of a question no memory contains", () =>
    Effect.gen(function*() {
      const { client } = yield* asking
      const absent = (text: string) =>
        Effect.map(client.memories.search({ payload: { text, projects: "all" } }), ({ absent }) => absent)
      assert.deepStrictEqual(yield* absent("Quokkas and the stripe webhook"), ["Quokkas"])
      assert.deepStrictEqual(yield* absent("the stripe webhook"), [])
    }))

  it.effect("answer a misspelt question by what was meant, mark that, and say so", () =>
    Effect.gen(function*() {
      const { client } = yield* asking
      const { absent, respelt, results: [found] } = yield* client.memories.search({
        payload: { text: "Quokkas and the stripe webhok", projects: "all" }
      })
      assert.deepStrictEqual(respelt, [{ typed: "webhok", instead: "webhook" }])
      assert.deepStrictEqual(absent, ["Quokkas"])
      const { marks, text } = found!.excerpt
      assert.include(marks.map(([from, to]) => text.slice(from, to).toLowerCase()), "webhooks")
    }))

  it.effect("show how a text was changed, and name its session by what that was for", () =>
    Effect.gen(function*() {
      const { client } = yield* asking
      const { units } = yield* client.memories.units({ urlParams: { project: ["all"], type: ["conversation"] } })
      const [{ id, sessionId }] = [units.find(({ sessionId }) => !sessionId.startsWith("saved:"))!]
      const { aim, unit } = yield* client.memories.unit({ path: { id } })
      const { archive } = yield* client.sessions.session({ path: { id: sessionId } })
      assert.strictEqual(aim, archive?.title)
      yield* client.memories.edit({
        path: { id },
        headers: { "if-match": "*" },
        payload: { content: `${unit.content}\nAn otter said so.` }
      })
      const { operations } = yield* client.memories.history({ path: { id } })
      const content = operations.at(-1)?.differences.find(({ field }) => field === "content")
      assert.deepStrictEqual(
        content?.parts.filter(({ kind }) => kind !== "same").map(({ kind, text }) => [kind, text.trim()]),
        [
          ["added", "An otter said so."]
        ]
      )
      yield* client.memories.undo({ payload: null })
    }))

  it.effect("make no session's summary of a memory that is none", () =>
    Effect.gen(function*() {
      const { client } = yield* asking
      const typed = (id: string, type: "archive" | "decision") =>
        client.memories.edit({ path: { id }, headers: { "if-match": "*" }, payload: { type } })
      const { units: [decision] } = yield* client.memories.units({
        urlParams: { project: ["all"], type: ["decision"] }
      })
      const refused = yield* Effect.flip(typed(decision!.id, "archive"))
      assert.include(refused, {
        code: "bad-request",
        detail: "only a session's summary has the type archive; choose another type"
      })
      // One that was, is again.
      const { units: [summary] } = yield* client.memories.units({ urlParams: { project: ["all"], type: ["archive"] } })
      assert.strictEqual((yield* typed(summary!.id, "decision")).type, "decision")
      assert.strictEqual((yield* typed(summary!.id, "archive")).type, "archive")
    }))

  it.effect("name the memory that holds in place of one, unless it is forgotten", () =>
    Effect.gen(function*() {
      const { client } = yield* asking
      const { units: [old, other] } = yield* client.memories.units({
        urlParams: { project: ["all"], type: ["decision"] }
      })
      const path = { id: old!.id }
      const replacement = Effect.map(client.memories.unit({ path }), ({ replacement }) => replacement)
      assert.isNull(yield* replacement)
      yield* client.memories.edit({ path, headers: { "if-match": "*" }, payload: { replacedBy: other!.id } })
      assert.deepStrictEqual(yield* replacement, { id: other!.id, title: other!.title })
      const { operation } = yield* client.memories.forget({ path: { id: other!.id }, headers: {} })
      assert.isNull(yield* replacement)
      yield* client.memories.undo({ payload: { operation: operation! } })
      assert.deepStrictEqual(yield* replacement, { id: other!.id, title: other!.title })
      yield* client.memories.edit({ path, headers: { "if-match": "*" }, payload: { replacedBy: null } })
    }))

  it.effect("explain what would be told", () =>
    Effect.gen(function*() {
      const { client } = yield* asking
      const why = yield* client.telling.why({
        payload: { prompt: "why did we choose fake timers for the checkout tests?", projects: "all" }
      })
      assert.strictEqual(why.verdict.tells, why.modes.balanced)
      assert.isAbove(why.nearest.length, 0)
      assert.isTrue(why.nearest.every(({ bits }, i, all) => i === 0 || bits <= all[i - 1]!.bits))
      // Words are shown as they were typed; each says in how many memories it is, and what scores enough but is not told says why not.
      const wordOf = (word: string) => why.verdict.words.find(({ typed }) => typed.includes(word))
      assert.isAbove(wordOf("timers")?.memories ?? 0, 0)
      assert.isTrue(why.nearest.every(({ together }) => together.length > 0))
      const told = new Set([...why.told.map(({ unit }) => unit), ...why.pointed].map(({ id }) => id))
      for (const { leftOut, tells, unit } of why.nearest) {
        assert.strictEqual(leftOut !== null, tells !== "nothing" && !told.has(unit.id), unit.title)
      }
      const { verdict } = yield* client.telling.why({
        payload: { prompt: "why is the quokka flaky?", projects: "all" }
      })
      assert.deepStrictEqual(
        verdict.words.map(({ memories, typed }) => [typed, memories]),
        [[["quokka"], 0], [["flaky"], 0]]
      )
      // A memory is replaced only while that which replaced it is there.
      const content = "Penguins waddle beside the turquoise lighthouse."
      const reasonNow = Effect.map(
        client.telling.why({ payload: { prompt: content, projects: "all" } }),
        ({ nearest }) => nearest.find(({ unit }) => unit.content === content)?.leftOut
      )
      const payload = { content, project: "shop-api" }
      const { id } = yield* client.memories.save({ headers: {}, payload })
      const instead = { content: "Seals sunbathe on the breakwater.", project: "shop-api" }
      const other = yield* client.memories.save({ headers: {}, payload: instead })
      assert.strictEqual(yield* reasonNow, "question")
      yield* client.memories.edit({ path: { id }, headers: { "if-match": "*" }, payload: { replacedBy: other.id } })
      assert.strictEqual(yield* reasonNow, "replaced")
      const holdAgain = [{ id, title: content }]
      const before = yield* client.memories.forgetMany({ payload: { ids: [other.id], isDryRun: true } })
      assert.deepInclude(before, { count: 1, holdAgain })
      assert.deepInclude(yield* client.memories.forget({ path: { id: other.id }, headers: {} }), { holdAgain })
      assert.strictEqual(yield* reasonNow, "question")
      const silent = yield* client.telling.why({ payload: { prompt: "yes", projects: "all" } })
      assert.deepStrictEqual([silent.text, silent.verdict.tells], ["", "nothing"])
    }))

  it.effect("are the predecessor's, with its bodies", () =>
    Effect.gen(function*() {
      const { ask, send } = yield* asking
      assert.deepInclude(yield* json(yield* ask("/health")), { status: "healthy", service: "claude-memory" })
      const store = send("POST", "/memory/store", { content: "The mascot of the shop is an otter called Ottilie." })
      const stored = yield* json(yield* store)
      assert.deepInclude(stored, { success: true, message: "Stored as 1 memory" })
      assert.deepInclude(yield* json(yield* store), {
        conversation_id: stored.conversation_id,
        message: "It was stored before"
      })
      const search = yield* json(
        yield* send("POST", "/memory/search", { query: "mascot otter", project_id: "global", limit: 3 })
      )
      assert.strictEqual(search.results[0].content, "The mascot of the shop is an otter called Ottilie.")
      assert.strictEqual(search.count, search.results.length)
      const prompt = "what is the mascot of the shop called?"
      const inject = yield* json(
        yield* send("POST", "/memory/inject", { original_prompt: prompt, project_id: "global" })
      )
      assert.isTrue(inject.enhanced_prompt.endsWith(prompt))
      assert.include(inject.enhanced_prompt, "Ottilie")
      assert.isAbove(inject.injected_memories[0].token_count, 0)
      const conversation = {
        project_id: "ferry",
        messages: [
          { role: "user", content: "Why does the ferry timetable service cache for ninety seconds?" },
          {
            role: "assistant",
            content: "Because the harbour API allows forty requests a minute, we decided to cache for ninety seconds."
          }
        ]
      }
      const told = yield* json(yield* send("POST", "/conversation/store", conversation))
      assert.deepInclude(told, { success: true, message: "2 messages stored" })
      const again = yield* json(yield* send("POST", "/conversation/store", conversation))
      assert.strictEqual(again.conversation_id, told.conversation_id)
      const ferry = yield* json(
        yield* send("POST", "/memory/search", { query: "harbour API ninety seconds", project_id: "ferry" })
      )
      assert.isAbove(ferry.count, 0)
      assert.deepInclude(yield* json(yield* send("POST", "/projects", { project_id: "beta", name: "Beta" })), {
        success: true
      })
      const { count, projects } = yield* json(yield* ask("/projects"))
      assert.strictEqual(count, projects.length)
      assert.include(projects.map(({ name }: { readonly name: string }) => name), "Beta")
    }))

  it.effect("take nothing for a project that is excluded, and say so, by the predecessor's routes too", () =>
    Effect.gen(function*() {
      const { client, send } = yield* asking
      const { id } = yield* (yield* ClaudeMemory).given.project("quarry")
      yield* (yield* ClaudeMemory).projects.exclude(id, true)
      const content = "The quarry's pump is switched off at nine in the evening."
      const messages = [{ role: "user", content }, { role: "assistant", content: `Noted: ${content}` }]
      for (
        const [path, body] of [
          ["/memory/store", { content, project_id: "quarry" }],
          ["/conversation/store", { messages, project_id: "quarry" }],
          ["/v1/units", { content, project: id }]
        ] as const
      ) {
        const response = yield* send("POST", path, body)
        const { code, detail } = yield* json(response)
        assert.strictEqual(code, "bad-request", path)
        assert.include(detail, "quarry is excluded", path)
      }
      const found = yield* client.memories.search({ payload: { text: "pump switched off evening", projects: [id] } })
      assert.deepStrictEqual(found.results, [])
      yield* (yield* ClaudeMemory).projects.exclude(id, false)
    }))

  it.effect("export what import-archive takes in", () =>
    Effect.gen(function*() {
      const { ask } = yield* asking
      const response = yield* ask("/v1/export?project=all")
      const lines = (yield* text(response)).trim().split("\n")
      assert.strictEqual(response.headers.get("content-type"), "application/jsonl")
      assert.property(JSON.parse(lines[0]!), "format")
      assert.isAbove(lines.length, 10)
    }))

  it.effect("stream that something changed, and nothing when nothing did", () =>
    Effect.gen(function*() {
      const { ask, send } = yield* asking
      const aborting = new AbortController()
      const response = yield* ask("/v1/events", { signal: aborting.signal })
      const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
      const next = Effect.promise(() => reader.read())
      assert.include((yield* next).value, "connected")
      yield* send("POST", "/v1/units", { content: "A change to be told of.", project: "shop-api" })
      assert.include((yield* next).value, "changed")
      aborting.abort()
    }))

  it.effect("say what is wrong with a request", () =>
    Effect.gen(function*() {
      const { ask, send } = yield* asking
      const expected: ReadonlyArray<readonly [Effect.Effect<Response>, number, string]> = [
        [ask("/nowhere"), 404, "not-found"],
        [ask("/v1/units/ffffffff"), 404, "not-found"],
        [ask("/v1/stats", { method: "DELETE" }), 405, "wrong-method"],
        [ask("/v1/search", { method: "POST", body: "x=1" }), 415, "wrong-type"],
        [
          ask("/v1/search", { method: "POST", body: "{", headers: { "content-type": "application/json" } }),
          400,
          "bad-request"
        ],
        [send("POST", "/v1/search", { text: "x".repeat(20_001), projects: "all" }), 400, "bad-request"],
        [send("POST", "/v1/search", { text: "x".repeat(3e6), projects: "all" }), 413, "too-large"],
        [send("POST", "/v1/search", { text: "x" }), 400, "bad-request"],
        // A misspelt field may be what makes it a try.
        [send("POST", "/v1/forget", { ids: ["x"], dryRun: true }), 400, "bad-request"],
        [send("POST", "/v1/undo", { change: 1 }), 400, "bad-request"],
        [ask("/v1/units?project=all&cursor=nonsense"), 400, "bad-request"],
        [ask(`/v1/units?project=${"x".repeat(9_000)}`), 413, "too-large"],
        [send("POST", "/v1/units", { content: "", project: "shop-api" }), 400, "bad-request"],
        [send("POST", "/v1/failures/retry?kind=review", undefined), 400, "bad-request"],
        [send("POST", "/v1/failures/retry?kind=review&key=none", undefined), 404, "not-found"]
      ]
      for (const [asked, status, code] of expected) {
        const response = yield* asked
        assert.deepStrictEqual([response.status, yield* problemOf(response)], [status, code])
      }
    }))
})
