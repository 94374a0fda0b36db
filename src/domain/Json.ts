/**
 * Tells JSON from other text. Pure.
 */

export const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
