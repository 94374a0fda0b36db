/**
 * Measures recall of search on MemoryBank's Chinese chats: a person asks Claude what they told one another weeks ago.
 */
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import { program, row } from "../../test/script.ts"
import { askAll, scoreOf } from "./shared/chats.ts"
import { usersIn } from "./shared/memorybank.ts"

program("memorybank", {
  description: "Ask MemoryBank's questions of its chats, exchange by exchange",
  options: { file: Options.file("file", { exists: "yes" }).pipe(Options.withDescription("JSON with labels")) },
  run: ({ file }) =>
    Effect.gen(function*() {
      const outcomes = yield* askAll(yield* usersIn(file))
      const data = {
        turns: scoreOf(outcomes.map(({ turns }) => turns), [1, 5, 10]),
        session: scoreOf(outcomes.map(({ sessions }) => sessions), [1, 5, 10])
      }
      const columns = ["n", "r1", "r5", "r10", "mrr"]
      return {
        data,
        text: () => [
          row("", 9, columns, 7),
          ...Object.entries(data).map(([name, score]) => row(name, 9, columns.map((column) => score[column]!), 7))
        ]
      }
    })
})
