/**
 * What a fault of the machine must not lead to. A cell of the table fails for each that it does.
 */
import { type Action, type Claim, HANGS_AFTER_MS, type Said } from "./actions.ts"
import type { Fault } from "./faults.ts"

/** Claude Code's timeout of the hooks. */
const HOOK_MS = 2_000

const STACK = /^\s+at .+(?::\d+|<anonymous>|native)\)?$|^\s*#?\d+:? 0x[0-9a-f]+/m

/** What says what to do has one of these words, or names a command. */
const ADVICE =
  /\b(?:run|set|free|move|start|end|try|give|check|raise|delete|put|upgrade|update|make|use|correct|name|make room|install)\b|`claude-memory |`node /i

export const isAccepted = ({ end }: Said) => end === "0" || end === "answered"

const hasAdvice = ({ stderr, stdout }: Said) => ADVICE.test(stderr + stdout)

/** Each line for a person on stderr begins with the program's name; logs say of what went on what was left out. */
const isSentence = (text: string) =>
  text.split("\n").every((line) => line === "" || line.startsWith("claude-memory: ") || / level=WARN /.test(line))

const isJson = (text: string) => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

const wrongAnswers: Readonly<Record<Action["kind"], (said: Said, fault: Fault) => ReadonlyArray<string>>> = {
  command: (said) =>
    isAccepted(said) || isSentence(said.stderr) && hasAdvice(said)
      ? []
      : ["it is refused without a sentence that says what to do"],
  doctor: (said, fault) => {
    const wrong = said.stdout.split("\n").filter((line) => line.startsWith("WRONG"))
    if (said.stdout === "") return wrongAnswers.command(said, fault)
    const isRepaired = said.stdout.startsWith("made again")
    return [
      ...(said.end === (wrong.length > 0 ? "1" : "0") ? [] : ["its exit code is not what it says"]),
      ...wrong.filter((line) => !ADVICE.test(line)).map((line) => `no advice in: ${line}`),
      ...(fault.doctor === undefined || (isRepaired ? "ok" : fault.doctor) === (wrong.length > 0 ? "wrong" : "ok")
        ? []
        : [`it finds ${wrong.length === 0 ? "nothing" : "something"} wrong`])
    ]
  },
  hook: ({ end, ms, stderr, stdout }) => [
    ...(end === "0" && stderr === "" ? [] : ["the hook fails"]),
    ...(stdout === "" || isJson(stdout) ? [] : ["the hook's answer is no JSON"]),
    ...(ms < HOOK_MS ? [] : ["the hook is too late"])
  ],
  tool: (said) => isAccepted(said) || hasAdvice(said) ? [] : ["it is refused without saying what to do"],
  server: ({ end }) => end === "0" ? [] : [`the server ends with ${end}`]
}

/** Returns what is wrong with an answer while the fault lasts; `refused` are the names of all actions that were. */
export const wrongIn = (
  action: Action,
  said: Said,
  fault: Fault,
  refused: ReadonlySet<string>
): ReadonlyArray<string> => [
  ...(action.vouchesFor !== undefined && fault.isHidden !== true && refused.has(action.vouchesFor) &&
      said.stdout.includes("Nothing is wrong.")
    ? [`it says that nothing is wrong, and "${action.vouchesFor}" is refused`]
    : []),
  ...(STACK.test(said.stdout + said.stderr) ? ["a stack trace"] : []),
  ...(said.ms >= HANGS_AFTER_MS ? ["it hangs"] : []),
  ...(/^SIG(?!KILL)/.test(said.end) ? [`it ends by ${said.end}`] : []),
  ...wrongAnswers[action.kind](said, fault),
  ...(fault.keeps === "all" && action.tells !== undefined && isAccepted(said) && !said.stdout.includes(action.tells)
    ? ["it does not tell what is remembered"]
    : [])
]

/** Returns what is wrong with what is there afterwards of an action that was accepted or refused. */
export const brokenClaim = (
  { isThere, mayBeThere, text }: Claim,
  wasAccepted: boolean,
  texts: string
): ReadonlyArray<string> => {
  if (!wasAccepted && mayBeThere === true) return []
  if (texts.includes(text) === (isThere === wasAccepted)) return []
  return [
    wasAccepted
      ? `it was acknowledged, and "${text}" is ${isThere ? "lost" : "still there"}`
      : `it was refused, and "${text}" is ${isThere ? "there" : "gone"}`
  ]
}
