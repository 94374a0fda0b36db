/**
 * Measures how the processor time of redaction grows with the length of a text: 253 texts that each repeat one piece, at
 * 16 and at 512 kB. Linear is a ratio of 32.
 */
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import { redact } from "../../src/capture/redact/Redactor.ts"
import { everyCase, integer, median, program, round, row } from "../../test/script.ts"

const SMALL = 16 * 1024
const LARGE = 512 * 1024
/** Most that the time may grow by, 32 for the length and half as much again. */
const MOST = 48

/** Beginnings of what the rules look for, and what they skip. */
const PIECES = [
  "PASSWORD=x",
  "_authToken=",
  "password: ",
  "\"password\":\"",
  "password = hunter2a;",
  "API_KEY=a1B2",
  "token",
  "secret is ",
  "the password for x is ",
  "密码",
  "密码是a1b2c3",
  "passphrase: correct horse battery staple ",
  "--token ",
  "--password=a1b2c3d4",
  "export A=",
  "curl -u user:",
  "mysql -pa1b2c3 ",
  "login me password ",
  "login is ops:a1B2c3D4",
  "https://user:pass",
  "https://user:p4ss@host/",
  "postgres://u:p@",
  "://",
  "Authorization: Basic ",
  "Bearer ",
  "Basic YTpi",
  "Cookie: a=b; ",
  "-----BEGIN RSA PRIVATE KEY-----",
  "-----BEGIN ",
  "-----END PRIVATE KEY-----",
  "AKIA",
  "AKIAQWERTYUIOPASDFGH,",
  "root:a@tcp(b)/",
  "me:a1b2c3d4@b:80",
  "password, a=b",
  "getByLabel('Password').fill(",
  "密码a1b2c3d4",
  "password from a1b2c3d4 to ",
  "ghp_a1B2c3",
  "sk-ant-",
  "xoxb-1-",
  "eyJhbGciOi",
  "eyJ.eyJ.",
  "AIza",
  "<private>",
  "</private>",
  "[redacted:password]",
  "\\\"",
  "\\\\n",
  "\u001b[32m",
  "&quot;",
  "12→",
  "a1B2c3D4",
  "0123456789abcdef",
  "%41%42",
  "\\u0041",
  "key\tvalue",
  "=/+"
]
const SEPARATORS = ["", " ", "\n", "."]

/** Parts of what the rules match, beyond those. */
const PARTS = [
  "password → ",
  "passphrase: \"a b ",
  "password for a ",
  "kind: Secret\n  a: Zm9vYmFyYmF6cXV4\n",
  "cookie: a=",
  "echo a | ",
  "a -p",
  "curl \\\n  -u ",
  "ab12\nab12 ",
  "9f8e7d6c\n",
  "<private></private>",
  "LS0tLS1CRUdJTi",
  "Private-Lines: 3\n",
  "0123456789abcdef0123456789abcdef.",
  "get secret a\n",
  "%2541",
  "a%41 ",
  "\\u0070assword=",
  "Password a\nNew value: ",
  "mc alias set a b c ",
  "login a / a1B2c3D4 "
]

const SHAPES = [...PIECES.flatMap((piece) => SEPARATORS.map((separator) => piece + separator)), ...PARTS]

/** Runs of a small text that are measured together: as much text as the large one, so that both are collected alike. */
const SMALL_RUNS = LARGE / SMALL

const cpuOf = (text: string, runs: number) =>
  Effect.gen(function*() {
    const before = process.cpuUsage()
    for (let i = 0; i < runs; i++) yield* redact([text])
    const { system, user } = process.cpuUsage(before)
    return (system + user) / 1_000 / runs
  })

const textOf = (shape: string, length: number) => shape.repeat(Math.ceil(length / shape.length)).slice(0, length)

/** Grows a shape so often; the median of the ratios. */
const growth = (shape: string, rounds: number) =>
  Effect.map(
    Effect.forEach(Array.from({ length: rounds }), () =>
      Effect.zip(cpuOf(textOf(shape, SMALL), SMALL_RUNS), cpuOf(textOf(shape, LARGE), 1))),
    (times) => {
      const largeMs = median(times.map(([, large]) =>
        large
      ))
      return {
        shape,
        smallMs: round(median(times.map(([small]) => small)), 2),
        largeMs: round(largeMs, 1),
        ratio: round(median(times.map(([small, large]) => large / small)), 1)
      }
    }
  )

program("growth", {
  description: "Measure how the time of redaction grows with a text's length, for 253 shapes",
  options: {
    rounds: integer("rounds", 5, "How often each shape is measured; medians are given"),
    quick: Options.boolean("quick").pipe(
      Options.withDescription("Measure each shape once, and only those that grow too much so often")
    )
  },
  run: ({ quick, rounds }) =>
    Effect.gen(function*() {
      // The rules are compiled when they have run for a while.
      yield* Effect.forEach(SHAPES.slice(0, 40), (shape) => redact([textOf(shape, SMALL)]))
      const grown = yield* everyCase(SHAPES, 1, (shape) =>
        Effect.flatMap(growth(shape, quick ? 1 : rounds), (once) =>
          quick && once.ratio > MOST ? growth(shape, rounds) : Effect.succeed(once)))
      const worst = grown.toSorted((a, b) =>
        b.ratio - a.ratio
      )
      const tooMuch = worst.filter(({ ratio }) =>
        ratio > MOST
      )
      return {
        data: { shapes: worst.length, most: MOST, tooMuch: tooMuch.length, worst: worst.slice(0, 20) },
        ok: tooMuch.length === 0,
        text: () => [
          row("shape", 44, ["16 kB", "512 kB", "ratio"], 11),
          ...worst.slice(0, Math.max(10, tooMuch.length)).map(({ largeMs, ratio, shape, smallMs }) =>
            row(JSON.stringify(shape), 44, [`${smallMs} ms`, `${largeMs} ms`, ratio], 11)
          ),
          `${worst.length} shapes, ${tooMuch.length} of them grow by more than ${MOST}`
        ]
      }
    })
})
