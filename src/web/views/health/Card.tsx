import type { ReactNode } from "react"
import css from "./Health.module.css"

interface Props {
  readonly title: string
  readonly children: ReactNode
  readonly isWide?: boolean
}

export const Card = ({ children, isWide = false, title }: Props) => (
  <section className={css["card"]} data-wide={isWide}>
    <h2>{title}</h2>
    {children}
  </section>
)
