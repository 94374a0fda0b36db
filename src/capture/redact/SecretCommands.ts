/** Finds secrets by their place in a header, a command line, a Kubernetes secret or a sentence. */
import { matchesIn } from "../../domain/Matches.ts"
import type { Finding } from "./Secretlint.ts"
import { isMixed, isOrdinary, isPlaceholder, isRandom, isUuid, isWords } from "./SecretValue.ts"

const authorization = new RegExp(
  "(?:" + [
    "authorization[\"'`]?\\s{0,8}[:=,]\\s{0,8}[\"'`]?\\s{0,8}(?:(?:bearer|basic|token|apikey|api-key|key|oauth|splunk|ssws|geniekey|bot)\\s{1,8})?",
    "\\bbearer(?:\\s|%20){1,8}",
    "\\bbasic\\s{1,8}"
  ].join("|") + ")([A-Za-z0-9._~+/=-]{8,})",
  "gi"
)

const utf8 = new TextDecoder("utf-8", { fatal: true })

/** Decodes UTF-8; bytes of another encoding become characters of their own. */
const textOf = (bytes: Uint8Array, isInHeader: boolean): string => {
  try {
    return utf8.decode(bytes)
  } catch {
    // Elsewhere, any word may be base64 of such bytes.
    return isInHeader ? Buffer.from(bytes).toString("latin1") : ""
  }
}

/** Matches `user:password` in base64. */
const isCredentials = (value: string, isInHeader = false): boolean =>
  /^[A-Za-z0-9+/]+={0,2}(?:\.[a-z]{1,4})?$/.test(value) &&
  /^[^\x00-\x1f\x7f:]{1,128}:[^\x00-\x1f\x7f]{1,512}$/.test(
    textOf(Buffer.from(value.replace(/\..*/, ""), "base64"), isInHeader)
  )

const isCredential = (matched: string, value: string): boolean => {
  if (/\bbasic\s/i.test(matched)) return false
  if (isRandom(value)) return true
  return /^authorization/i.test(matched) && /\d/.test(value) && !isOrdinary(value) && !isWords(value)
}

const headers = (text: string, found: Array<Finding>): void => {
  for (const match of matchesIn(text, authorization)) {
    const value = match[1] ?? ""
    const end = match.index + match[0].length
    const basic = isCredentials(value, /authorization.*basic/i.test(match[0]))
    if (basic || isCredential(match[0], value)) {
      found.push({ start: end - value.length, end, kind: basic ? "basic-auth" : "bearer" })
    }
  }
}

type Judge = (value: string) => boolean

const isNoPlaceholder: Judge = (value) => !isPlaceholder(value) && !/^\d{1,6}$/.test(value)
/** Stricter, for options that mean something else in other programs, and for sentences, which may say anything. */
const isPasswordLike: Judge = (value) => isMixed(value) && !isOrdinary(value)
const isKeyLike: Judge = (value) => isRandom(value) && !isOrdinary(value)

interface Option {
  readonly names: string
  /** Matches the command line up to the end of the option's name. */
  readonly command: RegExp
  readonly kind: string
  /** Matches the text after the option's name; ends with its only group, which is the secret. */
  readonly value: RegExp
  readonly isSecret: Judge
}

/** An escaped quote has blanks after it (see Redactor). */
const quote = "(?:[\"']\\s{0,8})?"
const plain = "([^\\s\"'$|;<>]{3,})"
const spacedValue = new RegExp(` ?${quote}${plain}`, "y")
/** Value joined to its option, without a blank: `mysql -p shop` names a database. */
const attachedValue = new RegExp(`${quote}${plain}`, "y")
const afterUser = (separator: string) =>
  new RegExp(`[ =]?${quote}[^\\s${separator}"'$]{1,128}${separator}${quote}([^\\s"'$]{3,})`, "y")

const options: ReadonlyArray<Option> = [
  {
    names: "-u --user --proxy-user",
    command: /\bcurl\b/,
    kind: "basic-auth",
    value: afterUser(":"),
    isSecret: isNoPlaceholder
  },
  { names: "-a --auth", command: /\bhttps? /, kind: "basic-auth", value: afterUser(":"), isSecret: isNoPlaceholder },
  { names: "-u", command: /\blftp\b/, kind: "password", value: afterUser(","), isSecret: isNoPlaceholder },
  { names: "-U", command: /\bsmbclient\b/, kind: "password", value: afterUser("%"), isSecret: isNoPlaceholder },
  { names: "-b --cookie", command: /\bcurl\b/, kind: "cookie", value: afterUser("="), isSecret: isKeyLike },
  { names: "--from-literal", command: /\bsecret\b/, kind: "secret", value: afterUser("="), isSecret: isKeyLike },
  { names: "-p", command: /\bsshpass\s+-p$/, kind: "password", value: spacedValue, isSecret: isNoPlaceholder },
  { names: "-p", command: /\bmysql/, kind: "password", value: attachedValue, isSecret: isNoPlaceholder },
  { names: "-p", command: /\b7za?\b/, kind: "password", value: attachedValue, isSecret: isPasswordLike },
  { names: "-p", command: /\bmongo/, kind: "password", value: spacedValue, isSecret: isPasswordLike },
  {
    names: "-p",
    command: /\b(?:docker|podman|registry|az|oc) login\b/,
    kind: "password",
    value: spacedValue,
    isSecret: isNoPlaceholder
  },
  { names: "-a", command: /\bredis-cli\b/, kind: "password", value: spacedValue, isSecret: isNoPlaceholder },
  { names: "-P", command: /\b(?:un)?zip\b/, kind: "password", value: spacedValue, isSecret: isPasswordLike },
  { names: "-P", command: /\bsqlcmd\b/, kind: "password", value: spacedValue, isSecret: isNoPlaceholder },
  { names: "-passwd", command: /\bx11vnc\b/, kind: "password", value: spacedValue, isSecret: isNoPlaceholder },
  { names: "-w", command: /\bldap\w/, kind: "password", value: spacedValue, isSecret: isNoPlaceholder },
  {
    names: "-storepass -keypass",
    command: /\bkeytool\b/,
    kind: "password",
    value: spacedValue,
    isSecret: isNoPlaceholder
  },
  {
    names: "-passin",
    command: /\bopenssl\b/,
    kind: "password",
    value: /\s(?:pass:)([^\s"'$|;<>]{3,})/y,
    isSecret: isNoPlaceholder
  },
  {
    names: "--dbpass",
    command: /\bwp\b/,
    kind: "password",
    value: /[ =]["']?([^\s"'$|;<>]{3,})/y,
    isSecret: isNoPlaceholder
  },
  {
    names: "--body",
    command: /\bsecret set\b/,
    kind: "secret",
    value: new RegExp(`[ =]${quote}${plain}`, "y"),
    isSecret: isKeyLike
  },
  {
    names: "-b -bc -nb -Bb",
    command: /\bhtpasswd\s+-\w+$/,
    kind: "password",
    value: /\s+\S{1,128}\s+\S{1,64}\s+["']?([^\s"'$|;<>]{3,})/y,
    isSecret: isNoPlaceholder
  }
]

const optionsByName = new Map<string, ReadonlyArray<Option>>()
for (const option of options) {
  for (const name of option.names.split(" ")) optionsByName.set(name, [...(optionsByName.get(name) ?? []), option])
}
const optionName = new RegExp(`\\s(${[...optionsByName.keys()].sort((a, b) => b.length - a.length).join("|")})`, "g")

/** Characters before the option in which its command must begin. */
const COMMAND = 300

/** Returns the command up to `end`: its line, and earlier lines that continue by a backslash or an indented option. */
const commandUpTo = (text: string, end: number): string => {
  const before = text.slice(Math.max(0, end - COMMAND), end)
  const line = /(?:^|\n)(?:[^\n]*(?:\\\n|\n(?=\s{1,8}-)))*[^\n]*$/.exec(before)
  return line?.[0] ?? ""
}

const optionValues = (text: string, found: Array<Finding>): void => {
  for (const match of matchesIn(text, optionName)) {
    const end = match.index + match[0].length
    const candidates = optionsByName.get(match[1] ?? "") ?? []
    let command: string | undefined
    for (const { command: isOf, isSecret, kind, value } of candidates) {
      value.lastIndex = end
      const secret = value.exec(text)?.[1]
      if (secret === undefined || !isSecret(secret)) continue
      command ??= commandUpTo(text, end)
      if (isOf.test(command)) found.push({ start: value.lastIndex - secret.length, end: value.lastIndex, kind })
    }
  }
}

/** Matches `echo password | docker login --password-stdin` from the bar on. */
const piped = /\|[^\n|]{0,80}?(?:--password-stdin|sudo -S|chpasswd)/g
const echoed = /\becho\s(?:-n\s)?["']?\s{0,8}(?:[\w.-]{1,32}:)?([^\s"'$|:]{3,})["']?\s{0,8}$/

const pipedValues = (text: string, found: Array<Finding>): void => {
  for (const { index } of matchesIn(text, piped)) {
    const before = text.slice(Math.max(0, index - COMMAND), index)
    const match = echoed.exec(before)
    const secret = match?.[1]
    if (match === null || secret === undefined || !isNoPlaceholder(secret)) continue
    const start = index - before.length + match.index + match[0].lastIndexOf(secret)
    found.push({ start, end: start + secret.length, kind: "password" })
  }
}

interface Rule {
  /** The pattern is tried only if the text contains this. */
  readonly literal: string | RegExp
  readonly kind: string
  /** Ends with its only group, which is the secret, or with a look-ahead after it. */
  readonly pattern: RegExp
  readonly isSecret: Judge
}

const identifiedBy = "\\s{1,4}(?:WITH\\s{1,4}\\S{1,40}\\s{1,4})?BY\\s{1,4}[\"']\\s{0,8}([^\"'\\n]{6,})"

/** A pattern that could begin anywhere starts at a rare sign and looks back from there. */
const rules: ReadonlyArray<Rule> = [
  {
    literal: "=",
    kind: "token",
    pattern: new RegExp(
      "=(?<=(?:SESSID|JSESSIONID|ASPSESSIONID\\w{8}|connect\\.sid|\\bsessionid|_session|[?&]sig|\\bSignature|" +
        "sonar\\.login)=)([^\\s\"'`;,&]{16,})",
      "g"
    ),
    isSecret: isKeyLike
  },
  {
    literal: "key=",
    kind: "api-key",
    pattern: /[?&](?:ak|key)=([\w-]{24,})(?![\w./%-])/g,
    isSecret: (value) => /\d/.test(value) && isKeyLike(value) && !isUuid(value)
  },
  // AK: …, SK: …
  {
    literal: "SK",
    kind: "secret",
    pattern: /\bSK["']?\s{0,2}[:：=]\s{0,2}["']?([\w/+=-]{20,})/g,
    isSecret: (value) => /\d/.test(value) && isKeyLike(value)
  },
  // A user and a password under one name.
  {
    literal: /密[码碼]/,
    kind: "password",
    pattern: new RegExp(
      "密[码碼](?<=(?:[账帐賬帳][号户號戶]|用[户戶]名?|登[录錄])[和及与與、/／ ]{0,2}密[码碼])(?:是|为|為)?[:： ]{1,3}" +
        "[\\w.@-]{1,64}[ \\t/／,，、:：|]{1,3}([^\\s\"'`，。；、）]{6,})",
      "g"
    ),
    isSecret: isPasswordLike
  },
  {
    literal: "login ",
    kind: "token",
    pattern: /login ([\w.-]{20,})(?<=\b(?:wandb|cargo|vault|heroku|flyctl|wrangler) (?:auth )?login [\w.-]{20,512})/g,
    isSecret: isKeyLike
  },
  {
    literal: "IDENTIFIED",
    kind: "password",
    pattern: new RegExp(`\\bIDENTIFIED${identifiedBy}`, "g"),
    isSecret: isNoPlaceholder
  },
  // In a sentence a thing is identified by another; in SQL a user is, whose name stands before.
  {
    literal: /identified/i,
    kind: "password",
    pattern: new RegExp(
      "\\bidentified(?<=\\b(?:user|to)\\s{1,4}(?:if\\s{1,4}not\\s{1,4}exists\\s{1,4})?(?!(?:is|are|was|were|be)\\s)" +
        `[^\\s;,]{1,128}\\s{1,4}identified)${identifiedBy}`,
      "gi"
    ),
    isSecret: isNoPlaceholder
  },
  { literal: "net user", kind: "password", pattern: /\bnet user \S{1,64} ([^\s"']{6,})/g, isSecret: isPasswordLike },
  {
    literal: "New value:",
    kind: "password",
    pattern: /\bNew value: (?<=[Pp]assword [^\n]{0,120}\n {0,8}New value: )(\S{8,})/g,
    isSecret: isNoPlaceholder
  },
  {
    literal: "mc ",
    kind: "secret",
    pattern: /\bmc (?:alias set|config host add) \S{1,64} \S{1,256} ["']?[^\s"'$]{1,128}["']? ["']?([^\s"'$]{8,})/g,
    isSecret: isNoPlaceholder
  },
  {
    literal: "psk=",
    kind: "password",
    pattern: /\bpsk=(?:"\s{0,8})?([^\s"]{8,})/g,
    isSecret: isNoPlaceholder
  },
  // {"username":"…","key":"…"}
  {
    literal: "username",
    kind: "api-key",
    pattern:
      /"\s{0,8}username"\s{0,9}:\s?"[^"\n]{1,64}"\s{0,9},\s?"\s{0,8}key"\s{0,9}:\s?"\s{0,8}([0-9a-f]{32})(?=["\s])/g,
    isSecret: isKeyLike
  },
  // A line of /etc/shadow or .htpasswd
  {
    literal: ":$",
    kind: "password",
    pattern: /:(\$(?:apr1|1|5|6|y|2[aby])\$[\w./$]{20,256})/g,
    isSecret: () => true
  },
  { literal: "requirepass", kind: "password", pattern: /\brequirepass ([^\s"']{6,})/g, isSecret: isNoPlaceholder },
  {
    literal: "auth",
    kind: "basic-auth",
    pattern: /\bauth["']?\s{0,8}[:=]\s{0,2}["']\s{0,8}([A-Za-z0-9+/]{12,}={0,2})(?=["'\s])/g,
    isSecret: isCredentials
  },
  // HTTPBasicAuth("user", "password")
  {
    literal: "auth",
    kind: "basic-auth",
    pattern: /\bauth\s?=\s?(?:[\w.]{0,20}Auth)?\(["'][^"'\n]{1,64}["']\s{0,8},\s?["']\s{0,8}([^"'\s]{6,})(?=["'\s])/g,
    isSecret: isNoPlaceholder
  },
  {
    literal: "sk\"",
    kind: "secret",
    pattern: /\bsk"\s{0,8}:\s?"\s{0,8}([A-Za-z0-9+/=]{20,})(?=["\s])/g,
    isSecret: isKeyLike
  },
  // A constructor or a method whose only argument is a key.
  {
    literal: "(",
    kind: "api-key",
    pattern:
      /\((?=["'])(?<=(?:Client(?:V2)?|init|login|authenticate|configure)\()["']\s{0,8}([\w-]{24,})(?=["']\s{0,8}\))/g,
    isSecret: isKeyLike
  },
  // A line of .pgpass
  {
    literal: ":",
    kind: "password",
    pattern: /:(?:\d{4,5}|\*):[\w*-]{1,64}:[\w*-]{1,64}:([^\s:"']{8,})/g,
    isSecret: (value) =>
      isPasswordLike(value) || /[a-z][A-Z].*[a-z]/.test(value) && !isOrdinary(value) && !isWords(value)
  },
  {
    literal: "/",
    kind: "password",
    pattern:
      /\/(?<=[Uu]ser(?:name)?\s?\/)\s?[Pp]ass(?:word)?\s?(?::|is|=)\s{0,2}["'`]?[\w.@-]{1,64}\s?\/\s?([^\s"'`]{8,})/g,
    isSecret: isPasswordLike
  }
]

const cookieHeader = /\bcookie["']?\s{0,2}[:=]\s{0,2}["'`]?([^\n"'`]{16,4096})/gi
const cookie = /(?<![\w.-])[\w.-]{1,128}=([\w%+/=.:~*!|-]{16,})/g

const cookies = (text: string, found: Array<Finding>): void => {
  for (const header of matchesIn(text, cookieHeader)) {
    const pairs = header[1] ?? ""
    const offset = header.index + header[0].length - pairs.length
    for (const pair of matchesIn(pairs, cookie)) {
      const value = pair[1] ?? ""
      const end = offset + pair.index + pair[0].length
      if (isKeyLike(value)) found.push({ start: end - value.length, end, kind: "cookie" })
    }
  }
}

const kubernetesSecret = /\bkind["']?:\s{0,2}["']?Secret\b/g
const entry = /[\w.-]{1,253}["']?:\s{1,2}["']?([A-Za-z0-9+/]{16,}={0,2})(?=["'\s]|$)/g
/** Characters before and after a manifest's kind in which the data of the secret is looked for. */
const REACH = 8_192

/** Finds the data of a manifest, where every entry is secret, whatever its name: only the value's form is judged. */
const kubernetesSecrets = (text: string, found: Array<Finding>): void => {
  let done = 0
  for (const { index } of matchesIn(text, kubernetesSecret)) {
    if (index < done) continue
    const before = text.slice(Math.max(done, index - REACH), index)
    const after = text.slice(index, index + REACH)
    const from = index - before.length + Math.max(0, before.lastIndexOf("\n---"), before.lastIndexOf("\u0000"))
    const end = after.search(/\n---|\u0000/)
    done = index + (end === -1 ? after.length : end)
    for (const match of matchesIn(text.slice(from, done), entry)) {
      const value = match[1] ?? ""
      const end = from + match.index + match[0].length
      if (isKeyLike(value) && !/^[0-9a-f]+$/.test(value)) found.push({ start: end - value.length, end, kind: "secret" })
    }
  }
}

/** Matches the output of `kubectl get secret … -o jsonpath`. */
const printedSecret = /\bget secrets? [^\n]{0,200}\n[^\w\n]{0,8}([A-Za-z0-9+/]{16,}={0,2})(?=[\s"']|$)/g

const printedSecrets = (text: string, found: Array<Finding>): void => {
  for (const match of matchesIn(text, printedSecret)) {
    const value = match[1] ?? ""
    const end = match.index + match[0].length
    if (isKeyLike(value)) found.push({ start: end - value.length, end, kind: "secret" })
  }
}

/** Finds all these secrets in a text whose escapes are blanked (see Redactor). */
export const findings = (text: string): ReadonlyArray<Finding> => {
  const found: Array<Finding> = []
  headers(text, found)
  optionValues(text, found)
  pipedValues(text, found)
  for (const { isSecret, kind, literal, pattern } of rules) {
    if (typeof literal === "string" ? !text.includes(literal) : !literal.test(text)) continue
    for (const match of matchesIn(text, pattern)) {
      const value = match[1] ?? ""
      const start = match.index + match[0].length - value.length
      if (isSecret(value)) found.push({ start, end: start + value.length, kind })
    }
  }
  if (text.includes("ookie")) cookies(text, found)
  if (text.includes("Secret")) kubernetesSecrets(text, found)
  if (text.includes("get secret")) printedSecrets(text, found)
  return found
}
