/**
 * A session as it was: what was said, with what Claude was given in between.
 */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query"
import { useEffect, useMemo, useRef } from "react"
import type { Conversation } from "../../api/Client.ts"
import * as Queries from "../../api/Queries.ts"
import { Answer, Empty } from "../../parts/Answer.tsx"
import { Back } from "../../parts/Back.tsx"
import { Button } from "../../parts/Button.tsx"
import { Copy } from "../../parts/Copy.tsx"
import { Icon } from "../../parts/Icon.tsx"
import { Link } from "../../parts/Link.tsx"
import { ProjectName } from "../../parts/ProjectName.tsx"
import { At, Inline, TypeTag } from "../../parts/Words.tsx"
import { addressOf, fitting, goBack, useAddress } from "../../state/Address.ts"
import { ITEM, useKeys, useListKeys } from "../../state/Keys.ts"
import { cut } from "../../texts/cut.ts"
import { useFormat, useTexts } from "../../texts/Texts.ts"
import { Given } from "./Given.tsx"
import { isWork, MessageText } from "./MessageText.tsx"
import css from "./Sessions.module.css"
import { Branch, Summary } from "./Summary.tsx"

type Item = Conversation["items"][number]
type MessageItem = Extract<Item, { readonly kind: "message" }>

/** Messages that Claude worked through in a row stand together. */
type Part = Exclude<Item, { readonly kind: "message" }> | MessageItem | {
  readonly kind: "work"
  readonly messages: ReadonlyArray<MessageItem>
}

const partsOf = (items: ReadonlyArray<Item>): ReadonlyArray<Part> => {
  const parts: Array<Part> = []
  for (const item of items) {
    const last = parts.at(-1)
    if (item.kind !== "message" || !isWork(item.message)) parts.push(item)
    else if (last?.kind === "work") parts[parts.length - 1] = { kind: "work", messages: [...last.messages, item] }
    else parts.push({ kind: "work", messages: [item] })
  }
  return parts
}

/** Names the tools of some messages, each with how often it was used. */
const toolsOf = (messages: ReadonlyArray<MessageItem>): string => {
  const counts = new Map<string, number>()
  for (const { message: { blocks } } of messages) {
    for (const { kind, tool } of blocks) {
      if (kind === "tool_use") counts.set(tool ?? "?", (counts.get(tool ?? "?") ?? 0) + 1)
    }
  }
  return [...counts].map(([tool, n]) => n === 1 ? tool : `${tool} ×${n}`).join(", ")
}

/** Longest time between a prompt and the text that was given for it, in milliseconds. */
const BESIDE_MS = 30_000

/**
 * Returns the prompt for which each text was given, by the time of the text: that which is nearest in time. None where no prompt is near: it
 * may be forgotten, or on a page that is not shown yet.
 */
const promptsOf = (items: ReadonlyArray<Item>): ReadonlyMap<number, MessageItem["message"]> => {
  const prompts = items.flatMap((item) => item.kind === "message" && isPrompt(item.message) ? [item.message] : [])
  const nearest = (at: number) =>
    prompts.reduce<MessageItem["message"] | undefined>(
      (best, each) =>
        best === undefined || Math.abs(each.occurredAt - at) < Math.abs(best.occurredAt - at) ? each : best,
      undefined
    )
  return new Map(items.flatMap((item) => {
    const prompt = item.kind === "injection" ? nearest(item.injection.at) : undefined
    return item.kind === "injection" && prompt !== undefined &&
        Math.abs(prompt.occurredAt - item.injection.at) < BESIDE_MS
      ? [[item.injection.at, prompt]]
      : []
  }))
}

/** True for a prompt of a person; an agent's prompt is Claude's. */
const isPrompt = ({ isPrompt, role, thread }: MessageItem["message"]) =>
  isPrompt && role === "human" && thread === "main"

const anchorOf = (uuid: string) => `m-${uuid}`

/**
 * Scrolls to a message. All are laid out for that, until the browser has remembered their heights: else those above would move it when they come
 * near.
 */
const show = (uuid: string, block: "center" | "start"): void => {
  const message = document.getElementById(anchorOf(uuid))
  const talk = message?.closest<HTMLElement>(`.${css["talk"]}`)
  talk?.style.setProperty("--skips", "visible")
  message?.scrollIntoView({ block })
  requestAnimationFrame(() => requestAnimationFrame(() => talk?.style.removeProperty("--skips")))
}

const WorkGroup = ({ at, messages }: { readonly messages: ReadonlyArray<MessageItem>; readonly at: string | null }) => {
  const t = useTexts()
  const hasTarget = messages.some(({ message }) => message.uuid === at)
  return (
    <details className={css["group"]} open={hasTarget}>
      <summary>
        {t.session.steps(messages.length)} <span className={css["first"]}>{toolsOf(messages)}</span>
      </summary>
      {messages.map(({ isCut, message }) => (
        <div
          key={message.uuid}
          id={anchorOf(message.uuid)}
          className={css["message"]}
          data-target={message.uuid === at}
        >
          <MessageText message={message} isCut={isCut} />
        </div>
      ))}
    </details>
  )
}

interface TalkProps {
  readonly items: ReadonlyArray<Item>
  readonly at: string | null
  readonly projectId: string
  readonly sessionId: string
}

const Talk = ({ at, items, projectId, sessionId }: TalkProps) => {
  const t = useTexts()
  const parts = useMemo(() => partsOf(items), [items])
  const prompts = useMemo(() => promptsOf(items), [items])
  /** Times of the texts that were given for a prompt. */
  const givenFor = ({ uuid }: MessageItem["message"]) =>
    [...prompts].flatMap(([time, prompt]) => prompt.uuid === uuid ? [time.toString()] : [])
  return (
    <div className={css["talk"]}>
      {parts.map((part) => {
        if (part.kind === "injection") {
          const prompt = prompts.get(part.injection.at)
          return (
            <Given
              key={`given-${part.injection.at}`}
              injection={part.injection}
              prompt={prompt === undefined ? undefined : promptOf(prompt)}
            />
          )
        }
        if (part.kind === "work") {
          return <WorkGroup key={part.messages[0]?.message.uuid} messages={part.messages} at={at} />
        }
        const { isCut, message } = part
        return (
          <div
            key={message.uuid}
            id={anchorOf(message.uuid)}
            className={css["message"]}
            data-role={message.role}
            data-target={message.uuid === at}
          >
            <MessageText message={message} isCut={isCut} />
            {isPrompt(message) && (
              <Link
                className={css["whyLink"]}
                href={addressOf({ name: "why" }, {
                  prompt: fitting(promptOf(message)),
                  project: projectId,
                  session: sessionId,
                  at: message.occurredAt.toString(),
                  given: givenFor(message)
                })}
              >
                <Icon name="why" />
                {t.session.why}
              </Link>
            )}
          </div>
        )
      })}
    </div>
  )
}

/** Characters of a prompt that the server takes. */
const MAX_PROMPT = 20_000

const promptOf = ({ blocks }: MessageItem["message"]): string =>
  cut(blocks.filter(({ kind }) => kind === "text").map(({ text }) => text).join("\n"), MAX_PROMPT)

const Aside = ({ id, items }: { readonly id: string; readonly items: ReadonlyArray<Item> }) => {
  const t = useTexts()
  const units = useQuery(Queries.ofSession(id))
  const prompts = items.flatMap((item) => item.kind === "message" && isPrompt(item.message) ? [item.message] : [])
  return (
    <aside className={css["aside"]}>
      {prompts.length > 1 && (
        <nav aria-label={t.session.prompts}>
          <h2>{t.session.prompts}</h2>
          <ol>
            {prompts.map((message) => (
              <li key={message.uuid}>
                <a
                  {...ITEM}
                  href={`#${anchorOf(message.uuid)}`}
                  onClick={(event) => {
                    event.preventDefault()
                    show(message.uuid, "start")
                  }}
                >
                  {promptOf(message).trim().split("\n")[0]}
                </a>
              </li>
            ))}
          </ol>
        </nav>
      )}
      {units.data !== undefined && units.data.units.length > 0 && (
        <section>
          <h2>{t.session.remembered(units.data.units.length)}</h2>
          <ol className={css["remembered"]}>
            {units.data.units.map(({ id, title, type }) => (
              <li key={id}>
                <TypeTag type={type} />
                <Link href={addressOf({ name: "memory", id })} dir="auto">
                  <Inline text={title} />
                </Link>
              </li>
            ))}
          </ol>
        </section>
      )}
    </aside>
  )
}

export const Session = ({ id }: { readonly id: string }) => {
  const t = useTexts()
  const format = useFormat()
  const { query } = useAddress()
  const at = query.get("at")
  const known = useQuery(Queries.session(id))
  const talk = useInfiniteQuery(Queries.conversation(id))
  const { data, fetchNextPage, hasNextPage, isFetchNextPageError, isFetchingNextPage } = talk
  const items = useMemo(() => data?.pages.flatMap(({ items }) => items) ?? [], [data])
  const hasTarget = items.some((item) => item.kind === "message" && item.message.uuid === at)
  /** The message that was scrolled to: once, from there on the person scrolls. */
  const shown = useRef<string>(undefined)
  useEffect(() => {
    if (at === null || at === "" || at === shown.current) return
    if (hasTarget) {
      shown.current = at
      show(at, "center")
    } else if (hasNextPage && !isFetchingNextPage && !isFetchNextPageError) void fetchNextPage()
  }, [at, hasTarget, hasNextPage, isFetchNextPageError, isFetchingNextPage, fetchNextPage])
  useListKeys()
  useKeys({ Escape: () => goBack("sessions") })
  const given = items.flatMap((item) => item.kind === "injection" ? [item.injection] : [])
  const arrived = given.filter(({ state }) => state !== "late")
  return (
    <div className={css["one"]}>
      <p className={css["back"]}>
        <Back to="sessions" />
        {known.data !== undefined && (
          <span className={css["stays"]}>
            <At at={known.data.session.startedAt} form="date" /> ·{" "}
            <Inline text={known.data.aim ?? t.session.untitled} />
          </span>
        )}
      </p>
      <Answer query={known} heading={t.memory.session}>
        {({ aim, archive, resume, session }) => (
          <>
            <header className={css["head"]}>
              <h1 tabIndex={-1} dir="auto">
                <Inline text={aim ?? t.session.untitled} />
              </h1>
              <p className={css["meta"]}>
                <Link href={addressOf({ name: "sessions" }, { project: session.projectId })}>
                  <ProjectName id={session.projectId} />
                </Link>
                <Branch name={session.branch} />
                <span>
                  <At at={session.startedAt} /> – <At at={session.endedAt} form="time" />
                </span>
                <code className={css["folder"]} title={t.session.folder}>{session.cwd}</code>
                <Copy text={resume} />
              </p>
              {archive !== null && (
                <div className={css["aim"]}>
                  <Summary content={archive.content} />
                  <Link href={addressOf({ name: "memory", id: archive.id })}>{t.session.whole}</Link>
                </div>
              )}
              <p className={css["sum"]}>
                {t.session.given(
                  arrived.length,
                  format.number(arrived.reduce((sum, { tokens }) => sum + tokens, 0)),
                  given.length - arrived.length
                )}
              </p>
            </header>
            <Answer query={talk}>
              {() => (
                <div className={css["columns"]}>
                  <div>
                    {items.length === 0 && (
                      <Empty title={t.session.nothing}>
                        <p>{t.session.nothingHint}</p>
                      </Empty>
                    )}
                    <Talk items={items} at={at} projectId={session.projectId} sessionId={session.id} />
                    {hasNextPage && (
                      <Button onClick={() => void fetchNextPage()} isDisabled={isFetchingNextPage}>
                        {t.session.more}
                      </Button>
                    )}
                  </div>
                  <Aside id={session.id} items={items} />
                </div>
              )}
            </Answer>
          </>
        )}
      </Answer>
    </div>
  )
}
