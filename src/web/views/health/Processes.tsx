import { useQuery } from "@tanstack/react-query"
import * as Queries from "../../api/Queries.ts"
import { Answer } from "../../parts/Answer.tsx"
import { useFormat, useTexts } from "../../texts/Texts.ts"
import { Card } from "./Card.tsx"
import css from "./Health.module.css"

/** What each running process of this memory has open, from the files that they write once a second. */
export const Processes = () => {
  const t = useTexts()
  const format = useFormat()
  const resources = useQuery(Queries.resources)
  return (
    <Card title={t.health.processes} isWide>
      <Answer query={resources}>
        {({ processes }) => (
          <ul className={css["processes"]}>
            {processes.map(({ command, drift, heapBytes, isOwn, pid, resources, rssBytes, startedAt, updatedAt }) => {
              const leaks = Object.entries(drift).filter(([, n]) => typeof n === "number" && n > 0)
              return (
                <li key={pid}>
                  <details>
                    <summary>
                      <strong>{command}</strong>
                      {isOwn && <span className={css["own"]}>{t.health.own}</span>}
                      <span className={css["quiet"]}>
                        {t.health.process(
                          pid,
                          format.duration(updatedAt - startedAt),
                          format.bytes(rssBytes),
                          format.bytes(heapBytes)
                        )}
                      </span>
                      <span>{t.health.open(resources.length)}</span>
                      {leaks.length > 0 && (
                        <span className={css["bad"]}>
                          {t.health.drift(leaks.map(([name, n]) => `${name} ${n}`).join(", "))}
                        </span>
                      )}
                    </summary>
                    <table className={css["table"]}>
                      <thead>
                        <tr>
                          <th scope="col">{t.health.kind}</th>
                          <th scope="col">{t.projects.name}</th>
                          <th scope="col">{t.health.openFor}</th>
                          <th scope="col">{t.health.openedBy}</th>
                        </tr>
                      </thead>
                      <tbody>
                        {resources.map(({ acquiredAt, id, kind, name, origin }) => (
                          <tr key={id}>
                            <th scope="row">{kind}</th>
                            <td>{name}</td>
                            <td>{format.duration(updatedAt - acquiredAt)}</td>
                            <td>
                              <code>{origin.replace(/^at /, "").replace(/\S*\/(?=[^/]+$)/, "")}</code>
                            </td>
                          </tr>
                        ))}
                      </tbody>
                    </table>
                  </details>
                </li>
              )
            })}
          </ul>
        )}
      </Answer>
    </Card>
  )
}
