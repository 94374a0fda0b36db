/**
 * Runs the hooks over any stores, indexes and models that the settings name.
 */
import * as App from "../App.ts"
import type { Stdin } from "./EarlyStdin.ts"
import * as HookProgram from "./HookProgram.ts"

export const run = (started: number, stdin: Stdin): void => HookProgram.run(started, stdin, App.hook)
