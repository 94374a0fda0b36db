/**
 * Writes the apostrophes that people leave out or that their keyboards make curly, for expressions that know one form only. Pure, and
 * without Effect, since the hook's entry asks too.
 */

const LEFT_OUT =
  /\b(?<word>do|does|did|is|are|was|were|ca|could|wo|would|should|must|have|has|had|need)nt\b|\blets(?= (?:go|use|not|keep|take|stick|stay|avoid|drop|do|see|try|make|move|switch|just|have|add|wait|say)\b)|\b(?<subject>that|what|there|here)s(?= )/gi

/** Returns the text with "don't" for "dont" and for "don’t". */
export const withApostrophes = (text: string): string =>
  text.replaceAll("’", "'").replace(
    LEFT_OUT,
    (found, word?: string, subject?: string) =>
      word !== undefined ? `${word}n't` : subject !== undefined ? `${subject}'s` : `${found.slice(0, -1)}'s`
  )
