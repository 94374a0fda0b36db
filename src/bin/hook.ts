/**
 * Entry that Claude Code runs when a session begins and when a prompt is submitted. Fails open: whatever is wrong, it
 * prints nothing, takes no longer than its budget, and exits with 0. It is one small CommonJS file, which Node loads
 * faster than a module: what needs no memory it answers by itself, a prompt by a server or else from the memory's file.
 * It imports the whole program only for what is left.
 */
// @effect-diagnostics globalDate:off
import { join } from "node:path"
import {
  beforeOpening,
  isPrinted,
  isQuiet,
  isSilent,
  limitOf,
  NOTHING,
  type SessionStart,
  STDERR,
  write
} from "../hook/Entry.ts"
import { logFailure, tookLonger } from "../hook/FailureLog.ts"
import { type EarlyInput, inputIn, NOTHING_READ, type Stdin } from "../hook/Input.ts"
import { append } from "../hook/RecordFiles.ts"
import { encodeReset, PLAIN_ID } from "../hook/RecordLines.ts"
import { serversIn } from "../hook/Servers.ts"
import { CODE_CACHE, enableCodeCache } from "../process/CodeCache.ts"
import * as Environment from "../process/Environment.ts"
import { isSupported, TOO_OLD } from "../process/NodeVersion.ts"
import { uptime } from "../process/Uptime.ts"
import * as Early from "../settings/Early.ts"
import { readStdin } from "./EarlyStdin.ts"
import type * as HookPrompt from "./HookPrompt.ts"

/** Longest wait for servers, which are warm and answer in a tenth of it. */
const ASK_MS = 600
/**
 * Share of a prompt's time left that they may take. What keeps them waiting, a busy machine, makes the answer without them, which
 * takes more of the processor, later still.
 */
const ASK_SHARE = 0.6

/** What a hook has of time: in all, in milliseconds, and until when by `uptime`. */
interface Time {
  readonly limit: number
  readonly until: number
}

type Prompt = Extract<EarlyInput, { readonly hook_event_name: "UserPromptSubmit" }>

/** Has a server of this home answer a prompt; false where none has. */
const isAnswered = async ({ home }: Early.Early, input: Prompt, { limit, until }: Time): Promise<boolean> => {
  const servers = serversIn(home)
  if (servers.length === 0 || !PLAIN_ID.test(input.session_id)) return false
  const { ask, FORM } = await import("../hook/Ask.ts")
  const answer = await ask(
    servers,
    { form: FORM, settings: Environment.settings(), entryPoint: Environment.entryPoint(), input, limit },
    Math.min(ASK_MS, ASK_SHARE * (until - uptime()))
  )
  if (answer !== undefined) append(home, input.session_id, answer.lines)
  return isPrinted(input, answer?.text)
}

/** Answers the start of a session. What a compaction took out of its context is noted first, also where the answer comes too late. */
const isStartAnswered = async (settings: Early.Early, input: SessionStart, { until }: Time): Promise<boolean> => {
  if (input.source === "compact" && PLAIN_ID.test(input.session_id)) {
    append(settings.home, input.session_id, [encodeReset(Date.now())])
  }
  const before = beforeOpening(settings, input)
  if (before === undefined || typeof before === "string") return isPrinted(input, before)
  const { openingText } = await import("./HookOpening.ts")
  return isPrinted(input, openingText(settings, input, until, before))
}

/** Answers a prompt: by a server, which is asked before the code is loaded that answers without, or from the memory. */
const isPromptAnswered = async (settings: Early.Early, input: Prompt, time: Time): Promise<boolean> => {
  if (isQuiet(settings, input) || await isAnswered(settings, input, time)) return true
  const { load } = await import("../process/CachedScript.ts")
  const { exported, keep } = load("HookPrompt.cjs", import.meta.url, join(settings.home, CODE_CACHE))
  const { fromMemory, withoutMemory } = exported as typeof HookPrompt
  if (isPrinted(input, withoutMemory(settings, input, time.until))) return true
  if (uptime() > time.until) return false
  const text = fromMemory(settings, input, time.until)
  if (!isPrinted(input, text)) return false
  // Where something was told, all was compiled that a prompt needs.
  if (text !== NOTHING) keep()
  return true
}

/** Has the whole program answer, which then ends the process itself. */
const answerWithAll = async (stdin: Stdin, input: EarlyInput | undefined, started: number): Promise<void> => {
  const startedBySelf = performance.now() - (uptime() - started)
  enableCodeCache()
  const local = await (input?.hook_event_name === "SessionStart"
    ? import("./HookStart.ts")
    : import("./HookLocal.ts"))
  const program = await local.coversSettings ? local : await import("./HookRemote.ts")
  program.run(startedBySelf, stdin)
}

/** Answers the hook. */
const run = async (): Promise<void> => {
  const started = uptime()
  const settings = Early.read()
  if (settings !== undefined && isSilent(settings)) return
  const home = Environment.home()
  if (home !== undefined && !Environment.isOwn(home)) return
  if (settings === undefined) return answerWithAll(NOTHING_READ, undefined, started)
  const stdin = await readStdin(Math.max(settings.within.start, settings.within.later))
  const input = inputIn(stdin)
  if (input === undefined) return answerWithAll(stdin, input, started)
  const limit = limitOf(settings, input)
  const time = { limit, until: started + limit }
  const isDone = input.hook_event_name === "SessionStart"
    ? await isStartAnswered(settings, input, time)
    : await isPromptAnswered(settings, input, time)
  const isLate = !isDone && uptime() > time.until
  if (isLate) logFailure(settings.home, { at: Date.now(), event: input.hook_event_name, detail: tookLonger(limit) })
  // Ends at once, though stdin may be open.
  if (isDone || isLate) return process.exit(0)
  return answerWithAll(stdin, input, started)
}

/** Ends a hook that failed, for instance since a part of the program is missing while an update is under way. */
const fail = (error: unknown): void => {
  write(`claude-memory: the hook can't answer: ${String(error).split("\n")[0]}\n`, STDERR)
  process.exit(0)
}

if (isSupported(process.versions.node)) run().catch(fail)
else process.stderr.write(TOO_OLD)
