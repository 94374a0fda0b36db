/**
 * Why memory spoke at a prompt, or why not: the words that count, how the score comes about, and the best memories.
 */
import { useQueries, useQuery } from "@tanstack/react-query"
import { useEffect, useRef, useState } from "react"
import type { Why as Data } from "../../api/Client.ts"
import * as Queries from "../../api/Queries.ts"
import { Answer, Note } from "../../parts/Answer.tsx"
import { FilterRow, ProjectChoice } from "../../parts/Filters.tsx"
import { Link } from "../../parts/Link.tsx"
import parts from "../../parts/parts.module.css"
import { ProjectName } from "../../parts/ProjectName.tsx"
import { Ago, Bar, Inline, TypeTag } from "../../parts/Words.tsx"
import { addressOf, change, fitting, useAddress } from "../../state/Address.ts"
import { ITEM, useKeys, useListKeys } from "../../state/Keys.ts"
import { isTouched } from "../../state/Wide.ts"
import { useFormat, useTexts } from "../../texts/Texts.ts"
import { Given } from "../sessions/Given.tsx"
import { Recent } from "./Recent.tsx"
import css from "./Why.module.css"

/** Milliseconds without a key before the prompt is asked. */
const PAUSE_MS = 250

const MODES = ["conservative", "balanced", "comprehensive"] as const

/** The score on its scale, with the bounds from which titles and memories are told. */
const Scale = ({ verdict: { bounds, score } }: Pick<Data, "verdict">) => {
  const t = useTexts()
  const format = useFormat()
  const whole = Math.max(score, bounds.memories) * 1.2
  const at = (value: number) => `${Math.min(100, Math.max(0, 100 * value / whole))}%`
  const words = t.why.scale(format.fixed(score, 1), format.fixed(bounds.pointer, 1), format.fixed(bounds.memories, 1))
  return (
    <>
      <div className={css["scale"]} aria-hidden="true">
        <div className={css["track"]}>
          <i
            className={css["pointerZone"]}
            style={{ left: at(bounds.pointer), right: `calc(100% - ${at(bounds.memories)})` }}
          />
          <i className={css["memoriesZone"]} style={{ left: at(bounds.memories) }} />
          <i className={css["score"]} style={{ left: at(score) }} />
        </div>
        <span className={css["bound"]} data-side="left" style={{ left: at(bounds.pointer) }}>
          {t.why.pointerFrom(format.fixed(bounds.pointer, 1))}
        </span>
        <span className={css["bound"]} style={{ left: at(bounds.memories) }}>
          {t.why.memoriesFrom(format.fixed(bounds.memories, 1))}
        </span>
      </div>
      <p className={css["quiet"]}>{words}</p>
    </>
  )
}

/** Most words without which the prompt is asked once more. */
const MAX_ASKED = 8

type PromptWord = Data["verdict"]["words"][number]

/** Takes a word out of a prompt; undefined when the prompt does not have it like that, or nothing else. */
const without = (prompt: string, { typed }: PromptWord): string | undefined => {
  const rest = typed.reduce(
    (text, word) =>
      /^\w+$/.test(word)
        ? text.replace(/[\p{L}\p{N}_]+/gu, (each) => each === word ? "" : each)
        : text.replaceAll(word, " "),
    prompt
  )
  return rest === prompt || rest.trim() === "" ? undefined : rest
}

/** Asks what would be told without each of the words that say most, by the word. */
const useWithout = (prompt: string, projects: ReadonlyArray<string>, words: ReadonlyArray<PromptWord>) => {
  const asked = words.slice(0, MAX_ASKED).flatMap((word) => {
    const rest = without(prompt, word)
    return rest === undefined ? [] : [{ lexeme: word.lexeme, rest }]
  })
  const answers = useQueries({ queries: asked.map(({ rest }) => Queries.whyBeside(rest, projects)) })
  return new Map(asked.map(({ lexeme }, i) => [lexeme, answers[i]?.data?.verdict]))
}

/** What would be told without a word; stressed where that is something else. */
const Without = (
  { tells, verdict }: { readonly verdict: Data["verdict"] | undefined; readonly tells: Data["verdict"]["tells"] }
) => {
  const t = useTexts()
  const format = useFormat()
  return verdict === undefined ?
    null :
    (
      <span className={css["without"]} data-tells={verdict.tells === tells ? undefined : verdict.tells}>
        {format.fixed(verdict.score, 1)} · {t.why.tells[verdict.tells]}
      </span>
    )
}

interface WordsProps {
  readonly verdict: Data["verdict"]
  readonly prompt: string
  readonly projects: ReadonlyArray<string>
}

const Words = ({ projects, prompt, verdict: { tells, together, words } }: WordsProps) => {
  const t = useTexts()
  const format = useFormat()
  const telling = words.filter(({ bits }) => bits > 0).sort((a, b) => b.bits - a.bits)
  const everyday = words.filter(({ bits }) => bits === 0)
  const rest = useWithout(prompt, projects, telling)
  const most = Math.max(1, ...words.map(({ bits }) => bits))
  const held = new Set(together)
  return (
    <section className={css["card"]}>
      <h2>{t.why.words}</h2>
      <p className={css["quiet"]}>{t.why.wordsHint}</p>
      <table className={css["words"]}>
        <thead>
          <tr>
            <th scope="col">{t.why.word}</th>
            <th scope="col">{t.why.bits}</th>
            <th scope="col">{t.why.place}</th>
            <th scope="col">{t.why.without}</th>
          </tr>
        </thead>
        <tbody>
          {telling.map(({ bits, lexeme, memories, typed }) => (
            <tr key={lexeme} data-held={held.has(lexeme)}>
              <th scope="row">
                <code>{typed[0]}</code>
              </th>
              <td>
                <span className={css["bits"]}>
                  <Bar share={bits / most} />
                  <span>{format.fixed(bits, 1)}</span>
                </span>
              </td>
              <td className={css["place"]}>
                {held.has(lexeme) ? t.why.together : memories === 0 ? t.why.nowhere : t.why.alone}
              </td>
              <td>
                <Without verdict={rest.get(lexeme)} tells={tells} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {everyday.length > 0 && (
        <p className={css["quiet"]}>
          {t.why.everyday}{" "}
          {everyday.map(({ lexeme, typed }) => <code key={lexeme} className={css["word"]}>{typed[0]}</code>)}
        </p>
      )}
    </section>
  )
}

/** How the score comes about, part by part, and what it lacks. */
const Sum = ({ verdict }: Pick<Data, "verdict">) => {
  const t = useTexts()
  const format = useFormat()
  const { bits, bounds, coverage, parts, score, tells, together, tokens, words } = verdict
  const held = new Set(together)
  const missing = words.filter(({ bits, lexeme, memories }) => bits > 0 && memories > 0 && !held.has(lexeme))
  const next = tells === "nothing" ? bounds.pointer : bounds.memories
  const names: Readonly<Record<keyof typeof parts, string>> = {
    evidence: t.why.parts.evidence(bits > parts.evidence ? format.fixed(bits, 1) : ""),
    coverage: t.why.parts.coverage(format.percent(coverage)),
    past: t.why.parts.past,
    order: t.why.parts.order,
    code: t.why.parts.code,
    length: t.why.parts.length(tokens)
  }
  return (
    <section className={css["card"]}>
      <h2>{t.why.sum}</h2>
      <table className={css["sum"]}>
        <tbody>
          {(Object.keys(names) as Array<keyof typeof names>).filter((name) => parts[name] !== 0 || name === "evidence")
            .map(
              (name) => (
                <tr key={name}>
                  <td>{`${parts[name] < 0 ? "−" : "+"} ${format.fixed(Math.abs(parts[name]), 1)}`}</td>
                  <th scope="row">{names[name]}</th>
                </tr>
              )
            )}
        </tbody>
        <tfoot>
          <tr>
            <td>{`= ${format.fixed(score, 1)}`}</td>
            <th scope="row">{t.why.score}</th>
          </tr>
        </tfoot>
      </table>
      {bits === 0
        ? <p className={css["quiet"]}>{t.why.noEvidence}</p>
        : tells !== "memories" && (
          <>
            {next > score && <p className={css["quiet"]}>{t.why.short(format.fixed(next - score, 1), tells)}</p>}
            {missing.length > 0 && (
              <p className={css["quiet"]}>
                {t.why.missing}{" "}
                {missing.map(({ lexeme, typed }) => <code key={lexeme} className={css["word"]}>{typed[0]}</code>)}
              </p>
            )}
          </>
        )}
    </section>
  )
}

/** What each setting of how sure a memory must be would do. */
const Modes = ({ modes }: Pick<Data, "modes">) => {
  const t = useTexts()
  return (
    <section className={css["card"]}>
      <table className={css["modes"]}>
        <thead>
          <tr>
            <th scope="col">{t.why.mode}</th>
            <th scope="col">{t.why.would}</th>
          </tr>
        </thead>
        <tbody>
          {MODES.map((mode) => (
            <tr key={mode}>
              <th scope="row">{t.why.modes[mode]}</th>
              <td data-tells={modes[mode]}>{t.why.tells[modes[mode]]}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

const Nearest = ({ nearest, pointed, told, verdict }: Pick<Data, "nearest" | "pointed" | "told" | "verdict">) => {
  const t = useTexts()
  const format = useFormat()
  const isTold = new Set(told.map(({ unit }) => unit.id))
  const isPointed = new Set(pointed.map(({ id }) => id))
  const typed = new Map(verdict.words.map(({ lexeme, typed }) => [lexeme, typed[0]]))
  const stateOf = ({ bits, leftOut, score, unit: { id } }: Data["nearest"][number]) =>
    isTold.has(id)
      ? t.why.isTold
      : isPointed.has(id)
      ? t.why.isPointed
      : leftOut !== null
      ? t.why.leftOut[leftOut]
      : bits === 0
      ? t.why.isUnhelpful
      : t.why.isNear(format.fixed(verdict.bounds.pointer - score, 1))
  return (
    <section className={css["card"]}>
      <h2>{t.why.nearest}</h2>
      {nearest.length === 0
        ? <p className={css["quiet"]}>{t.why.noNearest}</p>
        : (
          <ol className={css["nearest"]}>
            {nearest.map((near) => (
              <li key={near.unit.id}>
                <Link {...ITEM} href={addressOf({ name: "memory", id: near.unit.id })}>
                  <span className={css["meta"]}>
                    <TypeTag type={near.unit.type} />
                    <ProjectName id={near.unit.projectId} />
                    <Ago at={near.unit.occurredAt} />
                    <span className={css["told"]} data-told={isTold.has(near.unit.id) || isPointed.has(near.unit.id)}>
                      {stateOf(near)}
                    </span>
                  </span>
                  <span className={css["title"]} dir="auto">
                    <Inline text={near.unit.title} />
                  </span>
                  <span className={css["meta"]}>
                    <span>{t.why.scoreOf(format.fixed(near.score, 1))}</span>
                    {near.together.map((lexeme) => <code key={lexeme}>{typed.get(lexeme) ?? lexeme}</code>)}
                  </span>
                </Link>
              </li>
            ))}
          </ol>
        )}
    </section>
  )
}

/** What Claude was given at a prompt of a past session, beside what it would be given today. */
const Then = ({ query }: { readonly query: URLSearchParams }) => {
  const t = useTexts()
  const format = useFormat()
  const session = query.get("session") ?? ""
  const given = query.getAll("given").map(Number)
  const found = useQuery({ ...Queries.given(session), enabled: given.length > 0 })
  const injections = found.data?.injections.filter(({ at }) => given.includes(at)) ?? []
  const at = format.minute(Number(query.get("at")))
  return (
    <section className={css["recent"]}>
      <p className={css["quiet"]}>{given.length === 0 ? t.why.nothingBefore(at) : t.why.before(at)}</p>
      {injections.map((injection) => <Given key={injection.at} injection={injection} />)}
      <p className={css["quiet"]}>{t.why.today}</p>
    </section>
  )
}

interface VerdictProps {
  readonly data: Data
  readonly prompt: string
  readonly projects: ReadonlyArray<string>
}

const Verdict = ({ data, projects, prompt }: VerdictProps) => {
  const t = useTexts()
  const format = useFormat()
  const { text, tokens, verdict } = data
  const absent = verdict.words.flatMap(({ bits, memories, typed }) =>
    bits > 0 && memories === 0 ? typed.slice(0, 1) : []
  )
  return (
    <>
      <section className={css["verdict"]} data-tells={verdict.tells} aria-live="polite">
        <h2>{t.why.verdict[verdict.tells]}</h2>
        {absent.length > 0 && <p>{t.why.absent(absent)}</p>}
        {text !== "" && <p>{t.why.costs(format.number(tokens))}</p>}
        <Scale verdict={verdict} />
      </section>
      {data.degraded.map((each) => <Note key={each} kind="warn">{t.search.note(each)}</Note>)}
      <div className={css["columns"]}>
        <Words verdict={verdict} prompt={prompt} projects={projects} />
        <div className={css["column"]}>
          <Sum verdict={verdict} />
          <Modes modes={data.modes} />
        </div>
      </div>
      <Nearest {...data} />
      {text !== "" && (
        <section className={css["card"]}>
          <h2>{t.why.text}</h2>
          <pre className={css["text"]} tabIndex={0}>{text}</pre>
        </section>
      )}
    </>
  )
}

export const Why = () => {
  const t = useTexts()
  const { query } = useAddress()
  const asked = query.get("prompt") ?? ""
  const [text, setText] = useState(asked)
  const typed = useRef(asked)
  const box = useRef<HTMLTextAreaElement>(null)
  useEffect(() => {
    if (typed.current !== asked) {
      typed.current = asked
      setText(asked)
    }
  }, [asked])
  useEffect(() => {
    if (text === typed.current) return
    const timer = window.setTimeout(() => {
      typed.current = text
      // Another prompt is no longer that of the session.
      change({ prompt: text, session: null, at: null, given: null }, true)
    }, PAUSE_MS)
    return () => {
      window.clearTimeout(timer)
    }
  }, [text])
  useListKeys()
  useKeys({ "/": () => box.current?.focus() })
  const isAsked = asked.trim() !== ""
  const projects = query.getAll("project")
  const why = useQuery({ ...Queries.why(asked, projects), enabled: isAsked })
  return (
    <div className={css["page"]}>
      <header>
        <h1 tabIndex={-1}>{t.why.title}</h1>
        <p className={css["quiet"]}>{t.why.hint}</p>
      </header>
      <div className={css["ask"]}>
        <textarea
          ref={box}
          className={parts["input"]}
          value={text}
          rows={3}
          autoFocus={!isTouched()}
          aria-label={t.why.prompt}
          placeholder={t.why.placeholder}
          onChange={(event) => setText(fitting(event.target.value))}
          onKeyDown={(event) => {
            if (event.key === "Escape") event.currentTarget.blur()
          }}
        />
        <FilterRow>
          <ProjectChoice query={query} />
        </FilterRow>
      </div>
      {isAsked && query.has("session") && <Then query={query} />}
      {isAsked
        ? <Answer query={why}>{(data) => <Verdict data={data} prompt={asked} projects={projects} />}</Answer>
        : <Recent />}
    </div>
  )
}
