import { useSyncExternalStore } from "react"

/** Width from which a list and what is chosen in it stand side by side. */
const WIDE = "(min-width: 1040px)"

const subscribe = (listener: () => void) => {
  const media = window.matchMedia(WIDE)
  media.addEventListener("change", listener)
  return () => {
    media.removeEventListener("change", listener)
  }
}

export const useIsWide = (): boolean => useSyncExternalStore(subscribe, () => window.matchMedia(WIDE).matches)
