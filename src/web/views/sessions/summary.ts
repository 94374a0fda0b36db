const LABEL = /^[A-Z][a-z]+: /

/** Splits what sums a session up into what it was for and what came of it. */
export const summaryOf = (content: string): { readonly aim: string; readonly outcome: string } => {
  const lines = content.split("\n")
  const at = lines.findIndex((line) => line.startsWith("Outcome: "))
  const of = (part: ReadonlyArray<string>) => part.map((line) => line.replace(LABEL, "")).join(" ").replaceAll("**", "")
  return at < 0 ? { aim: of(lines), outcome: "" } : { aim: of(lines.slice(0, at)), outcome: of(lines.slice(at)) }
}
