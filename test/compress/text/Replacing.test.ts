import { assert, describe, it } from "@effect/vitest"
import { outdatedIn, replacementOf, replacementsIn } from "../../../src/compress/text/Replacing.ts"

const decision = (content: string) => ({ title: "…", content })
const found = (older: string, newer: string) => replacementOf(decision(newer), decision(older))

describe("a decision", () => {
  it.each(
    [
      [
        "User: Use Memcached for the cart sessions.",
        "User: We now use Redis instead of Memcached for carts.",
        "Memcached"
      ],
      ["User: We use npm.", "User: we use pnpm instead of npm.", "npm"],
      [
        "Claude chose: We went with REST for the partner API because it is simple.",
        "Claude chose: We switched the partner API from REST to gRPC.",
        "REST"
      ],
      [
        "User: We store sessions with Redis, since it is fast.",
        "User: We replaced Redis with Postgres for sessions because nobody wants to run it.",
        "Redis"
      ],
      [
        "Claude chose: We chose Vite for the bundle because webpack is slow.",
        "User: we go with esbuild rather than Vite for the bundle",
        "Vite"
      ],
      ["User: keep Travis for builds of the plugin", "User: we no longer use Travis for plugin builds", "Travis"],
      ["User: use Jest for the widgets", "User: don't use Jest for the widgets any more", "Jest"],
      ["User: Use Sentry for crashes.", "User: We drop Sentry for crashes in favour of GlitchTip.", "Sentry"],
      ["User: 订单缓存使用 Memcached。", "User: 订单缓存改用 Redis，不再用 Memcached。", "Memcached"],
      ["User: 訂單緩存使用 Memcached。", "User: 訂單緩存從 Memcached 換成 Redis。", "Memcached"],
      ["User: 金额字段用 float 存。", "User: 把 float 全部换成 Decimal，金额字段存。", "float"],
      ["User: 埋点采用 kafka。", "User: 埋点从 kafka 迁移到 pulsar。", "kafka"],
      // What is chosen against something.
      ["User: We use npm for installs.", "User: use pnpm, not npm, for installs", "npm"],
      ["User: use Jest for the widgets", "User: Use Vitest for the widgets and not Jest.", "Jest"],
      ["User: Use Postgres, not MySQL, for orders.", "User: We switched orders from Postgres to SQLite.", "Postgres"],
      ["User: 订单缓存用 Memcached。", "User: 订单缓存用 Redis，不要用 Memcached。", "Memcached"],
      // Given up, with or without what is used now.
      ["User: ok arq it is, the code is async", "Claude chose: Decision: arq is dropped, we use Celery", "arq"],
      [
        "User: no Celery\nClaude proposed: I'd take arq, because the code base is async.",
        "Claude chose: Decision: arq is dropped, Celery with RabbitMQ (quorum queues) replaces it, because arq lost receipts.",
        "arq"
      ],
      [
        "Claude chose: Decision: release builds go through EAS Build (`eas build --auto-submit`), because nobody has a Mac.",
        "Claude chose: Decision: release builds move from EAS to fastlane on the office Mac mini (self-hosted), because EAS queues for an hour.",
        "EAS"
      ],
      [
        "Claude chose: redux for the client state",
        "Claude chose: zustand replaces redux for the client state",
        "redux"
      ],
      ["User: run background jobs with Celery", "User: kill celery, run the background jobs with arq", "celery"],
      ["User: 分页组件用 Element Plus", "User: 不要element，分页组件统一用 naive ui", "element"],
      ["User: 状态管理用 Redux Toolkit", "User: 别用 Redux Toolkit 了, just use zustand", "Redux Toolkit"],
      ["User: 打包用 webpack", "User: 打包换 Vite，webpack 那套废弃", "webpack"],
      // A number.
      ["User: Set the session timeout to 24 hours.", "User: change the session timeout from 24h to 2 hours", "24h"],
      ["User: keep backups for 30 days", "User: 30 days of backups is too long, make it 7", "30 days"],
      [
        "User: The importer uses batches of 1,000 rows.",
        "User: bump importer batches from 1000 rows to 5000 rows",
        "1000 rows"
      ],
      ["User: 缓存有效期设为 24 小时。", "User: 缓存有效期 24 小时太长，改成 2 小时", "24 小时"],
      ["User: 登录重试上限是 3 次。", "User: 登录重试上限从 3 次提高到 5 次。", "3 次"],
      ["User: 登錄重試上限是 3 次。", "User: 把登錄重試上限 3 次改成 5 次。", "3 次"],
      ["User: Uploads are 10 MB at most.", "User: uploads should be 50 MB instead of 10 at most", "10 MB"],
      ["User: the pool has 8 connections", "User: 8 connections in the pool aren't enough, raise it to 16", "8"],
      // Other wordings, another clause, and nothing but the change.
      [
        "User: Widget tests run in Jest",
        "User: vitest over jest for the widget tests, jest is painful with modules",
        "jest"
      ],
      ["User: We log with winston.", "User: swap winston for pino", "winston"],
      ["Claude chose: SQLite for the local index.", "User: scrap SQLite, use DuckDB for the local index", "SQLite"],
      [
        "User: The partner API uses GraphQL.",
        "User: The partner API should be REST; GraphQL was a mistake.",
        "GraphQL"
      ],
      ["Claude chose: 主键用自增 ID，简单直观。", "User: 主键用雪花 ID 代替自增 ID，后面要分库", "自增 ID"],
      ["User: 消息队列用 RabbitMQ。", "User: RabbitMQ 扛不住，消息队列换成 Kafka 吧", "RabbitMQ"],
      ["User: 日志库选 log4j", "User: 放弃 log4j，日志用 logback", "log4j"],
      ["User: 資料庫用 MySQL。", "User: 資料庫不要用 MySQL 了，改用 PostgreSQL", "MySQL"],
      ["User: 缓存有效期 24 小时", "Claude: 缓存有效期设为 24 小时？\nUser: 24 小时太长，改成 2 小时", "24 小时"]
    ] as const
  )("replaces one that chose what it names, for the same: %s / %s", (older, newer, thing) => {
    assert.strictEqual(found(older, newer)?.old, thing)
    assert.isUndefined(found(newer, older))
  })

  it.each(
    [
      // Another purpose, a narrower one, another thing.
      ["User: Use Memcached for the cart sessions.", "User: We use Redis instead of Memcached for the rate limiter."],
      ["User: Use Memcached for the order cache.", "User: We use Redis instead of Memcached for the session cache."],
      ["User: We use Docker for CI.", "User: use podman instead of docker for CI of the plugin repository."],
      ["User: use the old endpoint for exports", "User: use v2 instead of the new endpoint for exports"],
      [
        "User: Use the docker cache mount when building the docs image.",
        "User: let's use apple container instead of docker."
      ],
      ["User: Use Postgres for orders.", "User: Use the replica instead of the primary for orders in Postgres."],
      [
        "Claude chose: I'll use a map instead of an array for the lookups because it is faster.",
        "Claude chose: I'll use a set instead of a map for the visited nodes."
      ],
      ["User: 订单缓存使用 Memcached。", "User: 会话缓存改用 Redis，不再用 Memcached。"],
      ["User: 订单缓存使用 Memcached。", "User: 限流不再用 Memcached。"],
      // Not settled, denied, or for a while.
      ["User: Use Memcached for carts.", "User: should we use Redis instead of Memcached for carts?"],
      ["User: Use Memcached for carts.", "User: don't use Redis instead of Memcached for carts."],
      ["User: Use Memcached for carts.", "User: if carts grow we could switch from Memcached to Redis."],
      ["User: Use Memcached for carts.", "User: use Redis instead of Memcached for carts for now."],
      ["User: Use Memcached for carts.", "User: Mei suggests we use Redis instead of Memcached for carts."],
      ["User: 订单缓存使用 Memcached。", "User: 要不要把订单缓存的 Memcached 换成 Redis？"],
      ["User: 导出使用 Parquet。", "User: 有人提议把导出的 Parquet 换成 Iceberg。"],
      // The earlier one did not choose it.
      ["User: We don't use Memcached for carts.", "User: We use Redis instead of Memcached for carts."],
      ["User: We use Redis instead of Memcached for carts.", "User: Use Redis instead of Memcached for carts."],
      ["User: Never use npm.", "User: we use pnpm instead of npm."],
      ["User: 不用 Redis 做佇列。", "User: 佇列用 PostgreSQL，不用 Redis"],
      ["User: Build the admin panel with Vue.", "User: marketing site: drop Vue, go with Astro"],
      ["User: Log level in production is INFO.", "User: for this run set the log level to DEBUG instead of INFO"],
      ["User: Use Redis for the sessions.", "User: drop Redis, use an LRU for the rate limiter"],
      ["User: We use Redis for carts.", "User: Use Memcached for carts, not because Redis is slow."],
      ["User: We use Redis for carts.", "User: don't use Redis, not for carts."],
      ["User: Use Redis for carts.", "Claude chose: Redis is dropped from the rate limiter, an LRU replaces it there"],
      ["User: Use Redis for carts.", "User: move the rate limiter off Redis"],
      ["User: carts are kept in Redis", "Claude chose: the script replaces Redis keys with a prefix of the tenant"],
      ["User: 订单缓存使用 Memcached。", "User: 限流的 Memcached 也砍掉"],
      // Another number, a number of something else, and one that stays.
      ["User: Set the session timeout to 12 hours.", "User: change the session timeout from 24 hours to 2 hours"],
      ["User: keep backups for 30 days", "User: change the trial from 30 days to 14 days"],
      ["User: keep backups for 30 days", "User: should we change backups from 30 days to 7 days?"],
      ["User: keep backups for 30 days", "User: backups went from 30 GB to 7 GB"],
      ["User: HTTP client timeout is 30 seconds.", "User: in tests use a 5 second HTTP timeout instead of 30"],
      ["User: Webhooks retry 5 times with backoff.", "User: Set the webhook timeout to 10 seconds, 5 was too short."],
      [
        "User: Session timeout is 15 minutes.",
        "User: Nobody asked to raise the session timeout from 15 to 60 minutes."
      ],
      ["User: retry webhooks 5 times", "User: bump webhook retries from 3 to 5 times"],
      ["User: retry webhooks 5 times", "User: retry webhooks 5 times instead of 3"],
      // Numbers of items, lines and other things.
      [
        "User: Put 1 hook in the commit message file.",
        "Claude chose: 1. Use the hook of the commit message file (hooks.go:83-87)"
      ],
      [
        "User: Use 9 workers for buildinfo.",
        "Claude chose: set the name in buildinfo.go:1:9, use 4 workers for buildinfo"
      ],
      ["User: Use Next 15 with React 18.", "User: use Next 16 instead of 14, with React 18"],
      ["User: 缓存有效期设为 24 小时。", "User: 试用期 24 小时太长，改成 2 小时"],
      ["User: 24 小时", "User: 24 小时太长，改成 2 小时"],
      [
        "User: keep the p95 of searches under 30 ms",
        "Claude chose: the index cut the p95 of searches from 30 ms to 7 ms"
      ],
      ["User: at most 30 open tickets a team", "Claude chose: open tickets a team dropped from 30 to 7"]
    ] as const
  )("does not replace: %s / %s", (older, newer) => assert.isUndefined(found(older, newer)))

  it.each(
    [
      // Given up for all, or for what the other speaks of.
      ["User: celery or arq?\nClaude: arq keeps its queue in redis.", "User: arq is dropped, we use Celery", "arq"],
      ["Claude: EAS builds in Expo's cloud.", "User: builds move from EAS to fastlane", "EAS"],
      ["User: 登录怎么做\nClaude: 登录用 JWT，放 cookie。", "User: 改成session吧，jwt不要了", "jwt"],
      ["User: why does redis evict the sessions?", "User: move sessions from redis to Postgres", "redis"],
      ["Claude: 商品缓存 TTL 定 30 分钟。", "User: 商品缓存 TTL 从 30 分钟改成 5 分钟", "30 分钟"]
    ] as const
  )(
    "puts a memory out of date that names what it gives up: %s / %s",
    (older, newer, thing) => assert.strictEqual(outdatedIn(decision(newer), decision(older))?.old, thing)
  )

  it.each(
    [
      ["User: why does redis evict the rate limits?", "User: move sessions from redis to Postgres"],
      ["Claude: arquillian runs the tests.", "User: arq is dropped, we use Celery"],
      ["User: the deploy has no redis", "User: redis is dropped, we use Postgres"],
      ["User: Postgres runs out of connections", "User: in tests use sqlite instead of postgres"],
      ["User: redis is slow", "User: should we drop redis?"],
      ["User: commit\nCommitted: jwt login; stream the export", "User: 改成session吧，jwt不要了"],
      ["Claude: 会话 TTL 定 30 分钟。", "User: 商品缓存 TTL 从 30 分钟改成 5 分钟"]
    ] as const
  )(
    "puts no other out of date: %s / %s",
    (older, newer) => assert.isUndefined(outdatedIn(decision(newer), decision(older)))
  )

  it("says nothing of the options of a form, nor of what was refused", () => {
    assert.deepStrictEqual(
      replacementsIn(decision("User chose: \"Which cache?\"=\"Redis\"\nAmong: Use Redis instead of Memcached")),
      []
    )
  })
})
