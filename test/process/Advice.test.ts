import { assert, describe, it } from "@effect/vitest"
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { commandOf } from "../../src/process/Advice.ts"

const of = (script: string, cwd = "/home/mei/claude-memory", path = "/usr/bin") => commandOf({ script, cwd, path })

describe("the command that advice names", () => {
  it("is claude-memory where a link of that name was run, wherever that lies", () => {
    for (
      const script of [
        "/usr/local/bin/claude-memory",
        "/home/mei/my bin/claude-memory.js",
        "/x/node_modules/.bin/claude-memory"
      ]
    ) {
      assert.strictEqual(of(script), "claude-memory")
    }
  })

  it("is node and the script where that was run, by the shorter of its paths", () => {
    const script = "/home/mei/claude-memory/dist/main.js"
    assert.strictEqual(of(script), "node dist/main.js")
    assert.strictEqual(of(script, "/home/mei/claude-memory/dist"), "node main.js")
    assert.strictEqual(of(script, "/home/mei/claude-memory/docs"), "node ../dist/main.js")
    assert.strictEqual(of(script, "/srv/work/shop/api"), `node ${script}`)
    assert.strictEqual(of("/home/mei/claude-memory/dist/main"), "node dist/main")
    assert.strictEqual(of("/home/mei/claude-memory/src/bin/main.ts"), "node src/bin/main.ts")
  })

  it("quotes a path that a shell would take apart", () => {
    assert.strictEqual(of("/home/mei/my copy/dist/main.js", "/srv"), "node '/home/mei/my copy/dist/main.js'")
    assert.strictEqual(of("/srv/it's $5/main.js", "/srv"), "node 'it'\\''s $5/main.js'")
    assert.strictEqual(of("/srv/记忆/main.js", "/srv"), "node 记忆/main.js")
  })

  it("is for the server, the hook and a package manager's shim claude-memory when that is on PATH, else node", () => {
    const folder = mkdtempSync(join(tmpdir(), "claude-memory-advice-"))
    try {
      mkdirSync(join(folder, "other", "claude-memory"), { recursive: true })
      writeFileSync(join(folder, "claude-memory"), "#!/bin/sh\n")
      chmodSync(join(folder, "claude-memory"), 0o755)
      const without = ["/usr/nowhere", join(folder, "other"), "", join(folder, "claude-memory"), "\0"].join(delimiter)
      const having = [without, folder].join(delimiter)
      for (const name of ["mcp.js", "hook.cjs"]) {
        const script = `/opt/claude-memory/dist/${name}`
        assert.strictEqual(of(script, "/home/mei/shop", having), "claude-memory")
        assert.strictEqual(of(script, "/home/mei/shop", without), "node /opt/claude-memory/dist/main.js")
      }
      const shimmed = "/opt/lib/node_modules/claude-memory/dist/main.js"
      assert.strictEqual(of(shimmed, "/home/mei", having), "claude-memory")
      assert.strictEqual(of(shimmed, "/home/mei", without), `node ${shimmed}`)
      // In a checkout, whose own program was named.
      assert.strictEqual(of("/opt/claude-memory/dist/main.js", "/opt/claude-memory", having), "node dist/main.js")
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
