/** Secrets that people tell in a sentence, in both Chinese scripts; and sentences of the same words that tell none. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { redact } from "../../../src/capture/redact/Redactor.ts"
import { simplified } from "../../../src/domain/ChineseScripts.ts"
import { traditional } from "../../traditional.ts"

const one = (text: string): Effect.Effect<string> => Effect.map(redact([text]), ({ texts }) => texts[0] ?? "")
const inBoth = (texts: ReadonlyArray<string>): ReadonlyArray<string> => [
  ...new Set(texts.flatMap((text) => /[\u3040-\u30ff]/.test(text) ? [text] : [simplified(text), traditional(text)]))
]

// Made at run time, so that scanners find no key in this file.
const hex = Array.from({ length: 32 }, (_, i) => (i * i * 7 + i * 3 + 5) % 16).map((digit) => digit.toString(16)).join(
  ""
)
const commit = `${hex}${hex.slice(3, 11)}`

/** Each with the secrets between « and ». */
const told: ReadonlyArray<string> = [
  "rabbitmq 默认 guest密码我改成 «Rmq!7788zz»",
  "rabbitmq 默认 guest 密码我改成 «Rmq!7788»",
  "测试环境密码统一改成了 «Test@9527qa»",
  "密码还是老的那个 «Zxcv@1234q»",
  "密码就是小写的 «abc12345kk» 哈",
  "密码还是 «Zxcv@1234q»",
  "密码现在是 «Zxcv@1234q»",
  "密码应该是 «Zxcv@1234q» 吧",
  "密码默认 «Zxcv@1234q»",
  "密码都是 «Zxcv@1234q»",
  "密码叫 «Zxcv@1234q»",
  "密码写的是 «Zxcv@1234q»",
  "密码输入 «Zxcv@1234q» 就行",
  "密码我记得是 «Zxcv@1234q»",
  "密码被改成了 «Zxcv@1234q»",
  "密码被运维改成 «Zxcv@1234q»",
  "密码已重置为 «Zxcv@1234q»",
  "密码变更为：«Zxcv@1234q»",
  "密码更新为 «Zxcv@1234q»",
  "密码恢复成 «Zxcv@1234q»",
  "密码改回 «Zxcv@1234q»",
  "密码统一用 «Zxcv@1234q»",
  "密码我昨天换成「«Zxcv@1234q»」了",
  "密码没变，还是 «Zxcv@1234q»",
  "密码错了，是 «Zxcv@1234q»",
  "密码是公司统一的那个 «Zxcv@1234q»",
  "密码是默认的 «Zxcv@1234q»",
  "密码改成小写的 «abc12345kk»",
  "密码换成 «Walnut12» 了",
  "密码还是 «Sommer2026»",
  "口令还是 «Zxcv@1234q»",
  "pwd 改成 «Zxcv@1234q» 了",
  "token 现在是 «" + hex + "»",
  "秘钥：«" + hex + "»",
  "把密码从 «OldPw#11aa» 改成 «NewPw#22bb» 了",
  "密码从«OldPw#11aa»换到«NewPw#22bb»",
  "密码由 «OldPw#11aa» 变更为 «NewPw#22bb»",
  "密码原来是 «OldPw#11aa»，现在改成 «NewPw#22bb»",
  "用 «Zxcv@1234q» 作为密码",
  "拿 «Zxcv@1234q» 当 root 的密码",
  "把 «Zxcv@1234q» 设为密码",
  "«Zxcv@1234q» 是 root 的密码",
  "set the env var ADMIN_PASS to «Walnut5x»",
  "set the env var ADMIN_PASS to «Kastanie5»",
  "please set DB_PASSWORD to «hunter42» in the .env",
  "change POSTGRES_PASSWORD in .env to «Kastanie5»",
  "ADMIN_PASS should be «Kastanie5»",
  "set the admin password to «Kastanie5»",
  "reset the root password of the db to «Kastanie5»",
  "the pass for the admin user is «Kastanie7»",
  "the password for grafana is still «Kastanie7»",
  "user is root and pw «Kastanie9» on the box",
  "username is admin, password «Kastanie9»",
  "user root and pass «Maple-3071-Pond»",
  "ssh root@10.0.0.5 password «Zwetschge55»",
  "the pw is «Walnut#19x»",
  "the pw's «Walnut#19x»",
  "my wifi password is «Walnut-7-Grove»",
  "db pass: «Walnuttree88»",
  "psw: «P0o9i8u7»",
  "dbPsw=«P0o9i8u7»",
  "redis-cli -a «Walnut3tree» ping",
  "the password is now «Zxcv@1234q»",
  "the password now is «Zxcv@1234q»",
  "the password is probably still «Zxcv@1234q»",
  "the password is the same as before, «Zxcv@1234q»",
  "the password was reset to «Zxcv@1234q»",
  "the root password got changed back to «Zxcv@1234q»",
  "the password should be «Zxcv@1234q»",
  "the password is supposed to be «Zxcv@1234q»",
  "password became «Zxcv@1234q»",
  "the password that I chose is «Zxcv@1234q»",
  "the password we use is «Zxcv@1234q»",
  "the password for root was changed to «Zxcv@1234q»",
  "the password was «OldPw#11aa» and is now «NewPw#22bb»",
  "password changed from «OldPw#11aa» to «NewPw#22bb»",
  "use «Zxcv@1234q» as the pw",
  "use «Zxcv@1234q» as pw for root",
  "«Zxcv@1234q» is my wifi password",
  "the api key is still «" + hex + "»",
  "Passwort lautet «Haselnuss!3»",
  "das Passwort lautet jetzt «Haselnuss3»",
  "das Passwort heißt «Haselnuss!3»",
  "das Passwort für den Drucker ist «Haselnuss!3»",
  "das Passwort ist jetzt «Haselnuss3»",
  "ich habe das Passwort auf «Haselnuss!3» geändert",
  "le mot de passe est maintenant «Haselnuss!3»",
  "la contraseña ahora es «Haselnuss!3»",
  "пароль теперь «Zxcv@1234q»",
  "パスワードを «Zxcv@1234q» に変更しました",
  "パスワードは今 «Zxcv@1234q» です",
  "비밀번호를 «Zxcv@1234q» 로 바꿨어"
]

/** Rules for passwords, where they are kept, types, names, code, versions, hashes and placeholders. */
const harmless: ReadonlyArray<string> = [
  "the password is required",
  "the password is now required",
  "the password is now 2FA-protected",
  "the password is now SHA256-hashed",
  "the password is now VARCHAR(255)",
  "the password is now Option<String2>",
  "the password is still in git at " + commit,
  "the password should be at least 12 characters",
  "the password must be 8-16 characters",
  "the password must be validated in UserService2",
  "the password was changed to OAuth2.0 login",
  "the password was changed 3days ago",
  "the password was reset by user2@acme.dev",
  "the password has been moved to config/prod2.yaml",
  "the password is set to ${DB_PASS2}",
  "the password is set to `config.db.pass2`",
  "the password became optional in v2.3.1",
  "the password's min8chars rule",
  "the password that works is documented",
  "the pass for today is done",
  "the pass for the linter is next",
  "the render pass for shadow2 is slow",
  "we pass options2 to the function and pass Config2024 on",
  "user and pass Options2 on",
  "or pass `--journal-max=0` instead",
  "the key is userId",
  "PSW: 0x80012345",
  "set PASS_THROUGH to true",
  "set PASS_THROUGH to value2024",
  "set DB_PASS to the value of DB_PASS2",
  "set DB_PASSWORD to $DB_PASSWORD2",
  "set DB_PASSWORD to DB_PASSWORD2",
  "rename DB_PASS to APP_SECRET2",
  "map password to user_pwd2",
  "the token was changed to RS256",
  "the token's exp is 1767225600",
  "the token is still valid for 30days2",
  "the secret is now in k8s-secret-v2",
  "argon2id is the password hash",
  "Auth0v2x1 is the password provider",
  "DB_PASS2 is the password",
  "user_pwd2 is my password",
  "use input2field as the password field",
  "use config.db.pass2 as the password",
  "use bcrypt2bx as password_hash",
  "a1b2c3d4x is the next token",
  "das Passwort ist jetzt Pflicht",
  "das Passwort wurde auf bcrypt12 umgestellt",
  "Passwort auf Länge8 prüfen",
  "パスワードをargon2idに変更しました",
  "пароль теперь хранится в bcrypt12",
  "密码改成必填",
  "密码长度改成 12 位",
  "密码长度改成 8-20 位",
  "密码强度改为 level3",
  "密码框改成 type2 样式",
  "密码字段改成 passwordHash2",
  "密码改成用 user_pwd2 存",
  "密码改成用 argon2id 存",
  "密码统一用 bcrypt12",
  "密码统一走 vault-k8s-prod1",
  "密码还是明文",
  "密码还是 application-prod2.yml 里的那个",
  "密码就是 user.pwd2 字段",
  "密码现在是 varchar(255)",
  "密码现在是加密的 bcrypt12",
  "密码默认是 null，见 init_db2.sql",
  "密码输入框 PasswordInput2",
  "密码输错5次锁定30min",
  "密码规则换成 /^[A-Za-z0-9]{8,16}$/",
  "密码登录改成 OAuth2.0",
  "密码重置的提交是 3f9a1c7e",
  "密码重置接口改成 /api/v2/reset-pwd2",
  "密码我改成从 DB_PASS2 读",
  "密码已经改成 @Value(\"${db.pwd2}\")",
  "密码换成 <your-password1>",
  "密码改成 user.getPwd2()",
  "密码用 k8s-secret-v2 挂载",
  "密码用到了 crypto-js@4.1.1",
  "密码填到 input#pwd2",
  "密码这个 PR#1234a 合了",
  "密码的 key 是 db.pwd2",
  "密码由 user-service2 改为 auth-service2 校验",
  "密码从 config.json2 读到内存",
  "密码没改 commit 是 3f9a1c7e",
  "密码是用户的 user_pwd2",
  "密钥长度改成 32 位",
  "密钥现在是 /etc/ssl/private/key2.pem",
  "token 统一放到 X-Auth-Token2 头里",
  "token 用的是 jsonwebtoken@9.0.2",
  "用 bcrypt12 作为密码哈希",
  "用 user_pwd2 作为密码字段",
  "k8s-secret-v2 是放密码的",
  "md5加盐2次 是密码的存法"
]

describe("a secret told in a sentence", () => {
  for (const marked of inBoth(told)) {
    it.effect(marked, () =>
      Effect.gen(function*() {
        const redacted = yield* one(marked.replaceAll(/[«»]/g, ""))
        assert.strictEqual(
          redacted.replaceAll(/\[redacted:[a-z-]+\]/g, "[redacted]"),
          marked.replaceAll(/«[^»]*»/g, "[redacted]")
        )
        assert.strictEqual(yield* one(redacted), redacted)
      }))
  }
})

describe("sentences of the same words without a secret", () => {
  for (const text of inBoth(harmless)) {
    it.effect(text, () => Effect.map(one(text), (redacted) => assert.strictEqual(redacted, text)))
  }

  it.effect("stay in one text, too", () =>
    Effect.gen(function*() {
      const text = inBoth(harmless).join("\n")
      assert.strictEqual(yield* one(text), text)
    }))
})
