/**
 * A name or an id that matches nothing, or more than one thing.
 */
import * as Schema from "effect/Schema"

export class NotFound extends Schema.TaggedError<NotFound>()("NotFound", {
  what: Schema.Literal("unit", "project", "session", "cursor", "injections"),
  name: Schema.String,
  known: Schema.Array(Schema.String)
}) {
  override get message() {
    switch (this.what) {
      case "session":
        return this.known.length > 0
          ? `several sessions begin with ${this.name}: ${this.known.join(", ")}; give more of the id`
          : `no session has the id ${this.name}; \`claude-memory show\` prints the session of a memory`
      case "unit":
        return this.known.length > 0
          ? `several memories begin with ${this.name}: ${this.known.join(", ")}; give more of the id`
          : `no memory has the id ${this.name}; \`claude-memory search\` prints ids`
      case "project":
        return `no project is called ${this.name}; known: ${this.known.join(", ") || "none yet"}`
      case "injections":
        return this.known.length > 0
          ? `several sessions begin with ${this.name}: ${this.known.join(", ")}; give more of the id`
          : `nothing was put in front of Claude in ${this.name === "" ? "any session" : `a session ${this.name}`} yet`
      case "cursor":
        return `${this.name} is not a cursor that a timeline returned; leave it out`
    }
  }
}
