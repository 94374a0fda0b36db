/**
 * Parsers of single settings, in the forms that several have: words, integers, lists, secrets.
 */
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"

/** Settings that can't be used, alone or together; `detail` names them, and says what they may be. */
export class SettingsError extends Schema.TaggedError<SettingsError>()("SettingsError", { detail: Schema.String }) {
  override get message() {
    return this.detail
  }
}

const messageOf = (error: ConfigError.ConfigError): string =>
  error._op === "And" || error._op === "Or" ? `${messageOf(error.left)}; ${messageOf(error.right)}` : error.message

export const toSettingsError = (error: ConfigError.ConfigError) => new SettingsError({ detail: messageOf(error) })

export const invalid = (detail: string): ConfigError.ConfigError => ConfigError.InvalidData([], detail)

export const nonEmpty = (name: string) => Config.option(Config.nonEmptyString(name))

export const firstSet = <A>(
  names: ReadonlyArray<string>,
  of: (name: string) => Config.Config<A>
): Config.Config<Option.Option<A>> =>
  Config.map(Config.all(names.map((name) => Config.option(of(name)))), Option.firstSomeOf)

/** The value of the first variable that is set, with the variable's name for errors. */
export const firstNamed = (names: ReadonlyArray<string>) =>
  firstSet(names, (name) => Config.map(Config.nonEmptyString(name), (value) => ({ name, value })))

export const firstSecret = (names: ReadonlyArray<string>): Config.Config<Option.Option<Redacted.Redacted>> =>
  firstSet(names, (name) => Config.redacted(Config.nonEmptyString(name)))

/** Parses an integer; what is none becomes NaN, which no validation accepts, and whose message names the setting. */
export const integer = (name: string): Config.Config<number> =>
  Config.map(Config.nonEmptyString(name), (text) => /^\s*\d+\s*$/.test(text) ? Number(text) : NaN)

/** Checks for an integer from 1 to `max`; undefined is no number, and stays. */
export const upTo = <A extends number | undefined>(max: number, message: string) =>
  Config.validate<A>({ message, validation: (n) => n === undefined || Number.isInteger(n) && n >= 1 && n <= max })

/** Parses one of the words; the first one is the default. */
export const oneOf = <A extends string>(name: string, words: readonly [A, ...ReadonlyArray<A>]): Config.Config<A> =>
  Config.nonEmptyString(name).pipe(
    Config.map((text) => words.find((word) => word === text.trim().toLowerCase())),
    Config.validate({
      message: `${name} is one of ${words.join(", ")}`,
      validation: (word): word is A => word !== undefined
    }),
    Config.withDefault(words[0])
  )

/** Parses a list, without its empty parts. */
export const listOf = (name: string, separator: string): Config.Config<ReadonlyArray<string>> =>
  Config.nonEmptyString(name).pipe(
    Config.map((text) => text.split(separator).map((part) => part.trim()).filter((part) => part !== "")),
    Config.withDefault([])
  )
