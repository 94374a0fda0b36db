import { addressOf, cameFrom, goBack } from "../state/Address.ts"
import { useTexts } from "../texts/Texts.ts"
import { Icon } from "./Icon.tsx"
import { Link } from "./Link.tsx"

/** The way back: to the view from which a person came, or to a list where the page was opened here. */
export const Back = ({ to }: { readonly to: "search" | "sessions" }) => {
  const t = useTexts()
  const from = cameFrom()
  const name = from?.name ?? to
  return (
    <Link
      href={addressOf({ name: to })}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return
        event.preventDefault()
        goBack(to)
      }}
    >
      <Icon name="back" />
      {name === "memory"
        ? t.memory.name
        : name === "session"
        ? t.memory.session
        : name === "unknown"
        ? t.views[to]
        : name === "changes"
        ? t.changes.title
        : t.views[name]}
    </Link>
  )
}
