// Preloaded into a program: moves its clock by the milliseconds that the file in CLOCK_MS holds, also while it runs. Timers stay.
import { readFileSync } from "node:fs"

const { now } = Date
const read = () => {
  try {
    return Number(readFileSync(process.env.CLOCK_MS, "utf8"))
  } catch {
    return 0
  }
}
let ms = read()
setInterval(() => (ms = read()), 20).unref()

globalThis.Date = class extends Date {
  constructor(...args) {
    super(...(args.length === 0 ? [now() + ms] : args))
  }
  static now() {
    return now() + ms
  }
}
