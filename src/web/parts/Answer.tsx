import type { UseQueryResult } from "@tanstack/react-query"
import type { ReactNode } from "react"
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

export const Empty = ({ children, title }: { readonly title: string; readonly children?: ReactNode }) => (
  <div className={css["empty"]}>
    <strong>{title}</strong>
    {children}
  </div>
)

interface Props<A> {
  readonly query: Pick<UseQueryResult<A>, "data" | "error" | "refetch">
  readonly children: (data: A) => ReactNode
}

/** Shows an answer, or that it is waited for, or what went wrong. An answer stays while a newer one is asked for. */
export function Answer<A>({ children, query: { data, error, refetch } }: Props<A>) {
  const t = useTexts()
  if (data !== undefined) return <>{children(data)}</>
  if (error === null) return <Waiting />
  return (
    <Note kind="problem">
      <p>{error.message}</p>
      <Button kind="ghost" onClick={() => void refetch()}>{t.again}</Button>
    </Note>
  )
}
