import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { labelsOf } from "../../src/domain/ProjectLabels.ts"
import { times } from "../data.ts"

const labels = (...projects: ReadonlyArray<readonly [name: string, root: string]>) => [
  ...labelsOf(projects.map(([name, root], i) => ({ id: `${i}2345678-0`, name, root }))).values()
]

describe("labels of projects", () => {
  it("are the names where these tell them apart", () => {
    assert.deepStrictEqual(labels(["cli", "/a/cli"], ["shop", "/b/cli"]), ["cli", "shop"])
  })

  it("have as much of the folder as tells them apart, and no more", () => {
    assert.deepStrictEqual(labels(["cli", "/home/mei/work/cli"], ["cli", "/home/mei/play/cli"], ["api", "/api"]), [
      "work/cli",
      "play/cli",
      "api"
    ])
    assert.deepStrictEqual(labels(["cli", "/a/x/cli"], ["cli", "/b/x/cli"], ["cli", "C:\\work\\cli"]), [
      "a/x/cli",
      "b/x/cli",
      "work/cli"
    ])
    assert.deepStrictEqual(labels(["cli", "/cli"], ["cli", "/a/cli"]), ["cli", "a/cli"])
  })

  it("have the name beside a folder that is called otherwise", () => {
    assert.deepStrictEqual(labels(["shop", "/work/old"], ["shop", "/work/new"]), ["shop (old)", "shop (new)"])
  })

  it("have the ids of projects of one folder", () => {
    assert.deepStrictEqual(labels(["cli", "/a/cli"], ["cli", "/a/cli"]), ["a/cli (02345678)", "a/cli (12345678)"])
  })

  it("are made of few looks at each of many", () => {
    let looks = 0
    const many = Array.from({ length: 1_000 }, (_, i) => ({
      id: `${i}`,
      root: `/work/${i}/cli`,
      get name() {
        looks++
        return i % 2 === 0 ? "cli" : `p${i}`
      }
    }))
    assert.strictEqual(new Set(labelsOf(many).values()).size, many.length)
    assert.isBelow(looks, 20 * many.length)
  })

  const project = FastCheck.record({
    id: FastCheck.uuid(),
    name: FastCheck.constantFrom("cli", "api", "a"),
    root: FastCheck.array(FastCheck.constantFrom("cli", "a", "b", "/"), { maxLength: 5 }).map((all) =>
      `/${all.join("/")}`
    )
  })
  it.prop(
    "are different for different projects, and hold the name",
    [FastCheck.uniqueArray(project, { selector: ({ id }) => id.slice(0, 8), maxLength: 12 })],
    ([projects]) => {
      const found = labelsOf(projects)
      assert.strictEqual(new Set(found.values()).size, projects.length)
      for (const { id, name } of projects) assert.include(found.get(id) ?? "", name)
    },
    { fastCheck: { numRuns: times(200) } }
  )
})
