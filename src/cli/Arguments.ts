/**
 * Checks the words of a command line before @effect/cli parses them. @effect/cli takes an unknown option for an
 * argument where a command has any, and suggests nothing for an unknown command.
 */
import * as AutoCorrect from "@effect/cli/AutoCorrect"
import * as CliConfig from "@effect/cli/CliConfig"
import * as Options from "@effect/cli/Options"
import type * as Usage from "@effect/cli/Usage"
import * as Option from "effect/Option"

/** Options of each command as defined for @effect/cli, with keys in camel case. */
export type CommandOptions = Readonly<Record<string, Readonly<Record<string, unknown>>>>

/** Options that contradict each other. */
const EITHER = ["--project", "--all-projects"] as const

const BUILT_IN = ["--help", "-h", "--version", "--completions", "--log-level", "--wizard"]
const MAX_DISTANCE = 3

/** Returns the known word that differs in the fewest letters, at most `most` of them. */
export const nearest = (word: string, known: ReadonlyArray<string>, most = MAX_DISTANCE): string | undefined => {
  const distance = (name: string) => AutoCorrect.levensteinDistance(word, name, CliConfig.defaultConfig)
  const best = [...known].sort((a, b) => distance(a) - distance(b))[0]
  return best !== undefined && distance(best) <= most ? best : undefined
}

const unknownWord = (what: string, word: string, known: ReadonlyArray<string>): string => {
  const suggestion = nearest(word, known)
  return `There is no ${what} ${word}. ${
    suggestion === undefined ? `There are: ${known.join(", ")}.` : `Did you mean ${suggestion}?`
  }`
}

/** Returns the key of an option, as written on the command line. */
const keyOf = (name: string): string => name.slice(2).replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())

/** Maps the options, as written on the command line, to true when they take a value. */
const valuesTaken = (options: CommandOptions[string]): ReadonlyMap<string, boolean> =>
  new Map(
    Object.entries(options).map(([key, option]) => [
      `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
      Options.isOptions(option) && !Options.isBool(option)
    ])
  )

/** Returns the words of which an option takes one; none of an option that takes any word. @effect/cli's own refusal names no option. */
const choicesOf = (option: unknown): ReadonlyArray<string> => {
  const named = (usage: Usage.Usage): ReadonlyArray<string> =>
    usage._tag === "Optional" || usage._tag === "Repeated"
      ? named(usage.usage)
      : usage._tag === "Named"
      ? Option.getOrElse(usage.acceptedValues, () => "").split(" | ")
      : []
  const choices = Options.isOptions(option) ? named(Options.getUsage(option)) : []
  return choices.length > 1 ? choices : []
}

/**
 * Describes the first unknown command or option, or option without a value that it takes, among the words, or options that contradict each
 * other; undefined when there is none.
 */
export const findMistake = (words: ReadonlyArray<string>, commands: CommandOptions): string | undefined => {
  const [command, ...rest] = words
  if (command === undefined || BUILT_IN.includes(command)) return undefined
  const options = commands[command]
  if (options === undefined) {
    return unknownWord(command.startsWith("-") ? "option" : "command", command, Object.keys(commands))
  }
  const takesValue = valuesTaken(options)
  const names = new Set<string>()
  for (let i = 0; i < rest.length && rest[i] !== "--"; i++) {
    const word = rest[i]!
    if (!word.startsWith("-") || word.length === 1) continue
    const name = word.split("=", 1)[0]!
    const value = takesValue.get(name)
    if (value === undefined && !BUILT_IN.includes(name)) return unknownWord("option", name, [...takesValue.keys()])
    names.add(name)
    if (value !== true) continue
    const given = word.includes("=") ? word.slice(name.length + 1) : rest[++i]
    if (given === undefined) return `${name} needs a value`
    // @effect/cli leaves out an empty value where the option may be repeated.
    if (given.trim() === "") return `${name} is empty: give it a value, or leave it out`
    const choices = choicesOf(options[keyOf(name)])
    if (choices.length > 0 && !choices.includes(given)) return `${name} takes ${choices.join(", ")}, not ${given}`
  }
  return EITHER.every((name) => names.has(name)) ? `give ${EITHER.join(" or ")}, not both` : undefined
}

/**
 * Splits "--name=value" into two words, and moves "-" behind the options. @effect/cli takes "--name=value" for an
 * argument where the option may be repeated, and cuts the value at its next "="; after "-" it takes everything for
 * arguments.
 */
export const normalize = (words: ReadonlyArray<string>, commands: CommandOptions): ReadonlyArray<string> => {
  const takesValue = valuesTaken(commands[words[0] ?? ""] ?? {})
  const separated: Array<string> = []
  const dashes: Array<string> = []
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!
    if (word === "--") return [...separated, ...dashes, ...words.slice(i)]
    const equals = word.indexOf("=")
    if (equals > 0 && takesValue.get(word.slice(0, equals)) === true) {
      separated.push(word.slice(0, equals), word.slice(equals + 1))
    } else if (word === "-" && words[i + 1]?.startsWith("--") === true) dashes.push(word)
    else {
      separated.push(word)
      // The next word is the option's value, even if it begins with a dash.
      if (takesValue.get(word) === true && i + 1 < words.length) separated.push(words[++i]!)
    }
  }
  return [...separated, ...dashes]
}
