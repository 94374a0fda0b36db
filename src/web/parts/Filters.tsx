import { useQuery } from "@tanstack/react-query"
import { type ReactNode, useEffect, useRef } from "react"
import type { UnitType } from "../api/Client.ts"
import { type Filters, projects } from "../api/Queries.ts"
import { change, type Query } from "../state/Address.ts"
import { useTexts } from "../texts/Texts.ts"
import css from "./parts.module.css"

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
/** Choices of time, in days. */
const DAYS = [1, 7, 30, 365] as const

export const TYPES: ReadonlyArray<UnitType> = [
  "decision",
  "error_log",
  "code_snippet",
  "documentation",
  "conversation",
  "archive"
]

/** Longest name that is typed: two of them fit into an address beside a question. */
const MAX_NAME = 100

const dayOf = (text: string | null): number | undefined => {
  const time = text === null ? Number.NaN : Date.parse(`${text}T00:00:00`)
  return Number.isNaN(time) ? undefined : time
}

/** Reads the filters of an address. "The last days" end with the hour, so that an answer serves for more than a moment. */
export const filtersOf = (query: URLSearchParams, now: number): Filters => {
  const days = Number(query.get("days") ?? Number.NaN)
  const until = dayOf(query.get("until"))
  return {
    projects: query.getAll("project"),
    types: query.getAll("type").flatMap((each) => TYPES.filter((type) => type === each)),
    since: dayOf(query.get("since")) ?? (days > 0 ? Math.floor(now / HOUR_MS) * HOUR_MS - days * DAY_MS : undefined),
    until: until === undefined ? undefined : until + DAY_MS - 1,
    files: query.getAll("file"),
    branches: query.getAll("branch")
  }
}

interface Choice {
  readonly label: string
  readonly value: string
  readonly options: ReadonlyArray<readonly [value: string, name: string]>
  readonly onChange: (value: string) => void
}

export const Choice = ({ label, onChange, options, value }: Choice) => (
  <select
    className={css["choice"]}
    aria-label={label}
    value={value}
    data-chosen={value !== ""}
    onChange={(event) => onChange(event.target.value)}
  >
    {options.map(([value, name]) => <option key={value} value={value}>{name}</option>)}
  </select>
)

/** Filters; the memory that was chosen beside the list may not be in it any more. */
const filter = (query: Query, isReplaced = false) => change({ ...query, m: null }, isReplaced)

/** The project of the address; all of them where it names none. */
export const ProjectChoice = ({ query }: { readonly query: URLSearchParams }) => {
  const t = useTexts()
  const { data = [] } = useQuery(projects)
  const named = query.get("project") ?? ""
  // One that was merged since is part of another.
  const value = data.find(({ merged }) => merged.some(({ id }) => id === named))?.id ?? named
  const known = data.map(({ id, label }) => [id, label] as const)
  return (
    <Choice
      label={t.filters.project}
      value={value}
      options={[
        ["", t.filters.allProjects],
        ...known,
        ...(value === "" || known.some(([id]) => id === value) ? [] : [[value, value] as const])
      ]}
      onChange={(project) => filter({ project })}
    />
  )
}

export const TimeChoice = ({ query }: { readonly query: URLSearchParams }) => {
  const t = useTexts()
  const hasDates = query.has("since") || query.has("until")
  const value = hasDates ? "dates" : query.get("days") ?? ""
  return (
    <>
      <Choice
        label={t.filters.time}
        value={value}
        options={[
          ["", t.filters.anyTime],
          ...DAYS.map((days) => [days.toString(), t.filters.lastDays(days)] as const),
          ["dates", t.filters.dates]
        ]}
        onChange={(chosen) =>
          filter(
            chosen === "dates"
              ? { days: null, since: new Date(Date.now() - 30 * DAY_MS).toISOString().slice(0, 10), until: null }
              : { days: chosen, since: null, until: null }
          )}
      />
      {hasDates && (["since", "until"] as const).map((name) => (
        <input
          key={name}
          className={css["choice"]}
          type="date"
          aria-label={t.filters[name]}
          value={query.get(name) ?? ""}
          onChange={(event) => filter({ [name]: event.target.value }, true)}
        />
      ))}
    </>
  )
}

export const TypeChoice = ({ query }: { readonly query: URLSearchParams }) => {
  const t = useTexts()
  return (
    <Choice
      label={t.filters.type}
      value={query.get("type") ?? ""}
      options={[["", t.filters.allTypes], ...TYPES.map((type) => [type, t.types[type]] as const)]}
      onChange={(type) => filter({ type })}
    />
  )
}

/** A file or a branch, as it is typed. */
export const TextChoice = (
  { name, query }: { readonly name: "branch" | "file"; readonly query: URLSearchParams }
) => {
  const t = useTexts()
  const value = query.get(name) ?? ""
  const box = useRef<HTMLInputElement>(null)
  useEffect(() => {
    if (box.current !== null) box.current.value = value
  }, [value])
  const set = (text: string) => {
    if (text.trim() !== value) filter({ [name]: text.trim() })
  }
  return (
    <input
      ref={box}
      className={css["choice"]}
      type="text"
      aria-label={t.filters[name]}
      placeholder={t.filters[name]}
      defaultValue={value}
      data-chosen={value !== ""}
      spellCheck={false}
      autoCapitalize="off"
      maxLength={MAX_NAME}
      onBlur={(event) => set(event.target.value)}
      onKeyDown={(event) => {
        if (event.key === "Enter" && !event.nativeEvent.isComposing) {
          set(event.currentTarget.value)
        }
      }}
    />
  )
}

export const FilterRow = ({ children }: { readonly children: ReactNode }) => {
  const t = useTexts()
  return <div className={css["filters"]} role="group" aria-label={t.filters.name}>{children}</div>
}
