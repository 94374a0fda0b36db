/**
 * Shows what sessions were given.
 */
import type { Injection } from "../hook/SessionRecords.ts"
import { typedIn } from "../serve/Marks.ts"
import type * as S from "./Schemas.ts"

/** `titles` are those of memories that are there, by id; `typed` returns the words that a lexeme of a prompt stands for. */
export const injectionOf = (
  sessionId: string,
  titles: ReadonlyMap<string, string>,
  typed: ReturnType<typeof typedIn> = typedIn([...titles.values()].join("\n"))
) =>
({ at, event, ids, isOpening, pointed, state, tokens, used, words }: Injection): typeof S.Injection.Type => {
  const named = (id: string) => ({ id, title: titles.get(id) ?? null })
  return {
    sessionId,
    at,
    event,
    tokens,
    state,
    isOpening,
    words: words.map((lexeme) => (typed(lexeme)[0] ?? lexeme).toLowerCase()),
    used,
    told: ids.map(named),
    pointed: pointed.map(named)
  }
}
