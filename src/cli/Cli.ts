/**
 * Lists all commands and runs the one that is called.
 */
import * as CliConfig from "@effect/cli/CliConfig"
import * as Command from "@effect/cli/Command"
import * as CommandDescriptor from "@effect/cli/CommandDescriptor"
import * as ValidationError from "@effect/cli/ValidationError"
import * as Arr from "effect/Array"
import type * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as App from "../App.ts"
import { matchesIn } from "../domain/Matches.ts"
import { advice } from "../process/Advice.ts"
import { OWN, runMain, Unsuccessful, writeStderr, writeStdout } from "../process/Process.ts"
import { version } from "../process/version.ts"
import { type CommandOptions, findMistake, normalize } from "./Arguments.ts"
import * as Backup from "./Backup.ts"
import * as Cost from "./Cost.ts"
import * as Doctor from "./Doctor.ts"
import * as Edit from "./Edit.ts"
import * as Export from "./Export.ts"
import * as Forget from "./Forget.ts"
import * as Helping from "./Helping.ts"
import * as History from "./History.ts"
import * as Import from "./Import.ts"
import * as ImportArchive from "./ImportArchive.ts"
import * as ImportFrom from "./ImportFrom.ts"
import * as Index from "./Index.ts"
import * as Init from "./Init.ts"
import * as Inject from "./Inject.ts"
import * as Injections from "./Injections.ts"
import * as Keep from "./Keep.ts"
import * as Lifecycle from "./Lifecycle.ts"
import * as List from "./List.ts"
import * as Models from "./Models.ts"
import * as Mute from "./Mute.ts"
import * as Open from "./Open.ts"
import { isColoured } from "./Output.ts"
import * as Pin from "./Pin.ts"
import { printable } from "./Printable.ts"
import * as Projects from "./Projects.ts"
import * as Quickstart from "./Quickstart.ts"
import * as Reindex from "./Reindex.ts"
import * as Replace from "./Replace.ts"
import * as Resources from "./Resources.ts"
import * as Restore from "./Restore.ts"
import * as Review from "./Review.ts"
import * as Save from "./Save.ts"
import * as Search from "./Search.ts"
import * as Serve from "./Serve.ts"
import * as Sessions from "./Sessions.ts"
import * as Show from "./Show.ts"
import * as Status from "./Status.ts"
import * as Token from "./Token.ts"
import * as Undo from "./Undo.ts"
import * as Uninstall from "./Uninstall.ts"
import * as UnknownSettings from "./UnknownSettings.ts"
import * as Watch from "./Watch.ts"
import * as Work from "./Work.ts"

const HELP = `claude-memory ${version}: long-term memory for Claude Code

Begin here
  init                  Put it into Claude Code; uninstall takes it out again, without a trace
  quickstart            See it work: on your own sessions when there are any, else on samples
  import [path…]        Read transcripts and make memories of what is new in them
  import-from SOURCE    Bring in what claude-mem, or the predecessor, remembers

Ask
  search <question…>    Find memories by what was said or done
  list                  List memories, newest first, by type, session, file or time
  sessions              List sessions: when, on which branch, what for, and what is remembered of them
  show <id>             Show one memory whole, with what was said around it
  inject --prompt TEXT  Print what would be put in front of Claude for a prompt
  open                  Look into the memory in your browser

Tell it
  save <text…>          Remember something, in your own words
  edit <id>             Change what a memory says, its title or its type; in your editor too
  pin <id…>             Have it told at the start of every session; --off takes the pin off
  keep <id…>            Have it never let go, without telling it for that; --off judges it like others again
  help|nohelp <id>      Say that a memory helped, or did not: it is told sooner, or no more, at such prompts
  replace <old> <new>   Say that one memory holds in place of another
  forget <id…>          Forget memories; also by --project, --session, --before or --query
  undo                  Undo the last edit, keep, help, forgetting or merge of the last seven days
  history <id>          Show what was changed of a memory
  export <file>         Write it all into a file, for another machine; --markdown for people
  import-archive <file> Take in what another machine's export wrote
  projects [merge|…]    List the projects; merge, split, rename or exclude them
  injections [session]  Say what a session was given, when, why, what came too late, and what was used
  mute [session]        Keep the hooks from telling a session anything

Look after it
  status                Say what is remembered
  doctor [--deep]       Check that everything is as it should be; --repair makes again what can be
  backup [FILE|verify]  Write the memory into one file, or check such a file; --list lists them
  restore <file>        Put a backup in the place of the memory
  models [--check]      Say which models are asked for what, and whether they answer
  index [verify|repair] Check the index of vectors, or repair it
  reindex [--to MODEL]  Build it anew for another model of embeddings, while the old one serves
  watch [path…]         Read transcripts while they are written, until it is ended
  work                  Work off what waits, until it is ended: any number of processes on one memory
  serve                 Serve the page, the HTTP API and MCP, for all sessions, until it is ended
  token [--headers]     Print the token that the server asks for
  review [--all]        Have a language model compress sessions again
  cost [--by model]     Say what models were asked, what that cost, and what they may cost
  resources [--watch]   Show what each running process of Claude Memory has open
  lifecycle [--for 3s]  Start the whole service, stop it, and show that everything was released

Every command takes --json (one line of JSON) and --help (its options).
search, list, sessions, inject and status look at the project of the folder you are in; --project NAME or --all-projects
widens that.
save takes --project too.
The memory lies in ~/.claude-memory, or in CLAUDE_MEMORY_HOME.
`

/** All commands: each module exports its `command` and its `options`. */
const COMMANDS = [
  Init,
  Uninstall,
  Quickstart,
  Import,
  ImportFrom,
  Search,
  List,
  Sessions,
  Show,
  Inject,
  Open,
  Save,
  Edit,
  Pin,
  Keep,
  Helping.help,
  Helping.nohelp,
  Replace,
  Forget,
  Undo,
  History,
  Export,
  ImportArchive,
  Projects,
  Status,
  Doctor,
  Backup,
  Restore,
  Models,
  Injections,
  Mute,
  Index,
  Reindex,
  Watch,
  Work,
  Serve,
  Token,
  Review,
  Cost,
  Resources,
  Lifecycle
] as const

const command = Command.make("claude-memory").pipe(
  Command.withDescription("Long-term memory for Claude Code"),
  Command.withSubcommands(Arr.map(COMMANDS, ({ command }) => command))
)

const commands: CommandOptions = Object.fromEntries(
  COMMANDS.flatMap(({ command, options }) =>
    Array.from(CommandDescriptor.getNames(command.descriptor), (name) => [name, options])
  )
)

const cli = Command.run(command, { name: "claude-memory", version })

/** Removes the colours that @effect/cli prints even into a pipe and with NO_COLOR. */
const plain = (text: string): string => text.replace(/\u001b\[[0-9;]*m/g, "")

/** Paragraphs of @effect/cli's help that the usage and the names of the options say shorter. */
const SAID_TWICE =
  /^ {2}(?:A user-defined piece of text(?: that is confidential)?\.|A true or false value\.|An integer\.|One of the following: .*|This \w+ (?:is optional|(?:may|must) be repeated .*)\.)(?:\n+|$)/gm

/** Matches the name of the program that @effect/cli prints above its name and version. */
const SAID_BEFORE = /^(?:\u001b\[[\d;]*m)*claude-memory(?:\u001b\[[\d;]*m)*\n\n(?=claude-memory )/

/** Matches what may be repeated or left out, with its name and value. */
const REPEATED = /^([-<].*\.\.\.)\n(?:\n| {2}.*\n)*? {2}This \w+ may be repeated zero or more times\./gm

/** Puts into brackets what the usage of a help shows without them, though it may be left out. */
const bracketed = (help: string): string =>
  Array.from(matchesIn(plain(help), REPEATED), ([, name = ""]) => name).reduce(
    (text, name) => text.replace(` ${name}`, () => ` [${name}]`),
    help
  )

/** Gives each option and argument of a help the lines that are its own, right below its name. */
const compact = (help: string): string =>
  bracketed(help).replace(SAID_BEFORE, "").replace(SAID_TWICE, "")
    .replace(/^((?:\u001b\[[\d;]*m)*[-<][^\n]*)\n\n(?= {2})/gm, "$1\n")

const printer = (base: Console.Console, isColoured: boolean): Console.Console => {
  const format = (parts: ReadonlyArray<unknown>) => {
    const text = parts.map(String).join(" ").trimEnd()
    // @effect/cli names the command alone.
    return advice(`${isColoured ? text : plain(text)}\n`.replace(/^\$ /m, "$ claude-memory "))
  }
  return {
    ...base,
    log: (...parts) => writeStdout(compact(format(parts))),
    error: (...parts) => writeStderr(format(parts))
  }
}

/** Words with which a command does nothing that settings could change. */
const HELPFUL = ["--help", "-h", "--version", "--completions"]

const warnOfSettings = Effect.flatMap(
  UnknownSettings.sentences,
  Effect.forEach((sentence) => writeStderr(`claude-memory: ${sentence}\n`), { discard: true })
)

/** Returns the words of the command line; "help COMMAND", which names no memory, is that command's help. */
const wordsOf = (argv: ReadonlyArray<string>): ReadonlyArray<string> => {
  const [command, about] = argv.slice(2)
  return command === "help" && about !== undefined && about in commands ? [about, "--help"] : argv.slice(2)
}

export const run = (argv: ReadonlyArray<string>) =>
  runMain(
    Effect.gen(function*() {
      const words = wordsOf(argv)
      if (words.length === 0 || (words.length === 1 && ["--help", "-h", "help"].includes(words[0]!))) {
        return yield* writeStdout(HELP)
      }
      const mistake = findMistake(words, commands)
      if (mistake !== undefined) {
        yield* writeStderr(`${mistake}\n`)
        return yield* Effect.fail(new Unsuccessful())
      }
      if (!words.some((word) => HELPFUL.includes(word))) yield* warnOfSettings
      yield* cli([...argv.slice(0, 2), ...normalize(words, commands)]).pipe(
        // @effect/cli has already printed the error.
        Effect.catchIf(ValidationError.isValidationError, () => Effect.fail(new Unsuccessful())),
        Effect.withConsole(printer(yield* Effect.console, yield* isColoured))
      )
    }).pipe(
      Effect.provideService(CliConfig.CliConfig, CliConfig.make({ showBuiltIns: false, isCaseSensitive: true })),
      App.onPlatform
    ),
    { ...OWN, words: (text) => advice(printable(text)), deadline: "10 seconds" }
  )
