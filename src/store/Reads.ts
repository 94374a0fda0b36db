/**
 * The reads of a store that a prompt needs, as they run within Effect or at once.
 */
import type { Session } from "../domain/Conversation.ts"
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import type { KnownProject } from "../domain/Project.ts"
import type { SearchFilter } from "../domain/Search.ts"
import type { Eventual } from "../domain/Steps.ts"
import type { LexicalMatches } from "./MemoryStore.ts"

/** See `MemoryStore`, which is one. */
export interface Reads<Y> {
  readonly projects: Eventual<Y, ReadonlyArray<KnownProject>>
  readonly lexical: (
    terms: ReadonlyArray<string>,
    filter: SearchFilter,
    limit: number
  ) => Eventual<Y, LexicalMatches>
  readonly units: (ids: ReadonlyArray<string>, sessionId?: string) => Eventual<Y, ReadonlyArray<MemoryUnit>>
  readonly neighbours: (
    ids: ReadonlyArray<string>
  ) => Eventual<Y, ReadonlyArray<readonly [string, string, number]>>
  readonly around: (id: string, before: number, after: number) => Eventual<Y, ReadonlyArray<MemoryUnit>>
  readonly sessions: (ids: ReadonlyArray<string>) => Eventual<Y, ReadonlyMap<string, Session>>
  readonly places: (
    uuids: ReadonlyArray<string>
  ) => Eventual<Y, ReadonlyMap<string, { readonly sessionId: string; readonly thread: string }>>
}
