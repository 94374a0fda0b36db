import { useQuery } from "@tanstack/react-query"
import { projects } from "../api/Queries.ts"

/** The label of a project, which no other has, or the beginning of its id while the names are not there. */
export const useProjectName = () => {
  const { data = [] } = useQuery(projects)
  return (id: string) =>
    data.find((project) => project.id === id || project.merged.some((each) => each.id === id))?.label ?? id.slice(0, 8)
}

export const ProjectName = ({ id }: { readonly id: string }) => <span>{useProjectName()(id)}</span>
