// Loads a server from a process of its own; the order comes on stdin as JSON, the result goes to stdout as JSON.
import autocannon from "autocannon"
import { Agent, request } from "node:http"

/** Sends the requests in turn on so many connections, for so many seconds. */
const loaded = async ({ connections, headers, requests, seconds, url }) => {
  const { "2xx": ok, errors, latency, non2xx, requests: { average }, statusCodeStats, timeouts } = await autocannon({
    url,
    connections,
    duration: seconds,
    headers,
    // Each connection begins with another request.
    setupClient: (client) => client.setRequests(rotated(requests))
  })
  return { ok, errors, timeouts, non2xx, statuses: statusCodeStats, perSecond: average, latency }
}

const rotated = (requests) => {
  const at = Math.floor(Math.random() * requests.length)
  return [...requests.slice(at), ...requests.slice(0, at)]
}

/**
 * Sends requests on kept connections until the server is gone; says on stderr when it has begun. A request is lost when its connection was
 * there and broke before the answer was whole.
 */
const untilGone = async ({ connections, headers, requests, url }) => {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const counts = { answered: 0, refused: 0, lost: 0, codes: {} }
  const once = ({ body, method, path }) =>
    new Promise((resolve) => {
      const sent = request(new URL(path, url), { method, agent, headers }, (response) => {
        response.on("data", () => {}).on("end", () => resolve("answered")).on("error", () => resolve("lost"))
      })
      sent.on("error", ({ code }) => {
        counts.codes[code] = (counts.codes[code] ?? 0) + 1
        resolve(code === "ECONNREFUSED" ? "refused" : "lost")
      }).end(body)
    })
  await Promise.all(Array.from({ length: connections }, async (_, i) => {
    for (let n = i;; n++) {
      const outcome = await once(requests[n % requests.length])
      counts[outcome]++
      if (counts.answered === connections * 2) process.stderr.write("begun\n")
      if (outcome !== "answered") return
    }
  }))
  return counts
}

const parts = []
for await (const part of process.stdin) parts.push(part)
const order = JSON.parse(Buffer.concat(parts).toString("utf8"))
process.stdout.write(JSON.stringify(await (order.untilGone === true ? untilGone(order) : loaded(order))))
process.exit(0)
