import { Fragment, type ReactNode } from "react"
import type { Excerpt, UnitType } from "../api/Client.ts"
import { type Label as LabelName, LABELS } from "../texts/labels.ts"
import { useFormat, useTexts } from "../texts/Texts.ts"
import { blocksOf, partsOf, type Run, runsOf } from "./Markdown.ts"
import css from "./parts.module.css"

type Marks = Excerpt["marks"]

/** Returns a part of a text, with the question's words in it marked. */
const piecesOf = (text: string, { from, to }: Pick<Run, "from" | "to">, marks: Marks): ReactNode => {
  let end = from
  const pieces = marks.flatMap(([markFrom, markTo]) => {
    const [first, last] = [Math.max(markFrom, end), Math.min(markTo, to)]
    if (first >= last) return []
    const before = text.slice(end, first)
    end = last
    return [before, <mark key={first}>{text.slice(first, last)}</mark>]
  })
  return [...pieces, text.slice(end, to)]
}

/** A title or a part of a text, with its code and stress, and the question's words marked. */
export const Inline = ({ marks = [], text }: { readonly text: string; readonly marks?: Marks }) => (
  <>
    {runsOf(text).map((run) => {
      const pieces = piecesOf(text, run, marks)
      const code = run.isCode ? <code>{pieces}</code> : pieces
      const stressed = run.isStressed ? <em>{code}</em> : code
      return run.isStrong ? <strong key={run.from}>{stressed}</strong> : <Fragment key={run.from}>{stressed}</Fragment>
    })}
  </>
)

export const TypeTag = ({ type }: { readonly type: UnitType }) => {
  const t = useTexts()
  return <span className={css["type"]} data-type={type}>{t.types[type]}</span>
}

/** A time as people say it; the exact one is there to read too. */
export const Ago = ({ at }: { readonly at: number }) => {
  const format = useFormat()
  return at === 0 ?
    null :
    <time dateTime={new Date(at).toISOString()} title={format.minute(at)}>{format.ago(at, Date.now())}</time>
}

export const At = ({ at, form = "minute" }: { readonly at: number; readonly form?: "date" | "minute" | "time" }) => {
  const format = useFormat()
  return at === 0 ?
    null :
    <time dateTime={new Date(at).toISOString()} title={format.minute(at)}>{format[form](at)}</time>
}

const LABEL = new RegExp(`^(${LABELS.join("|")}|Failed (\\d+) times): `)

const labelOf = (line: string): string | undefined => LABEL.exec(line)?.[0]

/** A label in the person's language. */
const Label = ({ text }: { readonly text: string }) => {
  const t = useTexts()
  const [, name, times] = LABEL.exec(text) ?? []
  return (
    <span className={css["speaker"]} dir="auto">
      {times === undefined ? t.labels[name as LabelName] : t.failedTimes(Number(times))}
    </span>
  )
}

/** Mark at the beginning of an excerpt that was cut. */
const CUT = /^… /

/** A part of a memory, line by line, with the labels in the person's language and the question's words marked, and without Markdown's marks. */
export const Snippet = ({ marks = [], text }: { readonly text: string; readonly marks?: Marks }) => {
  let end = 0
  const lines = text.split("\n").flatMap((line) => {
    const from = end
    end += line.length + 1
    const [cut = ""] = CUT.exec(line) ?? []
    const label = labelOf(line.slice(cut.length))
    const start = from + (label === undefined ? 0 : cut.length + label.length)
    const shown = text.slice(start, from + line.length)
    const { between, parts } = partsOf(shown)
    return parts.length === 0
      ? []
      : [{ from, cut: label === undefined ? "" : cut, label, start, shown, between, parts }]
  })
  return lines.map(({ between, cut, from, label, parts, shown, start }, i) => (
    <Fragment key={from}>
      {i > 0 && "\n"}
      {cut}
      {label !== undefined && <Label text={label} />}
      {parts.map((part, i) => (
        <Fragment key={part.from}>
          {i > 0 && between}
          <Inline
            text={shown.slice(part.from, part.to)}
            marks={marks.map(([a, b]) => [a - start - part.from, b - start - part.from])}
          />
        </Fragment>
      ))}
    </Fragment>
  ))
}

/** A text of a memory, whose lines have labels, or of a message. What looks like markup and is no Markdown is shown as it is. */
export const Prose = ({ isMessage = false, text }: { readonly text: string; readonly isMessage?: boolean }) => (
  <div className={css["prose"]}>
    {blocksOf(text, isMessage ? undefined : labelOf).map(({ kind, label, mark, text }, i) => {
      if (kind === "code") return text.trim() === "" ? null : <pre key={i} dir="auto"><code>{text}</code></pre>
      const name = label === undefined ? null : <Label text={label} />
      const inner = <Inline text={text} />
      if (kind === "text") return <p key={i} dir="auto">{name}{inner}</p>
      if (kind === "heading") {
        return (
          <p key={i} dir="auto">
            {name}
            <strong>{inner}</strong>
          </p>
        )
      }
      return (
        <Fragment key={i}>
          {name !== null && <p>{name}</p>}
          <p
            className={css["item"]}
            dir="auto"
            data-mark={/\d/.test(mark) ? mark.trim() : "•"}
            style={{ marginInlineStart: `${(mark.length - mark.trimStart().length) / 2}em` }}
          >
            {inner}
          </p>
        </Fragment>
      )
    })}
  </div>
)

/** A share as a bar; the number stands beside it. */
export const Bar = ({ share }: { readonly share: number }) => (
  <span className={css["bar"]} aria-hidden="true">
    <i style={{ width: `${Math.round(Math.min(1, Math.max(0, share)) * 100)}%` }} />
  </span>
)
