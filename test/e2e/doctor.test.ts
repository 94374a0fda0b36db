/**
 * What `doctor` says of files that are damaged, gone, full or not one's own, and what is there after `doctor --repair`.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { execFileSync } from "node:child_process"
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync
} from "node:fs"
import { join } from "node:path"
import { oneIn, slow } from "../data.ts"
import { commandLines } from "./commandLines.ts"
import {
  fillDisk,
  overwriteFreeList,
  overwriteLeaf,
  overwriteRoot,
  overwriteSchema,
  run as runSql,
  takeBack,
  truncate,
  withDatabase
} from "./damage.ts"
import { inHome, leftovers, main, makeImported, type Outcome, run, start } from "./run.ts"

const NOTE = "The harbour master signs the berth list at six."

const inProcess = commandLines()

const folderOf = (home: string) => join(home, ".claude-memory")
const memoryOf = (home: string) => join(folderOf(home), "memory.db")
const modelsOf = (home: string) => join(folderOf(home), "models.db")

/** Names of the files in the folder but for SQLite's log, which a reader may leave behind, empty. */
const filesOf = (home: string) => {
  const names = readdirSync(folderOf(home))
  const logs = leftovers(names)
  for (const name of logs.filter((name) => name.endsWith("-wal"))) {
    assert.strictEqual(statSync(join(folderOf(home), name)).size, 0, name)
  }
  return names.filter((name) => !logs.includes(name))
}

interface Answer {
  readonly ok: boolean
  readonly checks: ReadonlyArray<{ readonly name: string; readonly state: string; readonly detail: string }>
  readonly repaired?: ReadonlyArray<string>
}

/** Parses stdout of `doctor --json`; its exit code must fit, and stderr be empty. */
const answerOf = ({ code, stderr, stdout }: Outcome): Answer => {
  assert.strictEqual(stderr, "")
  const answer = JSON.parse(stdout) as Answer
  assert.strictEqual(code, answer.ok ? 0 : 1)
  return answer
}

const doctor = (home: string, ...words: ReadonlyArray<string>) =>
  Effect.map(inProcess(["doctor", "--json", ...words], { home }), answerOf)

const wrongIn = ({ checks }: Answer) =>
  checks.filter(({ state }) => state === "wrong").map(({ detail, name }) => `${name}: ${detail}`)

const search = (home: string, words: string) =>
  Effect.map(inProcess(["search", "--all-projects", "--json", words], { home }), ({ code, stderr, stdout }) => {
    assert.strictEqual(code, 0, stderr)
    const { results } = JSON.parse(stdout) as {
      readonly results: ReadonlyArray<{ readonly unit: { readonly content: string } }>
    }
    return results.map(({ unit }) => unit.content)
  })

/** Rows of the tables that nothing else holds. */
const sourceOf = (path: string) =>
  withDatabase(
    path,
    (database) =>
      ["units", "message_rows", "packs", "names", "sessions", "projects", "properties", "tombstones"].map((table) =>
        database.prepare(`SELECT * FROM ${table} ORDER BY 1, 2`).all()
      )
  )

/** A home with the samples and a note. */
const makeRemembering = Effect.gen(function*() {
  const home = yield* makeImported
  const { code, stderr } = yield* inProcess(["save", NOTE], { home })
  assert.strictEqual(code, 0, stderr)
  return home
})

const live = <A, E>(title: string, body: Effect.Effect<A, E, NodeContext.NodeContext | Scope.Scope>) =>
  it.live(title, () => body.pipe(Effect.scoped, Effect.provide(NodeContext.layer)))

describe("doctor of a whole memory", () => {
  live(
    "finds nothing wrong, changes nothing, and leaves nothing behind",
    Effect.gen(function*() {
      const home = yield* makeRemembering
      const before = filesOf(home)
      const bytes = readFileSync(memoryOf(home))
      for (const words of [[], ["--deep"], ["--repair"]]) {
        const answer = yield* doctor(home, ...words)
        assert.deepStrictEqual(wrongIn(answer), [])
        assert.deepStrictEqual(answer.repaired, words[0] === "--repair" ? [] : undefined)
      }
      assert.deepStrictEqual(filesOf(home), before)
      assert.isTrue(readFileSync(memoryOf(home)).equals(bytes))
      assert.match((yield* inProcess(["doctor"], { home })).stdout, /\nNothing is wrong\.\n$/)
    })
  )
})

describe("doctor of transcripts", () => {
  live(
    "notes those that nobody has read, but for what was just written",
    Effect.gen(function*() {
      const home = yield* makeRemembering
      const folder = join(home, ".claude", "projects", "-nowhere-shop")
      const file = join(folder, "s1.jsonl")
      mkdirSync(folder, { recursive: true })
      writeFileSync(
        file,
        `${
          JSON.stringify({
            type: "user",
            uuid: "u1",
            sessionId: "s1",
            cwd: "/nowhere/shop",
            timestamp: "2026-01-01T00:00:00.000Z",
            message: { role: "user", content: "Why does the lamp flicker?" }
          })
        }\n`
      )
      const check = Effect.map(doctor(home), ({ checks }) => checks.find(({ name }) => name === "transcripts"))
      assert.deepInclude(yield* check, { state: "ok" })
      const before = statSync(file).mtimeMs / 1_000 - 3_600
      utimesSync(file, before, before)
      const found = yield* check
      assert.strictEqual(found?.state, "note")
      assert.match(found?.detail ?? "", /^1 file of 1 in .* is not read; run `claude-memory import`\. /)
      assert.strictEqual((yield* inProcess(["import"], { home })).code, 0)
      assert.deepInclude(yield* check, { state: "ok" })
    })
  )
})

describe("damage that can be repaired", () => {
  const cases: Readonly<Record<string, { readonly damage: (path: string) => void; readonly says: RegExp }>> = {
    "an overwritten page of the index of words": {
      damage: overwriteLeaf("lexemes_data"),
      says:
        /^memory file: pages of .*memory\.db are damaged that hold the index of words; no memory is lost\. `claude-memory doctor --repair`/
    },
    "an overwritten page of the words' text": {
      damage: overwriteLeaf("lexemes_content"),
      says: /^memory file: pages of .*memory\.db are damaged that hold the index of words; no memory is lost/
    },
    "an overwritten page of the words' settings": {
      damage: overwriteRoot("lexemes_config"),
      says: /^memory file: pages of .*memory\.db are damaged that hold the index of words; no memory is lost/
    },
    "words that do not fit the index": {
      damage: runSql("UPDATE lexemes_content SET c1 = 'zeppelin' WHERE id = (SELECT max(id) FROM lexemes_content)"),
      says: /^memory file: pages of .*memory\.db are damaged that hold the index of words; no memory is lost/
    },
    "memories that are not in the index of words": {
      damage: runSql("DELETE FROM lexemes WHERE rowid IN (SELECT max(row) FROM units)"),
      says:
        /^memory file: the index of words has [\d,]+ memories, counts [\d,]+, and there are [\d,]+; no memory is lost/
    },
    "the index of words dropped": {
      damage: runSql("DROP TABLE lexemes"),
      says: /^memory file: the table lexemes is gone from .*memory\.db, with the index of words; no memory is lost/
    },
    "the totals dropped": {
      damage: runSql("DROP TABLE totals"),
      says: /^memory file: the table totals is gone from .*, with the index of words; no memory is lost/
    },
    "an overwritten page of the sketches": {
      damage: overwriteLeaf("sketches"),
      says:
        /^memory file: pages of .*memory\.db are damaged that hold the sketches by which duplicates are found; no memory is lost/
    },
    "the root of the sketches overwritten": {
      damage: overwriteRoot("sketches"),
      says:
        /^memory file: pages of .*memory\.db are damaged that hold the sketches by which duplicates are found; no memory is lost/
    },
    "the sketches dropped": {
      damage: runSql("DROP TABLE sketches"),
      says:
        /^memory file: the table sketches is gone from .*, with the sketches by which duplicates are found; no memory/
    },
    "sketches of some memories deleted": {
      damage: runSql("DELETE FROM sketches WHERE row IN (SELECT row FROM sketches ORDER BY row LIMIT 5)"),
      says: /^memory file: [1-5] memor\S+ ha\S+ no sketch, 0 sketches are of none; no memory is lost/
    },
    "an overwritten page of the vectors": {
      damage: overwriteLeaf("vectors"),
      says: /^memory file: pages of .*memory\.db are damaged that hold the vectors; no memory is lost/
    },
    "some vectors deleted, and some of no memory": {
      damage: runSql(`DELETE FROM vectors WHERE unit_row IN (SELECT min(row) FROM units WHERE active);
        INSERT INTO vectors SELECT index_id, project_id, 1000000, vector FROM vectors LIMIT 1`),
      says: /^memory file: 1 memory has no vector, 1 vector is of none; no memory is lost/
    },
    "the vectors' models dropped": {
      damage: runSql("DROP TABLE vector_indexes"),
      says:
        /^memory file: the table vector_indexes is gone from .*, with the list of the vectors' models; no memory is lost/
    },
    "an overwritten page of an index of the memories": {
      damage: overwriteLeaf("units_project"),
      says: /^memory file: in .*memory\.db the index units_project is damaged; no memory is lost/
    },
    "an overwritten page of the index of ids": {
      damage: overwriteLeaf("sqlite_autoindex_units_1"),
      says: /^memory file: in .*memory\.db the index sqlite_autoindex_units_1 is damaged; no memory is lost/
    },
    "an index that lacks rows": {
      damage: runSql(`CREATE INDEX part ON units (origin) WHERE row % 2 = 0; PRAGMA writable_schema = ON;
        UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'part')
          WHERE name = 'units_origin';
        DELETE FROM sqlite_schema WHERE name = 'part'`),
      says: /^memory file: in .*memory\.db the index units_origin is damaged/
    },
    "an index and a trigger dropped": {
      damage: runSql("DROP INDEX units_by_row; DROP TRIGGER units_forgotten"),
      says:
        /^memory file: in .*memory\.db the trigger units_forgotten is gone, the index units_by_row is gone; no memory is lost/
    },
    "the list of free pages overwritten": {
      damage: overwriteFreeList,
      says: /^memory file: the list of free pages of .*memory\.db is damaged; no memory is lost/
    },
    "the list of free pages and the sketches overwritten": {
      damage: (path) => {
        overwriteFreeList(path)
        overwriteRoot("sketches")(path)
      },
      says: /^memory file: pages of .*memory\.db are damaged that hold the sketches/
    },
    "the record of how far transcripts were read dropped": {
      damage: runSql("DROP TABLE cursors"),
      says:
        /^memory file: the table cursors is gone from .*, with how far the transcripts were read; no memory is lost, and the next `.*import` reads all/
    },
    "an overwritten page of the queue": {
      damage: overwriteRoot("work"),
      says: /^memory file: pages of .*memory\.db are damaged that hold the queue of work; no memory is lost/
    }
  }

  for (const [name, { damage, says }] of Object.entries(cases).filter(oneIn(4, 32))) {
    live(
      name,
      Effect.gen(function*() {
        const home = yield* makeRemembering
        const path = memoryOf(home)
        const source = sourceOf(path)
        damage(path)
        const wrong = wrongIn(yield* doctor(home))
        assert.isTrue(wrong.some((each) => says.test(each)), wrong.join("\n"))
        const repaired = yield* doctor(home, "--repair")
        assert.deepStrictEqual(wrongIn(repaired), [])
        assert.match(repaired.repaired?.[0] ?? "", /the file as it was before is kept in .*memory\.db\.repair-1$/)
        const copy = `${path}.repair-1`
        if (process.platform !== "win32") assert.strictEqual(statSync(copy).mode & 0o777, 0o600)
        assert.deepStrictEqual(filesOf(home), ["memory.db", "memory.db.repair-1", "openings"])
        assert.deepStrictEqual(sourceOf(path), source)
        assert.include(yield* search(home, "harbour master berth"), NOTE)
        assert.strictEqual(
          withDatabase(path, (database) => database.prepare("PRAGMA integrity_check").get()?.["integrity_check"]),
          "ok"
        )
        // What was made again is kept up with what comes, and the copy is told of.
        assert.strictEqual((yield* inProcess(["save", "Pilots wait at buoy seven."], { home })).code, 0)
        const afterwards = yield* doctor(home, "--deep")
        assert.deepStrictEqual(wrongIn(afterwards), [])
        const told = afterwards.checks.find(({ name }) => name === "copies")
        assert.include(told?.detail, "memory.db.repair-1")
      })
    )
  }
})

describe("a damaged memory of the version before", () => {
  slow(live)(
    "is repaired as it is, and brought to the newest version by the next writer",
    Effect.gen(function*() {
      const home = yield* makeRemembering
      const path = memoryOf(home)
      takeBack(path)
      overwriteRoot("sketches")(path)
      assert.strictEqual((yield* inProcess(["save", "Pilots wait at buoy seven."], { home })).code, 1)
      assert.deepStrictEqual(wrongIn(yield* doctor(home, "--repair")), [])
      assert.strictEqual((yield* inProcess(["save", "Pilots wait at buoy seven."], { home })).code, 0)
      assert.deepStrictEqual(wrongIn(yield* doctor(home)), [])
    })
  )
})

describe("damage that can't be repaired", () => {
  const AWAY = "move .*memory\\.db, .*memory\\.db-wal and .*memory\\.db-shm away together, and run `.*import`"
  const cases: Readonly<
    Record<string, { readonly damage: (path: string) => void; readonly says: RegExp; readonly keepsNote: boolean }>
  > = {
    "an overwritten page of the messages": {
      damage: overwriteLeaf("message_rows"),
      says: new RegExp(
        `^memory file: pages of .* that hold what was said in the sessions are damaged, .* is lost\\. .*--notes.*${AWAY}`
      ),
      keepsNote: true
    },
    "an overwritten page of the memories": {
      damage: overwriteLeaf("units"),
      says: new RegExp(
        `^memory file: pages of .* that hold the memories are damaged, .* is lost\\. .*--notes.*${AWAY}`
      ),
      keepsNote: true
    },
    "the messages dropped": {
      damage: runSql("DROP TABLE packs"),
      says: new RegExp(
        `^memory file: the table packs is gone from .*, and with it what was said in the sessions\\. .*${AWAY}`
      ),
      keepsNote: true
    },
    "the memories dropped": {
      damage: runSql("DROP TABLE units"),
      says: new RegExp(`^memory file: the table units is gone from .*, and with it the memories\\. .*${AWAY}`),
      keepsNote: false
    },
    "an overwritten list of the tables": {
      damage: overwriteSchema,
      says: new RegExp(
        `^memory file: .*memory\\.db is cut off, damaged where it lists its tables, or not a database; .*${AWAY}`
      ),
      keepsNote: false
    },
    "a file that is cut off": {
      damage: truncate(0.6),
      says: new RegExp(`^memory file: .*memory\\.db is cut off, .*${AWAY}`),
      keepsNote: false
    },
    "a file that is no database": {
      damage: (path) => writeFileSync(path, "no database ".repeat(1_000)),
      says: new RegExp(
        `^memory file: .*memory\\.db is cut off, damaged where it lists its tables, or not a database; .*${AWAY}`
      ),
      keepsNote: false
    },
    "another program's database": {
      damage: (path) => {
        rmSync(path)
        runSql("CREATE TABLE theirs (x)")(path)
      },
      says: /^memory file: .*memory\.db is a database, but none of Claude Memory's; move it away$/,
      keepsNote: false
    },
    "an empty file": {
      damage: (path) => writeFileSync(path, ""),
      says: /^memory file: .*memory\.db is empty, and what was in it is lost\. Put a copy of it back .* run `.*import`/,
      keepsNote: false
    }
  }

  for (const [name, { damage, keepsNote, says }] of Object.entries(cases).filter(oneIn(2, 16))) {
    live(
      name,
      Effect.gen(function*() {
        const home = yield* makeRemembering
        const path = memoryOf(home)
        damage(path)
        const bytes = readFileSync(path)
        const names = filesOf(home)
        for (const words of [[], ["--deep"], ["--repair"]]) {
          const answer = yield* doctor(home, ...words)
          assert.isFalse(answer.ok)
          assert.lengthOf(wrongIn(answer), 1, wrongIn(answer).join("\n"))
          assert.match(wrongIn(answer)[0]!, says)
          if (words[0] === "--repair") assert.deepStrictEqual(answer.repaired, [])
        }
        assert.isTrue(readFileSync(path).equals(bytes))
        assert.deepStrictEqual(filesOf(home), names)
        if (!keepsNote) return
        const notes = yield* inProcess(["doctor", "--notes"], { home })
        assert.strictEqual(notes.code, 0, notes.stderr)
        assert.include(notes.stdout, NOTE)
        // What the sentence says to do.
        for (const file of readdirSync(folderOf(home)).filter((file) => file.startsWith("memory.db"))) {
          rmSync(join(folderOf(home), file))
        }
        assert.strictEqual((yield* inProcess(["save", NOTE], { home })).code, 0)
        assert.deepStrictEqual(wrongIn(yield* doctor(home, "--deep")), [])
      })
    )
  }

  live(
    "what is whole is left alone where something else is lost",
    Effect.gen(function*() {
      const home = yield* makeRemembering
      const path = memoryOf(home)
      overwriteLeaf("message_rows")(path)
      runSql("DROP TABLE sketches")(path)
      const bytes = readFileSync(path)
      const { ok, repaired } = yield* doctor(home, "--repair")
      assert.isFalse(ok)
      assert.deepStrictEqual(repaired, [])
      assert.isTrue(readFileSync(path).equals(bytes))
    })
  )
})

describe("the file of models", () => {
  const withModels = Effect.gen(function*() {
    const home = yield* makeRemembering
    const { code, stderr } = yield* inProcess(["cost"], { home })
    assert.strictEqual(code, 0, stderr)
    assert.isTrue(existsSync(modelsOf(home)))
    return home
  })
  const cases: Readonly<
    Record<string, { readonly damage: (path: string) => void; readonly says: RegExp; readonly isRepaired: boolean }>
  > = {
    "that is no database": {
      damage: (path) => writeFileSync(path, "no database ".repeat(1_000)),
      says:
        /^models file: .*models\.db is cut off, .*No memory is lost\. End all sessions .* move .*models\.db-wal .* away/,
      isRepaired: false
    },
    "with overwritten pages of the costs": {
      damage: overwriteRoot("periods"),
      says:
        /^models file: pages of .*models\.db that hold what models cost so far are damaged.*No memory is lost\. End all sessions/,
      isRepaired: false
    },
    "with overwritten pages of the answers": {
      damage: overwriteRoot("answers"),
      says:
        /^models file: pages of .*models\.db are damaged that hold what models answered; no memory is lost, and models are asked/,
      isRepaired: true
    },
    "with a dropped trigger": {
      damage: runSql("DROP TRIGGER answer_gone"),
      says: /^models file: in .*models\.db the trigger answer_gone is gone; no memory is lost/,
      isRepaired: true
    }
  }
  for (const [name, { damage, isRepaired, says }] of Object.entries(cases).filter(oneIn(2, 16))) {
    live(
      name,
      Effect.gen(function*() {
        const home = yield* withModels
        runSql("INSERT INTO periods VALUES ('2026-11', 7, 0.5, 0)")(modelsOf(home))
        damage(modelsOf(home))
        const wrong = wrongIn(yield* doctor(home))
        assert.strictEqual(wrong.length, 1, wrong.join("\n"))
        assert.match(wrong[0]!, says)
        assert.strictEqual((yield* doctor(home, "--repair")).ok, isRepaired)
        if (!isRepaired) return
        assert.deepStrictEqual(wrongIn(yield* doctor(home)), [])
        withDatabase(modelsOf(home), (database) => {
          assert.strictEqual(database.prepare("SELECT tokens FROM periods WHERE key = '2026-11'").get()?.["tokens"], 7)
          database.exec("INSERT INTO answers (key, value) VALUES ('a', x'0102')")
          assert.strictEqual(database.prepare("SELECT bytes FROM answers_size").get()?.["bytes"], 2)
        })
      })
    )
  }
})

describe("a file of models that was begun on a full disk", () => {
  for (
    const [name, begin] of Object.entries({
      "empty": (path: string) => writeFileSync(path, ""),
      "without a table": runSql("PRAGMA journal_mode = WAL; CREATE TABLE x (y); DROP TABLE x")
    })
  ) {
    slow(live)(
      `is not damaged: ${name}`,
      Effect.gen(function*() {
        const home = yield* makeRemembering
        begin(modelsOf(home))
        for (const words of [[], ["--repair"]]) assert.deepStrictEqual(wrongIn(yield* doctor(home, ...words)), [])
        assert.strictEqual((yield* inProcess(["cost"], { home })).code, 0)
        assert.deepStrictEqual(wrongIn(yield* doctor(home)), [])
      })
    )
  }
})

describe("a memory in a folder", () => {
  live(
    "that is a file",
    Effect.gen(function*() {
      const home = yield* makeRemembering
      rmSync(folderOf(home), { recursive: true })
      writeFileSync(folderOf(home), "mine")
      for (const words of [[], ["--deep"], ["--repair"]]) {
        const wrong = wrongIn(yield* doctor(home, ...words))
        assert.strictEqual(wrong.length, 1, wrong.join("\n"))
        assert.match(
          wrong[0]!,
          /^folder: .*\.claude-memory is a file, .* move it away, or set CLAUDE_MEMORY_HOME to a folder$/
        )
      }
      assert.strictEqual(readFileSync(folderOf(home), "utf8"), "mine")
    })
  )

  it.live("that is not there yet is made by nobody", () =>
    inHome((home) =>
      Effect.gen(function*() {
        for (const words of [[], ["--deep"], ["--repair"]]) assert.isTrue((yield* doctor(home, ...words)).ok)
        assert.deepStrictEqual(readdirSync(home), [])
      })
    ))

  slow(live)(
    "whose files may not grow",
    Effect.gen(function*() {
      if (process.platform === "win32") return
      const home = yield* makeRemembering
      const names = filesOf(home)
      const limited = yield* run(["-c", `ulimit -f 100; exec "$0" "$1" doctor --json`, process.execPath, main], {
        home,
        command: "bash"
      })
      const wrong = wrongIn(answerOf(limited))
      assert.strictEqual(wrong.length, 1, wrong.join("\n"))
      assert.match(wrong[0]!, /^folder: a limit on the size of files keeps .* from growing, .*ulimit -f$/)
      assert.deepStrictEqual(filesOf(home), names)
    })
  )

  it.live.each<[string, string, RegExp]>([
    ["CLAUDE_MEMORY_ISOLATION", "foo", /^settings: CLAUDE_MEMORY_ISOLATION is one of shared, strict$/],
    ["CLAUDE_MEMORY_HOOK_MS", "0", /^settings: CLAUDE_MEMORY_HOOK_MS is from 1 to 60000$/],
    ["CLAUDE_MEMORY_HOME", "mem", /^settings: CLAUDE_MEMORY_HOME is a folder from the root or from ~, /]
  ])(
    "with a setting that is invalid, %s, names it once",
    ([name, value, expected]) =>
      inHome((home) =>
        Effect.gen(function*() {
          const answer = answerOf(yield* inProcess(["doctor", "--json"], { home, env: { [name]: value } }))
          const [wrong, ...others] = wrongIn(answer)
          assert.match(wrong ?? "", expected)
          assert.deepStrictEqual(others, [])
        })
      )
  )

  const isRoot = process.getuid?.() === 0

  it.live.skipIf(!isRoot || process.platform !== "linux")("on a disk that is full", () =>
    Effect.gen(function*() {
      const home = yield* makeRemembering
      const disk = join(home, "disk")
      mkdirSync(disk)
      yield* Effect.acquireUseRelease(
        Effect.sync(() => execFileSync("mount", ["-t", "tmpfs", "-o", "size=16m", "tmpfs", disk])),
        () =>
          Effect.gen(function*() {
            const folder = join(disk, "memory")
            mkdirSync(folder, { mode: 0o700 })
            writeFileSync(join(folder, "memory.db"), readFileSync(memoryOf(home)), { mode: 0o600 })
            fillDisk(join(disk, "full"))
            const outcome = yield* inProcess(["doctor", "--json"], { home, env: { CLAUDE_MEMORY_HOME: folder } })
            const [wrong, ...others] = wrongIn(answerOf(outcome))
            assert.match(wrong ?? "", /^folder: the disk that holds .*memory is full, .* Free some space$/)
            assert.deepStrictEqual(others, [])
            assert.deepStrictEqual(leftovers(readdirSync(folder)).length + 1, readdirSync(folder).length)
          }),
        () => Effect.sync(() => execFileSync("umount", [disk]))
      )
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)))

  const nobody = 65_534

  slow(it.live.skipIf(!isRoot))("that one may not write to", () =>
    Effect.gen(function*() {
      const home = yield* makeRemembering
      const check = Effect.map(run([main, "doctor", "--json"], { home, uid: nobody }), answerOf)
      for (const path of [home, folderOf(home)]) chmodSync(path, 0o755)
      for (const name of readdirSync(folderOf(home))) chmodSync(join(folderOf(home), name), 0o755)
      const folder = wrongIn(yield* check)
      assert.match(
        folder[0] ?? "",
        /^folder: .*\.claude-memory can't be written, so nothing more can be remembered: give it to yourself/
      )
      // The folder is one's own, and the file is not.
      execFileSync("chown", [String(nobody), folderOf(home)])
      const file = wrongIn(yield* check)
      assert.isTrue(
        file.some((each) => /^memory file: .*memory\.db can't be written, so nothing more/.test(each)),
        file.join("\n")
      )
      assert.isFalse(file.some((each) => each.startsWith("folder:")))
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)))
})

slow(describe)("a large memory", () => {
  live(
    "is read whole only when that is asked, and doctor says so",
    Effect.gen(function*() {
      const home = yield* makeRemembering
      const path = memoryOf(home)
      runSql(`INSERT INTO dead_letters VALUES ('/t', 'f', 0, 'too long', hex(zeroblob(20000000)))`)(path)
      overwriteLeaf("lexemes_content")(path)
      const quick = yield* inProcess(["doctor"], { home })
      assert.match(
        quick.stdout,
        /\nNothing is wrong that a quick look finds; `node .* doctor --deep` reads every page\.\n$/
      )
      assert.strictEqual(quick.code, 0)
      const deep = wrongIn(yield* doctor(home, "--deep"))
      assert.match(deep[0] ?? "", /^memory file: pages of .* are damaged that hold the index of words/)
      // What lies on the way to each table is looked at by the quick look, too.
      overwriteRoot("sketches")(path)
      assert.match(wrongIn(yield* doctor(home))[0] ?? "", /^memory file: pages of .* hold the sketches/)
      assert.deepStrictEqual(wrongIn(yield* doctor(home, "--repair")), [])
    })
  )
})

slow(describe)("a memory that another process has open", () => {
  live(
    "is repaired under it, and it goes on",
    Effect.gen(function*() {
      const home = yield* makeRemembering
      const path = memoryOf(home)
      overwriteLeaf("sketches")(path)
      const watching = yield* start([main, "watch"], { home, staysOpen: true })
      yield* watching.waitForText("following")
      assert.deepStrictEqual(wrongIn(yield* doctor(home, "--repair")), [])
      assert.include(yield* search(home, "harbour master berth"), NOTE)
      yield* watching.kill("SIGTERM")
      yield* watching.ended
      assert.deepStrictEqual(wrongIn(yield* doctor(home, "--deep")), [])
      // Nothing that is forgotten lives on in the copy.
      const { id } = JSON.parse((yield* inProcess(["save", "--json", NOTE], { home })).stdout) as {
        readonly id: string
      }
      assert.isTrue(existsSync(`${path}.repair-1`))
      assert.strictEqual((yield* inProcess(["forget", id, "--now", "--yes"], { home })).code, 0)
      assert.isFalse(existsSync(`${path}.repair-1`))
    })
  )
})
