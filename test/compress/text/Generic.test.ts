import { assert, describe, it } from "@effect/vitest"
import { isGeneric } from "../../../src/compress/text/Generic.ts"

describe("a generic sentence", () => {
  it.each([
    "we release on the first Monday of a month",
    "only maintainers may tag a release",
    "nobody touches the billing tables by hand",
    "every migration has a way back",
    "each feature flag expires after a quarter",
    "audit logs live in their own bucket",
    "commit messages follow the angular convention",
    "public functions have a docstring",
    "passwords need 14 characters at least",
    "a deploy takes two approvals",
    "treat flaky tests as bugs",
    "name branches after the ticket",
    "use named exports",
    "answer in english, whatever i write",
    "leave the vendored parser alone",
    "分支名用短横线",
    "接口文档写在仓库里",
    "只发布带签名的包",
    "会话 30 分钟过期",
    "上线至少两个人看"
  ])("is of all of a kind, and of no day: %s", (words) => assert.isTrue(isGeneric(words)))

  it.each([
    "this migration has no way back",
    "we got two approvals",
    "we need to talk about the release",
    "we tried the other driver",
    "only the first page loads",
    "every request fails with a timeout",
    "audit logs are missing since the move",
    "invoices page has no total",
    "the build is running",
    "tests in the parser",
    "users complained about the font",
    "a test failed in CI",
    "name this branch after the ticket",
    "use the branch of yesterday",
    "these names are too long",
    "分支名怎么这么长",
    "帮我写在仓库里",
    "页面一直在转",
    "这个接口不能用",
    "会话过期了"
  ])("is none that tells of one thing, of one time or of what fails: %s", (words) => assert.isFalse(isGeneric(words)))
})
