import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { basename, dirname, join, sep } from "node:path"
import * as Project from "../../src/domain/Project.ts"
import { times } from "../data.ts"
import * as Repositories from "../repositories.ts"
import { anyText } from "../texts.ts"

/** Writes files of a repository, by path below `root`. */
const write = (root: string, files: Readonly<Record<string, string>>) => {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
}

const config = (url: string) =>
  `[core]\n\tbare = false\n[remote "upstream"]\n\turl = https://github.com/other/fork\n[remote "origin"]\n\turl = ${url}\n` +
  "\tfetch = +refs/heads/*:refs/remotes/origin/*\n[branch \"main\"]\n\tremote = origin\n"

const inFolder = <A>(
  test: (root: string) => Effect.Effect<A, unknown, FileSystem.FileSystem | NodeContext.NodeContext>
) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    return yield* test(yield* fs.realPath(yield* fs.makeTempDirectoryScoped({ prefix: "claude-memory-project-" })))
  }).pipe(Effect.scoped, Effect.provide(NodeContext.layer))

/** Registers a test: `make` creates a folder and returns paths, and `check` gets the projects they resolve to. */
const resolving = (
  name: string,
  make: (root: string) => ReadonlyArray<string>,
  check: (projects: ReadonlyArray<Project.Project>, root: string) => void
) =>
  it.effect(
    name,
    () =>
      inFolder((root) => Effect.map(Effect.forEach(make(root), Project.resolve), (projects) => check(projects, root)))
  )

const same = (projects: ReadonlyArray<Project.Project>) => {
  for (const project of projects) {
    assert.strictEqual(project.id, projects[0]!.id)
    assert.strictEqual(project.key, projects[0]!.key)
    assert.strictEqual(project.name, projects[0]!.name)
  }
}
const different = (projects: ReadonlyArray<Project.Project>) =>
  assert.strictEqual(new Set(projects.map(({ id }) => id)).size, projects.length)

describe("git's files, written by hand", () => {
  resolving("two clones of one remote are one project", (root) => {
    write(root, {
      "a/.git/config": config("git@github.com:acme/shop.git"),
      "b/.git/config": config("https://mei:s3cret@github.com/acme/shop"),
      "c/.git/config": config("ssh://git@GitHub.com:22/acme/shop.git/\r"),
      "d/.git/config": config("\"https://github.com/acme/shop.git\"")
    })
    return ["a", "b", "c", "d"].map((name) => join(root, name))
  }, (projects, root) => {
    same(projects)
    assert.strictEqual(projects[0]!.key, "remote:github.com/acme/shop")
    assert.strictEqual(projects[0]!.name, "shop")
    assert.deepStrictEqual(
      projects.map((project) => project.root),
      ["a", "b", "c", "d"].map((name) => join(root, name))
    )
  })

  resolving("case does not matter where the host ignores it, and does elsewhere", (root) => {
    write(root, {
      "a/.git/config": config("git@github.com:Acme/Shop.git"),
      "b/.git/config": config("https://github.com/acme/shop"),
      "c/.git/config": config("ssh://git@ssh.github.com:443/acme/SHOP.git"),
      "d/.git/config": config("git@example.com:srv/Shop.git"),
      "e/.git/config": config("git@example.com:srv/shop.git")
    })
    return ["a", "b", "c", "d", "e"].map((name) => join(root, name))
  }, (projects) => {
    assert.deepStrictEqual(
      new Set(projects.slice(0, 3).map(({ key }) => key)),
      new Set(["remote:github.com/acme/shop"])
    )
    assert.deepStrictEqual(projects.slice(0, 3).map(({ name }) => name), ["Shop", "shop", "SHOP"])
    different(projects.slice(2))
  })

  resolving("another repository of the same name is another project", (root) => {
    write(root, {
      "a/shop/.git/config": config("git@github.com:acme/shop.git"),
      "b/shop/.git/config": config("git@github.com:other/shop.git"),
      "c/shop/.git/config": config("git@gitlab.com:acme/shop.git"),
      "d/shop/.git/config": "[core]\n",
      "e/shop/x": ""
    })
    return ["a", "b", "c", "d", "e"].map((name) => join(root, name, "shop"))
  }, (projects) => {
    different(projects)
    assert.deepStrictEqual(new Set(projects.map(({ name }) => name)), new Set(["shop"]))
  })

  resolving("a folder inside a repository is its project", (root) => {
    write(root, { "shop/.git/config": config("git@github.com:acme/shop.git"), "shop/src/db/pool.ts": "" })
    return [join(root, "shop"), join(root, "shop", "src", "db"), join(root, "shop", "src", "db", "gone", "too")]
  }, (projects, root) => {
    same(projects)
    assert.deepStrictEqual(new Set(projects.map((project) => project.root)), new Set([join(root, "shop")]))
  })

  resolving("a repository without a remote goes by its path", (root) => {
    write(root, { "shop/.git/config": "[core]\n\tbare = false\n", "shop/src/a.ts": "" })
    return [join(root, "shop"), join(root, "shop", "src")]
  }, (projects, root) => {
    same(projects)
    assert.strictEqual(projects[0]!.key, `path:${join(root, "shop")}`)
  })

  resolving("a clone of a folder goes by its own path", (root) => {
    write(root, {
      "a/.git/config": config("/srv/git/shop.git"),
      "b/.git/config": config("../shop.git"),
      "c/.git/config": config("file:///srv/git/shop.git"),
      "d/.git/config": config("C:\\repos\\shop.git"),
      "e/.git/config": config("~/shop.git")
    })
    return ["a", "b", "c", "d", "e"].map((name) => join(root, name))
  }, (projects, root) =>
    assert.deepStrictEqual(
      projects.map(({ key }) => key),
      ["a", "b", "c", "d", "e"].map((name) => `path:${join(root, name)}`)
    ))

  resolving("a folder of another system is not looked for in the folder of this process", () => [
    "C:\\Users\\mei\\bank",
    "c:/Users/mei/bank",
    "\\\\server\\share\\bank",
    "C:\\Users\\mei\\bank\\.claude\\worktrees\\fix",
    "C:\\"
  ], (projects) => {
    if (sep !== "/") return
    assert.deepStrictEqual(projects.map(({ key, name }) => [key, name]), [
      ["path:C:\\Users\\mei\\bank", "bank"],
      ["path:C:/Users/mei/bank", "bank"],
      ["path:\\\\server\\share\\bank", "bank"],
      ["path:C:\\Users\\mei\\bank", "bank"],
      ["path:C:\\", "C:\\"]
    ])
  })

  resolving("a worktree is the main repository's project", (root) => {
    const worktree = (to: string) => ({
      [`${to}/.git/worktrees/fix/commondir`]: "../..\n",
      [`${to}/.git/worktrees/fix/gitdir`]: `${join(root, `${to}-fix`, ".git")}\n`,
      [`${to}-fix/.git`]: `gitdir: ${join(root, to, ".git", "worktrees", "fix")}\n`
    })
    write(root, {
      "shop/.git/config": config("git@github.com:acme/shop.git"),
      ...worktree("shop"),
      "local/.git/config": "[core]\n",
      ...worktree("local")
    })
    return ["shop", "shop-fix", "local", "local-fix"].map((name) => join(root, name))
  }, (projects, root) => {
    same(projects.slice(0, 2))
    same(projects.slice(2))
    assert.deepStrictEqual(
      projects.map((project) => project.root),
      ["shop", "shop", "local", "local"].map((name) => join(root, name))
    )
    assert.strictEqual(projects[3]!.key, `path:${join(root, "local")}`)
  })

  resolving("a submodule is a project of its own", (root) => {
    write(root, {
      "shop/.git/config": config("git@github.com:acme/shop.git"),
      "shop/.git/modules/lib/config": config("git@github.com:acme/lib.git"),
      "shop/lib/.git": "gitdir: ../.git/modules/lib\n",
      "shop/.git/modules/bare/config": "[core]\n\tworktree = ../../../bare\n",
      "shop/bare/.git": "gitdir: ../.git/modules/bare\n"
    })
    return ["shop", "shop/lib", "shop/bare"].map((name) => join(root, name))
  }, (projects, root) => {
    different(projects)
    assert.strictEqual(projects[1]!.key, "remote:github.com/acme/lib")
    assert.strictEqual(projects[2]!.key, `path:${join(root, "shop/bare")}`)
  })

  resolving("what can't be understood goes by its path", (root) => {
    write(root, {
      "a/.git/config": "\u0000\u0001[[[remote \"origin\"\nurl\n=\n",
      "b/.git/config": "[remote \"origin\"]\n\turl =\n",
      "c/.git/config": config("not a url"),
      "d/.git": "nonsense",
      "e/.git": "gitdir: /nowhere/at/all\n",
      "f/.git": ""
    })
    mkdirSync(join(root, "g", ".git", "config"), { recursive: true })
    return ["a", "b", "c", "d", "e", "f", "g"].map((name) => join(root, name))
  }, (projects, root) =>
    assert.deepStrictEqual(
      projects.map(({ key }) => key),
      ["a", "b", "c", "d", "e", "f", "g"].map((name) => `path:${join(root, name)}`)
    ))

  it.effect("any configuration resolves", () =>
    inFolder((root) =>
      Effect.forEach(FastCheck.sample(anyText, 50), (text) => {
        write(root, { ".git/config": `[remote "origin"]\n\turl = ${text}` })
        return Effect.map(Project.resolve(root), (project) => assert.isNotEmpty(project.name))
      })
    ))
})

describe("folders without git", () => {
  resolving("go by their real path", (root) => {
    mkdirSync(join(root, "notes"))
    symlinkSync(join(root, "notes"), join(root, "link"))
    return [join(root, "notes"), join(root, "link"), join(root, "notes", ".", "..", "notes")]
  }, (projects, root) => {
    same(projects)
    assert.strictEqual(projects[0]!.key, `path:${join(root, "notes")}`)
    assert.strictEqual(projects[0]!.name, "notes")
  })

  it.effect("that are gone, of Windows, or behind a broken or circular link, have a project", () =>
    inFolder((root) =>
      Effect.gen(function*() {
        mkdirSync(join(root, "gone"))
        const before = yield* Project.resolve(join(root, "gone"))
        rmSync(join(root, "gone"), { recursive: true })
        assert.deepStrictEqual(yield* Project.resolve(join(root, "gone")), before)
        symlinkSync(join(root, "loop"), join(root, "loop"))
        assert.strictEqual((yield* Project.resolve(join(root, "loop"))).name, "loop")
        const [small, large] = [yield* Project.resolve("c:\\Users\\mei"), yield* Project.resolve("C:\\Users\\mei")]
        assert.deepStrictEqual(small, large)
        assert.strictEqual(large.key, "path:C:\\Users\\mei")
        const top = yield* Project.resolve("/")
        assert.strictEqual(top.key, "path:/")
        assert.strictEqual(top.name, "/")
      })
    ))
})

describe("a worktree that is gone", () => {
  resolving("inside its repository is the repository's project", (root) => {
    write(root, {
      "shop/.git/config": "[core]\n",
      "worktrees/shop/.git/config": config("git@github.com:acme/shop.git"),
      "worktrees/readme": ""
    })
    return [
      "shop",
      "shop/.worktrees/fix",
      "shop/worktrees/fix/src",
      "shop/.claude/worktrees/fix",
      "worktrees/shop",
      "worktrees/shop/.claude/worktrees/fix"
    ].map((name) => join(root, name))
  }, (projects) => {
    same(projects.slice(0, 4))
    same(projects.slice(4))
    different([projects[0]!, projects[4]!])
  })

  resolving(
    "together with the repository around it is at the repository's place",
    (root) =>
      ["shop/.worktrees/fix", "shop/worktrees/fix/src", "shop/.claude/worktrees/fix", "worktrees/shop/.worktrees/fix"]
        .map((name) => join(root, name)),
    (projects, root) =>
      assert.deepStrictEqual(
        projects.map(({ key }) => key),
        ["shop", "shop", "shop", "worktrees/shop"].map((name) => `path:${join(root, name)}`)
      )
  )

  resolving(
    "in a folder of worktrees of several repositories is a project by its own path",
    (root) => ["worktrees/shop/fix", ".worktrees/fix", ".claude/worktrees/fix"].map((name) => join(root, name)),
    (projects, root) =>
      assert.deepStrictEqual(
        projects.map((project) => project.root),
        ["worktrees/shop/fix", ".worktrees/fix", ".claude/worktrees/fix"].map((name) => join(root, name))
      )
  )
})

describe("a repository through a link", () => {
  resolving("is the repository", (root) => {
    write(root, { "shop/.git/config": "[core]\n", "shop/src/a.ts": "" })
    symlinkSync(join(root, "shop"), join(root, "link"))
    symlinkSync(join(root, "shop", "src"), join(root, "src"))
    return [join(root, "shop"), join(root, "link"), join(root, "src"), join(root, "link", "src")]
  }, same)
})

describe("real git", () => {
  it.effect(
    "repositories, worktrees, bare ones, submodules and clones",
    () =>
      inFolder((root) =>
        Effect.gen(function*() {
          const git = (folder: string, ...args: ReadonlyArray<string>) =>
            Repositories.git(folder, "-c", "protocol.file.allow=always", ...args)
          const commit = (folder: string) => git(folder, "commit", "--allow-empty", "-m", "first")
          for (const name of ["shop", "lib"]) {
            mkdirSync(join(root, name))
            git(join(root, name), "init", "-b", "main")
            commit(join(root, name))
          }
          const shop = yield* Project.resolve(join(root, "shop"))
          assert.strictEqual(shop.key, `path:${join(root, "shop")}`)

          git(join(root, "shop"), "worktree", "add", join(root, "shop-fix"))
          git(join(root, "shop"), "worktree", "add", join(root, "shop", ".worktrees", "inner"))
          same(
            yield* Effect.forEach(
              ["shop", "shop-fix", "shop/.worktrees/inner"],
              (name) => Project.resolve(join(root, name))
            )
          )

          git(join(root, "shop"), "submodule", "add", join(root, "lib"), "vendor/lib")
          assert.strictEqual(
            (yield* Project.resolve(join(root, "shop/vendor/lib"))).key,
            `path:${join(root, "shop/vendor/lib")}`
          )

          git(root, "clone", "--bare", join(root, "shop"), join(root, "bare.git"))
          git(join(root, "bare.git"), "remote", "remove", "origin")
          git(join(root, "bare.git"), "worktree", "add", join(root, "one"), "main")
          git(join(root, "bare.git"), "worktree", "add", "-b", "two", join(root, "two"))
          const bare = yield* Effect.forEach(["one", "two"], (name) => Project.resolve(join(root, name)))
          same(bare)
          assert.strictEqual(bare[0]!.key, `path:${join(root, "bare.git")}`)

          git(join(root, "shop"), "remote", "add", "origin", "https://oauth2:glpat-abc@gitlab.com/acme/shop.git")
          git(root, "clone", join(root, "shop"), join(root, "clone"))
          git(join(root, "clone"), "remote", "set-url", "origin", "git@gitlab.com:acme/shop.git")
          const clones = yield* Effect.forEach(
            ["shop", "shop-fix", "clone"],
            (name) => Project.resolve(join(root, name))
          )
          same(clones)
          assert.strictEqual(clones[0]!.key, "remote:gitlab.com/acme/shop")
        })
      ),
    60_000
  )
})

describe("an address", () => {
  const table: ReadonlyArray<readonly [url: string, normal: string | undefined]> = [
    ["git@github.com:acme/shop.git", "github.com/acme/shop"],
    ["git@github.com:/acme/shop.git", "github.com/acme/shop"],
    ["github.com:acme/shop", "github.com/acme/shop"],
    ["https://github.com/acme/shop.git", "github.com/acme/shop"],
    ["https://github.com/acme/shop/", "github.com/acme/shop"],
    ["https://GITHUB.com/acme/shop", "github.com/acme/shop"],
    ["https://mei@github.com/acme/shop", "github.com/acme/shop"],
    ["https://mei:token@github.com/acme/shop.git", "github.com/acme/shop"],
    ["https://token@github.com/acme/shop.git", "github.com/acme/shop"],
    ["https://github.com/acme/shop?access_token=token", "github.com/acme/shop"],
    ["http://github.com:8080/acme/shop.git", "github.com/acme/shop"],
    ["ssh://git@github.com/acme/shop.git", "github.com/acme/shop"],
    ["ssh://git@github.com:2222/acme/shop.git", "github.com/acme/shop"],
    ["ssh://git@ssh.github.com:443/acme/shop.git", "github.com/acme/shop"],
    ["git+ssh://git@github.com/acme/shop.git", "github.com/acme/shop"],
    ["git://github.com/acme/shop.git", "github.com/acme/shop"],
    ["https://dev.azure.com/acme/_git/shop@v2", "dev.azure.com/acme/_git/shop@v2"],
    ["https://gitlab.com/acme/group/sub/shop.git", "gitlab.com/acme/group/sub/shop"],
    ["/srv/git/shop.git", undefined],
    ["./shop", undefined],
    ["../shop", undefined],
    ["file:///srv/shop", undefined],
    ["C:/repos/shop", undefined],
    ["", undefined],
    ["shop", undefined]
  ]
  for (const [url, normal] of table) {
    it(url === "" ? "nothing" : url, () => assert.strictEqual(Project.normalizeRemote(url), normal))
  }

  const name = FastCheck.string({ unit: FastCheck.constantFrom(..."abcXYZ019-_"), minLength: 1, maxLength: 12 })
  const secret = FastCheck.string({ unit: FastCheck.constantFrom(..."abXY01!@/:#?%&=+$"), minLength: 3, maxLength: 20 })
    .map((made) => `Q7${made}Q7`)

  it.prop("never keeps a password", [name, name, name, secret], ([user, owner, repository, secret]) => {
    const normal = Project.normalizeRemote(`https://${user}:${secret}@github.com/${owner}/${repository}.git`) ?? ""
    assert.isFalse(normal.includes("Q7"), normal)
    const encoded = `https://${user}:${encodeURIComponent(secret)}@github.com/${owner}/${repository}.git`
    assert.strictEqual(Project.normalizeRemote(encoded), `github.com/${owner}/${repository}`)
  }, { fastCheck: { numRuns: times(100) } })

  it.prop("of any text has a name, or there is none", [anyText], ([text]) => {
    const normal = Project.normalizeRemote(text)
    if (normal !== undefined) assert.isNotEmpty(basename(normal))
  })
})
