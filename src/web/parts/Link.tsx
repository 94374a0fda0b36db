import type { ComponentProps, MouseEvent } from "react"
import { go } from "../state/Address.ts"

/** A link within the page. A click with a modifier is the browser's, as for any link. */
export const Link = ({ href, onClick, ...rest }: ComponentProps<"a"> & { readonly href: string }) => (
  <a
    {...rest}
    href={href}
    onClick={(event: MouseEvent<HTMLAnchorElement>) => {
      onClick?.(event)
      if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return
      event.preventDefault()
      go(href)
    }}
  />
)
