/**
 * Judges whether a memory is worth telling at a prompt nobody asked it at: by words alone, so that the hook and the
 * server judge alike. Pure. docs/speaking.md has the figures, `npm run bench -- prompts --fit` the weights.
 */
import type { InjectionMode } from "../domain/Injection.ts"
import * as Tokens from "../domain/Tokens.ts"
import type { Bounds, Verdict } from "../domain/Verdict.ts"
import type { Evidence } from "../retrieve/Evidence.ts"

/** Most bits that count: more is quoted text, not a better answer. */
const MAX_BITS = 24
/** Bits that each part is worth, in its unit. */
const COVERAGE = 12
/** For each doubling of a prompt beyond `SHORT` tokens: a long one brings its own context. */
const DOUBLING = -8
const SHORT = 32
const ORDER = -12
const PAST = 5

export const BOUNDS: Readonly<Record<InjectionMode, Bounds>> = {
  conservative: { memories: 22, pointer: 17.5 },
  balanced: { memories: 17.5, pointer: 12 },
  comprehensive: { memories: 12, pointer: 8 }
}

/** Ends of clauses. A clause that asks is no order, unless it asks Claude to do it. */
const CLAUSES = /(?<=[,.;:!]\s|[，。；：、\n])/u
const QUESTION = /[?？]|吗|呢\s*$/u

/** Words before an order that change nothing: "ok, can you please add …". */
const PREFACE =
  /^(?:\s*(?:please|pls|ok|okay|yes|no|now|then|and|also|so|just|let'?s|(?:can|could|would|will) (?:you|we)|i (?:want|need) you to|请|麻烦|帮我|好的?|那|再|bitte|dann|jetzt)[\s!！]+)*\s*/iu

/** Verbs that begin an order, and in Chinese the forms in which they stand anywhere in one. */
const ORDERS = new RegExp(
  `^(?:${
    ("add append apply build bump change check clean close commit compare convert copy create cut delete deploy describe disable " +
      "document drop edit enable explain extract fix format generate give go handle hide implement improve include increase inline insert " +
      "install keep leave limit list log make merge mock move open parse pin port print pull push put raise read rebase reduce refactor " +
      "release remove rename replace resolve return revert review rewrite run send set show simplify skip sort split squash start stop " +
      "support swap switch take test turn undo update upgrade use validate wrap write " +
      "baue entferne erkläre füge lösche mach nimm schreib setze ändere zeig")
      .split(" ").join("|")
  })\\b|^(?:给|把|将|加|写|改|删|跑|提交|推送|实现|修|新增|增加|添加|创建|生成|重构|更新|升级|新需求|用|画|存)|加(?:一|个|上|到)|[改换](?:成|为|到)|写[个清]|画一|抽[个成]|排一下`,
  "iu"
)

const ASKS_CLAUDE = /^\W*(?:\w+\W+){0,2}(?:can|could|would|will) you\b/i

const isOrder = (prompt: string): boolean =>
  prompt.split(CLAUSES).some((clause) =>
    ORDERS.test(clause.replace(PREFACE, "")) && (ASKS_CLAUDE.test(clause) || !QUESTION.test(clause))
  )

/** Ways to speak of what was before, or to ask for the reason of what is. */
const PAST_CUES =
  /\b(?:again|anymore|any more|still|used to|last time|before|previously|earlier|back then|already|remember|decided|agreed|(?:did|do|had|have) we|we (?:did|had|said|chose|picked)|thought (?:we|it|that)|why (?:do|did|does|is|are|was|were|not|don'?t|isn'?t)|(?:same|like) (?:as|the|we)|nochmal|schon wieder|warum|damals)\b|上次|之前|当时|以前|来着|又|怎么定|为什么|为啥|还是|是不是|原来/iu

export const judge = (prompt: string, { testimonies: [best], words }: Evidence, mode: InjectionMode): Verdict => {
  const bounds = BOUNDS[mode]
  const total = words.reduce((sum, { bits }) => sum + bits, 0)
  const bits = best?.bits ?? 0
  const coverage = total === 0 ? 0 : Math.min(1, bits / total)
  const tokens = Tokens.estimate(prompt)
  const orders = isOrder(prompt)
  const isOfPast = PAST_CUES.test(prompt)
  const score = Math.min(MAX_BITS, bits) + COVERAGE * coverage + DOUBLING * Math.max(0, Math.log2(tokens / SHORT)) +
    (orders ? ORDER : 0) + (isOfPast ? PAST : 0)
  return {
    tells: bits === 0 || score < bounds.pointer ? "nothing" : score < bounds.memories ? "pointer" : "memories",
    score,
    bounds,
    words,
    together: best?.together ?? [],
    bits,
    coverage,
    tokens,
    isOrder: orders,
    isOfPast
  }
}
