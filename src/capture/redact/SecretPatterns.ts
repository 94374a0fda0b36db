/**
 * Finds tokens that secretlint's preset lacks and that are recognized by their own shape. (SecretAssignments finds
 * secrets by the name before them.) Each pattern ends in an unbounded run that nothing follows, or has bounded parts,
 * so that none backtracks far.
 */
import { matchesIn } from "../../domain/Matches.ts"
import type { Finding } from "./Secretlint.ts"
import { entropy, isMixed, isOrdinary, isPlaceholder, isRandom, isWords } from "./SecretValue.ts"

/** Kind and pattern. A provider of the preset recurs here where the preset's pattern misses a form that it issues. */
const tokens: ReadonlyArray<readonly [kind: string, pattern: string]> = [
  // The preset finds ids (AKIA…) only by an option, together with account numbers, at a third of its whole run time.
  ["aws", "(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA|AGPA|AIDA|AROA|AIPA|ANPA|ANVA)[A-Z0-9]{16}(?![A-Za-z0-9_])"],
  // The preset knows API keys only, not the OAuth (oat), session (sid) and admin ones.
  ["anthropic", "sk-ant-[a-z0-9]{3,12}-[\\w-]{20,}"],
  // The preset wants exact lengths around an infix that newer keys lack.
  ["openai", "sk-(?:proj|svcacct|admin)-[\\w-]{20,}"],
  ["openrouter", "sk-or-v1-[0-9a-f]{32,}"],
  // The preset wants exactly 36 and 82, GitHub announces up to 255.
  ["github", "gh[pousr]_[A-Za-z0-9_]{36,}|github_pat_\\w{22,}"],
  // The preset's parts end at 40 characters, app tokens have 64; xoxe and xoxs are missing.
  ["slack", "xox[a-z](?:\\.xox[a-z])?-[A-Za-z0-9-]{10,}|xapp-\\d-[A-Za-z0-9-]{20,}"],
  // The preset allows one hyphen at one place.
  ["sendgrid", "SG\\.[\\w-]{22}\\.[\\w-]{43}"],
  ["google", "AIza[\\w-]{35,}|AQ\\.[A-Z][\\w-]{36,}|GOCSPX-[\\w-]{28,}|ya29\\.[\\w-]{20,}"],
  ["stripe", "(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,}|whsec_[A-Za-z0-9+\\/=]{24,}"],
  ["gitlab", "gl(?:pat|oas|dt|rt|rtr|cbt|ptt|ft|imt|agent|soat|ffct)-[\\w.-]{20,}"],
  ["huggingface", "hf_[A-Za-z0-9]{30,}"],
  ["digitalocean", "do[opr]_v1_[0-9a-f]{64,}"],
  ["twilio", "SK[0-9a-f]{32}(?![0-9a-z])"],
  ["alibaba", "LTAI[A-Za-z0-9]{12,}"],
  ["tencent", "AKID[A-Za-z0-9]{32,}"],
  ["discord", "[MNO][\\w-]{23,27}\\.[\\w-]{6}\\.[\\w-]{27,}"],
  ["resend", "re_[A-Za-z0-9]{8}_[A-Za-z0-9]{20,}(?!\\w)"],
  ["pypi", "pypi-AgEI[\\w-]{50,}"],
  ["docker", "dckr_[a-z]{3}_[\\w-]{20,}"],
  ["vault", "hv[sbr]\\.[\\w-]{24,}"],
  ["databricks", "dapi[0-9a-f]{32,}"],
  ["atlassian", "ATATT3[\\w=-]{50,}|ATBB[A-Za-z0-9]{32,}"],
  ["grafana", "gl(?:sa|c)_[\\w+\\/=]{32,}"],
  ["tailscale", "tskey-[a-z]{3,8}-[\\w-]{16,}"],
  ["age", "AGE-SECRET-KEY-1[0-9A-Z]{50,}"],
  ["airtable", "pat[A-Za-z0-9]{14}\\.[0-9a-f]{64}"],
  // "sq0idp-" begins the id of an application, which a web page shows.
  ["square", "EAAA[\\w-]{60,}|sq0(?:cs|at)[a-z]-[\\w-]{22,}"],
  ["facebook", "EAA[A-Za-z0-9]{80,}"],
  ["braintree", "access_token\\$(?:production|sandbox)\\$[a-z0-9]{16}\\$[0-9a-f]{32}"],
  ["mapbox", "sk\\.eyJ[\\w-]{20,}\\.[\\w-]{20,}"],
  ["twitter", "A{20,}[\\w%]{60,}"],
  ["onepassword", "ops_eyJ[\\w-]{60,}"],
  ["notion", "secret_[A-Za-z0-9]{43}(?!\\w)"],
  ["crates", "cio[A-Za-z0-9]{32}(?!\\w)"],
  ["artifactory", "AKCp[A-Za-z0-9]{60,}"],
  ["modelscope", "ms-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"],
  ["fly", "fm[12][ar]?_[\\w+/=]{60,}"],
  ["yandex", "AQVN[\\w-]{35,}"],
  ["brevo", "xkeysib-[0-9a-f]{64}-[A-Za-z0-9]{16}"],
  ["dropbox", "sl\\.(?:u\\.)?[\\w-]{60,}"],
  ["razorpay", "rzp_(?:live|test)_[A-Za-z0-9]{14,}"],
  ["nuget", "oy2[a-z0-9]{43}(?!\\w)"],
  ["cloudflare", "v1\\.0-[0-9a-f]{24}-[0-9a-f]{100,}"],
  // Base64 of `{"a":"`, the beginning of a tunnel's token.
  ["cloudflare", "eyJhIjoi[\\w+/=]{80,}"],
  ["newrelic", "[0-9a-f]{32,36}(?:NRAL|FFFFNRAL)(?!\\w)"],
  ["honeycomb", "hca[a-z]k_[A-Za-z0-9]{40,}"],
  ["dynatrace", "dt0[a-z]\\d\\d\\.[A-Z0-9]{24}\\.[A-Z0-9]{64}"],
  ["posthog", "phx_[A-Za-z0-9]{40,}"],
  // Base64 of `{"auths":`, the beginning of a `.dockerconfigjson`.
  ["docker", "eyJhdXRocyI6[\\w+/=]{20,}"],
  // Many providers share this form: Groq, xAI, Perplexity, Replicate, NVIDIA, Tavily, LangSmith, Jina, Supabase,
  // Notion, Figma, Postman, New Relic, Netlify, PlanetScale, Sentry, Linear OAuth, Doppler, Heroku, Render, Cerebras,
  // Pinecone, Firecrawl, Pulumi, RubyGems, SonarQube, Buildkite, CircleCI.
  [
    "api-key",
    "(?:gsk_|xai-|pplx-|HRKU-|rnd_|csk-|pcsk_|fc-|pul-|rubygems_|sq[pua]_|bkua_|CCIPAT_|r8_|nvapi-|tvly-|lsv2_[a-z]{2}_|jina_|sbp_|sb_secret_|ntn_|figd_|PMAK-|NRAK-|nfp_|" +
    "pscale_(?:tkn|pw)_|sntr[yu][su]_|lin_oauth_|dp\\.[a-z]{2,6}\\.(?:[\\w-]{1,40}\\.)?)[\\w-]{26,}"
  ],
  // DeepSeek, SiliconFlow, Moonshot, Mistral proxies, OpenAI's old keys.
  ["api-key", "sk-(?:[a-z0-9]{1,12}-){0,3}[A-Za-z0-9_]{20,}"]
]

/** Kinds whose prefixes (`sk-`, `hf_`, `jina_`) also begin identifiers, CSS classes and placeholders made of words. */
const beginsWords: ReadonlySet<string> = new Set(
  "api-key huggingface openai anthropic slack twitter square crates artifactory yandex resend".split(" ")
)

const alternatives = tokens.map(([, source]) => `(${source})`).join("|")
const token = new RegExp(`\\b(?:${alternatives})`, "g")
/** Tokens in a percent-encoded URL, where an escape's last digit precedes them: `%3Dghp_…`. */
const encodedToken = new RegExp(`%[0-9A-Fa-f]{2}(?:${alternatives})`, "g")

const providerTokens = (text: string, pattern: RegExp, found: Array<Finding>): void => {
  for (const match of matchesIn(text, pattern)) {
    const group = match.findIndex((value, index) => index > 0 && value !== undefined)
    const value = match[group] ?? ""
    const kind = tokens[group - 1]?.[0] ?? "api-key"
    if (isPlaceholder(value) || entropy(value) < 2.5 || (beginsWords.has(kind) && isWords(value))) continue
    const end = match.index + match[0].length
    found.push({ start: end - value.length, end, kind })
  }
}

/** Matches the id of a key of AWS, Alibaba or Tencent, after which the key itself stands: in a csv, a tuple, a table. */
const keyId = /\b(?:A[KS]IA[A-Z0-9]{16}|LTAI[A-Za-z0-9]{12,26}|AKID[A-Za-z0-9]{32})(?![A-Za-z0-9])/g
const besides = /(?<![A-Za-z0-9/+_-])[A-Za-z0-9/+]{30,40}(?![A-Za-z0-9/+_-])/g
/** Characters after the id within which its key begins. */
const NEAR = 80

const keysOfIds = (text: string, found: Array<Finding>): void => {
  for (const match of matchesIn(text, keyId)) {
    const from = match.index + match[0].length
    const [near = ""] = text.slice(from, from + NEAR + 41).split("\u0000")
    const kind = match[0].startsWith("LTAI") ? "alibaba" : match[0].startsWith("AKID") ? "tencent" : "aws"
    for (const { 0: value, index } of matchesIn(near, besides)) {
      if (index > NEAR || !/[a-z]/.test(value) || !/[A-Z]/.test(value) || !isRandom(value) || isOrdinary(value)) {
        continue
      }
      found.push({ start: from + index, end: from + index + value.length, kind })
    }
  }
}

/** Tokens with no telling prefix: each pattern starts at a sign in or before the token, and looks back from there. */
const lookedBack: ReadonlyArray<readonly [kind: string, sign: string, pattern: RegExp]> = [
  ["telegram", ":AA", /:AA[\w-]{32,}(?<=(?<!\d)(\d{8,10}:AA[\w-]{32,512}))/g],
  ["dingtalk", "SEC", /\b(SEC[0-9a-f]{64})(?!\w)/g],
  ["kubeadm", "--token", /--token[ =]([a-z0-9]{6}\.[a-z0-9]{16})(?!\w)/g],
  ["mailchimp", "-us", /-us\d{1,2}(?!\w)(?<=(?<![0-9a-f])([0-9a-f]{32}-us\d{1,2}))/g],
  ["zhipu", ".", /\.[A-Za-z0-9]{16}(?![\w-])(?<=(?<![0-9a-f])([0-9a-f]{32}\.[A-Za-z0-9]{16}))/g]
]

const lookedBackTokens = (text: string, found: Array<Finding>): void => {
  for (const [kind, sign, pattern] of lookedBack) {
    if (!text.includes(sign)) continue
    for (const match of matchesIn(text, pattern)) {
      const end = match.index + match[0].length
      found.push({ start: end - (match[1] ?? "").length, end, kind })
    }
  }
}

/** Matches JSON Web Tokens: a header is JSON, so it begins with `{"` in base64; encrypted tokens have five parts. */
const jwt =
  /(?<![A-Za-z0-9_-](?<!%[0-9A-Fa-f]{2}))eyJ[\w-]{10,2048}\.(?:[\w-]{10,}(?:\.[\w-]*){1,3}|\.[\w-]{10,}\.[\w-]{10,}\.[\w-]+)/g

const jsonWebTokens = (text: string, found: Array<Finding>): void => {
  for (const match of matchesIn(text, jwt)) {
    found.push({ start: match.index, end: match.index + match[0].length, kind: "jwt" })
  }
}

/** Matches `://user:password@` and `://token@`, also with "/" escaped, as some JSON writers do. */
const urlPassword = new RegExp(
  ":(?:\\\\{0,8}/){2}(?:([^\\s/?#:@\"'`<>\\\\]{0,256}):([^\\s/\"'`<>\\\\]{1,256})@(?=[\\w[$%{.-])|([\\w-]{20,256})@(?=\\w))",
  "g"
)

const database =
  /(?:mongodb(?:\+srv)?|mysqlx?|mariadb|postgres(?:ql)?(?:\+\w+)?|rediss?|amqps?|mssql|sqlserver|clickhouse|oracle|nats)$/

const urlPasswords = (text: string, found: Array<Finding>): void => {
  for (const match of matchesIn(text, urlPassword)) {
    const password = match[2] ?? match[3] ?? ""
    // `localhost:8080?to=a@b` has a port and a query, not a password.
    if (match[1] === "[redacted" || isPlaceholder(password) || /^\d{1,5}(?:[?#]|$)/.test(password)) continue
    if (match[3] !== undefined && !isRandom(password)) continue
    const start = match.index + match[0].length - 1 - password.length
    const scheme = text.slice(Math.max(0, match.index - 20), match.index)
    const kind = database.test(scheme) ? "connection-string" : "basic-auth"
    found.push({ start, end: start + password.length, kind })
  }
}

/** Matches the password of a data source name as Go writes it: `user:password@tcp(host:3306)/name`. */
const dataSource =
  /@(?:[a-z]\w{0,12})?\([^\s()]{1,128}\)\/(?<=(?<![\w.:[-])[\w.-]{1,64}:([^\s"'`<>]{1,128}?)@\w{0,13}\([^\s()]{1,128}\)\/)/g

const dataSourcePasswords = (text: string, found: Array<Finding>): void => {
  for (const match of matchesIn(text, dataSource)) {
    const password = match[1] ?? ""
    if (isPlaceholder(password)) continue
    found.push({ start: match.index - password.length, end: match.index, kind: "connection-string" })
  }
}

/** Matches `user:password@host:port` without a scheme, as in `http_proxy=me:…@proxy:8080`. */
const hostPassword = /@(?=[\w.-]{1,128}:\d{2,5}(?!\w))(?<=(?<![\w/@.%-])[\w.-]{1,64}:([^\s"'`<>@:/]{3,128})@)/g

const hostPasswords = (text: string, found: Array<Finding>): void => {
  for (const match of matchesIn(text, hostPassword)) {
    const password = match[1] ?? ""
    const before = text.slice(Math.max(0, match.index - password.length - 100), match.index)
    const isProxy = /proxy["'\s]{0,4}[:=]["'\s]{0,4}[\w.-]{1,64}:[^\s:]{1,128}$/i.test(before)
    if (isPlaceholder(password) || isOrdinary(password) || !(isProxy || isMixed(password))) continue
    found.push({ start: match.index - password.length, end: match.index, kind: "basic-auth" })
  }
}

/** Matches `jdbc:oracle:thin:user/password@`. */
const oracle = /jdbc:oracle:\w{1,8}:[\w.$-]{1,64}\/([^\s"'`@]{3,128})@/g

const oraclePasswords = (text: string, found: Array<Finding>): void => {
  for (const match of matchesIn(text, oracle)) {
    const password = match[1] ?? ""
    const end = match.index + match[0].length - 1
    if (!isPlaceholder(password)) found.push({ start: end - password.length, end, kind: "connection-string" })
  }
}

/** Webhook URLs that are secret as a whole; the preset covers those of Slack. */
const webhook = new RegExp(
  "https://(?:" + [
    "(?:ptb\\.|canary\\.)?discord(?:app)?\\.com/api/webhooks/\\d{10,}/",
    "[\\w-]{1,64}\\.webhook\\.office\\.com/webhookb2/",
    "oapi\\.dingtalk\\.com/robot/send\\?access_token=",
    "open\\.feishu\\.cn/open-apis/bot/v2/hook/",
    "qyapi\\.weixin\\.qq\\.com/cgi-bin/webhook/send\\?key=",
    "open\\.larksuite\\.com/open-apis/bot/v2/hook/",
    "sc(?:tapi)?\\.ftqq\\.com/",
    "hooks\\.zapier\\.com/hooks/catch/",
    "maker\\.ifttt\\.com/trigger/[\\w-]{1,64}/(?:json/)?with/key/",
    "outlook\\.office(?:365)?\\.com/webhook/"
  ].join("|") + ")[\\w@/-]{20,}",
  "g"
)

const webhooks = (text: string, found: Array<Finding>): void => {
  for (const match of matchesIn(text, webhook)) {
    found.push({ start: match.index, end: match.index + match[0].length, kind: "webhook" })
  }
}

const pemBegin = /-----BEGIN[A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----/g
const pemEnd = /-----END[A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----/y
/** Matches the rest of a truncated block: base64, headers, and the line numbers of `cat -n` and Claude Code's Read. */
const pemRest =
  /(?:[\s\\→|+:.,-]{0,16}(?:[A-Za-z0-9+/=]{8,}|\d{1,6}|(?:Proc-Type|DEK-Info|Version|Comment):[^\n]{0,80}))*/y

/** Finds blocks that the preset misses: truncated ones, and those with headers or line numbers. */
const privateKeys = (text: string, found: Array<Finding>): void => {
  for (const match of matchesIn(text, pemBegin)) {
    const start = match.index + match[0].length
    pemEnd.lastIndex = text.indexOf("-----", start)
    pemRest.lastIndex = start
    const complete = pemEnd.lastIndex !== -1 && pemEnd.lastIndex - start < 32768 && pemEnd.test(text)
    const end = complete ? pemEnd.lastIndex : start + (pemRest.exec(text)?.[0].length ?? 0)
    // Code that parses a block, and documentation ("..."), contain only the markers.
    if (!/[A-Za-z0-9+/]{40}/.test(text.slice(start, end))) continue
    found.push({ start: match.index, end, kind: "private-key" })
  }
}

/** Matches a PEM block that is base64-encoded once more, as in kubeconfigs and CI variables. */
const encodedPem = /LS0tLS1CRUdJTi[A-Za-z0-9+/]{32,}={0,2}/g
const puttyKey = /\bPrivate-Lines: \d{1,3}\s{1,4}((?:[A-Za-z0-9+/=]{8,64}\s{1,4}){1,200})/g

const encodedKeys = (text: string, found: Array<Finding>): void => {
  for (const match of matchesIn(text, encodedPem)) {
    // Not atob, which throws where the text is cut.
    if (!Buffer.from(match[0].slice(0, 64), "base64").includes("PRIVATE KEY")) continue
    found.push({ start: match.index, end: match.index + match[0].length, kind: "private-key" })
  }
}

const puttyKeys = (text: string, found: Array<Finding>): void => {
  for (const match of matchesIn(text, puttyKey)) {
    const block = match[1] ?? ""
    const end = match.index + match[0].length
    found.push({ start: end - block.length, end: end - block.length + block.trimEnd().length, kind: "private-key" })
  }
}

/** Finds all these tokens in a text whose escapes are blanked (see Redactor). */
export const findings = (text: string): ReadonlyArray<Finding> => {
  const found: Array<Finding> = []
  providerTokens(text, token, found)
  if (text.includes("%")) providerTokens(text, encodedToken, found)
  keysOfIds(text, found)
  lookedBackTokens(text, found)
  if (text.includes("eyJ")) jsonWebTokens(text, found)
  if (text.includes("@")) {
    urlPasswords(text, found)
    dataSourcePasswords(text, found)
    hostPasswords(text, found)
  }
  if (text.includes("jdbc:oracle")) oraclePasswords(text, found)
  if (text.includes("https://")) webhooks(text, found)
  if (text.includes("PRIVATE KEY")) privateKeys(text, found)
  if (text.includes("LS0tLS1CRUdJTi")) encodedKeys(text, found)
  if (text.includes("Private-Lines")) puttyKeys(text, found)
  return found
}
