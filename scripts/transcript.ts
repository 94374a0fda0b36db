/**
 * An invented transcript of any size, the same for the same seed: prompts, answers, tool calls and what they printed, in the
 * mix and lengths that sessions have. No line occurs twice.
 */
import * as DateTime from "effect/DateTime"

export type Shape = "normal" | "one-segment" | "long-lines"

export type Random = () => number

/** mulberry32: uniform in [0, 1). */
export const makeRandom = (seed: number): Random => {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

const COMMON =
  ("the to a of and in is it that for on with this not be as from are was at by an or if we can will when which has " +
    "error file test function value type line set use should returns module config server request response token password key user data " +
    "build run failed expected undefined import export const async await null default index query table cache session project")
    .split(" ")
const SYLLABLES =
  "ba con de ex fi gra hy in ju ka lo mer no op pre qua re sta tri un ver wor xi yel zo ten tion al er ing ment ous"
    .split(" ")
const CJK_WORDS =
  "数据 分区 写入 延迟 查询 索引 缓存 超时 连接池 测试 失败 原因 修改 提交 部署 配置 版本 回滚 监控 报警 因为 所以 需要 我们 先 再 把 改成 不要 看一下"
    .split(" ")
const EXTENSIONS = ["ts", "ts", "rs", "py", "go", "md", "json", "sql"]
const TOOLS = ["Read", "Read", "Bash", "Bash", "Bash", "Edit", "Grep", "Write"] as const

const makeWriter = (random: Random) => {
  const int = (n: number) => Math.floor(random() * n)
  const pick = <A>(items: ReadonlyArray<A>): A => items[int(items.length)]!
  // Few words are said often and many seldom, as Zipf found.
  const words = [
    ...COMMON,
    ...Array.from({ length: 30_000 }, () => Array.from({ length: 2 + int(3) }, () => pick(SYLLABLES)).join(""))
  ]
  const word = () => words[Math.floor(words.length * random() ** 4)]!
  const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)
  const many = (n: number, make: () => string, separator: string) => {
    let text = make()
    for (let i = 1; i < n; i++) text += separator + make()
    return text
  }
  const sentence = () => `${capital(many(6 + int(14), word, " "))}.`
  const cjkSentence = () => `${many(5 + int(10), () => pick(CJK_WORDS), "")}。`
  const prose = (length: number) => {
    const say = random() < 0.12 ? cjkSentence : sentence
    let text = say()
    while (text.length < length) text += (random() < 0.2 ? "\n\n" : " ") + say()
    return text
  }
  const identifier = () => word() + capital(word())
  const path = () => `/home/dev/work/${word()}/src/${word()}/${identifier()}.${pick(EXTENSIONS)}`
  const hex = (n: number) => many(n, () => int(16).toString(16), "")
  const uuid = () => `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`
  const LINES: ReadonlyArray<() => string> = [
    () => `  const ${identifier()} = await ${word()}.${identifier()}(${identifier()}, { ${word()}: ${int(10_000)} })`,
    () => `    if (${identifier()} === undefined) return ${word()}(${JSON.stringify(sentence())})`,
    () => `// ${sentence()}`,
    () => `${path()}:${int(900)}: ${identifier()} ${many(5, word, " ")}`,
    () =>
      `2026-0${1 + int(9)}-1${int(10)}T0${int(10)}:${10 + int(50)}:${10 + int(50)}.${
        int(1_000)
      }Z INFO ${word()}.${word()} ${many(8, word, " ")} id=${hex(16)}`,
    () => ` ✓ ${many(5, word, " ")} (${int(900)} ms)`,
    () => `-rw-r--r-- 1 dev dev ${int(1e6)} Nov ${1 + int(28)} 10:${10 + int(50)} ${identifier()}.${pick(EXTENSIONS)}`,
    () => ""
  ]
  const printed = (length: number) => {
    const isNumbered = random() < 0.4
    const main = pick(LINES)
    let text = ""
    for (let i = 1; text.length < length; i++) {
      text += (isNumbered ? `${String(i).padStart(6)}→` : "") + (random() < 0.7 ? main : pick(LINES))() + "\n"
    }
    return text
  }
  /** Minified code: one line without an end. */
  const minified = (length: number) => {
    let text = ""
    while (text.length < length) text += `${word()}.${identifier()}=function(${word()}){return ${hex(4)}+"${word()}"};`
    return text
  }
  const base64 = (length: number) =>
    Buffer.from(Uint8Array.from({ length: Math.floor(length * 0.75) }, () => int(256))).toString("base64")
  /** Log-normal: a median of some 1,500 characters, a mean four times that, at most 160,000. */
  const size = () => {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
    return Math.min(160_000, Math.round(Math.exp(7.3 + 1.7 * normal)))
  }
  return { int, pick, prose, printed, minified, base64, path, hex, uuid, size, random }
}

const LONG_LINE_BYTES = 20e6
/** A new session in the same file, as a resumed one begins. */
const SESSION_BYTES = 8e6

/** Lines without their ends, until together they hold at least so many bytes. */
export function* transcript(megabytes: number, shape: Shape, seed = 1): Generator<string> {
  const write = makeWriter(makeRandom(seed))
  const total = megabytes * 1e6
  let time = Date.UTC(2026, 0, 5)
  let sessionId = write.uuid()
  let parentUuid: string | null = null
  let bytes = 0
  let sessionEnd = SESSION_BYTES

  const counted = (line: object): string => {
    const text = JSON.stringify(line)
    bytes += Buffer.byteLength(text) + 1
    return text
  }
  const message = (type: "user" | "assistant", content: unknown, rest: object = {}): string => {
    const uuid = write.uuid()
    time += 1_000 + write.int(60_000)
    const line = {
      parentUuid,
      isSidechain: false,
      userType: "external",
      cwd: "/home/dev/work/generated",
      sessionId,
      version: "2.1.42",
      gitBranch: "main",
      type,
      message: type === "user"
        ? { role: type, content }
        : { id: `msg_${write.hex(24)}`, type: "message", role: type, model: "claude", content, stop_reason: null },
      ...rest,
      uuid,
      timestamp: DateTime.formatIso(DateTime.unsafeMake(time))
    }
    parentUuid = uuid
    return counted(line)
  }
  const prompt = () => message("user", write.prose(40 + write.int(400)))
  const step = function*(printed: string, text = ""): Generator<string> {
    const id = `toolu_${write.hex(24)}`
    const file_path = write.path()
    const name = write.pick(TOOLS)
    if (write.random() < 0.2) {
      yield message("assistant", [{
        type: "thinking",
        thinking: write.prose(100 + write.int(1_500)),
        signature: write.hex(200)
      }])
    }
    if (write.random() < 0.6) yield message("assistant", [{ type: "text", text: write.prose(60 + write.int(1_200)) }])
    const input = text !== ""
      ? { file_path, content: text }
      : name === "Bash"
      ? { command: `grep -rn ${write.hex(6)} ${file_path} | head`, description: write.prose(30) }
      : name === "Edit"
      ? { file_path, old_string: write.printed(write.int(800)), new_string: write.printed(write.int(800)) }
      : name === "Write"
      ? { file_path, content: write.printed(write.int(6_000)) }
      : { file_path, offset: write.int(900) }
    yield message("assistant", [{ type: "tool_use", id, name, input }])
    const isError = write.random() < 0.05
    yield message(
      "user",
      [{ tool_use_id: id, type: "tool_result", content: printed, ...(isError && { is_error: true }) }],
      // Claude Code often writes the result a second time, beside the message.
      write.random() < 0.5 && printed.length < 1e6
        ? { toolUseResult: { stdout: printed, stderr: "", interrupted: false } }
        : {}
    )
    if (write.random() < 0.15) {
      yield counted({
        type: "progress",
        data: { type: "bash_progress", output: write.printed(200) },
        sessionId,
        uuid: write.uuid()
      })
    }
  }

  const longLines = shape === "long-lines" ? Math.max(1, Math.min(5, Math.floor(total / 2 / LONG_LINE_BYTES))) : 0
  let long = 0
  const longLine = function*(): Generator<string> {
    switch (long % 5) {
      case 0:
        return yield* step(write.printed(LONG_LINE_BYTES))
      case 1:
        return yield* step(write.minified(LONG_LINE_BYTES))
      case 2:
        return yield message("user", write.prose(LONG_LINE_BYTES))
      case 3:
        return yield* step("", write.printed(LONG_LINE_BYTES * 0.9))
      case 4: {
        const source = { type: "base64", media_type: "image/png", data: write.base64(LONG_LINE_BYTES) }
        return yield message("user", [{ type: "image", source }, { type: "text", text: write.prose(80) }])
      }
    }
  }

  yield prompt()
  while (bytes < total) {
    if (shape === "normal" && bytes > sessionEnd) {
      sessionEnd = bytes + SESSION_BYTES
      sessionId = write.uuid()
      parentUuid = null
    }
    if (long < longLines && bytes > (total * (long + 0.5)) / longLines) {
      yield* longLine()
      long++
    }
    if (shape !== "one-segment") yield prompt()
    for (let i = 2 + write.int(16); i > 0 && bytes < total; i--) yield* step(write.printed(write.size()))
    yield message("assistant", [{ type: "text", text: write.prose(200 + write.int(1_500)) }])
  }
}
