import { useEffect, useId, useRef, useState } from "react"
import { isStale, useEdit } from "../../api/Changes.ts"
import type { EditBody, Unit, UnitType } from "../../api/Client.ts"
import { Note } from "../../parts/Answer.tsx"
import { Button } from "../../parts/Button.tsx"
import { TYPES } from "../../parts/Filters.tsx"
import parts from "../../parts/parts.module.css"
import { Question } from "../../parts/Question.tsx"
import { say } from "../../parts/Toasts.tsx"
import { type Draft, draftOf, dropDraft, keepDraft, revisionOf } from "../../state/Drafts.ts"
import { useTexts } from "../../texts/Texts.ts"
import css from "./Memory.module.css"

interface Props {
  readonly unit: Unit
  /** Revision of the unit. */
  readonly etag: string
  /** True where the title is what is to be changed. */
  readonly isTitleFirst: boolean
  /** True where the title stays as it is when only the text is changed. */
  readonly isTitleKept: boolean
  readonly onClose: () => void
}

/** Tells that an edit is kept when its form goes away without having been left: as when another memory is looked at. */
const useKeptDraft = ({ id, title }: Unit) => {
  const t = useTexts()
  const kept = useRef("")
  useEffect(() => {
    kept.current = t.memory.draftKept(title)
  })
  useEffect(() => () => {
    if (draftOf(id) !== undefined) say(kept.current)
  }, [id])
}

/**
 * Changes the words and the type of a memory. A change by someone else meanwhile is not overwritten. Nothing that was typed is thrown away
 * without a question; nothing is typed while it is being saved.
 */
export const EditForm = ({ etag, isTitleFirst, isTitleKept, onClose, unit }: Props) => {
  const t = useTexts()
  const { error, isSaving, save: saveWords } = useEdit(unit.id, onClose)
  // An earlier edit goes on, from the words that it began with: the answer behind it may have others by now.
  const [kept] = useState(() => draftOf(unit.id))
  const [draft, setDraft] = useState<Draft>(() => {
    const { content, title, type } = unit
    return kept ?? { etag, began: { content, title, type }, content, title, type }
  })
  const [isLeaving, setLeaving] = useState(false)
  const { content, title, type } = draft
  const change: EditBody = {
    ...(title === unit.title ? {} : { title }),
    ...(content === unit.content ? {} : { content }),
    ...(type === unit.type ? {} : { type })
  }
  const isTitleOld = isTitleKept && content !== unit.content && title === unit.title
  const hint = useId()
  const hasChanged = Object.keys(change).length > 0
  useEffect(() => {
    if (hasChanged) keepDraft(unit.id, draft)
    else dropDraft(unit.id)
  }, [unit.id, draft, hasChanged])
  useKeptDraft(unit)
  const write = (words: Partial<Draft>) => setDraft((draft) => ({ ...draft, ...words }))
  const close = () => {
    dropDraft(unit.id)
    onClose()
  }
  const leave = () => hasChanged ? setLeaving(true) : close()
  const save = () => {
    if (!hasChanged && !isSaving) return close()
    saveWords({ etag: revisionOf(draft, unit, etag), change })
  }
  return (
    <>
      <form
        className={css["form"]}
        aria-label={t.memory.edit}
        onSubmit={(event) => {
          event.preventDefault()
          save()
        }}
        onKeyDown={(event) => {
          if (event.nativeEvent.isComposing) return
          if (event.key === "Escape") {
            event.stopPropagation()
            // The browser would close the question with the same key.
            event.preventDefault()
            leave()
          } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) save()
        }}
      >
        <label className={parts["field"]}>
          <span>{t.memory.title}</span>
          <input
            className={parts["input"]}
            dir="auto"
            value={title}
            maxLength={200}
            readOnly={isSaving}
            autoFocus={kept === undefined && isTitleFirst}
            aria-describedby={isTitleOld ? hint : undefined}
            onChange={(event) => write({ title: event.target.value })}
          />
        </label>
        {isTitleOld && <p id={hint} className={css["hint"]}>{t.memory.titleHint}</p>}
        <label className={parts["field"]}>
          <span>{t.memory.text}</span>
          <textarea
            className={parts["input"]}
            dir="auto"
            value={content}
            autoFocus={kept === undefined && !isTitleFirst}
            rows={8}
            readOnly={isSaving}
            onChange={(event) => write({ content: event.target.value })}
          />
        </label>
        <label className={parts["field"]}>
          <span>{t.filters.type}</span>
          <select
            className={parts["input"]}
            value={type}
            onChange={(event) => isSaving || write({ type: event.target.value as UnitType })}
          >
            {TYPES.filter((each) => each !== "archive" || unit.type === each).map((each) => (
              <option key={each} value={each}>{t.types[each]}</option>
            ))}
          </select>
        </label>
        {error !== null && <Note kind="problem">{isStale(error) ? t.memory.changedMeanwhile : error.message}</Note>}
        <div className={css["actions"]}>
          <Button type="submit" kind="primary" isDisabled={!hasChanged}>{t.memory.save}</Button>
          <Button onClick={leave}>{t.cancel}</Button>
          <span className={css["keys"]}>{t.memory.saveKeys}</span>
        </div>
      </form>
      {isLeaving && (
        <Question
          title={t.memory.discardTitle}
          agree={t.memory.discard}
          goOn={t.memory.editOn}
          onAgreed={close}
          onClose={() => setLeaving(false)}
        >
          <p>{t.memory.discardHint}</p>
        </Question>
      )}
    </>
  )
}
