/**
 * What was changed and forgotten in the last seven days, each with what undoes it.
 */
import { useQuery } from "@tanstack/react-query"
import { useUndo } from "../../api/Changes.ts"
import type { RecentChange } from "../../api/Client.ts"
import * as Queries from "../../api/Queries.ts"
import { Answer, Empty } from "../../parts/Answer.tsx"
import { Button } from "../../parts/Button.tsx"
import { Link } from "../../parts/Link.tsx"
import { At } from "../../parts/Words.tsx"
import { addressOf } from "../../state/Address.ts"
import { useRowFocus } from "../../state/Keys.ts"
import { useFormat, useTexts } from "../../texts/Texts.ts"
import css from "./Least.module.css"
import { useSubject } from "./subject.ts"

const Row = ({ change, subject }: { readonly change: RecentChange; readonly subject: string }) => {
  const t = useTexts()
  const format = useFormat()
  const undo = useUndo()
  const { actor, at, kind, named: [first], operation, until } = change
  return (
    <li className={css["row"]}>
      <div className={css["what"]}>
        <p className={css["meta"]}>
          <At at={at} />
          <span>{t.changes.kinds[kind]}{actor === "claude" && ` · ${t.changes.byClaude}`}</span>
          <span>{t.changes.until(format.minute(until))}</span>
        </p>
        {first === undefined || kind === "forget"
          ? <span className={css["subject"]} dir="auto">{subject}</span>
          : (
            <Link className={css["title"]} dir="auto" href={addressOf({ name: "memory", id: first.id })}>
              {subject}
            </Link>
          )}
      </div>
      <Button icon="undo" onClick={() => undo({ operation })} label={t.changes.undoIt(subject)}>{t.undo.name}</Button>
    </li>
  )
}

export const Changes = () => {
  const t = useTexts()
  const changes = useQuery(Queries.changes)
  const subjectOf = useSubject()
  const rows = useRowFocus()
  return (
    <div className={css["page"]}>
      <header>
        <h1 tabIndex={-1}>{t.changes.title}</h1>
        <p className={css["quiet"]}>{t.changes.hint}</p>
      </header>
      <Answer query={changes}>
        {(all) =>
          all.length === 0
            ? <Empty title={t.changes.none} />
            : (
              <ol {...rows}>
                {all.map((change) => <Row key={change.operation} change={change} subject={subjectOf(change)} />)}
              </ol>
            )}
      </Answer>
    </div>
  )
}
