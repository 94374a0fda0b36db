/**
 * Why memory spoke at a prompt, or why not: what the judge saw, and what would have changed its mind.
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
import { Ago, Bar, TypeTag } from "../../parts/Words.tsx"
import { addressOf, change, useAddress } from "../../state/Address.ts"
import { ITEM, useKeys, useListKeys } from "../../state/Keys.ts"
import { useFormat, useTexts } from "../../texts/Texts.ts"
import { Recent } from "./Recent.tsx"
import css from "./Why.module.css"

/** Milliseconds without a key before the judge is asked. */
const PAUSE_MS = 250

const MODES = ["conservative", "balanced", "comprehensive"] as const

/** The score on its scale, with the bounds from which titles and memories are told. */
const Scale = ({ verdict: { bounds, score } }: Pick<Data, "verdict">) => {
  const t = useTexts()
  const format = useFormat()
  const whole = Math.max(score, bounds.memories) * 1.2
  const at = (value: number) => `${Math.min(100, Math.max(0, 100 * value / whole))}%`
  return (
    <div
      className={css["scale"]}
      role="img"
      aria-label={t.why.scale(
        format.fixed(score, 1),
        format.fixed(bounds.pointer, 1),
        format.fixed(bounds.memories, 1)
      )}
    >
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
  )
}

/** Most words without which the prompt is asked once more. */
const MAX_ASKED = 8

const CJK = /[\u3041-\u30ff\u3400-\u9fff\uac00-\ud7af]/u

/**
 * Takes a word out of a prompt: those that begin with its lexeme, or in Chinese the lexeme itself; undefined when the prompt does not hold
 * it like that, or nothing else.
 */
const without = (prompt: string, lexeme: string): string | undefined => {
  const rest = CJK.test(lexeme)
    ? prompt.replaceAll(lexeme, " ")
    : prompt.replace(/[\p{L}\p{N}_]+/gu, (word) => word.toLowerCase().startsWith(lexeme.toLowerCase()) ? "" : word)
  return rest === prompt || rest.trim() === "" ? undefined : rest
}

/** Asks what would be told without each of the words that say most, by the word. */
const useWithout = (prompt: string, projects: ReadonlyArray<string>, words: ReadonlyArray<string>) => {
  const asked = words.slice(0, MAX_ASKED).flatMap((lexeme) => {
    const rest = without(prompt, lexeme)
    return rest === undefined ? [] : [{ lexeme, rest }]
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
  const rest = useWithout(prompt, projects, telling.map(({ lexeme }) => lexeme))
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
          {telling.map(({ bits, lexeme }) => (
            <tr key={lexeme} data-held={held.has(lexeme)}>
              <th scope="row">
                <code>{lexeme}</code>
              </th>
              <td>
                <span className={css["bits"]}>
                  <Bar share={bits / most} />
                  <span>{format.fixed(bits, 1)}</span>
                </span>
              </td>
              <td className={css["place"]}>
                {held.has(lexeme) ? t.why.together : t.why.alone}
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
          {t.why.everyday} {everyday.map(({ lexeme }) => <code key={lexeme} className={css["word"]}>{lexeme}</code>)}
        </p>
      )}
    </section>
  )
}

/** What would have changed the verdict, as far as it can be told from the verdict itself. */
const Changes = ({ verdict }: Pick<Data, "verdict">) => {
  const t = useTexts()
  const format = useFormat()
  const { bounds, score, tells, together, words } = verdict
  const held = new Set(together)
  const missing = words.filter(({ bits, lexeme }) => bits > 0 && !held.has(lexeme))
  const next = tells === "nothing" ? bounds.pointer : bounds.memories
  return (
    <section className={css["card"]}>
      <h2>{t.why.changes}</h2>
      <ul className={css["facts"]}>
        {tells !== "memories" && <li>{t.why.lacks(format.fixed(next - score, 1), tells)}</li>}
        {missing.length > 0 && (
          <li>
            {t.why.missing} {missing.map(({ lexeme }) => <code key={lexeme}>{lexeme}</code>)}
          </li>
        )}
        <li>{t.why.coverage(format.percent(verdict.coverage), format.fixed(verdict.bits, 1))}</li>
        <li>{verdict.isOfPast ? t.why.isOfPast : t.why.isNotOfPast}</li>
        {verdict.isOrder && <li>{t.why.isOrder}</li>}
        <li>{t.why.length(verdict.tokens)}</li>
      </ul>
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

const Nearest = ({ nearest, pointed, told }: Pick<Data, "nearest" | "pointed" | "told">) => {
  const t = useTexts()
  const format = useFormat()
  const isTold = new Set(told.map(({ unit }) => unit.id))
  const isPointed = new Set(pointed.map(({ id }) => id))
  const isLeftOut = ({ tells, unit: { id } }: Data["nearest"][number]) =>
    tells !== "nothing" && !isTold.has(id) && !isPointed.has(id)
  return (
    <section className={css["card"]}>
      <h2>{t.why.nearest}</h2>
      {nearest.some(isLeftOut) && <p className={css["quiet"]}>{t.why.leftOutHint}</p>}
      {nearest.length === 0
        ? <p className={css["quiet"]}>{t.why.noNearest}</p>
        : (
          <ol className={css["nearest"]}>
            {nearest.map(({ bits, score, tells, together, unit }) => (
              <li key={unit.id}>
                <Link {...ITEM} href={addressOf({ name: "memory", id: unit.id })}>
                  <span className={css["meta"]}>
                    <TypeTag type={unit.type} />
                    <ProjectName id={unit.projectId} />
                    <Ago at={unit.occurredAt} />
                    <span className={css["told"]} data-told={isTold.has(unit.id) || isPointed.has(unit.id)}>
                      {isTold.has(unit.id)
                        ? t.why.isTold
                        : isPointed.has(unit.id)
                        ? t.why.isPointed
                        : tells === "nothing"
                        ? t.why.isNear
                        : t.why.isLeftOut}
                    </span>
                  </span>
                  <span className={css["title"]}>{unit.title}</span>
                  <span className={css["meta"]}>
                    <span>{t.why.scoreOf(format.fixed(score, 1), format.fixed(bits, 1))}</span>
                    {together.map((word) => <code key={word}>{word}</code>)}
                  </span>
                </Link>
              </li>
            ))}
          </ol>
        )}
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
  return (
    <>
      <section className={css["verdict"]} data-tells={verdict.tells} aria-live="polite">
        <h2>{t.why.verdict[verdict.tells]}</h2>
        <p>
          {t.why.because(format.fixed(verdict.score, 1))}
          {text !== "" && ` ${t.why.costs(format.number(tokens))}`}
        </p>
        <Scale verdict={verdict} />
      </section>
      {data.degraded.map((each) => <Note key={each} kind="warn">{each}</Note>)}
      <div className={css["columns"]}>
        <Words verdict={verdict} prompt={prompt} projects={projects} />
        <div className={css["column"]}>
          <Changes verdict={verdict} />
          <Modes modes={data.modes} />
        </div>
      </div>
      <Nearest nearest={data.nearest} pointed={data.pointed} told={data.told} />
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
      change({ prompt: text }, true)
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
          autoFocus
          aria-label={t.why.prompt}
          placeholder={t.why.placeholder}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === "Escape") event.currentTarget.blur()
          }}
        />
        <FilterRow>
          <ProjectChoice query={query} />
        </FilterRow>
      </div>
      {isAsked
        ? <Answer query={why}>{(data) => <Verdict data={data} prompt={asked} projects={projects} />}</Answer>
        : <Recent />}
    </div>
  )
}
