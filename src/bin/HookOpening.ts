/**
 * Tells what earlier sessions left, for the hook's entry: a file of its own, which is loaded where something may be told.
 */
export { openingText } from "../hook/OpeningEntry.ts"
