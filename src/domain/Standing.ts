/**
 * Recognizes standing instructions. Pure, and without Effect, since the hook's entry asks too.
 */
import { withApostrophes } from "./Apostrophes.ts"
import { simplified } from "./ChineseScripts.ts"

/** Matches a standing instruction, which outlives the task. */
const STANDING =
  /\b(?:remember|decision|rule|convention|policy|naming)s?\s?:(?!\s*(?:any|does|do|is|are|what|how|which|pending|none|tbd|i(?:'m| am)|still|no-)\b)|\b(?:always|never|from (?:now|here) on|(?<!\b(?:\d+\s?[a-z]*|hours?|days?|years?|dates?|times?|timestamps?|is|are|lies?|lie) )in (?:the )?future|every time|whenever|don't ever|as a rule|by default|(?<!(?:you|i|we) )remember (?:to|that)|(?<!\bwill \w+ \w+ |\bwill \w+ )next time(?! (?:i|it|we|they)\b)|for the future|going forward|stop (?:\w+ing)|no need to (?:ask|\w+))\b|(?:(?<=^|[，,。；;：:、\s]|我们|咱们|你|今|[这那][个类种]?)以后|(?<!登[录陆]|[升降]级|部署|重启|更新|提交|修改|点击|发布|打包|安装|启动|保存|刷新|切换|[完了过之])以后(?=[都用别请统只必全按放走加写先改存发]|不[要许准再]))(?!再[说看议]|有空)|永远(?!都?(?:没|不会|[^不都].{0,5}[不没]))|总是(?=[用要先])|从不|从现在(?:起|开始)|每次(?=.{0,40}[要得必须先请别]|.{1,8}前|都?[跑写走])|凡是|默认(?:用|使用|都)|统一(?!一下)|记住|一律|务必|禁止|严禁/i

/** Matches what is not to be done, in Chinese: "别" as a word of its own (not in 特别, 级别, 别人, 别的), "不要" and the like. */
const DO_NOT =
  /(?<![特级类区分个识性差告鉴组币判甄辨送离])别(?![的名人处致墅扭急称离])|(?<!要(?=不要))不(?:要(?!紧(?:$|[的吧，,。\s])|太|吗|么)|准(?=.)(?![确时了啊吧，。,.!！\s])|许)|(?<=^|[，,。；;\s]|[里中上内间时都也绝]|(?<!一)下|永远)不允许|不(?:应该?|可以(?!了(?!解))|用(?![了谢管急等看再说担])|想)(?!吗|么|要)/u

/** After "不能": what cannot be done for now, a failure. */
const CANNOT =
  /正常|正确|成功|准时|实时|后台|批量|登[录陆]|访问(?!外网|公网|生产)|打开|显示|播放|编译|运行|启动|加载|连|跳(?!过)|点|识别|工作|下载|下单|滚动|滑动|拖动|刷新|复现|收到|看到|找到|解析|匹配|触发|支付|搜|选|编辑|输入|按|动[了弹]|拉取|返回|用(?:了|\s*(?:$|[，,。；;！!]))/u
    .source
/**
 * Matches what must not be. "不能" mostly tells of a failure ("不能导出", "不能用，返回 403"): a rule begins with it, or has an object ("不能关闭 TLS 校验"),
 * a place where it holds ("测试里不能…", "不能上传到仓库"), a word that no failure has ("不能随便…"), or a verb that none has.
 */
const MUST_NOT = new RegExp(
  `(?<!(?:提示|返回|报错).{0,8})不能(?!${CANNOT})(?:随便|随意|擅自|直接|私自|轻易|自动\\p{Script=Han}|` +
    "[用有改写放超依再直出提删引暴泄影阻占自兜只低高大小多少当算省跨绕强在把为动]|\\p{Script=Han}{2,4}[到在进给往]|\\p{Script=Han}{2}\\s?[\\w@./-])(?!吗|么)|" +
    `(?:(?<=^|[，,。；;\\s])|里|中|环境|(?:上线|发布|合并)[之以]?[前后])不能(?!${CANNOT})[\\p{Script=Han}A-Za-z]{4}`,
  "u"
)

/** True for a text that states a rule for later work. */
export const isStanding = (text: string): boolean => {
  const said = simplified(withApostrophes(text))
  return STANDING.test(said) || DO_NOT.test(said) || MUST_NOT.test(said)
}

/** Matches in a decision that it holds beyond its day: what must or must not be, what alone may be, a bound. */
const BINDING =
  /(?:^|[.!,;:\n]\s*)(?:(?:user|and|just|pls|please|ok|no|but|so|yeah|yes)[,:\s]+)*(?:don't|do not|no (?!its\b|it's\b|that\b|wait\b)\w+|nobody|no one|every\w*|all|only (?!after|for|if|in|on|one|the|two|via|when|with|\d)\w+)\b|\bonly\b(?=\s*(?:$|[.!,;\n]|(?:after|at|before|between|in|on) \w))|\b(?:must|has to|have to|stays?|isn't allowed|aren't allowed)\b|\b(?:below|above|under|at most|at least|no more than|between) \d/i

/** The same in Chinese: 新表都general_ci, 只打姓, 超过5000的要校长审批, 留2年. */
const BINDING_IN_CHINESE =
  /都\s?(?:[用走按写放要得]|[A-Za-z]\w)(?![了过])|所有|凡|每[个次张条](?=.{0,12}[都要得])|只(?:用|能|许|准|打|留|发|走|认|显示|保留)|(?:超过|大于|低于|少于|满)\s?[\d一二三四五六七八九十百千万]+.{0,8}[要得须]|(?:至少|最多|不超过|留)\s?[\d一二三四五六七八九十]|不(?:许|准|得(?!不))|才能/u

/** True for a decision that binds later work, though it does not say so: "no mocks of the database", "real Postgres only". */
export const isBinding = (decision: string): boolean =>
  BINDING.test(withApostrophes(decision)) || BINDING_IN_CHINESE.test(simplified(decision))

/** Matches what points to something said before. */
const POINTS =
  /\b(?:this(?! (?:repo\w*|project|codebase)\b)|that|it|these|those|them)\b|这|那(?!就|以后|还是|先)|(?:^|[，,\s])(?:[用选走按]|就|还是)\s?第?[\d一二三四A-D][个种套]?(?=吧|$|[，,。]|\s(?![个种套台条次份天]))|(?<![\d.])\d[和、跟]\d(?![\d.])/i

/** True for a title that points to something said before. */
export const pointsBack = (title: string): boolean => POINTS.test(simplified(title))

/** True for a text that tells in Chinese how something must be, whatever else it speaks of. */
export const isFirm = (text: string): boolean => /一律|务必|必须|(?<!不)一定[要得不]/u.test(simplified(text))
