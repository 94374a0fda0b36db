import { type ReactNode, useEffect, useRef, useState } from "react"
import { useForget } from "../api/Changes.ts"
import { ask, type Forgotten, type Unit } from "../api/Client.ts"
import { useTexts } from "../texts/Texts.ts"
import { Question } from "./Question.tsx"
import { sayProblem } from "./Toasts.tsx"

type Named = Pick<Unit, "id" | "title">

interface Asked extends Pick<Forgotten, "also" | "holdAgain"> {
  readonly unit: Named
}

export interface Forgetting {
  /** Forgets a memory: at once where nothing else says it too and nothing holds again, unless it is to be asked in any case. */
  readonly forget: (unit: Named, isAsked?: boolean) => Promise<void>
  /** The question, while there is one. */
  readonly question: ReactNode
}

/** Forgets memories, and asks before it takes from others or has others hold again. */
export const useForgetting = (onForgotten: () => void): Forgetting => {
  const t = useTexts()
  const run = useForget()
  const [asked, setAsked] = useState<Asked>()
  const agreed = useRef<Named>(undefined)
  const isBusy = useRef(false)
  const forgetNow = (unit: Named) => {
    run({ unit })
    onForgotten()
  }
  const forget = async (unit: Named, isAsked = false) => {
    if (isBusy.current) return
    isBusy.current = true
    try {
      const { also, holdAgain } = await ask("post", "/v1/forget", { body: { ids: [unit.id], isDryRun: true } })
      const others = [also.units, also.gone, also.sessions, holdAgain]
      if (isAsked || others.some(({ length }) => length > 0)) setAsked({ unit, also, holdAgain })
      else forgetNow(unit)
    } catch (error) {
      sayProblem(error)
    } finally {
      isBusy.current = false
    }
  }
  const close = () => setAsked(undefined)
  // After the dialog has given the focus back, so that the view can give it to what comes next.
  useEffect(() => {
    const unit = agreed.current
    if (asked !== undefined || unit === undefined) return
    agreed.current = undefined
    forgetNow(unit)
  }, [asked])
  if (asked === undefined) return { forget, question: null }
  const { also, holdAgain, unit } = asked
  const others = [...also.units, ...also.sessions]
  const question = (
    <Question
      title={t.memory.forgetTitle(unit.title)}
      agree={t.memory.forget}
      onAgreed={() => agreed.current = unit}
      onClose={close}
    >
      {also.gone.length > 0 && (
        <>
          <p>{t.memory.gone(also.gone.length)}</p>
          <ul>{also.gone.map(({ id, title }) => <li key={id}>{title}</li>)}</ul>
        </>
      )}
      {others.length > 0 && (
        <>
          <p>{t.memory.also(also.units.length, also.sessions.length)}</p>
          <ul>{others.map(({ id, title }) => <li key={id}>{title}</li>)}</ul>
        </>
      )}
      {holdAgain.length > 0 && <p>{t.memory.holdAgain(holdAgain.map(({ title }) => title))}</p>}
      <p>{t.memory.forgetHint}</p>
    </Question>
  )
  return { forget, question }
}
