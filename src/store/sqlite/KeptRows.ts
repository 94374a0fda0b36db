/**
 * Keeps what was read of rows, as long as the database stays as it is: the projects of one question come again in the next ones. Not
 * for a search within a transaction, which may be rolled back. Without Effect, since the hook's entry searches too.
 */
import type { Steps } from "../../domain/Steps.ts"
import type { Sql } from "../sql/Sql.ts"

/** Most bytes of what is kept. */
export const MAX_BYTES = 4_000_000

export const make = <Y, F, A extends { readonly byteLength: number }>(sql: Sql<Y, F>) => {
  /** What was used last comes last. */
  const kept = new Map<string, A>()
  let bytes = 0
  let state = ""

  const clear = () => {
    kept.clear()
    bytes = 0
  }
  const add = (key: string, list: A) => {
    kept.set(key, list)
    bytes += list.byteLength
    for (const [oldest, { byteLength }] of kept) {
      if (bytes <= MAX_BYTES) return
      kept.delete(oldest)
      bytes -= byteLength
    }
  }

  /** Forgets everything when the database was written to, by this connection or another. Comes first in a search. */
  function* refresh(): Steps<Y, void> {
    const [row] = yield* sql<{ state: string }>`SELECT data_version || ' ' || total_changes() AS state
      FROM pragma_data_version`
    if (row!.state !== state) clear()
    state = row!.state
  }

  /** Returns what is kept under a key, or reads it. */
  function* get(key: string, read: () => Steps<Y, A>): Steps<Y, A> {
    const known = kept.get(key)
    if (known !== undefined) {
      kept.delete(key)
      kept.set(key, known)
      return known
    }
    const before = state
    const list = yield* read()
    // Another search of this process may have found a change meanwhile.
    if (before === state && !kept.has(key)) add(key, list)
    return list
  }

  return { refresh, get }
}
