/**
 * Presets of model providers: their addresses, the environment variables that hold their keys, and their limits.
 */

import type * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"

export const ROLES = ["light", "heavy", "embedding", "rerank"] as const
export type Role = typeof ROLES[number]

/** The API that a provider speaks; each has a file in providers/. */
export type DialectName = "anthropic" | "gemini" | "openai" | "voyage"

/** A model at a provider. */
export interface Endpoint {
  readonly provider: string
  readonly model: string
  /** URL before the dialect's paths. */
  readonly baseUrl: string
  readonly apiKey: Option.Option<Redacted.Redacted>
  /** Dimension of its embeddings; learned from the model when omitted. */
  readonly dimension?: number
}

/**
 * Ways to ask for JSON of a given shape: `schema` sends the schema; `json mode` describes the schema in the prompt and
 * turns on JSON mode; `prompt only` does without JSON mode. Each demands less of a server than the one before.
 */
export const STRUCTURES = ["schema", "json mode", "prompt only"] as const
export type Structure = typeof STRUCTURES[number]

export interface Preset {
  readonly dialect: DialectName
  /** Roles that its models can have. */
  readonly roles: ReadonlyArray<Role>
  /** URL before the dialect's paths. */
  readonly baseUrl: string
  /** Environment variables that hold another base URL, or the key (`keyNames`); the first one that is set counts. */
  readonly baseUrlNames: ReadonlyArray<string>
  readonly keyNames: ReadonlyArray<string>
  readonly needsKey: boolean
  readonly structure: Structure
  /** Maximum number of texts in one request for embeddings; `inputTokens` is their maximum total. */
  readonly inputs: number
  readonly inputTokens: number
}

const ALL: ReadonlyArray<Role> = ["light", "heavy", "embedding", "rerank"]
const CHAT: ReadonlyArray<Role> = ["light", "heavy"]
const CHAT_AND_EMBEDDING: ReadonlyArray<Role> = ["light", "heavy", "embedding"]

const openAiCompatible = {
  dialect: "openai",
  roles: CHAT_AND_EMBEDDING,
  needsKey: true,
  structure: "schema",
  inputs: 64,
  inputTokens: 100_000
} as const

/** The limits are the providers' own where published (docs/providers.md). */
export const PRESETS: Readonly<Record<string, Preset>> = {
  openai: {
    ...openAiCompatible,
    baseUrl: "https://api.openai.com/v1",
    baseUrlNames: ["OPENAI_BASE_URL"],
    keyNames: ["OPENAI_API_KEY"],
    // OPENAI_BASE_URL often names a private server without keys.
    needsKey: false,
    inputTokens: 300_000
  },
  siliconflow: {
    ...openAiCompatible,
    roles: ALL,
    baseUrl: "https://api.siliconflow.cn/v1",
    baseUrlNames: ["SILICONFLOW_BASE_URL"],
    keyNames: ["SILICONFLOW_API_KEY", "MODELS__SILICONFLOW_API_KEY"],
    structure: "json mode",
    inputs: 32
  },
  openrouter: {
    ...openAiCompatible,
    roles: ALL,
    baseUrl: "https://openrouter.ai/api/v1",
    baseUrlNames: ["OPENROUTER_BASE_URL"],
    keyNames: ["OPENROUTER_API_KEY", "MODELS__OPENROUTER_API_KEY"]
  },
  deepseek: {
    ...openAiCompatible,
    roles: CHAT,
    baseUrl: "https://api.deepseek.com",
    baseUrlNames: ["DEEPSEEK_BASE_URL"],
    keyNames: ["DEEPSEEK_API_KEY"],
    structure: "json mode"
  },
  ollama: {
    ...openAiCompatible,
    baseUrl: "http://127.0.0.1:11434/v1",
    baseUrlNames: ["OLLAMA_BASE_URL", "OLLAMA_HOST"],
    keyNames: ["OLLAMA_API_KEY"],
    needsKey: false
  },
  vllm: {
    ...openAiCompatible,
    roles: ALL,
    baseUrl: "http://127.0.0.1:8000/v1",
    baseUrlNames: ["VLLM_BASE_URL"],
    keyNames: ["VLLM_API_KEY"],
    needsKey: false
  },
  lmstudio: {
    ...openAiCompatible,
    baseUrl: "http://127.0.0.1:1234/v1",
    baseUrlNames: ["LM_STUDIO_BASE_URL", "LM_STUDIO_API_BASE"],
    keyNames: ["LM_STUDIO_API_KEY"],
    needsKey: false
  },
  gemini: {
    dialect: "gemini",
    roles: CHAT_AND_EMBEDDING,
    baseUrl: "https://generativelanguage.googleapis.com",
    baseUrlNames: ["GEMINI_BASE_URL"],
    keyNames: ["GEMINI_API_KEY", "GOOGLE_API_KEY", "MODELS__GEMINI_API_KEY"],
    needsKey: true,
    structure: "schema",
    inputs: 100,
    inputTokens: 100_000
  },
  anthropic: {
    dialect: "anthropic",
    roles: CHAT,
    baseUrl: "https://api.anthropic.com",
    baseUrlNames: ["ANTHROPIC_BASE_URL"],
    keyNames: ["ANTHROPIC_API_KEY"],
    needsKey: true,
    structure: "schema",
    inputs: 0,
    inputTokens: 0
  },
  voyage: {
    dialect: "voyage",
    roles: ["embedding", "rerank"],
    baseUrl: "https://api.voyageai.com/v1",
    baseUrlNames: ["VOYAGE_BASE_URL"],
    keyNames: ["VOYAGE_API_KEY"],
    needsKey: true,
    structure: "json mode",
    inputs: 128,
    inputTokens: 100_000
  },
  jina: {
    ...openAiCompatible,
    roles: ["rerank"],
    baseUrl: "https://api.jina.ai/v1",
    baseUrlNames: ["JINA_BASE_URL"],
    keyNames: ["JINA_API_KEY"]
  },
  cohere: {
    ...openAiCompatible,
    roles: ["rerank"],
    baseUrl: "https://api.cohere.com/v2",
    baseUrlNames: ["COHERE_BASE_URL"],
    keyNames: ["CO_API_KEY", "COHERE_API_KEY"]
  }
}

/** Returns a provider's preset. An unknown provider is taken to speak OpenAI's API. */
export const presetOf = (provider: string): Preset => PRESETS[provider] ?? PRESETS["openai"]!
