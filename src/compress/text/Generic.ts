/**
 * Recognizes generic sentences: of all of a kind and of no day, as rules are stated without a word of choice ("commit messages are in English",
 * "only admins may delete invoices", "we ship every Tuesday"). Of words with all their apostrophes (domain/Apostrophes.ts). Pure.
 */
import { inBothScripts } from "../../domain/ChineseScripts.ts"
import { IS_CJK } from "../../domain/Cjk.ts"
import { isMeasured } from "./Lessons.ts"
import { withoutOpeners } from "./Prose.ts"

/** Matches what points to something, somebody or some time: what is said of it holds for that alone. */
const POINTS =
  /\b(?:this|that|these|those|here|there|now|again|yet|still|just|once|already|suddenly|yesterday|today|tomorrow|tonight|lately|sometimes|mostly|next (?:week|month|year|sprint)|i|i'm|i've|i'd|my|mine|you|your|you're|he|she|they|it|his|her)\b/i

/** Matches what is not as it should be, or as it seems to somebody. */
const AMISS =
  /\b(?:wrong\w*|broken?|breaks|missing|fail\w*|errors?(?! (?:codes?|messages?|types?|class\w*|handl\w*|boundar\w*))|weird|odd|strange|ugly|blurry|slow\w*|crash\w*|stop(?:s|ped)?|down|lost|lose|leaks?|ignore[ds]?|don't|doesn't|can't|cannot|isn't|aren't|won't|undefined|empty|blank|stuck|hangs?|bugs?|buggy|problems?|issues?|seems?|looks?|feels?|sounds?|happens?|appear\w*|disappear\w*|complain\w*|hates?|keeps? \w+ing|vanish\w*|flicker\w*|freez\w*|late|lagg\w+|garbage|garbled|(?:is|are) (?:all )?green|jumps?|flak\w+|twice|too|different|outdated|stale|duplicate\w*|unfinished|forever|ages|somehow|like (?:crazy|hell))\b/i

/** Matches what was: a verb of the past, but for a participle after "are" and the like, which says how things are. */
const PAST =
  /\b(?:was|were|did|had|been|got|went|came|made|said|(?<!\b(?:is|are|be|been|gets?|stays?|not|never|always|only|must|and|or|,) (?:\w+ly )?)(?!need|feed|speed|seed|embed|shared?\b|hundred|red\b|exceed|proceed|indeed)\w{2,}ed)\b|\b(?:is|are|am) (?:\w+ly )?\w+ing\b/i

/** Words that are no verb after a noun. */
const NO_VERB =
  "(?:in|on|of|for|to|and|or|with|from|at|by|as|not|the|an?|over|under|without|instead|vs|per|than|then|if|when|where|because|so|but|like|please|pls|only|also|too|all|both|via|about|between|after|before|up|out|off)\\b"

const STATES = [
  // "We ship every Tuesday", of what "we" do.
  /^(?:(?:in|on|for|at) [^,]{2,40},? )?we (?!need|get|see|want|think|know|find|have|should|could|might|can|are|were|got|tried|just|also|still|may|would|hope|wonder|guess|believe|suspect|notice|hit|run out|lack|don't|fix|add|move on|continue|test|check|look|talk|discuss|meet|start|try)\p{L}+(?<!ed) \S/iu,
  // "Only admins may …", "nobody merges …", "every request carries …".
  /^(?:only (?!one|two|the\b|a\b|\d|when|if|because|in\b|on\b|after\b)\p{L}|only the (?!first|second|last|other|new|old|one)(?:[\p{L}-]+ ){1,3}?(?!is\b|was\b|pass)\p{L}+s\b|nobody \p{L}+s\b|no one \p{L}+s\b|nothing (?:\p{L}+ ){0,3}(?:goes|may|can|must|leaves|is)\b|everything (?:\p{L}+ ){0,3}(?:goes|has|must|needs|is|lives|stays|runs)\b|everyone \p{L}+s\b|anyone can|(?:every|each) (?:[\p{L}-]+ ){1,3}?(?:is|has|gets?|needs?|must|may|can|goes|[\p{L}-]+s)\b|all (?:[\p{L}-]+ ){1,3}?(?:are|have|get|need|must|go|live|use|run|belong|come|start|end)\b|one [\p{L}-]+ per)/iu,
  // "Commit messages follow …", "invoices are immutable": of a kind, in the plural without an article.
  new RegExp(
    `^(?:(?:new|all|our|public|internal|old|api|db) )?(?!the\\b|an?\\b|no\\b|some\\b|many\\b|most\\b|few\\b|several\\b|other\\b|\\d|as\\b|is\\b|does\\b|let's\\b|thanks\\b|yes\\b|always\\b|please\\b|pls\\b|unless\\b|perhaps\\b)(?:[\\p{L}-]+ ){0,2}(?!\\p{L}*(?:ss|us|is|ys)\\b|(?:has|was|does)\\b)[\\p{L}-]{2,}s (?!${NO_VERB}|(?!need\\b)\\p{L}+(?:s|ing|ed|ly)\\b(?<!less)|\\p{L}+ (?:is|has|was|\\p{L}{3,}s)\\b)[\\p{L}']+ \\S`,
    "iu"
  ),
  // "A deploy takes two approvals", "an order has at most 50 lines".
  /^an? (?:[\p{L}-]+ ){1,3}(?:is|has|needs?|takes?|gets?|must|may|can|belongs?|expires?|lasts?|lives?|goes|stays?|contains?|holds?|requires?)\b/iu
]

/** What is asked of all later work: "treat warnings as errors", "name branches after the ticket", "use named exports". */
const ASKED =
  /^(?:treat|name|prefer|pin|prefix|(?:reply|answer)(?! (?:the|to)\b)|speak|assume|format) (?!(?:an?|my|that|this|it|me|its|them|these|those)\b)[\p{L}\d`@]|^use (?!these|those|tests?|branch)(?:[\p{L}_-]+ )?[\p{L}_-]+(?:s|_case|[a-z]Case)(?: (?:in|for) [^,.;]+)?[.!]?$|^ask me (?:before|first)\b|^leave .{2,40} alone\b|^(?:less|fewer|shorter|more) (?:\p{L}+ )?\p{L}+ (?:please|pls)\b|^(?:if|when) in doubt\b/iu

const NOT_IN_CHINESE = inBothScripts(
  /[了着吗呢吧啊]|过(?![期滤程审])|不能(?![叠大小超重])|这|那个?|刚|现在|今天|昨天|明天|一下|帮|看下|我(?!们)|你|他|她|它|哪|怎么|什么|先|试|继续|[加改做写建][个一]|错|失败|不(?:对|到|上|出|行|一致|准(?!许)|动|见)|挂|乱码|空白|(?<![至不])少|报|问题|慢|坏|可能|应该|提示|差|找|好像|全绿|通过|有[个台]|骂|投诉|要[\d一二三四五六七八九十两几]|只[要需]|总是|老是|又|还|没有?(?=[反显生])|变|卡|成功|已/u
)
const STATES_IN_CHINESE = [
  /^(?:只|每|凡|所有|任何|全部|新)|一个.{1,6}一个|都(?:要|得|用|走|放|能|按|写|存|在)/u,
  /(?:(?<![应使作费信引通利])用|走|放在?|按|存在?|写在?)[\p{L}\d\s`/.]{2,}|走$|后再|含|从.{1,10}[读取]|写(?:英文|中文)|锁定|保留|才能|只能|不能(?:叠|大|小|超|重)|不(?:开|做|发|支持|考虑|留|建|接|让|单独|重复)|至少|最多|不超过/u,
  /[\d一二三四五六七八九十]+\s?(?:分钟|秒|天|小时|次|条|行|位|个人|元|[MGK]B|字)/u
].map(inBothScripts)

/** What may stand before it. */
const INTRODUCES = /^(?:(?:please|pls|btw|fyi|note|reminder|in general|generally|normally)[,:\s]+)+/i

/** True for a generic sentence. */
export const isGeneric = (words: string): boolean => {
  const said = withoutOpeners(words).replace(INTRODUCES, "")
  if (IS_CJK.test(said)) {
    return said.length >= 4 && said.length <= 40 && !NOT_IN_CHINESE.test(said) &&
      STATES_IN_CHINESE.some((expression) => expression.test(said))
  }
  if (ASKED.test(said)) return true
  if (isMeasured(said)) return false
  const [main = ""] = said.split(/[,;:]\s|\s[-–—]\s/u)
  return said.length <= 160 && !POINTS.test(main) && !AMISS.test(main) && !PAST.test(main) &&
    STATES.some((expression) => expression.test(said))
}
