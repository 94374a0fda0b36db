/**
 * The memories that are least worth keeping, each kept or forgotten by one key.
 */
import { useQuery } from "@tanstack/react-query"
import { useEffect, useRef, useState } from "react"
import { useForget, useKeep } from "../../api/Changes.ts"
import type { LeastUnit } from "../../api/Client.ts"
import * as Queries from "../../api/Queries.ts"
import { Answer, Empty } from "../../parts/Answer.tsx"
import { Button } from "../../parts/Button.tsx"
import { FilterRow, ProjectChoice } from "../../parts/Filters.tsx"
import { Link } from "../../parts/Link.tsx"
import { ProjectName } from "../../parts/ProjectName.tsx"
import { Ago, Inline, Prose, TypeTag } from "../../parts/Words.tsx"
import { addressOf, useAddress } from "../../state/Address.ts"
import { focusedMemory, focusItem, ITEM, ofMemory, useListKeys, useMemoryKeys } from "../../state/Keys.ts"
import { short } from "../../texts/cut.ts"
import { useFormat, useTexts } from "../../texts/Texts.ts"
import css from "./Least.module.css"

/** Longest time between the two clicks of a double click, in milliseconds. */
const DOUBLE_CLICK_MS = 700

interface RowProps {
  readonly unit: LeastUnit
  /** Number of those that were decided, for the row that is looked at; undefined for others. */
  readonly decided: number | undefined
  readonly onLook: () => void
  readonly onKeep: () => void
  readonly onForget: () => void
}

/** Says what else forgetting a memory takes. */
const Taking = ({ decided, id }: { readonly decided: number; readonly id: string }) => {
  const t = useTexts()
  const { data } = useQuery(Queries.taking(id, decided))
  if (data === undefined) return null
  const { also, count, holdAgain } = data
  const takes = [
    ...(count > 1 ? [t.least.goesToo(count - 1)] : []),
    ...(also.gone.length > 0 ? [t.least.gone(also.gone.map(({ title }) => short(title)))] : []),
    ...(also.units.length + also.sessions.length > 0
      ? [t.least.takenOutOf(also.units.map(({ title }) => short(title)), also.sessions.length)]
      : []),
    ...(holdAgain.length > 0 ? [t.memory.holdAgain(holdAgain.map(({ title }) => short(title)))] : [])
  ]
  return <>{takes.length === 0 ? t.least.takesNothing : takes.join(" ")}</>
}

const Row = ({ decided, onForget, onKeep, onLook, unit }: RowProps) => {
  const t = useTexts()
  const format = useFormat()
  const { age, quality, type } = unit.worth
  return (
    <li className={css["row"]} {...ofMemory(unit.id)} onFocus={onLook} onPointerEnter={onLook}>
      <div className={css["what"]}>
        <p className={css["meta"]}>
          <TypeTag type={unit.type} />
          <ProjectName id={unit.projectId} />
          <Ago at={unit.occurredAt} />
          <span>{t.given.tokens(format.number(unit.tokens))}</span>
        </p>
        <p className={css["meta"]}>
          {t.least.worth(
            format.percent(type * quality * age),
            t.least.typeCounts(t.types[unit.type], format.percent(type)),
            format.percent(quality),
            format.percent(age)
          )}
        </p>
        <Link {...ITEM} className={css["title"]} dir="auto" href={addressOf({ name: "memory", id: unit.id })}>
          <Inline text={unit.title} />
        </Link>
        <div className={css["text"]}>
          <Prose text={unit.content} />
        </div>
      </div>
      <div className={css["side"]}>
        <div className={css["actions"]}>
          <Button keyName="y" onClick={onKeep} label={t.least.keepIt(unit.title)}>{t.least.keep}</Button>
          <Button keyName="x" kind="danger" onClick={onForget} label={t.least.forgetIt(unit.title)}>
            {t.memory.forget}
          </Button>
        </div>
        <p className={css["takes"]} role="status">
          {decided !== undefined && <Taking decided={decided} id={unit.id} />}
        </p>
      </div>
    </li>
  )
}

export const Least = () => {
  const t = useTexts()
  const { query } = useAddress()
  const least = useQuery(Queries.least(query.getAll("project")))
  const changes = useQuery(Queries.changes)
  const keep = useKeep()
  // What was decided goes from the list at once, before the server has done it.
  const [done, setDone] = useState<ReadonlySet<string>>(new Set())
  // What went along, by the one that was forgotten.
  const [also, setAlso] = useState<ReadonlyMap<string, ReadonlyArray<string>>>(new Map())
  const next = useRef<string | undefined>(undefined)
  // What was forgotten elsewhere since it was listed.
  const elsewhere = (changes.data ?? []).filter(({ at, kind }) => kind === "forget" && at > least.dataUpdatedAt)
  const gone = new Set([...[...also.values()].flat(), ...elsewhere.flatMap(({ named }) => named.map(({ id }) => id))])
  const left = (least.data?.units ?? []).filter(({ id }) => !done.has(id) && !gone.has(id))
  const decided = (id: string) => {
    const at = left.findIndex((unit) => unit.id === id)
    next.current = (left[at + 1] ?? left[at - 1])?.id
    setDone((done) => new Set([...done, id]))
  }
  const undone = (id: string) => {
    setDone((done) => new Set([...done].filter((other) => other !== id)))
    setAlso((also) => new Map([...also].filter(([other]) => other !== id)))
  }
  const forget = useForget()
  const decide = (unit: LeastUnit, isForgotten: boolean) => {
    const run = isForgotten ? forget : keep
    run({
      unit,
      onUndecided: () => undone(unit.id),
      onAlso: (ids) => {
        const isGone = ({ id }: LeastUnit) => id === unit.id || ids.includes(id)
        const at = left.findIndex(({ id }) => id === focusedMemory())
        if (left[at] !== undefined && isGone(left[at])) {
          next.current = [...left.slice(at), ...left].find((each) => !isGone(each))?.id
        }
        setAlso((also) => new Map([...also, [unit.id, ids]]))
      }
    })
    decided(unit.id)
  }
  // The next row comes under the pointer, and the second half of a double click with it.
  const clickedAt = useRef(-Infinity)
  const onClick = (unit: LeastUnit, isForgotten: boolean) => () => {
    const now = performance.now()
    if (now - clickedAt.current < DOUBLE_CLICK_MS) return
    clickedAt.current = now
    decide(unit, isForgotten)
  }
  useEffect(() => {
    if (next.current === undefined) return
    focusItem(addressOf({ name: "memory", id: next.current }))
    next.current = undefined
  }, [done, also])
  useListKeys()
  const onKey = (isForgotten: boolean) => () => {
    const unit = left.find(({ id }) => id === focusedMemory())
    if (unit !== undefined) decide(unit, isForgotten)
  }
  const [lookedAt, setLookedAt] = useState<string>()
  const looked = left.find(({ id }) => id === lookedAt) ?? left[0]
  const listed = least.data?.units.length ?? 0
  useMemoryKeys({ x: onKey(true), y: onKey(false) })
  return (
    <div className={css["page"]}>
      <header>
        <h1 tabIndex={-1}>{t.least.title}</h1>
        <p className={css["quiet"]}>
          {t.least.hint} <span className="keysOnly">{t.least.keys}</span>
        </p>
        <p className={css["quiet"]}>{t.least.order}</p>
      </header>
      <div className={css["bar"]}>
        <FilterRow>
          <ProjectChoice query={query} />
        </FilterRow>
        <span className={css["quiet"]} role="status">{t.least.left(left.length, done.size)}</span>
        <Link className={css["more"]} href={addressOf({ name: "changes" })}>{t.changes.title}</Link>
      </div>
      <Answer query={least}>
        {() =>
          left.length === 0
            ? (
              <Empty title={t.least.nothing}>
                {listed < Queries.LEAST && <p>{t.least.nothingHint}</p>}
              </Empty>
            )
            : (
              <ol>
                {left.map((unit) => (
                  <Row
                    key={unit.id}
                    unit={unit}
                    decided={unit === looked ? done.size : undefined}
                    onLook={() => setLookedAt(unit.id)}
                    onKeep={onClick(unit, false)}
                    onForget={onClick(unit, true)}
                  />
                ))}
              </ol>
            )}
      </Answer>
      {left.length < listed && listed === Queries.LEAST && (
        <p>
          <Button onClick={() => void least.refetch().then(() => setAlso(new Map()))}>{t.least.next}</Button>
        </p>
      )}
    </div>
  )
}
