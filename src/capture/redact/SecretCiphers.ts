/** Finds keys beside words of ciphers and signatures: `解密用的 key：…`, `the AES key is …`. */
import { matchesIn } from "../../domain/Matches.ts"
import type { Finding } from "./Secretlint.ts"
import { isOrdinary, isRandom } from "./SecretValue.ts"

/** Matches `key: …`, `key for the dump is …`; the group is the value. */
const key =
  /key["'`]?(?:\s?[（(][^（）()\n]{1,20}[）)]| for [^\n.:;=!?]{1,40}?)?(?:\s?[:：=]| is|\s?[是为為]|)\s{0,2}["'`「]?([A-Za-z0-9]{16,64})(?![\w-])/gi
const cipher =
  /解密|加密|[签簽]名|[加验驗][签簽]|密[钥鑰匙]|[对對][称稱]|(?<![a-z])(?:(?:de|en)crypt|cipher|hmac|aes|des|sm4|sign(?!ed))/i
/** Matches words beside a key that identifies something, or is no secret. */
const lookup =
  /cache|缓存|緩存|快取|redis|primary|public|公[钥鑰]|\bs3\b|object|idempot|commit|md5|hash|哈希|雜湊|\bid\b|主[键鍵]/i
const hexadecimal = /^(?:[0-9a-f]{32}|[0-9a-f]{48}|[0-9a-f]{64})$/i
/** Matches 16, 24 or 32 letters of both cases and digits. */
const mixed = /^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)(?:.{16}|.{24}|.{32})$/

/** Characters of the line before the name and after the key in which such words are looked for. */
const BEFORE = 30
const AFTER = 16

/** Finds all these keys in a text whose escapes are blanked (see Redactor). A hash of 40 digits is a commit rather. */
export const findings = (text: string): ReadonlyArray<Finding> => {
  const found: Array<Finding> = []
  for (const { 0: all, 1: value = "", index } of matchesIn(text, key)) {
    if (!(hexadecimal.test(value) || mixed.test(value)) || !isRandom(value) || isOrdinary(value)) continue
    const end = index + all.length
    const before = text.slice(Math.max(0, index - BEFORE), index).split("\n").at(-1)!
    const [after = ""] = text.slice(end, end + AFTER).split("\n", 1)
    const around = before + all.slice(0, -value.length) + after
    if (cipher.test(around) && !lookup.test(around)) found.push({ start: end - value.length, end, kind: "api-key" })
  }
  return found
}
