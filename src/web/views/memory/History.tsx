import { useQuery } from "@tanstack/react-query"
import { Fragment } from "react"
import type { History as Data, UnitView } from "../../api/Client.ts"
import * as Queries from "../../api/Queries.ts"
import { Answer } from "../../parts/Answer.tsx"
import { At } from "../../parts/Words.tsx"
import { useTexts } from "../../texts/Texts.ts"
import css from "./Memory.module.css"

type Operation = Data["operations"][number]

/** A text's change, with what was taken out and what came in. */
const Difference = ({ parts }: { readonly parts: Operation["differences"][number]["parts"] }) => (
  <p className={css["difference"]} dir="auto">
    {parts.map(({ kind, text }, i) =>
      kind === "added"
        ? <ins key={i}>{text}</ins>
        : kind === "removed"
        ? <del key={i}>{text}</del>
        : <Fragment key={i}>{text}</Fragment>
    )}
  </p>
)

type Note = Operation["after"]["feedback"][number]

const isSame = (a: Note, b: Note): boolean => a.helps === b.helps && a.words.join(" ") === b.words.join(" ")

const Change = ({ operation: { after, before, differences } }: { readonly operation: Operation }) => {
  const t = useTexts()
  const said = after.feedback.filter((note) => !before.feedback.some((other) => isSame(note, other)))
  return (
    <>
      {differences.map(({ field, parts }) => <Difference key={field} parts={parts} />)}
      {before.pinned !== after.pinned && <p>{after.pinned ? t.memory.pinnedNow : t.memory.unpinnedNow}</p>}
      {before.kept !== after.kept && <p>{after.kept ? t.memory.keptNow : t.memory.keptNoMore}</p>}
      {before.replacedBy !== after.replacedBy && (
        <p>
          {after.replacedBy === null ? t.memory.heldAgain : `${t.memory.replacedBy} ${after.replacedBy.slice(0, 8)}`}
        </p>
      )}
      {said.map(({ helps }, i) => <p key={i}>{helps ? t.memory.helps : t.memory.helpsNot}</p>)}
      {after.feedback.length < before.feedback.length && <p>{t.memory.feedbackTakenBack}</p>}
      {after.uses > before.uses && <p>{t.memory.usedNow(after.uses)}</p>}
    </>
  )
}

/**
 * Tells when the words of a memory were edited last, if they were, and whether its title stays when its text is edited: that of a session's
 * summary does, and one that somebody gave it; another one follows the text.
 */
export const editedIn = (
  { savedBy, unit }: Pick<UnitView, "savedBy" | "unit">,
  history: Pick<Data, "derived" | "operations"> | undefined
): { readonly at: number | undefined; readonly isTitleKept: boolean; readonly isTitleOld: boolean } => {
  const edits =
    history?.operations.filter(({ differences, isUndone, kind }) =>
      kind === "edit" && !isUndone && differences.length > 0
    ) ?? []
  const lastOf = (field: string) =>
    edits.findLastIndex(({ differences }) => differences.some((each) => each.field === field))
  const { content, title, type } = history?.derived ?? unit
  const isNamed = savedBy !== null && !content.startsWith(title.replace(/…$/, ""))
  const isTitleKept = type === "archive" || isNamed || lastOf("title") >= 0
  return { at: edits.at(-1)?.at, isTitleKept, isTitleOld: isTitleKept && lastOf("content") > lastOf("title") }
}

/** What was changed of a memory, by whom and when; the newest change first. */
export const History = ({ id, isPane }: { readonly id: string; readonly isPane: boolean }) => {
  const t = useTexts()
  const history = useQuery(Queries.history(id))
  const Heading = isPane ? "h3" : "h2"
  return (
    <section className={css["part"]}>
      <Heading>{t.memory.history}</Heading>
      <Answer query={history}>
        {({ operations, unit }) => (
          <ol className={css["history"]}>
            {[...operations].reverse().map((operation) => (
              <li key={`${operation.at} ${operation.kind} ${operation.revision}`} data-undone={operation.isUndone}>
                <p className={css["meta"]}>
                  <At at={operation.at} />
                  <span>{operation.kind === "undo" ? t.memory.undone : t.memory.changedBy(operation.actor)}</span>
                  {operation.isUndone && <span>{t.memory.undoneSince}</span>}
                </p>
                {operation.kind !== "undo" && <Change operation={operation} />}
              </li>
            ))}
            <li>
              <p className={css["meta"]}>
                <At at={unit.createdAt} />
                <span>{t.memory.made}</span>
              </p>
            </li>
          </ol>
        )}
      </Answer>
    </section>
  )
}
