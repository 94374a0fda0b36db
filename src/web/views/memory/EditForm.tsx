import { useState } from "react"
import { isStale, useEdit } from "../../api/Changes.ts"
import type { EditBody, Unit, UnitType } from "../../api/Client.ts"
import { Note } from "../../parts/Answer.tsx"
import { Button } from "../../parts/Button.tsx"
import { TYPES } from "../../parts/Filters.tsx"
import parts from "../../parts/parts.module.css"
import { useTexts } from "../../texts/Texts.ts"
import css from "./Memory.module.css"

interface Props {
  readonly unit: Unit
  /** Revision that is changed. */
  readonly etag: string
  readonly onClose: () => void
}

/** Changes the words and the type of a memory. A change by someone else meanwhile is not overwritten. */
export const EditForm = ({ etag, onClose, unit }: Props) => {
  const t = useTexts()
  const edit = useEdit()
  // The revision that the form began with: the answer behind it may be a newer one by now.
  const [seen] = useState(etag)
  const [title, setTitle] = useState(unit.title)
  const [content, setContent] = useState(unit.content)
  const [type, setType] = useState<UnitType>(unit.type)
  const change: EditBody = {
    ...(title === unit.title ? {} : { title }),
    ...(content === unit.content ? {} : { content }),
    ...(type === unit.type ? {} : { type })
  }
  const hasChanged = Object.keys(change).length > 0
  const save = () => {
    if (!hasChanged) return onClose()
    edit.mutate({ id: unit.id, etag: seen, change }, { onSuccess: onClose })
  }
  return (
    <form
      className={css["form"]}
      aria-label={t.memory.edit}
      onSubmit={(event) => {
        event.preventDefault()
        save()
      }}
      onKeyDown={(event) => {
        if (event.key === "Escape") {
          event.stopPropagation()
          onClose()
        } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) save()
      }}
    >
      <label className={parts["field"]}>
        <span>{t.memory.title}</span>
        <input
          className={parts["input"]}
          value={title}
          maxLength={200}
          onChange={(event) => setTitle(event.target.value)}
        />
        {content !== unit.content && title === unit.title && <span className={css["hint"]}>{t.memory.titleHint}</span>}
      </label>
      <label className={parts["field"]}>
        <span>{t.memory.text}</span>
        <textarea
          className={parts["input"]}
          value={content}
          autoFocus
          rows={8}
          onChange={(event) => setContent(event.target.value)}
        />
      </label>
      <label className={parts["field"]}>
        <span>{t.filters.type}</span>
        <select className={parts["input"]} value={type} onChange={(event) => setType(event.target.value as UnitType)}>
          {TYPES.map((each) => <option key={each} value={each}>{t.types[each]}</option>)}
        </select>
      </label>
      {edit.error !== null && (
        <Note kind="problem">{isStale(edit.error) ? t.memory.changedMeanwhile : edit.error.message}</Note>
      )}
      <div className={css["actions"]}>
        <Button type="submit" kind="primary" isDisabled={!hasChanged || edit.isPending}>{t.memory.save}</Button>
        <Button onClick={onClose}>{t.cancel}</Button>
        <span className={css["keys"]}>{t.memory.saveKeys}</span>
      </div>
    </form>
  )
}
