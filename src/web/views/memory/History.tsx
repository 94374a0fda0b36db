import { useQuery } from "@tanstack/react-query"
import { Fragment } from "react"
import type { History as Data, UnitView } from "../../api/Client.ts"
import * as Queries from "../../api/Queries.ts"
import { Answer } from "../../parts/Answer.tsx"
import { At } from "../../parts/Words.tsx"
import { useTexts } from "../../texts/Texts.ts"
import css from "./Memory.module.css"

type Operation = Data["operations"][number]

type Change = Operation["differences"][number]

/** How a text was changed, below its name: with what was taken out and what came in. */
const Difference = ({ name, parts }: Pick<Change, "parts"> & { readonly name: string }) => (
  <>
    <p className={css["meta"]}>{name}</p>
    <p className={css["difference"]} dir="auto">
      {parts.map(({ kind, text }, i) =>
        kind === "added"
          ? <ins key={i}>{text}</ins>
          : kind === "removed"
          ? <del key={i}>{text}</del>
          : <Fragment key={i}>{text}</Fragment>
      )}
    </p>
  </>
)

/** Tests whether a change says all that another says: of a short memory, title and text are the same words. */
const isSaidBy = (one: Change | undefined, { parts }: Change): boolean =>
  JSON.stringify(one?.parts) === JSON.stringify(parts)

type Note = Operation["after"]["feedback"][number]

const isSame = (a: Note, b: Note): boolean => a.helps === b.helps && a.words.join(" ") === b.words.join(" ")

const Changed = ({ operation: { after, before, differences } }: { readonly operation: Operation }) => {
  const t = useTexts()
  const names = { title: t.memory.title, type: t.filters.type, content: t.memory.text }
  const content = differences.find(({ field }) => field === "content")
  const said = after.feedback.filter((note) => !before.feedback.some((other) => isSame(note, other)))
  return (
    <>
      {differences.filter((each) => each.field !== "title" || !isSaidBy(content, each)).map(({ field, parts }) => (
        <Difference key={field} name={names[field]} parts={parts} />
      ))}
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
                {operation.kind !== "undo" && <Changed operation={operation} />}
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
