/** All rules: by the shape of a secret, and by the words before it. */
import * as SecretAssignments from "./SecretAssignments.ts"
import * as SecretCiphers from "./SecretCiphers.ts"
import * as SecretCommands from "./SecretCommands.ts"
import type { Finding } from "./Secretlint.ts"
import * as Secretlint from "./Secretlint.ts"
import * as SecretPairs from "./SecretPairs.ts"
import * as SecretPatterns from "./SecretPatterns.ts"
import * as SecretTables from "./SecretTables.ts"

/** Finds secrets by their shape. */
export const shapedIn = async (content: string): Promise<ReadonlyArray<Finding>> => [
  ...await Secretlint.findings(content),
  ...SecretPatterns.findings(content)
]

/** Finds secrets by the words before them; by these rules nearly any string may be one. */
export const namedIn = (content: string): ReadonlyArray<Finding> => [
  ...SecretCommands.findings(content),
  ...SecretPairs.findings(content),
  ...SecretTables.findings(content),
  ...SecretAssignments.findings(content),
  ...SecretCiphers.findings(content)
]
