// Fails when the page is larger than its bounds, gzipped: node scripts/page-size.mjs. Prints the size of each file.
import { pageSize } from "./web.mjs"

const { all, first, sizes } = await pageSize()
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`
for (const { bytes, name } of sizes) console.log(`${kilobytes(bytes).padStart(10)}  ${name}`)
for (const [name, { bytes, limit }] of Object.entries({ "first view": first, all })) {
  console.log(`${kilobytes(bytes).padStart(10)}  ${name}, of at most ${kilobytes(limit)}, gzipped`)
  if (bytes > limit) {
    console.error(`The page is too large (${name}).`)
    process.exitCode = 1
  }
}
