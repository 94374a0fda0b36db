import { useQuery } from "@tanstack/react-query"
import { useState } from "react"
import { isStale, useReplace, useRewrite } from "../../api/Changes.ts"
import type { Unit } from "../../api/Client.ts"
import * as Queries from "../../api/Queries.ts"
import { Answer, Note } from "../../parts/Answer.tsx"
import { Button } from "../../parts/Button.tsx"
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

/** What was written in place of a memory and not saved, by the id of that. */
const unsaved = new Map<string, string>()

/** Lets a person write the memory that holds in place of another one. */
const Written = ({ etag, onClose, unit }: Props) => {
  const t = useTexts()
  const rewrite = useRewrite(unit, {
    isUnsaved: () => unsaved.has(unit.id),
    onClose,
    onSaved: () => {
      unsaved.delete(unit.id)
      say(t.memory.replaced)
    }
  })
  const [content, setContent] = useState(unsaved.get(unit.id) ?? "")
  const save = () => rewrite.save({ etag, content: content.trim() })
  return (
    <form
      className={css["written"]}
      onSubmit={(event) => {
        event.preventDefault()
        save()
      }}
    >
      <label className={parts["field"]}>
        <span>{t.memory.writeInstead}</span>
        <textarea
          className={parts["input"]}
          value={content}
          rows={3}
          readOnly={rewrite.isSaving}
          onChange={({ target: { value } }) => {
            setContent(value)
            unsaved.set(unit.id, value)
          }}
        />
      </label>
      {rewrite.error !== null && (
        <Note kind="problem">{isStale(rewrite.error) ? t.memory.changedMeanwhile : rewrite.error.message}</Note>
      )}
      <div className={css["actions"]}>
        <Button type="submit" kind="primary" isDisabled={content.trim() === "" || rewrite.isSaving}>
          {t.memory.saveInstead}
        </Button>
      </div>
    </form>
  )
}

/** Lets a person choose the memory that holds in place of this one, or write it. It offers first what says something like it. */
export const ReplaceDialog = ({ etag, onClose, unit }: Props) => {
  const t = useTexts()
  const replace = useReplace()
  const [text, setText] = useState("")
  const filters = { projects: [unit.projectId], types: [], since: undefined, until: undefined, files: [], branches: [] }
  const found = useQuery(Queries.search(text.trim() === "" ? unit.title : text.trim(), filters, 12))
  const choose = (replacedBy: string) =>
    replace.mutate({ id: unit.id, etag, change: { replacedBy } }, {
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
      {replace.error !== null && (
        <Note kind="problem">{isStale(replace.error) ? t.memory.changedMeanwhile : replace.error.message}</Note>
      )}
      <Answer query={found}>
        {({ results }) => (
          <ul className={css["choices"]}>
            {results.filter((each) => each.unit.id !== unit.id).map(({ excerpt, title, unit }) => (
              <li key={unit.id}>
                <button type="button" onClick={() => choose(unit.id)} disabled={replace.isPending}>
                  <span className={css["meta"]}>
                    <TypeTag type={unit.type} />
                    <Ago at={unit.occurredAt} />
                  </span>
                  <strong dir="auto">
                    <Inline {...title} />
                  </strong>
                  <span className={css["short"]} dir="auto">
                    <Snippet {...excerpt} />
                  </span>
                </button>
              </li>
            ))}
          </ul>
        )}
      </Answer>
      <Written unit={unit} etag={etag} onClose={onClose} />
    </Dialog>
  )
}
