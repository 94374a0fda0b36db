import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { existsSync, mkdirSync, readdirSync } from "node:fs"
import { join } from "node:path"
import * as App from "../../src/App.ts"
import { kindOf } from "../../src/domain/BackupFile.ts"
import { ClaudeMemory } from "../../src/serve/ClaudeMemory.ts"
import { dailyBackups } from "../../src/serve/DailyBackups.ts"
import { DailyBackup } from "../../src/store/Backups.ts"
import { base } from "../contract/layers.ts"

describe("daily backups", () => {
  it.effect("are looked at after five minutes, and each hour from then on", () =>
    Effect.gen(function*() {
      let looked = 0
      const daily = { makeIfDue: Effect.sync(() => looked++) }
      const fiber = yield* Effect.fork(Effect.provideService(Stream.runDrain(dailyBackups), DailyBackup, daily))
      for (const [minutes, wanted] of [[4, 0], [2, 1], [58, 1], [2, 2], [180, 5]] as const) {
        yield* TestClock.adjust(Duration.minutes(minutes))
        assert.strictEqual(looked, wanted)
      }
      yield* Fiber.interrupt(fiber)
    }))

  it.effect("are none where there are to be none", () => Stream.runDrain(dailyBackups))

  for (const daily of [{ kept: 7, bytes: 1e9 }, undefined]) {
    it.scopedLive(`are made by who captures ${daily === undefined ? "only where they are wanted" : "for long"}`, () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const root = yield* fs.makeTempDirectoryScoped({ prefix: "claude-memory-daily-" })
        const [home, transcripts] = [join(root, "memory"), join(root, "projects")]
        mkdirSync(transcripts)
        const clock = Clock.make()
        const hurried: Clock.Clock = Object.assign(Clock.make(), {
          sleep: (time: Duration.Duration) =>
            clock.sleep(Duration.lessThan(time, "5 minutes") ? time : Duration.millis(20))
        })
        const backups = () =>
          existsSync(join(home, "backups"))
            ? readdirSync(join(home, "backups")).filter((name) => kindOf(name) === "daily")
            : []
        yield* Effect.gen(function*() {
          const memory = yield* ClaudeMemory
          yield* memory.save({ content: "A note about apples.", project: { folder: root } })
          yield* Effect.forkScoped(
            Effect.withClock(Effect.orDie(Stream.runDrain(memory.capture([transcripts]))), hurried)
          )
          yield* Effect.repeat(Effect.delay(Effect.sync(backups), "50 millis"), {
            until: (names) => names.length > 0,
            times: daily === undefined ? 20 : 200
          })
          assert.lengthOf(backups(), daily === undefined ? 0 : 1)
        }).pipe(Effect.scoped, Effect.provide(App.layer({ home, readOnly: false, busyTimeoutMs: 1_000, daily })))
      }).pipe(Effect.provide(base)))
  }
})
