/**
 * A timeline of sessions: what each was for and what came of it.
 */
import { useInfiniteQuery } from "@tanstack/react-query"
import type { SessionView } from "../../api/Client.ts"
import * as Queries from "../../api/Queries.ts"
import { Answer, Empty } from "../../parts/Answer.tsx"
import { Button } from "../../parts/Button.tsx"
import { Copy } from "../../parts/Copy.tsx"
import { FilterRow, filtersOf, ProjectChoice, TextChoice, TimeChoice } from "../../parts/Filters.tsx"
import { Link } from "../../parts/Link.tsx"
import { ProjectName } from "../../parts/ProjectName.tsx"
import { At, Inline } from "../../parts/Words.tsx"
import { addressOf, useAddress } from "../../state/Address.ts"
import { ITEM, useListKeys } from "../../state/Keys.ts"
import { useFormat, useTexts } from "../../texts/Texts.ts"
import css from "./Sessions.module.css"
import { Branch, Summary } from "./Summary.tsx"

const Row = ({ of: { aim, archive, resume, session, units } }: { readonly of: SessionView }) => {
  const t = useTexts()
  return (
    <li className={css["row"]}>
      <span className={css["clock"]}>
        <At at={session.endedAt} form="time" />
      </span>
      <div className={css["what"]}>
        <Link {...ITEM} className={css["link"]} href={addressOf({ name: "session", id: session.id })}>
          <span className={css["rowTitle"]} dir="auto">
            <Inline text={aim ?? t.session.untitled} />
          </span>
          <Summary content={archive?.content ?? ""} />
        </Link>
        <p className={css["meta"]}>
          <ProjectName id={session.projectId} />
          <Branch name={session.branch} />
          <code className={css["folder"]} title={t.session.folder}>{session.cwd}</code>
          <span>{t.session.memories(units)}</span>
          <Copy text={resume} name={t.memory.resume} />
        </p>
      </div>
    </li>
  )
}

export const Sessions = () => {
  const t = useTexts()
  const format = useFormat()
  const { query } = useAddress()
  const sessions = useInfiniteQuery(Queries.sessions(filtersOf(query, Date.now())))
  useListKeys()
  return (
    <div className={css["page"]}>
      <h1 tabIndex={-1}>{t.views.sessions}</h1>
      <FilterRow>
        <ProjectChoice query={query} />
        <TimeChoice query={query} />
        <TextChoice name="branch" query={query} />
      </FilterRow>
      <Answer query={sessions}>
        {({ pages }) => {
          const all = pages.flatMap(({ sessions }) => sessions)
          const days = Map.groupBy(all, ({ session }) => format.date(session.endedAt))
          return all.length === 0
            ? (
              <Empty title={t.session.noSessions}>
                <p>
                  <Inline text={t.session.noSessionsHint} />
                </p>
              </Empty>
            )
            : (
              <>
                {[...days].map(([day, of]) => (
                  <section key={day} className={css["day"]}>
                    <h2>{day}</h2>
                    <ol>{of.map((each) => <Row key={each.session.id} of={each} />)}</ol>
                  </section>
                ))}
                {sessions.hasNextPage && (
                  <Button onClick={() => void sessions.fetchNextPage()} isDisabled={sessions.isFetchingNextPage}>
                    {t.session.earlier}
                  </Button>
                )}
              </>
            )
        }}
      </Answer>
    </div>
  )
}
