/**
 * Recognizes questions for what is open in a project: "what's left to do?", "todo list?", 还有啥没做完. Pure.
 */
import { IS_CJK } from "./Cjk.ts"
import { saidIn } from "./Resumption.ts"
import * as Tokens from "./Tokens.ts"

/** Longer prompts bring their own subject. */
const MAX_TOKENS = 40

const OPEN =
  "(?:left|open|undone|unfinished|pending|outstanding|remaining|to ?do|to-do|to finish|to be done|incomplete)"
const THINGS = "(?:open |loose |left ?over )?(?:points?|items?|tasks?|things?|todos?|to-dos?|ends?|work|stuff)"
const WE = "(?:we|i|you)"

/** What a question may end with that names no work: a time, and the project as a whole. */
const WHENEVER =
  "(?:[,\\s]+(?:still|again|now|here|today|please|pls|so far|at the moment|then|for (?:me|us|now|today)|(?:from |since |of )?(?:the )?(?:last|previous|earlier|past|other)(?: few)? (?:days?|weeks?|months?|times?|sessions?)|(?:from |since )?(?:yesterday|before|earlier|(?:last |on )?(?:mon|tues|wednes|thurs|fri|satur|sun)day)|(?:in|on|for) (?:this|the|our|my) (?:whole )?(?:project|repo|repository|codebase)))*"

// These match a prompt in small letters and without apostrophes.
const IN_ENGLISH = [
  `what(?:s| is| are| else is|s else)(?: still| currently)? ${OPEN}(?: (?:to do|to be done|to finish|open|undone|unfinished))?`,
  `what(?:s| is| are| were)(?: (?:all|still))* (?:the |our |my )?(?:${OPEN} )?${THINGS}`,
  `what (?:do|did|have|had)(?: ${WE})?(?: still)? (?:leave|left|have|got|need|forget)(?: still)?(?: ${OPEN}| to do| to finish)*`,
  `what (?:still )?(?:needs?|has|have|remains|remained|is)(?: still)? (?:to be done|to do|doing|finishing|to be finished|open)`,
  `(?:(?:is|are) there )?(?:anything|something)(?: still| else)?(?: ${OPEN})(?: to do| open)?`,
  `(?:which|any|(?:show|list|give|tell|remind)(?: me)?(?: of| about)?(?: all| the| my| our)*|the|my|our)? ?${OPEN} ${THINGS}(?: (?:are|do we have)(?: there| left| still)*)?`,
  `(?:show|list|give|tell|remind)(?: me)?(?: of| about)?(?: all)?(?: the| my| our)? ?what(?:s| is) (?:still )?${OPEN}(?: to do)?`,
  `(?:(?:show|list|give|read)(?: me)?(?: all)?(?: the| my| our)?|the|my|our|whats on (?:the|my|our)|any)? ?(?:to-?dos?|to do)(?: ?lists?| items?)?`
]

const ASKED = "(?:什么|哪些|啥|多少|几个)"
const THINGS_IN_CHINESE = "(?:事项|任务|事情?|工作|问题|活儿?|功能|东西|清单|列表|项)"
const UNDONE = "(?:[没未](?:有)?(?:[做弄干搞处理解决收尾写]{0,3}(?:完成?|好|掉)?)|要做|待办|待处理|未完成|遗留|剩下)"
const TODO = `(?:待办|todo ?|遗留|未完成的?|没做完的?|没完成的?|剩余的?|剩下的?)${THINGS_IN_CHINESE}?`
// In the characters of `simplified`.
const IN_CHINESE = [
  `(?:还|一共|总共)?(?:[有剩]下?)?(?:了)?${ASKED}(?:的)?${THINGS_IN_CHINESE}?(?:是|还)?${UNDONE}(?:的)?${THINGS_IN_CHINESE}?`,
  `${TODO}(?:还|都|现在|目前)?(?:[有剩是]|没做)?${ASKED}`,
  `(?:看看?|列出?|列一?下|说说?|给我|查看?|显示)?(?:一下|下)?(?:所有|全部|当前|现在|目前)?(?:的)?(?:待办|todo ?)(?:事项|清单|列表|任务|项)?`,
  `还有(?:没有)?(?:${TODO}|没做完的?)${THINGS_IN_CHINESE}?`
]
const WHENEVER_BEFORE =
  "(?:(?:上次|上周|上回|昨天|之前|以前|前面|现在|目前|当前|我们|咱们|我|这个?项目|项目|这边|里|的|还|，)*)"

const IN_GERMAN = [
  "was (?:ist|war|waere|wäre|bleibt)(?: (?:noch|denn|alles|jetzt))* (?:offen|zu tun|übrig|unerledigt|liegen geblieben)",
  "was steht(?: noch| denn| alles)* (?:an|aus|offen)",
  "was haben wir(?: noch)? offen(?: gelassen)?",
  "(?:zeig(?: mir)? )?(?:die )?(?:offenen? (?:punkte|aufgaben|todos)|todo-?liste)"
]
const IN_JAPANESE = [
  "(?:未完了|やり残し|残って(?:い)?る|残り)の?(?:こと|事|タスク|作业|もの|todo)?(?:は|って)?(?:何|なに)?(?:です|でした|ある|あります)?か?",
  "todo(?:リスト)?(?:は|を见せて|を教えて)?"
]

const END = "[\\s.?!。？！]*$"
const LATIN = new RegExp(`^(?:(?:${IN_ENGLISH.join("|")})${WHENEVER}|${IN_GERMAN.join("|")})${END}`)
const CJK = new RegExp(
  `^(?:${WHENEVER_BEFORE}(?:${IN_CHINESE.join("|")})(?:[吗么嘛啊呢吧了]|来着)*|${IN_JAPANESE.join("|")})${END}`
)

/** Match what such a question begins with and holds: the expressions above take longer to compile than all else at a prompt. */
const BEGINS = new RegExp(
  `^ *(?:what|was |which|is there|are there|any|something|show|list|give|tell|remind|read|the |my |our |zeig|die |offene|loose|${OPEN})`
)
const HOLDS = new RegExp(
  `\\b(?:${OPEN}|points?|items?|tasks?|things?|to-?dos?|ends?|work|stuff|leave|remains|have|got|needs?|has|forget|done|doing|offen|tun|übrig|unerledigt|liegen|steht)`
)
const HOLDS_CJK = /[没未待办剩遗残]|要做|todo/

const isQuestion = (said: string): boolean =>
  IS_CJK.test(said) ? HOLDS_CJK.test(said) && CJK.test(said) : BEGINS.test(said) && HOLDS.test(said) && LATIN.test(said)

/** True for a question for what is open, of whatever work. */
export const asksWhatIsOpen = (prompt: string): boolean =>
  Tokens.estimate(prompt) <= MAX_TOKENS && isQuestion(saidIn(prompt))
