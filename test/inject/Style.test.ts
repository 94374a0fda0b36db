import { assert, describe, it } from "@effect/vitest"
import { askedToBeDone, asksForRule, isOrder, namesCode } from "../../src/inject/Style.ts"

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
    "npx prisma migrate dev",
    "npx wrangler deploy",
    "npx create-next-app shop",
    "npx jest cart",
    "npx changeset version",
    "ssh prod",
    "ssh prod uptime",
    "ssh root@10.0.0.4 uptime",
    "grep TODO",
    "go fix",
    "check/update the deps",
    "build/deploy it",
    "test what is left",
    "test failing endpoints first",
    "log errors to a file",
    "fix failures only on node 20",
    "merge it, the queue is empty",
    "加个多少天没登录的统计",
    "修一下登录失败",
    "删除返回 500 的接口",
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
    "PGPOOL_MAX 是干嘛的",
    "mqtt 5 跟 3.1.1 有啥区别",
    "tdengine 的超级表和子表到底什么关系",
    "explain里type=ref是啥意思",
    "go的context怎么传 讲讲",
    "停 先别改，给我讲下你打算怎么做",
    // A form of a Japanese verb that ends a prompt.
    "接続プールの上限を上げて",
    "夜間レポートの行を読んで。",
    "ログは消さないで",
    "出力を JSON にして！"
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
    "ssh bastion is unreachable",
    "ssh prod is unreachable",
    "grep vs rg",
    "build/cache in CI",
    "test failures only on node 20",
    "merge queue is stuck",
    "build is red",
    "install fails",
    "删除接口返回 500",
    "跑测试报错",
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
    "当时短信重复发是啥原因来着",
    "讲讲这个任务上次怎么定的",
    "what does it do with the pool again",
    "どうして",
    "接続プールについて",
    "前回はどこまで",
    "テストが落ちたので",
    "この型を戻り値として",
    "プールの設定を初めて"
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

describe("a question for a rule", () => {
  it.each(["how do we deploy?", "where is staging", "who may merge?", "怎么回滚", "どこにデプロイする？"])(
    "is %j",
    (prompt) => assert.isTrue(asksForRule(prompt))
  )

  it.each([
    "how does this test work?",
    "deploy",
    "can you deploy?",
    "deploy, then test",
    "那个函数怎么用",
    "ok",
    "yes, do it"
  ])(
    "is not %j",
    (prompt) => assert.isFalse(asksForRule(prompt))
  )
})

describe("what is asked to be done", () => {
  it.each([
    ["did we ever move the pool to the proxy?", "the pool to the proxy"],
    ["hm, have we already dropped node 18? tell me", "node 18"],
    ["why didn’t we cache the report", "the report"],
    ["why did we take out the second pool?", "the second pool"],
    ["why is the pool capped", ""],
    ["how did we fix the pool", ""]
  ])("of %j is %j", (prompt, asked) => assert.strictEqual(askedToBeDone(prompt).trim(), asked))
})
