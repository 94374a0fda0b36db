/**
 * A name or an id that matches nothing, or more than one thing.
 */
import * as Schema from "effect/Schema"

/** Longest part of a name that is shown. */
const MAX_NAME = 100

/**
 * `known` lists the ids that begin with `asked` where these are several, for a project the names of all, and for a
 * word the memory.
 */
export class NotFound extends Schema.TaggedError<NotFound>()("NotFound", {
  what: Schema.Literal("unit", "project", "session", "cursor", "injections", "replacement", "word", "work"),
  asked: Schema.String,
  known: Schema.Array(Schema.String)
}) {
  override get message() {
    // Folders may be named as they will; the names are quoted in one line.
    const [name, ...known] = [this.asked, ...this.known].map((each) =>
      each.replace(/[\s\u0085]+/g, " ").slice(0, MAX_NAME)
    )
    const all = known.join(", ")
    switch (this.what) {
      case "session":
        return this.known.length > 0
          ? `several sessions begin with ${name}: ${all}; give more of the id`
          : `no session has the id ${name}; \`claude-memory sessions\` lists them`
      case "unit":
        return this.known.length > 0
          ? `several memories begin with ${name}: ${all}; give more of the id`
          : `no memory has the id ${name}; \`claude-memory search\` prints ids`
      case "project":
        return `no project is called ${name}; known: ${all || "none yet"}`
      case "injections":
        return this.known.length > 0
          ? `several sessions begin with ${name}: ${all}; give more of the id`
          : `nothing was put in front of Claude in ${this.asked === "" ? "any session" : `a session ${name}`} yet`
      case "word":
        return `${all} has no telling word of this prompt: ${name}; without --prompt it is said of the prompt at which it was told`
      case "replacement":
        return `${name} can't hold in place of itself`
      case "work":
        return `no ${name} has failed; it was done meanwhile, or is queued once more`
      case "cursor":
        return `${name} is not a cursor that a timeline returned; leave it out`
    }
  }
}
