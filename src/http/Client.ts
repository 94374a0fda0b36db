/**
 * A client of the API, derived from its definition.
 */
import * as HttpApiClient from "@effect/platform/HttpApiClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { Api } from "./Api.ts"

/** `token` is what `claude-memory token` prints. */
export interface ClientOptions {
  /** Address of the server, as `URL.origin` writes it. */
  readonly url: string
  readonly token: Redacted.Redacted
}

/** Makes the client, which sends by the `HttpClient` of its context: one function for each route, by its group. */
export const make = ({ token, url }: ClientOptions) =>
  HttpApiClient.make(Api, {
    baseUrl: url,
    transformClient: HttpClient.mapRequest(HttpClientRequest.bearerToken(Redacted.value(token)))
  })

export type Client = Effect.Effect.Success<ReturnType<typeof make>>
