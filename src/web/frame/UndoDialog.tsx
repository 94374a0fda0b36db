import { Button } from "../parts/Button.tsx"
import { Dialog } from "../parts/Dialog.tsx"
import { Ago, At, TypeTag } from "../parts/Words.tsx"
import { offerUndo, useOffer } from "../state/Undoing.ts"
import { useTexts } from "../texts/Texts.ts"
import css from "./Frame.module.css"

/** Memories that are named. */
const NAMED = 5

/** Says what would be undone, who did it and when, before it is: it need not be what this person did last. */
export const UndoDialog = () => {
  const t = useTexts()
  const offer = useOffer()
  if (offer === undefined) return null
  const { actor, at, count, kind, projects: [from = "", into = ""], units } = offer.undoable
  const close = () => offerUndo(undefined)
  const undo = () => {
    close()
    offer.undo()
  }
  return (
    <Dialog
      title={t.undo.title}
      onClose={close}
      foot={
        <>
          <Button onClick={close}>{t.cancel}</Button>
          <Button kind="primary" icon="undo" isFirst onClick={undo}>{t.undo.name}</Button>
        </>
      }
    >
      <p>
        {kind === "merge"
          ? t.undo.merged(from, into)
          : kind === "forget"
          ? t.undo.forgotten(count)
          : t.undo.changed[kind]}
      </p>
      <p className={css["offered"]}>
        <span>{t.undo.by[actor]}</span> <At at={at} /> <Ago at={at} />
      </p>
      {units.length > 0 && (
        <ul className={css["offeredUnits"]}>
          {units.slice(0, NAMED).map(({ id, title, type }) => (
            <li key={id}>
              <TypeTag type={type} /> {title}
            </li>
          ))}
        </ul>
      )}
      {count > NAMED && <p className={css["offered"]}>{t.undo.more(count - NAMED)}</p>}
      <p className={css["offered"]}>{t.undo.hint}</p>
    </Dialog>
  )
}
