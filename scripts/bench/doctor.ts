/**
 * Times `doctor`, with --deep and with --repair, over a large memory, from starting the process to its end, beside a bare Node.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import { number } from "../../src/cli/Output.ts"
import { load } from "../../src/resources/SqliteDriver.ts"
import { register } from "../../src/store/sqlite/Packs.ts"
import {
  builtMain,
  environment,
  integer,
  nodeTimed,
  program,
  progress,
  quantile,
  round,
  row,
  samples,
  temporaryFolder,
  warmRounds
} from "../../test/script.ts"

const changed = (file: string, change: string) =>
  Effect.sync(() => {
    const database = new (load().DatabaseSync)(file)
    register(database)
    database.exec(change)
    database.exec("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
  })

/** Copies of rows, numbered by `i`, until there are so many. */
const copies = (of: string, count: number) =>
  `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count}),
    m AS (SELECT row_number() OVER () - 1 AS k, count(*) OVER () AS all_of_them, * FROM ${of})`

/** Number of the first message that is added. */
const FIRST = 1_000_000

/** Fills the database with copies: the same words, in memories and messages of their own. */
const grow = (memories: number, messages: number) => `
  BEGIN;
  CREATE TEMP TABLE said AS ${copies("messages", messages)}
    SELECT i, uuid || '-' || i AS uuid, session_id || '-' || (i / 200) AS session_id, thread,
      segment_id || '-' || (i / 20) AS segment_id, role, is_prompt, said, occurred_at,
      json_set(body, '$.uuid', uuid || '-' || i) AS body FROM n JOIN m ON m.k = i % m.all_of_them;
  INSERT INTO names (name) SELECT session_id FROM said UNION SELECT segment_id FROM said;
  INSERT INTO message_rows SELECT ${FIRST} + i, uuid, s.number, thread, g.number, role, is_prompt, said, occurred_at
    FROM said JOIN names AS s ON s.name = session_id JOIN names AS g ON g.name = segment_id;
  INSERT INTO packs SELECT ${FIRST} + min(i), packed(group_concat(body, char(10))) FROM said GROUP BY i / 100;
  CREATE TEMP TABLE made AS ${copies("(SELECT * FROM units WHERE active = 1)", memories)}
    SELECT m.row AS source, 1000000 + i AS row, lower(hex(randomblob(16))) AS id, i FROM n JOIN m ON m.k = i % m.all_of_them;
  INSERT INTO units (row, id, project_id, session_id, origin, position, type, occurred_at, active, lexeme_count, files, evidence, body)
    SELECT made.row, made.id, project_id, session_id || '-' || (made.i / 20), origin || '-' || (made.i / 5), position,
    type, occurred_at - made.i, 1, lexeme_count, files, evidence,
    packed(json_set(unpacked(body), '$.id', made.id, '$.active', json('true'), '$.supersededBy', NULL))
    FROM made JOIN units AS u ON u.row = made.source;
  INSERT INTO lexemes (rowid, title, text, tool_use, tool_result)
    SELECT made.row, title, text, tool_use, tool_result FROM made JOIN lexemes ON lexemes.rowid = made.source;
  INSERT OR IGNORE INTO sketches SELECT abs(random()) % 4294967296, made.row FROM made JOIN sketches AS s ON s.row = made.source;
  INSERT INTO vectors SELECT index_id, project_id, made.row, vector FROM made JOIN vectors AS v ON v.unit_row = made.source;
  UPDATE totals SET units = (SELECT count(*) FROM units), lexemes = (SELECT sum(lexeme_count) FROM units);
  COMMIT;`

program("doctor", {
  description: "Time doctor over a large memory",
  options: {
    memories: integer("memories", 100_000, "Size of the memory"),
    messages: integer("messages", 300_000, "Messages that are added to it"),
    rounds: integer("rounds", 5, "Starts of each program, interleaved")
  },
  run: ({ memories, messages, rounds }) =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const main = yield* builtMain
      const home = yield* temporaryFolder
      const env = environment(home)
      const file = path.join(env.CLAUDE_MEMORY_HOME!, "memory.db")
      yield* nodeTimed([main, "import", samples], { env })
      yield* progress("filling the memory")
      yield* changed(file, grow(memories, messages))
      const { size } = yield* fs.stat(file)
      const runs: ReadonlyArray<readonly [name: string, args: ReadonlyArray<string>]> = [
        ["node -e 0", ["-e", "0"]],
        ["doctor", [main, "doctor"]],
        ["doctor --deep", [main, "doctor", "--deep"]]
      ]
      const all = yield* warmRounds(rounds, () => Effect.forEach(runs, ([, args]) => nodeTimed(args, { env })))
      yield* changed(file, "DROP TABLE lexemes; DROP TABLE sketches")
      const repair = yield* nodeTimed([main, "doctor", "--repair"], { env })
      const times = [...runs.map(([name], i) => ({ name, ms: all.map((starts) => starts[i]!.ms) })), {
        name: "doctor --repair, of words and sketches",
        ms: [repair.ms]
      }]
      const bare = quantile(times[0]!.ms, 0.5)
      const rows = times.map(({ ms, name }) => ({
        name,
        medianMs: round(quantile(ms, 0.5)),
        greatestMs: round(Math.max(...ms)),
        ratio: round(quantile(ms, 0.5) / bare, 1)
      }))
      return {
        data: { memories, messages, bytes: Number(size), rows },
        text: () => [
          `${number(memories)} memories, ${number(messages)} messages, ${number(Math.round(Number(size) / 1e6))} MB`,
          row("", 40, ["median ms", "greatest ms", "of bare Node"], 14),
          ...rows.map((each) => row(each.name, 40, [each.medianMs, each.greatestMs, each.ratio], 14))
        ]
      }
    })
})
