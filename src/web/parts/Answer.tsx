import type { UseQueryResult } from "@tanstack/react-query"
import type { ReactNode } from "react"
import { isProblem } from "../api/Client.ts"
import { useTexts } from "../texts/Texts.ts"
import { Button } from "./Button.tsx"
import css from "./parts.module.css"

export const Waiting = () => {
  const t = useTexts()
  return (
    <div className={css["waiting"]} role="status" aria-label={t.waiting} data-waiting="">
      <i />
      <i />
      <i />
    </div>
  )
}

export const Note = (
  { children, kind = "plain" }: { readonly children: ReactNode; readonly kind?: "plain" | "problem" | "warn" }
) => <div className={css["note"]} data-kind={kind} role={kind === "problem" ? "alert" : undefined}>{children}</div>

export const Empty = (
  { children, isView = false, title }: {
    readonly title: string
    readonly children?: ReactNode
    /** True where it is all that there is in the view. */
    readonly isView?: boolean
  }
) => (
  <div className={css["empty"]}>
    {isView ? <h1 tabIndex={-1}>{title}</h1> : <strong>{title}</strong>}
    {children}
  </div>
)

interface Props<A> {
  readonly query: Pick<UseQueryResult<A>, "data" | "error" | "refetch">
  readonly children: (data: A) => ReactNode
  /** Heading of a view that has no other where there is no answer. */
  readonly heading?: string | undefined
  /** True while an answer must stay though what it shows is gone, as when something was typed into it. */
  readonly isKept?: boolean
}

/**
 * Shows an answer, or that it is waited for, or what went wrong. An answer stays while a newer one is asked for, and when that does not come; not
 * where what it shows is there no more.
 */
export function Answer<A>({ children, heading, isKept = false, query: { data, error, refetch } }: Props<A>) {
  const t = useTexts()
  const isGone = isProblem(error, "not-found")
  if (data === undefined && error === null) return <Waiting />
  const isShown = data !== undefined && (isKept || !isGone)
  return (
    <>
      {error !== null && (isGone || !isShown) && (
        <>
          {heading !== undefined && !isShown && <h1 tabIndex={-1}>{heading}</h1>}
          <Note kind="problem">
            <p>{error.message}</p>
            <Button kind="ghost" onClick={() => void refetch()}>{t.again}</Button>
          </Note>
        </>
      )}
      {isShown && children(data)}
    </>
  )
}
