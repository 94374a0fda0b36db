/**
 * Names what a process keeps of each cycle: it compares two inventories of its heap and of its descriptors.
 */
import * as Effect from "effect/Effect"
import { readdirSync, readFileSync, readlinkSync } from "node:fs"
import { getHeapSnapshot } from "node:v8"
import { collect } from "./garbage.ts"

/** V8's heap snapshot: `nodes` and `edges` are flat, with the fields that `meta` names. */
interface Snapshot {
  readonly snapshot: {
    readonly meta: {
      readonly node_fields: ReadonlyArray<string>
      readonly node_types: readonly [ReadonlyArray<string>, ...ReadonlyArray<unknown>]
      readonly edge_fields: ReadonlyArray<string>
      readonly edge_types: readonly [ReadonlyArray<string>, ...ReadonlyArray<unknown>]
    }
  }
  readonly nodes: ReadonlyArray<number>
  readonly edges: ReadonlyArray<number>
  readonly strings: ReadonlyArray<string>
}

const takeSnapshot = Effect.zipRight(
  collect,
  Effect.promise(async () => {
    const parts: ReadonlyArray<string | Buffer> = await getHeapSnapshot().toArray()
    return JSON.parse(parts.map(String).join("")) as Snapshot
  })
)

/** Reads the fields of a snapshot's nodes by the node's number. */
const reading = ({ edges, nodes, snapshot: { meta }, strings }: Snapshot) => {
  const width = meta.node_fields.length
  const at = (field: string) => meta.node_fields.indexOf(field)
  const [type, name, id, size, edgeCount] = [at("type"), at("name"), at("id"), at("self_size"), at("edge_count")]
  const types = meta.node_types[0]
  const edgeWidth = meta.edge_fields.length
  const edgeTypes = meta.edge_types[0]
  const count = nodes.length / width
  const typeOf = (node: number) => types[nodes[node * width + type]!]!
  return {
    count,
    typeOf,
    idOf: (node: number) => nodes[node * width + id]!,
    sizeOf: (node: number) => nodes[node * width + size]!,
    /** Texts are one class, and so are arrays; an object is of its constructor, a closure of its function. */
    classOf: (node: number) => {
      const kind = typeOf(node)
      const called = strings[nodes[node * width + name]!]!
      return /string/.test(kind) ? "text" : kind === "object" || kind === "native" ? called : `${kind} ${called}`.trim()
    },
    edgeCountOf: (node: number) => nodes[node * width + edgeCount]!,
    edge: (index: number) => {
      const kind = edgeTypes[edges[index * edgeWidth]!]!
      const key = edges[index * edgeWidth + 1]!
      // The elements of a list, and what V8 has no name for, have numbers.
      const hasNumber = kind === "element" || kind === "hidden"
      return { kind, name: hasNumber ? "" : strings[key]!, to: edges[index * edgeWidth + 2]! / width }
    }
  }
}
type Reading = ReturnType<typeof reading>

/** V8 numbers its objects by odd ids in the order of their age; the even ones of native objects are hashes. */
const isNumbered = (id: number) => id % 2 === 1

/** What V8 makes of code as it runs. */
const OF_CODE = new Set(["code", "hidden", "object shape", "synthetic"])

/** The heap before the cycles: the number of objects of each class, and the id of the newest. */
class FirstInventory {
  readonly numbers: ReadonlyMap<string, number>
  readonly newest: number

  constructor(heap: Reading) {
    this.numbers = countClasses(heap)
    let newest = 0
    for (let node = 0; node < heap.count; node++) {
      const id = heap.idOf(node)
      if (isNumbered(id) && id > newest) newest = id
    }
    this.newest = newest
  }
}

const countClasses = (heap: Reading): ReadonlyMap<string, number> => {
  const classes = new Map<string, number>()
  for (let node = 0; node < heap.count; node++) {
    if (OF_CODE.has(heap.typeOf(node))) continue
    const name = heap.classOf(node)
    classes.set(name, (classes.get(name) ?? 0) + 1)
  }
  return classes
}

const TABLE_OF_TEXTS = "synthetic (Internalized strings)"

/** The shortest way from the root to each node: the edge on it, and the node before it. */
const waysFromRoot = (heap: Reading) => {
  const [edgeTo, before] = [new Int32Array(heap.count).fill(-1), new Int32Array(heap.count).fill(-1)]
  const first = new Int32Array(heap.count + 1)
  for (let node = 0; node < heap.count; node++) first[node + 1] = first[node]! + heap.edgeCountOf(node)
  const queue = new Int32Array(heap.count)
  let end = 1
  for (let i = 0; i < end; i++) {
    const node = queue[i]!
    for (let index = first[node]!; index < first[node + 1]!; index++) {
      const { kind, to } = heap.edge(index)
      // The table of texts holds none of them alive.
      if (kind === "weak" || to === 0 || before[to] !== -1 || heap.classOf(to) === TABLE_OF_TEXTS) continue
      before[to] = node
      edgeTo[to] = index
      queue[end++] = to
    }
  }
  return { before, edgeTo }
}

/** Steps of a way that are shown, those next to what is held. */
const STEPS = 6

/** Descriptors by what they are open on; the peer of a socket is told by its address, or the name of that. */
const descriptors = (names: ReadonlyMap<string, string>): ReadonlyMap<string, number> => {
  const address = (hex: string) => {
    const [host = "", port = ""] = hex.split(":")
    const bytes = host.match(/../g)?.reverse().map((byte) => Number.parseInt(byte, 16)).join(".") ?? ""
    return `${bytes}:${Number.parseInt(port, 16)}`
  }
  const peers = new Map<string, string>()
  for (const line of readFileSync("/proc/self/net/tcp", "utf8").split("\n").slice(1)) {
    const [, local = "", remote = "", , , , , , , inode = ""] = line.trim().split(/\s+/)
    if (inode === "") continue
    const [own, other] = [address(local), address(remote)]
    peers.set(
      `socket:[${inode}]`,
      names.has(own) ? `socket at the end of ${names.get(own)}` : `socket to ${names.get(other) ?? other}`
    )
  }
  const counts = new Map<string, number>()
  for (const fd of readdirSync("/proc/self/fd")) {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`)
      const name = peers.get(target) ?? `descriptor of ${target.replace(/\d+/g, "N")}`
      counts.set(name, (counts.get(name) ?? 0) + 1)
    } catch {
      // The listing's own descriptor is closed by now.
    }
  }
  return counts
}

/** Part of the cycles in which something must have been kept to be named. */
const OFTEN = 0.9
/** Groups that are named, the largest first. */
const SHOWN = 4

const moreInEach = (number: number, cycles: number) => `${Number((number / cycles).toFixed(1))} more with each cycle`

/** Groups what is new of the classes that have grown by what holds it. */
const heldBy = (heap: Reading, grown: ReadonlySet<string>, newest: number) => {
  const { before, edgeTo } = waysFromRoot(heap)
  const isNew = (node: number) =>
    isNumbered(heap.idOf(node)) && heap.idOf(node) > newest && grown.has(heap.classOf(node))
  const groups = new Map<string, { number: number; bytes: number }>()
  for (let node = 1; node < heap.count; node++) {
    if (before[node] === -1 || OF_CODE.has(heap.typeOf(node)) || !isNew(node)) continue
    // V8 compiles a regular expression anew when it has run often: its tables are lists that code holds.
    if (heap.typeOf(node) === "array" && heap.typeOf(before[node]!) === "code") continue
    const steps: Array<string> = []
    let isMeant = true
    for (let each = node; before[each] !== -1 && each !== 0; each = before[each]!) {
      const holder = before[each]!
      const isList = heap.typeOf(holder) === "array"
      // What holds it is new, too, and is named in its place, unless it is a list that was made anew as it grew.
      if (!isList && isNew(holder) || heap.classOf(holder) === FirstInventory.name) {
        isMeant = false
        break
      }
      const { name } = heap.edge(edgeTo[each]!)
      if (!isList && steps.length < STEPS) {
        steps.push(/^(?:\d*|table)$/.test(name) ? heap.classOf(holder) : `${name} of ${heap.classOf(holder)}`)
      }
    }
    if (!isMeant) continue
    const key = `${heap.classOf(node)}, held by ${steps.join(" ← ")}`
    const group = groups.get(key) ?? { number: 0, bytes: 0 }
    group.number++
    group.bytes += heap.sizeOf(node)
    groups.set(key, group)
  }
  return groups
}

/**
 * Runs cycles between two inventories, and names what they kept: the constructor and the way to what holds it, and the
 * peers of sockets. `names` are those of addresses. It takes a second for each 20 MB of heap.
 */
export const named = <E, R>(
  cycle: Effect.Effect<unknown, E, R>,
  cycles: number,
  names: ReadonlyMap<string, string>
): Effect.Effect<ReadonlyArray<string>, E, R> =>
  Effect.gen(function*() {
    const isLinux = process.platform === "linux"
    const open = isLinux ? descriptors(names) : new Map<string, number>()
    const first = yield* Effect.map(takeSnapshot, (snapshot) => new FirstInventory(reading(snapshot)))
    for (let i = 0; i < cycles; i++) yield* cycle
    const heap = reading(yield* takeSnapshot)
    const often = OFTEN * cycles
    const grown = new Set(
      [...countClasses(heap)].flatMap(([name, number]) =>
        number - (first.numbers.get(name) ?? 0) >= often / 2 ? [name] : []
      )
    )
    const kept = [...heldBy(heap, grown, first.newest)].filter(([, { number }]) => number >= often)
      .sort(([, a], [, b]) => b.bytes - a.bytes).slice(0, SHOWN)
      .map(([name, { number }]) => `${name}: ${moreInEach(number, cycles)}`)
    const opened = isLinux
      ? [...descriptors(names)].flatMap(([name, number]) => {
        const more = number - (open.get(name) ?? 0)
        return more >= often ? [`${name}: ${moreInEach(more, cycles)}`] : []
      })
      : []
    return [...opened, ...kept]
  })
