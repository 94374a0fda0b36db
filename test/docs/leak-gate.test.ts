import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readFileSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { join } from "node:path"
import { ResourceLedger } from "../../src/resources/ResourceLedger.ts"
import * as Server from "../../src/resources/Server.ts"
import { root, slow } from "../data.ts"
import { run } from "../e2e/program.ts"
import { owned } from "../resources/owned.ts"
import { follow, textOf } from "./page.ts"

const page = await follow("leak-gate")

it.live("its program runs", () =>
  Effect.gen(function*() {
    // It asks this server for nothing, since its dictionary has the word.
    const { address } = yield* owned(
      Server.open({
        name: "unasked",
        make: () => createServer(),
        listen: { port: 0, host: "127.0.0.1" },
        onError: () => {}
      })
    )
    const file = page.temporary("translations.txt")
    const origin = `http://127.0.0.1:${typeof address === "string" ? "" : address.port}`
    const { code, stderr } = yield* page.run("src/main.ts", origin, file)
    assert.strictEqual(code, 0, stderr)
    assert.strictEqual(readFileSync(file, "utf8"), "bonjour\n")
  }).pipe(Effect.scoped, Effect.provide(ResourceLedger.layer)))

/** Frames by their file; those of the package itself are all alike, since chunks are named by their content. */
const framed = (text: string) =>
  text.replace(
    /at (?:\S+ \()?file:\S*?([\w-]+)\.js:\d+:\d+\)?/g,
    (_, name) => name === "mistakes" ? "at mistakes" : "at ours"
  )

it.live("its mistakes are told as it says", () =>
  Effect.gen(function*() {
    const { code, stderr, stdout } = yield* page.run("test/mistakes.ts")
    assert.strictEqual(code, 0, stderr)
    const told = stdout.split("\n").filter((line) => !line.startsWith("timestamp=")).join("\n")
    assert.strictEqual(framed(told), framed(/```text\n([\s\S]*?)```/.exec(textOf("leak-gate"))![1]!))
  }))

/** Leaks by the edits of src/Translator.ts that make them, and what the gate says of each. */
const LEAKS: ReadonlyArray<
  { readonly told: RegExp; readonly edits: ReadonlyArray<readonly [from: string, to: string]> }
> = [
  // A file of a call that is open until the service closes.
  {
    told: /is opened after \S+ was built/,
    edits: [
      ["const { openFile } =", "const scope = yield* Effect.scope\nconst { openFile } ="],
      ["openFile(path, { flag: \"a\" })", "Scope.extend(openFile(path, { flag: \"a\" }), scope)"],
      ["import * as Option", "import * as Scope from \"effect/Scope\"\nimport * as Option"]
    ]
  },
  // A socket beside the ledger.
  {
    told: /without a fault: left open/,
    edits: [
      ["const file = yield*", "createSocket(\"udp4\").bind()\nconst file = yield*"],
      ["import * as Option", "import { createSocket } from \"node:dgram\"\nimport * as Option"]
    ]
  }
]

slow(it.live)("its gate finds nothing, and what is put there", () =>
  Effect.gen(function*() {
    const gate = page.run("test/gate.ts", page.temporary("gate.txt"))
    const clean = yield* gate
    assert.strictEqual(clean.stdout.split("\n").at(-2), "4 acquisitions went wrong in 3 ways each, and nothing is left")
    assert.strictEqual(clean.code, 0, clean.stderr)
    const service = join(page.folder, "src", "Translator.ts")
    const text = readFileSync(service, "utf8")
    for (const { edits, told } of LEAKS) {
      for (const [from] of edits) assert.include(text, from)
      writeFileSync(service, edits.reduce((text, [from, to]) => text.replace(from, to), text))
      const { code, stderr, stdout } = yield* gate
      assert.match(stdout + stderr, told)
      assert.strictEqual(code, 1)
    }
    writeFileSync(service, text)
  }), 120_000)

slow(it.live)("its rules accept it, and report what opens a handle beside the ledger", () =>
  Effect.gen(function*() {
    const oxlint = run([join(root, "node_modules", "oxlint", "bin", "oxlint"), "--format=unix", "src"], {
      home: page.folder,
      cwd: page.folder
    })
    const clean = yield* oxlint
    assert.strictEqual(clean.code, 0, clean.stdout + clean.stderr)
    const bad = [
      `fetch("http://localhost")`,
      `setInterval(() => {}, 1)`,
      `import { createServer } from "node:http"; createServer()`,
      `import { Owner } from "claude-memory/resources"; Owner.open`,
      `import { acquire } from "claude-memory/resources"; acquire`,
      `import { ResourceLedger } from "claude-memory/resources"; ResourceLedger.layer`,
      `import * as Effect from "effect/Effect"; Effect.forkDaemon(Effect.void)`,
      `import * as Effect from "effect/Effect"; // oxlint-disable-line claude-memory/names`
    ]
    const files = bad.map((text, i) => {
      const name = `Bad${i}.ts`
      writeFileSync(join(page.folder, "src", name), `${text}\n`)
      return name
    })
    const { stdout } = yield* oxlint
    assert.deepStrictEqual(files.filter((name) => !new RegExp(`${name}:.*claude-memory`).test(stdout)), [], stdout)
  }))
