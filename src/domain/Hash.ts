/**
 * Hashes a text's UTF-16 units by FNV-1a, with the finalizer of MurmurHash3, so that the lowest bits are as good as the
 * others. Returns 0 to 2³² - 1, the same on every machine.
 */
export const hash = (text: string): number => {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
