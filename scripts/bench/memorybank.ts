/**
 * Measures recall of search on MemoryBank's Chinese chats: a person asks Claude what they told one another weeks ago.
 */
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import { program, row } from "../../test/script.ts"
import { askAll, CUTS, scoreOf } from "./shared/chats.ts"
import { usersIn } from "./shared/memorybank.ts"

program("memorybank", {
  description: "Ask MemoryBank's questions of its chats, exchange by exchange",
  options: { file: Options.file("file", { exists: "yes" }).pipe(Options.withDescription("JSON with labels")) },
  run: ({ file }) =>
    Effect.gen(function*() {
      const outcomes = yield* askAll(yield* usersIn(file))
      const data = {
        turns: scoreOf(outcomes.map(({ turns }) => turns)),
        session: scoreOf(outcomes.map(({ sessions }) => sessions))
      }
      const columns = ["n", ...CUTS.map((k) => `r${k}`), "mrr"]
      return {
        data,
        text: () => [
          row("", 9, columns, 7),
          ...Object.entries(data).map(([name, score]) => row(name, 9, columns.map((column) => score[column]!), 7))
        ]
      }
    })
})
