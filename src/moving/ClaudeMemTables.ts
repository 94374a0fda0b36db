/**
 * Converts rows of claude-mem's tables to records. Covers its schemas from version 1, which had memories and overviews, to 49. Pure.
 */
import { countUnspaced } from "../domain/Cjk.ts"
import type { UnitType } from "../domain/MemoryUnit.ts"
import { listOf, type Row, textOf, timeOf } from "./Fields.ts"
import type { ForeignRead, ForeignSkip } from "./ForeignMemory.ts"

/** Our types by theirs. Other modes of claude-mem have types of their own, which are documentation here. */
const TYPES: ReadonlyMap<string, UnitType> = new Map([
  ["bugfix", "error_log"],
  ["security_alert", "error_log"],
  ["decision", "decision"],
  ["feature", "conversation"],
  ["refactor", "conversation"],
  ["change", "conversation"]
])

/** Project under which its own observer ran: what it wrote there is about nobody's work. */
const OBSERVER = "observer-sessions"

const skipped = (reason: string): ForeignSkip => ({ _tag: "Skipped", reason })

interface Parts {
  readonly kind: string
  /** Session there; without it, that of the row. */
  readonly session?: string
  readonly type: UnitType
  readonly title?: string
  /** Fields that tell the record from others of its session. */
  readonly identity: ReadonlyArray<string | null | undefined>
  readonly paragraphs: ReadonlyArray<string>
  readonly keywords?: ReadonlyArray<string>
  readonly files?: ReadonlyArray<string>
  readonly quality?: number
}

const recordOf = (
  row: Row,
  { files = [], identity, keywords = [], kind, paragraphs, quality = 1, session = "", title = "", type }: Parts
): ForeignRead => {
  // A worktree's records, once its branch is merged, are those of the repository's project.
  const project = textOf(row["merged"]) || textOf(row["project"])
  if (project === OBSERVER) return skipped("of its own observer")
  const told = paragraphs.filter((paragraph) => paragraph !== "")
  if (told.length === 0 && title === "") return skipped("empty")
  return {
    _tag: "Record",
    key: JSON.stringify([
      kind,
      textOf(row["session"]),
      row["epoch"] ?? row["created"] ?? null,
      ...identity.map((each) => each ?? null)
    ]),
    project,
    session: session || textOf(row["session"]),
    type,
    title,
    summary: "",
    // A record of nothing but a title is the title.
    paragraphs: told.length === 0 ? [title] : told,
    keywords,
    files,
    occurredAt: timeOf(row["epoch"], row["created"]),
    expiresAt: null,
    quality,
    cut: Number(row["cut"] ?? 0)
  }
}

const items = (value: string | null | undefined): ReadonlyArray<string> => listOf(value).map((fact) => `- ${fact}`)

const observation = (row: Row): ForeignRead => {
  const type = textOf(row["type"])
  if (type === "sensitive") return skipped("marked sensitive there")
  const [title, subtitle] = [textOf(row["title"]), textOf(row["subtitle"])]
  const [narrative, text] = [textOf(row["narrative"]), textOf(row["text"])]
  return recordOf(row, {
    kind: "observation",
    type: TYPES.get(type) ?? "documentation",
    title: title || subtitle,
    identity: [row["title"], row["narrative"], row["text"]],
    paragraphs: [
      ...new Set([title === "" || subtitle === title ? "" : subtitle, narrative, text, ...items(row["facts"])])
    ],
    keywords: [...new Set([type, ...listOf(row["concepts"]), ...listOf(row["keywords"])])].filter((each) =>
      each !== ""
    ),
    files: [...new Set([...listOf(row["modified"]), ...listOf(row["read"]), ...listOf(row["touched"])])]
  })
}

/** Fields of a session's summary, and what they are called in a memory. */
const SUMMARY: ReadonlyArray<readonly [field: string, label: string]> = [
  ["request", "Request"],
  ["investigated", "Investigated"],
  ["learned", "Lesson"],
  ["completed", "Completed"],
  ["next_steps", "Next steps"],
  ["notes", "Notes"]
]

const summary = (row: Row): ForeignRead =>
  recordOf(row, {
    kind: "summary",
    type: "archive",
    title: textOf(row["request"]) || textOf(row["completed"]) || textOf(row["learned"]),
    identity: SUMMARY.map(([field]) => row[field]),
    paragraphs: SUMMARY.flatMap(([field, label]) => {
      const text = textOf(row[field])
      return text === "" ? [] : [`${label}: ${text}`]
    }),
    files: [...new Set([...listOf(row["modified"]), ...listOf(row["read"])])]
  })

const overview = (row: Row): ForeignRead =>
  recordOf(row, {
    kind: "overview",
    type: "archive",
    identity: [row["text"]],
    paragraphs: [textOf(row["text"])]
  })

/** Distinct words from which on a prompt says something by itself. Two Chinese or Japanese characters count as a word. */
const LEAST_WORDS = 8

const words = (text: string): number =>
  new Set(text.toLowerCase().match(/[\p{L}\p{N}_]+/gu)).size +
  countUnspaced(text) / 2

const prompt = (row: Row): ForeignRead => {
  const text = textOf(row["text"])
  // Commands, and what Claude Code itself writes in a person's place.
  if (/^(?:<[a-z-]+[\s>]|\/[\w:-]+(?:\s|$))/.test(text)) return skipped("command")
  if (text !== "" && words(text) < LEAST_WORDS) return skipped("prompt of few words")
  return recordOf(row, {
    kind: "prompt",
    // The observations' name of the session, which it gets after its first prompt.
    session: textOf(row["observed"]),
    type: "conversation",
    title: text,
    identity: [row["number"], row["text"]],
    paragraphs: [text],
    quality: 0.7
  })
}

const item = (row: Row): ForeignRead => {
  if (textOf(row["legacy"]) !== "") return skipped("copy of an observation")
  switch (textOf(row["kind"])) {
    case "summary":
      return recordOf(row, {
        kind: "item",
        type: "archive",
        title: textOf(row["title"]),
        identity: [row["title"], row["narrative"], row["text"]],
        paragraphs: [textOf(row["narrative"]), textOf(row["text"]), ...items(row["facts"])]
      })
    case "prompt":
      return prompt(row)
    default:
      return observation(row)
  }
}

/** A table to read. */
export interface Table {
  readonly name: string
  /** Names of a column in one schema or another, by the name under which the row has it. */
  readonly columns: Readonly<Record<string, ReadonlyArray<string>>>
  /** Columns without which it is another program's table. */
  readonly needed: ReadonlyArray<string>
  /** Columns read from another table: its name, the column, and which of its columns is equal to which of ours. */
  readonly joined?: ReadonlyArray<{
    readonly as: string
    readonly from: string
    readonly column: ReadonlyArray<string>
    readonly where: readonly [theirs: ReadonlyArray<string>, ours: ReadonlyArray<string>]
  }>
  readonly toRead: (row: Row) => ForeignRead
}

const DATED = { epoch: ["created_at_epoch"], created: ["created_at"] }
const TOLD = {
  title: ["title"],
  subtitle: ["subtitle"],
  narrative: ["narrative"],
  text: ["text"],
  facts: ["facts"],
  concepts: ["concepts"],
  read: ["files_read"],
  modified: ["files_modified"]
}
const SESSION = ["memory_session_id", "sdk_session_id"]
const ASKED = ["content_session_id", "claude_session_id"]

const PROMPTS: Table = {
  name: "user_prompts",
  columns: { ...DATED, session: ASKED, number: ["prompt_number"], text: ["prompt_text"] },
  needed: ["session", "text"],
  joined: [
    { as: "project", from: "sdk_sessions", column: ["project"], where: [ASKED, ASKED] },
    { as: "observed", from: "sdk_sessions", column: SESSION, where: [ASKED, ASKED] }
  ],
  toRead: prompt
}

/** Before version 10, only a session's first prompt was recorded. */
const FIRST_PROMPTS: Table = {
  name: "sdk_sessions",
  columns: {
    epoch: ["started_at_epoch"],
    created: ["started_at"],
    session: ASKED,
    observed: SESSION,
    project: ["project"],
    text: ["user_prompt"]
  },
  needed: ["session", "project", "text"],
  toRead: prompt
}

const TABLES: ReadonlyArray<Table> = [
  {
    name: "observations",
    columns: {
      ...DATED,
      session: SESSION,
      project: ["project"],
      merged: ["merged_into_project"],
      type: ["type"],
      ...TOLD
    },
    needed: ["session", "project", "type", "text"],
    toRead: observation
  },
  {
    name: "session_summaries",
    columns: {
      ...DATED,
      session: SESSION,
      project: ["project"],
      merged: ["merged_into_project"],
      ...Object.fromEntries(SUMMARY.map(([field]) => [field, [field]])),
      read: ["files_read"],
      modified: ["files_edited"]
    },
    needed: ["session", "project", "request", "learned"],
    toRead: summary
  },
  {
    name: "memories",
    columns: {
      ...DATED,
      session: ["session_id"],
      project: ["project"],
      title: ["title"],
      subtitle: ["subtitle"],
      text: ["text"],
      facts: ["facts"],
      concepts: ["concepts"],
      keywords: ["keywords"],
      touched: ["files_touched"]
    },
    needed: ["session", "project", "text", "epoch"],
    toRead: observation
  },
  {
    name: "overviews",
    columns: { ...DATED, session: ["session_id"], project: ["project"], text: ["content"] },
    needed: ["session", "project", "text", "epoch"],
    toRead: overview
  },
  {
    name: "memory_items",
    columns: {
      epoch: ["created_at_epoch"],
      session: ["server_session_id"],
      kind: ["kind"],
      type: ["type"],
      legacy: ["legacy_observation_id"],
      ...TOLD
    },
    needed: ["kind", "type", "text"],
    joined: [{ as: "project", from: "projects", column: ["name"], where: [["id"], ["project_id"]] }],
    toRead: item
  }
]

/** Columns of the tables that are there, by table. */
export type Columns = ReadonlyMap<string, ReadonlySet<string>>

const columnOf = (columns: Columns, table: string, names: ReadonlyArray<string>): string | undefined =>
  names.find((name) => columns.get(table)?.has(name) === true)

/** Names of the tables of which at least one is expected. */
export const EXPECTED: ReadonlyArray<string> = TABLES.map(({ name }) => name)

/** Returns the tables that hold prompts: those of all prompts, or else those of sessions with their first ones. */
const promptTables = (columns: Columns): Table => columns.has(PROMPTS.name) ? PROMPTS : FIRST_PROMPTS

/** Returns the tables to read, and those that are there but lack columns, as "TABLE without COLUMN". */
export const tablesIn = (
  columns: Columns
): { readonly read: ReadonlyArray<Table>; readonly prompts: Table; readonly faults: ReadonlyArray<string> } => {
  const there = TABLES.filter(({ name }) => columns.has(name))
  const lacking = (table: Table) =>
    table.needed.filter((column) => columnOf(columns, table.name, table.columns[column]!) === undefined)
  return {
    read: there.filter((table) => lacking(table).length === 0),
    prompts: promptTables(columns),
    faults: there.flatMap((table) => {
      const missing = lacking(table).map((column) => table.columns[column]!.join(" or "))
      return missing.length === 0 ? [] : [`${table.name} without ${missing.join(", ")}`]
    })
  }
}

/** Tests whether a table is there with all that it needs. */
export const isReadable = (columns: Columns, table: Table): boolean =>
  table.needed.every((column) => columnOf(columns, table.name, table.columns[column]!) !== undefined)

const quoted = (name: string): string => `"${name.replaceAll("\"", "\"\"")}"`

/**
 * Returns a statement that selects a page of `limit` rows after the row number that is its parameter. Each column is text of at most
 * `length` characters, and `cut` is the number of characters beyond.
 */
export const selectFrom = (columns: Columns, table: Table, length: number, limit: number): string => {
  const own = Object.entries(table.columns).flatMap(([as, names]) => {
    const column = columnOf(columns, table.name, names)
    return column === undefined ? [] : [[as, `CAST(t.${quoted(column)} AS TEXT)`] as const]
  })
  const joined = (table.joined ?? []).flatMap(({ as, column, from, where: [theirs, ours] }) => {
    const found = columnOf(columns, from, column)
    const [their, our] = [columnOf(columns, from, theirs), columnOf(columns, table.name, ours)]
    return found === undefined || their === undefined || our === undefined ? [] : [
      [
        as,
        `(SELECT CAST(j.${quoted(found)} AS TEXT) FROM ${quoted(from)} AS j WHERE j.${quoted(their)} = t.${
          quoted(our)
        } ORDER BY j.rowid LIMIT 1)`
      ] as const
    ]
  })
  const all = [...own, ...joined]
  return `SELECT CAST(t.rowid AS TEXT) AS "row", ${
    all.map(([as, value]) => `substr(${value}, 1, ${length}) AS ${quoted(as)}`).join(", ")
  }, CAST(${
    own.map(([, value]) => `max(0, coalesce(length(${value}), 0) - ${length})`).join(" + ")
  } AS TEXT) AS "cut" FROM ${
    quoted(table.name)
  } AS t WHERE t.rowid > CAST(? AS INTEGER) ORDER BY t.rowid LIMIT ${limit}`
}
