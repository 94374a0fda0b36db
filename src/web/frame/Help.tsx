import { Key } from "../parts/Button.tsx"
import { Dialog } from "../parts/Dialog.tsx"
import { useTexts } from "../texts/Texts.ts"
import css from "./Frame.module.css"

const KEYS = ["/", "j", "k", "Enter", "Esc", "Ctrl K", "?", "e", "p", "r", "x", "y"] as const

/** The keys of the page. */
export const Help = ({ onClose }: { readonly onClose: () => void }) => {
  const t = useTexts()
  return (
    <Dialog title={t.help.title} onClose={onClose}>
      <dl className={css["keys"]}>
        {KEYS.map((name) => (
          <div key={name}>
            <dt>
              <Key name={name} />
              <span className="hidden">{name}</span>
            </dt>
            <dd>{t.help.keys[name]}</dd>
          </div>
        ))}
      </dl>
      <p>{t.help.where}</p>
    </Dialog>
  )
}
