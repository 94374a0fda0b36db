/**
 * Entry that Claude Code runs when a session begins and when a prompt is submitted. Fails open: whatever is wrong, it
 * prints nothing, takes no longer than its budget, and exits with 0. It is one small CommonJS file, which Node loads
 * faster than a module, and imports the whole program only where neither it nor a server can answer.
 */
// @effect-diagnostics globalDate:off
import { answer, write } from "../hook/Entry.ts"
import { inputIn, type Stdin } from "../hook/Input.ts"
import { addressesIn } from "../hook/Servers.ts"
import { enableCodeCache } from "../process/CodeCache.ts"
import * as Environment from "../process/Environment.ts"
import { isSupported, TOO_OLD } from "../process/NodeVersion.ts"

/**
 * Longest wait for a server, which is warm and answers in a tenth of it. Then there is time left, of a session's first
 * prompt, to answer without.
 */
const ASK_MS = 500

/** Has a server of this home answer a prompt; false where none has. */
const isAnswered = async (stdin: Stdin): Promise<boolean> => {
  const input = inputIn(stdin)
  const addresses = input?.hook_event_name === "UserPromptSubmit" ? addressesIn(Environment.home()) : []
  if (addresses.length === 0) return false
  const { ask, FORM } = await import("../hook/Ask.ts")
  const text = await ask(
    addresses,
    { form: FORM, settings: Environment.settings(), entryPoint: Environment.entryPoint(), input },
    ASK_MS
  )
  if (text !== undefined) write(text)
  return text !== undefined
}

/** Answers by a server or by the whole program, with what was read of stdin and the milliseconds that this took. */
const answerWithMore = async (stdin: Stdin, took: number): Promise<void> => {
  const started = performance.now() - took
  if (await isAnswered(stdin)) return
  enableCodeCache()
  const local = await import("./HookLocal.ts")
  const { run } = await local.coversSettings ? local : await import("./HookRemote.ts")
  run(started, stdin)
}

if (isSupported(process.versions.node)) {
  // Not performance.now(), whose module takes two milliseconds to load.
  const started = Date.now()
  const rest = answer(started)
  if (rest !== undefined) void answerWithMore(rest, Date.now() - started)
} else {
  process.stderr.write(TOO_OLD)
}
