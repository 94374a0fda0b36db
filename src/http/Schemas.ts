/**
 * Requests and responses of the API. Times are milliseconds since the epoch; a cursor is opaque.
 */
import * as Schema from "effect/Schema"
import { Message } from "../domain/Conversation.ts"
import { Feedback } from "../domain/Feedback.ts"
import { InjectionMode } from "../domain/Injection.ts"
import { MemoryUnit as Unit, UnitType } from "../domain/MemoryUnit.ts"
import { MAX_NAME } from "../domain/Project.ts"
import { Content, SaveRequest } from "../domain/Saved.ts"
import { Replaced, Respelt, SearchMode, Why } from "../domain/Search.ts"
import { Verdict, Word } from "../domain/Verdict.ts"
import { Report } from "../resources/monitor/RunFile.ts"
import { Check } from "../serve/Health.ts"
import { LeftOut } from "../serve/Why.ts"
import { UNDOABLE } from "../store/MemoryStore.ts"

const optional = Schema.optional

/** Most characters of a question, a prompt or a name in a request. */
const MAX_TEXT = 20_000
const Text = Schema.String.pipe(Schema.maxLength(MAX_TEXT))
const Name = Schema.String.pipe(Schema.minLength(1), Schema.maxLength(1_000))
const Names = Schema.Array(Name).pipe(Schema.maxItems(1_000))

/** Of a body: refuses fields that it does not have, since one that is misspelt may be what makes a change a try of it. */
export const EXACT = { parseOptions: { onExcessProperty: "error" } } as const

export const MemoryUnit = Unit.annotations({ identifier: "MemoryUnit" })

/** Projects by id, name or folder; "all" for all that are not excluded. A request must say which. */
export const Projects = Schema.Union(Schema.Literal("all"), Names.pipe(Schema.minItems(1))).annotations({
  identifier: "Projects"
})

const filter = {
  types: optional(Schema.Array(UnitType)),
  since: optional(Schema.Number),
  until: optional(Schema.Number),
  files: optional(Names),
  /** Branches on which the sessions were. */
  branches: optional(Names),
  sessions: optional(Names)
}

/** A filter in the address; several values of a name are several parameters. */
const filterParams = {
  project: optional(Schema.Array(Name)),
  type: optional(Schema.Array(UnitType)),
  since: optional(Schema.NumberFromString),
  until: optional(Schema.NumberFromString),
  file: optional(Schema.Array(Name)),
  branch: optional(Schema.Array(Name)),
  session: optional(Schema.Array(Name)),
  pinned: optional(Schema.BooleanFromString)
}

const limit = (most: number) => optional(Schema.NumberFromString.pipe(Schema.int(), Schema.between(1, most)))
const cursor = optional(Schema.String.pipe(Schema.maxLength(1_000)))

export const UnitId = Schema.Struct({ id: Name })

export const SearchRequest = Schema.Struct({
  text: Text,
  projects: Projects,
  ...filter,
  limit: optional(Schema.Int.pipe(Schema.between(1, 100))),
  minScore: optional(Schema.Number.pipe(Schema.between(0, 1))),
  mode: optional(SearchMode)
}).annotations({ identifier: "SearchRequest", ...EXACT })

/** A part of a text, and where the question's words stand in it: from (inclusive) to (exclusive), in UTF-16 units. */
export const Excerpt = Schema.Struct({
  text: Schema.String,
  marks: Schema.Array(Schema.Tuple(Schema.Int, Schema.Int))
}).annotations({ identifier: "Excerpt" })

export const Found = Schema.Struct({
  unit: MemoryUnit,
  /** Share of the question that the memory answers. */
  score: Schema.Number,
  why: Why,
  /** The reasons in a sentence. */
  reason: Schema.String,
  replaces: Schema.Array(Replaced),
  title: Excerpt,
  excerpt: Excerpt
}).annotations({ identifier: "Found" })

export const SearchAnswer = Schema.Struct({
  results: Schema.Array(Found),
  degraded: Schema.Array(Schema.String),
  /** The question's words that no memory contains, as they were typed. */
  absent: Schema.Array(Schema.String),
  /** Those in whose place others were looked for, which are spelt nearly so. */
  respelt: Respelt.fields.words,
  /** Milliseconds that the search took in the server. */
  tookMs: Schema.Number
}).annotations({ identifier: "SearchAnswer" })

export const ListParams = Schema.Struct({ ...filterParams, limit: limit(200), cursor })

export const Units = Schema.Struct({
  units: Schema.Array(MemoryUnit),
  next: Schema.NullOr(Schema.String)
}).annotations({ identifier: "Units" })

/** A share of what a memory is worth, from 0 to 1. */
const Share = Schema.Number.pipe(Schema.between(0, 1))

export const Least = Schema.Struct({
  units: Schema.Array(Schema.Struct({
    ...Unit.fields,
    /** What makes up its worth beside a new decision of the best quality: the product of these. */
    worth: Schema.Struct({
      /** What a new memory of its type is worth. */
      type: Share,
      /** How much of its text is worth reading. */
      quality: Share,
      /** What its age has left: half every 90 days. */
      age: Share
    })
  })),
  next: Schema.NullOr(Schema.String)
}).annotations({ identifier: "Least" })

export const Session = Schema.Struct({
  id: Schema.String,
  projectId: Schema.String,
  title: Schema.NullOr(Schema.String),
  cwd: Schema.String,
  branch: Schema.NullOr(Schema.String),
  startedAt: Schema.Number,
  endedAt: Schema.Number
}).annotations({ identifier: "Session" })

export const SaveBody = Schema.Struct({
  content: Content,
  title: SaveRequest.fields.title,
  type: SaveRequest.fields.type,
  files: SaveRequest.fields.files,
  /** Project by id, name or folder. */
  project: Name
}).annotations({ identifier: "SaveBody", ...EXACT })

/** A memory with what it comes from. */
export const UnitView = Schema.Struct({
  unit: MemoryUnit,
  messages: Schema.Array(Message),
  session: Schema.NullOr(Session),
  transcripts: Schema.Array(Schema.String),
  /** Shell command that continues the session from its folder; null for what was not said in one. */
  resume: Schema.NullOr(Schema.String),
  /** What the session was for. */
  aim: Schema.NullOr(Schema.String),
  savedBy: Schema.NullOr(Schema.String),
  /** The memory that holds in place of this one; null where none does, also since it was forgotten. */
  replacement: Schema.NullOr(Schema.Struct({ id: Schema.String, title: Schema.String })),
  /** When other messages around it were let go, to keep the memory small. */
  letGoAt: Schema.NullOr(Schema.Number)
}).annotations({ identifier: "UnitView" })

const Values = Schema.Struct({ title: Schema.String, content: Schema.String, type: UnitType })
const Changed = Schema.Struct({
  title: Schema.NullOr(Schema.String),
  content: Schema.NullOr(Schema.String),
  type: Schema.NullOr(UnitType),
  pinned: Schema.Boolean,
  replacedBy: Schema.NullOr(Schema.String),
  /** What that memory replaces, where a rule saw it. */
  replacedFor: Schema.NullOr(Schema.String),
  feedback: Schema.Array(Feedback),
  /** Sessions in which Claude used the memory as it was told. */
  uses: Schema.Int,
  kept: Schema.Boolean
})

/** The values that were derived, and each change since, oldest first; null in a change stands for the derived value. */
export const HistoryView = Schema.Struct({
  unit: MemoryUnit,
  derived: Schema.NullOr(Values),
  operations: Schema.Array(Schema.Struct({
    kind: Schema.String,
    actor: Schema.Literal("person", "claude", "rule"),
    at: Schema.Number,
    isUndone: Schema.Boolean,
    revision: Schema.Int,
    before: Changed,
    after: Changed,
    /** How title, type and text changed, for people: a changed word alone, and what was written anew whole. */
    differences: Schema.Array(Schema.Struct({
      field: Schema.Literal("title", "type", "content"),
      parts: Schema.Array(Schema.Struct({
        kind: Schema.Literal("same", "removed", "added"),
        text: Schema.String
      }))
    }))
  }))
}).annotations({ identifier: "HistoryView" })

/** Says whether a memory helps at a prompt; without one, at that at which it was told last, or at every one if it never was. */
export const FeedbackBody = Schema.Struct({
  helps: Schema.Boolean,
  prompt: optional(Text),
  /** True: what was said so is taken back, of all prompts or of this one. */
  isOff: optional(Schema.Boolean)
}).annotations({ identifier: "FeedbackBody", ...EXACT })

/** Number of the change, for `POST /v1/undo`; null where nothing was changed, or what undo does not undo. */
const operation = Schema.NullOr(Schema.Int)

/** A memory as it was changed. */
export const Edited = Schema.Struct({ ...Unit.fields, operation }).annotations({ identifier: "Edited" })

export const Helped = Schema.Struct({
  unit: MemoryUnit,
  operation,
  /** Lexemes of the memory that prompts must name for it to count; empty for every prompt. */
  words: Schema.Array(Schema.String),
  /** When the memory was told at that prompt; null where no record says so. */
  toldAt: Schema.NullOr(Schema.Number)
}).annotations({ identifier: "Helped" })

const Titled = Schema.Struct({ id: Schema.String, title: Schema.String })

/** Memories by id, or by what they have in common; all of it must hold. With `isDryRun` it only says which. */
export const ForgetBody = Schema.Struct({
  ids: optional(Names),
  projects: optional(Projects),
  sessions: optional(Names),
  before: optional(Schema.Number),
  /** Words of which a memory holds every one. They select no summary of a session: it is made anew of what is left. */
  query: optional(Text),
  /** True: no copy stays, and it can't be undone. */
  isNow: optional(Schema.Boolean),
  isDryRun: optional(Schema.Boolean)
}).annotations({ identifier: "ForgetBody", ...EXACT })

export const Forgotten = Schema.Struct({
  count: Schema.Int,
  /** Some of the memories, newest first. */
  units: Schema.Array(MemoryUnit),
  /** Messages from which sentences were cut. */
  messages: Schema.Int,
  /** Until when it can be undone; null when it can't be. */
  until: Schema.NullOr(Schema.Number),
  operation,
  /** Others that say the same in part. */
  also: Schema.Struct({
    /** Those that are made anew of what is left; with `isDryRun`, if that is enough. */
    units: Schema.Array(Titled),
    /** Those of which too little was left; with `isDryRun`, those of which nothing is. */
    gone: Schema.Array(Titled),
    /** Sessions whose title or summary says it. */
    sessions: Schema.Array(Titled)
  }),
  /** Others in whose place one of these stood, and which hold again without it. */
  holdAgain: Schema.Array(Titled)
}).annotations({ identifier: "Forgotten" })

/** Names a change; the newest without one. */
export const UndoBody = Schema.Struct({ operation: optional(Schema.Int) }).annotations({
  identifier: "UndoBody",
  ...EXACT
})

/** What was undone, and when that had been done; null when there was nothing to undo. */
export const Undone = Schema.Struct({
  kind: Schema.NullOr(Schema.Literal(...UNDOABLE)),
  at: Schema.NullOr(Schema.Number),
  units: Schema.Array(MemoryUnit)
}).annotations({ identifier: "Undone" })

/** Changes that can be undone, newest first. */
export const RecentChanges = Schema.Struct({
  changes: Schema.Array(Schema.Struct({
    operation: Schema.Int,
    kind: Schema.Literal(...UNDOABLE),
    actor: Schema.Literal("person", "claude", "rule"),
    at: Schema.Number,
    /** Until when it can be undone. */
    until: Schema.Number,
    /** The first of the memories. */
    named: Schema.Array(Titled),
    /** Number of the memories. */
    units: Schema.Int,
    /** Number of the messages from which sentences were cut. */
    messages: Schema.Int,
    /** Ids of the projects of a merge. */
    merged: Schema.NullOr(Schema.Struct({ from: Schema.String, into: Schema.String }))
  }))
}).annotations({ identifier: "RecentChanges" })

export const SessionView = Schema.Struct({
  session: Session,
  units: Schema.Int,
  /** What the session was for; null where nothing is remembered of it. */
  aim: Schema.NullOr(Schema.String),
  /** Memory that sums the session up: its content says what came of the session. */
  archive: Schema.NullOr(MemoryUnit),
  /** Shell command that continues the session from its folder. */
  resume: Schema.String
}).annotations({ identifier: "SessionView" })

export const SessionDetail = Schema.Struct({
  ...SessionView.fields,
  transcripts: Schema.Array(Schema.String)
}).annotations({ identifier: "SessionDetail" })

export const SessionsParams = Schema.Struct({
  project: filterParams.project,
  since: filterParams.since,
  until: filterParams.until,
  branch: filterParams.branch,
  limit: limit(200),
  cursor
})

export const Sessions = Schema.Struct({
  sessions: Schema.Array(SessionView),
  next: Schema.NullOr(Schema.String)
}).annotations({ identifier: "Sessions" })

/** What Claude was given: titles by id, as far as the memories are there. */
export const Injection = Schema.Struct({
  sessionId: Schema.String,
  at: Schema.Number,
  event: Schema.Literal("SessionStart", "UserPromptSubmit"),
  tokens: Schema.Int,
  state: Schema.Literal("pending", "arrived", "late"),
  isOpening: Schema.Boolean,
  /** Words of the prompt that stand together in a memory, as they were typed where that is known. */
  words: Schema.Array(Schema.String),
  /** Ids of the memories that Claude then used. */
  used: Schema.Array(Schema.String),
  told: Schema.Array(Schema.Struct({ id: Schema.String, title: Schema.NullOr(Schema.String) })),
  /** Memories that were only named. */
  pointed: Schema.Array(Schema.Struct({ id: Schema.String, title: Schema.NullOr(Schema.String) }))
}).annotations({ identifier: "Injection" })

export const ConversationParams = Schema.Struct({ limit: limit(500), cursor })

/** A session as it was: messages with what Claude was given in between, oldest first. */
export const Conversation = Schema.Struct({
  session: Session,
  items: Schema.Array(Schema.Union(
    Schema.Struct({
      kind: Schema.Literal("message"),
      message: Message,
      /** True where long blocks are cut. */
      isCut: Schema.Boolean,
      tokens: Schema.Int
    }),
    Schema.Struct({ kind: Schema.Literal("injection"), injection: Injection })
  )),
  next: Schema.NullOr(Schema.String)
}).annotations({ identifier: "Conversation" })

export const TimelineParams = Schema.Struct({
  project: filterParams.project,
  session: optional(Name),
  unit: optional(Name),
  time: optional(Schema.NumberFromString),
  limit: limit(100),
  cursor
})

export const TimelineView = Schema.Struct({
  units: Schema.Array(MemoryUnit),
  previous: Schema.NullOr(Schema.String),
  next: Schema.NullOr(Schema.String)
}).annotations({ identifier: "Timeline" })

export const WhyRequest = Schema.Struct({
  prompt: Text,
  projects: Projects,
  mode: optional(InjectionMode),
  maxTokens: optional(Schema.Int.pipe(Schema.between(100, 8_000)))
}).annotations({ identifier: "WhyRequest", ...EXACT })

/** What would be told at a prompt, and why. */
export const WhyAnswer = Schema.Struct({
  text: Schema.String,
  tokens: Schema.Int,
  verdict: Schema.Struct({
    ...Verdict.fields,
    /** Words of the prompt: as they were typed, and in how many memories of all projects they occur. */
    words: Schema.Array(Schema.Struct({ ...Word.fields, typed: Schema.Array(Schema.String), memories: Schema.Int }))
  }).annotations({ identifier: "Verdict" }),
  told: Schema.Array(Found),
  pointed: Schema.Array(MemoryUnit),
  /** The most telling memories, told or not, and the words of the prompt that stand together in each, with their bits. */
  nearest: Schema.Array(Schema.Struct({
    unit: MemoryUnit,
    together: Schema.Array(Schema.String),
    bits: Schema.Number,
    /** What the judge would say if this were the most telling one. */
    tells: Schema.Literal("nothing", "pointer", "memories"),
    score: Schema.Number,
    /** Why the memory is not told though it scores enough; null where it is told, or scores too little. */
    leftOut: Schema.NullOr(LeftOut)
  })),
  /** What each mode would do. */
  modes: Schema.Record({ key: InjectionMode, value: Schema.Literal("nothing", "pointer", "memories") }),
  degraded: Schema.Array(Schema.String)
}).annotations({ identifier: "WhyAnswer" })

export const InjectionsParams = Schema.Struct({ session: optional(Name), since: optional(Schema.NumberFromString) })
export const Injections = Schema.Struct({ injections: Schema.Array(Injection) }).annotations({
  identifier: "Injections"
})

export const DailyParams = Schema.Struct({
  days: optional(Schema.NumberFromString.pipe(Schema.int(), Schema.between(1, 365)))
})
/** Sums by day, by the clock where the server runs, oldest first, days without any too. */
export const Daily = Schema.Struct({
  days: Schema.Array(Schema.Struct({
    /** As in 2026-08-31. */
    day: Schema.String,
    injections: Schema.Int,
    tokens: Schema.Int,
    late: Schema.Int
  }))
}).annotations({ identifier: "Daily" })

export const Project = Schema.Struct({
  id: Schema.String,
  name: Schema.String,
  /** The name, with as much of the folder as tells the project from others of its name. */
  label: Schema.String,
  root: Schema.String,
  units: Schema.Int,
  isExcluded: Schema.Boolean,
  merged: Schema.Array(Schema.Struct({ id: Schema.String, name: Schema.String, root: Schema.String }))
}).annotations({ identifier: "Project" })

/** A project, and the numbers of the merges into it. */
export const Merged = Schema.Struct({ ...Project.fields, operations: Schema.Array(Schema.Int) }).annotations({
  identifier: "Merged"
})

export const MergeBody = Schema.Struct({ from: Names.pipe(Schema.minItems(1)), into: Name }).annotations(EXACT)
export const SplitBody = Schema.Struct({ projects: Names.pipe(Schema.minItems(1)) }).annotations(EXACT)
export const RenameBody = Schema.Struct({ project: Name, name: Name.pipe(Schema.maxLength(MAX_NAME)) }).annotations(
  EXACT
)
export const ExcludeBody = Schema.Struct({ project: Name, isExcluded: Schema.Boolean }).annotations(EXACT)

const Lines = Schema.Struct({
  total: Schema.Int,
  stored: Schema.Int,
  skipped: Schema.Record({ key: Schema.String, value: Schema.Int }),
  deadLetter: Schema.Int,
  /** True when total = stored + skipped + deadLetter. */
  isBalanced: Schema.Boolean
})

export const Stats = Schema.Struct({
  /** Place of the memory, for people. */
  place: Schema.String,
  version: Schema.String,
  lines: Lines,
  redactions: Schema.Record({ key: Schema.String, value: Schema.Int }),
  sessions: Schema.Int,
  messages: Schema.Int,
  units: Schema.Struct({
    total: Schema.Int,
    byType: Schema.Record({ key: Schema.String, value: Schema.Int })
  }),
  /** Work that waits. */
  pending: Schema.Int,
  /** Memories that wait for the index. */
  indexing: Schema.Int,
  files: Schema.Int,
  /** Bytes of the memory without what was forgotten, its limit (0 for none) and what was let go; null where a server keeps the memory. */
  size: Schema.NullOr(Schema.Struct({
    bytes: Schema.Number,
    limit: Schema.Number,
    letGo: Schema.Struct({ at: Schema.NullOr(Schema.Number), messages: Schema.Int, units: Schema.Int })
  })),
  projects: Schema.Array(Project)
}).annotations({ identifier: "Stats" })

/** What is left to be read and done, by whatever process. */
export const Progress = Schema.Struct({
  /** Transcripts of all projects that are not excluded, and their bytes. */
  transcripts: Schema.Struct({
    files: Schema.Int,
    /** Transcripts of which something is unread. */
    unread: Schema.Int,
    bytes: Schema.Number,
    read: Schema.Number
  }),
  /** Pieces of work that wait: of which memories are made, that are indexed, and that a language model rewrites. */
  waiting: Schema.Struct({ compress: Schema.Int, index: Schema.Int, review: Schema.Int })
}).annotations({ identifier: "Progress" })

/** Language of the details; what the system or a model answers is as they say it. */
export const HealthParams = Schema.Struct({ language: optional(Schema.Literal("en", "zh")) })

export const Health = Schema.Struct({
  isHealthy: Schema.Boolean,
  checks: Schema.Array(Check)
}).annotations({ identifier: "Health" })

/** What work does with its key: a segment, a session, a memory, an index. */
const WorkKind = Schema.Literal("segment", "session", "index", "review", "recap", "upgrade", "reconcile")

export const DeadLetters = Schema.Struct({
  deadLetters: Schema.Array(Schema.Struct({
    path: Schema.String,
    offset: Schema.Int,
    reason: Schema.String,
    line: Schema.String
  })),
  failures: Schema.Array(Schema.Struct({
    kind: WorkKind,
    key: Schema.String,
    attempts: Schema.Int,
    /** Why it failed last. */
    error: Schema.String,
    /** True where it is not tried again by itself. */
    isDead: Schema.Boolean,
    /** When it had failed first, at the latest. */
    since: Schema.Number,
    failedAt: Schema.Number,
    nextAt: Schema.NullOr(Schema.Number),
    session: Schema.NullOr(Schema.Struct({ id: Schema.String, title: Schema.NullOr(Schema.String) })),
    /** Beginning of the prompt with which the part of the session begins. */
    prompt: Schema.NullOr(Schema.String),
    unit: Schema.NullOr(Schema.Struct({ id: Schema.String, title: Schema.String }))
  }))
}).annotations({ identifier: "DeadLetters" })

/** One item of failed work, by both; all of it without them. */
export const RetryParams = Schema.Struct({ kind: optional(WorkKind), key: optional(Name) })

const Amount = Schema.Struct({ usd: Schema.NullOr(Schema.Number), tokens: Schema.NullOr(Schema.Number) })
export const CostParams = Schema.Struct({
  by: optional(Schema.Literal("day", "model", "role", "project")),
  days: optional(Schema.NumberFromString.pipe(Schema.int(), Schema.between(1, 3_650)))
})
/** What models were asked; a cap is null where there is none. */
export const Cost = Schema.Struct({
  spent: Schema.Struct({ day: Amount, month: Amount }),
  caps: Schema.Struct({ day: Amount, month: Amount }),
  rows: Schema.Array(Schema.Struct({
    key: Schema.String,
    calls: Schema.Int,
    failed: Schema.Int,
    input: Schema.Number,
    cached: Schema.Number,
    output: Schema.Number,
    usd: Schema.Number
  }))
}).annotations({ identifier: "Cost" })

export const Resources = Schema.Struct({
  processes: Schema.Array(Schema.Struct({ ...Report.fields, isOwn: Schema.Boolean }))
}).annotations({ identifier: "Resources" })
