/** Finds passwords in the column of a Markdown table whose head names it: `| user | password |`. */
import { matchesIn } from "../../domain/Matches.ts"
import type { Finding } from "./Secretlint.ts"
import { isMixed, isOrdinary, isWords } from "./SecretValue.ts"

/** Matches a head from its first bar on, and the line below it; the group is the head. */
const table = /(\|(?<=^[^\n|]{0,256}\|)[^\n]{1,512}\|)[ \t]{0,40}\n[ \t]{0,40}\|[ \t:|-]{1,512}\|/gm
const named = new RegExp(
  "^[\\s*`]*(?:(?:\\w+ )?(?:passwords?|passwd|pass|pwd|pw)|passwort|kennwort|contraseña|mot de passe|senha|пароль|密[码碼]|口令|" +
    "パスワード|비밀번호)[\\s*`]*$",
  "i"
)
const row = /[ \t]{0,40}\n[ \t]{0,40}(\|[^\n]{1,1024})/y
/** Longest table whose rows are read. */
const ROWS = 500

/** Tests a cell: generated, or words with a number. */
const isPassword = (value: string): boolean =>
  value.length >= 6 && !/\s/.test(value) && !isOrdinary(value) &&
  (isMixed(value) || /\d{2}/.test(value) && /[A-Za-z]/.test(value) && isWords(value))

/** Finds all these secrets in a text whose escapes are blanked (see Redactor). */
export const findings = (text: string): ReadonlyArray<Finding> => {
  const found: Array<Finding> = []
  for (const { 0: all, 1: head = "", index } of matchesIn(text, table)) {
    const column = head.split("|").findIndex((cell) => named.test(cell))
    if (column === -1) continue
    row.lastIndex = index + all.length
    for (let count = 0; count < ROWS; count++) {
      const cells = row.exec(text)?.[1]?.split("|")
      if (cells === undefined) break
      const cell = cells[column] ?? ""
      const value = cell.trim().replace(/^[`*]+|[`*]+$/g, "")
      if (!isPassword(value)) continue
      const line = row.lastIndex - cells.join("|").length
      const start = line + cells.slice(0, column).join("|").length + 1 + cell.indexOf(value)
      found.push({ start, end: start + value.length, kind: "password" })
    }
  }
  return found
}
