/**
 * Names the copies of a database that are kept from before its schema was changed or it was repaired. They lie beside it,
 * and hold all that was remembered then.
 */
const COPY = /^(?:memory\.db\.schema|(?:memory|models)\.db\.repair)-\d+(?:\.\d+\.tmp(?:-journal)?)?$/

/** Returns true for the name of a copy, also of one that was not finished. */
export const isCopy = (name: string): boolean => COPY.test(name)

/** Returns true for the name of a copy that was not finished, or is being made. */
export const isUnfinished = (name: string): boolean => isCopy(name) && /\.tmp(?:-journal)?$/.test(name)

/** Returns the path of the copy from before a schema later than `version`. */
export const copyOf = (database: string, version: number): string => `${database}.schema-${version}`

/** Returns the path of the copy from before a repair, the first one of a database being number 1. */
export const copyBeforeRepair = (database: string, number: number): string => `${database}.repair-${number}`

/** Returns the path at which a process makes a copy. */
export const temporaryOf = (copy: string, pid: number): string => `${copy}.${pid}.tmp`
