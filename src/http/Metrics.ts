/**
 * Counts requests, and writes the numbers of the server and the memory for Prometheus. docs/http.md lists them.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { version } from "../process/version.ts"
import * as RunFile from "../resources/monitor/RunFile.ts"
import { ClaudeMemory } from "../serve/ClaudeMemory.ts"
import type { StoreError } from "../store/MemoryStore.ts"
import { Activity } from "./Activity.ts"
import { Service } from "./Service.ts"

/** Upper bounds of the buckets of latencies, in seconds. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] as const

interface Histogram {
  readonly counts: Array<number>
  sum: number
  total: number
}

type Labels = Readonly<Record<string, string>>

const escaped = (value: string) => value.replace(/[\\"\n]/g, (char) => char === "\n" ? "\\n" : `\\${char}`)

const sample = (name: string, labels: Labels, value: number) => {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}="${escaped(value)}"`).join(",")
  return `${name}${pairs === "" ? "" : `{${pairs}}`} ${value}`
}

type Kind = "counter" | "gauge" | "histogram"

const family = (name: string, kind: Kind, help: string, samples: ReadonlyArray<string>) => [
  `# HELP ${name} ${help}`,
  `# TYPE ${name} ${kind}`,
  ...samples
]

const single = (name: string, kind: Kind, help: string, value: number) =>
  family(name, kind, help, [sample(name, {}, value)])

export const make = Effect.gen(function*() {
  const memory = yield* ClaudeMemory
  const { home } = yield* Service
  const activity = yield* Activity
  const started = yield* Clock.currentTimeMillis
  /** By method, route and status: as many as the API has. */
  const requests = new Map<string, { readonly labels: Labels; count: number }>()
  const latencies = new Map<string, { readonly labels: Labels } & Histogram>()

  const count = (method: string, route: string, status: number, seconds: number) => {
    const labels = { method, route }
    const key = `${method} ${route}`
    const request = requests.get(`${key} ${status}`) ?? { labels: { ...labels, status: String(status) }, count: 0 }
    request.count++
    requests.set(`${key} ${status}`, request)
    const latency = latencies.get(key) ?? { labels, counts: BUCKETS.map(() => 0), sum: 0, total: 0 }
    BUCKETS.forEach((bound, i) => {
      if (seconds <= bound) latency.counts[i]!++
    })
    latency.sum += seconds
    latency.total++
    latencies.set(key, latency)
  }

  const text = Effect.gen(function*() {
    const { files, indexing, lines, messages, pending, projects, sessions, units } = yield* memory.status
    const size = yield* memory.size
    const now = yield* Clock.currentTimeMillis
    const { running } = yield* RunFile.survey(home)
    const { heapUsed, rss } = process.memoryUsage()
    const skipped = Object.values(lines.skipped).reduce((sum, n) => sum + n, 0)
    return [
      ...family("claude_memory_info", "gauge", "Version of the program.", [
        sample("claude_memory_info", { version }, 1)
      ]),
      ...single(
        "claude_memory_uptime_seconds",
        "gauge",
        "Time since the server started.",
        (now - started) / 1_000
      ),
      ...family(
        "claude_memory_http_requests_total",
        "counter",
        "Requests answered, by method, route and status.",
        [...requests.values()].map(({ count, labels }) => sample("claude_memory_http_requests_total", labels, count))
      ),
      ...family(
        "claude_memory_http_request_seconds",
        "histogram",
        "Time until a request was answered.",
        [...latencies.values()].flatMap(({ counts, labels, sum, total }) => [
          ...BUCKETS.map((bound, i) =>
            sample("claude_memory_http_request_seconds_bucket", { ...labels, le: String(bound) }, counts[i]!)
          ),
          sample("claude_memory_http_request_seconds_bucket", { ...labels, le: "+Inf" }, total),
          sample("claude_memory_http_request_seconds_sum", labels, sum),
          sample("claude_memory_http_request_seconds_count", labels, total)
        ])
      ),
      ...single(
        "claude_memory_http_streams",
        "gauge",
        "Streams that are open: pages that listen, and exports.",
        activity.streams()
      ),
      ...family(
        "claude_memory_units",
        "gauge",
        "Memories by type.",
        Object.entries(units.byType).map(([type, n]) => sample("claude_memory_units", { type }, n))
      ),
      ...single("claude_memory_projects", "gauge", "Projects.", projects.length),
      ...single("claude_memory_sessions", "gauge", "Sessions.", sessions),
      ...single("claude_memory_messages", "gauge", "Stored messages.", messages),
      ...single("claude_memory_transcripts", "gauge", "Transcripts that were read.", files),
      ...family("claude_memory_lines", "gauge", "Lines of transcripts by outcome.", [
        sample("claude_memory_lines", { outcome: "stored" }, lines.stored),
        sample("claude_memory_lines", { outcome: "skipped" }, skipped),
        sample("claude_memory_lines", { outcome: "dead_letter" }, lines.deadLetter)
      ]),
      ...single("claude_memory_pending_work", "gauge", "Queued work.", pending),
      ...single("claude_memory_indexing", "gauge", "Memories that wait for the index.", indexing),
      ...(size === undefined
        ? []
        : [
          ...single(
            "claude_memory_size_bytes",
            "gauge",
            "Bytes that the memory takes, without what was forgotten.",
            size.bytes
          ),
          ...single("claude_memory_size_limit_bytes", "gauge", "The limit of that; 0 for none.", size.limit)
        ]),
      ...family(
        "claude_memory_open_handles",
        "gauge",
        "Handles in the ledger of each process over this memory.",
        running.map(({ command, pid, resources }) =>
          sample("claude_memory_open_handles", { command, pid: String(pid) }, resources.length)
        )
      ),
      ...family(
        "claude_memory_unaccounted_handles",
        "gauge",
        "Handles of each process that its ledger does not account for.",
        running.map(({ command, drift, pid }) =>
          sample(
            "claude_memory_unaccounted_handles",
            { command, pid: String(pid) },
            Object.values(drift).reduce<number>((sum, n) => sum + Math.max(0, n ?? 0), 0)
          )
        )
      ),
      ...single("process_resident_memory_bytes", "gauge", "Resident memory of the server.", rss),
      ...single("nodejs_heap_size_used_bytes", "gauge", "Used heap of the server.", heapUsed),
      ""
    ].join("\n")
  })

  return { count, text }
})

export class Metrics extends Context.Tag("claude-memory/http/Metrics")<Metrics, {
  /** Counts an answered request. `route` is a path of the API, or "other". */
  readonly count: (method: string, route: string, status: number, seconds: number) => void
  readonly text: Effect.Effect<string, StoreError>
}>() {}
