/**
 * The projects: their names, what was merged into them, and whether they are read at all.
 */
import { useQuery } from "@tanstack/react-query"
import { type ReactNode, useState } from "react"
import { useProjectChange } from "../../api/Changes.ts"
import { ask, type Project, send } from "../../api/Client.ts"
import * as Queries from "../../api/Queries.ts"
import { Answer, Empty } from "../../parts/Answer.tsx"
import { Button } from "../../parts/Button.tsx"
import { Dialog } from "../../parts/Dialog.tsx"
import { Link } from "../../parts/Link.tsx"
import parts from "../../parts/parts.module.css"
import { Question } from "../../parts/Question.tsx"
import { say, sayProblem } from "../../parts/Toasts.tsx"
import { Inline } from "../../parts/Words.tsx"
import { addressOf } from "../../state/Address.ts"
import { ITEM, useListKeys, useRowFocus } from "../../state/Keys.ts"
import { useTexts } from "../../texts/Texts.ts"
import css from "./Projects.module.css"

type Format = "lines" | "markdown"

/** Saves what is remembered of a project, or of all, as a file of the browser's. */
const useExport = () => {
  const t = useTexts()
  return async (project: Project | undefined, format: Format) => {
    try {
      const answer = await send("get", "/v1/export", { query: { format, project: [project?.id ?? "all"] } })
      const url = URL.createObjectURL(await answer.blob())
      const link = document.createElement("a")
      link.href = url
      link.download = `${(project?.name ?? "claude-memory").replace(/[^\p{L}\p{N}._-]+/gu, "-")}.${
        format === "lines" ? "jsonl" : "md"
      }`
      link.click()
      URL.revokeObjectURL(url)
      say(t.projects.exported(link.download))
    } catch (error) {
      sayProblem(error)
    }
  }
}

/** Excludes a project, or includes it again; its message takes that back. */
const useExclude = (of: Project) => {
  const t = useTexts()
  const change = useProjectChange()
  const exclude = (isExcluded: boolean, toast?: number) =>
    change({
      run: () => ask("post", "/v1/projects/exclude", { body: { project: of.id, isExcluded } }),
      done: isExcluded ? t.projects.excludedNow(of.name) : t.projects.includedNow(of.name),
      ...(toast === undefined ? { back: (toast: number) => exclude(!isExcluded, toast) } : { toast })
    })
  return exclude
}

const RenameDialog = ({ of, onClose }: { readonly of: Project; readonly onClose: () => void }) => {
  const t = useTexts()
  const change = useProjectChange()
  const [name, setName] = useState(of.name)
  const rename = () => {
    change({
      run: () => ask("post", "/v1/projects/rename", { body: { project: of.id, name: name.trim() } }),
      done: t.projects.renamed(name.trim())
    })
    onClose()
  }
  return (
    <Dialog title={t.projects.renameTitle(of.name)} onClose={onClose}>
      <form
        className={css["form"]}
        onSubmit={(event) => {
          event.preventDefault()
          if (name.trim() !== "") rename()
        }}
      >
        <label className={parts["field"]}>
          <span>{t.projects.name}</span>
          <input
            className={parts["input"]}
            autoFocus
            value={name}
            maxLength={100}
            onChange={(event) => setName(event.target.value)}
          />
        </label>
        <div className={css["actions"]}>
          <Button type="submit" kind="primary" isDisabled={name.trim() === "" || name.trim() === of.name}>
            {t.projects.rename}
          </Button>
          <Button onClick={onClose}>{t.cancel}</Button>
        </div>
      </form>
    </Dialog>
  )
}

interface MergeProps {
  readonly of: Project
  readonly others: ReadonlyArray<Project>
  readonly onClose: () => void
}

const MergeDialog = ({ of, onClose, others }: MergeProps) => {
  const t = useTexts()
  const change = useProjectChange()
  const [into, setInto] = useState("")
  const target = others.find(({ id }) => id === into)
  return (
    <Dialog title={t.projects.mergeTitle(of.name)} onClose={onClose}>
      <form
        className={css["form"]}
        onSubmit={(event) => {
          event.preventDefault()
          if (target === undefined) return
          change({
            run: () => ask("post", "/v1/projects/merge", { body: { from: [of.id], into: target.id } }),
            done: t.projects.merged(of.name, target.name)
          })
          onClose()
        }}
      >
        <label className={parts["field"]}>
          <span>{t.projects.into}</span>
          <select className={parts["input"]} autoFocus value={into} onChange={(event) => setInto(event.target.value)}>
            <option value="">{t.projects.choose}</option>
            {others.map(({ id, name, root }) => <option key={id} value={id}>{`${name} — ${root}`}</option>)}
          </select>
        </label>
        <p className={css["quiet"]}>{t.projects.mergeHint(of.units)}</p>
        <div className={css["actions"]}>
          <Button type="submit" kind="primary" isDisabled={target === undefined}>{t.projects.merge}</Button>
          <Button onClick={onClose}>{t.cancel}</Button>
        </div>
      </form>
    </Dialog>
  )
}

/** What can be done with a project, behind a click: a page of projects would else be a page of buttons. */
const Manage = ({ children, of }: { readonly of: Project; readonly children: ReactNode }) => {
  const t = useTexts()
  return (
    <details className={css["manage"]}>
      <summary className={parts["button"]} aria-label={`${t.projects.manage}: ${of.label}`}>
        {t.projects.manage}
      </summary>
      <div className={css["actions"]} role="group" aria-label={t.projects.actionsOf(of.label)}>{children}</div>
    </details>
  )
}

/** Asks before a project is read no more, and says what becomes of what is remembered. */
const ExcludeDialog = ({ of, onClose }: { readonly of: Project; readonly onClose: () => void }) => {
  const t = useTexts()
  const exclude = useExclude(of)
  return (
    <Question
      title={t.projects.excludeTitle(of.name)}
      agree={t.projects.exclude}
      onAgreed={() => exclude(true)}
      onClose={onClose}
    >
      <p>{t.projects.excludeHint}</p>
      <p>{t.projects.excludeStays(of.units)}</p>
    </Question>
  )
}

const Row = ({ all, of }: { readonly of: Project; readonly all: ReadonlyArray<Project> }) => {
  const t = useTexts()
  const [open, setOpen] = useState<"exclude" | "merge" | "rename" | undefined>()
  const change = useProjectChange()
  const exclude = useExclude(of)
  const save = useExport()
  const close = () => setOpen(undefined)
  return (
    <li className={css["row"]} data-excluded={of.isExcluded}>
      <div className={css["what"]}>
        <p className={css["head"]}>
          <Link {...ITEM} className={css["name"]} href={addressOf({ name: "search" }, { project: of.id })}>
            {of.label}
          </Link>
          <span className={css["quiet"]}>{t.session.memories(of.units)}</span>
          {of.isExcluded && <span className={css["excluded"]}>{t.projects.excluded}</span>}
        </p>
        <code className={css["root"]}>{of.root}</code>
        {of.merged.length > 0 && (
          <p className={css["quiet"]}>
            {t.projects.holds}
            {of.merged.map(({ id, name, root }) => (
              <span key={id} className={css["merged"]} title={root}>
                {name}
                <Button
                  kind="ghost"
                  icon="undo"
                  label={t.projects.splitIt(name)}
                  onClick={() =>
                    change({
                      run: () => ask("post", "/v1/projects/split", { body: { projects: [id] } }),
                      done: t.projects.splitDone(name)
                    })}
                >
                  {t.projects.split}
                </Button>
              </span>
            ))}
          </p>
        )}
      </div>
      <Manage of={of}>
        <Link className={parts["button"]} href={addressOf({ name: "sessions" }, { project: of.id })}>
          {t.views.sessions}
        </Link>
        <Button onClick={() => setOpen("rename")}>{t.projects.rename}</Button>
        <Button onClick={() => setOpen("merge")} isDisabled={all.length < 2}>{t.projects.merge}</Button>
        <Button
          isPressed={of.isExcluded}
          onClick={() => {
            if (of.isExcluded) exclude(false)
            else setOpen("exclude")
          }}
        >
          {of.isExcluded ? t.projects.include : t.projects.exclude}
        </Button>
        <Button icon="download" onClick={() => void save(of, "lines")} label={t.projects.exportIt(of.name)}>
          {t.projects.export}
        </Button>
      </Manage>
      {open === "exclude" && <ExcludeDialog of={of} onClose={close} />}
      {open === "rename" && <RenameDialog of={of} onClose={close} />}
      {open === "merge" && <MergeDialog of={of} others={all.filter(({ id }) => id !== of.id)} onClose={close} />}
    </li>
  )
}

export const Projects = () => {
  const t = useTexts()
  const projects = useQuery(Queries.projects)
  const save = useExport()
  const rows = useRowFocus()
  useListKeys()
  return (
    <div className={css["page"]}>
      <header className={css["top"]}>
        <h1 tabIndex={-1}>{t.views.projects}</h1>
        <div className={css["actions"]}>
          <Link className={parts["button"]} href={addressOf({ name: "changes" })}>{t.changes.title}</Link>
          <Button icon="download" onClick={() => void save(undefined, "lines")}>{t.projects.exportAll}</Button>
          <Button icon="download" onClick={() => void save(undefined, "markdown")}>{t.projects.exportMarkdown}</Button>
        </div>
      </header>
      <p className={css["quiet"]}>{t.projects.hint}</p>
      <Answer query={projects}>
        {(all) =>
          all.length === 0
            ? (
              <Empty title={t.projects.none}>
                <p>
                  <Inline text={t.search.noMemoriesHint} />
                </p>
              </Empty>
            )
            : (
              <ol {...rows}>
                {[...all].sort((a, b) => b.units - a.units).map((each) => <Row key={each.id} of={each} all={all} />)}
              </ol>
            )}
      </Answer>
    </div>
  )
}
