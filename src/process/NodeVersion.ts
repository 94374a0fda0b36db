/** Oldest Node that the program runs on. This module uses only syntax that older versions can parse. */
const MAJOR = 20
const MINOR = 19

export const TOO_OLD = `claude-memory needs Node ${MAJOR}.${MINOR} or newer; this is Node ${process.versions.node}.\n`

export const isSupported = (version: string): boolean => {
  const [major = 0, minor = 0] = version.split(".").map(Number)
  return major > MAJOR || (major === MAJOR && minor >= MINOR)
}
