/**
 * Recognizes standing instructions. Pure, and without Effect, since the hook's entry asks too.
 */
import { simplified } from "./ChineseScripts.ts"

/** Matches a standing instruction, which outlives the task. */
const STANDING =
  /\b(?:always|never|from now on|in (?:the )?future|every time|whenever|don't ever|as a rule|by default|remember (?:to|that|:)|going forward|stop (?:\w+ing)|no need to (?:ask|\w+))\b|以后(?!再[说看议]|有空)|永远(?!都?(?:没|不会|[^不都].{0,5}[不没]))|总是(?=[用要先])|从不|从现在(?:起|开始)|每次(?=.{0,40}[要得必须先请别]|.{1,8}前|都?[跑写走])|凡是|默认(?:用|使用|都)|统一(?!一下)|记住|一律|务必|禁止|严禁/iu

/**
 * Matches what is not to be done, in Chinese: "别" as a word of its own (not in 特别, 级别, 别人, 别的), "不要" and the like; of what can't be,
 * which mostly tells of a failure, only what is a rule by its verb.
 */
const DO_NOT =
  /(?<![特级类区分个识性差告鉴组币判甄辨送离])别(?![的名人处致墅扭急称离])|(?<!要(?=不要))不(?:要(?!紧(?:$|[的吧，,。\s])|太|吗|么)|准(?=.)(?![确时了啊吧，。,.!！\s])|许)|(?<=^|[，,。；;\s]|都|绝|永远)不允许|不(?:能(?=[用有改写放超依再直出提删引暴泄影阻占自兜只低高大小多少当算省跨绕]|在|把|没有|信任|修改|明文|打印|动(?![了弹]))(?!用了)|应该?|可以(?!了(?!解))|用(?![了谢管急等看再说担])|想)(?!吗|么|要)/u

/** True for a text that states a rule for later work. */
export const isStanding = (text: string): boolean => {
  const said = simplified(text)
  return STANDING.test(said) || DO_NOT.test(said)
}

/** True for a text that tells in Chinese how something must be, whatever else it speaks of. */
export const isFirm = (text: string): boolean => /一律|务必|必须|(?<!不)一定[要得不]/u.test(simplified(text))
