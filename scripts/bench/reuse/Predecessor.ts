/**
 * Models how the predecessor, a Python program with aiohttp, held its connections to models, for a comparison with ours:
 *
 * - Each call of the compressor and of the retriever builds a model manager of its own.
 * - A manager opens its session when it first needs one. It awaits between looking for a session and storing the new one. So two
 *   concurrent calls each open a session, and later calls use the one stored last.
 * - Nothing is closed. Nothing refers to a manager after its call, so its sockets stay open only because nobody closes them.
 * - A session has the limits of an aiohttp ClientSession: 100 connections, each closed after 15 idle seconds.
 *
 * The cost of its models, prompts and databases is not modelled.
 */
import { performance } from "node:perf_hooks"
import { Agent, request } from "undici"

const SESSION = { connections: 100, keepAliveTimeout: 15_000, keepAliveMaxTimeout: 15_000 }

export interface Tally {
  sessions: number
  /** Sessions that a manager replaced by another and lost. */
  lost: number
  /** Time spent building managers and sessions, in milliseconds. */
  buildMs: number
}

class ModelManager {
  private session: Agent | undefined
  private readonly baseUrl: string
  private readonly tally: Tally

  constructor(baseUrl: string, tally: Tally) {
    this.baseUrl = baseUrl
    this.tally = tally
  }

  complete(prompt: string) {
    return this.post("/chat/completions", { model: "chat", messages: [{ role: "user", content: prompt }] })
  }

  embed(texts: ReadonlyArray<string>) {
    return this.post("/embeddings", { model: "embedding", input: texts, encoding_format: "float" })
  }

  private async post(path: string, body: object): Promise<unknown> {
    const { body: answer, statusCode } = await request(`${this.baseUrl}${path}`, {
      dispatcher: await this.opened(),
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body)
    })
    const value = await answer.json()
    return statusCode === 200 ? value : Promise.reject(new Error(`answered ${statusCode}`))
  }

  private async opened(): Promise<Agent> {
    if (this.session === undefined) {
      const session = await this.open()
      if (this.session !== undefined) this.tally.lost++
      this.session = session
    }
    return this.session
  }

  private async open(): Promise<Agent> {
    const start = performance.now()
    const session = new Agent(SESSION)
    this.tally.buildMs += performance.now() - start
    this.tally.sessions++
    return session
  }
}

const manager = (baseUrl: string, tally: Tally): ModelManager => {
  const start = performance.now()
  const made = new ModelManager(baseUrl, tally)
  tally.buildMs += performance.now() - start
  return made
}

/** The compressor's call: a completion and an embedding of one text. */
export const compress = (baseUrl: string, tally: Tally, text: string): Promise<unknown> => {
  const models = manager(baseUrl, tally)
  return Promise.all([models.complete(text), models.embed([text])])
}

/** The retriever's call: the embedding of a question. */
export const retrieve = (baseUrl: string, tally: Tally, text: string): Promise<unknown> =>
  manager(baseUrl, tally).embed([text])
