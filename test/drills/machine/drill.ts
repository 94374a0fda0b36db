/**
 * One fault from its beginning to what is there when it is over.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { execFileSync } from "node:child_process"
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join, relative } from "node:path"
import { isCopy } from "../../../src/domain/DatabaseCopy.ts"
import { withDatabase } from "../../e2e/damage.ts"
import { run } from "../../e2e/program.ts"
import { BenchError, builtMain, samples } from "../../script.ts"
import * as Actions from "./actions.ts"
import { type Action, BEFORE, FORGOTTEN, type Ids, NOTES, SAID, type Said, type Scene } from "./actions.ts"
import { brokenClaim, isAccepted, wrongIn } from "./checks.ts"
import type { Fault, Place } from "./faults.ts"

/** A memory that is copied into the home of each fault. */
export interface Prepared {
  readonly folder: string
  readonly ids: Ids
}

export interface Cell extends Said {
  readonly action: string
  readonly wrong: ReadonlyArray<string>
}

export interface Report {
  readonly fault: string
  readonly cells: ReadonlyArray<Cell>
  /** What is wrong when the fault is over. */
  readonly afterwards: ReadonlyArray<string>
  readonly failures: ReadonlyArray<string>
}

const placeIn = (home: string): Place => {
  const folder = join(home, ".claude-memory")
  return { home, folder, database: join(folder, "memory.db") }
}

const sessionLine = (session: string, i: number, text: string) =>
  JSON.stringify({
    type: i % 2 === 0 ? "user" : "assistant",
    uuid: `${session}-${i}`,
    parentUuid: i === 0 ? null : `${session}-${i - 1}`,
    sessionId: session,
    cwd: "/home/mei/work/harbour",
    isSidechain: false,
    timestamp: `2026-11-27T12:0${i}:00.000Z`,
    message: { role: i % 2 === 0 ? "user" : "assistant", content: [{ type: "text", text }] }
  })

const linesOf = (session: string, said: ReadonlyArray<string>) =>
  said.map((text, i) => `${sessionLine(session, i, text)}\n`).join("")

/** Makes the memory that each fault meets. */
export const prepare = (home: string) =>
  Effect.gen(function*() {
    const main = yield* builtMain
    const ask = (...words: ReadonlyArray<string>) =>
      Effect.filterOrFail(
        run([main, ...words, "--json"], { home }),
        ({ code }) => code === 0,
        ({ stderr }) => new BenchError({ reason: "Program", detail: stderr })
      )
    yield* ask("import", samples)
    // Claude may have forgotten what nobody saved.
    const transcript = join(home, "session.jsonl")
    writeFileSync(transcript, linesOf("ferries", ["When do the ferries stop in winter?", FORGOTTEN]))
    yield* ask("import", transcript)
    const found = yield* ask("search", "--all-projects", FORGOTTEN)
    const { results } = JSON.parse(found.stdout) as { readonly results: ReadonlyArray<{ readonly id: string }> }
    const ids: Record<string, string> = { imported: results[0]!.id }
    for (const [name, text] of Object.entries(NOTES)) {
      ids[name] = (JSON.parse((yield* ask("save", text)).stdout) as { readonly id: string }).id
    }
    return { folder: placeIn(home).folder, ids: ids as Ids } satisfies Prepared
  })

/** Makes a home, on a disk of its own where the fault needs one. */
const makePlace = ({ disk }: Fault) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const home = mkdtempSync(join(tmpdir(), "claude-memory-drill-"))
      if (disk !== undefined) execFileSync("mount", ["-t", "tmpfs", "-o", disk, "tmpfs", home])
      return placeIn(home)
    }),
    ({ home }) =>
      Effect.sync(() => {
        if (disk !== undefined) execFileSync("umount", ["-l", home])
        rmSync(home, { recursive: true, force: true })
      })
  )

/** All texts of the memories that are in force, and of the messages. */
const textsIn = ({ database }: Place): string =>
  !existsSync(database) ?
    "" :
    withDatabase(database, (database) =>
      database.prepare("SELECT unpacked(body) AS body FROM units WHERE active = 1 UNION ALL SELECT body FROM messages")
        .all()
        .map(({ body }) =>
          String(body)
        ).join("\n"))

/** What may be left in the home: what lasts, and the logs of a database that a reader has left, empty. */
const LASTS =
  /^(?:session\.jsonl|clock|\.claude-memory\.old\/.*|\.claude-memory\/(?:(?:memory|models)\.db(?:-shm)?|memory\.db\.old.*|openings\/.*|sessions\/.*|config\.json|hook-failures\.jsonl|capture-\w+\.lock))$/

const leftIn = ({ home }: Place): ReadonlyArray<string> =>
  readdirSync(home, { recursive: true, withFileTypes: true }).filter((entry) => !entry.isDirectory()).flatMap(
    (entry) => {
      const path = join(entry.parentPath, entry.name)
      const name = relative(home, path)
      const isEmptyLog = name.endsWith(".db-wal") && statSync(path).size === 0
      return LASTS.test(name) || isCopy(entry.name) || isEmptyLog ? [] : [`${name} is left`]
    }
  )

/** Processes that have this home in their environment (Linux; elsewhere none are seen). */
const running = ({ home }: Place): ReadonlyArray<string> =>
  (existsSync("/proc/self/environ") ? readdirSync("/proc") : []).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(`HOME=${home}`)
    } catch {
      return false
    }
  }).map((pid) => `process ${pid} still runs`)

/** Uses the memory again when the fault is over. */
const recovered = (scene: Scene, main: string) =>
  Effect.gen(function*() {
    const { fault: { uid }, place } = scene
    const plain = {
      home: place.home,
      env: { TMPDIR: Actions.folderForTemporary(place) },
      ...(uid !== undefined && { uid })
    }
    const texts = textsIn(place)
    const ask = (...words: ReadonlyArray<string>) =>
      Effect.map(run([main, ...words], plain), ({ code, stderr, stdout }) =>
        code === 0 ? [] : [`afterwards ${words[0]} says: ${(stderr || stdout).trim()}`])
    const wrong = [
      ...(yield* ask("save", "Afterwards the harbour is open again.")),
      ...(yield* ask("import", scene.transcript)),
      ...(yield* ask("doctor", "--deep"))
    ]
    const now = textsIn(place)
    return {
      texts,
      wrong: [
        ...wrong,
        ...["Afterwards the harbour", SAID].filter((text) =>
          !now.includes(text)
        ).map((text) => `"${text}" is not there`),
        ...leftIn(place),
        ...running(place)
      ]
    }
  })

const claimsOf = (fault: Fault, done: ReadonlyArray<readonly [Action, Said]>, texts: string) => [
  ...(fault.keeps === "all" ? [NOTES.stays, ...(fault.underServer ? [BEFORE] : [])] : [])
    .filter((text) => !texts.includes(text)).map((text) => `"${text}" is lost`),
  ...done.flatMap(([{ claim, name }, said]) => {
    if (claim === undefined || fault.keeps === "nothing") return []
    // What is gone with the database is neither forgotten nor kept.
    if (fault.keeps === "new" && !claim.isThere) return []
    return brokenClaim(claim, isAccepted(said), texts).map((each) => `${name}: ${each}`)
  })
]

/** Runs all actions in a home that has the fault. */
export const drill = (fault: Fault, { folder, ids }: Prepared): Effect.Effect<Report, never, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const main = yield* builtMain
    const place = yield* makePlace(fault)
    const transcript = join(place.home, "session.jsonl")
    const scene: Scene = { fault, place, ids, transcript, servers: new Map() }
    cpSync(folder, place.folder, { recursive: true })
    mkdirSync(Actions.folderForTemporary(place))
    writeFileSync(transcript, linesOf("harbour", ["Where do pilots wait for the ships?", SAID]))
    if (fault.uid !== undefined) execFileSync("chown", ["-R", `${fault.uid}:${fault.uid}`, place.home])
    const done = yield* Effect.scoped(Effect.gen(function*() {
      if (fault.underServer) {
        yield* Actions.serve(scene, "open")
        yield* Actions.savedBefore.run(scene)
      }
      fault.begin(place)
      return yield* Effect.forEach(Actions.actions, (action, i) =>
        Effect.suspend(() => {
          fault.step?.(place, i)
          return Effect.map(action.run(scene), (said) => said === undefined ? [] : [[action, said] as const])
        })).pipe(Effect.map((all) => all.flat()))
    }))
    fault.end?.(place)
    const { texts, wrong } = yield* recovered(scene, main)
    const refused = new Set(done.filter(([, said]) => !isAccepted(said)).map(([{ name }]) => name))
    const cells = done.map(([action, said]): Cell => ({
      ...said,
      action: action.name,
      wrong: wrongIn(action, said, fault, refused)
    }))
    const afterwards = [...claimsOf(fault, done, texts), ...wrong]
    return {
      fault: fault.name,
      cells,
      afterwards,
      failures: [...cells.flatMap(({ action, wrong }) => wrong.map((each) => `${action}: ${each}`)), ...afterwards]
    }
  }).pipe(
    Effect.scoped,
    Effect.catchAllCause((cause) => {
      const failure = `the drill failed: ${Cause.squash(cause)}`
      return Effect.succeed<Report>({ fault: fault.name, cells: [], afterwards: [failure], failures: [failure] })
    })
  )
