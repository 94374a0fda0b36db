/**
 * The story of these suites: a session with an error, its cure and a decision.
 */
import * as Effect from "effect/Effect"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Client } from "./Client.ts"
import { says, type Scene, uses } from "./MessagesApi.ts"

export const PROMPT = "The nightly export of the orders fails. Find out why and mend it."

/** Occurs only in this session, so a later session can know it from memory alone. */
export const CAUSE = "ERR_EXPORT_LOCALE"
/** The person's decision at the end of the session. */
export const DECISION =
  "From now on write every export in the C locale, because the bookkeeping takes a comma for a new column."

/** Fails until `locale.txt` exists. */
const PROGRAM = `import { existsSync } from "node:fs"
if (!existsSync("locale.txt")) throw new TypeError("${CAUSE}: expected 12.50, found 12,50 in orders.csv")
process.stdout.write("exported 1204 orders\\n")
`

const run = (description: string) => uses("Bash", { command: "node export/orders.mjs", description })

const scene: Scene = [
  [says("I run the export to see how it fails."), run("Run the nightly export")],
  [
    says(`The export fails with ${CAUSE} because the machine's locale writes a comma. I set the locale.`),
    uses("Write", { file_path: "locale.txt", content: "C\n" })
  ],
  [run("Run the nightly export again")],
  [says("The export works again: it wrote 1204 orders.")]
]

/** Tools that the session may use. */
const tools = ["--allowedTools", "Bash,Write"]

/** A later session's question about this one. */
export const QUESTION = "What was the cause when the nightly export of the orders failed?"

/** Other work in the same project: prompts and Claude's answers. */
const others: ReadonlyArray<readonly [prompt: string, answer: string]> = [
  [
    "Which port does the staging gateway listen on?",
    "The staging gateway listens on port 8443; plain HTTP on 8080 only redirects."
  ],
  [
    "Why is the login page slow on old phones?",
    "The login page loads the whole icon font. I split it: the page needs six icons, which are now inline SVG."
  ],
  [
    "Add a retry to the webhook sender.",
    "The webhook sender tries again five times with doubled pauses, and gives up on a 410, because the receiver is gone for good."
  ],
  [
    "Rename the customer table to account.",
    "I wrote migration 0042, which renames the table customer to account and leaves a view of the old name for a month."
  ],
  [
    "What does the feature flag blue_checkout switch?",
    "The flag blue_checkout shows the new payment form to a tenth of the visitors; marketing owns it."
  ],
  [
    "The avatars are blurred in Safari.",
    "Safari scales the avatars from 32 pixels. We serve 96 pixel avatars to screens with a device pixel ratio of 2 and more."
  ]
]

/** Prompts of a later session about that other work. */
export const LATER: ReadonlyArray<string> = others.slice(0, 3).map(([prompt]) => prompt)

/** Writes the project's files and sets the scenes. */
const prepare = ({ api, project }: Client): void => {
  mkdirSync(join(project, "export"), { recursive: true })
  writeFileSync(join(project, "export", "orders.mjs"), PROGRAM)
  api.scenes.set(PROMPT, scene)
  api.scenes.set(DECISION, [[says("Every export will be written in the C locale.")]])
  for (const [prompt, answer] of others) api.scenes.set(prompt, [[says(answer)]])
}

/** Plays the sessions of other work, then the story's session, which stays open. */
export const play = (client: Client) =>
  Effect.gen(function*() {
    prepare(client)
    yield* Effect.forEach(others, ([prompt]) => client.ask(prompt), { concurrency: 2 })
    const session = yield* client.session({ args: tools })
    const answer = yield* session.say(PROMPT)
    yield* session.say(DECISION)
    return { session, answer }
  })
