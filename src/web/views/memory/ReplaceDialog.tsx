import { useQuery } from "@tanstack/react-query"
import { useState } from "react"
import { useEdit } from "../../api/Changes.ts"
import type { Unit } from "../../api/Client.ts"
import * as Queries from "../../api/Queries.ts"
import { Answer, Note } from "../../parts/Answer.tsx"
import { Dialog } from "../../parts/Dialog.tsx"
import parts from "../../parts/parts.module.css"
import { say } from "../../parts/Toasts.tsx"
import { Ago, Inline, Snippet, TypeTag } from "../../parts/Words.tsx"
import { useTexts } from "../../texts/Texts.ts"
import css from "./Memory.module.css"

interface Props {
  readonly unit: Unit
  readonly etag: string
  readonly onClose: () => void
}

/** Lets a person choose the memory that holds in place of this one. It offers first what says something like it. */
export const ReplaceDialog = ({ etag, onClose, unit }: Props) => {
  const t = useTexts()
  const edit = useEdit()
  const [text, setText] = useState("")
  const filters = { projects: [unit.projectId], types: [], since: undefined, until: undefined, files: [], branches: [] }
  const found = useQuery(Queries.search(text.trim() === "" ? unit.title : text.trim(), filters, 12))
  const choose = (replacedBy: string) =>
    edit.mutate({ id: unit.id, etag, change: { replacedBy } }, {
      onSuccess: () => {
        say(t.memory.replaced)
        onClose()
      }
    })
  return (
    <Dialog title={t.memory.replaceTitle} onClose={onClose}>
      <p className={css["quiet"]}>{t.memory.replaceHint}</p>
      <input
        className={parts["input"]}
        type="search"
        autoFocus
        value={text}
        aria-label={t.search.ask}
        placeholder={t.search.ask}
        onChange={(event) => setText(event.target.value)}
      />
      {edit.error !== null && <Note kind="problem">{edit.error.message}</Note>}
      <Answer query={found}>
        {({ results }) => (
          <ul className={css["choices"]}>
            {results.filter((each) => each.unit.id !== unit.id).map(({ excerpt, title, unit }) => (
              <li key={unit.id}>
                <button type="button" onClick={() => choose(unit.id)} disabled={edit.isPending}>
                  <span className={css["meta"]}>
                    <TypeTag type={unit.type} />
                    <Ago at={unit.occurredAt} />
                  </span>
                  <strong>
                    <Inline {...title} />
                  </strong>
                  <span className={css["short"]}>
                    <Snippet {...excerpt} />
                  </span>
                </button>
              </li>
            ))}
          </ul>
        )}
      </Answer>
    </Dialog>
  )
}
