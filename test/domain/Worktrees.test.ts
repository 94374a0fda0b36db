import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { likeness, meant, namedIn } from "../../src/domain/Worktrees.ts"
import { times } from "../data.ts"
import { anyText } from "../texts.ts"

describe("commands that make or remove worktrees", () => {
  const table: ReadonlyArray<readonly [text: string, ...made: ReadonlyArray<string>]> = [
    ["command: git worktree add ../shop-fix", "../shop-fix"],
    ["git worktree add -b fix ../shop-fix origin/main", "../shop-fix"],
    ["git worktree add ../shop-fix -b fix", "../shop-fix"],
    ["git worktree add --lock --reason \"a b\" -B fix '../shop fix' main", "../shop fix"],
    ["git worktree add \"/work/shop fix\"; ls", "/work/shop fix"],
    ["git -C /work/shop worktree add ../fix", "/work/shop ../fix"],
    ["cd /work/shop && git worktree add ../fix", "/work/shop ../fix"],
    ["cd /work && git -C shop worktree add ../fix", "/work/shop ../fix"],
    ["cd /a && ls\ncd /work/shop\ngit worktree add ../fix", "/work/shop ../fix"],
    ["(git fetch && git worktree add ~/trees/fix)", "~/trees/fix"],
    ["for the fix, run `git worktree add ../fix` first", "../fix"],
    ["git worktree add ../a && git worktree add ../b", "../a", "../b"],
    ["git worktree remove --force ../fix", "../fix"],
    ["git worktree add $(mktemp -d)"],
    ["git worktree add \"$HOME/fix\""],
    ["cd $REPO && git worktree add ../fix"],
    ["git worktree add <path>"],
    ["git worktree add -b fix"],
    ["git worktree list"],
    ["git status; worktree add ../fix"],
    ["git worktree added"]
  ]
  for (const [text, ...made] of table) {
    it(text, () =>
      assert.deepStrictEqual(
        namedIn(text).map(({ from, path }) => from === undefined ? path : `${from} ${path}`),
        made
      ))
  }

  it.prop("are found in any text, in little time", [anyText, FastCheck.nat({ max: 2_000 })], ([text, n]) => {
    assert.isArray(namedIn(text))
    assert.isArray(namedIn(`git ${"worktree add -b ".repeat(n)}cd "${"cd ".repeat(n)}`))
  }, { fastCheck: { numRuns: times(50) }, timeout: times(40_000) })

  it("mean a path in the folder in which they run", () => {
    assert.strictEqual(meant("../fix", "/work/shop", "/home/mei"), "/work/fix")
    assert.strictEqual(meant("/fix/", "/work/shop", "/home/mei"), "/fix")
    assert.strictEqual(meant("~/fix", "/work/shop", "/home/mei"), "/home/mei/fix")
    assert.strictEqual(meant("~", "/work/shop", "/home/mei"), "/home/mei")
  })
})

describe("the path of a worktree", () => {
  const shop = { names: ["shop"], folders: ["/work/shop"] }
  it("agrees with the name of its repository in the usual places", () => {
    for (
      const path of [
        "/work/shop-fix",
        "/work/shop_fix",
        "/work/shop fix",
        "/work/shop.worktrees/fix",
        "/elsewhere/shop-worktrees/fix/src",
        "/home/mei/worktrees/shop/fix",
        "/home/mei/.claude-worktrees/shop/fix",
        "/home/mei/git-worktrees/shop-fix",
        "/moved/shop"
      ]
    ) {
      assert.strictEqual(likeness(path, shop), 4, path)
    }
  })

  it("does not agree with what only begins alike, or lies elsewhere", () => {
    for (
      const path of [
        "/work/shopping",
        "/work/my-shop",
        "/elsewhere/shop-fix",
        "/work/worktrees-of/shop-fix",
        "/",
        "/work"
      ]
    ) {
      assert.strictEqual(likeness(path, shop), 0, path)
    }
    assert.strictEqual(likeness("/work/a-fix", { names: ["a", ""], folders: ["/work/a"] }), 0)
  })

  it("agrees most with the repository of the longest name", () =>
    assert.strictEqual(likeness("/work/shop-api-fix", { names: ["shop", "shop-api"], folders: ["/work/shop-api"] }), 8))
})
