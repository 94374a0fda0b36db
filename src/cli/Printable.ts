/**
 * Keeps what was read from transcripts from steering the terminal that it is shown in: they hold the output of any program.
 */
import { UNSEEN } from "../domain/Fence.ts"

/** Removes colours, and replaces other control characters and marks of direction. Lines and tabs stay. */
export const printable = (text: string): string =>
  text.replace(/\u001b\[[0-9;]{0,32}[A-Za-z]/g, "").replace(/\r\n?/g, "\n").replace(UNSEEN, "\ufffd")
