/** A user and a password beside each other, in sentences of English, Chinese, German and Japanese; and what only looks so. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { redact } from "../../../src/capture/redact/Redactor.ts"

const one = (text: string): Effect.Effect<string> => Effect.map(redact([text]), ({ texts }) => texts[0] ?? "")

/** Each with the password between « and ». */
const told: ReadonlyArray<string> = [
  "why is https://ci.acme.dev 401, login is robot:«Vq72kLmz»",
  "the staging basic auth: preview:«shop-preview-24»",
  "Login details - user1:«Passw0rd!»",
  "wp-admin login is editor:«Nz4!kkWp»",
  "here are the creds admin:«Qwerty12345»",
  "htpasswd user docs:«Rtz8Kpl2»",
  "please test with the account demo@acme.io:«Demo2026!»",
  "authenticate as svc_read:«p9XkW2vLq8»",
  "后台账号是 admin:«Admin@2026»",
  "kibana 登录信息 elastic:«eLk7788x»",
  "拿 tester:«T3st0815» 去登录一下",
  "Der Zugang ist gast:«Willkommen1»",
  "das Passwort von ops:«Regen2025» geht nicht",
  "テスト用アカウント demo:«Demo8899»",
  "ログインIDとパスは admin:«Kx72mQpz»",
  "the login is `ops`:«gloomy-otter-9»",
  "login for grafana is admin:«S3cretPass99»",
  "grafana basic auth is admin:«S3cretPass99» btw",
  "use basic auth ops:«Blue7Horse!» for the scraper",
  "the creds for the staging box are deploy:«winter2024»",
  "creds are jo.doe@acme.io:«Mk8!vRt2qz»",
  "curl it with the account svc-ci:«t9Kp4mWx2Lq» and tell me the status",
  "you can log in with tester:«hunter42» on qa",
  "log in as root:«toor1234», then restart nginx",
  "try admin:«Xw72kd!9sP» to log in to the NAS",
  "\"elastic:«q8Zr5TnB3xLw»\" is the kibana login",
  "Jenkins user and password (build:«fR33dom_77x») are in the wiki too",
  "logins: anna:«Vz4kTq81mm»",
  "grafana 的登录是 admin:«S3cretPass99»",
  "测试环境登录：tester:«Qa7pLm2x»",
  "账号 admin:«Zx81mKq0w»，你直接登录看看",
  "用 root:«hT5wq9Lm2» 登录跳板机",
  "登录用户名密码是 ops：«Blue7Horse!»，别提交",
  "监控的凭据为 prom:«s9Xc4Kd1v2»，只读",
  "后台登录 admin / «Gm3kW8zq1» 就可以了",
  "爬虫用 basic auth ops:«Blue7Horse!» 访问",
  "管理员帐号是「admin:«Rt6yHn2bV9»」",
  "代理需要认证，proxyuser:«Pk3vNs8dQ1» 填在设置里",
  "Der Login für Grafana ist admin:«S3cretPass99»",
  "Zugangsdaten: ops:«Blue7Horse!»",
  "die Zugangsdaten lauten deploy:«Sommer2026»",
  "nimm für die Anmeldung jan:«kT84mWq0zx»",
  "Basic-Auth ist admin:«Wq8Lm3Kx5», sonst kommt 401",
  "mit scraper:«Nb5Vc8Xz2k» einloggen und dann die Seite laden",
  "Benutzer und Passwort sind svc:«hR7tPq2nW4» für den Drucker",
  "das Konto heißt test:«Dk4mVx9pLs» und läuft im Mai ab",
  "bitte mit root:«Jf82kslQ!a» anmelden",
  "grafana のログインは admin:«S3cretPass99» です",
  "ログイン情報：ops:«Blue7Horse!»",
  "検証環境のアカウントは tester:«Hj4kWp9zQ2» です",
  "admin:«Ty7uIo3pLk» でログインできます",
  "Basic認証は user1:«Bn6mKq2wXz» です",
  "共有ユーザー deploy:«Vb3nMk8lQ5»、共有しないで",
  "パスワード付きの管理画面、root:«Cx9zLk2jHg» で入れます",
  "認証情報は ci:«Fg5hJk7lZ1» に変わりました",
  "ログイン: batch:«Wn4rTz8yUp»",
  "ログイン用に guest / «Mq7wEr2tYu» を使ってください",
  "FYI the prometheus endpoint wants basic auth, it's metrics:«Xk82ndpQ»",
  "the router login is still admin:«Router2024»",
  "Credentials for the demo tenant → demo:«d3moPass!»",
  "use deploy:«Hx7!kdW2ps» as credentials",
  "test user is qa+1@acme.io:«QaPass123»",
  "my account on the forum: jo:«k8Vbn2Wq0»",
  "sftp login sftpuser:«Zx12!mNb» port 22",
  "basic-auth=ops:«Blue7Horse!»",
  "rabbitmq creds guest2:«rabb1tMQ77»",
  "old login was admin:«Autumn2025!»",
  "the registry auth is ci-bot:«gT5rE9kLm3», rotate it",
  "-> login `admin`:«S3cretPass99»",
  "we sign in to Kibana with elastic:«changed4Good»",
  "数据库登录：root:«Mysql8888!»",
  "路由器登录admin:«Wifi2024@home»",
  "grafana用户是viewer:«Vw8kLm2Qz»",
  "请用这个凭证 deploy:«Kp9xWm4Zt» 推镜像",
  "登录 admin:«winter2024» 试试",
  "帳號：admin:«Zt8kWq2Lm»",
  "Zugang zum NAS: admin:«Nas4711Pass»",
  "die Anmeldedaten für Jenkins sind build:«Hudson2026!»",
  "Login mit max:«Geheim123!» klappt nicht",
  "Benutzerkonto svc_backup:«b4ckUp99xQ» bitte sperren",
  "ルーターのログインは admin:«Router2024!»",
  "管理者アカウント：root:«Kanri8823x»",
  "basic認証 ops:«Blue7Horse!» を使って",
  "ステージングのユーザーは qa:«Staging77x» です"
]

/** Addresses, images, times, places in files, names of things, ids and scopes beside words that tell of a login. */
const harmless: ReadonlyArray<string> = [
  "login works on Chrome:120.0.6099 and Firefox:121a",
  "the user asked about utf8mb4:general2ci collation",
  "login endpoint POST:/api/v1/login returns token:string",
  "auth middleware order: cors:1st helmet:2nd",
  "credentials live in vault path secret:data2prod",
  "the account balance is USD:1200k50",
  "login form uses rules:required2 and mask:AA-9999x",
  "sign in with Google:OAuth2.0",
  "the login bug is tracked as bug:LOGIN2024",
  "Users table: name:varchar255, email:varchar320",
  "the auth container exposes 8080:8080tcp and 9090:metrics2",
  "user service → order-service:8081/api",
  "登录模块 用了 spring-security:6.2.1",
  "账号表字段 phone:char11 和 name:varchar64",
  "登录 traceId:4bf92f3577b34da6a3ce929d0e0e4736",
  "Konto IBAN:DE89370400440532013000",
  "ログインは OAuth:v2.0 に対応",
  "認証ライブラリ passport:0.7.0beta1",
  "the tests pass with web:S3cretPass99 again",
  "the login page runs on localhost:3000",
  "login fails at 10:30 and again at 2026-04-02T11:20:31.123456Z",
  "basic auth via nginx:alpine",
  "Basic auth is handled by keycloak:26.0.7-1a in staging",
  "use auth scope repo:status",
  "the login job pulls nginx:1.27-alpine3.20 and python:3.12-slim-bookworm",
  "chown app1user:www1data after you log in",
  "auth: bearer, login:success, logout:failure2x",
  "see src/auth/login.ts:120:15 and account.service.ts:L42-L60",
  "the account pods are auth:web-7d9f8c6b5d-x2x4z and auth:api-6c5b4d3f2a-qqp8k",
  "<a className=\"login hover:bg-blue-600 md:w-1/2 dark:text-gray-400 lg:max-w-screen-2xl\">",
  ".login { color:#1a2b3c4d; margin:0 auto }",
  "the account has request_id:7f3e2a1b9c8d and session:9a8b7c6d5e4f",
  "redis keys are login:user:42 and session:auth:7f3e2a1b9c",
  "login image is sha256:9f86d081884c7d659a2feaa0c55ad015",
  "the login is broken since commit:9f8e7d6c5b4a",
  "git clone git@github.com:acme/login2service.git for the account work",
  "contact for the account is mailto:jo2smith@acme.dev",
  "log in at http://grafana.acme.dev:3000/login?orgId=1a2b3c",
  "login or sign in by oauth2:google2 or saml:okta3",
  "the login is admin:admin and the credentials are user:password",
  "credentials: user:<password>, login is admin:$GRAFANA_PASSWORD1",
  "登录页在 localhost:3000，后端 api:8080/v1beta2",
  "登录失败时间 10:30:15，用户 id:a1b2c3d4e5",
  "账号服务镜像是 auth:20241105-a1b2c3d",
  "登录接口返回 status:success2，code:E1001x",
  "用户名密码 admin:admin，账号 user:password",
  "认证用 redis:7.4-alpine 存 session，密码 bcrypt:10rounds",
  "用户权限 repo:read2write，登录日志在 app.log:1024",
  "账号中心用 node:20-alpine 构建",
  "Login läuft auf localhost:8080, Port 5432:5432",
  "die Anmeldung um 10:30 schlägt fehl, Ticket jira:PRJ-1234",
  "Zugangsdaten liegen im Vault unter kv:prod-2024-a",
  "Benutzer gehören zur Gruppe users:staff2 und app:data1x",
  "Basic-Auth läuft über traefik:v3.1.2-rc1",
  "Konto-Dienst: konto-api:release-2024.11a, siehe login.test.ts:88",
  "ログイン画面は localhost:3000 で動きます",
  "認証は keycloak:26.0.7-1a に任せています",
  "アカウント ID:a1b2c3d4e5f6 のログを見て、10:30 ごろ",
  "ログイン時に scope:read_user2 と role:admin2user を付けます",
  "パスワードのハッシュ bcrypt:2b12rounds でハッシュ、ユーザー名は user:name1",
  "the auth service listens on auth-svc:8443 and login-svc:8444",
  "account model is in app/models.py:Account2Model",
  "use login::Session2 and auth::verify_token2",
  "Account:Settings2Page renders the login",
  "the login test sends \"POST / HTTP/1.1\\r\\nHost: localhost\"",
  "login route is /auth/:provider2id and /users/:user2id/edit",
  "@auth:required2fa decorator",
  "the password field uses v-on:keyup.enter2x",
  "user:read, user:write2, account:admin.v2 scopes",
  "login test L10:C24 fails, exit code:137",
  "login button has aria-label:Login2Button",
  "`user:string64`, `account:int64_t` in the schema",
  "The authentication header goes to proxy-01:8443/v2",
  "user agent is Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101",
  "login events: type:user_login2 level:info2",
  "sign in at 10:30am2day",
  "account currency EUR:1200.50x",
  "docker login ghcr.io; docker push ghcr.io/acme/login:2024.11.3-a1b2c3",
  "helm upgrade login acme/login --set image.tag:1a2b3c4d",
  "the account is in region us:east1a2",
  "login: see JIRA:LOGIN-1234 and PR:4567abc",
  "ssh login uses key SHA256:uNiVztksCsDhcc0u9e8BgrJXVGDWyD1B",
  "basic auth was replaced with jwt:rs256 in v2",
  "auth plugins: vue-router:4.2.0 pinia:2.1.7beta3",
  "user count:10000users, login rate:50req/s",
  "登录组件在 components/Login2Form.vue:120",
  "用户表 user_id:bigint20 和 account:varchar255",
  "登录态存在 redis:session2user 里",
  "认证服务 grpc:50051，账号服务 http:8080",
  "登录耗时 p99:1200ms2",
  "密码规则 min:8chars，用户名规则 max:20chars",
  "Login-Test Zeile:Spalte 12:34b schlägt fehl",
  "Konto-Schema konto:nummer10stellig",
  "Benutzer melden sich über ldap:ou2users an",
  "die Anmeldung nutzt spring-boot:3.2.1-SNAPSHOT",
  "ログインAPIは POST /api/v2:login2user",
  "ユーザー数:12000人、認証エラー code:AUTH_401x",
  "アカウント種別 type:premium2024plan",
  "ログイン処理は LoginService:handleLogin2 を見て"
]

describe("a user and a password beside each other", () => {
  for (const marked of told) {
    it.effect(marked, () =>
      Effect.gen(function*() {
        const redacted = yield* one(marked.replaceAll(/[«»]/g, ""))
        assert.strictEqual(redacted, marked.replaceAll(/«[^»]*»/g, "[redacted:password]"))
        assert.strictEqual(yield* one(redacted), redacted)
      }))
  }
})

describe("what stands beside such words and is no password", () => {
  for (const text of harmless) {
    it.effect(text, () => Effect.map(one(text), (redacted) => assert.strictEqual(redacted, text)))
  }

  it.effect("stays in one text, too", () =>
    Effect.gen(function*() {
      const text = harmless.join("\n")
      assert.strictEqual(yield* one(text), text)
    }))
})

it.effect("a login on another line says nothing of a pair", () =>
  Effect.gen(function*() {
    const text = "fix the login\nand tag web:S3cretPass99 again\nbefore the login"
    assert.strictEqual(yield* one(text), text)
  }))

it.effect("several pairs of one line are masked", () =>
  Effect.gen(function*() {
    assert.strictEqual(
      yield* one("old login was admin:Autumn2025!, new one is admin:Spring2026! and ops / Blue7Horse! stays"),
      "old login was admin:[redacted:password], new one is admin:[redacted:password] and ops / [redacted:password] stays"
    )
  }))
