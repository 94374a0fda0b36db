import { useEffect, useRef, useState } from "react"
import { Key } from "../../parts/Button.tsx"
import { Icon } from "../../parts/Icon.tsx"
import { change, fitting } from "../../state/Address.ts"
import { focusFirstItem, useKeys } from "../../state/Keys.ts"
import { isTouched } from "../../state/Wide.ts"
import { useTexts } from "../../texts/Texts.ts"
import css from "./Search.module.css"

/** Milliseconds without a key before the question is asked. */
const PAUSE_MS = 25

/**
 * The question as it is typed; after a pause it is in the address, by which it is asked. What an input method composes (Chinese, say) is
 * asked when it is a word.
 */
export const AskBox = ({ asked }: { readonly asked: string }) => {
  const t = useTexts()
  const [text, setText] = useState(asked)
  const [isComposing, setComposing] = useState(false)
  const box = useRef<HTMLInputElement>(null)
  const typed = useRef(asked)
  // The page gave it the focus, and nothing was done in it since: the key that leads here is no part of the question then.
  const isUntouched = useRef(true)
  const touch = () => {
    isUntouched.current = false
  }
  // The address was changed by another hand than this box: the way back, or a link.
  useEffect(() => {
    if (typed.current !== asked) {
      typed.current = asked
      setText(asked)
    }
  }, [asked])
  useEffect(() => {
    if (isComposing || text.trim() === typed.current) return
    const timer = window.setTimeout(() => {
      typed.current = text.trim()
      change({ q: text.trim(), m: null, most: null }, true)
    }, PAUSE_MS)
    return () => {
      window.clearTimeout(timer)
    }
  }, [text, isComposing])
  useKeys({ "/": () => box.current?.select() })
  return (
    <div className={css["ask"]} role="search">
      <Icon name="search" />
      <input
        ref={box}
        type="search"
        value={text}
        autoFocus={!isTouched()}
        spellCheck={false}
        autoComplete="off"
        enterKeyHint="search"
        aria-label={t.search.ask}
        placeholder={t.search.ask}
        onChange={(event) => {
          touch()
          setText(fitting(event.target.value))
        }}
        onBlur={touch}
        onPointerDown={touch}
        onCompositionStart={() => setComposing(true)}
        onCompositionEnd={() => setComposing(false)}
        onKeyDown={(event) => {
          if (event.nativeEvent.isComposing) return
          if (event.key === "/" && isUntouched.current) {
            event.preventDefault()
            event.currentTarget.select()
            touch()
          } else if (event.key === "ArrowDown" || event.key === "Enter") {
            event.preventDefault()
            focusFirstItem()
          } else if (event.key === "Escape") {
            // The browser would empty the box.
            event.preventDefault()
            event.currentTarget.blur()
          }
        }}
      />
      <Key name="/" />
    </div>
  )
}
