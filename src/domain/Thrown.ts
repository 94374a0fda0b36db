/**
 * Says what was thrown. Pure.
 */

/** Returns the message of an error; anything may be thrown. */
export const messageOf = (thrown: unknown): string => thrown instanceof Error ? thrown.message : String(thrown)
