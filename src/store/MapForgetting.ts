/**
 * How the in-memory store forgets, saves, and gives the memories of one project to another.
 */
import { randomBytes } from "node:crypto"
import type { Message } from "../domain/Conversation.ts"
import type { MemoryUnit } from "../domain/MemoryUnit.ts"
import type { Project } from "../domain/Project.ts"
import * as Forgetting from "./Forgetting.ts"
import { enqueue, mergeWithSame, projectFor, removeUnits, SECRET, setProject, type State, touch } from "./MapState.ts"
import type { Forgotten } from "./MemoryStore.ts"
import * as Postings from "./Postings.ts"
import { ascending, present } from "./Rules.ts"

/** Units that say the same as these: what they superseded, and what superseded them. */
const sayingTheSame = ({ lexical: { units } }: State, ids: ReadonlyArray<string>): ReadonlyArray<MemoryUnit> => {
  const found = new Map<string, MemoryUnit>()
  for (let next = ids; next.length > 0;) {
    const some = present(next.map((id) => units.get(id)?.unit))
    for (const unit of some) found.set(unit.id, unit)
    const others = [...units.values()].map(({ unit }) => unit).filter(({ supersededBy }) =>
      some.some(({ id }) => id === supersededBy)
    )
    next = Forgetting.linkedTo(some, others).filter((id) => !found.has(id))
  }
  return [...found.values()].sort(ascending(({ id }) => id))
}

export const forget = (state: State, ids: ReadonlyArray<string>): Forgotten => {
  const { dead, lexical, messages, properties, sessions, tombstones } = state
  const units = sayingTheSame(state, ids)
  if (units.length === 0) return { units, messages: 0 }
  const told = Forgetting.toldBy(units)
  const described = Forgetting.describedBy(units)
  const cited = Forgetting.citedBy(units)
  const taken: Array<Forgetting.Taken> = []
  const changed = new Set<string>()
  const take = (of: (message: Message) => boolean, strip: (message: Message) => Forgetting.Stripped) => {
    for (const [uuid, stored] of messages) {
      const stripped = of(stored.message) ? strip(stored.message) : undefined
      if (stripped === undefined || stripped.taken.length === 0) continue
      taken.push(...stripped.taken)
      changed.add(uuid)
      messages.set(uuid, { ...stored, message: stripped.message })
    }
  }
  take(
    ({ uuid }) => cited.has(uuid),
    (message) => Forgetting.withoutTold(message, cited.get(message.uuid)!, described)
  )
  const own = new Set(units.map(({ sessionId }) => sessionId))
  take(({ sessionId }) => own.has(sessionId), (message) => Forgetting.withoutToldAgain(message, told))
  const keys = new Set(Forgetting.keysOfForgotten(units, taken))
  const isKnown = (key: string) => keys.has(key)
  take(() => true, (message) => Forgetting.withoutAllKnown(message, isKnown))

  for (const [key, letter] of dead) {
    if (Forgetting.keysOfLine(letter.line).some(isKnown)) dead.set(key, { ...letter, line: "" })
  }
  const stored = present([...changed].map((uuid) => messages.get(uuid)))
  const segmentIds = new Set(stored.map(({ segmentId }) => segmentId))
  const sessionIds = new Set(stored.map(({ message }) => message.sessionId))
  for (const session of present([...sessionIds].map((id) => sessions.get(id)))) {
    if (session.title === null || !Forgetting.isTold(session.title, described)) continue
    keys.add(Forgetting.titleKey(session.title))
    sessions.set(session.id, { ...session, title: null })
  }

  // What else was made of these messages is made again of what is left of them.
  const touched = [...lexical.units.values()].map(({ unit }) => unit).filter((unit) =>
    sessionIds.has(unit.sessionId) && Forgetting.isTouched(unit, changed, told)
  )
  for (const id of removeUnits(state, new Set([...units, ...touched].map(({ id }) => id)))) mergeWithSame(state, id)
  for (const { origin, sessionId } of touched) if (origin !== sessionId) segmentIds.add(origin)
  enqueue(state, "segment", segmentIds)
  enqueue(state, "session", sessionIds)
  touch(state, "review", segmentIds)
  touch(state, "recap", sessionIds)

  if (!properties.has(SECRET)) properties.set(SECRET, randomBytes(32).toString("hex"))
  for (const hash of [...keys].map(Forgetting.hashesBy(properties.get(SECRET)!))) {
    tombstones.set(hash, new Set([...tombstones.get(hash) ?? [], ...units.map(({ id }) => id)]))
  }
  return { units, messages: changed.size }
}

export const save = (state: State, unit: MemoryUnit, project: Project): MemoryUnit => {
  const { lexical, tombstones } = state
  const known = lexical.units.get(unit.id)?.unit
  if (known !== undefined) return known
  setProject(state, project)
  const saved = { ...unit, projectId: projectFor(state, project.id) }
  for (const [hash, ids] of tombstones) {
    const others = [...ids].filter((id) => id !== saved.id)
    if (others.length === 0) tombstones.delete(hash)
    else tombstones.set(hash, new Set(others))
  }
  Postings.insert(lexical, saved)
  enqueue(state, "index", [saved.id])
  mergeWithSame(state, saved.id)
  return saved
}

export const mergeProjects = (state: State, one: Project, other: Project): void => {
  const { lexical, projects, sessions } = state
  setProject(state, one)
  setProject(state, other)
  const [from, into] = [projectFor(state, one.id), projectFor(state, other.id)]
  if (from === into) return
  for (const [id, project] of projects) {
    if (id === from || project.mergedInto === from) projects.set(id, { ...project, mergedInto: into })
  }
  for (const [id, session] of sessions) {
    if (session.projectId === from) sessions.set(id, { ...session, projectId: into })
  }
  const moved = [...lexical.units.values()].map(({ unit }) => unit).filter(({ projectId }) => projectId === from)
  for (const unit of moved) Postings.insert(lexical, { ...unit, projectId: into })
  const active = moved.filter(({ active }) => active).map(({ id }) => id)
  enqueue(state, "index", active)
  for (const id of active) mergeWithSame(state, id)
}

export const renameProject = ({ projects }: State, id: string, name: string): void => {
  const known = projects.get(id)
  if (known !== undefined) projects.set(id, { ...known, name })
}

export const excludeProject = (state: State, project: Project, isExcluded: boolean): void => {
  setProject(state, project)
  state.projects.set(project.id, { ...state.projects.get(project.id)!, isExcluded })
}
