import type { Message } from "../../api/Client.ts"
import { At, Prose } from "../../parts/Words.tsx"
import { useTexts } from "../../texts/Texts.ts"
import css from "./Sessions.module.css"

type Block = Message["blocks"][number]

/** True for what Claude did and got, without a word of it to the person. */
export const isWork = ({ blocks }: Message): boolean => blocks.every(({ kind }) => kind !== "text")

const Work = (
  { block: { file, isError, kind, text, tool }, isOpen }: { readonly block: Block; readonly isOpen: boolean }
) => {
  const t = useTexts()
  const name = kind === "thinking"
    ? t.session.thought
    : kind === "tool_use"
    ? tool ?? t.session.tool
    : isError === true
    ? t.session.failed(tool)
    : t.session.gave(tool)
  return (
    <details className={css["work"]} open={isOpen} data-failed={isError === true}>
      <summary>
        <span className={css["tool"]}>{name}</span>
        <span className={css["first"]}>
          {file ?? text.split("\n").find((line) => line.trim() !== "")?.slice(0, 160)}
        </span>
      </summary>
      {kind === "thinking" ? <Prose text={text} isMessage /> : <pre>{text}</pre>}
    </details>
  )
}

interface Props {
  readonly message: Message
  /** True: what Claude did is shown open. */
  readonly isOpen?: boolean
  readonly isCut?: boolean
}

/** All that a message says. Whatever it holds is shown as text. */
export const MessageText = ({ isCut = false, isOpen = false, message }: Props) => {
  const t = useTexts()
  const { blocks, isSummary, occurredAt, role, thread } = message
  return (
    <>
      <p className={css["speaker"]} data-role={isWork(message) ? "tool" : role}>
        <strong>
          {isSummary
            ? t.session.summary
            : isWork(message)
            ? t.session.work
            : thread !== "main" && role === "human"
            ? t.session.toAgent
            : t.session.roles[role]}
        </strong>
        {thread !== "main" && <span>{t.session.agent}</span>}
        <At at={occurredAt} form="time" />
      </p>
      {blocks.map((block, i) =>
        block.kind === "text"
          ? <Prose key={i} text={block.text} isMessage />
          : <Work key={i} block={block} isOpen={isOpen} />
      )}
      {isCut && <p className={css["cut"]}>{t.session.cut}</p>}
    </>
  )
}
