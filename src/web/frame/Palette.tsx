/**
 * The palette (Ctrl-K): goes anywhere and does what the page can do, by a few letters of its name. It finds memories, too.
 */
import { useQuery } from "@tanstack/react-query"
import { useEffect, useId, useRef, useState } from "react"
import { useUndo } from "../api/Changes.ts"
import * as Queries from "../api/Queries.ts"
import { Dialog } from "../parts/Dialog.tsx"
import { Icon, type IconName } from "../parts/Icon.tsx"
import { Inline } from "../parts/Words.tsx"
import { addressOf, fitting, go } from "../state/Address.ts"
import { prefer, THEMES, usePreferences } from "../state/Preferences.ts"
import { speak, useFormat, useTexts } from "../texts/Texts.ts"
import { useSubject } from "../views/least/subject.ts"
import css from "./Frame.module.css"
import { VIEWS } from "./views.ts"

interface Choice {
  readonly id: string
  readonly icon: IconName
  readonly name: string
  readonly hint?: string
  readonly run: () => void
}

/** Memories that are shown below the commands. */
const FOUND = 6
const PAUSE_MS = 80

const holds = (name: string, text: string) =>
  text.toLowerCase().split(/\s+/).every((word) => name.toLowerCase().includes(word))

export const Palette = ({ onClose, onHelp }: { readonly onClose: () => void; readonly onHelp: () => void }) => {
  const t = useTexts()
  const { language, theme } = usePreferences()
  const format = useFormat()
  const undo = useUndo()
  const id = useId()
  const [text, setText] = useState("")
  const [asked, setAsked] = useState("")
  const [at, setAt] = useState(0)
  const list = useRef<HTMLUListElement>(null)
  useEffect(() => {
    const timer = window.setTimeout(() => setAsked(text.trim()), PAUSE_MS)
    return () => {
      window.clearTimeout(timer)
    }
  }, [text])
  const filters = { projects: [], types: [], since: undefined, until: undefined, files: [], branches: [] }
  const found = useQuery({ ...Queries.search(asked, filters, FOUND), enabled: asked.length > 1 })
  const [newest] = useQuery(Queries.changes).data ?? []
  const subjectOf = useSubject()
  const commands: ReadonlyArray<Choice> = [
    ...VIEWS.map((name) => ({
      id: name,
      icon: name,
      name: t.palette.goTo(t.views[name]),
      run: () => go(addressOf({ name }))
    })),
    { id: "changes", icon: "undo", name: t.changes.title, run: () => go(addressOf({ name: "changes" })) },
    // By its number: what is named is what is undone.
    ...(newest === undefined ? [] : [
      {
        id: "undo",
        icon: "undo",
        name: t.undo.last[newest.kind](subjectOf(newest)),
        hint: format.ago(newest.at, Date.now()),
        run: () => undo({ operation: newest.operation, named: subjectOf(newest) })
      } as const
    ]),
    {
      id: "language",
      icon: "command",
      name: t.frame.otherLanguage,
      run: () => void speak(language === "en" ? "zh" : "en")
    },
    ...THEMES.filter((each) => each !== theme).map((each): Choice => ({
      id: `theme-${each}`,
      icon: "sun",
      name: t.palette.theme(t.frame.themes[each]),
      run: () => prefer({ theme: each })
    })),
    { id: "help", icon: "why", name: t.help.title, run: onHelp }
  ]
  const asking: ReadonlyArray<Choice> = text.trim() === "" ? [] : [
    {
      id: "search-for",
      icon: "search",
      name: t.palette.searchFor(text.trim()),
      run: () => go(addressOf({ name: "search" }, { q: text.trim() }))
    },
    {
      id: "why-for",
      icon: "why",
      name: t.palette.whyFor(text.trim()),
      run: () => go(addressOf({ name: "why" }, { prompt: text.trim() }))
    }
  ]
  const memories: ReadonlyArray<Choice> = asked.length > 1 && text.trim() !== ""
    ? (found.data?.results ?? []).map(({ unit }) => ({
      id: unit.id,
      icon: "sessions",
      name: unit.title,
      hint: t.types[unit.type],
      run: () => go(addressOf({ name: "memory", id: unit.id }))
    }))
    : []
  const choices = [...commands.filter(({ name }) => holds(name, text.trim())), ...memories, ...asking]
  const current = Math.min(at, choices.length - 1)
  const run = (choice: Choice | undefined) => {
    if (choice === undefined) return
    onClose()
    choice.run()
  }
  useEffect(() => {
    list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" })
  }, [current])
  return (
    <Dialog title={t.palette.name} onClose={onClose} isBare>
      <input
        className={css["paletteInput"]}
        type="text"
        role="combobox"
        autoFocus
        autoComplete="off"
        spellCheck={false}
        value={text}
        aria-label={t.palette.name}
        aria-expanded
        aria-controls={`${id}-list`}
        aria-activedescendant={choices[current] === undefined ? undefined : `${id}-${choices[current].id}`}
        placeholder={t.palette.placeholder}
        onChange={(event) => {
          setText(fitting(event.target.value))
          setAt(0)
        }}
        onKeyDown={(event) => {
          if (event.nativeEvent.isComposing) return
          const by = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0
          if (by !== 0) {
            event.preventDefault()
            setAt((current + by + choices.length) % Math.max(1, choices.length))
          } else if (event.key === "Enter") {
            event.preventDefault()
            run(choices[current])
          }
        }}
      />
      <ul ref={list} id={`${id}-list`} className={css["choices"]} role="listbox" aria-label={t.palette.name}>
        {choices.map((choice, i) => (
          <li
            key={choice.id}
            id={`${id}-${choice.id}`}
            role="option"
            aria-selected={i === current}
            onMouseMove={() => setAt(i)}
            onClick={() => run(choice)}
          >
            <Icon name={choice.icon} />
            <span dir="auto">
              <Inline text={choice.name} />
            </span>
            {choice.hint !== undefined && <small>{choice.hint}</small>}
          </li>
        ))}
      </ul>
    </Dialog>
  )
}
