/**
 * How far the reading of transcripts has come, what is left, and about how long that takes: as while a first import runs.
 */
import { useQuery } from "@tanstack/react-query"
import { useRef } from "react"
import * as Queries from "../../api/Queries.ts"
import { Bar } from "../../parts/Words.tsx"
import { useFormat, useTexts } from "../../texts/Texts.ts"
import css from "./Health.module.css"

/** Milliseconds that something must have been watched before its speed says much. */
const WATCHED_MS = 4_000

/** Most that was left since it grew last, when that was, and how long the rest takes; undefined while nobody knows. */
const useRest = (left: number, now: number) => {
  const from = useRef({ left, at: now })
  if (left > from.current.left || left === 0) from.current = { left, at: now }
  const { at, left: most } = from.current
  const done = most - left
  return { most, ms: done > 0 && now - at >= WATCHED_MS ? left * (now - at) / done : undefined }
}

export const Work = () => {
  const t = useTexts()
  const format = useFormat()
  const { data, dataUpdatedAt } = useQuery(Queries.progress)
  const { bytes = 0, read = 0, unread = 0 } = data?.transcripts ?? {}
  // What a model is to rewrite may wait for a model, and is told beside what failed.
  const { compress = 0, index = 0 } = data?.waiting ?? {}
  const work = compress + index
  const reading = useRest(bytes - read, dataUpdatedAt)
  const working = useRest(work, dataUpdatedAt)
  const about = (ms: number | undefined) => ms === undefined ? "" : t.health.about(format.duration(ms))
  return (
    <div className={css["work"]} role="status">
      {unread > 0 && (
        <>
          <p>{t.health.reading(format.bytes(read), format.bytes(bytes), unread) + about(reading.ms)}</p>
          <Bar share={read / bytes} />
        </>
      )}
      {work > 0 && (
        <>
          <p>{t.health.working(work) + about(unread > 0 ? undefined : working.ms)}</p>
          <Bar share={1 - work / working.most} />
        </>
      )}
    </div>
  )
}
