/**
 * Measures recall of search on LoCoMo, long chats with questions whose evidence is single turns.
 */
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import { program, row } from "../../test/script.ts"
import { askAll, CUTS, type Found, scoreOf } from "./shared/chats.ts"
import { conversationsIn } from "./shared/locomo.ts"

/** Categories in the main figures. Category 5 holds adversarial questions, whose evidence is about another person or thing. */
const MAIN = [1, 2, 3, 4]

interface Outcome {
  readonly question: { readonly category: number }
  readonly turns: Found
  readonly sessions: Found
}

const report = (outcomes: ReadonlyArray<Outcome>, leftOut: number) => {
  const of = (categories: ReadonlyArray<number>) =>
    scoreOf(outcomes.filter(({ question }) => categories.includes(question.category)).map(({ turns }) => turns))
  const categories = [...new Set(outcomes.map(({ question }) => question.category))].sort()
  return {
    all: of(categories),
    main: of(MAIN),
    byCategory: Object.fromEntries(categories.map((category) => [String(category), of([category])])),
    session: scoreOf(outcomes.map(({ sessions }) => sessions), [1, 5]),
    leftOut
  }
}

const table = ({ all, byCategory, leftOut, main, session }: ReturnType<typeof report>): ReadonlyArray<string> => {
  const columns = ["n", ...CUTS.map((k) => `r${k}`), "mrr"]
  const scoreRow = (name: string, score: Readonly<Record<string, number>>) =>
    row(name, 12, columns.map((column) => score[column] ?? ""), 7)
  return [
    row("", 12, columns, 7),
    scoreRow("all", all),
    scoreRow("main (1-4)", main),
    ...Object.entries(byCategory).map(([category, score]) => scoreRow(`category ${category}`, score)),
    scoreRow("session", session),
    `questions left out because no turn has the id of their evidence: ${leftOut}`
  ]
}

program("locomo", {
  description: "Ask LoCoMo's questions of its conversations, turn by turn",
  options: { file: Options.file("file", { exists: "yes" }).pipe(Options.withDescription("LoCoMo's JSON")) },
  run: ({ file }) =>
    Effect.gen(function*() {
      const { chats, leftOut } = yield* conversationsIn(file)
      const data = report(yield* askAll(chats), leftOut)
      return { data, text: () => table(data) }
    })
})
