/**
 * Parses the header of a SQLite file (https://sqlite.org/fileformat2.html, section 1.3). Without Effect, since the
 * hook's entry reads it too.
 */

export interface Header {
  readonly userVersion: number
  /** Bytes that the file must have when no log holds some of its pages; 0 when the header does not record the size. */
  readonly size: number
}

/** Bytes of a header. */
export const LENGTH = 100
const MAGIC = "SQLite format 3\0"

export const parse = (bytes: Uint8Array): Header | undefined => {
  if (bytes.length < LENGTH || MAGIC !== new TextDecoder().decode(bytes.subarray(0, MAGIC.length))) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, LENGTH)
  const pageSize = view.getUint16(16) === 1 ? 65_536 : view.getUint16(16)
  // The page count is valid only when the change counter equals the version-valid-for number.
  const pages = view.getUint32(24) === view.getUint32(92) ? view.getUint32(28) : 0
  return { userVersion: view.getUint32(60), size: pages * pageSize }
}
