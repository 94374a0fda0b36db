/**
 * Writes docs/openapi.json, the description of the HTTP API.
 */
import * as OpenApi from "@effect/platform/OpenApi"
import { writeFileSync } from "node:fs"
import { Api } from "../../src/http/Api.ts"

writeFileSync("docs/openapi.json", `${JSON.stringify(OpenApi.fromApi(Api), null, 2)}\n`)
