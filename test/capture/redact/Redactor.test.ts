import { assert, describe, it } from "@effect/vitest"
import { creator as preset } from "@secretlint/secretlint-rule-preset-recommend"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import { redact } from "../../../src/capture/redact/Redactor.ts"
import { slow, times } from "../../data.ts"
import { anyCharacter, long, withMillis } from "../../texts.ts"
import { assertMasked, one } from "./marked.ts"

// Secrets are made at run time, so that scanners find none in this file.
const lower = "abcdefghijklmnopqrstuvwxyz"
const upper = lower.toUpperCase()
const digits = "0123456789"
const hex = "0123456789abcdef"
const alphanumeric = upper + lower + digits

/** A linear congruential generator: the same keys in every run. */
let state = 20260101
const next = (below: number): number => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  return Math.floor((state / 2 ** 32) * below)
}
const random = (alphabet: string, length: number): string =>
  Array.from({ length }, () => alphabet[next(alphabet.length)]).join("")
const base64url = (value: object | string): string =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url")
const jwt = (payload: object): string =>
  [base64url({ alg: "HS256", typ: "JWT" }), base64url(payload), random(alphanumeric + "-_", 42) + "a"].join(".")
const pem = (label: string, magic: string, lines: number, headers = ""): string =>
  `-----BEGIN ${label}-----\n${headers}${magic}${random(alphanumeric + "+/", 64 - magic.length)}\n${
    Array.from({ length: lines }, () => random(alphanumeric + "+/", 64)).join("\n")
  }\n${random(alphanumeric, 30)}==\n-----END ${label}-----`

const tokens: ReadonlyArray<readonly [kind: string, secret: string]> = [
  ["github", "ghp_" + random(alphanumeric, 36)],
  ["github", "gho_" + random(alphanumeric, 36)],
  ["github", "ghs_" + random(alphanumeric, 80)],
  ["github", "github_pat_" + random(alphanumeric, 22) + "_" + random(alphanumeric, 59)],
  ["aws", "AKIA" + random(upper + "234567", 16)],
  ["aws", "ASIA" + random(upper + "234567", 16)],
  ["anthropic", "sk-ant-api03-" + random(alphanumeric + "-_", 93) + "AA"],
  ["anthropic", "sk-ant-oat01-" + random(alphanumeric + "-_", 90) + "gAA"],
  ["openai", "sk-proj-" + random(alphanumeric + "-_", 74) + "T3Blbk" + "FJ" + random(alphanumeric + "-_", 73) + "A"],
  ["openai", "sk-svcacct-" + random(alphanumeric, 58)],
  ["openai", "sk-" + random(alphanumeric, 20) + "T3Blbk" + "FJ" + random(alphanumeric, 20)],
  ["openrouter", "sk-or-v1-" + random(hex, 64)],
  ["api-key", "sk-" + random(hex, 32)],
  ["api-key", "sk-" + random(lower, 48)],
  ["api-key", "sk-" + random(alphanumeric, 48)],
  ["slack", "xoxb-" + random(digits, 12) + "-" + random(digits, 13) + "-" + random(alphanumeric, 24)],
  ["slack", "xapp-1-A" + random(upper, 10) + "-" + random(digits, 13) + "-" + random(hex, 64)],
  ["slack", "xoxe.xoxp-1-" + random(alphanumeric, 140)],
  ["slack", `https://hooks.slack.com/services/T${random(upper, 8)}/B${random(upper, 8)}/${random(alphanumeric, 24)}`],
  ["npm", "npm_" + random(alphanumeric, 36)],
  ["sendgrid", "SG." + random(alphanumeric + "-_", 21) + "a." + random(alphanumeric + "-_", 42) + "b"],
  ["shopify", "shpat_" + random(hex, 32)],
  ["linear", "lin_api_" + random(alphanumeric, 40)],
  ["google", "AIza" + random(alphanumeric + "-_", 34) + "x"],
  ["google", "GOCSPX-" + random(alphanumeric, 28)],
  ["google", "ya29." + random(alphanumeric + "-_", 120) + "z"],
  ["stripe", "sk_live_" + random(alphanumeric, 24)],
  ["stripe", "rk_live_" + random(alphanumeric, 99)],
  ["stripe", "whsec_" + random(alphanumeric, 32)],
  ["gitlab", "glpat-" + random(alphanumeric, 20)],
  ["huggingface", "hf_" + random(upper + lower, 34)],
  ["digitalocean", "dop_v1_" + random(hex, 64)],
  ["twilio", "SK" + random(hex, 32)],
  ["telegram", random("123456789", 10) + ":AA" + random(alphanumeric + "-_", 32) + "x"],
  ["alibaba", "LTAI" + random(alphanumeric, 20)],
  ["dingtalk", "SEC" + random(hex, 64)],
  ["tencent", "AKID" + random(alphanumeric, 32)],
  ["pypi", "pypi-AgEI" + random(alphanumeric + "-_", 150) + "x"],
  ["docker", "dckr_pat_" + random(alphanumeric, 27)],
  ["vault", "hvs." + random(alphanumeric, 90)],
  ["databricks", "dapi" + random(hex, 32)],
  ["atlassian", "ATATT3" + random(alphanumeric + "-_", 180) + "x"],
  ["grafana", "glsa_" + random(alphanumeric, 32) + "_" + random(hex, 8)],
  ["tailscale", "tskey-auth-" + random(alphanumeric, 17) + "-" + random(alphanumeric, 30)],
  ["age", "AGE-SECRET-KEY-1" + random(upper + digits, 58)],
  ["api-key", "gsk_" + random(alphanumeric, 52)],
  ["api-key", "nvapi-" + random(alphanumeric, 64)],
  ["api-key", "r8_" + random(alphanumeric, 37)],
  ["jwt", jwt({ sub: "1234567890", name: "Jo", iat: 1516239022 })],
  ["jwt", jwt({ iss: "supabase", role: "service_role", exp: 2000000000 })]
]

const json = (value: unknown): string => JSON.stringify(value)

const surroundings: Readonly<Record<string, readonly [before: string, after: string]>> = {
  alone: ["", ""],
  prompt: ["Please use ", ", it expires on Monday."],
  "Chinese prompt": ["请用这个密钥", "部署到服务器 🚀"],
  "shell output": ["$ tool auth show\n\u001b[32m", "\u001b[0m\nok"],
  "JSON in JSON": ["{\"content\":\"{\\\"stdout\\\":\\\"first\\\\n", "\\\\nlast\\\"}\"}"],
  ".env": ["PORT=3000\nSOME_VALUE=", "\nDEBUG=1\n"],
  header: ["> GET / HTTP/1.1\r\n> X-Thing: ", "\r\n> Accept: */*\r\n"],
  URL: ["curl 'https://api.acme.dev/v1/things?k=", "&page=2'"],
  "encoded URL": ["https://acme.dev/login?next=%2Fcb%3Fk%3D", "%26page%3D2"],
  yaml: ["env:\n  - name: THING\n    value: \"", "\"\n"],
  "numbered line": ["     6\t# keys\n     7→", "\n     8→"],
  "after emoji": ["😀😀👩‍👩‍👧 `", "`"]
}

describe("tokens recognized by their shape", () => {
  for (const [index, [kind, secret]] of tokens.entries()) {
    it.effect(`${index} ${kind}`, () =>
      Effect.gen(function*() {
        for (const [name, [before, after]] of Object.entries(surroundings)) {
          const redacted = yield* one(before + secret + after)
          assert.isTrue(
            redacted.startsWith(before) && redacted.endsWith(after),
            `${kind} in ${name}: ${redacted} keeps its surroundings`
          )
          const masked = redacted.slice(before.length, redacted.length - after.length)
          assert.match(masked, /^\[redacted:[a-z-]+\]$/, `${kind} in ${name}`)
          assert.strictEqual(yield* one(redacted), redacted)
          if (name === "alone") assert.strictEqual(masked, `[redacted:${kind}]`)
        }
      }))
  }
})

const strong = random(alphanumeric, 12) + "7x"
const key = random(alphanumeric, 32) + "9"
const awsSecret = random(alphanumeric + "/+", 39) + "Q"
const basic = Buffer.from("deploy:" + random(lower, 12)).toString("base64")
const password = "Tr0ub4dor" + "&3"

/** Texts with the secret between « and ». */
const named: ReadonlyArray<readonly [kind: string, text: string]> = [
  ["password", `password = "«${strong}»"`],
  ["password", `my password is «${password}» by the way`],
  ["password", `the db password: «${password}»`],
  ["password", `DB_PASSWORD=«${password}»\nDB_HOST=db`],
  ["password", `export PGPASSWORD='«${strong}»'`],
  ["password", `POSTGRES_PASSWORD=«correcthorsebattery»\n`],
  ["password", `SMTP_PASS=«${strong}»`],
  ["password", `docker run -e MYSQL_ROOT_PASSWORD=«${strong}» mysql:8`],
  ["password", `mysqladmin --password «${strong}» status`],
  ["password", `mysqladmin --password=«${strong}» status`],
  ["password", `{"user":"jo","password":"«${strong}»"}`],
  ["password", json({ out: json({ user: "jo", password: `«${strong}»`, port: 1 }) })],
  ["password", json({ out: json({ inner: json({ passwd: `«${strong}»` }) }) })],
  ["password", `spring.datasource.password=«${strong}»`],
  ["password", `database:\n  user: app\n  password: «${strong}»\n  port: 5432`],
  ["password", `database:\n  password: «hunter42»\n`],
  ["password", `<password>«${strong}»</password>`],
  ["password", `<add key="DbPassword" value="«${strong}»" />`],
  ["password", `- name: DB_PASSWORD\n  value: "«${strong}»"\n`],
  ["password", `machine api.acme.dev login jo password «${strong}»`],
  ["password", `CREATE USER jo WITH PASSWORD '«${strong}»';`],
  ["password", `CREATE USER 'jo'@'%' IDENTIFIED BY '«${strong}»';`],
  ["password", "alter user 'jo'@'%' identified with caching_sha2_password by '«Vq7kw2Mx9L»';"],
  ["password", "DB_PASSWORD=«Vq7kw2.Mx9Lp4»\nDB_HOST=db"],
  ["password", "DB_PASSWORD=«Vq7(kw2<Mx9»"],
  ["password", "{\"password\": \"«Vq7kw2(Mx9Lp4»\"}"],
  ["password", "{\"password\": \"«]Vq7kw2Mx9Lp4»\"}"],
  ["password", "password: «Vq7kw2/Mx9Lp»"],
  ["password", "password: «Vq7kw2|Mx[9Lp»"],
  ["password", "the password is «<Vq7;kw2{Mx9»"],
  ["password", "the password for ops is «Vq7(kw2.Mx9»"],
  ["password", "the password for ops is «Maple-3071-Pond»"],
  ["password", "the user is ops with password «Maple-3071-Pond»"],
  ["password", "密码是 «Vq7[kw2.Mx9»"],
  ["password", `sshpass -p '«${strong}»' ssh jo@host`],
  ["password", `数据库密码：«${strong}»`],
  ["password", `密码是 «${strong}»，别外传`],
  ["password", `const password: string = "«${strong}»"`],
  ["password", `'password' => '«${strong}»',`],
  ["secret", `client_secret: "«${key}»"`],
  ["secret", `clientSecret: '«${key}»'`],
  ["secret", `SECRET_KEY_BASE=«${random(hex, 128)}»`],
  ["secret", `AWS_SECRET_ACCESS_KEY=«${awsSecret}»\nAWS_REGION=eu-west-1`],
  ["secret", `aws_secret_access_key = «${awsSecret}»`],
  ["secret", json({ SecretAccessKey: `«${awsSecret}»`, SessionToken: "" })],
  ["secret", `django SECRET_KEY = '«${random(lower, 10)}#$8${random(lower, 30)}»'`],
  ["token", `token: "«${random(hex, 40)}»"`],
  ["token", `GH_TOKEN=«${key}» gh pr list`],
  ["token", `gh api --token «${key}»`],
  ["token", `//registry.npmjs.org/:_authToken=«${key}»`],
  ["token", `https://acme.dev/cb#access_token=«${key}»&token_type=bearer`],
  ["token", `https://acme.blob.core.windows.net/c/f?sv=2022&sig=«${random(alphanumeric, 43)}%3D»&se=2030`],
  ["api-key", `api_key: «${key}»`],
  ["api-key", `x-api-key: «${key}»`],
  ["api-key", `-H "X-API-Key: «${key}»"`],
  ["api-key", `OPENAI_KEY="«${key}»"`],
  ["api-key", `new Client({ apiKey: "«${key}»" })`],
  ["api-key", `HEROKU_API_KEY=«12345678-9abc-4ef0-8234-${random(hex, 12)}»`],
  ["api-key", `AccountName=acme;AccountKey=«${random(alphanumeric + "+/", 86)}==»;EndpointSuffix=core.windows.net`],
  ["api-key", `private_key: "«0x${random(hex, 64)}»"`],
  ["bearer", `Authorization: Bearer «${key}»`],
  ["bearer", `curl -H 'authorization: bearer «${key}»' https://acme.dev`],
  ["bearer", `{ headers: { Authorization: "Bearer «${key}»" } }`],
  ["bearer", json({ cmd: json({ Authorization: `Bearer «${key}»` }) })],
  ["bearer", `Authorization: token «${random(hex, 40)}»`],
  ["basic-auth", `Authorization: Basic «${basic}»`],
  ["basic-auth", `Proxy-Authorization: Basic «${basic}»`],
  ["basic-auth", `curl -u deploy:«${strong}» https://acme.dev/`],
  ["basic-auth", `git clone https://jo:«${strong}»@git.acme.dev/x.git`],
  ["basic-auth", `https://«${random(alphanumeric, 39)}9»@github.com/acme/x.git`],
  ["basic-auth", `"url": "https:\\/\\/jo:«${strong}»@acme.dev\\/x"`],
  ["basic-auth", `http_proxy=http://jo:«p@ss:w0rd!»@proxy.acme.dev:3128/`],
  ["connection-string", `postgres://app:«${strong}»@db.acme.dev:5432/app?sslmode=require`],
  ["connection-string", `postgresql+asyncpg://app:«${strong}»@localhost/app`],
  ["connection-string", `mongodb+srv://app:«${strong}»@c0.ab1.mongodb.net/db`],
  ["connection-string", `DATABASE_URL="mysql://root:«rootpw»@127.0.0.1:3306/x"`],
  ["connection-string", `redis://:«${strong}»@cache:6379/0`],
  ["webhook", `«https://discord.com/api/webhooks/${random(digits, 18)}/${random(alphanumeric, 68)}»`],
  ["private-key", `«${pem("RSA PRIVATE KEY", "MIIE", 20)}»\n`],
  ["private-key", `«${pem("PRIVATE KEY", "MIIE", 20)}»`],
  ["private-key", `«${pem("OPENSSH PRIVATE KEY", "b3BlbnNzaC1rZXktdjE", 5)}»`],
  ["private-key", `«${pem("ENCRYPTED PRIVATE KEY", "MIIF", 20)}»`],
  ["private-key", `«${pem("RSA PRIVATE KEY", "MIIE", 5, "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00FF\n\n")}»`],
  ["private-key", json({ type: "service_account", private_key: `«${pem("PRIVATE KEY", "MIIE", 20)}\n»` })],
  ["private-key", json({ out: json({ private_key: `«${pem("EC PRIVATE KEY", "MHcC", 1)}\n»` }) })],
  ["private-key", `cat key\n«${pem("RSA PRIVATE KEY", "MIIE", 6).split("\n").slice(0, 5).join("\n")}»`],
  [
    "private-key",
    `«${pem("PRIVATE KEY", "MIIE", 3).split("\n").map((line, i) => i === 0 ? line : `     ${i}→${line}`).join("\n")}»`
  ],
  ["connection-string", `dsn := "root:«${strong}»@tcp(10.0.0.5:3306)/shop?parseTime=true"`],
  ["connection-string", "root:«p:ss@w/rd»@unix(/tmp/mysql.sock)/shop"],
  ["connection-string", "db=mysql://root:«shoppw»@(db:3306)/shop"],
  ["basic-auth", `http_proxy=me:«hunter42»@proxy:8080`],
  ["basic-auth", `export HTTPS_PROXY="me:«${strong}»@proxy.acme.dev:8080"`],
  ["basic-auth", `connect to jo:«${strong}»@10.0.0.5:6379 now`],
  ["aws", `AWS Secret Access Key [None]: «${awsSecret}»\nDefault region name [None]: eu-west-1`],
  ["password", json({ element: "Password textbox", ref: "e12", text: "«hunter42»", submit: true })],
  ["password", json({ out: json({ element: "Password textbox", ref: "e12", text: `«${strong}»` }) })],
  ["password", `element: Password textbox\nref: e12\ntext: «${strong}»`],
  ["password", json({ name: "Password", type: "textbox", ref: "e14", value: `«${strong}»` })],
  ["password", "await page.getByLabel('Password').fill('«hunter42»')"],
  ["password", "await page.fill('#password-input', '«hunter42»')"],
  ["password", `await page.getByRole('textbox', { name: 'Password' }).fill('«${strong}»')`],
  ["password", `driver.find_element(By.NAME, "password").send_keys("«${strong}»")`],
  ["password", json([{ Name: "DB_PASSWORD", Value: `«${strong}»` }])],
  ["password", json([{ ParameterKey: "DBPassword", ParameterValue: `«${strong}»` }])],
  ["password", `ParameterKey=DBPassword,ParameterValue=«${strong}»`],
  ["password", json({ key: "password", type: "string", enabled: "true", value: `«${strong}»` })],
  ["password", `password: |\n  «${strong}»\nuser: a`],
  ["password", `password: >-\n    «${strong}»\n`],
  ["password", `rootpw=«${strong}»`],
  ["password", `password (for staging): «${strong}»`],
  ["token", `the token (staging): «${random(hex, 32)}»`],
  ["api-key", `env:\n  OPENAI_KEY: «${random(hex, 31)}7»\n`],
  ["api-key", `AMAP_KEY: «${random(hex, 31)}7»`],
  ["api-key", `https://restapi.amap.com/v3/geocode?key=«${random(hex, 31)}7»&address=x`],
  ["secret", `AK: the-key SK: «${random(alphanumeric, 29)}7»`],
  ["password", `账号admin，密码«${strong}»，地址10.0.0.5`],
  ["password", "密码«s3cr3tPass»"],
  ["password", "口令«s3cr3tPass»，谢谢"],
  ["password", "账号密码 admin «s3cr3tPass»"],
  ["password", "用户名和密码：admin / «s3cr3tPass»"],
  ["password", `密碼：«${strong}»`],
  ["password", `密碼是 «${strong}»`],
  ["password", `資料庫密碼 «${strong}»`],
  ["password", `密码1：«${strong}»`],
  ["secret", `金鑰：«${key}»`],
  ["secret", "助记词：«apple river stone cloud tiger lemon piano grape ocean chair bread candy»"],
  ["password", `パスワード：«${strong}»`],
  ["password", `パスワードは«${strong}»です`],
  ["password", `비밀번호: «${strong}»`],
  ["password", `비밀번호는 «${strong}»입니다`],
  ["password", `пароль: «${strong}»`],
  ["password", `Пароль «${strong}»`],
  ["password", `contraseña: «${strong}»`],
  ["password", `mot de passe : «${strong}»`],
  ["password", `das Kennwort ist «${strong}»`],
  ["password", `a senha é «${strong}»`],
  ["private", "before «<private>my salary is 5</private>» after"],
  ["private", "before «<private>a\nb</private>» mid"],
  ["private", "before «<private>never closed\nat all»"],
  ["private", json({ text: "x «<private>\"y\"\n</private>» z" })],
  ["private", "x «\\u003cprivate\\u003ey\\u003c/private\\u003e» z"]
]

describe("secrets recognized by the text around them", () => {
  for (const [index, [kind, marked]] of named.entries()) {
    it.effect(`${index} ${kind}`, () =>
      Effect.gen(function*() {
        const [before = "", secret = "", after = ""] = marked.split(/[«»]/)
        const text = before + secret + after
        const { counts, texts } = yield* redact([text])
        const redacted = texts[0] ?? ""
        const trailing = kind === "private-key" ? redacted.replaceAll(/\](?:\\+n)+(?=\\*")/g, "]") : redacted
        assert.strictEqual(
          trailing.replaceAll(/\[redacted:[a-z-]+\]/g, `[redacted:${kind}]`),
          `${before}[redacted:${kind}]${after}`
        )
        assert.deepStrictEqual(Object.values(counts), [1])
        assert.strictEqual(yield* one(redacted), redacted)
      }))
  }
})

const pair = (id: string, idLength: number, length: number) =>
  [`«${id}${random(upper, idLength)}»`, `«${random(alphanumeric, length - 3)}aB7»`] as const
const [aws, awsBeside] = pair("AKIA", 16, 40)
const [alibaba, alibabaBeside] = pair("LTAI", 20, 30)

/** Texts with several secrets, each between « and ». */
const severals: ReadonlyArray<string> = [
  `Secret access key\n${aws},${awsBeside}`,
  `User name,Password,Access key ID,Secret access key\nci,,${aws},${awsBeside}\n`,
  `session("${aws}", "${awsBeside}")`,
  json({ out: json([aws, awsBeside]) }),
  `| ${aws} | eu-west-1 | ${awsBeside} |`,
  `${alibaba} ${alibabaBeside}`,
  `AccessKey ID,AccessKey Secret\n${alibaba},${alibabaBeside}`,
  `AK：${alibaba} SK：${alibabaBeside}`,
  `change the password from «${strong}» to «Zq7mNb3vWx»`,
  `change the password from «${strong}» to "«Zq7mNb3vWx»".`,
  `把密码从 «${strong}» 改成 «Zq7mNb3vWx»`,
  `password: «${strong}» -> «Zq7mNb3vWx»`,
  `«AQ.Ab8${random(alphanumeric, 47)}» and «re_${random(alphanumeric, 8)}_${random(alphanumeric, 23)}7»`
]

describe("several secrets in one text", () => {
  for (const [index, marked] of severals.entries()) {
    it.effect(`${index} ${marked.slice(0, 12)}`, () => assertMasked(marked))
  }
})

const hash = random(hex, 40)
const lookAlikes: ReadonlyArray<string> = [
  `commit ${hash}`,
  `${hash.slice(0, 7)} fix: token refresh`,
  `index ${hash.slice(0, 10)}..${hash.slice(20, 30)} 100644`,
  "id: 550e8400-e29b-41d4-a716-446655440000",
  json({ sessionId: "550e8400-e29b-41d4-a716-446655440000", uuid: "6ba7b810-9dad-11d1-80b4-00c04fd430c8" }),
  `"integrity": "sha512-${random(alphanumeric + "+/", 86)}=="`,
  `"resolved": "https://registry.npmjs.org/js-tokens/-/js-tokens-4.0.0.tgz"`,
  `"js-tokens": "^4.0.0 || ^9.10.11"`,
  `"tokenizers": "^10.10.100"`,
  `sha256:${random(hex, 64)}`,
  `<img src="data:image/png;base64,iVBORw0KGgo${random(alphanumeric + "+/", 400)}">`,
  ".sk-circle-fade-dot { animation: sk-circle-fade-dot-animation 1.2s infinite }",
  "<div class=\"sk-folding-cube-loading-spinner-large sk-three-bounce-container-2\">",
  "className=\"token-password-input-field-disabled\"",
  "function n(e,t,r){var a=e.token,s=t.password;return r(a,s)}!function(){n.secret=o.apiKey}();",
  "e.password=t,e.token=n(r),e.secret=i.secretKey||a.b",
  "interface Session { token: string; password: string | undefined; apiKey?: string }",
  "const schema = z.object({ password: z.string().min(8), token: z.string() })",
  "const token = getToken()",
  "const token = await this.tokens.getAccessToken2(request)",
  "const apiKey = process.env.OPENAI_API_KEY",
  "apiKey: this.config.apiKey,",
  "api_key = os.environ[\"OPENAI_API_KEY\"]",
  "OPENAI_API_KEY=${OPENAI_API_KEY}",
  "OPENAI_API_KEY=$OPENAI_API_KEY",
  "TOKEN=$(gh auth token)",
  "set TOKEN=%GITHUB_TOKEN%",
  "OPENAI_API_KEY=your-api-key-here",
  "OPENAI_API_KEY=<your-key>",
  "api_key: \"YOUR_API_KEY\"",
  "password: changeme123",
  "password: \"********\"",
  "token: xxxxxxxxxxxxxxxx",
  "API_KEY=sk-...",
  "ANTHROPIC_API_KEY=sk-ant-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
  "secret: ${{ secrets.DEPLOY_TOKEN }}",
  "password: {{ vault_password_1 }}",
  "password_file: /run/secrets/db_password_1",
  "PASSWORD_FILE=/run/secrets/db_password_1",
  "secretPath: ./config/secret1.json",
  "tokenUrl: \"https://auth.acme.dev/oauth2/token\"",
  "max_tokens: 20000000",
  "{\"input_tokens\":123456789,\"cache_read_input_tokens\":987654321}",
  "total_tokens=12345678",
  "tokenType: \"bearerToken2\"",
  "nextPageToken: \"CAUQAA12345\"",
  "password: true, secret: false",
  "{\"type\":\"password\",\"name\":\"password\",\"placeholder\":\"Password\"}",
  "label={t(\"auth.password.confirmation\")}",
  "\"password\": \"Passwort\"",
  "\"password\": \"请输入密码，至少八个字符\"",
  "error: \"Invalid token: unexpected end of input\"",
  "password: find(row.login).value, password = hash(input.text, salt1)",
  "password:z.string().min(8).regex(/[A-Z0-9]/).optional(),",
  "password=form.fields.password2",
  "password = environ[\"APP_PASSWORD\"].strip()",
  "password: ${APP_PASSWORD:?is missing}",
  "\"password\": \"<your own password>\", password: <your-password>",
  "password: HTTPPasswordStore(realm)",
  "a device is identified by 'serial number', the user is identified by 'e-mail address'",
  "The token is invalid; the password was incorrect.",
  "SyntaxError: Unexpected token: identifier2",
  "password_hash: \"$2b$10$abcdefghijklmnopqrstuv\"",
  "secret: Uint8Array, token: Option<string>, password: Redacted.Redacted",
  "if (token === undefined) throw new TokenError()",
  "kind: Secret\nmetadata:\n  name: db-credentials-v1",
  "Authorization: Bearer <token>",
  "Authorization: Bearer ${token}",
  "`Authorization: Bearer YOUR_ACCESS_TOKEN`",
  "bearer authentication is required, basic authentication is not enough",
  "Authorization: Basic authentication",
  "https://localhost:3000/a@b",
  "http://localhost:8080?email=jo@acme.dev",
  "git@github.com:acme/x.git and ssh://git@github.com/acme/x.git",
  "postgres://user:password@localhost:5432/db",
  "postgres://${USER}:${PASSWORD}@localhost:5432/db",
  "https://user:<password>@acme.dev",
  "https://esm.sh/@scope/package@1.2.3/deep?token",
  "docker run -u 1000:1000 node:22",
  "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
  "if (text.includes(\"-----BEGIN PRIVATE KEY-----\")) return text.split(\"-----END PRIVATE KEY-----\")[0]",
  `-----BEGIN CERTIFICATE-----\nMIID${random(alphanumeric, 60)}\n-----END CERTIFICATE-----`,
  `-----BEGIN PUBLIC KEY-----\nMIIB${random(alphanumeric, 60)}\n-----END PUBLIC KEY-----`,
  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + random(alphanumeric, 43) + " jo@host",
  "Map<Private> and Pick<Private, \"a\">",
  "private token: string",
  "AKIAIOSFODNN7EXAMPLE and wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  "npm_config_registry and npm_package_config_openapi_schema_remote",
  "eyJ and eyJhbGciOiJIUzI1NiJ9 alone are no token",
  "hf_hub_download(repo_id), jina_embeddings_version_two_base_code_retrieval",
  "token count: 12345678, tokens: 1234567890",
  "2025-01-01T00:00:00Z token expires: 2026-01-01T00:00:00Z",
  "[redacted:private-key]: //user9:x@host and [redacted:password]=hunter42x",
  "account: 123456789012, arn:aws:iam::123456789012:role/deploy-token-role",
  "Secret: arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-AbC123",
  "encryption key: AES-256-GCM",
  "signing key: ECDSA-P256, jwt secret: HS256",
  "The second pass is 2-phase commit",
  "密码用 bcrypt12 加密",
  "密码用bcrypt12加密，密码长度8到16位，密码8位以上",
  "密码哈希 argon2id 够了，密码加密算法 PBKDF2-SHA256",
  "密码password2字段",
  "令牌：JWT+RS256",
  "SSH_KEY=/home/me/.ssh/id_ed25519",
  "PASS  test/e2e-flow.spec.ts",
  "token=cl100k_base, token: o200k_base",
  `AKIA of the commit ${hash}`,
  `cache_key: ${hash}`,
  "https://acme.dev/things?key=550e8400-e29b-41d4-a716-446655440000",
  `image: acme/shop:v1.2@sha256:${random(hex, 64)}`,
  "shopt -s extglob; rm a:b@(c|d)/e",
  "{\"name\":\"Password\",\"type\":\"textbox\",\"value\":\"\",\"text\":\"Password\"}",
  "{\"name\":\"password\"},{\"name\":\"region\",\"value\":\"eu-west-1\"}",
  "{\"type\":\"token\",\"raw\":\"x\",\"text\":\"const a1\"}",
  "read the password from config.json2 to memory",
  "the password from vault-k8s-prod1 is used",
  "パスワードは8文字以上、비밀번호는 8자 이상",
  "re_export_default_from_modules_here"
]

describe("look-alikes", () => {
  for (const [index, text] of lookAlikes.entries()) {
    it.effect(`${index} ${text.slice(0, 40)}`, () =>
      Effect.gen(function*() {
        assert.strictEqual(yield* one(text), text)
        const nested = json({ content: json({ stdout: `a\n${text}\nb` }) })
        assert.strictEqual(yield* one(nested), nested)
      }))
  }
})

const secrets = [...tokens.map(([, secret]) => secret), ...named.map(([, text]) => text.split(/[«»]/)[1] ?? "")]
const contexts = named.map(([, text]) => text.replaceAll(/[«»]/g, ""))

const anyText = FastCheck.oneof(
  FastCheck.string({ unit: anyCharacter, maxLength: 200 }),
  FastCheck.string16bits({ maxLength: 60 }),
  FastCheck.lorem({ mode: "sentences" }),
  FastCheck.constantFrom(...lookAlikes, "", "\u0000", "\n\u0000\n", "\ud800", "\udc00", "\ufeff")
)

/** Each repeats the beginning of a pattern, or its bounded part. */
const hostile: ReadonlyArray<string> = [
  "a",
  " ",
  "\\",
  "\"",
  "=",
  "eyJ",
  "-eyJa",
  ".eyJaaaaaaaaaaaa",
  "sk-",
  "sk-a-",
  "token=",
  "password: ",
  "token=\"",
  "token\n",
  "pass",
  "_key",
  "a_key=",
  "://",
  "://a:",
  "://a:b@",
  "https://",
  "-----BEGIN PRIVATE KEY-----",
  "-----BEGIN PRIVATE KEY-----A\n",
  "<private>",
  "\\u003cprivate",
  "Bearer ",
  "authorization:",
  "curl ",
  "curl -u a:b",
  "sshpass -p ",
  "xoxb-",
  "xoxb-a-",
  "SG.a.",
  "SG.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.",
  "ghp_",
  "AKIA",
  "login a ",
  "\u001b[",
  "&quot;",
  "%3D",
  "密码",
  "\ud800",
  "secret_access_key =",
  "account:",
  "123456789:AA",
  "name: TOKEN\n  value: ",
  "a.",
  "Ab1",
  "token: a<b>=",
  "IDENTIFIED BY '",
  "?sig=",
  "?key=",
  "AKIAQWERTYUIOPASDFGH,",
  "LTAI5tQwErTyUiOpAsDf a",
  "root:a@tcp(",
  "a:b@c(d)/",
  "a:b@c:80",
  "@a.",
  "password\", \"a\": \"b\"",
  "password, a=b",
  "password            ",
  "password a b c ",
  "password is now ",
  "password of a.b ",
  "set a password to ",
  "use aaaaaaa1 as the password ",
  "密码我改",
  "密码被一被一被一的",
  "密码默认现在统一",
  "a1b2c3d4 是密码",
  "key for a ",
  "password').fill(",
  "密码从",
  "密码a1b2c3d4 到",
  "password from aaaa to ",
  "账号密码 a ",
  "arn:token:",
  "pw",
  "aes/"
]

describe("redact", () => {
  slow(it.effect)("keeps number and order, and gives back what holds no secret", () =>
    Effect.gen(function*() {
      const texts = ["a", "", "b", "a"]
      const redacted = yield* redact(texts)
      assert.deepStrictEqual(redacted, { texts, counts: {} })
      assert.deepStrictEqual(yield* redact([]), { texts: [], counts: {} })
      assert.strictEqual((yield* redact(Array.from({ length: 500_000 }, () => ""))).texts.length, 500_000)
    }))

  it.effect("counts by kind", () =>
    Effect.gen(function*() {
      const github = tokens[0]?.[1] ?? ""
      const { counts } = yield* redact([`${github} and ${github}`, "x", github, `password="${strong}"`])
      assert.deepStrictEqual(counts, { github: 3, password: 1 })
    }))

  it.effect("is not switched off by what a text says", () =>
    Effect.gen(function*() {
      const github = tokens[0]?.[1] ?? ""
      const { texts } = yield* redact(["// secretlint-disable", `${github} // secretlint-disable-line`])
      assert.strictEqual(texts[1], "[redacted:github] // secretlint-disable-line")
    }))

  it.effect("a key in base64 is masked, wherever it is cut", () =>
    Effect.gen(function*() {
      const key = Buffer.from(pem("PRIVATE KEY", "MIIEvQIBADAN", 1)).toString("base64")
      for (let end = 60; end < 68; end++) {
        assert.strictEqual(yield* one(`key: ${key.slice(0, end)}`), "key: [redacted:private-key]")
      }
    }))

  it.effect("a text in which a rule throws is masked as a whole, and the others as ever", () =>
    Effect.gen(function*() {
      const rule = preset.rules.find(({ meta }) => meta.id.endsWith("-slack"))
      assert.isDefined(rule)
      const create = rule.create
      rule.create = (...args) => {
        const handlers = create(...args)
        return {
          ...handlers,
          file: (source, ...rest) => {
            if (source.content.includes("boom")) throw new Error("broken rule")
            return handlers.file?.(source, ...rest)
          }
        }
      }
      const github = tokens[0]?.[1] ?? ""
      const redacted = yield* redact(["any", `boom ${github}`, `a ${github} b`]).pipe(
        Effect.ensuring(Effect.sync(() => rule.create = create))
      )
      assert.deepStrictEqual(redacted, {
        texts: ["any", "[redacted:unreadable]", "a [redacted:github] b"],
        counts: { unreadable: 1, github: 1 }
      })
    }))

  it.effect("masks the right units after a byte order mark and in astral text", () =>
    Effect.gen(function*() {
      const github = tokens[0]?.[1] ?? ""
      assert.strictEqual(yield* one(`\ufeff${github} x`), "\ufeff[redacted:github] x")
      assert.strictEqual(yield* one(`𝒳𝒴 ${github} 𝒵`), "𝒳𝒴 [redacted:github] 𝒵")
      assert.strictEqual(yield* one(`PASSWORD=${strong}😀 😀`), "PASSWORD=[redacted:password] 😀")
    }))

  it.effect("masks a secret as long as it is", () =>
    Effect.gen(function*() {
      const long = random(alphanumeric, 5000)
      assert.strictEqual(yield* one(`password = "${long}" x`), "password = \"[redacted:password]\" x")
      assert.strictEqual(yield* one(`PASSWORD=${long} x`), "PASSWORD=[redacted:password] x")
    }))

  it.effect("overlapping findings become one mask", () =>
    Effect.gen(function*() {
      const github = tokens[0]?.[1] ?? ""
      assert.strictEqual(yield* one(`https://x:${github}@github.com/a/b`), "https://x:[redacted:github]@github.com/a/b")
      assert.strictEqual(yield* one(`<private>${github}</private>${github}`), "[redacted:private][redacted:github]")
      assert.strictEqual(yield* one(`GITHUB_TOKEN=${github}`), "GITHUB_TOKEN=[redacted:github]")
    }))

  it.effect("an open <private> ends with its text, or with the tag that closes it in one of the next", () =>
    Effect.gen(function*() {
      const open = yield* redact(["a <private> b\n\u0000\nc", "d", "e"])
      assert.deepStrictEqual(open.texts, ["a [redacted:private]", "d", "e"])
      const closed = yield* redact(["a <private> b", "d", "e </private> f", "g"])
      assert.deepStrictEqual(closed.texts, ["a [redacted:private]", "[redacted:private]", "[redacted:private] f", "g"])
    }))

  it.effect("<private> passages nest; a lone tag that is quoted or spoken of opens none", () =>
    Effect.gen(function*() {
      const cases: ReadonlyArray<readonly [text: string, redacted: string]> = [
        ["<private>a <private>b</private> c</private> d", "[redacted:private] d"],
        ["<private>a</private> b <private>c</private> d", "[redacted:private] b [redacted:private] d"],
        ["<private>a `</private>` b</private> c", "[redacted:private] c"],
        ["`<private>` hides: <private>a</private> b", "`<private>` hides: [redacted:private] b"],
        ["a\n<private>\nb\n\nc", "a\n[redacted:private]"],
        ["use the <private> tag to hide", "use the <private> tag to hide"],
        [
          "use <private> and </private>\nb",
          "use <private> and </private>\nb".replace(/<private>.*<\/private>/, "[redacted:private]")
        ],
        [
          "indexOf(\"<private>\") and '<private>' and /<private>/",
          "indexOf(\"<private>\") and '<private>' and /<private>/"
        ],
        ["`<private>…</private>` and Map<Private>", "`<private>…</private>` and Map<Private>"],
        ["<private class=\"x\">a</private> b", "[redacted:private] b"],
        ["the <private key> is not shown", "the <private key> is not shown"],
        ["a </private> b", "a </private> b"],
        ["`<private>`, '</private>' | \"<private>\"", "`<private>`, '</private>' | \"<private>\""]
      ]
      for (const [text, redacted] of cases) assert.strictEqual(yield* one(text), redacted)
    }))

  it.effect("quotes around both tags of a <private> passage keep none of its words", () =>
    Effect.gen(function*() {
      const buyer = "<private>\"our buyer is X\"</private>"
      const todos = json([{ content: buyer, status: "pending" }])
      const cases: ReadonlyArray<readonly [text: string, redacted: string]> = [
        [todos, json([{ content: "[redacted:private]", status: "pending" }])],
        [json({ line: todos }), json({ line: json([{ content: "[redacted:private]", status: "pending" }]) })],
        [todos.slice(0, -12), json([{ content: "[redacted:private]", status: "pending" }]).slice(0, -12)],
        ["['<private>'our buyer is X'</private>']", "['[redacted:private]']"],
        ["a \"<private>\" our buyer is X \"</private>\" b", "a \"[redacted:private]\" b"],
        ["a `<private>` our buyer is X `</private>` b", "a `[redacted:private]` b"],
        ["a “<private>” our buyer is X “</private>” b", "a “[redacted:private]” b"],
        [json(["<private>", "our buyer is X", "</private>"]), json(["[redacted:private]"])],
        [json(["<private>\"X\" is our buyer</private>"]), json(["[redacted:private]"])],
        [json(["<private>tags: our buyer is \"X\"</private>"]), json(["[redacted:private]"])],
        [json(["<private>\"X\", \"<private>\"Y\"</private>\" and Z\"</private>"]), json(["[redacted:private]"])],
        [`\`<private>\` hides ${json([buyer])}`, "`<private>` hides [\"[redacted:private]\"]"],
        [
          `\`<private>\` hides ${json([buyer])}, \`</private>\` ends it`,
          "`[redacted:private]` ends it"
        ],
        [json(["<private>\"🙂\"</private>"]), json(["[redacted:private]"])]
      ]
      for (const [text, redacted] of cases) assert.strictEqual(yield* one(text), redacted)
    }))

  it.effect("a secret that a line end or the end of a text cuts is masked in both parts", () =>
    Effect.gen(function*() {
      const github = tokens[0]?.[1] ?? ""
      for (const at of [8, 20, 36]) {
        const parts = [github.slice(0, at), github.slice(at)]
        assert.strictEqual(yield* one(`use ${parts.join("\n")} now`), "use [redacted:github] now")
        assert.strictEqual(yield* one(`use ${parts.join("\n    ")} now`), "use [redacted:github] now")
        const { texts } = yield* redact([`use ${parts[0]}`, `${parts[1]} now`])
        assert.deepStrictEqual(texts, ["use [redacted:github]", "[redacted:github] now"])
      }
      const whole = `TOKEN=${github}`
      for (
        const next of [
          "Then go on.",
          "fix: it",
          "PORT=3000",
          "a1b2.ts: 3",
          "- item",
          "ls",
          "queue-operation",
          "pr-link",
          "17:AWS_BUCKET=shop-maps1",
          "+NAME2=x1y2",
          "src/.env:3:A1_B=c2"
        ]
      ) {
        assert.strictEqual(yield* one(`${whole}\n${next}`), `TOKEN=[redacted:github]\n${next}`)
        assert.deepStrictEqual((yield* redact([whole, next])).texts, ["TOKEN=[redacted:github]", next])
      }
    }))

  it.effect.prop(
    "any text: same number, same result alone as together, nothing more to mask",
    [FastCheck.array(FastCheck.oneof(anyText, FastCheck.constantFrom(...contexts, ...secrets)), { maxLength: 12 })],
    ([texts]) =>
      Effect.gen(function*() {
        // Ends each text, so that no secret continues in the next one.
        const ended = texts.map((text) => `${text} ;`)
        const together = yield* redact(ended)
        assert.strictEqual(together.texts.length, texts.length)
        const apart = texts.some((text) => text.includes("private"))
          ? together.texts
          : yield* Effect.forEach(ended, one)
        assert.deepStrictEqual(together.texts, apart)
        assert.deepStrictEqual(yield* redact(together.texts), { texts: together.texts, counts: {} })
      }),
    { fastCheck: { numRuns: times(30) } }
  )

  it.effect("what looks like a secret stays, whatever text it is next to", () =>
    Effect.gen(function*() {
      for (const before of lookAlikes) {
        for (const after of lookAlikes) {
          assert.deepStrictEqual(yield* redact([before, after]), { texts: [before, after], counts: {} })
        }
      }
    }))

  it.effect.prop(
    "texts without a secret are untouched",
    [FastCheck.array(anyText)],
    ([texts]) =>
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* redact(texts), { texts, counts: {} })
      }),
    { fastCheck: { numRuns: times(30) } }
  )

  it.effect.prop(
    "secrets at any place in any text are gone",
    [
      anyText,
      FastCheck.array(FastCheck.tuple(FastCheck.constantFrom(...contexts, ...tokens.map(([, s]) => s)), anyText), {
        minLength: 1,
        maxLength: 6
      })
    ],
    ([head, parts]) =>
      Effect.gen(function*() {
        const text = head + parts.map(([secret, after]) => `\n${secret}\n${after}`).join("")
        const redacted = yield* one(text)
        for (const [, secret] of tokens) assert.isFalse(redacted.includes(secret), secret)
        for (const [, marked] of named) {
          const secret = marked.split(/[«»]/)[1] ?? ""
          if (parts.some(([part]) => part === marked.replaceAll(/[«»]/g, ""))) {
            assert.isFalse(redacted.includes(marked.replaceAll(/[«»]/g, "")), secret)
          }
        }
        assert.strictEqual(yield* one(redacted), redacted)
      }),
    { fastCheck: { numRuns: times(30) } }
  )

  slow(it.effect)("hostile texts take seconds at most", () =>
    Effect.gen(function*() {
      for (const unit of hostile) {
        const [, millis] = yield* withMillis(one(long(unit)))
        assert.isBelow(millis, 3000, json(unit))
      }
    }), 120_000)

  slow(it.effect)("megabytes in one text, and a batch's worth in many", () =>
    Effect.gen(function*() {
      const github = tokens[0]?.[1] ?? ""
      const line = "The quick brown fox jumps over the lazy dog.\n"
      const text = line.repeat(Math.min(1e7, times(2e6)) / line.length)
      assert.strictEqual(yield* one(`${text}${github}\n${text}`), `${text}[redacted:github]\n${text}`)
      const texts = Array.from({ length: 60_000 }, (_, index) => index % 1000 === 0 ? `${line}${github}` : line)
      const redacted = yield* redact(texts)
      assert.deepStrictEqual(redacted.counts, { github: 60 })
      assert.deepStrictEqual(redacted.texts, texts.map((text) => text.replace(github, "[redacted:github]")))
    }), 60_000)
})
