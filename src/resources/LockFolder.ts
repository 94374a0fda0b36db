/**
 * Holds a folder as a lock, as programs do that share a file and know no other.
 */
import * as Effect from "effect/Effect"
import { rmdirSync, statSync } from "node:fs"
import * as Owner from "./Owner.ts"

const identity = (path: string): number | undefined => statSync(path, { throwIfNoEntry: false })?.ino

const remove = (path: string): void => {
  try {
    rmdirSync(path)
  } catch {
    // Another program has removed it, or keeps something in it.
  }
}

/** Holds the lock. `take` makes the folder, or fails; it can be interrupted. */
export const open = <E, R>(path: string, take: Effect.Effect<void, E, R>): Effect.Effect<void, E, R | Owner.Owner> =>
  Effect.asVoid(Owner.open({
    kind: "lock",
    name: path,
    open: Effect.map(Effect.interruptible(take), () => identity(path)),
    close: () => Effect.sync(() => remove(path)),
    // The next holder's folder is another.
    isGone: (inode) => inode === undefined || identity(path) !== inode,
    within: "2 seconds"
  }))
