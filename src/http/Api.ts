/**
 * The API: its routes, with what they take and answer. docs/http.md tells of it in words.
 */
import * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"
import { EditRequest } from "../domain/Edited.ts"
import { version } from "../process/version.ts"
import * as Legacy from "./Legacy.ts"
import { Problems } from "./Problem.ts"
import * as S from "./Schemas.ts"

const { del, get, patch, post } = HttpApiEndpoint
const { make: group } = HttpApiGroup

/** Says which revision of a memory is changed: the ETag of an earlier answer, or * for any. */
const IfMatch = Schema.Struct({ "if-match": Schema.optional(Schema.String) })
/** Names a request, so that sending it again within a day stores nothing twice: up to 200 characters. */
const IdempotencyKey = Schema.Struct({
  "idempotency-key": Schema.optional(Schema.String.pipe(Schema.minLength(1), Schema.maxLength(200)))
})

const words = (description: string) => OpenApi.annotations({ description })

const memories = group("memories")
  .add(
    post("search", "/v1/search").setPayload(S.SearchRequest).addSuccess(S.SearchAnswer)
      .annotateContext(words("Finds memories by a question."))
  )
  .add(
    get("units", "/v1/units").setUrlParams(S.ListParams).addSuccess(S.Units)
      .annotateContext(words("Lists memories, newest first."))
  )
  .add(
    post("save", "/v1/units").setPayload(S.SaveBody).setHeaders(IdempotencyKey).addSuccess(S.MemoryUnit, {
      status: 201
    }).annotateContext(words("Saves a memory. Saving the same text twice changes nothing."))
  )
  .add(
    get("unit", "/v1/units/:id").setPath(S.UnitId).addSuccess(S.UnitView)
      .annotateContext(words("Returns a memory, by id or the beginning of it, with the messages that it comes from."))
  )
  .add(
    patch("edit", "/v1/units/:id").setPath(S.UnitId).setHeaders(IfMatch)
      .setPayload(EditRequest.omit("revisions").annotations({ identifier: "EditBody", ...S.EXACT })).addSuccess(
        S.Edited
      )
      .annotateContext(
        words("Changes a memory: title, text, type, pinned, kept, or the memory that holds instead. Needs If-Match.")
      )
  )
  .add(
    del("forget", "/v1/units/:id").setPath(S.UnitId).setHeaders(IfMatch).addSuccess(S.Forgotten)
      .annotateContext(
        words("Forgets a memory and those that say the same; with If-Match, only if nobody changed it since.")
      )
  )
  .add(
    get("history", "/v1/units/:id/history").setPath(S.UnitId).addSuccess(S.HistoryView)
      .annotateContext(words("Returns what was changed of a memory."))
  )
  .add(
    post("feedback", "/v1/units/:id/feedback").setPath(S.UnitId).setPayload(S.FeedbackBody).addSuccess(S.Helped)
      .annotateContext(
        words(
          "Says that a memory helps at a prompt, or does not: it is told sooner there, or not any more. A search finds it as before."
        )
      )
  )
  .add(
    post("forgetMany", "/v1/forget").setPayload(S.ForgetBody).addSuccess(S.Forgotten)
      .annotateContext(words("Forgets memories by id, or by what they have in common; or says which it would."))
  )
  .add(
    post("undo", "/v1/undo").setPayload(Schema.NullOr(S.UndoBody)).addSuccess(S.Undone)
      .annotateContext(
        words(
          "Undoes a change by its number, or the newest edit, feedback, keeping, forgetting or merge of the last seven days. What a later " +
            "change touched is refused."
        )
      )
  )
  .add(
    get("changes", "/v1/changes").addSuccess(S.RecentChanges)
      .annotateContext(words("Lists the changes of the last seven days that can be undone, newest first."))
  )
  .add(
    get("least", "/v1/least").setUrlParams(S.ListParams.pick("project", "limit")).addSuccess(S.Least)
      .annotateContext(
        words("Lists the memories that are least worth keeping, the least first, with what makes up their worth.")
      )
  )
  .add(
    get("export", "/v1/export")
      .setUrlParams(Schema.Struct({
        project: S.ListParams.fields.project,
        format: Schema.optional(Schema.Literal("lines", "markdown"))
      }))
      .addSuccess(HttpApiSchema.Text({ contentType: "application/jsonl" }))
      .annotateContext(words("Returns an archive of the memory (docs/archive.md), or Markdown for people."))
  )

const sessions = group("sessions")
  .add(
    get("sessions", "/v1/sessions").setUrlParams(S.SessionsParams).addSuccess(S.Sessions)
      .annotateContext(words("Lists sessions, those that ended last first."))
  )
  .add(
    get("session", "/v1/sessions/:id").setPath(S.UnitId).addSuccess(S.SessionDetail)
      .annotateContext(words("Returns a session, by id or the beginning of it."))
  )
  .add(
    get("conversation", "/v1/sessions/:id/conversation").setPath(S.UnitId).setUrlParams(S.ConversationParams)
      .addSuccess(S.Conversation)
      .annotateContext(words("Returns what was said in a session, with what Claude was given in between."))
  )
  .add(
    get("timeline", "/v1/timeline").setUrlParams(S.TimelineParams).addSuccess(S.TimelineView)
      .annotateContext(words("Returns the memories around a memory or a time, oldest first."))
  )

const telling = group("telling")
  .add(
    post("why", "/v1/why").setPayload(S.WhyRequest).addSuccess(S.WhyAnswer)
      .annotateContext(words("Says what would be told at a prompt, and why. Tells nobody."))
  )
  .add(
    get("injections", "/v1/injections").setUrlParams(S.InjectionsParams).addSuccess(S.Injections)
      .annotateContext(
        words("Lists what sessions were given, oldest first: one session, or all since a time (a day ago).")
      )
  )
  .add(
    get("daily", "/v1/injections/daily").setUrlParams(S.DailyParams).addSuccess(S.Daily)
      .annotateContext(words("Sums up by day what all sessions were given."))
  )

const projects = group("projects")
  .add(
    get("projects", "/v1/projects").addSuccess(Schema.Struct({ projects: Schema.Array(S.Project) }))
      .annotateContext(words("Lists the projects."))
  )
  .add(
    post("merge", "/v1/projects/merge").setPayload(S.MergeBody).addSuccess(S.Merged)
      .annotateContext(words("Moves the memories of projects to another; `undo` or `split` take it back."))
  )
  .add(
    post("split", "/v1/projects/split").setPayload(S.SplitBody)
      .addSuccess(Schema.Struct({ projects: Schema.Array(S.Project) }))
      .annotateContext(words("Undoes merges."))
  )
  .add(
    post("rename", "/v1/projects/rename").setPayload(S.RenameBody).addSuccess(S.Project)
      .annotateContext(words("Gives a project another name."))
  )
  .add(
    post("exclude", "/v1/projects/exclude").setPayload(S.ExcludeBody).addSuccess(S.Project)
      .annotateContext(words("Keeps a project's transcripts from being read, or ends that."))
  )

const care = group("care")
  .add(get("stats", "/v1/stats").addSuccess(S.Stats).annotateContext(words("Says what is remembered.")))
  .add(
    get("progress", "/v1/progress").addSuccess(S.Progress)
      .annotateContext(words("Says how far the transcripts were read, and what waits, as while a first import runs."))
  )
  .add(
    get("check", "/v1/health").setUrlParams(S.HealthParams).addSuccess(S.Health).annotateContext(
      words("Checks the memory, as `doctor` does.")
    )
  )
  .add(
    get("deadLetters", "/v1/dead-letters").addSuccess(S.DeadLetters)
      .annotateContext(words("Lists lines that could not be understood, and work that failed."))
  )
  .add(
    post("retry", "/v1/failures/retry").setUrlParams(S.RetryParams).addSuccess(Schema.Struct({ queued: Schema.Int }))
      .annotateContext(words("Queues the work that failed once more: all of it, or one item."))
  )
  .add(
    get("cost", "/v1/cost").setUrlParams(S.CostParams).addSuccess(S.Cost)
      .annotateContext(words("Says what models were asked, and what that cost."))
  )
  .add(
    get("resources", "/v1/resources").addSuccess(S.Resources)
      .annotateContext(words("Says what this process and the others of this memory have open."))
  )
  .add(
    get("events", "/v1/events").addSuccess(HttpApiSchema.Text({ contentType: "text/event-stream" }))
      .annotateContext(words("Streams `changed` each time that anything in the memory changed, by whomever."))
  )

const access = group("access")
  .add(
    post("exchange", "/v1/token").setPayload(Schema.Struct({ code: Schema.String.pipe(Schema.maxLength(200)) }))
      .addSuccess(Schema.Struct({ token: Schema.String }))
      .annotateContext(
        words("Exchanges a code that is good once, for a minute, for a token that is good while this server runs.")
      )
  )
  .add(
    post("code", "/v1/codes").addSuccess(Schema.Struct({ code: Schema.String, expiresAt: Schema.Number }))
      .annotateContext(words("Makes such a code."))
  )

const alive = group("alive")
  .add(
    get("livez", "/livez").addSuccess(HttpApiSchema.Text()).annotateContext(words("Says that the process runs."))
  )
  .add(
    get("readyz", "/readyz").addSuccess(HttpApiSchema.Text())
      .annotateContext(words("Says that the memory can be read; 503 when it can't."))
  )
  .add(
    get("metrics", "/metrics").addSuccess(HttpApiSchema.Text({ contentType: "text/plain; version=0.0.4" }))
      .annotateContext(words("Numbers for Prometheus, listed in docs/http.md."))
  )

/** Routes that answer without a token; the static files of the page do too. */
const OPEN = new Set(["/livez", "/readyz", "/v1/token"])
export const isOpen = (path: string): boolean => OPEN.has(path)

interface Operation {
  readonly responses: Readonly<Record<string, object>>
}

/** The parts of a description that `withProblems` changes. */
interface Description {
  readonly components: { readonly schemas: Readonly<Record<string, object>> }
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

/** Schemas of the answers that `withProblems` takes out. */
const REPLACED = new Set(["HttpApiDecodeError", "Issue", "PropertyKey"])

const mapValues = <A, B>(entries: Readonly<Record<string, A>>, change: (value: A, key: string) => B) =>
  Object.fromEntries(Object.entries(entries).map(([key, value]) => [key, change(value, key)]))

const select = <A>(entries: Readonly<Record<string, A>>, isWanted: (key: string) => boolean) =>
  Object.fromEntries(Object.entries(entries).filter(([key]) => isWanted(key)))

const answersOf = ({ responses, ...operation }: Operation, path: string) => ({
  ...operation,
  security: isOpen(path) ? [] : [{ token: [] }],
  responses: {
    ...select(responses, (status) => status.startsWith("2")),
    default: { ...responses["401"], description: "A problem" }
  }
})

/** Describes every problem once, as the default answer, instead of one answer for each status; and who needs a token. */
const withProblems = (description: object) => {
  const { components: { schemas }, paths } = description as Description
  return {
    ...description,
    components: {
      schemas: select(schemas, (name) => !REPLACED.has(name)),
      securitySchemes: { token: { type: "http", scheme: "bearer" } }
    },
    paths: mapValues(paths, (operations, path) => mapValues(operations, (operation) => answersOf(operation, path)))
  }
}

/**
 * The routes of docs/http.md. Each may fail with a `Problem` (RFC 9457), and needs the bearer token, but for
 * `/livez`, `/readyz` and `/v1/token`.
 */
export class Api extends HttpApi.make("claude-memory")
  .add(alive)
  .add(access)
  .add(memories)
  .add(sessions)
  .add(telling)
  .add(projects)
  .add(care)
  .add(Legacy.group)
  .addError(Problems)
  .annotateContext(OpenApi.annotations({ title: "Claude Memory", version, transform: withProblems }))
{}
