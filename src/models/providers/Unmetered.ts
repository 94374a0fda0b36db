/**
 * `Budget` and `ModelCache` for programs that account for models themselves: nothing is counted, refused or cached.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { Budget } from "../Budget.ts"
import { ModelCache } from "../ModelCache.ts"
import { FREE } from "../Prices.ts"
import * as Providers from "./Providers.ts"

/** A budget that allows each call at no price, and a cache that keeps nothing. */
export const layer = Layer.merge(
  Layer.succeed(Budget, { begin: () => Effect.succeed(() => Effect.void), priceOf: () => FREE }),
  Layer.succeed(ModelCache, {
    get: (keys) => Effect.succeed(keys.map(() => Option.none())),
    put: () => Effect.void,
    forget: Effect.void,
    forgotten: Effect.succeed(0)
  })
)

/** The models of providers, without budget and cache. */
export const providers = (options: Providers.Options) => Layer.provide(Providers.layer(options), layer)
