/**
 * Compares the speed of this build with that of another checkout: both do the same in turns, pair by pair. Gives the
 * ratio of this build's time to the other's, with its 95 % interval, in wall and in processor time (Linux).
 */
import * as Options from "@effect/cli/Options"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { randomUUID } from "node:crypto"
import { dirname, join } from "node:path"
import {
  BenchError,
  builtMain,
  environment,
  integer,
  markdown,
  mean,
  median,
  nodeTimed,
  program,
  progress,
  round,
  samples,
  temporaryFolder,
  timed
} from "../../test/script.ts"
import { QUESTIONS } from "./shared/questions.ts"
import { cpuOf, cpuOfEnded, start } from "./shared/server.ts"

const WARM_SEARCHES = 200

interface Build {
  /** Folder of the built programs. */
  readonly dist: string
  /** Home whose memory holds the samples, as this build imported them. */
  readonly home: string
}

interface Cost {
  readonly wall: number
  readonly cpu: number
}

type Task = (build: Build) => Effect.Effect<Cost, BenchError, FileSystem.FileSystem | Scope.Scope>

/** Measures the processor time of the processes that end meanwhile. */
const costOf = <A, E, R>(run: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const before = cpuOfEnded()
    const [, wall] = yield* timed(run)
    return { wall, cpu: cpuOfEnded() - before }
  })

const command = (...args: ReadonlyArray<string>): Task => ({ dist, home }) =>
  costOf(nodeTimed([join(dist, "main.js"), ...args], { env: environment(home) }))

const hook = (input: object): Task => ({ dist, home }) =>
  costOf(nodeTimed([join(dist, "hook.js")], {
    env: environment(home),
    input: JSON.stringify({ session_id: randomUUID(), cwd: home, transcript_path: "/nowhere.jsonl", ...input })
  }))

const importing: Task = ({ dist }) =>
  Effect.flatMap(
    Effect.orDie(temporaryFolder),
    (home) => costOf(nodeTimed([join(dist, "main.js"), "import", samples, "--json"], { env: environment(home) }))
  )

/** From the spawn to the list of tools; the processor time is that of the server so far. */
const handshake: Task = ({ dist, home }) =>
  Effect.gen(function*() {
    const [{ child }, wall] = yield* timed(Effect.tap(start(home, dist), ({ shake }) => shake))
    return { wall, cpu: cpuOf(child.pid!) }
  })

const warmSearches: Task = ({ dist, home }) =>
  Effect.gen(function*() {
    const { child, search, shake } = yield* start(home, dist)
    yield* shake
    yield* Effect.forEach(QUESTIONS, (_, i) => search(i))
    const before = cpuOf(child.pid!)
    const [, wall] = yield* timed(Effect.forEach(Array.from({ length: WARM_SEARCHES }), (_, i) => search(i)))
    return { wall, cpu: cpuOf(child.pid!) - before }
  })

const TASKS: Readonly<Record<string, Task>> = {
  "--help": command("--help"),
  "search, cold": command("search", QUESTIONS[0]!, "--all-projects", "--json"),
  "hook, start of a session": hook({ hook_event_name: "SessionStart", source: "startup" }),
  "hook, prompt": hook({ hook_event_name: "UserPromptSubmit", prompt: QUESTIONS[0]! }),
  "MCP handshake": handshake,
  "import": importing,
  [`${WARM_SEARCHES} warm searches`]: warmSearches
}

/** 0.975 quantile of Student's t with 29 degrees of freedom; a little too wide for more pairs. */
const T = 2.045

/** Ratio as the geometric mean of the pairs' ratios, and the ends of its 95 % interval. */
const ratioOf = (pairs: ReadonlyArray<readonly [before: number, after: number]>) => {
  const logs = pairs.map(([before, after]) => Math.log(Math.max(after, 1) / Math.max(before, 1)))
  const middle = mean(logs)
  const deviation = Math.sqrt(mean(logs.map((log) => (log - middle) ** 2)) * logs.length / (logs.length - 1))
  const half = T * deviation / Math.sqrt(logs.length)
  return {
    before: round(median(pairs.map(([before]) => before))),
    after: round(median(pairs.map(([, after]) => after))),
    ratio: round(Math.exp(middle), 3),
    low: round(Math.exp(middle - half), 3),
    high: round(Math.exp(middle + half), 3)
  }
}

program("versions", {
  description: "Compare the speed of two checkouts",
  options: {
    before: Options.directory("before", { exists: "yes" }).pipe(
      Options.withDescription("The other checkout, after `npm ci` there")
    ),
    pairs: integer("pairs", 30, "Pairs of each task, at least 2")
  },
  run: (options) =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const pairs = Math.max(2, options.pairs)
      const prepared = (dist: string) =>
        Effect.gen(function*() {
          const home = yield* temporaryFolder
          if (!(yield* fs.exists(join(dist, "main.js")))) {
            return yield* new BenchError({
              reason: "Input",
              detail: `${dist} holds no main.js; run \`npm ci\` there first`
            })
          }
          yield* nodeTimed([join(dist, "main.js"), "import", samples, "--json"], { env: environment(home) })
          return { dist, home }
        })
      const before = yield* prepared(join(options.before, "dist"))
      const after = yield* prepared(dirname(yield* builtMain))
      const rows = yield* Effect.forEach(Object.entries(TASKS), ([name, task]) =>
        Effect.gen(function*() {
          const run = (build: Build) => Effect.scoped(task(build))
          // One more of each, which does not count: it finds files not yet cached.
          yield* Effect.zipRight(run(before), run(after))
          const costs: Array<readonly [Cost, Cost]> = []
          for (let pair = 0; pair < pairs; pair++) {
            yield* progress(`${name}: pair ${pair + 1} of ${pairs}`)
            if (pair % 2 === 0) {
              const first = yield* run(before)
              costs.push([first, yield* run(after)])
            } else {
              const first = yield* run(after)
              costs.push([yield* run(before), first])
            }
          }
          return {
            name,
            wall: ratioOf(costs.map(([one, other]) => [one.wall, other.wall])),
            cpu: ratioOf(costs.map(([one, other]) => [one.cpu, other.cpu]))
          }
        }))
      const cells = ({ after, before, high, low, ratio }: ReturnType<typeof ratioOf>) => [
        `${before} → ${after} ms`,
        `${ratio.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`
      ]
      return {
        data: { pairs, rows },
        text: () =>
          markdown(
            ["task", "wall", "ratio", "processor", "ratio"],
            rows.map(({ cpu, name, wall }) => [name, ...cells(wall), ...cells(cpu)])
          )
      }
    })
})
