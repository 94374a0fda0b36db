/**
 * Pairs a segment's tool calls with their results, and parses the tools' inputs: commands, edits, commits, files.
 */
import type { Block, Message } from "../../domain/Conversation.ts"
import { matchesIn } from "../../domain/Matches.ts"

/** Returns what was said in a message; nothing of none. */
export const textOf = (message: Message | undefined): string =>
  message?.blocks.filter(({ kind }) => kind === "text").map(({ text }) => text).join("\n") ?? ""

export interface Source {
  readonly message: Message
  readonly block: Block
}

export interface Call extends Source {
  readonly tool: string
  /** True when the tool reported an error, or when a command's output shows one that a pipe hid from the exit code. */
  readonly failed: boolean
  /** Index of the call's message in the segment. */
  readonly at: number
  readonly result: (Source & { readonly at: number }) | undefined
}

/**
 * Returns the calls of a segment, in order. A result whose call lies in an earlier segment becomes a call of its own.
 */
export const callsOf = (messages: ReadonlyArray<Message>): ReadonlyArray<Call> => {
  const results = new Map<string, Source & { readonly at: number }>()
  const called = new Set<string>()
  messages.forEach((message, at) => {
    for (const block of message.blocks) {
      if (block.toolUseId === undefined) continue
      if (block.kind === "tool_use") called.add(block.toolUseId)
      // A background task reports more than once; its last result is the outcome.
      else if (block.kind === "tool_result") results.set(block.toolUseId, { message, block, at })
    }
  })
  return messages.flatMap((message, at) =>
    message.blocks.flatMap((block): ReadonlyArray<Call> => {
      if (block.kind === "tool_use") {
        const result = results.get(block.toolUseId ?? "")
        // A result answers one call.
        results.delete(block.toolUseId ?? "")
        const tool = block.tool ?? "Tool"
        return [{ message, block, at, tool, result, failed: hasFailed(tool, result?.block) }]
      }
      const isOrphan = block.kind === "tool_result" && !called.has(block.toolUseId ?? "") &&
        (block.toolUseId === undefined || results.get(block.toolUseId)?.block === block)
      const tool = block.tool ?? "Tool"
      const result = { message, block, at }
      return isOrphan ? [{ ...result, tool, result, failed: hasFailed(tool, block) }] : []
    })
  )
}

/** Matches Claude Code's notice that something goes on in the background. */
const STARTED = /^\s*(?:Async agent launched|Command running in background)/u

/**
 * Returns what a call was answered, without what Claude Code writes around it: the notice that it goes on in the
 * background, the XML of a task's end, an agent's id.
 */
export const answerOf = ({ result }: Pick<Call, "result">): string => {
  const text = result?.block.text ?? ""
  if (STARTED.test(text)) return ""
  const [, reported] = text.split("<result>")
  const answer = reported !== undefined
    ? reported.split("</result>")[0]!
    : text.startsWith("<task-notification")
    ? ""
    : text
  return answer.split(/^agentId: /mu)[0]!.trim()
}

const HIDDEN_FAILURE =
  /^(?:FAIL\b|FAILED\b|--- FAIL|Error:|error(?:\[\w+\])?:|ERROR\b|panic:|fatal:|Traceback \(most recent|npm ERR!|ELIFECYCLE)|\berror TS\d+:|\bERROR task failed/mu

const hasFailed = (tool: string, result: Block | undefined): boolean =>
  result !== undefined && (result.isError === true || (tool === "Bash" && HIDDEN_FAILURE.test(result.text)))

const KEY = /^([a-z_]{2,30}):(?: |\n)/gmu

/**
 * Returns the value of a key in a tool's input, in the form that capture stored. `keys` lists all keys of the tool,
 * because a line of a file may look like a key.
 */
const valueOf = (text: string, key: string, keys: ReadonlyArray<string>): string | undefined => {
  const found = [...matchesIn(text, KEY)].filter(({ 1: name }) => keys.includes(name!))
  const at = found.findIndex(({ 1: name }) => name === key)
  if (at < 0) return undefined
  const { 0: head, index } = found[at]!
  return text.slice(index + head.length, found[at + 1]?.index ?? text.length).replace(/\n$/, "")
}

/** Returns a value from the input of a tool whose full set of keys is not known. */
export const inputOf = ({ block }: Pick<Call, "block">, key: string): string | undefined =>
  block.kind === "tool_use"
    ? valueOf(block.text, key, [key, "prompt", "description", "subagent_type", "query", "url", "model"])?.trim()
    : undefined

const BASH_KEYS = ["command", "description", "timeout", "run_in_background"]

export const commandOf = ({ block, tool }: Pick<Call, "block" | "tool">): string | undefined =>
  tool === "Bash" && block.kind === "tool_use" ? valueOf(block.text, "command", BASH_KEYS)?.trim() : undefined

/** A choice in a form; `text` is as the tool reported it. */
interface FormChoice {
  readonly text: string
  readonly question: string
  readonly answer: string
}

/** Characters that the escapes of JSON stand for. Masking a quoted secret takes the quotation mark and leaves its backslash. */
const ESCAPED: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", "[": "\"[" }

/** Returns the string of a JSON literal. Never throws: capture may have masked or cut the literal. */
const unescaped = (json: string): string =>
  json.slice(1, -1).replace(
    /\\(?:u([\da-f]{4})|(.))/gisu,
    (_, code: string | undefined, char: string) =>
      code === undefined ? ESCAPED[char] ?? char : String.fromCharCode(Number.parseInt(code, 16))
  )

/** Returns what a person chose in a form. Its questions and answers may hold quotation marks; those of the call tell where each begins. */
export const choicesIn = ({ block, result }: Pick<Call, "block" | "result">): ReadonlyArray<FormChoice> => {
  const text = result?.block.text ?? ""
  const heads = [...matchesIn(block.text, /"question":\s*("(?:[^"\\]|\\.)*")/gu)].flatMap(([, json]) => {
    const question = unescaped(json!)
    const head = `"${question}"="`
    const at = text.indexOf(head)
    return at < 0 ? [] : [{ question, at, from: at + head.length }]
  }).sort((a, b) => a.at - b.at)
  // The call may stand in an earlier segment.
  if (heads.length === 0) {
    return [...matchesIn(text, /"([^"]{3,300})"="([^"]{1,300})"/gu)].map(([pair, question, answer]) => ({
      text: pair,
      question: question!,
      answer: answer!
    }))
  }
  return heads.flatMap(({ at, from, question }, i): ReadonlyArray<FormChoice> => {
    const to = text.lastIndexOf("\"", (heads[i + 1]?.at ?? text.length) - 1)
    return to <= from ? [] : [{ text: text.slice(at, to + 1), question, answer: text.slice(from, to) }]
  })
}

/** Tools that only read, plan or wait. */
const READ_ONLY_TOOLS = new Set(
  ("Read Glob Grep LS NotebookRead TodoWrite TodoRead TaskCreate TaskUpdate TaskList TaskGet TaskOutput TaskStop BashOutput KillBash KillShell " +
    "ToolSearch ListMcpResourcesTool EnterPlanMode").split(" ")
)
const READ_ONLY_COMMANDS =
  /^(?:(?:cd|export)\s+\S+\s*(?:&&|;)\s*)*(?:sudo\s+)?(?:ls|lsd|ll|cat|head|tail|less|grep|rg|ag|find|fd|pwd|cd|echo|wc|sed\s+-n|tree|which|type|stat|file|du|env|whoami|date|sleep|jq|awk|sort|diff|git(?:\s+-C\s+\S+)?(?:\s+--no-pager)?\s+(?:status|diff|log|show|branch|remote|rev-parse|rev-list|ls-files|merge-base|blame|fetch|stash list|worktree list))\b/u

/** True when a call only reads, so that its output describes no effect of its own. */
export const isReadOnly = (call: Pick<Call, "block" | "tool">): boolean => {
  if (READ_ONLY_TOOLS.has(call.tool)) return true
  const command = commandOf(call)
  return command !== undefined && READ_ONLY_COMMANDS.test(command) &&
    !/[^2&]>\s*[\w./~$"]|\btee\b|-exec|-delete/.test(command)
}

/** Matches a commit and its message: of a here-document, or quoted. */
const COMMIT =
  /\bgit\s[^\n"']{0,200}?\bcommit\b[^\n"']{0,200}?-[a-z]*m\s+(?:"\$\(cat <<-?\s*['"]?(\w+)['"]?\n\s*([^\n]{8,200})([\s\S]*?)(?:\n\s*\1|$)|"([^"\n]{8,200})([^"]*)|'([^'\n]{8,200})([^']*))/u

/** Matches lines that Git and its programs read, at the end of a message. */
const TRAILER = /^\s*(?:[A-Z][\w-]+: |.{0,4}Generated with ).*$/gmu

export interface Commit {
  /** First line of the message, without its type ("fix: "). */
  readonly subject: string
  /** The other lines, without trailers. */
  readonly body: string
}

/** Returns the message of the commit that a command makes. */
export const commitIn = (command: string): Commit | undefined => {
  const [, , here, hereBody, double, doubleBody, single, singleBody] = COMMIT.exec(command) ?? []
  const subject = here ?? double ?? single
  return subject === undefined ? undefined : {
    subject: subject.replace(/^\w+(?:\([^)\n]*\))?!?: /u, ""),
    body: (hereBody ?? doubleBody ?? singleBody ?? "").replace(TRAILER, "")
  }
}

/** Commands that only verify the work: tests, linters, builds. */
const ROUTINE = /\b(?:tests?|test:\w+|lint|check|typecheck|tsc|build|fmt|format|vitest|jest|pytest|clippy|vet)\b/u

export const isRoutine = (command: string): boolean => ROUTINE.test(command.split("\n")[0]!)

export const isTest = (command: string): boolean =>
  /\b(?:tests?|test:\w+|vitest|jest|pytest)\b/u.test(command.split("\n")[0]!)

/** True for a command of Git, whose log shows what it did. */
export const isGit = (command: string): boolean => /^(?:(?:cd|export)\s+\S+\s*(?:&&|;)\s*)*git\b/u.test(command)

const EDIT_KEYS = [
  "file_path",
  "notebook_path",
  "old_string",
  "new_string",
  "replace_all",
  "content",
  "new_source",
  "edits"
]

export interface Edit {
  readonly file: string
  /** Lines removed, and lines added; equal lines at the beginning and the end of both are left out. */
  readonly before: ReadonlyArray<string>
  readonly after: ReadonlyArray<string>
  readonly isNew: boolean
}

const changed = (before: string, after: string): Pick<Edit, "before" | "after"> => {
  const [a, b] = [before.split("\n"), after.split("\n")]
  let start = 0
  while (start < Math.min(a.length, b.length) && a[start] === b[start]) start++
  let end = 0
  while (end < Math.min(a.length, b.length) - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++
  return { before: a.slice(start, a.length - end), after: b.slice(start, b.length - end) }
}

/** Matches `cat > FILE << 'END'`, the lines, END. */
const HERE_DOCUMENT =
  /\bcat\s*>\s*(["']?)([^\s"'<>|&;$`]{1,500})\1\s*<<-?\s*(["']?)(\w{1,40})\3[ \t]*\n([\s\S]*?)\n\4[ \t]*(?=\n|$)/gu

/**
 * Returns the edits that a call made; empty for a call that failed or was refused, and for tools that write no file.
 */
export const editsOf = (call: Call): ReadonlyArray<Edit> => {
  const { block, result, tool } = call
  if (block.kind !== "tool_use" || result?.block.isError === true) return []
  const command = commandOf(call)
  if (command !== undefined) {
    return [...matchesIn(command, HERE_DOCUMENT)].map(([, , file, , , lines]) => ({
      file: file!,
      before: [],
      after: lines!.split("\n"),
      isNew: true
    }))
  }
  if (block.file === undefined) return []
  const value = (key: string) => valueOf(block.text, key, EDIT_KEYS)
  const { file } = block
  switch (tool) {
    case "Edit":
      return [{ file, ...changed(value("old_string") ?? "", value("new_string") ?? ""), isNew: false }]
    case "Write":
      return [{ file, before: [], after: (value("content") ?? "").split("\n"), isNew: true }]
    case "NotebookEdit":
      return [{ file, before: [], after: (value("new_source") ?? "").split("\n"), isNew: false }]
    case "MultiEdit":
      // Capture stores the list of edits as JSON, so that their lines cannot be quoted verbatim.
      return [{ file, before: [], after: [], isNew: false }]
    default:
      return []
  }
}

/** Mistakes in using a tool, refusals and interruptions, which are of no use in another session. */
const TOOL_MISUSE =
  /has not been read yet|String to replace not found|No changes to make|Found \d+ matches of the string|InputValidationError|haven't granted it yet|doesn't want to (?:proceed|take this action)|interrupted by user|has been modified since read|EISDIR|Request failed with status|File does not exist|nothing to commit|No such tool available|Sibling tool call errored|exceeds maximum allowed (?:tokens|size)|Cancelled:/i

export const isToolMisuse = (text: string): boolean =>
  TOOL_MISUSE.test(text.slice(0, 600)) || !/\p{L}{3}/u.test(text.replace(/^(?:Error|Exit code \d+)/i, ""))

/** Returns a key that repeated calls share: the command's program and subcommand, else the tool and the file. */
export const repeatKey = (call: Call): string => {
  const command = commandOf(call)
  if (command === undefined) return `${call.tool} ${call.block.file ?? ""}`
  const parts = command.split("\n")[0]!.split(/&&|;|\|\|/).map((part) => part.split("|")[0]!.trim())
  const main = parts.filter((part) => part !== "" && !/^(?:cd|export|source|echo|sleep|set)\b/.test(part)).at(-1) ??
    command
  const words = main.split(/\s+/).filter((word) => !word.startsWith("-") && !/^\d*>/.test(word) && !/^\w+=/.test(word))
  return words.slice(0, /^(?:run|exec)$/.test(words[1] ?? "") ? 3 : 2).join(" ")
}
