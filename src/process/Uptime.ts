/**
 * The time of the hook's entry. It imports nothing.
 */

/**
 * Returns the milliseconds since the process began, whatever is done to the clock meanwhile. Not performance.now(), whose module takes
 * two milliseconds to load.
 */
export const uptime = (): number => 1_000 * process.uptime()
