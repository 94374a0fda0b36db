/**
 * Draws what happens under a seed: the pieces in which transcripts grow, the operations, their order and texts, who does
 * them, and whom a kill is for. Pure, so that a seed replays.
 */
import { makeRandom, type Random } from "../../fixtures/transcript.ts"

export const PHASES = [
  "import",
  "capture",
  "compress",
  "save",
  "edit",
  "undo",
  "forget",
  "reindex",
  "backup",
  "idle"
] as const
export type Phase = typeof PHASES[number]

/** Who does an operation: a process of the command line, or one of the two servers. */
export type Actor = "command" | 0 | 1

export type Operation =
  | { readonly kind: "backup" | "import" | "reindex"; readonly by: "command" }
  | { readonly kind: "search"; readonly by: Actor; readonly text: string }
  | { readonly kind: "save"; readonly by: Actor; readonly text: string }
  /** Gives what was saved before another title. */
  | { readonly kind: "edit"; readonly by: "command"; readonly saved: string; readonly title: string }
  /** Gives what was saved before another title, or forgets it, and takes that back. */
  | { readonly kind: "undo"; readonly by: "command"; readonly saved: string; readonly of: "edit" | "forget" }
  /** Forgets what a marked session (MARKED) holds, or what was saved before. */
  | { readonly kind: "forget"; readonly by: Actor; readonly marked: number; readonly isNow: boolean }
  | { readonly kind: "forget"; readonly by: Actor; readonly saved: string; readonly isNow: boolean }

export interface Kill {
  readonly phase: Phase
  /** True when it waits for a write: otherwise it comes at any moment. */
  readonly isAimed: boolean
  /** Milliseconds after the first write of the phase, or after the start of the round. */
  readonly afterMs: number
}

export interface Round {
  /** The share of each transcript that is written when the round begins, by its file. */
  readonly until: ReadonlyArray<number>
  /** The first is the one that a kill is for, all run beside one another. */
  readonly operations: ReadonlyArray<Operation>
  readonly kill?: Kill
}

export interface Plan {
  readonly seed: number
  readonly rounds: ReadonlyArray<Round>
}

const MAIN = ["import", "save", "edit", "undo", "forget", "reindex", "backup"] as const
/** Rounds of a seed; each has one of these at its centre. */
const ROUNDS = 4
const KILLS = 2
/** Share of the forgettings that leave no copy. */
const NOW = 0.4
/** Share of the kills that wait for a write. */
const AIMED = 0.97
/** Share of the kills that find a server with nothing to do. */
const IDLE = 0.06

/** Milliseconds from the first write of a phase to the last, about, on a quiet machine. */
const WRITES_FOR: Readonly<Record<Phase, number>> = {
  import: 100,
  capture: 20,
  compress: 120,
  save: 4,
  edit: 4,
  undo: 10,
  forget: 20,
  reindex: 20,
  backup: 0,
  idle: 300
}
/** Latest moment of a kill that waits for nothing. */
const ANY_MOMENT_MS = 600

/** A word that is in one text only, and so says whether that text is anywhere. */
export const marker = (what: string, i: number): string => `${what}quillwort${i}x`

/** Sessions of one statement each, for operations that forget. */
export const MARKED = 4

const SESSION_TEXT = "which of the timeouts stay as they are, and where are they kept?"

/** A transcript whose only statement holds a marker. */
export const markedSession = (i: number): string => {
  const uuid = (n: number) => `0000000${i}-0000-4000-8000-00000000000${n}`
  const line = (n: number, type: "user" | "assistant", text: string) => ({
    type,
    uuid: uuid(n),
    parentUuid: n === 1 ? null : uuid(n - 1),
    sessionId: `0000000${i}-1111-4111-8111-111111111111`,
    timestamp: `2026-01-0${i + 1}T00:00:0${n}.000Z`,
    cwd: "/home/mei/work/shop-api",
    version: "2.1.328",
    message: { role: type, content: type === "user" ? text : [{ type: "text", text }] }
  })
  const said = `We decided to keep the timeout of ${
    marker("marked", i)
  } in config/part${i}.ts, because two services read it.`
  return [
    line(1, "user", `Look at part ${i}: ${SESSION_TEXT}`),
    line(2, "assistant", said),
    line(3, "user", `And what did the ${["first", "second", "third", "fourth"][i]} run of the linter print?`),
    line(4, "assistant", "It printed nothing, as there was nothing to complain about in these files.")
  ].map((each) => `${JSON.stringify(each)}\n`).join("")
}

const WORDS =
  ("anchor basket candle dragon engine falcon garden harbor island jacket kettle ladder magnet needle orchid pepper quartz ribbon saddle " +
    "tunnel urchin velvet walnut yonder zephyr bridge copper dagger ember fabric goblet hammer insect jungle kernel lantern meadow nickel " +
    "oyster pigeon quiver rocket silver timber utopia vessel window xenon yellow zigzag").split(" ")

const makeDraw = (random: Random) => {
  const int = (n: number) => Math.floor(random() * n)
  const pick = <A>(all: ReadonlyArray<A>): A => all[int(all.length)]!
  const shuffled = <A>(all: ReadonlyArray<A>) => {
    const rest = [...all]
    return all.map(() => rest.splice(int(rest.length), 1)[0]!)
  }
  return { int, pick, shuffled, random }
}

type Save = Extract<Operation, { kind: "save" }>
type Forget = Extract<Operation, { kind: "forget" }>

/** Draws the plan of a seed over so many transcripts, of a memory that can be backed up or can't. */
export const planOf = (seed: number, files: number, hasBackups = true): Plan => {
  const { int, pick, random, shuffled } = makeDraw(makeRandom(seed))
  let texts = 0
  const phrase = (what: string) =>
    `We keep ${marker(`seed${seed}${what}`, texts++)} for the ${shuffled(WORDS).slice(0, 9).join(" ")}.`
  const actor = (): Actor => pick(["command", 0, 1])
  /** Those that no other operation changes. */
  const free: Array<Save> = []
  const taken = () => free.splice(int(free.length), 1)[0]!

  const kinds = shuffled(MAIN.filter((kind) => hasBackups || kind !== "backup")).slice(0, ROUNDS)
  // Nothing is there before the first round.
  const first = kinds.findIndex((kind) => kind !== "edit" && kind !== "undo" && kind !== "backup")
  kinds.unshift(...kinds.splice(first, 1))
  const marked = int(MARKED)
  /** A server never forgets for good, and not what a person saved. */
  const forget = <A>(by: Actor, what: A) => {
    const isNow = random() < NOW
    return { kind: "forget" as const, by: isNow ? "command" as const : by, isNow, ...what }
  }
  const main = (wanted: typeof MAIN[number]): Operation => {
    const kind = (wanted === "edit" || wanted === "undo") && free.length === 0 ? "save" : wanted
    switch (kind) {
      case "save":
        return { kind, by: actor(), text: phrase("saved") }
      case "edit":
        return { kind, by: "command", saved: taken().text, title: phrase("edited") }
      case "undo": {
        const { by, text } = taken()
        // What Claude has noted can't be saved again by a person and stay the same.
        return { kind, by: "command", saved: text, of: by === "command" ? pick(["edit", "forget"]) : "edit" }
      }
      case "forget":
        return forget(actor(), { marked }) satisfies Forget
      default:
        return { kind, by: "command" }
    }
  }
  // What is undone is the newest operation, so nothing else that can be is done beside it.
  const forgetting = kinds.findLastIndex((kind) => kind !== "undo")
  const rounds = kinds.map((kind, i): Omit<Round, "until"> => {
    const own = main(kind)
    const beside: Array<Operation> = [{ kind: "search", by: pick([0, 1]), text: SESSION_TEXT }]
    const side = own.by === 0 ? 1 : own.by === 1 ? 0 : pick([0, 1] as const)
    if (i === forgetting && free.length > 0) {
      const { by, text } = taken()
      beside.push(forget(by === "command" ? by : side, { saved: text }) satisfies Forget)
    } else beside.push({ kind: "save", by: side, text: phrase("saved") })
    for (const each of [own, ...beside]) {
      if (each.kind === "save") free.push(each)
    }
    return { operations: [own, ...beside] }
  })

  const phaseOf = (kind: typeof MAIN[number]): Phase =>
    random() < IDLE
      ? "idle"
      : pick(kind === "import" ? [kind, kind, "compress"] : [kind, kind, kind, "capture", "compress"])
  const killed = shuffled(rounds.map((_, i) => i)).slice(0, KILLS)
  const kills = new Map(killed.map((i): [number, Kill] => {
    const phase = phaseOf(kinds[i]!)
    // A backup writes to the memory for an instant only.
    const isAimed = phase !== "idle" && phase !== "backup" && random() < AIMED
    return [i, { phase, isAimed, afterMs: Math.round(random() * (isAimed ? WRITES_FOR[phase] : ANY_MOMENT_MS)) }]
  }))

  // Shares of each file at the end of each round; the last is the whole. Marked sessions are whole from the start.
  const shares = Array.from(
    { length: files },
    () => [...Array.from({ length: rounds.length - 1 }, random).sort((a, b) => a - b), 1]
  )
  return {
    seed,
    rounds: rounds.map((round, i) => {
      const kill = kills.get(i)
      return { ...round, until: shares.map((each) => each[i]!), ...(kill !== undefined && { kill }) }
    })
  }
}
