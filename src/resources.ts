/**
 * The ledger of open handles, their owners, and a constructor for each kind, for programs that have no memory. What needs a package of
 * its own is a module beside this one: `claude-memory/resources/HttpPool`, `Sqlite`, `Postgres` and `FileLock`.
 */

// The ledger, and who opens in it.
export * as Owner from "./resources/Owner.ts"
export {
  acquire,
  type Acquisition,
  LeakedResources,
  type ReleaseOutcome,
  type Resource,
  type ResourceChange,
  type ResourceKind,
  ResourceLedger,
  TooManyOpen
} from "./resources/ResourceLedger.ts"

// What a service may open after its layer is built.
export * as Lazy from "./resources/Lazy.ts"
export * as PerCall from "./resources/PerCall.ts"
export * as ScopeMap from "./resources/ScopeMap.ts"

// A constructor for each kind of handle, and a file system that leaves opening to them.
export * as Child from "./resources/Child.ts"
export * as ClosedFileSystem from "./resources/ClosedFileSystem.ts"
export * as Fibers from "./resources/Fibers.ts"
export * as File from "./resources/File.ts"
export { Files } from "./resources/Files.ts"
export * as Loaded from "./resources/Loaded.ts"
export * as LockFolder from "./resources/LockFolder.ts"
export * as Server from "./resources/Server.ts"
export * as TemporaryFolder from "./resources/TemporaryFolder.ts"
export * as Timer from "./resources/Timer.ts"
export * as Watcher from "./resources/Watcher.ts"
export * as Worker from "./resources/Worker.ts"

// Bounds on work.
export * as Concurrent from "./resources/Concurrent.ts"
export * as InFlight from "./resources/InFlight.ts"
export * as Permits from "./resources/Permits.ts"

// What the operating system counts beside the ledger.
export * as LeakProbe from "./resources/monitor/LeakProbe.ts"
export * as Monitor from "./resources/monitor/Monitor.ts"
