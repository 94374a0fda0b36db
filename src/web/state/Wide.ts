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

/** Tests whether typing needs a keyboard on the screen, which nobody wants to come up by itself. */
export const isTouched = (): boolean => window.matchMedia("(pointer: coarse)").matches

export const useIsWide = (): boolean => useSyncExternalStore(subscribe, () => window.matchMedia(WIDE).matches)
