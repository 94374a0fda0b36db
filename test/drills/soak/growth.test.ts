import { assert, it } from "@effect/vitest"
import { makeRandom } from "../../fixtures/transcript.ts"
import { failuresOf, onlyTimesGrow, type Sample, slopesOf } from "./growth.ts"

const MINUTES = 1

/** Samples of one minute; the resident memory grows by so many megabytes in it. */
const growing = (megabytes: number): ReadonlyArray<Sample> => {
  const random = makeRandom(1)
  return Array.from({ length: 600 }, (_, i) => ({
    seconds: i / 10,
    rss: 200 + megabytes * i / 600 + random(),
    heap: 50 + 10 * random(),
    descriptors: 70,
    log: (i % 50) / 12,
    search: 15 + 30 * random(),
    prompt: 15 + 30 * random()
  }))
}

it("a soak in which the memory leaks fails and names it", () => {
  const failures = failuresOf(slopesOf(growing(300), MINUTES))
  assert.lengthOf(failures, 1)
  assert.match(failures[0]!, /^resident memory of both servers grows by (?:29|30)\d/)
})

it("a soak that only varies, or grows within its bound, does not fail", () => {
  assert.deepStrictEqual(failuresOf(slopesOf(growing(0), MINUTES)), [])
  assert.deepStrictEqual(failuresOf(slopesOf(growing(150), MINUTES)), [])
})

it("a soak is run again where times alone grow", () => {
  const slower = (samples: ReadonlyArray<Sample>) =>
    slopesOf(samples.map((sample) => ({ ...sample, prompt: sample.prompt + 10 * sample.seconds })), MINUTES)
  assert.isTrue(onlyTimesGrow(slower(growing(0))))
  assert.match(failuresOf(slower(growing(0))).join(), /^a prompt grows by /)
  assert.isFalse(onlyTimesGrow(slower(growing(300))))
  assert.isFalse(onlyTimesGrow(slopesOf(growing(0), MINUTES)))
})

it("a soak that is too short has no slopes", () =>
  assert.deepStrictEqual(slopesOf(growing(0).slice(0, 10), MINUTES), []))
