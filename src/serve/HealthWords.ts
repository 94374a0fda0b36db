/**
 * Words the checks of a memory, in each language of those who read them: doctor's and the page's.
 */
import type { FailedWork, LineSum } from "../store/MemoryStore.ts"
import type { Size } from "../store/Retention.ts"
import { balance, isMuchForgotten, megabytes, minute, number, plural, sizeText } from "./Wording.ts"

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** Formats a time that has passed, in milliseconds, as "less than an hour", "5 hours" or "3 days". */
const lasted = (ms: number): string =>
  ms < HOUR_MS
    ? "less than an hour"
    : ms < 2 * DAY_MS
    ? plural(Math.floor(ms / HOUR_MS), "hour")
    : plural(Math.floor(ms / DAY_MS), "day")

interface Letter {
  readonly path: string
  readonly offset: number
  readonly reason: string
}

/** What helps with failed work of a kind; a report helps with all others. */
const REMEDIES: Partial<Readonly<Record<FailedWork["kind"], "review" | "repair">>> = {
  review: "review",
  recap: "review",
  index: "repair",
  reconcile: "repair"
}

/** Lists what helps with failed work, in the order of the work. */
const remediesOf = (work: ReadonlyArray<FailedWork>) => [...new Set(work.map(({ kind }) => REMEDIES[kind] ?? "report"))]

const remedies = {
  review: "`claude-memory review SESSION` tries again",
  repair:
    "a memory without its vector is found by its words; see what the model answers (`claude-memory models --check`) " +
    "and whether the index is there (`claude-memory index`), then `claude-memory index repair` tries again",
  report: "please report it: all else is remembered, and this is tried again when its session goes on"
}

const remediesZh: typeof remedies = {
  review: "`claude-memory review SESSION` 可重试",
  repair:
    "没有向量的记忆仍可按字词找到；先看模型是否应答（`claude-memory models --check`）、索引是否可用（`claude-memory index`），" +
    "再用 `claude-memory index repair` 重试",
  report: "请报告此问题：其余内容都已记住，这一项会在会话继续时再试"
}

const en = {
  none: "none",
  lines: (lines: LineSum) => balance(lines),
  unbalanced: (lines: LineSum) => `the lines do not add up, please report it: ${balance(lines)}`,
  letters: (n: number, some: ReadonlyArray<Letter>) =>
    `${plural(n, "line")} could not be understood: ${
      some.map(({ offset, path, reason }) => `${path} at byte ${offset} (${reason})`).join("; ")
    }`,
  size: (size: Size) => sizeText(size),
  tooLarge: (size: Size) =>
    `${
      sizeText(size)
    }. What is worth least is let go while a session of Claude Code is open; what is pinned or kept stays, and so does ` +
    "the last day. Set CLAUDE_MEMORY_MAX_MB to more, or to 0 for no limit",
  projects: (n: number) => `${number(n)}, none of them excluded`,
  excluded: (names: ReadonlyArray<string>) =>
    `${names.join(", ")} excluded: no transcript of it is read; \`claude-memory projects include\` ends that`,
  waiting: (n: number) =>
    n === 1
      ? "1 item waits; the next `claude-memory import` works it off"
      : `${number(n)} items wait; the next \`claude-memory import\` works them off`,
  failed: (work: ReadonlyArray<FailedWork>) =>
    `${
      work.map(({ attempts, error, isDead, key, kind }) =>
        `${kind} ${key} failed ${plural(attempts, "time")}${isDead ? " and is given up" : ""} (${error})`
      ).join("; ")
    }; ${remediesOf(work).map((remedy) => remedies[remedy]).join("; ")}`,
  vectors: (n: number, model: string | undefined) =>
    `${plural(n, "vector")}${model === undefined ? "" : ` by ${model}`}`,
  noVectors: (indexing: number) =>
    indexing === 0
      ? "no memory has a vector and none waits for one, so search goes by words alone; `claude-memory index repair` makes them"
      : `no memory has a vector yet, so search goes by words alone; ${number(indexing)} ${
        indexing === 1 ? "waits" : "wait"
      } for the next \`claude-memory import\``,
  noFailures: "none failed lately",
  hooks: (n: number, days: number, last: { readonly at: number; readonly event: string; readonly detail: string }) =>
    `${plural(n, "failure")} in the last ${days} days, the last one ${
      minute(last.at)
    } (${last.event}: ${last.detail}); Claude was told nothing then`,
  silent: "no answer of one has been seen in a transcript yet",
  unconnected: "no answer of one has been seen: Claude Code does not run them (see Claude Code)",
  given: (texts: number, days: number, isConnected: boolean) =>
    `${plural(texts, "text")} given in the last ${days} days, of which no transcript says yet that Claude Code took ${
      texts === 1 ? "it" : "them"
    }${isConnected ? "" : ": it does not run them (see Claude Code)"}`,
  inTime: (late: number, answers: number) => `${late} of ${plural(answers, "answer")} came too late`,
  late: (late: number, answers: number, last: string) =>
    `${late} of the last ${plural(answers, "answer")} of the hooks came too late (${last}); set ` +
    "CLAUDE_MEMORY_SESSION_START_MS and CLAUDE_MEMORY_HOOK_MS to more, and run `claude-memory init` again (the plugin's have 2 seconds at most)",
  notAwaited: (event: string) => `${event}: Claude Code did not wait for it`,
  connection: {
    elsewhere: (theirs: string, here: string) =>
      `its settings have the memory in ${theirs}, and here it is in ${here}: set CLAUDE_MEMORY_HOME alike`,
    plugin: (name: string) => `runs it as the plugin ${name}`,
    none: "does not run it; `claude-memory init` puts it in",
    twice: (name: string) =>
      `runs it twice, as the plugin ${name} and by its settings: ` +
      `\`claude plugin uninstall ${name}\`, or \`claude-memory uninstall\``,
    gone: (files: ReadonlyArray<string>) =>
      `would run ${files.join(", ")}, which is gone; run \`claude-memory init\` again`,
    part: "has a part of it; run `claude-memory init` again",
    off: "runs no hooks at all (disableAllHooks), so that it is told nothing",
    runs: (isEverywhere: boolean, answers: string) =>
      `runs it ${isEverywhere ? "in all of your projects" : "in this project"}; ${answers} answers prompts`
  },
  backups: {
    none: "none",
    kept: (age: number, n: number, bytes: number, folder: string) =>
      `the newest is ${lasted(age)} old; ${plural(n, "backup")} of ${megabytes(bytes)} in ${folder}`,
    failed: ({ at, detail }: { readonly at: number; readonly detail: string }, kept: string) =>
      `the daily backup failed (${minute(at)}: ${detail}); ${kept}. \`claude-memory backup\` tries again`,
    unreadable: (errors: ReadonlyArray<string>, kept: string) => `${errors.join("; ")}; ${kept}`,
    off: "none, and CLAUDE_MEMORY_BACKUPS=off keeps them from being made; `claude-memory backup` makes one",
    noneYet: "none yet: a session makes one a day when it has run for a while; `claude-memory backup` makes one now"
  }
}

export type HealthWords = typeof en

/** As `balance`, without the reasons, which are words in English: the page lists them in its own words. */
const balanceZh = ({ deadLetter, skipped, stored, total }: LineSum): string => {
  const sum = Object.values(skipped).reduce((all, n) => all + n, 0)
  return `${number(total)} 行 = ${number(stored)} 已存 + ${number(sum)} 跳过 + ${number(deadLetter)} 无法解析`
}

const sizeZh = (size: Size): string => {
  const { bytes, forgottenBytes, letGo, limit } = size
  return `${megabytes(bytes)}，${limit === 0 ? "没有上限" : `上限 ${megabytes(limit)}`}${
    isMuchForgotten(size) ? `，另有 ${megabytes(forgottenBytes)} 是被忘记的内容` : ""
  }；${
    letGo.at === null
      ? "没有清除任何内容"
      : `已清除 ${number(letGo.messages)} 条消息和 ${number(letGo.units)} 条记忆，最近一次是 ${minute(letGo.at)}`
  }`
}

const zh: HealthWords = {
  none: "没有",
  lines: balanceZh,
  unbalanced: (lines) => `各行的账目不平衡，请报告此问题：${balanceZh(lines)}`,
  letters: (n, some) =>
    `${number(n)} 行无法解析：${
      some.map(({ offset, path, reason }) => `${path} 第 ${offset} 字节（${reason}）`).join("；")
    }`,
  size: sizeZh,
  tooLarge: (size) =>
    `${sizeZh(size)}。有 Claude Code 会话打开时，最不值得保留的会被清除；置顶和保留的不会，最近一天的也不会。` +
    "把 CLAUDE_MEMORY_MAX_MB 设得更大，或设为 0 表示没有上限",
  projects: (n) => `${number(n)} 个，没有排除任何一个`,
  excluded: (names) => `已排除 ${names.join("、")}：不读取其会话记录；\`claude-memory projects include\` 可恢复`,
  waiting: (n) => `${number(n)} 项在等待；下一次 \`claude-memory import\` 会处理`,
  failed: (work) =>
    `${
      work.map(({ attempts, error, isDead, key, kind }) =>
        `${kind} ${key} 失败 ${number(attempts)} 次${isDead ? "，已放弃" : ""}（${error}）`
      ).join("；")
    }；${remediesOf(work).map((remedy) => remediesZh[remedy]).join("；")}`,
  vectors: (n, model) => `${number(n)} 个向量${model === undefined ? "" : `，由 ${model} 生成`}`,
  noVectors: (indexing) =>
    indexing === 0
      ? "没有记忆有向量，也没有在等待的，因此只按字词搜索；`claude-memory index repair` 可生成向量"
      : `还没有记忆有向量，因此只按字词搜索；${number(indexing)} 条在等下一次 \`claude-memory import\``,
  noFailures: "最近没有失败",
  hooks: (n, days, { at, detail, event }) =>
    `最近 ${days} 天失败 ${number(n)} 次，最近一次是 ${
      minute(at)
    }（${event}：${detail}）；当时没有告诉 Claude 任何内容`,
  silent: "会话记录里还没有见到钩子的回答",
  unconnected: "还没有见到钩子的回答：Claude Code 没有运行它们（见 Claude Code 一项）",
  given: (texts, days, isConnected) =>
    `最近 ${days} 天给出了 ${number(texts)} 段文字，会话记录里还看不出 Claude Code 是否采用${
      isConnected ? "" : "：它没有运行钩子（见 Claude Code 一项）"
    }`,
  inTime: (late, answers) => `${answers} 次回答中有 ${late} 次迟到`,
  late: (late, answers, last) =>
    `最近 ${answers} 次钩子的回答中有 ${late} 次迟到（${last}）；请把 CLAUDE_MEMORY_SESSION_START_MS 和 ` +
    "CLAUDE_MEMORY_HOOK_MS 设得更大，再运行一次 `claude-memory init`（插件的钩子最多只有 2 秒）",
  notAwaited: (event) => `${event}：Claude Code 没有等它`,
  connection: {
    elsewhere: (theirs, here) => `其设置里的记忆在 ${theirs}，而这里的在 ${here}：请把 CLAUDE_MEMORY_HOME 设成一样`,
    plugin: (name) => `以插件 ${name} 运行`,
    none: "没有运行它；`claude-memory init` 可装上",
    twice: (name) =>
      `运行了两次，既作为插件 ${name} 又在设置里：请用 \`claude plugin uninstall ${name}\` 或 ` +
      "`claude-memory uninstall` 去掉一个",
    gone: (files) => `要运行的 ${files.join("、")} 已不存在；请再运行一次 \`claude-memory init\``,
    part: "只装了一部分；请再运行一次 `claude-memory init`",
    off: "不运行任何钩子（disableAllHooks），因此什么也不会告诉它",
    runs: (isEverywhere, answers) =>
      `${isEverywhere ? "在您的所有项目里" : "在这个项目里"}运行；由 ${answers} 回答提示词`
  },
  backups: {
    none: "没有备份",
    kept: (age, n, bytes, folder) =>
      `最新的一份是${
        age < HOUR_MS
          ? "不到 1 小时"
          : age < 2 * DAY_MS
          ? ` ${Math.floor(age / HOUR_MS)} 小时`
          : ` ${Math.floor(age / DAY_MS)} 天`
      }前的；共 ${number(n)} 份，${megabytes(bytes)}，在 ${folder}`,
    failed: ({ at, detail }, kept) =>
      `每日备份失败（${minute(at)}：${detail}）；${kept}。\`claude-memory backup\` 可重试`,
    unreadable: (errors, kept) => `${errors.join("；")}；${kept}`,
    off: "没有，CLAUDE_MEMORY_BACKUPS=off 使其不被生成；`claude-memory backup` 可生成一份",
    noneYet: "还没有：会话运行一段时间后每天生成一份；`claude-memory backup` 现在就生成一份"
  }
}

export const WORDS = { en, zh } as const
export type HealthLanguage = keyof typeof WORDS
