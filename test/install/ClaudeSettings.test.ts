/**
 * Edits of Claude Code's files: what is added, and what is removed again.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import {
  addHooks,
  addServer,
  type Edited,
  type Hooks,
  PROMPT_HOOKS,
  registered,
  removeEntries,
  timeoutFor
} from "../../src/install/ClaudeSettings.ts"
import { type Json, parse, type Path } from "../../src/install/JsonText.ts"
import { times } from "../data.ts"
import { text } from "./jsons.ts"

const json = (text: string) => Either.getOrThrow(parse(text))

const programs = { node: "node", hook: "/opt/a b/记忆/dist/hook.cjs", mcp: "/opt/a b/记忆/dist/mcp.js" }
const moved = { node: "node", hook: "C:\\moved\\dist\\hook.cjs", mcp: "C:\\moved\\dist\\mcp.js" }
const isOurs = (script: string) => [programs.hook, programs.mcp, moved.hook, moved.mcp].includes(script)

const isGone = (program: string) => program.startsWith("/gone/")

const hooks: Hooks = { programs, prompt: "command", timeout: 2, home: undefined, isOurs, isGone }
const placed = { programs, place: [] as Path, isOurs, isGone }

type Addition = (json: Json) => ReturnType<typeof addHooks>
const additions: FastCheck.Arbitrary<Addition> = FastCheck.oneof(
  FastCheck.record({
    prompt: FastCheck.constantFrom(...PROMPT_HOOKS),
    home: FastCheck.constantFrom(undefined, "/data/记忆")
  }).map((options): Addition => (json) => addHooks(json, { ...hooks, ...options })),
  FastCheck.constantFrom<Path>([], ["projects", "/home/mei/店"]).map((place): Addition => (json) =>
    addServer(json, { ...placed, place })
  )
)

const editedOf = (edited: Either.Either<Edited, unknown>) => Either.getOrThrow(edited)

/** Lists all values that are not ours, each with its path. */
const leaves = (value: unknown, at: string, found: Array<string> = []): ReadonlyArray<string> => {
  if (typeof value === "object" && value !== null && Object.keys(value).length > 0) {
    for (const [name, each] of Object.entries(value)) leaves(each, `${at}/${name}`, found)
  } else found.push(`${at} ${JSON.stringify(value)}`)
  return found
}

describe("what is put in", () => {
  it.prop("comes out again to the byte", [text, additions], ([text, add]) => {
    const { json: after, made } = editedOf(add(json(text)))
    assert.strictEqual(removeEntries(after, { isOurs, made }).json.text, text)
  }, { fastCheck: { numRuns: times(25) } })

  it.prop(
    "comes out without a record too, and only what is empty then goes with it",
    [text, additions],
    ([text, add]) => {
      const after = removeEntries(editedOf(add(json(text))).json, { isOurs, made: undefined }).json.text
      const full = (text: string) => leaves(JSON.parse(text), "").filter((leaf) => !/(?:\{\}|\[\])$/.test(leaf))
      assert.deepStrictEqual(full(after), full(text))
    },
    { fastCheck: { numRuns: times(25) } }
  )

  it.prop("leaves every other value where it was, and all names in their order", [text, additions], ([text, add]) => {
    const before: unknown = JSON.parse(text)
    const after = JSON.parse(editedOf(add(json(text))).json.text)
    const now = new Set(leaves(after, ""))
    for (const leaf of leaves(before, "")) {
      // An empty object or list may have got its first member.
      if (!/(?:\{\}|\[\])$/.test(leaf)) assert.isTrue(now.has(leaf), leaf)
    }
    const names = Object.keys(before as object)
    assert.deepStrictEqual(Object.keys(after).slice(0, names.length), names)
  }, { fastCheck: { numRuns: times(25) } })

  it.prop("twice is once", [text, additions], ([text, add]) => {
    const once = editedOf(add(json(text)))
    const twice = editedOf(add(once.json))
    assert.strictEqual(twice.json.text, once.json.text)
    assert.deepStrictEqual(twice.changes, [])
  }, { fastCheck: { numRuns: times(25) } })

  it.prop("moves to another folder and between ways to answer in its place", [text], ([text]) => {
    const first = editedOf(addHooks(json(text), hooks))
    const second = editedOf(addHooks(first.json, { ...hooks, programs: moved }))
    assert.strictEqual(
      second.json.text,
      first.json.text.replaceAll(JSON.stringify(programs.hook), JSON.stringify(moved.hook))
    )
    const warm = editedOf(addHooks(second.json, { ...hooks, programs: moved, prompt: "mcp" }))
    assert.deepInclude(registered({ json: warm.json, isOurs }, { json: warm.json, isOurs }, []).hooks, {
      SessionStart: "command",
      UserPromptSubmit: "mcp"
    })
    const back = editedOf(addHooks(warm.json, hooks))
    assert.deepStrictEqual(JSON.parse(back.json.text), JSON.parse(first.json.text))
    assert.strictEqual(removeEntries(warm.json, { isOurs, made: first.made }).json.text, text)
  }, { fastCheck: { numRuns: times(25) } })
})

describe("hooks", () => {
  it("have the time that the settings give them, also those that stand there; no more without such a setting", () => {
    const timeouts = (json: Json) =>
      Object.values(
        JSON.parse(json.text).hooks as Readonly<
          Record<string, ReadonlyArray<{ hooks: ReadonlyArray<{ timeout: number }> }>>
        >
      )
        .flatMap((groups) => groups.flatMap(({ hooks }) => hooks.map(({ timeout }) => timeout)))
    const distinct = (json: Json) => [...new Set(timeouts(json))]
    const first = editedOf(addHooks(json("{}"), hooks)).json
    assert.deepStrictEqual(distinct(first), [2])
    const more = editedOf(addHooks(first, { ...hooks, timeout: timeoutFor(30_000) })).json
    assert.deepStrictEqual(distinct(more), [31])
    assert.deepStrictEqual(distinct(editedOf(addHooks(more, hooks)).json), [31])
    assert.deepStrictEqual([timeoutFor(1), timeoutFor(1_000), timeoutFor(1_001)], [2, 2, 3])
  })

  const of = (text: string) => JSON.parse(editedOf(addHooks(json(text), hooks)).json.text).hooks

  it("are for all sources of a session, and come after those of others", () => {
    const ours = { hooks: [{ type: "command", command: "node", args: [programs.hook], timeout: 2 }] }
    const other = { matcher: "startup", hooks: [{ type: "command", command: "git status" }] }
    assert.deepStrictEqual(of(JSON.stringify({ hooks: { SessionStart: [other], Stop: [other] } })), {
      SessionStart: [other, ours],
      Stop: [other],
      UserPromptSubmit: [ours]
    })
  })

  it("keep what the person has made of them", () => {
    const mine = {
      matcher: "startup",
      hooks: [
        { type: "command", command: "git status" },
        { type: "command", command: "/opt/node/bin/node", args: ["--no-warnings", moved.hook], timeout: 5 }
      ]
    }
    const [group] = of(JSON.stringify({ hooks: { SessionStart: [mine] } })).SessionStart
    assert.deepStrictEqual(group, {
      ...mine,
      hooks: [mine.hooks[0], { ...mine.hooks[1], args: ["--no-warnings", programs.hook] }]
    })
  })

  it("are one for each event, whatever is there", () => {
    const ours = { type: "command", command: "node", args: [moved.hook], timeout: 2 }
    const call = { type: "mcp_tool", server: "claude-memory", tool: "claude_memory_prompt" }
    const found = of(JSON.stringify({
      hooks: { UserPromptSubmit: [{ hooks: [call, ours] }, { hooks: [ours] }, { hooks: [{ type: "http" }, call] }] }
    })).UserPromptSubmit
    assert.deepStrictEqual(found, [
      { hooks: [{ type: "command", command: "node", args: [programs.hook], timeout: 2 }] },
      { hooks: [{ type: "http" }] }
    ])
  })

  it("of an earlier version run the entry of this one", () => {
    const earlier = programs.hook.replace("hook.cjs", "hook.js")
    const ours = { type: "command", command: "node", args: [earlier], timeout: 2 }
    const text = JSON.stringify({ hooks: { SessionStart: [{ hooks: [ours] }] } })
    const isEarlier = (script: string) => script === earlier
    const { json: after } = editedOf(addHooks(json(text), { ...hooks, isOurs: isEarlier }))
    assert.deepStrictEqual(JSON.parse(after.text).hooks.SessionStart, [{ hooks: [{ ...ours, args: [programs.hook] }] }])
    assert.strictEqual(removeEntries(json(text), { isOurs: isEarlier, made: undefined }).json.text, "{}")
  })

  it("of others by such names are left alone", () => {
    const other = { type: "command", command: "node", args: ["/other/dist/hook.js"] }
    const text = JSON.stringify({ hooks: { SessionStart: [{ hooks: [other] }] } })
    assert.strictEqual(removeEntries(json(text), { isOurs, made: undefined }).json.text, text)
    assert.lengthOf(of(text).SessionStart, 2)
  })

  it.each([
    ["[]", 0, /all of it/],
    ["{\"hooks\": []}", 10, /"hooks" should be an object/],
    ["{\"hooks\": {\"SessionStart\": {}}}", 27, /"hooks.SessionStart" should be an array/],
    ["{\"hooks\": {}, \"hooks\": {}}", 14, /"hooks" is there twice/],
    ["{\"hooks\": {\"UserPromptSubmit\": null}}", 31, /UserPromptSubmit/]
  ])("refuses %s", (text, offset, detail) => {
    const flaw = Either.getOrThrow(Either.flip(addHooks(json(text), hooks)))
    assert.strictEqual(flaw.offset, offset)
    assert.match(flaw.detail, detail)
  })

  it("say where the memory lies only when that is elsewhere, and not against what is said there", () => {
    const env = (text: string, home: string | undefined) =>
      JSON.parse(editedOf(addHooks(json(text), { ...hooks, home })).json.text).env
    assert.isUndefined(env("{}", undefined))
    assert.deepStrictEqual(env("{\"env\": {\"A\": \"1\"}}", "/data"), { A: "1", CLAUDE_MEMORY_HOME: "/data" })
    assert.deepStrictEqual(env("{\"env\": {\"CLAUDE_MEMORY_HOME\": \"/mine\"}}", "/data"), {
      CLAUDE_MEMORY_HOME: "/mine"
    })
    const mine = editedOf(addHooks(json("{\"env\": {\"CLAUDE_MEMORY_HOME\": \"/mine\"}}"), { ...hooks, home: "/data" }))
    assert.deepStrictEqual(JSON.parse(removeEntries(mine.json, { isOurs, made: mine.made }).json.text), {
      env: { CLAUDE_MEMORY_HOME: "/mine" }
    })
  })
})

describe("the server", () => {
  it("keeps what the person gave it", () => {
    const mine = { command: "node", args: [moved.mcp], env: { CLAUDE_MEMORY_LIGHT: "openai:x" } }
    const { json: after } = editedOf(addServer(json(JSON.stringify({ mcpServers: { "claude-memory": mine } })), placed))
    assert.deepStrictEqual(JSON.parse(after.text), {
      mcpServers: { "claude-memory": { ...mine, args: [programs.mcp] } }
    })
  })

  it("is run by this Node where its own is gone, as are the hooks", () => {
    const run = (command: string, script: string) => ({ type: "command", command, args: [script], timeout: 7 })
    for (const command of ["/gone/node", "/usr/bin/node", "node"]) {
      const expected = command === "/gone/node" ? "node" : command
      const server = { command, args: [programs.mcp] }
      const served = editedOf(addServer(json(JSON.stringify({ mcpServers: { "claude-memory": server } })), placed))
      assert.deepStrictEqual(JSON.parse(served.json.text).mcpServers["claude-memory"], { ...server, command: expected })
      const before = { hooks: { SessionStart: [{ hooks: [run(command, programs.hook)] }] } }
      const hooked = JSON.parse(editedOf(addHooks(json(JSON.stringify(before)), hooks)).json.text)
      assert.deepStrictEqual(hooked.hooks.SessionStart, [{ hooks: [run(expected, programs.hook)] }])
    }
  })

  it("stands for the one over HTTP that a person put in its place, and takes that out again", () => {
    for (const headersHelper of ["claude-memory token --headers", "node \"/opt/x/dist/main.js\" token --headers"]) {
      const shared = { type: "http", url: "http://127.0.0.1:7437/mcp", headersHelper }
      const text = JSON.stringify({ mcpServers: { "claude-memory": shared } })
      assert.deepStrictEqual(editedOf(addServer(json(text), placed)).changes, [])
      const settings = { json: json("{}"), isOurs }
      assert.isTrue(registered(settings, { json: json(text), isOurs }, []).hasServer)
      assert.strictEqual(removeEntries(json(text), { isOurs, made: undefined }).json.text, "{}")
    }
    const other = { type: "http", url: "https://example.com/mcp", headersHelper: "claude-memory-of-others" }
    const text = JSON.stringify({ mcpServers: { "claude-memory": other } })
    assert.match(Either.getOrThrow(Either.flip(addServer(json(text), placed))).detail, /another MCP server/)
  })

  it("does not take the place of another one by its name", () => {
    const text = "{\"mcpServers\": {\"claude-memory\": {\"command\": \"uvx\", \"args\": [\"claude-memory\"]}}}"
    assert.match(Either.getOrThrow(Either.flip(addServer(json(text), placed))).detail, /another MCP server/)
    assert.strictEqual(removeEntries(json(text), { isOurs, made: undefined }).json.text, text)
  })

  it("goes from all projects", () => {
    const place = (name: string) => ({ ...placed, place: ["projects", name] })
    const one = editedOf(addServer(json("{\"projects\":{\"/a\":{\"allowedTools\":[]}}}"), place("/a")))
    const two = editedOf(addServer(one.json, place("/b")))
    assert.strictEqual(
      removeEntries(two.json, { isOurs, made: [...one.made, ...two.made] }).json.text,
      "{\"projects\":{\"/a\":{\"allowedTools\":[]}}}"
    )
  })
})
