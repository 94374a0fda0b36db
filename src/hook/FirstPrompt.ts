/**
 * Tells the first prompt of a session from later ones, which have less time. Without Effect.
 */
import type { Eventual, Steps } from "../domain/Steps.ts"
import { HEAD_BYTES } from "./Forks.ts"

/** Reads of files. */
export interface FileReads<Y> {
  /** Reads a part of a file; empty when there is none. */
  readonly partOf: (path: string, from: number, bytes: number) => Eventual<Y, string>
  /** Returns a file's bytes; 0 when there is none. */
  readonly sizeOf: (path: string) => Eventual<Y, number>
}

/** Matches a line of Claude's. */
export const ANSWERED = /"type":\s*"assistant"/

/** True when Claude has not answered in this session yet. Unknown without a transcript's path: then it has. */
export function* isFirstPrompt<Y>(
  { partOf, sizeOf }: FileReads<Y>,
  { transcript_path }: { readonly transcript_path?: string | undefined }
): Steps<Y, boolean> {
  return transcript_path !== undefined && (yield* sizeOf(transcript_path)) < HEAD_BYTES &&
    !ANSWERED.test(yield* partOf(transcript_path, 0, HEAD_BYTES))
}

/** Returns the milliseconds in which a hook is answered. */
export function* limitOf<Y>(
  reads: FileReads<Y>,
  { later, start }: { readonly later: number; readonly start: number },
  input: { readonly hook_event_name: string; readonly transcript_path?: string | undefined }
): Steps<Y, number> {
  return input.hook_event_name === "SessionStart" || (yield* isFirstPrompt(reads, input)) ? start : later
}
