/**
 * The built plugin. scripts/check-package.mjs installs and runs it.
 */
import { assert, describe, it } from "@effect/vitest"
import { existsSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { PLUGIN, SERVER } from "../../src/install/ClaudeSettings.ts"
import { version } from "../../src/process/version.ts"
import { root } from "../data.ts"
import { main } from "./run.ts"

const plugin = join(dirname(main), "plugin")
const read = (...path: ReadonlyArray<string>) => readFileSync(join(...path), "utf8")
const readJson = (...path: ReadonlyArray<string>) => JSON.parse(read(...path))

describe("the plugin", () => {
  it("is known by the name and the version that others go by", () => {
    const manifest = readJson(plugin, ".claude-plugin", "plugin.json")
    const marketplace = readJson(plugin, ".claude-plugin", "marketplace.json")
    assert.strictEqual(`${manifest.name}@${marketplace.name}`, PLUGIN)
    assert.deepStrictEqual(marketplace.plugins.map(({ name }: { readonly name: string }) => name), [manifest.name])
    assert.strictEqual(manifest.version, version)
    assert.deepStrictEqual(Object.keys(manifest.mcpServers), [SERVER])
  })

  it("is added by a path that Claude Code takes for one", () => {
    for (const page of [join(plugin, "README.md"), join(root, "README.md"), join(root, "README.zh-CN.md")]) {
      assert.deepStrictEqual(read(page).match(/claude plugin marketplace add [^\s`]+/g), [
        "claude plugin marketplace add ./"
      ])
    }
  })

  it("runs what is in it, without a shell, and has the hooks that init writes", () => {
    const { hooks } = readJson(plugin, "hooks", "hooks.json")
    const ours = [{
      hooks: [{ type: "command", command: "node", args: ["${CLAUDE_PLUGIN_ROOT}/dist/hook.cjs"], timeout: 2 }]
    }]
    assert.deepStrictEqual(hooks, { SessionStart: ours, UserPromptSubmit: ours })
    // Nothing that is set changes this timeout.
    assert.include(read(root, "docs", "configuration.md"), "The hooks of the plugin have 2 seconds at most")
    assert.include(read(root, "docs", "configuration.zh-CN.md"), "插件的钩子不论怎么设，最多只有 2 秒")
    assert.isTrue(existsSync(join(plugin, "dist", "hook.cjs")))
    assert.isTrue(existsSync(join(plugin, "assets", "static-embeddings.bin")))
  })

  it("locks the packages that this one runs with, and no others", () => {
    const own = readJson(root, "package.json")
    const { packages } = readJson(root, "package-lock.json")
    const locked = readJson(plugin, "package-lock.json").packages
    assert.deepStrictEqual(locked[""].dependencies, own.dependencies)
    assert.deepStrictEqual(locked[""].optionalDependencies, own.optionalDependencies)
    for (const [path, entry] of Object.entries(locked)) {
      if (path === "") continue
      assert.deepStrictEqual(entry, packages[path])
      assert.notProperty(entry, "dev", path)
    }
    assert.include(Object.keys(locked), "node_modules/@photostructure/sqlite")
    assert.notInclude(Object.keys(locked), "node_modules/effect")
  })

  it("has a skill that asks before it forgets", () => {
    const skill = read(plugin, "skills", "memory", "SKILL.md")
    assert.match(skill, /^---\nname: memory\ndescription: .+\nargument-hint: .+\n---\n/)
    for (const name of ["search", "get", "timeline", "save", "forget"]) {
      assert.include(skill, `\`claude_memory_${name}\``)
    }
    assert.include(skill, "Only after a clear yes to these: `claude_memory_forget`")
  })
})
