/**
 * Search as you type. Without a question it lists the newest memories. On a wide screen the chosen memory stands beside the list.
 */
import { useQuery } from "@tanstack/react-query"
import { memo, useEffect } from "react"
import type { Found, Unit } from "../../api/Client.ts"
import * as Queries from "../../api/Queries.ts"
import { Answer, Empty, Note } from "../../parts/Answer.tsx"
import { Button } from "../../parts/Button.tsx"
import { FilterRow, filtersOf, ProjectChoice, TextChoice, TimeChoice, TypeChoice } from "../../parts/Filters.tsx"
import { Icon } from "../../parts/Icon.tsx"
import { Link } from "../../parts/Link.tsx"
import { ProjectName } from "../../parts/ProjectName.tsx"
import { Ago, Inline, Snippet, TypeTag } from "../../parts/Words.tsx"
import { addressOf, change, useAddress } from "../../state/Address.ts"
import { draftOf } from "../../state/Drafts.ts"
import { focusItem, ITEM, ofMemory, useListKeys } from "../../state/Keys.ts"
import { useIsWide } from "../../state/Wide.ts"
import { cut } from "../../texts/cut.ts"
import { useFormat, useTexts } from "../../texts/Texts.ts"
import { Memory } from "../memory/Memory.tsx"
import { AskBox } from "./AskBox.tsx"
import css from "./Search.module.css"

/** Characters of a memory that a list without a question shows. */
const SNIPPET = 400

/** Values of the address that leave memories out. */
const FILTERS = ["project", "type", "days", "since", "until", "file", "branch"] as const

/** The question's words as they stand in what was found. */
const wordsIn = ({ excerpt, title }: Found): ReadonlyArray<string> => [
  ...new Set(
    [title, excerpt].flatMap(({ marks, text }) => marks.map(([from, to]) => text.slice(from, to).toLowerCase()))
  )
]

/** Says why a memory was found: in a few words, and by numbers behind a click. */
const Reasons = ({ found }: { readonly found: Found }) => {
  const t = useTexts()
  const format = useFormat()
  const { score, why } = found
  const words = wordsIn(found)
  const short = [
    t.search.score(format.percent(score)),
    ...(words.length > 0 ? [t.search.words(words)] : []),
    ...(why.semantic === null ? [] : [t.search.meaning]),
    ...(words.length === 0 && why.semantic === null ? [t.search.nearby] : [])
  ]
  const numbers = [
    ...(why.keyword === null ? [] : [t.search.byWords(why.keyword.rank)]),
    ...(why.semantic === null ? [] : [t.search.byMeaning(why.semantic.rank, format.fixed(why.semantic.score))]),
    ...(why.rerank === null ? [] : [t.search.byModel(why.rerank.rank)]),
    ...(why.neighbours > 0 ? [t.search.byNeighbours(format.fixed(why.neighbours))] : []),
    ...Object.entries(why.boosts).map(([name, by]) =>
      t.search.byBoost(name, `${by < 0 ? "−" : "+"}${format.fixed(Math.abs(by))}`)
    )
  ]
  return (
    <details className={css["why"]}>
      <summary>{short.join(" · ")}</summary>
      <p>{numbers.join(" ")}</p>
    </details>
  )
}

interface RowProps {
  readonly unit: Unit
  readonly isChosen: boolean
  readonly isWide: boolean
  /** Why and where it was found; undefined in a list without a question. */
  readonly found: Found | undefined
}

/** Drawn again only when what it shows is another. */
const Row = memo(({ found, isChosen, isWide, unit }: RowProps) => {
  const t = useTexts()
  const choose = () => {
    if (isWide) change({ m: unit.id }, true)
  }
  return (
    <li className={css["row"]} {...ofMemory(unit.id)}>
      <Link
        {...ITEM}
        className={css["link"]}
        href={addressOf({ name: "memory", id: unit.id })}
        aria-current={isChosen}
        onFocus={choose}
        onClick={(event) => {
          // A key on a link clicks it without a pointer; that opens the memory on a page of its own.
          if (!isWide || event.detail === 0 || event.metaKey || event.ctrlKey) return
          event.preventDefault()
          choose()
        }}
      >
        <span className={css["meta"]}>
          <TypeTag type={unit.type} />
          <ProjectName id={unit.projectId} />
          <Ago at={unit.occurredAt} />
          {unit.pinned && (
            <span className={css["pinned"]}>
              <Icon name="pin" />
              {t.memory.pinned}
            </span>
          )}
        </span>
        <span className={css["title"]} dir="auto">
          <Inline {...found?.title ?? { text: unit.title }} />
        </span>
        <span className={css["excerpt"]} dir="auto">
          <Snippet {...found?.excerpt ?? { text: cut(unit.summary || unit.content, SNIPPET) }} />
        </span>
      </Link>
      {found !== undefined && <Reasons found={found} />}
    </li>
  )
})

export const Search = () => {
  const t = useTexts()
  const format = useFormat()
  const { query } = useAddress()
  const isWide = useIsWide()
  const asked = query.get("q") ?? ""
  const filters = filtersOf(query, Date.now())
  useListKeys()

  const isAsked = asked !== ""
  const isFiltered = FILTERS.some((name) => query.has(name))
  const most = query.get("most") === null ? Queries.RESULTS : Queries.MOST_RESULTS
  const found = useQuery({ ...Queries.search(asked, filters, most), enabled: isAsked })
  const newest = useQuery({ ...Queries.newest(filters, most), enabled: !isAsked })
  const rows: ReadonlyArray<{ readonly unit: Unit; readonly found?: Found }> = isAsked
    ? (found.data?.results ?? []).map((each) => ({ unit: each.unit, found: each }))
    : (newest.data?.units ?? []).map((unit) => ({ unit }))
  const chosen = query.get("m") ?? rows[0]?.unit.id
  /** Keeps the first memory beside the list, once it is used, though a newer one comes before it. */
  const keepChosen = () => {
    if (chosen !== undefined) change({ m: chosen }, true)
  }
  const isEdited = isWide && chosen !== undefined && draftOf(chosen) !== undefined
  useEffect(() => {
    if (isEdited) change({ m: chosen }, true)
  }, [chosen, isEdited])
  /** Goes on from a memory that is forgotten, before the list is without it. */
  const chooseNext = () => {
    const at = rows.findIndex(({ unit }) => unit.id === chosen)
    const next = rows[at + 1] ?? rows[at - 1]
    change({ m: next?.unit.id ?? null }, true)
    if (next !== undefined) focusItem(addressOf({ name: "memory", id: next.unit.id }))
  }
  return (
    <div className={css["page"]} data-wide={isWide}>
      <section className={css["left"]} aria-label={t.views.search}>
        <h1 className="hidden" tabIndex={-1}>{t.views.search}</h1>
        <AskBox asked={asked} />
        <FilterRow>
          <ProjectChoice query={query} />
          <TypeChoice query={query} />
          <TimeChoice query={query} />
          <TextChoice name="file" query={query} />
          <TextChoice name="branch" query={query} />
        </FilterRow>
        <p className={css["count"]} role="status">
          {isAsked
            ? found.data !== undefined &&
              t.search.found(
                found.data.results.length,
                found.data.results.length < most,
                format.number(Math.max(1, Math.round(found.data.tookMs)))
              )
            : t.search.newest}
        </p>
        {isAsked && rows.length > 0 && <p className={css["hint"]}>{t.search.scoreHint}</p>}
        {isAsked && found.data !== undefined && (
          <>
            {found.data.respelt.map((each) => <Note key={each.typed}>{t.search.respelt(each)}</Note>)}
            {found.data.absent.length > 0 && (
              <Note kind="warn">
                {(found.data.results.some((each) => wordsIn(each).length > 0) ? t.search : t.why)
                  .absent(found.data.absent)}
              </Note>
            )}
            {found.data.degraded.map((each) => <Note key={each} kind="warn">{t.search.note(each)}</Note>)}
          </>
        )}
        <Answer<unknown> query={isAsked ? found : newest}>
          {() =>
            rows.length === 0
              ? (
                <Empty
                  title={isAsked ? t.search.nothing(asked) : isFiltered ? t.search.filtered : t.search.noMemories}
                >
                  <p>
                    <Inline
                      text={isAsked
                        ? t.search.nothingHint
                        : isFiltered
                        ? t.search.filteredHint
                        : t.search.noMemoriesHint}
                    />
                  </p>
                </Empty>
              )
              : (
                <ol
                  className={css["list"]}
                  data-stale={isAsked && found.isPlaceholderData}
                  data-answers={isAsked && !found.isPlaceholderData ? asked : undefined}
                >
                  {rows.map(({ found, unit }) => (
                    <Row
                      key={unit.id}
                      unit={unit}
                      found={found}
                      isWide={isWide}
                      isChosen={isWide && unit.id === chosen}
                    />
                  ))}
                </ol>
              )}
        </Answer>
        {rows.length === most && most < Queries.MOST_RESULTS && (
          <Button onClick={() => change({ most: Queries.MOST_RESULTS.toString() }, true)}>{t.search.more}</Button>
        )}
        {!isAsked && rows.length === Queries.MOST_RESULTS && (
          <p className={css["hint"]}>{t.search.newestOnly(rows.length)}</p>
        )}
      </section>
      {isWide && chosen !== undefined && rows.length > 0 && (
        <section
          className={css["right"]}
          aria-label={t.memory.name}
          onFocus={keepChosen}
          onPointerDown={keepChosen}
        >
          <Memory key={chosen} id={chosen} isPane onForgotten={chooseNext} />
        </section>
      )}
    </div>
  )
}
