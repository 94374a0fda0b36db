/**
 * The hooks over whatever the settings ask for.
 */
import * as App from "../App.ts"
import * as HookProgram from "../hook/Program.ts"

export const run = (started: number): void => HookProgram.run(started, App.hook)
