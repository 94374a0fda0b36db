import { Fragment, type ReactNode } from "react"
import type { Excerpt, UnitType } from "../api/Client.ts"
import { useFormat, useTexts } from "../texts/Texts.ts"
import css from "./parts.module.css"

/** A part of a text with the question's words marked. */
export const Marked = ({ marks, text }: Excerpt) => {
  let end = 0
  const parts = marks.map(([from, to]) => {
    const before = text.slice(end, from)
    end = to
    return (
      <Fragment key={from}>
        {before}
        <mark>{text.slice(from, to)}</mark>
      </Fragment>
    )
  })
  return <>{parts}{text.slice(end)}</>
}

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

/** Labels of a memory's lines, as the compressor writes them: who speaks, or what the line is. */
const SPEAKER =
  /^(User(?: chose| approved the plan| refused, and said)?|Claude(?: thought| chose| explained| proposed)?|An agent reported|Aim|Outcome|Rejected|Agreed|Decided|Committed|Also asked|Asked last, without an answer|Among|Changed|Open|Page|Pull request|Searched for|Searched the web for|To run|Why|Failed \d+ times): /

const CODE = /(`[^`\n]+`|\*\*[^*\n]+\*\*)/

/** Shows code and stress of a line; everything else is as it was written. */
const inline = (line: string): ReadonlyArray<ReactNode> =>
  line.split(CODE).map((part, i) =>
    i % 2 === 0
      ? part
      : part.startsWith("`")
      ? <code key={i}>{part.slice(1, -1)}</code>
      : <strong key={i}>{part.slice(2, -2)}</strong>
  )

const FENCE = /^\s*(```|~~~)/

type Part = { readonly isCode: boolean; readonly lines: ReadonlyArray<string> }

/** Splits a text into paragraphs and fenced blocks. */
const partsOf = (text: string): ReadonlyArray<Part> => {
  const parts: Array<{ isCode: boolean; lines: Array<string> }> = []
  let isCode = false
  for (const line of text.split("\n")) {
    if (FENCE.test(line)) {
      isCode = !isCode
      parts.push({ isCode, lines: [] })
    } else if (!isCode && (parts.length === 0 || line.trim() === "" || SPEAKER.test(line))) {
      parts.push({ isCode, lines: line.trim() === "" ? [] : [line] })
    } else parts.at(-1)?.lines.push(line)
  }
  return parts.filter(({ lines }) => lines.length > 0)
}

/** A text of a memory or a message. Nothing in it is markup: what looks like it is shown as it is. */
export const Prose = ({ text }: { readonly text: string }) => (
  <div className={css["prose"]} dir="auto">
    {partsOf(text).map(({ isCode, lines }, i) => {
      if (isCode) return <pre key={i}><code>{lines.join("\n")}</code></pre>
      const whole = lines.join("\n")
      const speaker = SPEAKER.exec(whole)
      return (
        <p key={i}>
          {speaker !== null && <span className={css["speaker"]}>{speaker[1]}</span>}
          {inline(speaker === null ? whole : whole.slice(speaker[0].length))}
        </p>
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
