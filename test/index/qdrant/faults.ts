/**
 * Lists the faults of a Qdrant server, or of a program in its place, and the result that the caller must get.
 */
import * as DateTime from "effect/DateTime"
import type { DurationInput } from "effect/Duration"
import type * as Effect from "effect/Effect"
import { createPrivateKey } from "node:crypto"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import type { Qdrant, QdrantError } from "../../../src/index/qdrant/Qdrant.ts"
import { root } from "../../data.ts"
import { error, type Fault as Behaviour, json, text } from "./StandIn.ts"

export const KEY = "secret-key-of-qdrant"
/** Collection that exists before a fault of `call` begins. */
export const COLLECTION = "memories"
const ID = "00000000-0000-4000-8000-000000000001"

const tlsFile = (name: string) => readFileSync(join(root, "test", "fixtures", "qdrant-tls", name))
/** Self-signed certificate for localhost, valid until 2126. Its key is stored as DER, since scanners look for PEM. */
export const tls = {
  cert: tlsFile("cert.pem").toString(),
  key: createPrivateKey({ key: tlsFile("key.der"), format: "der", type: "pkcs8" })
    .export({ format: "pem", type: "pkcs8" }).toString()
}

const CALLS = {
  query: ({ query }: Qdrant["Type"]) =>
    query(COLLECTION, { lanes: [{ using: "dense", vector: [1, 0], limit: 1 }], filter: [], limit: 1 }),
  upsert: ({ upsert }: Qdrant["Type"]) => upsert(COLLECTION, [{ id: ID, vectors: { dense: [1, 0] }, payload: {} }]),
  missing: ({ count }: Qdrant["Type"]) => count("nothing", []),
  "wrong dimension": ({ upsert }: Qdrant["Type"]) =>
    upsert(COLLECTION, [{ id: ID, vectors: { dense: [1, 0, 0] }, payload: {} }]),
  collection: ({ collection }: Qdrant["Type"]) => collection(COLLECTION),
  createCollection: ({ createCollection }: Qdrant["Type"]) =>
    createCollection(COLLECTION, { dense: { dense: 2 }, sparse: [], metadata: {}, shards: 1, replicas: 1 })
}

export const call = (
  name: keyof typeof CALLS
): (qdrant: Qdrant["Type"]) => Effect.Effect<unknown, QdrantError> => CALLS[name]

/** `here`: the stand-in. `nobody`: a port without a listener. `echo`: a server without HTTP that echoes its input. */
export type Place =
  | "here"
  | "nobody"
  | "no host"
  | "echo"
  | "tls"
  | "https to a plain port"
  | "http to a TLS port"
  | "path"

export interface Fault {
  readonly name: string
  readonly place?: Place
  /** `handshake`: the fault affects requests from the first on; `call`: only those after the handshake. */
  readonly during: "handshake" | "call"
  readonly call?: keyof typeof CALLS
  /** Returns the fault for the nth affected request, counted from 0; `other` is another server's origin. */
  readonly does?: (nth: number, other: string) => Behaviour | undefined
  readonly key?: string
  readonly retries?: number
  readonly waits?: DurationInput
  readonly within?: DurationInput
  readonly gives: QdrantError["reason"] | "an answer"
  /** Number of affected requests that the client sends. */
  readonly requests: number
  /** Pattern of the error's message. */
  readonly says?: RegExp
  /** Least duration of the call, in milliseconds. */
  readonly takes?: number
}

const always = (fault: Behaviour) => () => fault
const once = (fault: Behaviour) => (nth: number) => nth === 0 ? fault : undefined

/** Returns a date 1 to 2 seconds from now: its form has no fractions of a second. */
const soon = () => DateTime.toDate(DateTime.add(DateTime.unsafeNow(), { seconds: 2 })).toUTCString()
const page = (status: number, title: string) =>
  text(status, `<html><head><title>${title}</title></head><body>${title}</body></html>`, {
    "content-type": "text/html"
  })
const limited = (retryAfter?: string) =>
  error(
    429,
    "Rate limiting exceeded: Read rate limit exceeded",
    retryAfter === undefined ? {} : { "retry-after": retryAfter }
  )

const ELSEWHERE = json(200, { name: "node-1", cluster_name: "es", version: { number: "8.15.0" }, tagline: "You Know" })

export const faults: ReadonlyArray<Fault> = [
  // Refusals by Qdrant.
  {
    name: "400",
    during: "call",
    call: "wrong dimension",
    gives: "Rejected",
    requests: 1,
    says: /expected dim: 2, got 3/
  },
  {
    name: "401, no key",
    during: "handshake",
    key: "",
    gives: "Unauthorized",
    requests: 2,
    says: /QDRANT_API_KEY.*401/
  },
  {
    name: "401, another key",
    during: "handshake",
    key: "of-another-server",
    gives: "Unauthorized",
    requests: 2,
    says: /QDRANT_API_KEY.*401.*Invalid API key/
  },
  {
    name: "a key that no header carries",
    during: "handshake",
    key: "secret-key-öf-qdränt-\n…",
    gives: "Unauthorized",
    requests: 0,
    says: /QDRANT_API_KEY/
  },
  {
    name: "403 that repeats the key",
    during: "call",
    does: always(text(403, `Forbidden: ${KEY} is for reading only`)),
    gives: "Unauthorized",
    requests: 1,
    says: /403.*Forbidden: … is for reading/
  },
  { name: "404 of a collection", during: "call", call: "missing", gives: "NotFound", requests: 1, says: /nothing/ },
  {
    name: "404 of a page, for a collection",
    during: "call",
    call: "collection",
    does: always(page(404, "Not Found")),
    gives: "NotQdrant",
    requests: 1,
    says: /path/
  },
  { name: "409, made already", during: "call", call: "createCollection", gives: "an answer", requests: 1 },
  {
    name: "422",
    during: "call",
    does: always(error(422, "Validation error in JSON body: [limit: value 0 invalid, must be 1 or larger]")),
    gives: "Rejected",
    requests: 1,
    says: /must be 1 or larger/
  },
  {
    name: "507",
    during: "call",
    call: "upsert",
    does: always(error(507, "Insufficient storage: disk usage is at 95%")),
    retries: 2,
    gives: "Full",
    requests: 1,
    says: /make room/
  },
  {
    name: "500 of a full disk",
    during: "call",
    call: "upsert",
    does: always(
      error(
        500,
        "Service internal error: No space left on device: WAL buffer size exceeds available disk space"
      )
    ),
    retries: 2,
    gives: "Full",
    requests: 1,
    says: /make room/
  },
  {
    name: "403 of a key that only reads",
    during: "call",
    call: "upsert",
    does: always(error(403, "Forbidden: Global manage access is required")),
    gives: "Unauthorized",
    requests: 1,
    says: /may read and not write/
  },
  {
    name: "405",
    during: "call",
    does: always(error(405, "Qdrant is running in standalone mode")),
    gives: "Rejected",
    requests: 1,
    says: /standalone/
  },
  // Transient failures.
  ...([408, 429, 500, 503] as const).flatMap((status): ReadonlyArray<Fault> => [
    {
      name: `${status}, once`,
      during: "call",
      does: once(error(status, "busy")),
      gives: "an answer",
      requests: 2
    },
    {
      name: `${status} that lasts`,
      during: "call",
      does: always(error(status, "busy")),
      retries: 2,
      gives: status === 408 ? "TimedOut" : status === 429 ? "RateLimited" : "Failed",
      requests: 3,
      says: /busy/
    }
  ]),
  {
    name: "503 without retries",
    during: "call",
    does: always(error(503, "busy")),
    retries: 0,
    gives: "Failed",
    requests: 1
  },
  {
    name: "503 of a write, once",
    during: "call",
    call: "upsert",
    does: once(error(503, "busy")),
    gives: "an answer",
    requests: 2
  },
  { name: "429, Retry-After 1", during: "call", does: once(limited("1")), gives: "an answer", requests: 2, takes: 990 },
  {
    name: "429, Retry-After 10, which is longer than allowed",
    during: "call",
    does: always(limited("10")),
    gives: "RateLimited",
    requests: 1,
    says: /429/
  },
  {
    name: "429, Retry-After as a date",
    during: "call",
    does: (nth) => nth === 0 ? limited(soon()) : undefined,
    gives: "an answer",
    requests: 2,
    takes: 990
  },
  {
    name: "429 that lasts, Retry-After 0",
    during: "call",
    does: always(limited("0")),
    gives: "RateLimited",
    requests: 2
  },
  { name: "reset", during: "call", does: always("resets"), gives: "Away", requests: 2, says: /closed the connection/ },
  { name: "reset, once", during: "call", does: once("resets"), gives: "an answer", requests: 2 },
  {
    name: "reset of a write, once",
    during: "call",
    call: "upsert",
    does: once("resets in its answer"),
    gives: "an answer",
    requests: 2
  },
  {
    name: "reset in the answer",
    during: "call",
    does: always("resets in its answer"),
    gives: "Away",
    requests: 2,
    says: /broke off/
  },
  {
    name: "half an answer",
    during: "call",
    does: always("cuts its answer"),
    gives: "Damaged",
    requests: 2,
    says: /no JSON/
  },
  { name: "half an answer, once", during: "call", does: once("cuts its answer"), gives: "an answer", requests: 2 },
  {
    name: "it never answers",
    during: "call",
    does: always("hangs"),
    within: "600 millis",
    retries: 0,
    gives: "TimedOut",
    requests: 1,
    says: /no answer within 600ms.*busy/
  },
  {
    name: "it stops in its answer",
    during: "call",
    does: always("hangs in its answer"),
    within: "600 millis",
    gives: "TimedOut",
    requests: 2,
    says: /no answer within 600ms/
  },
  {
    name: "a write that is only acknowledged",
    during: "call",
    call: "upsert",
    does: always("acknowledges"),
    gives: "TimedOut",
    requests: 1,
    says: /not finished writing/
  },
  {
    name: "a write that is waited for too long",
    during: "call",
    call: "upsert",
    does: always("waits"),
    gives: "TimedOut",
    requests: 1,
    says: /not finished writing/
  },
  {
    name: "two of three nodes are away",
    during: "call",
    does: always(error(500, "Service internal error: 2 of 2 read operations failed")),
    gives: "Away",
    requests: 2,
    says: /too few of its nodes.*start the others/
  },
  {
    name: "two of three nodes are away, at one attempt",
    during: "call",
    does: once(error(500, "Service internal error: 2 of 2 read operations failed")),
    gives: "an answer",
    requests: 2
  },
  {
    name: "a replica hangs, which delays a write",
    during: "call",
    call: "upsert",
    does: always({ afterMs: 1_200 }),
    gives: "an answer",
    requests: 1,
    takes: 1_190
  },
  {
    name: "it starts slowly: 503 twice",
    during: "handshake",
    does: (nth) => nth < 2 ? error(503, "starting") : undefined,
    retries: 2,
    gives: "an answer",
    requests: 5
  },
  // Another program, or an unsupported version.
  {
    name: "an answer of another form",
    during: "call",
    does: always(json(200, { hits: [] })),
    gives: "Damaged",
    requests: 1,
    says: /is Qdrant at that address/
  },
  {
    name: "202",
    during: "call",
    does: always(json(202, { status: "accepted", time: 0 })),
    gives: "Damaged",
    requests: 1,
    says: /202/
  },
  {
    name: "1.17",
    during: "handshake",
    does: always({ version: "1.17.1" }),
    gives: "Incompatible",
    requests: 1,
    says: /1\.17\.1.*1\.18 to 1\.19.*upgrade/
  },
  {
    name: "0.11",
    during: "handshake",
    does: always({ version: "0.11.0" }),
    gives: "Incompatible",
    requests: 1,
    says: /0\.11\.0/
  },
  {
    name: "2.0",
    during: "handshake",
    does: always({ version: "2.0.0" }),
    gives: "Incompatible",
    requests: 1,
    says: /2\.0\.0.*1\.18 to 1\.19.*upgrade claude-memory/
  },
  {
    name: "no version",
    during: "handshake",
    does: always({ version: "dev" }),
    gives: "Incompatible",
    requests: 1,
    says: /dev/
  },
  { name: "1.20", during: "handshake", does: once({ version: "1.20.0" }), gives: "an answer", requests: 3 },
  { name: "1.18", during: "handshake", does: once({ version: "1.18.3" }), gives: "an answer", requests: 3 },
  {
    name: "Elasticsearch",
    during: "handshake",
    does: always(ELSEWHERE),
    gives: "NotQdrant",
    requests: 1,
    says: /something else.*URL/
  },
  {
    name: "a page (200)",
    during: "handshake",
    does: always(page(200, "Welcome")),
    gives: "NotQdrant",
    requests: 1,
    says: /something else.*URL/
  },
  {
    name: "a page (404)",
    during: "handshake",
    does: always(page(404, "Not Found")),
    gives: "NotQdrant",
    requests: 1,
    says: /path.*404/
  },
  {
    name: "a path that is not there",
    during: "handshake",
    place: "path",
    gives: "NotQdrant",
    requests: 1,
    says: /path.*404/
  },
  {
    name: "redirect to another origin",
    during: "call",
    does: (_, other) => text(307, "", { location: `${other}/collections` }),
    gives: "NotQdrant",
    requests: 1,
    says: /redirect.*not followed/
  },
  {
    name: "redirect to another origin, at first",
    during: "handshake",
    does: (_, other) => text(302, "", { location: other }),
    gives: "NotQdrant",
    requests: 1,
    says: /redirect.*not followed/
  },
  {
    name: "no HTTP, and it repeats the request",
    during: "handshake",
    place: "echo",
    gives: "NotQdrant",
    requests: 0,
    says: /no HTTP server.*6333/
  },
  // Proxies.
  ...([502, 503, 504] as const).map((status): Fault => ({
    name: `${status} of a proxy`,
    during: "call",
    does: always(page(status, "nginx")),
    gives: "Proxy",
    requests: 2,
    says: /stands before it.*running behind it/
  })),
  {
    name: "407",
    during: "handshake",
    does: always(page(407, "Proxy Authentication Required")),
    gives: "Proxy",
    requests: 1,
    says: /proxy.*password/
  },
  {
    name: "nobody listens",
    during: "handshake",
    place: "nobody",
    gives: "Away",
    requests: 0,
    says: /start Qdrant.*ECONNREFUSED/
  },
  {
    name: "no such host",
    during: "handshake",
    place: "no host",
    gives: "Away",
    requests: 0,
    says: /host.*(?:ENOTFOUND|EAI_AGAIN)/
  },
  {
    name: "a certificate of nobody",
    during: "handshake",
    place: "tls",
    gives: "Tls",
    requests: 0,
    says: /NODE_EXTRA_CA_CERTS.*DEPTH_ZERO/
  },
  {
    name: "https to a plain port",
    during: "handshake",
    place: "https to a plain port",
    gives: "Tls",
    requests: 0,
    says: /http:\/\//
  },
  {
    name: "http to a TLS port",
    during: "handshake",
    place: "http to a TLS port",
    gives: "Away",
    requests: 0,
    says: /https/
  }
]
