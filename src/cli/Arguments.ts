/**
 * What is looked at in the words of a command line before @effect/cli sees them. It takes an unknown option for an argument
 * where a command has any, and suggests nothing for a command's name.
 */
import * as AutoCorrect from "@effect/cli/AutoCorrect"
import * as CliConfig from "@effect/cli/CliConfig"
import * as Options from "@effect/cli/Options"

/** Options of each command, as @effect/cli has them: keys in camel case. */
export type Known = Readonly<Record<string, Readonly<Record<string, unknown>>>>

const BUILT_IN = ["--help", "-h", "--version", "--completions", "--log-level", "--wizard"]
const LIKELY = 3

const nearest = (word: string, known: ReadonlyArray<string>): string | undefined => {
  const distance = (name: string) => AutoCorrect.levensteinDistance(word, name, CliConfig.defaultConfig)
  const best = [...known].sort((a, b) => distance(a) - distance(b))[0]
  return best !== undefined && distance(best) <= LIKELY ? best : undefined
}

const complaint = (what: string, word: string, known: ReadonlyArray<string>): string => {
  const meant = nearest(word, known)
  return `There is no ${what} ${word}. ${
    meant === undefined ? `There are: ${known.join(", ")}.` : `Did you mean ${meant}?`
  }`
}

/** Options by their names as they are written, and whether each takes a value. */
const takingValue = (options: Known[string]): ReadonlyMap<string, boolean> =>
  new Map(
    Object.entries(options).map(([key, option]) => [
      `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
      Options.isOptions(option) && !Options.isBool(option)
    ])
  )

/** A sentence about the first unknown command or option among the words, or nothing when all are known. */
export const findMistake = (words: ReadonlyArray<string>, commands: Known): string | undefined => {
  const [command, ...rest] = words
  if (command === undefined || BUILT_IN.includes(command)) return undefined
  const options = commands[command]
  if (options === undefined) {
    return complaint(command.startsWith("-") ? "option" : "command", command, Object.keys(commands))
  }
  const takesValue = takingValue(options)
  for (let i = 0; i < rest.length && rest[i] !== "--"; i++) {
    const word = rest[i]!
    if (!word.startsWith("-") || word.length === 1) continue
    const name = word.split("=", 1)[0]!
    const value = takesValue.get(name)
    if (value === undefined && !BUILT_IN.includes(name)) return complaint("option", name, [...takesValue.keys()])
    if (value === true && !word.includes("=")) i++
  }
  return undefined
}

/**
 * "--name=value" as two words, and "-" behind the options. @effect/cli takes the one for an argument where the option may be
 * repeated, and cuts the value at its next "="; and all that follows the other for arguments.
 */
export const separate = (words: ReadonlyArray<string>, commands: Known): ReadonlyArray<string> => {
  const takesValue = takingValue(commands[words[0] ?? ""] ?? {})
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
      // Its value, whatever that looks like.
      if (takesValue.get(word) === true && i + 1 < words.length) separated.push(words[++i]!)
    }
  }
  return [...separated, ...dashes]
}
