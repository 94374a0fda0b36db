/**
 * Keeps the token of the server in a file of the memory's folder, and the codes for which it is exchanged.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { createHash, randomBytes, timingSafeEqual } from "node:crypto"
import { chmodSync, existsSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { messageOf } from "../domain/Thrown.ts"
import { makeFolder, replaceFile } from "../resources/Disk.ts"

export const TOKEN = "token"

/** 256 bits, so that nobody need count wrong guesses. */
const BYTES = 32
const FORM = /^[\w-]{43}$/

export class TokenError extends Schema.TaggedError<TokenError>()("TokenError", {
  path: Schema.String,
  cause: Schema.Defect
}) {
  override get message() {
    const why = messageOf(this.cause)
    return `the token of the server can't be kept in ${this.path}: ${why}`
  }
}

const generate = () => randomBytes(BYTES).toString("base64url")

const trying = <A>(home: string, act: (path: string) => A) => {
  const path = join(home, TOKEN)
  return Effect.try({ try: () => act(path), catch: (cause) => new TokenError({ path, cause }) })
}

const parsed = (path: string): string => {
  const token = readFileSync(path, "utf8").trim()
  if (!FORM.test(token)) {
    throw new Error("it holds no token; `claude-memory token --rotate` makes a new one")
  }
  return token
}

/** Returns the token, which the first call makes; the file is the owner's alone (0600). */
export const read = (home: string): Effect.Effect<string, TokenError> =>
  trying(home, (path) => {
    makeFolder(home)
    // Of two processes that make one at once the later wins, and the other reads that.
    if (!existsSync(path)) replaceFile(path, `${generate()}\n`, `${path}.${process.pid}.tmp`)
    if (process.platform !== "win32" && (statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600)
    return parsed(path)
  })

/** Replaces the token; servers that run take the new one at their next request. */
export const rotate = (home: string): Effect.Effect<string, TokenError> =>
  trying(home, (path) => {
    makeFolder(home)
    const token = generate()
    replaceFile(path, `${token}\n`)
    return token
  })

/** Makes an effect that returns the token as the file has it now. It reads the file again when that was replaced. */
export const following = (home: string): Effect.Effect<Effect.Effect<string, TokenError>, TokenError> =>
  Effect.map(read(home), (first) => {
    let token = first
    let known: string | undefined
    return trying(home, (path) => {
      const { ino, mtimeMs, size } = statSync(path)
      const seen = `${ino} ${mtimeMs} ${size}`
      if (seen !== known) {
        token = parsed(path)
        known = seen
      }
      return token
    })
  })

const digest = (text: string) => createHash("sha256").update(text).digest()

/** Compares in a time that does not tell how much is right. */
export const equals = (given: string, token: string): boolean => timingSafeEqual(digest(given), digest(token))

/** Most pages that have a token of their own; the oldest goes. */
const MOST_PAGES = 100

/**
 * Makes the tokens of pages, which are good while this process runs: a page may go on asking its address when another program has taken that,
 * which then has nothing that the next server takes. They end when `token`, of the file, is another one.
 */
export const makePages = <E>(token: Effect.Effect<string, E>) => {
  /** Hashes, so that looking for one tells nothing of the others. */
  const issued = new Set<string>()
  let of: string | undefined
  const tidy = (now: string) => {
    if (of !== now) issued.clear()
    of = now
  }
  return {
    issue: Effect.map(token, (now) => {
      tidy(now)
      const [oldest] = issued
      if (issued.size >= MOST_PAGES && oldest !== undefined) issued.delete(oldest)
      const own = generate()
      issued.add(digest(own).toString("hex"))
      return own
    }),
    /** Returns what tells the tokens that are good from others. */
    accepts: Effect.map(token, (now) => {
      tidy(now)
      return (given: string) => equals(given, now) || issued.has(digest(given).toString("hex"))
    })
  }
}

/** Time for which a code is good, and the most that are at a time. */
const CODE_MS = 60_000
const MOST_CODES = 100

export const makeCodes = Effect.sync(() => {
  const codes = new Map<string, number>()
  const tidy = (now: number) => {
    for (const [code, expiresAt] of codes) {
      if (expiresAt <= now || codes.size >= MOST_CODES) codes.delete(code)
    }
  }
  return {
    make: Effect.map(Clock.currentTimeMillis, (now) => {
      tidy(now)
      const code = generate()
      const expiresAt = now + CODE_MS
      codes.set(code, expiresAt)
      return { code, expiresAt }
    }),
    use: (code: string) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        const expiresAt = codes.get(code)
        codes.delete(code)
        return expiresAt !== undefined && now < expiresAt
      })
  }
})
