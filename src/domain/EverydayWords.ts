/**
 * Words of everyday talk and work with Claude Code, in English, Chinese, Japanese and German: they say what to do, not on what. They
 * stand in the prompts of every project, so that none tells one memory from another. Those of work name what a rule can be about all the
 * same ("deploy", "branch"); those of talk do not.
 */
import { IS_CJK } from "./Cjk.ts"
import * as Tokenizer from "./Tokenizer.ts"

/** One form of each word: others have the same lexeme. */
const ENGLISH_TALK = [
  // Assent, thanks, surprise.
  `
  yes yeah yea yep yup aye nope nah ok okay kk sure agreed approved accept thanks thx ty cheers great good nice
  cool perfect awesome excellent wonderful amazing brilliant lovely lgtm fine right correct exactly indeed done
  ready stop wait hold pause hmm hm oh ah uh ahh huh wow wtf wth damn lol sorry please pls plz hi hello hey bye
  morning
  `,
  // Order and degree.
  `
  go goes went gone ahead continue proceed next resume keep try tries retry more most another other different
  else one two three four five every either first second third last latest previous current now later soon
  already yet still maybe perhaps probably really actually definitely quite almost enough
  `,
  // What stands between words that say something.
  `
  between per through during against among via onto across toward towards behind beside besides despite unlike
  versus vs upon since hence therefore much many neither sometimes usually whatever whichever whenever wherever
  etc
  `,
  // What has no name.
  `
  anything something everything nothing anyone someone everyone everybody nobody anymore instead rather
  otherwise though however anyway thing stuff part bit piece way point case
  `,
  // Saying, thinking, seeing.
  `
  say said tell told ask talk mention explain describe clarify elaborate summarize summary answer reply
  question know known think thought mean meant understand understood guess believe assume suppose expect hope
  wish prefer care mind sound seem feel look see seen saw show shown watch find found check verify confirm
  ensure sense idea suggestion recommend opinion
  `,
  // Wanting, giving, using.
  `
  want need like lets help make made give gave given get got take took taken put set bring come came use happen
  turn leave left stay remain start begin end finish finally complete
  `,
  // What may be and what must.
  `
  may might must shall ought able unable allow allowed supposed cannot whether
  `,
  // Plans.
  `
  plan following based above below
  `,
  // Good and bad.
  `
  better best worse worst bad wrong weird strange odd ugly short shorter long longer simple simpler simplest
  easy easier hard harder big bigger small smaller quick quickly slow slowly fast faster new newer old older
  cleaner clear clearer obvious obviously safe unsafe proper properly unused missing extra whole entire full
  fully twice always never often
  `,
  // Time.
  `
  time day today yesterday tomorrow tonight week month hour minute moment while ago work local manually
  directly separately together without within
  `
]

const ENGLISH_WORK = [
  // Git and its hosts.
  `
  commit push pull merge rebase cherry pick branch pr mr request stage unstaged stash squash amend tag release
  deploy ship publish main master origin upstream remote force checkout clone fork revert undo redo undone
  reset rollback diff conflict resolve status history blame hash head git github gitlab
  `,
  // Running and failing.
  `
  run ran rerun execute test build built rebuild compile lint linter format formatter typecheck ci pipeline job
  workflow green red pass fail failure broken break broke crash error warning issue bug problem fix debug solve
  log output trace
  `,
  // What failures say of any program.
  `
  undefined null nil panic unexpected invalid fatal errno dereference exceed exceeded dial tcp
  `,
  // Review.
  `
  review feedback comment address respond nit nitpick
  `,
  // Code and its parts.
  `
  file folder directory path code codebase source function method class variable line block statement import
  dependency package module name type typo readme docs document changelog license todo script command terminal
  console shell window screen tab editor repo repository project version message text word string content option
  step task example list item number
  `,
  // Changing.
  `
  change update upgrade bump edit add added remove delete drop rename move copy paste create write wrote
  written rewrite read open close reopen replace insert implement refactor clean cleanup tidy simplify improve
  extract split join install uninstall generate
  `
]

const CHINESE_TALK = `
  为什么 是不是 有没有 能不能 会不会 要不要 该不该 可不可以 行不行 好的 好吧 对的 没错 是的 不用 不要 算了 谢谢 感谢 辛苦 不错 很好
  太好了 完美 没问题 没事 明白 知道 了解 同意 确认 确定 继续 接着 下一步 开始 停止 等等 稍等 等一下 暂停 还是
  现在 今天 昨天 刚才 刚刚 上次 以前 后来 来着 一遍 一次 再来 重新 试试 麻烦 帮我 帮忙 这里 那里 那边 这边 这样
  那样 这么 那么 所有 全部 每个 其他 另外 两个 三个 几个 有啥 剩下 到底 打算 好像 大概 顺便 顺手 东西 办法 方法 方案 建议 想法 意思 感觉 觉得 认为 看看
  看一下 说明 解释 告诉 讨论 总结 回答 想要 需要 希望 可能 直接 简单 复杂 更好 有点 干净 安全
  收到 懂了 没懂 不懂 听懂 看懂 再说 说一遍 讲讲 说说 介绍 举个 例子 意思 区别 好处 推荐 详细 具体 一点 牛逼 厉害 哈哈 不行 不对 不是 没有 不改 不管 不急
  别动 先别 别急 等我 马上 稍后 回头 随便 开会 吃饭 下班 上班 睡觉 睡了 回来 晚安 早安 明天 后天 周末 今晚 怎么样 怎么办 怎么弄 咋办 咋弄 为啥 哪个 哪种
`

const CHINESE_WORK = `
  提交 推送 拉取 合并 分支 变基 回滚 撤销 撤回 恢复 还原 暂存 标签 发布 上线 部署 冲突 仓库 代码 文件 目录
  文件夹 路径 函数 变量 注释 文档 依赖 模块 版本 名字 名称 命名 类型 脚本 命令 终端 日志 输出 报错 错误 出错
  警告 失败 通过 成功 测试 单测 用例 编译 构建 打包 运行 执行 检查 格式化 修复 修改 改成 改动 更改 更新 升级
  添加 加上 增加 删除 删掉 去掉 移除 重命名 移动 复制 创建 新建 重写 打开 关闭 替换 实现 重构 优化 清理 整理
  起个 本地 服务 启动 重启 跑个 写个 加个 出个 看下 试下 改下 弄好 搞定 搞好 收工 完事 改回 改回去 推上去
  简化 拆成 安装 生成 处理 解决 调整 调用 评审 审查 意见 反馈 计划 步骤 任务 例子 提示 信息 内容 消息 列表 部分
  默认
`

const JAPANESE_TALK = `
  はい いいえ うん ええ いや 承知 ありがとう すみません お願い お願いします ください 待って ちょっと もう一度
  続けて 進めて やって やり直し 戻して 確認 説明 教えて 見せて 開いて 閉じて なぜ どう どこ これ それ あれ ここ
  もっと 短く 簡単 大丈夫 良い する した
`

const JAPANESE_WORK = `
  修正 変更 追加 削除 実行 テスト コミット プッシュ マージ ビルド レビュー エラー ファイル コード 関数 変数 コメント
  ログ ブランチ
`

const GERMAN_TALK = `
  ja nein doch klar genau gut sehr super prima danke bitte weiter mach machen los fertig stopp warte nochmal
  noch mal wieder jetzt dann erst auch nur schon alles das der die den dem des ein einen einem einer und oder
  aber mit ohne für von zu im auf aus bei nach über unter ist sind war wird werden kann kannst können soll
  sollte muss möchte du ich wir es sie er mir mich dir dich uns wie warum wieso wer wo welche welcher dieser
  diese hier dort nicht kein zeig erklär erkläre schau prüf prüfe lass laufen führ kürzer länger einfacher
  besser schlecht falsch richtig zurück
`

const GERMAN_WORK = `
  ausführen testen committe baue bauen lösche entferne ändere füge hinzu schreib fehler datei dateien ordner
  zeile zeilen funktion rückgängig
`

/** What is said of any subject, and what names work of any project. */
type Kind = "talk" | "work"

const OTHERS: Readonly<Record<Kind, ReadonlyArray<string>>> = {
  talk: [...ENGLISH_TALK, GERMAN_TALK],
  work: [...ENGLISH_WORK, GERMAN_WORK]
}
const CJK: Readonly<Record<Kind, ReadonlyArray<string>>> = {
  talk: [CHINESE_TALK, JAPANESE_TALK],
  work: [CHINESE_WORK, JAPANESE_WORK]
}

const made = (words: ReadonlyArray<string>): ReadonlySet<string> => new Set(Tokenizer.lexemes(words.join("\n")))

/** Words whose lexeme begins as they do: a stem is the beginning of its word. */
const PLAIN = /^[a-z]+$/

/** Splits the words by their first letter; those that are not plain are "other". */
const byLetter = (texts: ReadonlyArray<string>): ReadonlyMap<string, ReadonlyArray<string>> => {
  const parts = new Map<string, Array<string>>()
  for (const word of texts.join(" ").split(/\s+/)) {
    const name = PLAIN.test(word) ? word[0]! : "other"
    const part = parts.get(name)
    if (part === undefined) parts.set(name, [word])
    else part.push(word)
  }
  return parts
}

/** Makes the sets of a kind on first use, and letter by letter: stemming all words takes a hook a quarter of a bare Node. */
const setsOf = (kind: Kind) => {
  const sets = new Map<string, ReadonlySet<string>>()
  let parts: ReadonlyMap<string, ReadonlyArray<string>> | undefined
  return (name: string, lexeme: string): boolean => {
    // Those of Chinese need Intl.Segmenter, which takes longer to load than all else that a hook does.
    const set = sets.get(name) ??
      made(name === "CJK" ? CJK[kind] : (parts ??= byLetter(OTHERS[kind])).get(name) ?? [])
    sets.set(name, set)
    return set.has(lexeme)
  }
}

const SETS = { talk: setsOf("talk"), work: setsOf("work") }

const isOf = (kind: Kind, lexeme: string): boolean =>
  IS_CJK.test(lexeme)
    ? SETS[kind]("CJK", lexeme)
    : SETS[kind]("other", lexeme) || PLAIN.test(lexeme) && SETS[kind](lexeme[0]!, lexeme)

/** True for a word of talk, which names nothing that a rule could be about. */
export const isTalk = (lexeme: string): boolean => isOf("talk", lexeme)

export const isEveryday = (lexeme: string): boolean => isTalk(lexeme) || isOf("work", lexeme)

/** Returns the lexemes of a text, those of everyday words left out: what it is about. */
export const subjectLexemes = (text: string): ReadonlyArray<string> =>
  Tokenizer.lexemes(text).filter((lexeme) => !isEveryday(lexeme))
