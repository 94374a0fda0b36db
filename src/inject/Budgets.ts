/**
 * Fits items into both budgets of a request, which bound the whole text, fence included. Pure.
 */
import type { InjectionRequest } from "../domain/Injection.ts"
import * as Tokens from "../domain/Tokens.ts"

export type Budgets = Pick<InjectionRequest, "maxChars" | "maxTokens">

/** A text, and its tokens as they are estimated. */
export interface Measured {
  readonly text: string
  readonly tokens: number
}

export const measured = (text: string): Measured => ({ text, tokens: Tokens.estimate(text) })

export const fits = ({ text, tokens }: Measured, { maxChars, maxTokens }: Budgets): boolean =>
  text.length <= maxChars && tokens <= maxTokens

export interface Fitting<A> extends Measured {
  readonly kept: ReadonlyArray<A>
}

/** Renders as many items, in their order, as fit; skips an item that is too long. */
export const renderFitting = <A>(
  items: ReadonlyArray<A>,
  render: (fitting: ReadonlyArray<A>) => Measured,
  budgets: Budgets
): Fitting<A> => {
  const attempt = (kept: ReadonlyArray<A>): Fitting<A> | undefined => {
    const { text, tokens } = render(kept)
    return fits({ text, tokens }, budgets) ? { kept, text, tokens } : undefined
  }
  const nothing: Fitting<A> = { kept: [], text: "", tokens: 0 }
  if (items.length === 0) return nothing
  return attempt(items) ?? items.reduce((best, item) => attempt([...best.kept, item]) ?? best, nothing)
}
