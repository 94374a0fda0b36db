/**
 * What stands around every view: the navigation, the palette, messages, and whether the page still hears of changes.
 */
import { useQueryClient } from "@tanstack/react-query"
import { type ReactNode, useEffect, useRef, useState, useSyncExternalStore } from "react"
import { follow, type LiveState } from "../api/Live.ts"
import { refresh } from "../api/Queries.ts"
import { onToken, token } from "../api/Token.ts"
import { Empty } from "../parts/Answer.tsx"
import { Button } from "../parts/Button.tsx"
import { Copy } from "../parts/Copy.tsx"
import { Icon } from "../parts/Icon.tsx"
import { Link } from "../parts/Link.tsx"
import { Toasts } from "../parts/Toasts.tsx"
import { addressOf, useAddress, type View } from "../state/Address.ts"
import { useKeys } from "../state/Keys.ts"
import { prefer, THEMES, usePreferences } from "../state/Preferences.ts"
import { speak, useTexts } from "../texts/Texts.ts"
import { Health } from "../views/health/Health.tsx"
import { Changes } from "../views/least/Changes.tsx"
import { Least } from "../views/least/Least.tsx"
import { Memory } from "../views/memory/Memory.tsx"
import { Projects } from "../views/projects/Projects.tsx"
import { Search } from "../views/search/Search.tsx"
import { Session } from "../views/sessions/Session.tsx"
import { Sessions } from "../views/sessions/Sessions.tsx"
import { Why } from "../views/why/Why.tsx"
import css from "./Frame.module.css"
import { Help } from "./Help.tsx"
import { Palette } from "./Palette.tsx"
import { VIEWS } from "./views.ts"

/** Milliseconds for which changes are gathered before answers are asked for again: an import changes much at once. */
const GATHER_MS = 700

const isSignedOut = () => token() === undefined

/** Asks for the answers in view again when anything changes. */
const useLive = (isOn: boolean): LiveState => {
  const client = useQueryClient()
  const [state, setState] = useState<LiveState>("connecting")
  const wasOff = useRef(false)
  useEffect(() => {
    if (!isOn) {
      wasOff.current = true
      return
    }
    // Signed in again.
    if (wasOff.current) void refresh(client)
    wasOff.current = false
    let timer: number | undefined
    const stop = follow({
      onState: setState,
      onChange: () => {
        timer ??= window.setTimeout(() => {
          timer = undefined
          void refresh(client)
        }, GATHER_MS)
      }
    })
    return () => {
      window.clearTimeout(timer)
      stop()
    }
  }, [client, isOn])
  return state
}

const viewNode = (view: View): ReactNode => {
  switch (view.name) {
    case "search":
      return <Search />
    case "sessions":
      return <Sessions />
    case "session":
      return <Session key={view.id} id={view.id} />
    case "memory":
      return <Memory key={view.id} id={view.id} />
    case "why":
      return <Why />
    case "least":
      return <Least />
    case "changes":
      return <Changes />
    case "projects":
      return <Projects />
    case "health":
      return <Health />
    case "unknown":
      return <Unknown />
  }
}

const Unknown = () => {
  const t = useTexts()
  return (
    <Empty title={t.frame.unknown} isView>
      <p>
        <Link href={addressOf({ name: "search" })}>{t.frame.toSearch}</Link>
      </p>
    </Empty>
  )
}

/** The view of the navigation to which this one belongs. */
const navOf = ({ name }: View) =>
  name === "session" ? "sessions" : name === "memory" ? "search" : name === "changes" ? "least" : name

const SignedOut = () => {
  const t = useTexts()
  return (
    <main className={css["out"]}>
      <Empty title={t.frame.signedOut} isView>
        <p>{t.frame.signedOutHint}</p>
        <Copy text="claude-memory open" />
      </Empty>
      <Toasts />
    </main>
  )
}

export const Frame = () => {
  const t = useTexts()
  const { view } = useAddress()
  const { language, theme } = usePreferences()
  const isOut = useSyncExternalStore(onToken, isSignedOut)
  const [open, setOpen] = useState<"help" | "palette" | undefined>()
  const state = useLive(!isOut)
  const main = useRef<HTMLElement>(null)
  const place = view.name === "session" || view.name === "memory" ? `${view.name} ${view.id}` : view.name
  const last = useRef(place)
  useKeys({ "?": () => setOpen("help") })
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return
      event.preventDefault()
      setOpen((open) => open === "palette" ? undefined : "palette")
    }
    window.addEventListener("keydown", onKey)
    return () => {
      window.removeEventListener("keydown", onKey)
    }
  }, [])
  // Another view: screen readers hear its heading, and it is read from its beginning.
  useEffect(() => {
    document.title = `${
      t.views[navOf(view) === "unknown" ? "search" : navOf(view) as typeof VIEWS[number]]
    } · Claude Memory`
    if (last.current === place) return
    last.current = place
    window.scrollTo(0, 0)
    if (main.current?.contains(document.activeElement) !== true) main.current?.querySelector("h1")?.focus()
  }, [place, t, view])
  if (isOut) return <SignedOut />
  const close = () => setOpen(undefined)
  return (
    <>
      <a
        className={css["skip"]}
        href="#main"
        onClick={(event) => {
          event.preventDefault()
          main.current?.focus()
        }}
      >
        {t.frame.skip}
      </a>
      <header className={css["bar"]}>
        <Link className={css["brand"]} href={addressOf({ name: "search" })}>
          <svg viewBox="0 0 32 32" aria-hidden="true">
            <path d="M6 9h20M6 16h12M6 23h16" />
            <circle cx="25" cy="16" r="3" />
          </svg>
          <span>Claude Memory</span>
        </Link>
        <nav className={css["nav"]} aria-label={t.frame.views}>
          {VIEWS.map((name) => (
            <Link key={name} href={addressOf({ name })} aria-current={navOf(view) === name ? "page" : undefined}>
              <Icon name={name} />
              <span>{t.views[name]}</span>
            </Link>
          ))}
        </nav>
        <div className={css["tools"]}>
          {state === "away" && (
            <span className={css["away"]} role="status" title={t.frame.awayHint}>{t.frame.away}</span>
          )}
          <Button kind="ghost" icon="command" onClick={() => setOpen("palette")}>
            <span className="hidden">{t.palette.name}</span>
            <span className={css["wideOnly"]}>Ctrl K</span>
          </Button>
          <Button
            kind="ghost"
            onClick={() => void speak(language === "en" ? "zh" : "en")}
          >
            <span lang={language === "en" ? "zh-CN" : "en"}>{t.frame.otherLanguage}</span>
          </Button>
          <Button
            kind="ghost"
            icon="sun"
            label={t.frame.theme(t.frame.themes[theme])}
            onClick={() => prefer({ theme: THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? "system" })}
          >
            <span className={css["wideOnly"]}>{t.frame.themes[theme]}</span>
          </Button>
          <span className="keysOnly">
            <Button kind="ghost" onClick={() => setOpen("help")} label={t.help.title}>?</Button>
          </span>
        </div>
      </header>
      <main ref={main} id="main" className={css["main"]} tabIndex={-1}>{viewNode(view)}</main>
      {open === "palette" && <Palette onClose={close} onHelp={() => setOpen("help")} />}
      {open === "help" && <Help onClose={close} />}
      <Toasts />
    </>
  )
}
