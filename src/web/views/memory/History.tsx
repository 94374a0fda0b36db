import { useQuery } from "@tanstack/react-query"
import { diffWordsWithSpace } from "diff"
import { Fragment, type ReactNode } from "react"
import type { History as Data } from "../../api/Client.ts"
import * as Queries from "../../api/Queries.ts"
import { Answer } from "../../parts/Answer.tsx"
import { At } from "../../parts/Words.tsx"
import { useTexts } from "../../texts/Texts.ts"
import css from "./Memory.module.css"

type Operation = Data["operations"][number]

/** Two texts as one, with what was taken out and what came in. */
const Difference = ({ after, before }: { readonly before: string; readonly after: string }) => (
  <p className={css["difference"]}>
    {diffWordsWithSpace(before, after).map(({ added, removed, value }, i) =>
      added ? <ins key={i}>{value}</ins> : removed ? <del key={i}>{value}</del> : <Fragment key={i}>{value}</Fragment>
    )}
  </p>
)

type Note = Operation["after"]["feedback"][number]

const isSame = (a: Note, b: Note): boolean => a.helps === b.helps && a.words.join(" ") === b.words.join(" ")

const Change = (
  { derived, operation: { after, before } }: { readonly derived: Data["derived"]; readonly operation: Operation }
) => {
  const t = useTexts()
  const text = (name: "content" | "title" | "type"): ReactNode => {
    const [old, now] = [before[name] ?? derived?.[name] ?? "", after[name] ?? derived?.[name] ?? ""]
    return old === now ? null : <Difference key={name} before={old} after={now} />
  }
  const said = after.feedback.filter((note) => !before.feedback.some((other) => isSame(note, other)))
  return (
    <>
      {text("title")}
      {text("type")}
      {text("content")}
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

/** What was changed of a memory, by whom and when; the newest change first. */
export const History = ({ id }: { readonly id: string }) => {
  const t = useTexts()
  const history = useQuery(Queries.history(id))
  return (
    <section className={css["part"]}>
      <h3>{t.memory.history}</h3>
      <Answer query={history}>
        {({ derived, operations, unit }) => (
          <ol className={css["history"]}>
            {[...operations].reverse().map((operation) => (
              <li key={`${operation.at} ${operation.kind} ${operation.revision}`} data-undone={operation.isUndone}>
                <p className={css["meta"]}>
                  <At at={operation.at} />
                  <span>{operation.kind === "undo" ? t.memory.undone : t.memory.changedBy(operation.actor)}</span>
                  {operation.isUndone && <span>{t.memory.undoneSince}</span>}
                </p>
                {operation.kind !== "undo" && <Change derived={derived} operation={operation} />}
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
