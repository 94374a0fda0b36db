/**
 * The format of a backup: a gzip file of many members (RFC 1952), so that `gunzip` alone gives the database back. The first member is
 * empty, and its comment is the header. Each other member holds 1 MiB of the database, and its own length in an extra field, so that
 * members are read one at a time.
 */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { createHash } from "node:crypto"
import { FORMAT, Header } from "../Backups.ts"

/** Bytes of the first member. */
export const HEADER_BYTES = 2_048
/** Bytes of the database in a member; the last one has the rest. */
export const CHUNK_BYTES = 1_048_576
/** Bytes at the beginning of a member that tell its length. */
export const PREFIX_BYTES = 20
/** Longest member: gzip makes random bytes longer by less than a thousandth. */
export const MAX_MEMBER_BYTES = CHUNK_BYTES + 65_536

const MAGIC = "claude-memory backup"
const [HAS_EXTRA, HAS_COMMENT] = [0x04, 0x10]
/** Bytes before a member's optional fields: the magic number, the method, flags, time, and system. */
const FIXED = 10

const encodeHeader = Schema.encodeSync(Schema.parseJson(Header))
const decodeHeader = Schema.decodeEither(Schema.parseJson(Header))
const decodeFormat = Schema.decodeEither(Schema.parseJson(Schema.Struct({ format: Schema.Int })))

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex")

/** What a beginning of a file is: a header, none of a backup, one of a newer format, or one that was changed. */
export type Parsed =
  | { readonly _tag: "Header"; readonly header: Header }
  | { readonly _tag: "NotABackup" | "Newer" | "Damaged" }

/** Returns the first member, an empty one whose comment is the header with its checksum. */
export const encode = (header: Header): Uint8Array => {
  const json = encodeHeader(header)
  const comment = `${MAGIC}\n${json}\n${sha256(json)}\n`
  const out = Buffer.alloc(HEADER_BYTES, " ", "latin1")
  out.set([0x1f, 0x8b, 8, HAS_COMMENT, 0, 0, 0, 0, 0, 255])
  if (FIXED + comment.length > HEADER_BYTES - 11) throw new Error("the header of the backup is too long")
  out.write(comment, FIXED, "latin1")
  // The end of the comment, the deflated nothing, its CRC and its length.
  out.set([0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0], HEADER_BYTES - 11)
  return out
}

/** Parses the first `HEADER_BYTES` of a file. */
export const parse = (bytes: Uint8Array): Parsed => {
  const [magic = "", json = "", checksum = ""] = Buffer.from(bytes.subarray(FIXED)).toString("latin1").split("\n")
  const isOurs = bytes[0] === 0x1f && bytes[1] === 0x8b && bytes[3] === HAS_COMMENT && magic === MAGIC
  if (!isOurs) return { _tag: "NotABackup" }
  if (bytes.length < HEADER_BYTES || checksum !== sha256(json)) return { _tag: "Damaged" }
  const format = decodeFormat(json)
  if (Either.isRight(format) && format.right.format > FORMAT) return { _tag: "Newer" }
  return Either.match(decodeHeader(json), {
    onLeft: () => ({ _tag: "Damaged" }),
    onRight: (header): Parsed => ({ _tag: "Header", header })
  })
}

/** Returns the member with its length in an extra field, "CM"; `gzipped` is one member without extra fields. */
export const withLength = (gzipped: Uint8Array): Uint8Array => {
  const out = Buffer.alloc(gzipped.length + PREFIX_BYTES - FIXED)
  out.set(gzipped.subarray(0, FIXED))
  out[3] = HAS_EXTRA
  out.writeUInt16LE(PREFIX_BYTES - FIXED - 2, FIXED)
  out.write("CM", FIXED + 2, "latin1")
  out.writeUInt16LE(4, FIXED + 4)
  out.writeUInt32LE(out.length, FIXED + 6)
  out.set(gzipped.subarray(FIXED), PREFIX_BYTES)
  return out
}

/** Returns the length of the member that begins so; undefined where none does. */
export const lengthOf = (prefix: Uint8Array): number | undefined => {
  if (prefix.length < PREFIX_BYTES) return undefined
  const bytes = Buffer.from(prefix.buffer, prefix.byteOffset, PREFIX_BYTES)
  const isMember = bytes.readUInt16BE(0) === 0x1f8b && bytes[3] === HAS_EXTRA && bytes.readUInt16LE(FIXED) === 8 &&
    bytes.toString("latin1", FIXED + 2, FIXED + 4) === "CM"
  const length = bytes.readUInt32LE(FIXED + 6)
  return isMember && length > PREFIX_BYTES && length <= MAX_MEMBER_BYTES ? length : undefined
}
