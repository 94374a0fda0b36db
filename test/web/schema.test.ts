import { readFileSync } from "node:fs"
import openapiTS, { astToString, COMMENT_HEADER } from "openapi-typescript"
import { assert, it } from "vitest"

/** `npx openapi-typescript docs/openapi.json --immutable -o src/web/api/schema.d.ts` writes them. */
it("has the types of the API as it is described", async () => {
  const types = astToString(await openapiTS(new URL("../../docs/openapi.json", import.meta.url), { immutable: true }))
  const kept = readFileSync(new URL("../../src/web/api/schema.d.ts", import.meta.url), "utf8")
  assert.strictEqual(kept, COMMENT_HEADER + types)
})
