import { defineConfig } from "vitest/config"
import { isQuick } from "./test/data.ts"

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Also on a machine with two cores, where one would be the default: many tests wait for a process or a clock.
    maxWorkers: 3,
    // As many: Tinypool ends those that idle, and now and then one at work with them.
    minWorkers: 3,
    isolate: false,
    // Some files hold nothing but slow tests.
    passWithNoTests: isQuick,
    // Properties make much that lives for a moment. The helpers of V8's collector, of three processes on two cores, mostly
    // wait for one another: a tenth of all CPU.
    poolOptions: { forks: { execArgv: ["--max-semi-space-size=64", "--single-threaded-gc"] } },
    setupFiles: ["test/setup.ts"],
    projects: [
      // Those under e2e spawn what is in dist, which is built then.
      {
        extends: true,
        test: {
          name: "tests",
          include: ["test/**/*.test.ts"],
          exclude: ["test/claude/**", "test/lint/**"],
          globalSetup: ["test/globalSetup.ts", "test/postgresSetup.ts"]
        }
      },
      // What lint, the diagnostics and the compiler find: `npm run check`.
      {
        extends: true,
        test: {
          name: "lint",
          include: ["test/lint/**/*.test.ts"],
          globalSetup: ["test/globalSetup.ts"]
        }
      },
      // These run the real Claude Code as well, where it is installed: `npm run test:claude`.
      {
        extends: true,
        test: {
          name: "claude",
          include: ["test/claude/**/*.test.ts"],
          globalSetup: ["test/globalSetup.ts"]
        }
      }
    ]
  }
})
