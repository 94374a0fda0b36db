/**
 * Recognizes standing instructions. Pure, and without Effect, since the hook's entry asks too.
 */
import { simplified } from "./ChineseScripts.ts"

/** Matches a standing instruction, which outlives the task. */
const STANDING =
  /\b(?:always|never|from now on|in (?:the )?future|every time|whenever|don't ever|as a rule|by default|remember (?:to|that|:)|going forward|stop (?:\w+ing)|no need to (?:ask|\w+))\b|以后(?!再[说看议]|有空)|一律|永远(?!都?.{0,6}[不没])|总是(?=[用要先])|从不|从现在(?:起|开始)|每次(?=.{0,40}[要得必须先请别])|凡是|务必|禁止|严禁|默认(?:用|使用|都)|统一(?!一下)|记住|别再|不要再/iu

/** Matches a prohibition in Chinese: "别" as a word of its own (not in 特别, 级别, 别人, 别的), or "不要" and the like. */
const DO_NOT =
  /(?<![特级类区分个识性差告鉴])别(?![的名人处致墅扭急])|不(?:要(?![紧太])|能(?=[用有改写放超依再直出提删引暴泄影阻占自兜只低高大小多少当算省]|在|把|动(?![了弹]))(?!用了)|应该?|可以(?!了)|准(?=.)(?![确时了啊吧，。,.!！\s])|许|用(?![了谢管急等看再说担])|想)(?!吗|么|要)/u

/** True for a text that states a rule for later work. */
export const isStanding = (text: string): boolean => {
  const said = simplified(text)
  return STANDING.test(said) || DO_NOT.test(said)
}
