import { useQuery } from "@tanstack/react-query"
import type { RecentChange } from "../../api/Client.ts"
import * as Queries from "../../api/Queries.ts"
import { useTexts } from "../../texts/Texts.ts"

/** Says of what a change was: of memories by the first title, of projects by their names. */
export const useSubject = () => {
  const t = useTexts()
  const { data = [] } = useQuery(Queries.projects)
  const names = new Map(
    data.flatMap(({ id, merged, name }) =>
      [[id, name], ...merged.map((each) => [each.id, each.name] as const)] as const
    )
  )
  const nameOf = (id: string) => names.get(id) ?? id
  return ({ merged, messages, named: [first], units }: RecentChange): string =>
    merged !== null
      ? t.changes.merge(nameOf(merged.from), nameOf(merged.into))
      : first === undefined
      ? t.changes.said(messages)
      : t.named(first.title, units - 1)
}
