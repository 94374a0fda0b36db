/**
 * The reads of a store, in SQL that both databases accept.
 */
import type { SqlClient } from "@effect/sql/SqlClient"
import type { Fragment } from "@effect/sql/Statement"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { YieldWrap } from "effect/Utils"
import type { MemoryUnit } from "../../domain/MemoryUnit.ts"
import type { SearchFilter } from "../../domain/Search.ts"
import type { Place, TimelineFilter } from "../../domain/Timeline.ts"
import {
  type Cursor,
  type FailedWork,
  type History,
  type KnownSession,
  MAX_ATTEMPTS,
  type ProjectTraces,
  retryDelay,
  type SessionFilter,
  type Transcript,
  UNDO_MS,
  type Waiting,
  type WorkItem
} from "../MemoryStore.ts"
import { type Corrected, withoutOutdated } from "../Outdated.ts"
import { isReplacedOnPurpose, UNCHANGED, underneath } from "../Overlay.ts"
import { knownProjects, lineSumOf, OUTLINE, stepsAmong } from "../Rules.ts"
import * as ArchiveReads from "./ArchiveReads.ts"
import type { Body, Dialect, SqlEffect, UnitBody } from "./Dialect.ts"
import type { EditBody } from "./OverlayWrites.ts"
import * as PromptReads from "./PromptReads.ts"
import * as RecentChanges from "./RecentChanges.ts"
import { type Beginning, beginningsOf, byKey, contextsOf, messageOf, sessionOf, type SessionRow } from "./Rows.ts"
import * as Statements from "./Statements.ts"
import { derivedIn, OPERATION, type OperationRow, segmentsOf } from "./Statements.ts"

export const make = (sql: SqlClient, dialect: Dialect) => {
  const { conditions, countsAttempts, isIn, table, text, unitOf } = dialect
  const prompt = PromptReads.make<YieldWrap<SqlEffect<unknown>>, Fragment>(sql, dialect)
  const db = Statements.make(sql, dialect)
  const sessionsById = (ids: ReadonlyArray<string>) => Effect.gen(() => prompt.sessions(ids))

  const cursors = (paths: ReadonlyArray<string>) =>
    Effect.map(
      sql<Cursor>`SELECT path, next_offset AS "offset", fingerprint, tail, modified_at AS "modifiedAt",
        session_id AS "sessionId" FROM cursors WHERE ${isIn("path", paths)}`,
      (rows) => new Map(rows.map((row) => [row.path, { ...row }]))
    )

  const transcripts = (projectId: string, limit: number) =>
    Effect.map(
      sql<Transcript>`SELECT c.path, CASE WHEN w.key IS NULL THEN c.next_offset ELSE 0 END AS remembered
        FROM sessions AS s JOIN cursors AS c ON c.session_id = s.id
          LEFT JOIN work AS w ON w.kind = 'session' AND w.key = s.id
        WHERE s.project_id = ${text(projectId)} ORDER BY c.modified_at DESC, c.path LIMIT ${limit}`,
      (rows) => rows.map((row) => ({ ...row }))
    )

  const transcriptsOf = (sessionId: string) =>
    Effect.map(
      sql<{ path: string }>`SELECT path FROM cursors WHERE session_id = ${text(sessionId)}
        ORDER BY modified_at DESC, path`,
      (rows) => rows.map(({ path }) => path)
    )

  const sessionsIn = ({ projects, since, until }: SessionFilter, limit: number) =>
    Effect.map(
      sql<
        SessionRow & { units: number; archive: UnitBody["body"] | null; earliest: UnitBody["body"] | null }
      >`SELECT s.*,
          (SELECT count(*) FROM units AS u WHERE u.session_id = s.id AND u.active) AS units,
          (SELECT u.body FROM units AS u WHERE u.session_id = s.id AND u.active AND u.type = 'archive'
            ORDER BY u.occurred_at DESC, u.id LIMIT 1) AS archive,
          (SELECT u.body FROM units AS u WHERE s.title IS NULL AND u.session_id = s.id AND u.active
            ORDER BY u.position, u.id LIMIT 1) AS earliest
        FROM sessions AS s WHERE ${
        sql.and([
          ...(projects === "all" ? [sql`true`] : [isIn("s.project_id", projects)]),
          ...(since === undefined ? [] : [sql`s.ended_at >= ${since}`]),
          ...(until === undefined ? [] : [sql`s.started_at <= ${until}`])
        ])
      } ORDER BY s.ended_at DESC, s.id LIMIT ${limit}`,
      (rows) =>
        rows.map(({ archive: summing, earliest, units, ...row }): KnownSession => {
          const session = sessionOf(row)
          const archive = summing === null ? null : unitOf({ body: summing })
          const aim = archive?.title ?? session.title ?? (earliest === null ? null : unitOf({ body: earliest }).title)
          return { ...session, units, archive, aim }
        })
    )

  /** Reads the thread's last prompt before each place, then Claude's last message, by the key of the place. */
  const before = (places: ReadonlyArray<Beginning>) =>
    dialect.messagesIn(sql`
      SELECT m.seq, place.key, CASE WHEN wanted.asked THEN 0 ELSE 1 END AS rank
      FROM ${table("place", { key: "text", session: "text", thread: "text", seq: "bigint" }, places)}
        CROSS JOIN (SELECT true AS asked UNION ALL SELECT false) AS wanted
        JOIN messages AS m ON m.seq = (
          SELECT seq FROM messages WHERE session_id = place.session AND seq < place.seq AND thread = place.thread
            AND CASE WHEN wanted.asked THEN is_prompt ELSE role = 'assistant' AND said END
          ORDER BY seq DESC LIMIT 1
        )`)

  const segments = (asked: ReadonlyArray<string>) =>
    Effect.gen(function*() {
      const letGo = new Set(yield* dialect.letGoAmong(asked))
      const ids = asked.filter((id) => !letGo.has(id))
      const held = byKey(
        yield* dialect.messagesIn(
          sql`SELECT seq, segment_id AS key, 0 AS rank FROM messages WHERE ${isIn("segment_id", ids)}`
        )
      )
      const places = beginningsOf(held)
      const sessions = yield* sessionsById(places.map(({ session }) => session))
      return contextsOf(ids, held, sessions, byKey(yield* before(places)))
    })

  /** Finds which of the units were corrected, or are replaced by one that is there, on purpose. */
  const correctedAmong = (units: ReadonlyArray<MemoryUnit>) =>
    Effect.gen(function*() {
      const revised = units.filter(({ revision }) => revision !== undefined)
      if (revised.length === 0) return []
      const overlays = yield* db.overlays(revised.map(({ id }) => id))
      const others = [...overlays.values()].filter(isReplacedOnPurpose).flatMap(({ replacedBy }) => replacedBy ?? [])
      const contentOf = new Map((yield* db.unitsById(others)).map(({ unit }) => [unit.id, unit.content]))
      return revised.flatMap((unit): ReadonlyArray<Corrected> => {
        const overlay = overlays.get(unit.id)
        if (overlay === undefined) return []
        const now = (isReplacedOnPurpose(overlay) ? contentOf.get(overlay.replacedBy!) : undefined) ?? overlay.content
        return now === null ? [] : [{ derived: underneath(unit, overlay), now }]
      })
    })

  const outlines = (sessionIds: ReadonlyArray<string>) =>
    Effect.gen(function*() {
      const sessions = yield* sessionsById(sessionIds)
      return yield* Effect.forEach([...sessions.values()], (session) =>
        Effect.gen(function*() {
          const id = text(session.id)
          const promptsFrom = (order: "ASC" | "DESC") =>
            sql`SELECT seq, '' AS key, 0 AS rank FROM (SELECT seq FROM messages
              WHERE session_id = ${id} AND thread = 'main' AND is_prompt
              ORDER BY seq ${sql.literal(order)} LIMIT ${OUTLINE.prompts}) AS ends`
          const prompts = yield* dialect.messagesIn(sql`${promptsFrom("ASC")} UNION ${promptsFrom("DESC")}`)
          const closing = yield* dialect.messagesIn(sql`SELECT seq, '' AS key, 0 AS rank FROM messages
            WHERE session_id = ${id} AND thread = 'main' AND role = 'assistant' AND said
            ORDER BY seq DESC LIMIT ${OUTLINE.closing}`)
          const files = yield* dialect.filesOf(id, OUTLINE.files)
          const last = yield* dialect.messagesIn(sql`SELECT seq, '' AS key, 0 AS rank FROM messages
            WHERE session_id = ${id} AND thread = 'main' AND NOT is_prompt ORDER BY seq DESC LIMIT ${OUTLINE.steps}`)
          // Also what was merged with another session's unit, and by time: so that it is the same whichever came first.
          const made = yield* sql<UnitBody>`SELECT body FROM units
            WHERE session_id = ${id} AND type <> 'archive'
            ORDER BY occurred_at DESC, position DESC, id DESC LIMIT ${OUTLINE.units}`
          const units = made.map(unitOf).reverse()
          return withoutOutdated({
            session,
            units,
            prompts: prompts.map(({ message }) => message),
            closing: closing.map(({ message }) => message),
            files: files.map(({ file }) => file),
            steps: stepsAmong(last.map(({ message }) => message))
          }, yield* correctedAmong(units))
        }))
    })

  const unitIds = (after: string, limit: number) =>
    Effect.map(
      sql<{ id: string }>`SELECT id FROM units WHERE id > ${text(after)} AND active ORDER BY id LIMIT ${limit}`,
      (rows) => rows.map(({ id }) => id)
    )

  // The rows are found in an index alone; the table is read for the ids of those that are listed.
  const oldest = (filter: SearchFilter, skip: number, limit: number) =>
    Effect.map(
      sql<{ id: string }>`SELECT id FROM units WHERE row IN (
          SELECT row FROM units WHERE ${conditions(filter)} ORDER BY occurred_at, row LIMIT ${limit} OFFSET ${skip}
        ) ORDER BY occurred_at, row`,
      (rows) => rows.map(({ id }) => id)
    )

  /** Tests whether an id may begin with a text: with none each would, and at NUL, which no id holds, SQL may cut it off. */
  const begins = (prefix: string) => prefix !== "" && !prefix.includes("\0")

  const unitsByPrefix = (prefix: string) =>
    !begins(prefix) ? Effect.succeed([]) : Effect.map(
      sql<UnitBody>`SELECT body FROM units WHERE id >= ${text(prefix)} AND id < ${`${
        text(prefix)
      }g`} ORDER BY id LIMIT 10`,
      (rows) => rows.map(unitOf)
    )

  const replaced = Effect.gen(function*() {
    if (!(yield* dialect.keepsOverlays)) return []
    const rows = yield* sql<UnitBody>`SELECT body FROM units
      WHERE active AND id IN (SELECT unit_id FROM overlay WHERE replaced_by IS NOT NULL) ORDER BY id`
    return rows.map(unitOf)
  })

  const recent = (filter: SearchFilter, limit: number) =>
    Effect.gen(function*() {
      if (filter.isPinned === true && !(yield* dialect.keepsOverlays)) return []
      const rows = yield* sql<UnitBody>`SELECT body FROM units WHERE ${conditions(filter)}
        ORDER BY occurred_at DESC, id LIMIT ${limit}`
      return rows.map(unitOf)
    })

  const count = (filter: SearchFilter) =>
    Effect.map(sql<{ n: number }>`SELECT count(*) AS n FROM units WHERE ${conditions(filter)}`, ([row]) => row!.n)

  const timeline = (
    { projects, sessionId }: TimelineFilter,
    side: "before" | "after",
    place: Place,
    limit: number
  ) => {
    const isIn = sql.and([
      conditions({ projects }),
      ...(sessionId === undefined ? [] : [sql`session_id = ${text(sessionId)}`])
    ])
    const at = sql`(CAST(${place.occurredAt} AS bigint), CAST(${place.position} AS double precision), ${
      text(place.id)
    })`
    return Effect.map(
      side === "after"
        ? sql<UnitBody>`SELECT body FROM units WHERE ${isIn} AND (occurred_at, position, id) > ${at}
          ORDER BY occurred_at, position, id LIMIT ${limit}`
        : sql<UnitBody>`SELECT body FROM units WHERE ${isIn} AND (occurred_at, position, id) < ${at}
          ORDER BY occurred_at DESC, position DESC, id DESC LIMIT ${limit}`,
      (rows) => side === "after" ? rows.map(unitOf) : rows.map(unitOf).reverse()
    )
  }

  const messages = (uuids: ReadonlyArray<string>) =>
    Effect.map(
      sql<Body>`SELECT body FROM messages WHERE ${isIn("uuid", uuids)} ORDER BY seq`,
      (rows) => rows.map(messageOf)
    )

  const messagesHolding = (texts: ReadonlyArray<string>, after: number, limit: number) =>
    Effect.gen(function*() {
      const found = yield* dialect.messagesHolding(texts.map((each) => [each, each]), after, limit)
      const [newest] = yield* sql<{ seq: number }>`SELECT coalesce(max(seq), 0) AS seq FROM messages`
      return { messages: found.map(messageOf), end: found.length < limit ? newest!.seq : found.at(-1)!.seq }
    })

  const projects = Effect.map(dialect.projects, knownProjects)

  const traces = Effect.gen(function*() {
    if (!(yield* dialect.recordsOwnProjects)) return { sessions: [], different: [], searched: new Map() }
    const sessions = yield* sql<ProjectTraces["sessions"][number]>`
      SELECT DISTINCT coalesce(own_project_id, project_id) AS "projectId", cwd, branch FROM sessions ORDER BY 1, 2, 3`
    const different = yield* sql<{ one: string; other: string }>`
      SELECT one, other FROM different_projects ORDER BY one, other`
    const searched = yield* sql<{ id: string; searched: number }>`SELECT id, searched FROM projects WHERE searched > 0`
    return {
      sessions: sessions.map((row) => ({ ...row })),
      different: different.map(({ one, other }) => [one, other] as const),
      searched: new Map(searched.map((row) => [row.id, row.searched]))
    }
  })

  const oldestSource = (projectId: string) =>
    Effect.map(
      sql<{ at: number | null }>`SELECT min(at) AS at FROM (
        SELECT min(c.modified_at) AS at FROM sessions AS s JOIN cursors AS c ON c.session_id = s.id
          WHERE s.project_id = ${text(projectId)}
        UNION ALL
        SELECT min(occurred_at) FROM units
          WHERE project_id = ${text(projectId)} AND session_id NOT IN (SELECT session_id FROM cursors)
      ) AS sources`,
      ([row]) => row?.at ?? undefined
    )

  const summaries = Effect.gen(function*() {
    const counts = yield* sql<
      { id: string; n: number }
    >`SELECT project_id AS id, count(*) AS n FROM units WHERE active GROUP BY project_id`
    const countOf = new Map(counts.map(({ id, n }) => [id, n]))
    return (yield* projects).map((project) => ({ ...project, units: countOf.get(project.id) ?? 0 }))
  })

  const countsOf = (counted: "line_counts" | "redactions") => {
    const [name, n] = dialect.countColumns[counted]
    return Effect.map(
      sql<{ name: string; n: number }>`SELECT ${sql.literal(name)} AS name, ${sql.literal(n)} AS n
        FROM ${sql.literal(counted)} ORDER BY 1`,
      (rows) => rows.map(({ n, name }) => [name, n] as const)
    )
  }

  const status = Effect.gen(function*() {
    const types = yield* sql<{ type: string; n: number }>`
      SELECT type, count(*) AS n FROM units WHERE active GROUP BY type`
    const isAlive = (yield* countsAttempts) ? sql`attempts < ${MAX_ATTEMPTS}` : sql`true`
    const [counts] = yield* sql<
      Readonly<Record<"sessions" | "messages" | "said" | "cited" | "pending" | "indexing" | "files", number>>
    >`SELECT
        (SELECT count(*) FROM sessions) AS sessions,
        (SELECT count(*) FROM messages) AS messages,
        (SELECT count(*) FROM messages WHERE said) AS said,
        (SELECT count(*) FROM messages WHERE said AND uuid IN (${dialect.citedMessages})) AS cited,
        (SELECT count(*) FROM work WHERE ${isAlive}) AS pending,
        (SELECT count(*) FROM work WHERE kind = 'index') AS indexing,
        (SELECT count(*) FROM cursors) AS files`
    const { cited, files, indexing, messages, pending, said, sessions } = counts!
    return {
      lines: lineSumOf(new Map(yield* countsOf("line_counts"))),
      redactions: Object.fromEntries(yield* countsOf("redactions")),
      sessions,
      messages,
      textMessages: { total: said, cited },
      units: {
        total: types.reduce((sum, { n }) => sum + n, 0),
        byType: Object.fromEntries(types.map(({ n, type }) => [type, n]))
      },
      pending,
      indexing,
      files,
      projects: yield* summaries
    }
  })

  const waiting = Effect.gen(function*() {
    const isAlive = (yield* countsAttempts) ? sql`attempts < ${MAX_ATTEMPTS}` : sql`true`
    const rows = yield* sql<{ kind: WorkItem["kind"]; n: number }>`
      SELECT kind, count(*) AS n FROM work WHERE ${isAlive} GROUP BY kind`
    const count = (...kinds: ReadonlyArray<WorkItem["kind"]>) =>
      rows.reduce((sum, { kind, n }) => kinds.includes(kind) ? sum + n : sum, 0)
    return {
      compress: count("segment", "session", "upgrade"),
      index: count("index", "reconcile"),
      review: count("review", "recap")
    } satisfies Waiting
  })

  const failures = (limit: number) =>
    Effect.gen(function*() {
      if (!(yield* countsAttempts)) return []
      const rows = yield* sql<Pick<FailedWork, "attempts" | "error" | "key" | "kind"> & { nextAt: number }>`
        SELECT kind, key, attempts, coalesce(error, '') AS error, not_before AS "nextAt" FROM work WHERE attempts > 0
        ORDER BY attempts DESC, kind, key LIMIT ${limit}`
      return rows.map(({ nextAt, ...row }): FailedWork => {
        const isDead = row.attempts >= MAX_ATTEMPTS
        return { ...row, isDead, failedAt: nextAt - retryDelay(row.attempts), nextAt: isDead ? null : nextAt }
      })
    })

  const history = (id: string): SqlEffect<History | undefined> =>
    Effect.gen(function*() {
      if (!(yield* dialect.keepsOverlays)) return undefined
      const [overlay] = yield* sql<{ derived: string }>`SELECT derived FROM overlay WHERE unit_id = ${text(id)}`
      if (overlay === undefined) return undefined
      const rows = yield* sql<OperationRow>`SELECT ${sql.literal(OPERATION)} FROM operations
        WHERE unit_id = ${text(id)} ORDER BY at, id`
      return {
        derived: derivedIn(overlay.derived).derived,
        operations: rows.map(({ actor, at, body, kind, undone }) => {
          const { after, before, revision } = JSON.parse(body) as EditBody
          return {
            kind,
            actor,
            at,
            isUndone: Boolean(undone),
            revision,
            before: { ...UNCHANGED, ...before },
            after: { ...UNCHANGED, ...after }
          }
        })
      }
    })

  const binned = (prefix: string) =>
    Effect.gen(function*() {
      if (!begins(prefix) || !(yield* dialect.keepsOverlays)) return []
      const rows = yield* sql<Body>`SELECT body FROM bin_entries WHERE kind = 'unit' AND key >= ${text(prefix)}
        AND key < ${`${text(prefix)}g`} ORDER BY key LIMIT 10`
      return rows.map((row) => (JSON.parse(row.body) as { readonly unit: MemoryUnit }).unit)
    })

  /** Tests whether the bin holds what can't be undone any more. */
  const hasExpired = Effect.gen(function*() {
    if (!(yield* dialect.keepsOverlays)) return false
    const before = (yield* Clock.currentTimeMillis) - UNDO_MS
    const rows = yield* sql`SELECT 1 AS found FROM operations
      WHERE at < ${before} AND id IN (SELECT operation FROM bin_entries) LIMIT 1`
    return rows.length > 0
  })

  const unreviewed = (among: ReadonlyArray<string> | "all") =>
    Effect.map(
      sql<{ id: string }>`SELECT id FROM sessions WHERE ${among === "all" ? sql`TRUE` : isIn("id", among)}
        AND id NOT IN (SELECT id FROM reviewed_sessions) ORDER BY started_at, id`,
      (rows) => rows.map(({ id }) => id)
    )

  const sessionsByPrefix = (prefix: string) =>
    !begins(prefix) ? Effect.succeed([]) : Effect.map(
      sql<SessionRow>`SELECT * FROM sessions
        WHERE substr(id, 1, length(CAST(${text(prefix)} AS text))) = ${text(prefix)} ORDER BY id LIMIT 10`,
      (rows) => rows.map(sessionOf)
    )

  return {
    archived: ArchiveReads.make(sql, dialect, db),
    binned,
    count,
    failures,
    hasExpired,
    history,
    sessions: sessionsById,
    sessionsByPrefix,
    unreviewed,
    cursors,
    transcripts,
    places: (uuids: ReadonlyArray<string>) => Effect.gen(() => prompt.places(uuids)),
    segments,
    transcriptsOf,
    sessionsIn,
    segmentsOf: segmentsOf(sql, dialect),
    outlines,
    identity: dialect.identity,
    version: dialect.version,
    unitIds,
    oldest,
    oldestSource,
    units: (ids: ReadonlyArray<string>, sessionId?: string) => Effect.gen(() => prompt.units(ids, sessionId)),
    replaced,
    unitsByPrefix,
    recent,
    recentChanges: RecentChanges.make(db).recentChanges,
    messages,
    messagesHolding,
    neighbours: (ids: ReadonlyArray<string>) => Effect.gen(() => prompt.neighbours(ids)),
    around: (id: string, before: number, after: number) => Effect.gen(() => prompt.around(id, before, after)),
    lexical: dialect.lexical,
    timeline,
    projects,
    traces,
    status,
    waiting,
    deadLetters: dialect.deadLetters
  }
}
