/**
 * Shows what sessions were given.
 */
import type { Injection } from "../hook/SessionRecords.ts"
import type * as S from "./Schemas.ts"

/** `titles` are those of memories that are there, by id. */
export const injectionOf =
  (sessionId: string, titles: ReadonlyMap<string, string>) =>
  ({ at, event, ids, isOpening, pointed, state, tokens, used, words }: Injection): typeof S.Injection.Type => {
    const named = (id: string) => ({ id, title: titles.get(id) ?? null })
    return {
      sessionId,
      at,
      event,
      tokens,
      state,
      isOpening,
      words,
      used,
      told: ids.map(named),
      pointed: pointed.map(named)
    }
  }
