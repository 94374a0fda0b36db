/**
 * Setting of where traces and metrics go.
 */
import * as Config from "effect/Config"
import * as Option from "effect/Option"
import { nonEmpty } from "./Fields.ts"

const isEndpoint = (text: string): boolean => {
  try {
    return ["http:", "https:"].includes(new URL(text).protocol)
  } catch {
    return false
  }
}

/** Base URL of an OpenTelemetry collector that takes OTLP over HTTP; undefined, the default, sends nothing. */
export const telemetry: Config.Config<string | undefined> = nonEmpty("CLAUDE_MEMORY_OTLP_ENDPOINT").pipe(
  Config.validate({
    message: "CLAUDE_MEMORY_OTLP_ENDPOINT is the address of an OpenTelemetry collector, such as http://127.0.0.1:4318",
    validation: Option.match({ onNone: () => true, onSome: isEndpoint })
  }),
  Config.map(Option.getOrUndefined)
)
