/**
 * Entry that Claude Code runs when a session begins and when a prompt is submitted. Fails open: whatever is wrong, it
 * prints nothing, takes no longer than its budget, and exits with 0.
 */
import * as Ask from "../hook/Ask.ts"
import { enableCodeCache } from "../process/CodeCache.ts"
import * as Environment from "../process/Environment.ts"
import { isSupported, TOO_OLD } from "../process/NodeVersion.ts"
import { NOTHING_READ, readEarly, type Stdin } from "./EarlyStdin.ts"

const started = performance.now()

/**
 * Longest wait for a server, and for stdin before it: a warm server answers in a tenth of it. Then there is time left, of
 * a session's first prompt, to answer without.
 */
const ASK_MS = 500

/** Has a server of this home answer a prompt. Returns what was read of stdin where none has. */
const leftByServers = async (): Promise<Stdin | undefined> => {
  const addresses = Ask.addressesIn(Environment.home())
  if (addresses.length === 0) return NOTHING_READ
  const stdin = await readEarly(ASK_MS)
  const input = stdin.isWhole ? Ask.promptIn(stdin.text) : undefined
  if (input === undefined) return stdin
  const answer = await Ask.ask(
    addresses,
    { form: Ask.FORM, settings: Environment.settings(), entryPoint: Environment.entryPoint(), input },
    ASK_MS
  )
  if (answer === undefined) return stdin
  process.stdout.write(answer)
  return undefined
}

if (isSupported(process.versions.node)) {
  const left = await leftByServers()
  if (left !== undefined) {
    enableCodeCache()
    const local = await import("./HookLocal.ts")
    const { run } = await local.coversSettings ? local : await import("./HookRemote.ts")
    run(started, left)
  }
} else {
  process.stderr.write(TOO_OLD)
}
