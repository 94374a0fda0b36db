import { assert, describe, it } from "@effect/vitest"
import { isBinding, pointsBack } from "../../src/domain/Standing.ts"

describe("a decision", () => {
  it.each([
    "no mocks of the database",
    "新表都用 utf8mb4",
    "退费超过5000的要校长审批",
    "小票只打姓",
    "轨迹留2年",
    "每张表都要有注释"
  ])(
    "binds later work: %s",
    (text) => assert.isTrue(isBinding(text))
  )

  it.each(["we take goose", "那就用 goose", "图表换 echarts", "都用了三年了"])(
    "binds no later work: %s",
    (text) => assert.isFalse(isBinding(text))
  )

  it.each(["keep it", "之前那个不要了", "用2吧", "2和3写成规矩", "这样就行"])(
    "points to something said before: %s",
    (text) => assert.isTrue(pointsBack(text))
  )

  it.each(["keep pnpm", "那就新表都用 utf8mb4", "那以后超过两天没报的要提醒", "用 2 个副本", "超时设 3 秒"])(
    "stands alone: %s",
    (text) => assert.isFalse(pointsBack(text))
  )
})
