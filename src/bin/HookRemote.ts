/**
 * Runs the hooks over any stores, indexes and models that the settings name.
 */
import * as App from "../App.ts"
import * as HookProgram from "./HookProgram.ts"

export const run = (started: number): void => HookProgram.run(started, App.hook)
