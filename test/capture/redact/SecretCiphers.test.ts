/** Keys beside words of ciphers and signatures, in both Chinese scripts; and what stands there and is none. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { assertMasked, hex, inBoth, one } from "./marked.ts"

const commit = `${hex}${hex.slice(3, 11)}`
const mixed = `Ab3${hex.slice(0, 12)}Z`

/** Each with the key between « and ». */
const told: ReadonlyArray<string> = [
  "解密用的 key：«" + hex + "»",
  "加密 key 是 «" + hex + "»",
  "签名的key=«" + hex + "»",
  "key：«" + hex + "»，解密用",
  "the AES key is «" + hex + "»",
  "key for decrypting the dump: «" + hex + "»",
  "aesKey: \"«" + mixed + "»\"",
  "加密key：«" + mixed + "»"
]

const harmless: ReadonlyArray<string> = [
  "the key is " + hex,
  "the key commit is " + commit,
  "signing key commit " + commit,
  "cache key: " + hex,
  "the cache key for the encrypted blob is " + hex,
  "public key: " + hex,
  "加密 key 从 config2 里读",
  "加密key：userId+timestamp2",
  "缓存的 key 是 md5 后的 " + hex,
  "加密文件的缓存 key " + hex,
  "解密后的文件 md5：" + hex
]

describe("a key beside a word of ciphers", () => {
  for (const marked of inBoth(told)) {
    it.effect(marked, () => assertMasked(marked, "api-key"))
  }
})

describe("a hash, a commit or a cache's key there", () => {
  for (const text of inBoth(harmless)) {
    it.effect(text, () => Effect.map(one(text), (redacted) => assert.strictEqual(redacted, text)))
  }
})
