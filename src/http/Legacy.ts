/**
 * The routes of the Python service that came before, for programs that call them: their paths, requests and answers. New programs use
 * those below /v1.
 */
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"
import { InjectionMode } from "../domain/Injection.ts"
import { UnitType } from "../domain/MemoryUnit.ts"

const optional = Schema.optional
const Text = Schema.String.pipe(Schema.maxLength(100_000))
const Metadata = Schema.Record({ key: Schema.String, value: Schema.Unknown })

export const Health = Schema.Struct({ status: Schema.String, service: Schema.String, version: Schema.String })
  .annotations({ identifier: "LegacyHealth" })

export const StoreBody = Schema.Struct({
  content: Text,
  /** Project by id, name or folder; left out, the project that is called "global". */
  project_id: optional(Schema.String),
  metadata: optional(Metadata)
}).annotations({ identifier: "LegacyStoreBody" })

export const Stored = Schema.Struct({
  success: Schema.Boolean,
  conversation_id: Schema.String,
  message: Schema.String
}).annotations({ identifier: "LegacyStored" })

export const SearchBody = Schema.Struct({
  query: Text,
  /** Left out, a problem: here is no "this project". "global" stands for all that are not excluded. */
  project_id: optional(Schema.String),
  limit: optional(Schema.Int.pipe(Schema.between(1, 20))),
  min_score: optional(Schema.Number.pipe(Schema.between(0, 1))),
  memory_types: optional(Schema.Array(UnitType))
}).annotations({ identifier: "LegacySearchBody" })

export const SearchAnswer = Schema.Struct({
  success: Schema.Boolean,
  query: Schema.String,
  results: Schema.Array(Schema.Struct({
    content: Schema.String,
    title: Schema.String,
    summary: Schema.String,
    score: Schema.Number,
    keywords: Schema.Array(Schema.String),
    created_at: Schema.String
  })),
  count: Schema.Int,
  search_time_ms: Schema.Number
}).annotations({ identifier: "LegacySearchAnswer" })

export const InjectBody = Schema.Struct({
  original_prompt: Text,
  query_text: optional(Text),
  context_hint: optional(Text),
  injection_mode: optional(InjectionMode),
  max_tokens: optional(Schema.Int.pipe(Schema.between(500, 8_000))),
  project_id: optional(Schema.String)
}).annotations({ identifier: "LegacyInjectBody" })

export const InjectAnswer = Schema.Struct({
  success: Schema.Boolean,
  enhanced_prompt: Schema.String,
  injected_memories: Schema.Array(Schema.Struct({
    id: Schema.String,
    title: Schema.String,
    content: Schema.String,
    summary: Schema.String,
    type: UnitType,
    token_count: Schema.Int
  })),
  tokens_used: Schema.Int,
  processing_time_ms: Schema.Number
}).annotations({ identifier: "LegacyInjectAnswer" })

export const ConversationBody = Schema.Struct({
  messages: Schema.Array(Schema.Struct({
    role: optional(Schema.String),
    /** The predecessor's name of `role`. */
    message_type: optional(Schema.String),
    content: Text
  })).pipe(Schema.minItems(1), Schema.maxItems(1_000)),
  project_id: optional(Schema.String),
  title: optional(Schema.String.pipe(Schema.maxLength(200)))
}).annotations({ identifier: "LegacyConversationBody" })

export const Project = Schema.Struct({
  id: Schema.String,
  name: Schema.String,
  description: Schema.NullOr(Schema.String)
}).annotations({ identifier: "LegacyProject" })

export const Projects = Schema.Struct({
  success: Schema.Boolean,
  projects: Schema.Array(Project),
  count: Schema.Int
}).annotations({ identifier: "LegacyProjects" })

export const ProjectBody = Schema.Struct({
  project_id: Schema.String.pipe(Schema.minLength(1), Schema.maxLength(200)),
  name: optional(Schema.String.pipe(Schema.maxLength(100))),
  description: optional(Schema.String.pipe(Schema.maxLength(1_000)))
}).annotations({ identifier: "LegacyProjectBody" })

export const CreatedProject = Schema.Struct({ success: Schema.Boolean, project: Project })
  .annotations({ identifier: "LegacyCreatedProject" })

const { get, post } = HttpApiEndpoint
const words = (description: string) => OpenApi.annotations({ description })

export const group = HttpApiGroup.make("legacy")
  .add(get("health", "/health").addSuccess(Health).annotateContext(words("Says that the service runs.")))
  .add(
    post("memorySearch", "/memory/search").setPayload(SearchBody).addSuccess(SearchAnswer)
      .annotateContext(words("Finds memories by a question."))
  )
  .add(
    post("memoryInject", "/memory/inject").setPayload(InjectBody).addSuccess(InjectAnswer)
      .annotateContext(words("Returns a prompt with the memories that it needs before it."))
  )
  .add(
    post("memoryStore", "/memory/store").setPayload(StoreBody).addSuccess(Stored)
      .annotateContext(words("Saves a memory."))
  )
  .add(
    post("conversationStore", "/conversation/store").setPayload(ConversationBody).addSuccess(Stored)
      .annotateContext(words("Stores a conversation, and makes memories of it."))
  )
  .add(get("projectsList", "/projects").addSuccess(Projects).annotateContext(words("Lists the projects.")))
  .add(
    post("projectsCreate", "/projects").setPayload(ProjectBody).addSuccess(CreatedProject)
      .annotateContext(words("Adds a project."))
  )
