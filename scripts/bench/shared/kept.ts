/**
 * Outputs of benchmarks, kept in a folder with the command, the date, the version and the machine they are of.
 */
import * as Schema from "effect/Schema"

/** Everything about an output but its data. */
export const Provenance = Schema.Struct({
  /** Words after `npm run bench --`, with DIR and FILE in place of paths. */
  command: Schema.String,
  at: Schema.DateTimeUtc,
  /** Abbreviated commit, with `-dirty` when tracked files differ from it, or the package's version outside of a checkout. */
  version: Schema.String,
  node: Schema.String,
  cores: Schema.Int,
  /** Load average of the minute before the start. */
  load: Schema.Number
})
export type Provenance = typeof Provenance.Type

/** What a file holds whose data are of this schema. */
export const kept = <A, I>(data: Schema.Schema<A, I>) => Schema.parseJson(Schema.Struct({ ...Provenance.fields, data }))
