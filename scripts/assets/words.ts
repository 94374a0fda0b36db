/**
 * Writes src/retrieve/WordBits.ts from the words that have vectors: those that are long enough to be taken for misspelt.
 */
import * as Either from "effect/Either"
import { readFileSync, writeFileSync } from "node:fs"
import * as Tokenizer from "../../src/domain/Tokenizer.ts"
import { parse } from "../../src/models/StaticEmbeddings.ts"
import { placesOf } from "../../src/retrieve/KnownWords.ts"
import { WORD } from "../../src/retrieve/Spelling.ts"

const BITS_A_LEXEME = 8

const { size, starts, words } = Either.getOrThrow(parse(readFileSync("assets/static-embeddings.bin")))
const decoder = new TextDecoder()
const lexemes = new Set(
  Array.from({ length: size }, (_, k) => decoder.decode(words.subarray(starts[k], starts[k + 1])))
    .filter((word) => word.match(WORD)?.[0] === word)
    .map(Tokenizer.queryLexemes)
    .flatMap((lexemes) => lexemes.length === 1 ? lexemes : [])
)
const bytes = new Uint8Array(Math.ceil(BITS_A_LEXEME * lexemes.size / 8))
for (const lexeme of lexemes) {
  for (const place of placesOf(lexeme, 8 * bytes.length)) bytes[place >> 3]! |= 1 << (place & 7)
}

writeFileSync(
  "src/retrieve/WordBits.ts",
  `/**\n * Made by scripts/assets/words.ts: the filter of KnownWords.ts, of ${lexemes.size} lexemes. Pure.\n */\nexport const WORD_BITS =\n  "${
    Buffer.from(bytes).toString("base64")
  }"\n`
)
