/**
 * Fits items into both budgets of a request, which bound the whole text, fence included. Pure.
 */
import { fence } from "../domain/Fence.ts"
import type { InjectionRequest } from "../domain/Injection.ts"
import * as Tokens from "../domain/Tokens.ts"

type Budgets = Pick<InjectionRequest, "maxChars" | "maxTokens">

export const fits = (text: string, { maxChars, maxTokens }: Budgets): boolean =>
  text.length <= maxChars && Tokens.estimate(text) <= maxTokens

/** Renders as many items, in their order, as fit; skips an item that is too long. */
export const renderFitting = <A>(
  items: ReadonlyArray<A>,
  render: (fitting: ReadonlyArray<A>) => string,
  budgets: Budgets
): { readonly kept: ReadonlyArray<A>; readonly text: string } => {
  let kept: ReadonlyArray<A> = []
  let text = ""
  for (const item of items) {
    const more = [...kept, item]
    const next = fence(render(more))
    if (!fits(next, budgets)) continue
    kept = more
    text = next
  }
  return { kept, text }
}
