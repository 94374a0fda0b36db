import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { basename, join } from "node:path"
import * as Transcript from "../../../src/capture/transcript/Transcript.ts"
import type { Block, Message } from "../../../src/domain/Conversation.ts"
import { fence } from "../../../src/domain/Injection.ts"
import { samples, times } from "../../data.ts"
import { anyText, hostile, millis } from "../../texts.ts"
import { parsed, transcriptsIn } from "../../transcripts.ts"

const nowhere = () => undefined

/** Fields that every line of a session has. */
const common = {
  parentUuid: null,
  isSidechain: false,
  userType: "external",
  cwd: "/home/mei/work/shop",
  sessionId: "s1",
  version: "2.1.328",
  gitBranch: "main",
  uuid: "u1",
  timestamp: "2026-11-19T03:04:38.805Z"
}
const user = (content: unknown, rest: object = {}) => ({
  ...common,
  type: "user",
  message: { role: "user", content },
  ...rest
})
const assistant = (content: unknown, rest: object = {}) => ({
  ...common,
  type: "assistant",
  message: { id: "m1", role: "assistant", model: "claude", content, usage: {} },
  requestId: "r1",
  ...rest
})

const parse = (line: unknown, placeOf: (uuid: string) => Transcript.Place | undefined = nowhere) =>
  Transcript.parse(typeof line === "string" ? line : JSON.stringify(line), "file-session", placeOf)

const messageOf = (line: unknown, placeOf?: (uuid: string) => Transcript.Place | undefined): Message => {
  const made = parse(line, placeOf)
  if (made._tag !== "Message") throw new Error(JSON.stringify(made))
  return made.message
}
const blocksOf = (line: unknown): ReadonlyArray<Block> => messageOf(line).blocks
const textOf = (line: unknown): string | undefined => blocksOf(line)[0]?.text
const outcome = (line: unknown): string => {
  const made = parse(line)
  return made._tag === "Message"
    ? `Message ${made.message.role}${made.message.isPrompt ? " prompt" : ""}${made.message.isSummary ? " summary" : ""}`
    : made._tag === "Facts"
    ? `Facts ${made.facts.title}`
    : `${made._tag} ${made.reason}`
}

const skippedByType = [
  "progress",
  "queue-operation",
  "attachment",
  "file-history-snapshot",
  "permission-mode",
  "agent-setting",
  "bridge-session",
  "worktree-state",
  "mode",
  "atis-latch",
  "frame-link",
  "api-request",
  "api-request-shape",
  "api-request-blob",
  "cost-state",
  "tools-used",
  "agent-name",
  "last-prompt",
  "pr-link"
]

describe("each type of line", () => {
  const table: ReadonlyArray<readonly [name: string, line: unknown, outcome: string]> = [
    ["a prompt", user("Why is the pool exhausted?"), "Message human prompt"],
    ["a prompt in blocks", user([{ type: "text", text: "Why?" }]), "Message human prompt"],
    [
      "a prompt with an image",
      user([{ type: "image", source: {} }, { type: "text", text: "Why?" }]),
      "Message human prompt"
    ],
    ["an image alone", user([{ type: "image", source: { data: "iVBOR" } }]), "Message human prompt"],
    ["a document", user([{ type: "document", source: {} }]), "Message human prompt"],
    ["a typed prompt", user("Why?", { promptSource: "typed", origin: { kind: "human" } }), "Message human prompt"],
    ["a tool's result", user([{ type: "tool_result", tool_use_id: "t1", content: "ok" }]), "Message human"],
    [
      "a tool's result beside text",
      user([{ type: "tool_result", tool_use_id: "t1", content: "ok" }, { type: "text", text: "and now?" }]),
      "Message human"
    ],
    ["a tool's empty result", user([{ type: "tool_result", tool_use_id: "t1", content: "" }]), "Skipped empty"],
    ["an empty prompt", user(" \n "), "Skipped empty"],
    ["no blocks", user([]), "Skipped empty"],
    ["a meta line", user("Caveat: the messages below …", { isMeta: true }), "Skipped meta"],
    ["a line for the transcript alone", user("Look", { isVisibleInTranscriptOnly: true }), "Skipped meta"],
    [
      "a compaction summary",
      user("This session is being continued …", { isCompactSummary: true }),
      "Message human summary"
    ],
    ["an interruption", user([{ type: "text", text: "[Request interrupted by user]" }]), "Message human"],
    [
      "an interruption of a tool",
      user([{ type: "text", text: "[Request interrupted by user for tool use]" }]),
      "Message human"
    ],
    [
      "an answer to a refused tool",
      user([{ type: "text", text: "[Request interrupted by user for tool use]" }, {
        type: "text",
        text: "no, use pnpm"
      }]),
      "Message human prompt"
    ],
    [
      "a task's end",
      user("<task-notification>\n<status>completed</status>", { promptSource: "system" }),
      "Message human"
    ],
    ["what a timer says", user("Check the deploy.", { promptSource: "system" }), "Message human"],
    ["a task's end by origin", user("Done", { origin: { kind: "task-notification" } }), "Message human"],
    ["a task's end as older versions write it", user("<task-notification>\n<result>x</result>"), "Message human"],
    ["what Claude says", assistant([{ type: "text", text: "The pool leaks." }]), "Message assistant"],
    ["what Claude thinks", assistant([{ type: "thinking", thinking: "Hm.", signature: "x" }]), "Message assistant"],
    ["redacted thinking", assistant([{ type: "redacted_thinking", data: "x" }]), "Skipped empty"],
    ["empty thinking", assistant([{ type: "thinking", thinking: "", signature: "x" }]), "Skipped empty"],
    [
      "a tool call",
      assistant([{ type: "tool_use", id: "t1", name: "Read", input: { file_path: "a.ts" } }]),
      "Message assistant"
    ],
    ["a block of an unknown type", assistant([{ type: "hologram" }]), "Skipped empty"],
    [
      "an API error that Claude Code words",
      assistant([{ type: "text", text: "API Error: 529" }], { isApiErrorMessage: true }),
      "Message system"
    ],
    [
      "a synthetic message",
      assistant([{ type: "text", text: "No response requested." }], {
        message: { model: "<synthetic>", content: [{ type: "text", text: "No response requested." }] }
      }),
      "Message system"
    ],
    [
      "an API error",
      { ...common, type: "system", subtype: "api_error", error: { message: "Overloaded" } },
      "Message system"
    ],
    [
      "an API error without words",
      { ...common, type: "system", subtype: "api_error", error: { status: 529 } },
      "Message system"
    ],
    ["an API error without a uuid", { type: "system", subtype: "api_error", error: {} }, "Skipped system api_error"],
    ["a compaction's place", {
      ...common,
      type: "system",
      subtype: "compact_boundary",
      content: "Conversation compacted"
    }, "Skipped system compact_boundary"],
    [
      "a hook's summary",
      { ...common, type: "system", subtype: "stop_hook_summary" },
      "Skipped system stop_hook_summary"
    ],
    ["a turn's duration", { ...common, type: "system", subtype: "turn_duration" }, "Skipped system turn_duration"],
    [
      "a local command",
      { ...common, type: "system", subtype: "local_command", content: "<command-name>/x" },
      "Skipped system local_command"
    ],
    ["the bridge", { ...common, type: "system", subtype: "bridge_status" }, "Skipped system bridge_status"],
    [
      "a small compaction",
      { ...common, type: "system", subtype: "microcompact_boundary" },
      "Skipped system microcompact_boundary"
    ],
    ["a system line without a subtype", { ...common, type: "system" }, "Skipped system other"],
    [
      "a system line whose subtype is no name",
      { ...common, type: "system", subtype: "ghp_aB3dE5gH7jK9" },
      "Skipped system other"
    ],
    [
      "a compaction summary of a version that does not mark it",
      user("This session is being continued from a previous conversation that ran out of context. …"),
      "Message human summary"
    ],
    [
      "a line of the agent that compacts",
      assistant([{ type: "text", text: "Summary" }], { isSidechain: true, agentId: "acompact-38cc9f" }),
      "Skipped internal agent"
    ],
    [
      "a line of the agent that guesses the next prompt",
      user("[SUGGESTION MODE: …]", { isSidechain: true, agentId: "aprompt_suggestion-4e4eb6" }),
      "Skipped internal agent"
    ],
    [
      "a line of an agent of one's own",
      user("Compact it", { isSidechain: true, agentId: "compact-1" }),
      "Message human prompt"
    ],
    [
      "a summary of an unknown session",
      { type: "summary", summary: "Pool", leafUuid: "x" },
      "Skipped summary of a session not seen yet"
    ],
    [
      "a title that a person gave",
      { type: "custom-title", customTitle: "Musl build", sessionId: "s1" },
      "Facts Musl build"
    ],
    ["a title that Claude gave", { type: "ai-title", aiTitle: "Musl build", sessionId: "s1" }, "Facts Musl build"],
    ["a title that is none", { type: "ai-title", sessionId: "s1" }, "Skipped ai-title"],
    ["a title of nothing but a fence", { type: "ai-title", aiTitle: fence("x") }, "Skipped ai-title"],
    ["a new type", { ...common, type: "hologram" }, "Skipped unknown type hologram"],
    ...skippedByType.map((type) =>
      [type, { ...common, type, content: "x", message: { content: "x" } }, `Skipped ${type}`] as const
    ),
    ["nothing", "", "Skipped blank"],
    ["white space", " \t\r", "Skipped blank"],
    ["a torn line", JSON.stringify(user("Why is the pool")).slice(0, -20), "Malformed not JSON"],
    ["NULs", "\u0000\u0000\u0000", "Malformed not JSON"],
    ["NULs before a line", `\u0000${JSON.stringify(user("x"))}`, "Malformed not JSON"],
    ["a number", "42", "Malformed not a JSON object"],
    ["null", "null", "Malformed not a JSON object"],
    ["a list", "[]", "Malformed not a JSON object"],
    ["no type", "{}", "Malformed no line type"],
    ["a type that is no word", "{\"type\":{}}", "Malformed no line type"],
    ["a prompt without a message", { ...common, type: "user" }, "Malformed user line without a message"],
    ["a prompt without content", { ...common, type: "user", message: {} }, "Malformed user message without content"],
    [
      "an answer without content",
      { ...common, type: "assistant", message: { content: 7 } },
      "Malformed assistant message without content"
    ]
  ]
  for (const [name, line, expected] of table) it(name, () => assert.strictEqual(outcome(line), expected))

  it("with a byte order mark or a carriage return is the same", () => {
    const line = JSON.stringify(user("Why?"))
    for (const variant of [`\ufeff${line}`, `${line}\r`, `  ${line}\t`]) {
      assert.deepStrictEqual(parse(variant), parse(line))
    }
  })
})

describe("commands", () => {
  const command = (name: string, args = "") =>
    user(
      `<command-message>x is running…</command-message>\n<command-name>${name}</command-name>\n<command-args>${args}</command-args>`
    )

  it("that ask Claude are prompts", () => {
    assert.strictEqual(textOf(command("/review", "169")), "/review 169")
    assert.strictEqual(textOf(command("/init")), "/init")
    assert.strictEqual(outcome(command("/review", " 169 ")), "Message human prompt")
    assert.strictEqual(
      textOf(user("<command-name>/review</command-name><command-args>two\nlines</command-args>")),
      "/review two\nlines"
    )
  })

  it("that only steer Claude Code, and what they print, are not", () => {
    for (const name of ["/clear", "/compact", "/model", "/exit"]) {
      assert.strictEqual(outcome(command(name)), "Skipped local command")
    }
    for (
      const tag of ["local-command-stdout", "local-command-stderr", "local-command-caveat", "bash-input", "bash-stdout"]
    ) {
      assert.strictEqual(outcome(user(`<${tag}>text</${tag}>`)), "Skipped local command")
    }
    assert.strictEqual(outcome(user("<command-message>no name</command-message>")), "Skipped local command")
  })

  it("that a prompt quotes leave it whole", () => {
    const text = "Why does the log say <command-name>/clear</command-name> here?"
    assert.strictEqual(textOf(user(text)), text)
    assert.strictEqual(outcome(user(text)), "Message human prompt")
  })
})

/** The outcome of a line, with the kinds and texts of its blocks. */
const outcomeWithBlocks = (line: unknown): string => {
  const made = outcome(line)
  return made.startsWith("Message")
    ? `${made}: ${blocksOf(line).map(({ kind, text }) => `${kind} ${text}`).join(" | ")}`
    : made
}

describe("what a person asked", () => {
  const opened =
    "<ide_opened_file>The user opened the file /home/mei/a.ts in the IDE. This may or may not be related.</ide_opened_file>"
  const selected =
    "<ide_selection>The user selected the lines 1 to 2 from /home/mei/a.ts:\nconst a = 1\n</ide_selection>"
  const table: ReadonlyArray<readonly [name: string, content: unknown, expected: string]> = [
    ["beside the file that is open", `${opened}\n\nWhy?`, "Message human prompt: text Why?"],
    ["beside a selection, after it", `Why?\n${selected}`, "Message human prompt: text Why?"],
    ["between both", `${opened}${selected} Why? ${opened}`, "Message human prompt: text Why?"],
    [
      "with notes as blocks of their own",
      [{ type: "text", text: opened }, { type: "text", text: "Why?" }],
      "Message human prompt: text Why?"
    ],
    [
      "with what a hook added",
      "<user-prompt-submit-hook>Tests: green</user-prompt-submit-hook>\nWhy?",
      "Message human prompt: text Why?"
    ],
    [
      "with what the browser's extension added",
      "<browser_instruction>Use tabs.</browser_instruction>Why?",
      "Message human prompt: text Why?"
    ],
    [
      "to a fork",
      "<fork-boilerplate>You are a fork.</fork-boilerplate>\n\nYour directive: look",
      "Message human prompt: text Your directive: look"
    ],
    ["with a note that never ends", "<ide_selection>Why?", "Message human prompt: text <ide_selection>Why?"],
    ["about notes", `Why does it say ${opened} here?`, `Message human prompt: text Why does it say ${opened} here?`],
    [
      "to be remembered",
      "<user-memory-input>Always use pnpm</user-memory-input>",
      "Message human prompt: text Always use pnpm"
    ],
    [
      "of a teammate, by the lead of its team",
      "<teammate-message teammate_id=\"team-lead\" summary=\"x\">\nClaim task 2\n</teammate-message>",
      "Message human prompt: text Claim task 2"
    ],
    ["with a command in a block", [{
      type: "text",
      text: "<command-name>/review</command-name><command-args>169</command-args>"
    }], "Message human prompt: text /review 169"],
    [
      "about a banner",
      "Another Claude session sent a message: what does that mean?",
      "Message human prompt: text Another Claude session sent a message: what does that mean?"
    ],
    [
      "about a caveat",
      "What is \"Caveat: The messages below were generated by the user\"?",
      "Message human prompt: text What is \"Caveat: The messages below were generated by the user\"?"
    ]
  ]
  for (const [name, content, expected] of table) {
    it(name, () => assert.strictEqual(outcomeWithBlocks(user(content)), expected))
  }

  it("while Claude worked is in an attachment", () => {
    const queued = (attachment: object) =>
      outcomeWithBlocks({ ...common, type: "attachment", attachment: { type: "queued_command", ...attachment } })
    const asked = "Message human prompt: text and the tests too"
    assert.strictEqual(queued({ prompt: "and the tests too", commandMode: "prompt", origin: { kind: "human" } }), asked)
    assert.strictEqual(queued({ prompt: "and the tests too" }), asked)
    assert.strictEqual(
      queued({ prompt: [{ type: "text", text: "and the tests too" }, { type: "image", source: {} }] }),
      `${asked} | text [image]`
    )
    const note = "<task-notification>\n<tool-use-id>t7</tool-use-id>\n</task-notification>"
    for (const mode of ["task-notification", undefined]) {
      assert.strictEqual(queued({ prompt: note, commandMode: mode }), `Message human: tool_result ${note}`)
    }
    assert.strictEqual(queued({ prompt: "git status", commandMode: "bash" }), "Skipped attachment")
    assert.strictEqual(queued({ prompt: "Continue", commandMode: "prompt", isMeta: true }), "Skipped attachment")
    assert.strictEqual(queued({ prompt: 7 }), "Malformed user message without content")
    assert.strictEqual(queued({}), "Skipped empty")
    for (const attachment of [undefined, null, 7, [], {}, { type: "hook_success", content: "x" }]) {
      assert.strictEqual(outcomeWithBlocks({ ...common, type: "attachment", attachment }), "Skipped attachment")
    }
  })
})

describe("what nobody asked", () => {
  const report = "<teammate-message teammate_id=\"reviewer\" color=\"blue\">\nfindings\n</teammate-message>"
  const table: ReadonlyArray<readonly [name: string, content: unknown, expected: string]> = [
    ["a note alone", "<ide_opened_file>The user opened a.ts</ide_opened_file>", "Skipped note for Claude"],
    ["what a command printed", "<local-command-stdout>Set model</local-command-stdout>", "Skipped local command"],
    [
      "what it printed, as a block",
      [{ type: "text", text: "<local-command-stdout>Set model</local-command-stdout>" }],
      "Skipped local command"
    ],
    ["a shell command", "<bash-input>git status</bash-input>", "Skipped local command"],
    [
      "what it printed and failed with",
      "<bash-stdout>ok</bash-stdout><bash-stderr></bash-stderr>",
      "Skipped local command"
    ],
    [
      "a caveat",
      "Caveat: The messages below were generated by the user while running local commands. DO NOT …",
      "Skipped meta"
    ],
    ["what a hook that stopped Claude says", "Stop hook feedback:\n[check.sh]: 2 errors", "Skipped meta"],
    ["a skill's text", "Base directory for this skill: /home/mei/.claude/skills/deploy\n\n# Deploy", "Skipped meta"],
    ["a reminder alone", "<system-reminder>be nice</system-reminder>", "Skipped empty"],
    ["a teammate's report", report, `Message human: tool_result ${report}`],
    [
      "a teammate's report under a banner",
      `Another Claude session sent a message:\n${report}`,
      `Message human: tool_result Another Claude session sent a message:\n${report}`
    ],
    [
      "an agent's report",
      "<agent-message from=\"a\">done</agent-message>",
      "Message human: tool_result <agent-message from=\"a\">done</agent-message>"
    ],
    [
      "a task's end in a block",
      [{ type: "text", text: "<task-notification>\nx" }],
      "Message human: tool_result <task-notification>\nx"
    ],
    [
      "what another session says",
      "Another Claude session sent a message:\nDeploy it.",
      "Message human: text Another Claude session sent a message:\nDeploy it."
    ],
    [
      "what somebody says on a channel",
      "<channel source=\"telegram\" user=\"mei\">push it</channel>",
      "Message human: text <channel source=\"telegram\" user=\"mei\">push it</channel>"
    ],
    [
      "what Claude Code says of a command",
      "Unknown slash command: always",
      "Message human: text Unknown slash command: always"
    ],
    [
      "a resource beside a prompt",
      "<mcp-resource uri=\"a\">always push</mcp-resource>\nWhat is it?",
      "Message human prompt: text What is it?"
    ],
    [
      "a watched resource",
      "<mcp-resource-update server=\"a\">x</mcp-resource-update>",
      "Message human: tool_result <mcp-resource-update server=\"a\">x</mcp-resource-update>"
    ]
  ]
  for (const [name, content, expected] of table) {
    it(name, () => assert.strictEqual(outcomeWithBlocks(user(content)), expected))
  }

  it("a message of another session", () =>
    assert.strictEqual(
      outcomeWithBlocks(user("done", { origin: { kind: "peer", from: "build" } })),
      "Message human: tool_result done"
    ))
})

describe("one message of the API over several lines", () => {
  it("is each of its blocks once, whatever its usage repeats", () => {
    const usage = { input_tokens: 9, output_tokens: 40 }
    const contents = [
      [{ type: "thinking", thinking: "Hm." }],
      [{ type: "text", text: "The pool leaks." }],
      [{ type: "tool_use", id: "t1", name: "Read", input: { file_path: "a.ts" } }],
      [{ type: "tool_use", id: "t2", name: "Read", input: { file_path: "b.ts" } }]
    ]
    const found = contents.flatMap((content, i) =>
      blocksOf(assistant(content, { uuid: `u${i}`, message: { id: "m1", model: "claude", content, usage } }))
    )
    assert.deepStrictEqual(found.map(({ kind, text }) => `${kind} ${text}`), [
      "thinking Hm.",
      "text The pool leaks.",
      "tool_use file_path: a.ts",
      "tool_use file_path: b.ts"
    ])
  })
})

describe("what tools say", () => {
  const result = (content: unknown, rest: object = {}) =>
    blocksOf(user([{ type: "tool_result", tool_use_id: "t1", content, ...rest }]))[0]

  it("in any shape becomes text", () => {
    assert.deepStrictEqual(result("plain"), { kind: "tool_result", text: "plain", toolUseId: "t1" })
    assert.deepStrictEqual(result([{ type: "text", text: "one" }, { type: "text", text: "two" }])?.text, "one\ntwo")
    assert.deepStrictEqual(result([{ type: "image", source: { data: "iVBOR" } }])?.text, "[image]")
    assert.deepStrictEqual(result(["one", 2, null, { type: "text" }, { text: "two" }])?.text, "one\ntwo")
    const note = { type: "text", text: "agentId: 5f21c8ae (for resuming to continue this agent's work if needed)" }
    assert.deepStrictEqual(result([{ type: "text", text: "14 places" }, note])?.text, "14 places")
    assert.deepStrictEqual(result("boom", { is_error: true }), {
      kind: "tool_result",
      text: "boom",
      toolUseId: "t1",
      isError: true
    })
    assert.isUndefined(result("ok", { is_error: false })?.isError)
    for (const content of [null, 7, {}, [], [[]]]) {
      assert.strictEqual(outcome(user([{ type: "tool_result", tool_use_id: "t1", content }])), "Skipped empty")
    }
  })

  it("is nothing where it is ours: an answer of our MCP tools, whole or as a preview, and what a hook was told", () => {
    const response = {
      begin: "<claude-memory>",
      results: [{ title: "the quokka importer" }],
      total: 1,
      end: "</claude-memory>"
    }
    const answer = JSON.stringify(response)
    const line = (content: unknown) =>
      user([{ tool_use_id: "toolu_1", type: "tool_result", content }], {
        toolUseResult: content,
        mcpMeta: { structuredContent: response },
        sourceToolAssistantUUID: "a1"
      })
    const preview = (text: string) =>
      `<persisted-output>\nOutput too large (64.2KB). Full output saved to: /home/mei/.claude/projects/-x/s1/tool-results/a.txt\n\nPreview (first 2KB):\n${
        text.slice(0, 2_000)
      }\n...\n</persisted-output>`
    const long = JSON.stringify({ ...response, results: ["a quokka ".repeat(8_000)] })
    for (
      const content of [
        answer,
        [{ type: "text", text: answer }],
        preview(long),
        preview(fence("a quokka ".repeat(2_000))),
        [{ type: "text", text: preview(long) }]
      ]
    ) {
      assert.strictEqual(outcome(line(content)), "Skipped empty")
    }
    const attachment = { ...common, type: "attachment" }
    for (const type of ["hook_success", "hook_additional_context"]) {
      const content = [preview(fence("a quokka ".repeat(2_000)))]
      assert.strictEqual(
        outcome({ ...attachment, attachment: { type, content, stdout: content[0] } }),
        "Skipped attachment"
      )
    }
    // Previews and JSON of other programs stay.
    assert.include(textOf(line(preview("a zebra ".repeat(2_000)))), "a zebra")
    assert.strictEqual(textOf(line(JSON.stringify({ begin: "", a: 1 }))), "{\"begin\":\"\",\"a\":1}")
    assert.strictEqual(textOf(line(`${preview(long)}\nmore`)), "\nmore")
  })

  it("comes from the message, not from its copy beside it", () => {
    const line = user([{ type: "tool_result", tool_use_id: "t1", content: "shown" }], {
      toolUseResult: { stdout: "hidden" }
    })
    assert.deepStrictEqual(blocksOf(line).map(({ text }) => text), ["shown"])
  })

  it("of a background task is linked to its call", () => {
    const line = user("<task-notification>\n<tool-use-id>toolu_7</tool-use-id>\n<result>five</result>", {
      origin: { kind: "task-notification" },
      promptSource: "system"
    })
    assert.strictEqual(blocksOf(line)[0]?.kind, "tool_result")
    assert.strictEqual(blocksOf(line)[0]?.toolUseId, "toolu_7")
    assert.include(textOf(line), "five")
  })

  it("and what they were asked", () => {
    const call = (input: unknown, name: unknown = "Edit") =>
      blocksOf(assistant([{ type: "tool_use", id: "t1", name, input }]))[0]
    assert.deepStrictEqual(
      call({ file_path: "src/a.ts", old_string: "a\nb", replace_all: true, list: [1, { x: null }] }),
      {
        kind: "tool_use",
        text: "file_path: src/a.ts\nold_string:\na\nb\nreplace_all: true\nlist: [1,{\"x\":null}]",
        tool: "Edit",
        toolUseId: "t1",
        file: "src/a.ts"
      }
    )
    assert.strictEqual(call({ notebook_path: "a.ipynb" })?.file, "a.ipynb")
    assert.strictEqual(call({ path: "src" })?.file, "src")
    assert.isUndefined(call({ file_path: 7 })?.file)
    for (const input of [{}, null, 7, [], "text"]) assert.strictEqual(call(input)?.text, "Edit")
    assert.strictEqual(call({}, 7)?.tool, "tool")
  })
})

describe("texts", () => {
  it("lose what Claude Code and we added for Claude", () => {
    assert.strictEqual(textOf(user(`a${fence("remembered")}b`)), "ab")
    assert.strictEqual(textOf(user("a<system-reminder>\nbe nice\n</system-reminder>b")), "ab")
    assert.strictEqual(textOf(user("a <system-reminder> that never ends")), "a <system-reminder> that never ends")
    assert.strictEqual(outcome(user(fence("remembered"))), "Skipped empty")
    const results = blocksOf(
      user([{ type: "tool_result", tool_use_id: "t", content: [{ type: "text", text: `a${fence("x")}` }] }])
    )
    assert.strictEqual(results[0]?.text, "a")
  })

  it("lose terminal colours, NULs and carriage returns", () => {
    assert.strictEqual(textOf(user("\u001b[31mred\u001b[0m\u0000 a\r\nb\rc \n")), "red a\nb\nc")
  })

  it("that are titles become one line", () => {
    assert.strictEqual(Transcript.shortenTitle(" Fix\r\n\tthe\u2028pool\u0000\u0007 leak\n"), "Fix the pool leak")
    assert.strictEqual(Transcript.shortenTitle("a\n".repeat(1_000)).length, 200)
  })

  it("are shortened in the middle, between characters", () => {
    const long = "head " + "😀".repeat(20_000) + " tail"
    const short = Transcript.shorten(long)
    assert.isBelow(short.length, Transcript.MAX_BLOCK_LENGTH + 60)
    assert.isTrue(short.startsWith("head ") && short.endsWith(" tail"))
    assert.isFalse(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(short))
    assert.strictEqual(Transcript.shorten("a".repeat(Transcript.MAX_BLOCK_LENGTH)).length, Transcript.MAX_BLOCK_LENGTH)
    assert.strictEqual(Transcript.shortenTitle(`a${"😀".repeat(200)}`).length, 199)
  })
})

describe("where a message belongs", () => {
  it("is its session's main thread, or its agent's", () => {
    assert.deepInclude(messageOf(user("x")), { sessionId: "s1", thread: "main", uuid: "u1", parentUuid: null })
    assert.strictEqual(messageOf(user("x", { sessionId: undefined })).sessionId, "file-session")
    assert.strictEqual(messageOf(user("x", { isSidechain: true, agentId: "a1" })).thread, "a1")
    assert.strictEqual(
      messageOf({ ...common, type: "system", subtype: "api_error", error: {}, agentId: "a1" }).thread,
      "a1"
    )
  })

  it("is, on a side chain without an agent's id, that of its first message", () => {
    const places = new Map<string, Transcript.Place>()
    const threads = ["u1", "u2", "u3"].map((uuid, i) => {
      const message = messageOf(
        user("x", { isSidechain: true, uuid, parentUuid: i === 0 ? null : `u${i}` }),
        (id) => places.get(id)
      )
      places.set(uuid, message)
      return message.thread
    })
    assert.deepStrictEqual(threads, ["u1", "u1", "u1"])
    const other = messageOf(user("x", { isSidechain: true, uuid: "v1" }), (id) => places.get(id))
    assert.strictEqual(other.thread, "v1")
    const orphan = messageOf(user("x", { isSidechain: true, uuid: "w2", parentUuid: "w1" }), (id) => places.get(id))
    assert.strictEqual(orphan.thread, "w1")
  })

  it("is its parent's session, in a fork's copy of it", () => {
    const copy = (forkedFrom: unknown) => {
      const line = parse(user("x", { sessionId: "fork", forkedFrom }))
      return line._tag === "Message" ? [line.message.uuid, line.message.sessionId, line.facts.sessionId] : []
    }
    assert.deepStrictEqual(copy({ sessionId: "parent", messageUuid: "u1" }), ["u1", "parent", "parent"])
    // These do not name this message as the copied one, so it belongs to the fork.
    for (
      const from of [
        { sessionId: "parent", messageUuid: "u0" },
        { sessionId: "parent" },
        { messageUuid: "u1" },
        "parent",
        null
      ]
    ) {
      assert.deepStrictEqual(copy(from), ["u1", "fork", "fork"])
    }
  })

  it("comes from the leaf that a summary names", () => {
    const placeOf = (uuid: string) => uuid === "leaf" ? { sessionId: "s0", thread: "main" } : undefined
    const line = parse({ type: "summary", summary: "Pool exhaustion", leafUuid: "leaf" }, placeOf)
    assert.deepInclude(line, { _tag: "Facts" })
    if (line._tag === "Facts") {
      assert.deepInclude(line.facts, { sessionId: "s0", title: "Pool exhaustion", startedAt: undefined })
    }
  })

  it("has an id even when the line has none, the same each time", () => {
    const bare = (text: string, rest: object = {}) => messageOf(user(text, { uuid: undefined, ...rest })).uuid
    assert.strictEqual(bare("x"), bare("x"))
    const ids = [
      bare("x"),
      bare("y"),
      bare("x", { sessionId: "s2" }),
      bare("x", { timestamp: 7 }),
      bare("x", { parentUuid: "p" })
    ]
    assert.strictEqual(new Set(ids).size, ids.length)
  })

  it("and when", () => {
    assert.strictEqual(messageOf(user("x")).occurredAt, Date.parse(common.timestamp))
    for (const timestamp of [undefined, 7, "yesterday", null, {}]) {
      assert.strictEqual(messageOf(user("x", { timestamp })).occurredAt, 0)
    }
    const line = parse(user("x", { timestamp: "no" }))
    if (line._tag === "Message") {
      assert.deepInclude(line.facts, { startedAt: undefined, endedAt: undefined, cwd: common.cwd, branch: "main" })
    }
  })
})

const tags = new Set(["Message", "Facts", "Skipped", "Malformed"])

/** Checks that the line has one of the four tags, and that a message has the shape that stores rely on. */
const check = (raw: string) => {
  const line = Transcript.parse(
    raw,
    "file-session",
    (uuid) => uuid.length % 2 === 0 ? { sessionId: "s", thread: "t" } : undefined
  )
  assert.isTrue(tags.has(line._tag))
  if (line._tag !== "Message") return
  const { message } = line
  for (const value of [message.uuid, message.sessionId, message.thread]) {
    assert.isTrue(typeof value === "string" && value !== "")
  }
  assert.isTrue(message.parentUuid === null || typeof message.parentUuid === "string")
  assert.isTrue(Number.isFinite(message.occurredAt))
  assert.isNotEmpty(message.blocks)
  for (const { file, isError, text, tool, toolUseId } of message.blocks) {
    assert.isTrue(typeof text === "string" && text.trim() !== "")
    assert.isFalse(text.includes("\u0000") || text.includes("\r"))
    for (const value of [file, tool, toolUseId]) assert.isTrue(value === undefined || typeof value === "string")
    assert.isTrue(isError === undefined || isError)
  }
  if (message.isPrompt) assert.strictEqual(message.role, "human")
}

describe("totality", () => {
  it.prop("any text", [anyText], ([text]) => check(text), { fastCheck: { numRuns: times(60) } })
  it.prop("any JSON", [FastCheck.json()], ([json]) => check(json), { fastCheck: { numRuns: times(60) } })
  it.prop("any object", [FastCheck.object()], ([object]) => check(JSON.stringify(object)), {
    fastCheck: { numRuns: times(60) }
  })

  const anything = FastCheck.oneof(
    { weight: 3, arbitrary: anyText },
    FastCheck.jsonValue({ maxDepth: 2 }),
    FastCheck.constantFrom(null, true, false, 0, -1, 1e300, "", [], {})
  )
  const aBlock = FastCheck.record({
    type: FastCheck.constantFrom("text", "thinking", "tool_use", "tool_result", "image", "document", "hologram"),
    text: anything,
    thinking: anything,
    id: anything,
    name: anything,
    input: FastCheck.oneof(anything, FastCheck.dictionary(anyText, anything, { maxKeys: 3 })),
    tool_use_id: anything,
    is_error: anything,
    content: FastCheck.oneof(
      anything,
      FastCheck.array(FastCheck.record({ type: anything, text: anything }), { maxLength: 3 })
    )
  }, { requiredKeys: ["type"] })
  const aLine = FastCheck.record({
    type: FastCheck.constantFrom(
      "user",
      "assistant",
      "system",
      "summary",
      "ai-title",
      "custom-title",
      "attachment",
      "progress",
      "new"
    ),
    subtype: FastCheck.oneof(anything, FastCheck.constant("api_error")),
    error: anything,
    content: anything,
    message: FastCheck.oneof(
      {
        weight: 4,
        arbitrary: FastCheck.record({
          model: anything,
          content: FastCheck.oneof(anything, FastCheck.array(FastCheck.oneof(aBlock, anything), { maxLength: 4 }))
        })
      },
      anything
    ),
    uuid: anything,
    parentUuid: anything,
    sessionId: anything,
    agentId: anything,
    isSidechain: anything,
    isMeta: FastCheck.oneof(anything, FastCheck.constant(false)),
    isCompactSummary: anything,
    isApiErrorMessage: anything,
    origin: FastCheck.oneof(anything, FastCheck.record({ kind: anything })),
    promptSource: anything,
    forkedFrom: FastCheck.oneof(anything, FastCheck.record({ sessionId: anything, messageUuid: anything })),
    attachment: FastCheck.oneof(
      anything,
      FastCheck.record({
        type: FastCheck.constant("queued_command"),
        prompt: anything,
        commandMode: anything,
        origin: anything
      })
    ),
    timestamp: anything,
    cwd: anything,
    gitBranch: anything,
    version: anything,
    summary: anything,
    leafUuid: anything,
    aiTitle: anything,
    customTitle: anything
  }, { requiredKeys: ["type"] })

  it.prop("any type in any field", [aLine], ([line]) => check(JSON.stringify(line)), {
    fastCheck: { numRuns: times(200) }
  })

  it("what is nested deeper than the stack", () => {
    const deep = "[".repeat(100_000) + "]".repeat(100_000)
    const line = (type: string, rest: string) =>
      `{"type":"${type}","subtype":"api_error","uuid":"u","error":{"a":${deep}},${rest}}`
    check(deep)
    check(line("system", "\"x\":1"))
    check(line("user", `"message":{"content":${deep}}`).replace("\"uuid\":\"u\",", ""))
    check(line("user", `"message":{"content":[{"type":"text","text":"x"},${deep}]},"uuid":7`))
    check(line("assistant", `"message":{"content":[{"type":"tool_use","name":"X","input":{"a":${deep}}}]}`))
  })

  it("notes by the thousand, in linear time", () => {
    for (
      const note of ["<ide_selection>x</ide_selection>", "</ide_selection>", "<ide_selection>", "<a-hook>\n</a-hook> "]
    ) {
      for (const text of [note.repeat(40_000), `x ${note.repeat(40_000)}`, `${note.repeat(40_000)} x`]) {
        assert.isBelow(millis(() => check(JSON.stringify(user(text)))), 2_000, note)
      }
    }
  }, 60_000)

  it("hostile lines, in linear time", () => {
    for (const text of hostile) {
      for (
        const line of [
          text,
          JSON.stringify(user(text)),
          JSON.stringify(user(`<command-name>/x</command-name>${text}`)),
          JSON.stringify(user(`<teammate-message teammate_id="team-lead">${text}`))
        ]
      ) {
        assert.isBelow(millis(() => check(line)), 2_000, text.slice(0, 20))
      }
    }
  }, 60_000)
})

describe("the sample sessions", () => {
  const prompts: Readonly<Record<string, ReadonlyArray<string>>> = {
    cd62c694: ["Staging has been falling over", "yes, 40 parallel", "Convinced, we stay at 20", "The deploy job can't"],
    "31be8dc3": [
      "`ridx search config` dies",
      "good. house rule",
      "yes, do that. then the bigger question",
      "agreed, write that down",
      "continue: why does indexing hang",
      "stop, not today"
    ],
    "4db41a08": ["We need a real search box", "That convinces me"],
    "agent-5f21c8ae": ["In /home/mei/work/shop-api, list every place"],
    cee26216: [
      "早上值班群里报警",
      "那直接把 parts_to_throw_insert",
      "好，就按这个改",
      "测试环境可以了",
      "帮我把这次的事故"
    ],
    "43a24c26": ["This one again", "hm wait", "C. shop zone", "C. shop zone", "commit, push"],
    "8d7b33bc": ["财务反馈银行对账", "原因认可", "继续", "顺便问一个选型的事", "同意，就这么定", "权限我改了"],
    "66698404": ["0.9 要发静态链接", "选 1", "试一下 mimalloc", "Second thing", "好。发布之前", "顺便看一下"],
    "8915485d": ["Since Monday some customers", "Yes to all four", "Great. Did anything"],
    "agent-a4c17e9b": ["In /home/mei/work/shop-api list every side effect"]
  }
  const files = transcriptsIn(samples)

  for (const file of files) {
    it(`${basename(file).slice(0, 14)}: its prompts, and nothing else`, () => {
      const expected = prompts[Object.keys(prompts).find((name) => basename(file).startsWith(name)) ?? ""] ?? []
      const found = parsed(file).flatMap((line) =>
        line._tag === "Message" && line.message.isPrompt ? [line.message] : []
      )
      assert.deepStrictEqual(
        found.map(({ blocks }, i) => blocks.find(({ kind }) => kind === "text")?.text.slice(0, expected[i]?.length)),
        [...expected]
      )
      const isAgent = basename(file).startsWith("agent-")
      for (const { role, thread } of found) {
        assert.strictEqual(role, "human")
        assert.strictEqual(thread === "main", !isAgent)
      }
    })
  }

  it("hold nothing that we injected, and few lines that can't be read", () => {
    const all = files.flatMap(parsed)
    assert.strictEqual(all.filter(({ _tag }) => _tag === "Malformed").length, 1)
    assert.isFalse(JSON.stringify(all).includes("lighthouse keeper"))
    const summaries = all.filter((line) => line._tag === "Message" && line.message.isSummary)
    assert.strictEqual(summaries.length, 1)
    const unknown = all.flatMap((line) =>
      line._tag === "Skipped" && line.reason.startsWith("unknown") ? [line.reason] : []
    )
    assert.deepStrictEqual(unknown, ["unknown type hologram"])
  })

  it("have the folder's subagents under their own names", () => {
    const agent = files.find((file) => file.includes(join("subagents", "agent-")))
    const threads = new Set(parsed(agent!).flatMap((line) => line._tag === "Message" ? [line.message.thread] : []))
    assert.deepStrictEqual(threads, new Set(["a4c17e9b02d5f8836"]))
  })
})
