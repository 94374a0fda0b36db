/**
 * Providers of models by name: where they are, under which names people keep their keys, and what they take.
 */

import type * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"

export const ROLES = ["light", "heavy", "embedding", "rerank"] as const
export type Role = typeof ROLES[number]

/** The interface that a provider speaks; one file each in this folder. */
export type DialectName = "anthropic" | "gemini" | "openai" | "voyage"

/** A model at a provider. */
export interface Endpoint {
  readonly provider: string
  readonly model: string
  /** What stands before the paths of its dialect. */
  readonly baseUrl: string
  readonly apiKey: Option.Option<Redacted.Redacted>
  /** Of its embeddings; asked of the model when it isn't given. */
  readonly dimension?: number
}

/**
 * How JSON of a given shape is asked for: by its schema, by words with the promise that it is JSON, or by words alone. Each asks less of a
 * server than the one before.
 */
export const STRUCTURES = ["schema", "words", "words alone"] as const
export type Structure = typeof STRUCTURES[number]

export interface Preset {
  readonly dialect: DialectName
  /** What it has models for. */
  readonly roles: ReadonlyArray<Role>
  /** What stands before the paths of the dialect. */
  readonly baseUrl: string
  /** Settings that name another address or a key, the first that is set counts. */
  readonly baseUrlNames: ReadonlyArray<string>
  readonly keyNames: ReadonlyArray<string>
  readonly needsKey: boolean
  readonly structure: Structure
  /** Of one request for embeddings. */
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

/** Limits are the providers' own where they publish them (docs/providers.md). */
export const PRESETS: Readonly<Record<string, Preset>> = {
  openai: {
    ...openAiCompatible,
    baseUrl: "https://api.openai.com/v1",
    baseUrlNames: ["OPENAI_BASE_URL"],
    keyNames: ["OPENAI_API_KEY"],
    // An address of one's own is often a server without keys.
    needsKey: false,
    inputTokens: 300_000
  },
  siliconflow: {
    ...openAiCompatible,
    roles: ALL,
    baseUrl: "https://api.siliconflow.cn/v1",
    baseUrlNames: ["SILICONFLOW_BASE_URL"],
    keyNames: ["SILICONFLOW_API_KEY", "MODELS__SILICONFLOW_API_KEY"],
    structure: "words",
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
    structure: "words"
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
    structure: "words",
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

/** Any other name is of a server that speaks OpenAI's interface. */
export const presetOf = (provider: string): Preset => PRESETS[provider] ?? PRESETS["openai"]!
