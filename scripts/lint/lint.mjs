/**
 * Makes an oxlint plugin with the rules about handles, for any program that has its sources in src: `claude-memory/lint`.
 */
import { makeExceptions } from "./exceptions.mjs"
import { makeNames } from "./names.mjs"

export { EVERYWHERE, FOR_NOBODY, HANDLES, LIFETIMES, lists, METHODS, names } from "./lists.mjs"
export { words } from "./uses.mjs"

/**
 * @typedef {object} Lists
 * @property {ReadonlyArray<{ files?: ReadonlyArray<string>, names: Record<string, ReadonlyArray<string>>, instead?: string }>} allowed
 *   Names by module, "global" or "syntax" (`async`, `unbounded`), for `files` below src, or for all; `instead` says what the other files
 *   do. The longest name decides.
 * @property {ReadonlyArray<object>} methods As METHODS of lists.mjs.
 * @property {string} where The file with these lists, which messages name.
 */

/** Makes the rules "claude-memory/names", and "claude-memory/exceptions", which reports comments that switch it off. */
export const makePlugin = (/** @type {Lists} */ options) => ({
  meta: { name: "claude-memory" },
  rules: { names: makeNames(options), exceptions: makeExceptions(options) }
})
