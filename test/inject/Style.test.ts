import { assert, describe, it } from "@effect/vitest"
import { isOrder, namesCode } from "../../src/inject/Style.ts"

describe("an order", () => {
  it.each([
    "go with the second one",
    "说一下这个函数",
    "别动 pool",
    "清一下缓存",
    "用 redis 存会话",
    "ログイン画面の翻訳をお願いします",
    "ログインを直してください",
    "cargo fmt",
    "npm test",
    "git status",
    "npm run build",
    "docker compose up -d",
    "rm -rf dist",
    "ls",
    "cd src",
    "npx vitest run",
    "terraform plan",
    "git branch",
    "go vet",
    "go fix the login test",
    "please go and run the tests",
    "go test it",
    "go to the next one",
    "push, then merge",
    "go ahead",
    "写一个脚本统计有多少行代码",
    "加一个页面显示哪些订单超时",
    "帮我写一个脚本统计有多少行代码",
    "端口改成 8443",
    "说明一下这个函数",
    // What asks to explain.
    "what does the nightly report do",
    "what's the difference between a pool and a client?",
    "nightly report 的原理是什么",
    "pool 和 client 有什么区别",
    "PGPOOL_MAX 是干嘛的"
  ])("is %j", (prompt) => assert.isTrue(isOrder(prompt)))

  it.each([
    "别名怎么配的",
    "清算失败怎么补",
    "清算几点跑",
    "端口改成多少了",
    "缓存换成什么了",
    "网关改成几个实例了",
    "用哪个端口",
    "翻译文件在哪",
    "说明文档的格式",
    "清单的字段",
    "清理策略",
    "解释器版本",
    "用户表结构",
    "bun vs node",
    "bun vs node.js",
    "git hooks",
    "node version",
    "go generics",
    "go test hangs in CI",
    "go build race detector",
    "python logging setup",
    "docker port conflict",
    "npm install timeout",
    "docker VPN",
    "docker network",
    "ssh bastion",
    "ssh deploy user",
    "curl proxy",
    "npx cache folder",
    "parse_config region fallback",
    "release.yml dies in codesign",
    "test.ts hangs",
    "what do you remember about the pool",
    "what do we use for auth tokens",
    "what does the partner expect in its export files",
    "what is the difference between staging and prod that we agreed on",
    "令牌的规则有哪些",
    "这个任务的原理上次怎么说的",
    "what about the pool",
    "what was the pool's limit",
    "pool 的上限是多少",
    "what does it do with the pool again"
  ])("is not %j", (prompt) => assert.isFalse(isOrder(prompt)))
})

describe("a name of code", () => {
  it.each(["src/pool.ts is slow", "why is PGPOOL_MAX 20", "poolSize?", "把 db/pool 改名"])(
    "is in %j",
    (prompt) => assert.isTrue(namesCode(prompt))
  )

  it.each(["the pool is slow. Why?", "CI is red", "连接池 and/ or", "pool size"])(
    "is not in %j",
    (prompt) => assert.isFalse(namesCode(prompt))
  )
})
