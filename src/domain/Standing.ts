/**
 * Recognizes standing instructions. Pure, and without Effect, since the hook's entry asks too.
 */
import { withApostrophes } from "./Apostrophes.ts"
import { simplified } from "./ChineseScripts.ts"

/** Matches a standing instruction, which outlives the task. */
const STANDING =
  /\b(?:remember|decision|rule|convention|policy|naming)s?\s?:|\b(?:always|never|from (?:now|here) on|in (?:the )?future|every time|whenever|don't ever|as a rule|by default|(?<!(?:you|i|we) )remember (?:to|that)|next time|for the future|going forward|stop (?:\w+ing)|no need to (?:ask|\w+))\b|(?:(?<=^|[，,。；;：:、\s]|我们|咱们|你|今|[这那][个类种]?)以后|以后(?=[都用别请统只必全按]|不[要许准再]))(?!再[说看议]|有空)|永远(?!都?(?:没|不会|[^不都].{0,5}[不没]))|总是(?=[用要先])|从不|从现在(?:起|开始)|每次(?=.{0,40}[要得必须先请别]|.{1,8}前|都?[跑写走])|凡是|默认(?:用|使用|都)|统一(?!一下)|记住|一律|务必|禁止|严禁/iu

/** Matches what is not to be done, in Chinese: "别" as a word of its own (not in 特别, 级别, 别人, 别的), "不要" and the like. */
const DO_NOT =
  /(?<![特级类区分个识性差告鉴组币判甄辨送离])别(?![的名人处致墅扭急称离])|(?<!要(?=不要))不(?:要(?!紧(?:$|[的吧，,。\s])|太|吗|么)|准(?=.)(?![确时了啊吧，。,.!！\s])|许)|(?<=^|[，,。；;\s]|[里中上内间时都也绝]|(?<!一)下|永远)不允许|不(?:应该?|可以(?!了(?!解))|用(?![了谢管急等看再说担])|想)(?!吗|么|要)/u

/**
 * Matches what must not be. "不能" mostly tells of a failure ("不能导出", "不能用，返回 403"): a rule has an object ("不能关闭 TLS 校验"), or a verb
 * that no failure has.
 */
const MUST_NOT =
  /不能(?!正常|自动|登[录陆]|访问|打开|显示|播放|编译|运行|启动|加载|连|保存|跳转|点|识别|工作|[上下]传|下载|下单|滚动|滑动|拖动|切换|更新|刷新|复现|导[出入]|收到|看到|找到|解析|匹配|触发|支付|搜|选|编辑|输入|动[了弹]|用(?:了|\s*(?:$|[，,。；;！!])))(?:[用有改写放超依再直出提删引暴泄影阻占自兜只低高大小多少当算省跨绕强在把为动]|[\p{Script=Han}A-Za-z]{4}|\p{Script=Han}{2}\s?[\w@./-])(?!吗|么)/u

/** True for a text that states a rule for later work. */
export const isStanding = (text: string): boolean => {
  const said = simplified(withApostrophes(text))
  return STANDING.test(said) || DO_NOT.test(said) || MUST_NOT.test(said)
}

/** True for a text that tells in Chinese how something must be, whatever else it speaks of. */
export const isFirm = (text: string): boolean => /一律|务必|必须|(?<!不)一定[要得不]/u.test(simplified(text))
