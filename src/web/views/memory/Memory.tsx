/**
 * A memory: what it says, where it comes from, what was changed of it, and what can be done with it.
 */
import { useQuery } from "@tanstack/react-query"
import { type ReactNode, useEffect, useRef, useState } from "react"
import { useKeep, usePin, useReplace } from "../../api/Changes.ts"
import type { UnitView } from "../../api/Client.ts"
import * as Queries from "../../api/Queries.ts"
import { Answer, Note } from "../../parts/Answer.tsx"
import { Back } from "../../parts/Back.tsx"
import { Button } from "../../parts/Button.tsx"
import { Copy, useCopy } from "../../parts/Copy.tsx"
import { useForgetting } from "../../parts/Forgetting.tsx"
import { Icon } from "../../parts/Icon.tsx"
import { Link } from "../../parts/Link.tsx"
import { ProjectName } from "../../parts/ProjectName.tsx"
import { Ago, At, Inline, Prose, TypeTag } from "../../parts/Words.tsx"
import { addressOf, goBack } from "../../state/Address.ts"
import { draftOf, dropDraft } from "../../state/Drafts.ts"
import { focusItem, ofMemory, useKeys, useMemoryKeys } from "../../state/Keys.ts"
import { useFormat, useTexts } from "../../texts/Texts.ts"
import { MessageText } from "../sessions/MessageText.tsx"
import { EditForm } from "./EditForm.tsx"
import { editedIn, History } from "./History.tsx"
import css from "./Memory.module.css"
import { ReplaceDialog } from "./ReplaceDialog.tsx"

type Seen = UnitView & { readonly etag: string }

const Fact = ({ children, name }: { readonly name: string; readonly children: ReactNode }) => (
  <div>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </div>
)

const Facts = ({ aim, resume, session, transcripts, unit }: Seen) => {
  const t = useTexts()
  const format = useFormat()
  return (
    <dl className={css["facts"]}>
      {session !== null && (
        <Fact name={t.memory.session}>
          <Link
            className={css["inner"]}
            dir="auto"
            href={`${addressOf({ name: "session", id: session.id })}?at=${unit.passages[0]?.uuid ?? ""}`}
          >
            <Inline text={aim ?? session.id.slice(0, 8)} />
          </Link>
          <At at={session.startedAt} />
          {session.branch !== null && (
            <span className={css["branch"]}>
              <Icon name="branch" />
              {session.branch}
            </span>
          )}
        </Fact>
      )}
      {resume !== null && (
        <Fact name={t.memory.resume}>
          <Copy text={resume} />
        </Fact>
      )}
      {unit.files.length > 0 && (
        <Fact name={t.memory.files}>
          <ul className={css["files"]}>
            {unit.files.map((file) => (
              <li key={file}>
                <Link href={addressOf({ name: "search" }, { file })} title={t.memory.ofFile(file)}>
                  <code>{file}</code>
                </Link>
              </li>
            ))}
          </ul>
        </Fact>
      )}
      {unit.keywords.length > 0 && (
        <Fact name={t.memory.keywords}>
          <span className={css["words"]}>
            {unit.keywords.map((word) => (
              <Link key={word} href={addressOf({ name: "search" }, { q: word })}>{word}</Link>
            ))}
          </span>
        </Fact>
      )}
      <Fact name={t.memory.numbers}>
        {t.memory.size(format.number(unit.tokens))}
      </Fact>
      <Fact name={t.memory.id}>
        <Copy text={unit.id} name={unit.id.slice(0, 8)} />
      </Fact>
      {transcripts.length > 0 && (
        <Fact name={t.memory.transcript}>
          {transcripts.map((path) => <code key={path} className={css["path"]}>{path}</code>)}
        </Fact>
      )}
    </dl>
  )
}

const Source = ({ isPane, letGoAt, messages, unit }: Seen & { readonly isPane: boolean }) => {
  const t = useTexts()
  const format = useFormat()
  if (messages.length === 0 && letGoAt === null) return null
  const Heading = isPane ? "h3" : "h2"
  const cited = new Set([...unit.passages.map(({ uuid }) => uuid), ...unit.also])
  return (
    <section className={css["part"]}>
      <Heading>{t.memory.source(messages.length)}</Heading>
      <ol className={css["source"]}>
        {messages.map((message) => (
          <li key={message.uuid} data-cited={cited.has(message.uuid)}>
            <MessageText message={message} isOpen />
          </li>
        ))}
      </ol>
      {letGoAt !== null && <Note>{t.memory.letGo(format.date(letGoAt))}</Note>}
    </section>
  )
}

interface Props {
  /** Id of the memory, or the beginning of it. */
  readonly id: string
  readonly isPane?: boolean
  /** Called when the memory is forgotten, in place of going back. */
  readonly onForgotten?: (() => void) | undefined
}

/** A key that changes a memory, pressed at a time (as of `performance.now`). */
interface Pressed {
  readonly key: "e" | "p" | "r" | "x" | "y"
  readonly at: number
}

/** Milliseconds for which a key is remembered that was pressed before its memory was there. */
const LATE_MS = 5_000

interface WholeProps extends Props {
  readonly seen: Seen
  readonly pressed: Pressed | undefined
}

const Whole = ({ id, isPane = false, onForgotten, pressed, seen }: WholeProps) => {
  const t = useTexts()
  const { unit } = seen
  const [open, setOpen] = useState<"edit" | "replace" | "title" | undefined>(
    draftOf(unit.id) === undefined ? undefined : "edit"
  )
  const hasHistory = unit.revision !== undefined || unit.kept === true
  const edited = editedIn(seen, useQuery({ ...Queries.history(unit.id), enabled: hasHistory }).data)
  const pin = usePin()
  const keep = useKeep()
  const replace = useReplace()
  const copy = useCopy()
  const keepIt = () => keep({ unit, isOff: unit.kept === true })
  const pinIt = () => pin({ unit, pinned: !unit.pinned })
  const { forget, question } = useForgetting(() => {
    dropDraft(unit.id)
    if (onForgotten !== undefined) onForgotten()
    else goBack("search")
  })
  const article = useRef<HTMLElement>(null)
  const act = ({ key }: Pressed) => {
    if (key === "e") {
      setOpen("edit")
      // An earlier edit that is open already.
      article.current?.querySelector("textarea")?.focus()
    } else if (key === "r") setOpen("replace")
    else if (key === "p") pinIt()
    else if (key === "y") keepIt()
    // A key that was meant for another place forgets nothing.
    else void forget(unit, true)
  }
  // Its keys are heard while it has the focus, on a page that was opened by its address too. The frame looks for the heading before it is there.
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    if (!isPane && document.activeElement === document.body) heading.current?.focus()
  }, [isPane])
  // What had the focus in a form that is left is gone, too.
  const isEditing = open === "edit" || open === "title"
  const wasEditing = useRef(isEditing)
  useEffect(() => {
    const isLeft = wasEditing.current && !isEditing
    wasEditing.current = isEditing
    if (!isLeft || document.activeElement !== document.body) return
    if (isPane) focusItem(addressOf({ name: "memory", id }))
    else heading.current?.focus()
  }, [isEditing, isPane, id])
  const acted = useRef<Pressed>(undefined)
  useEffect(() => {
    if (pressed === undefined || pressed === acted.current) return
    acted.current = pressed
    if (performance.now() - pressed.at < LATE_MS) act(pressed)
  })
  const close = () => setOpen(undefined)
  const Title = isPane ? "h2" : "h1"
  return (
    <article ref={article} className={css["memory"]} data-pane={isPane} {...ofMemory(id)}>
      <header className={css["head"]}>
        <p className={css["meta"]}>
          <TypeTag type={unit.type} />
          <Link href={addressOf({ name: "search" }, { project: unit.projectId })}>
            <ProjectName id={unit.projectId} />
          </Link>
          <span>
            <At at={unit.occurredAt} /> · <Ago at={unit.occurredAt} />
          </span>
          {edited.at !== undefined && (
            <span>
              {t.memory.edited} <Ago at={edited.at} />
            </span>
          )}
          {seen.savedBy !== null && <span>{t.memory.savedBy(seen.savedBy)}</span>}
        </p>
        <Title ref={heading} className={css["title"]} tabIndex={-1} dir="auto">
          {isPane
            ? (
              <Link href={addressOf({ name: "memory", id: unit.id })}>
                <Inline text={unit.title} />
              </Link>
            )
            : <Inline text={unit.title} />}
        </Title>
        {edited.isTitleOld && open === undefined && (
          <p className={css["old"]}>
            {t.memory.titleOld}
            <Button kind="ghost" icon="edit" onClick={() => setOpen("title")}>{t.memory.editTitle}</Button>
          </p>
        )}
        <div className={css["actions"]} role="toolbar" aria-label={t.memory.actions}>
          <Button icon="edit" keyName="e" onClick={() => setOpen("edit")}>{t.memory.edit}</Button>
          <Button
            icon="pin"
            keyName="p"
            isPressed={unit.pinned}
            onClick={pinIt}
          >
            {unit.pinned ? t.memory.unpin : t.memory.pin}
          </Button>
          <Button icon="keep" keyName="y" isPressed={unit.kept === true} onClick={keepIt}>
            {unit.kept === true ? t.memory.keepNoMore : t.memory.keep}
          </Button>
          <Button icon="replace" keyName="r" onClick={() => setOpen("replace")}>{t.memory.replace}</Button>
          <Button icon="copy" onClick={() => copy(`${unit.title}\n\n${unit.content}`)}>{t.memory.copy}</Button>
          <Button icon="least" kind="danger" keyName="x" onClick={() => void forget(unit)}>{t.memory.forget}</Button>
        </div>
      </header>
      {unit.pinned && (
        <p className={css["hint"]}>
          <Icon name="pin" />
          {t.memory.pinnedHint}
        </p>
      )}
      {unit.kept === true && (
        <p className={css["hint"]}>
          <Icon name="keep" />
          {t.memory.keptHint}
        </p>
      )}
      {unit.replacedBy !== undefined && (
        <Note kind={seen.replacement === null ? "plain" : "warn"}>
          {seen.replacement === null ? t.memory.replacementGone : (
            <>
              {t.memory.replacedBy}{" "}
              <Link className={css["inner"]} href={addressOf({ name: "memory", id: seen.replacement.id })} dir="auto">
                <Inline text={seen.replacement.title} />
              </Link>
            </>
          )}{" "}
          <Button
            kind="ghost"
            icon="undo"
            onClick={() => replace.mutate({ id: unit.id, etag: seen.etag, change: { replacedBy: null } })}
          >
            {t.memory.holdsAgain}
          </Button>
        </Note>
      )}
      {isEditing
        ? (
          <EditForm
            unit={unit}
            etag={seen.etag}
            isTitleFirst={open === "title"}
            isTitleKept={edited.isTitleKept}
            onClose={close}
          />
        )
        : (
          <div className={css["content"]}>
            <Prose text={unit.content} />
          </div>
        )}
      <Facts {...seen} />
      <Source {...seen} isPane={isPane} />
      {hasHistory && <History id={unit.id} isPane={isPane} />}
      {question}
      {open === "replace" && <ReplaceDialog unit={unit} etag={seen.etag} onClose={close} />}
    </article>
  )
}

/** A memory. Its keys are heard from the beginning, also while it is still asked for. */
export const Memory = ({ id, isPane = false, onForgotten }: Props) => {
  const t = useTexts()
  const seen = useQuery(Queries.unit(id))
  const [pressed, setPressed] = useState<Pressed>()
  const press = (key: Pressed["key"]) => () => setPressed({ key, at: performance.now() })
  useMemoryKeys({ e: press("e"), p: press("p"), r: press("r"), x: press("x"), y: press("y") }, id)
  useKeys({
    Escape: () => {
      if (!isPane) goBack("search")
    }
  })
  return (
    <div className={isPane ? css["pane"] : css["page"]}>
      {!isPane && (
        <p className={css["back"]}>
          <Back to="search" />
        </p>
      )}
      <Answer
        query={seen}
        heading={isPane ? undefined : t.memory.name}
        isKept={seen.data !== undefined && draftOf(seen.data.unit.id) !== undefined}
      >
        {(data) => <Whole id={id} seen={data} isPane={isPane} onForgotten={onForgotten} pressed={pressed} />}
      </Answer>
    </div>
  )
}
