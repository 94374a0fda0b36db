import css from "./parts.module.css"

/** Paths of 24 × 24 pictures, drawn as lines. */
const PATHS = {
  search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14ZM20 20l-4-4",
  sessions: "M5 5h14v11H9l-4 4V5ZM9 9h6M9 12h4",
  why: "M9 9a3 3 0 1 1 4.2 2.7c-.8.4-1.2 1-1.2 1.8v.5M12 17.5v.1M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18Z",
  keep: "M6 4h12v16l-6-4-6 4z",
  least: "M4 7h16M7 7l1 13h8l1-13M9 7V4h6v3M10 11v5M14 11v5",
  projects: "M3 7V5h6l2 2h10v12H3V7Z",
  health: "M3 12h4l2-6 4 12 3-8 1 2h4",
  pin: "M9 4h6l-1 6 3 3H7l3-3-1-6ZM12 13v7",
  edit: "M4 20l1-4L16 5l3 3L8 19l-4 1Z",
  copy: "M9 9h11v11H9V9ZM5 15H4V4h11v1",
  done: "M5 12l5 5 9-10",
  close: "M6 6l12 12M18 6L6 18",
  branch: "M7 4v16M7 14c6 0 10-1 10-6M17 4v4M7 4h0",
  replace: "M4 8h13l-3-3M20 16H7l3 3",
  undo: "M9 6L4 11l5 5M4 11h10a5 5 0 0 1 0 10h-2",
  sun:
    "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM12 2v2M12 20v2M4 12H2M22 12h-2M5 5l1.5 1.5M17.5 17.5 19 19M19 5l-1.5 1.5M6.5 17.5 5 19",
  command:
    "M8 8h8v8H8V8ZM8 8H6a2 2 0 1 1 2-2v2ZM16 8h2a2 2 0 1 0-2-2v2ZM8 16H6a2 2 0 1 0 2 2v-2ZM16 16h2a2 2 0 1 1-2 2v-2Z",
  next: "M9 5l7 7-7 7",
  back: "M15 5l-7 7 7 7",
  download: "M12 4v11M7 11l5 5 5-5M5 20h14",
  told: "M12 3v4M12 17v4M3 12h4M17 12h4M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6Z"
} as const

export type IconName = keyof typeof PATHS

/** A picture beside words, which say what it means. */
export const Icon = ({ name }: { readonly name: IconName }) => (
  <svg className={css["icon"]} viewBox="0 0 24 24" aria-hidden="true">
    <path d={PATHS[name]} />
  </svg>
)
