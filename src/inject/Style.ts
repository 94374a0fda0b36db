/**
 * Tells orders, and prompts that speak of the past, from others by their first words and by cues. Pure. Texts are put in
 * lower case first: expressions that ignore case over all of Unicode compile to large tables.
 */
import { simplified } from "../domain/ChineseScripts.ts"
import { IS_CJK } from "../domain/Cjk.ts"

/** Ends of clauses. A clause that asks is no order, unless it asks Claude to do it. */
const CLAUSES = /(?<=[,.;:!]\s|[，。；：、\n])/
const QUESTION = /[?？]|吗|呢\s*$/
/** The same without a mark, in a clause that does not begin with what is to be made: "加一个…", "改成…". */
const ASKS_IN_CHINESE =
  /^(?!(?:请|麻烦|帮我|给我|再|那)*(?:[加写做起出弄画建搞改换设抽]|新增|添加|增加|创建|生成|实现|说明)(?:[一几]?[个下](?!哪|什么)|成(?!多少|哪|什么|几))).*(?:怎么|如何|哪|几[点个次]|什么|多少)/
const ASKS_CLAUDE = /^\W*(?:\w+\W+){0,2}(?:can|could|would|will) you\b/

/** Words before an order that change nothing: "ok, can you please add …". */
const PREFACE =
  /^(?:\s*(?:please|pls|ok|okay|yes|no|now|then|and|also|so|just|let'?s|(?:can|could|would|will) (?:you|we)|i (?:want|need) you to|we (?:need|have) to|请|麻烦|帮我|好的?|那|再|bitte|dann|jetzt)[\s!！]+)*\s*/

/** Verbs that begin an order. */
const ORDERS = new Set(
  ("add append apply build bump change check clean close commit compare convert copy create cut delete deploy describe disable document " +
    "drop edit enable explain extract fix format generate give handle hide implement improve include increase inline insert install " +
    "keep leave limit list log make merge mock move open parse pin port print pull push put raise read rebase reduce refactor release " +
    "remove rename replace resolve return revert review rewrite run send set show simplify skip sort split squash start stop support " +
    "swap switch take test turn undo update upgrade use validate wrap write " +
    "baue entferne erkläre füge lösche mach nimm schreib setze ändere zeig").split(" ")
)
/** Small letters and those of CJK: expressions with `\\p{L}` take milliseconds to compile. */
const LETTER = "[a-zß-ɏ\\u0370-\\u04ff\\u3041-\\u30ff\\u3400-\\u9fff\\uac00-\\ud7af]"
/** What follows a verb, as against a name's second part. */
const OBJECT = "\\s+(?:it|the|this|that|them|all|my|our|an?|and)\\b"
/** "go" is also a language, with commands of its own ("go test hangs"), and a word may begin a name ("release.yml", "test/unit"). */
const FIRST_WORD = new RegExp(
  "^(?:go (?:and )?(?!(?:build|clean|fix|generate|get|install|list|mod|run|test|tool|version|vet|work)\\b" +
    `(?!${OBJECT})))?(${LETTER}+)(?!${LETTER}|\\w|[.-]${LETTER}|/${LETTER}(?!${LETTER}*${OBJECT}))`
)
const GO_ON = /^go (?:ahead|back|do|for|on|over|through|to|with)\b/
/** The same in Chinese: at the beginning, and anywhere. */
const CHINESE_ORDERS =
  /^(?:请|麻烦|帮我|再|那)*(?:给|把|将|加(?![密载])|写(?!法)|改|删|跑|提交(?!信息|记录)|推送(?!服务)|实现|修|新增|增加|添加|创建|生成|重构|更新|升级|新需求|用(?![户例量])|画(?![面布])|存(?![储档量])|起[个一]|出[个一]|做[个一]|弄|看[一下]|讲|说(?!明(?!一下))|解释(?!器)|翻译(?!文件)|格式化|清(?![单晰算]|理策略)|撤|回滚|先别|别(?!名)|算了|不[用改要])|加(?:一|个|上|到)|[改换](?:成|为|到)|写[个清]|画一|抽[个成]|排一下/

/** Matches a verb that is part of a subject: "merge queue is stuck", "test failures", "删除接口返回 500". */
const SUBJECT = new RegExp(
  "^(?:build|commit|deploy|install|merge|pull|push|release|run|test) (?:conflicts?|crash(?:es)?|dies|errors?|fail(?:s|ed|ures?)|hangs?|timeouts?|" +
    `(?:(?!all|everything|how|if|it|that|there|this|wh\\w+)${LETTER}+ )?(?:are|fails|hangs|has|is|keeps|was|were))\\b`
)
const CHINESE_SUBJECT =
  /^(?:删除?|跑|提交|推送|实现|新增|增加|添加|创建|生成|更新|升级)[^一个下]*(?:报错|失败|超时|卡[住死]|崩溃?|挂|返回\s*\d{3})了?\s*$/

/** Programs whose commands people type as they are, to have them run. */
const TOOLS = new Set(
  ("git npm pnpm yarn bun node deno mvn gradle gradlew cargo go python python3 pip pip3 uv poetry pytest ruff tox make cmake kubectl " +
    "helm docker podman terraform dotnet flutter adb composer php rails bundle curl ssh systemctl npx bunx").split(
      " "
    )
)
/** Those that take a word or two. */
const PLAIN_TOOLS = new Set("ls cat cd rm cp mv grep".split(" "))
/** What they are told to do; another word after a program is a subject: "git hooks", "bun vs node". */
const SUBCOMMANDS = new Set(
  ("add apply audit bench blame branch build check checkout ci clean clippy clone commit compile compose describe destroy dev diff doc down " +
    "exec fetch fix fmt generate get i images init install lint log logs merge mod outdated package plan ps publish pull push rebase remove reset " +
    "restart run server show stash start status stop switch sync tag test up update upgrade verify vet").split(" ")
)
const FAILS =
  /\b(?:again|are|is|vs|broken?|conflict\w*|fail\w*|dies?|breaks|hangs?|crash\w*|errors?|slow|stuck|time ?outs?|wrong)\b/

/** Matches a program by its name, after which npx takes any words, and a host, after which ssh does. */
const NAMED =
  /^(?:(?:npx|bunx)(?: -\S+)* (?:\S*[a-z][-@/:]\S+|astro|biome|changeset|cypress|eslint|expo|jest|lerna|next|nx|oxlint|playwright|prettier|prisma|shadcn|storybook|tailwindcss|tsc|tsx|turbo|vercel|vite|vitest|wrangler)|ssh(?: -\S+)* (?:\S*[\d@.]\S*|dev|prod|production|qa|stage|staging|vps))(?= |$)/

const isCommand = (said: string): boolean => {
  const typed = said.slice(0, 200).replace(/^\s*[$>] ?/, "").trim()
  const isNamed = NAMED.test(typed)
  // What else npx runs may be any program, too.
  const [tool = "", ...rest] = typed.replace(isNamed ? NAMED : /(?<=^(?:npx|bunx)) \S+/, "").split(/\s+/)
  const isWord = (word: string) => /^\w+$/.test(word) && !SUBCOMMANDS.has(word)
  const words = rest.filter((word, i) => isWord(word) && !rest[i - 1]?.startsWith("-"))
  // One word beside options and paths is what it is done to; more are a sentence.
  const isCommandOf = isNamed || PLAIN_TOOLS.has(tool)
    ? words.length <= 2
    : TOOLS.has(tool) && (rest[0] === undefined || !isWord(rest[0])) && words.length <= 1
  return isCommandOf && rest.every((word) => /^[\w./:=@-]+$/.test(word)) && !FAILS.test(said)
}

/** The same in Japanese, in the characters of `simplified`: at the end. */
const JAPANESE_ORDERS = /(?:て|で)(?:ください|下さい|ほしい|欲しい)|お愿いします/
/** A verb's form in て or で that ends a prompt asks to do it; other words that end so are no verbs: どうして, について, なんで. */
const ENDS_WITH_ORDER =
  /(?:(?<!(?:どう|そう|と|に[对关际])し|すべ|全|[初改]め|はじめ|に(?:つい|とっ|よっ|おい)|なん|だっ)て|(?<!な)んで|いで)[。.!！\s]*$/

/** Questions that ask to explain: what code or a library does, which anybody can read. */
const ASKS_TO_EXPLAIN =
  /^\W*what do(?:es)? \S+(?: \S+){0,3} (?:do|mean)\b|\bwhat(?:'s| is| are) the difference\b|(?:是什么|啥)意思|是?干(?:嘛|啥|什么)的|原理是(?:什么|啥)|(?:有什么|啥)区别|(?:什么|啥)关系|区别是(?:什么|啥)|讲[讲下]\s*$|给我讲/

/** Words with which a person answers Claude, and goes on to say what to do. */
const REPLY = /^\s*(?:sure|yes|yeah|yep|no|nope|ok|okay|right|exactly|thanks|好的?|可以|行|对|不)\s*[,.!，。！]\s*\S/

const beginsWithOrder = (clause: string): boolean => {
  const said = clause.replace(PREFACE, "")
  const isCjk = IS_CJK.test(said)
  if (SUBJECT.test(said) || isCjk && CHINESE_SUBJECT.test(said)) return false
  return ORDERS.has(FIRST_WORD.exec(said)?.[1] ?? "") || GO_ON.test(said) ||
    isCjk && (CHINESE_ORDERS.test(said) || JAPANESE_ORDERS.test(said))
}

/** True for a prompt that tells Claude what to do, or to explain, also by an answer to what it said: "sure, but for all users". */
export const isOrder = (prompt: string): boolean => {
  const said = simplified(prompt.toLowerCase())
  return isCommand(said) || ENDS_WITH_ORDER.test(said) || ASKS_TO_EXPLAIN.test(said) && !isOfPast(said) ||
    said.split(CLAUSES).some((clause) =>
      beginsWithOrder(clause) && (ASKS_CLAUDE.test(clause) || !QUESTION.test(clause) && !ASKS_IN_CHINESE.test(clause))
    ) || REPLY.test(said) && !QUESTION.test(said)
}

const CODE = /[a-z][A-Z]|\w_\w|\w[./]\w/

/** True for a prompt that names a path, a file or an identifier. */
export const namesCode = (prompt: string): boolean => CODE.test(prompt)

/** Ways to speak of what was before, or to ask for the reason of what is. */
const PAST =
  /\b(?:again|anymore|any more|still|used to|last time|before|previously|earlier|back then|already|remember|decided|agreed|(?:did|do|had|have) we|we (?:did|had|said|chose|picked)|thought (?:we|it|that)|why (?:do|did|does|is|are|was|were|not|don'?t|isn'?t)|(?:same|like) (?:as|the|we)|nochmal|schon wieder|warum|damals)\b/
const CHINESE_PAST = /上次|之前|当时|以前|来着|又|怎么定|为什么|为啥|还是|是不是|原来/

export const isOfPast = (prompt: string): boolean =>
  PAST.test(prompt.toLowerCase()) || CHINESE_PAST.test(simplified(prompt))

/** Matches what asks without a mark: a first word, and words of Chinese and Japanese anywhere. */
const FIRST_ASKS = /^\W*(?:how|where|which|who|whose|what|when|why|wie|wo|wer|wann|warum|welche[rsnm]?)(?:'s)?\b/
const ASKS_ANYWHERE = /怎么|如何|哪|什么|多少|几[个点次天位]|谁|どこ|どう|いつ|何|ですか/
/** Matches what points at a thing before Claude, of which no rule was saved: "this function". */
const POINTS = /\b(?:this|that|these|those|it|here|dies(?:e[rsnm]?)?)\b|[这那]|[こそ]の|これ|それ/

/** True for a short question of how things are or are done in the project, as against one about what Claude has in view. */
export const asksForRule = (prompt: string): boolean => {
  const said = simplified(prompt.toLowerCase())
  return (QUESTION.test(said) || FIRST_ASKS.test(said) || ASKS_ANYWHERE.test(said)) && !POINTS.test(said) &&
    !isOrder(prompt)
}

/** Matches a question whether, or why, something was done, up to the verb and the particle that belongs to it. */
const DONE =
  /^\W*(?:why )?(?:did|have|had|didn['’]?t|haven['’]?t|hadn['’]?t) (?:we|i|you|anyone|anybody|someone|somebody)(?: (?:ever|already|actually|really|not|also|just|then|once))* \S+(?: (?:away|back|down|off|out|over|up)\b)?/

/** Returns of what a prompt asks whether or why it was done: "graphql to the store" of "did we ever add graphql to the store?". */
export const askedToBeDone = (prompt: string): string =>
  prompt.toLowerCase().split(CLAUSES).flatMap((clause) =>
    DONE.test(clause) ? [/^[^?？]*/.exec(clause.replace(DONE, ""))![0]] : []
  ).join(" ")
