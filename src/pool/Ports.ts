/**
 * What the machine asks of the world, as plain calls, so that a test records them as data and an incident can be
 * replayed. None of them runs anything at once: each is carried out after the turn.
 *
 * @since 0.1.0
 */
import type * as Cause from "effect/Cause"
import type { Borrow } from "./internal/borrow.ts"
import type { Owner } from "./internal/owner.ts"
import type { Worker } from "./internal/worker.ts"
import type { RestartIntensityExceeded } from "./PoolError.ts"
import type { ShutdownReport } from "./Status.ts"

/** @internal */
export interface Ports {
  /** Monotonic milliseconds. Never read by a turn that only gives something back. */
  readonly now: () => number
  /** The borrow is `lent` or `refused`: tell whoever asked, unless it is asking right now. */
  readonly reply: (borrow: Borrow) => void
  /** The earliest deadline may have changed, or somebody waits who has none yet: `Machine.date` after this batch of turns. */
  readonly aim: () => void
  /** Something was lent at a time that nobody has read: `Machine.date`, now or after this batch of turns. */
  readonly date: () => void
  /** Start a worker; it answers `Ready` or `Exited`. */
  readonly open: (worker: Worker) => void
  /** Tell a worker to close; it answers `Exited`. */
  readonly close: (worker: Worker) => void
  /** Its opening or closing has outlived its timeout: interrupt it; it answers `Exited` in any case. */
  readonly giveUp: (worker: Worker) => void
  /** Ask the back-off schedule for a delay; it answers `RetryAfter`. `first`: the schedule begins anew. */
  readonly retryDelay: (first: boolean, cause: Cause.Cause<unknown>) => void
  /** Watch the owner's fiber; its end answers `OwnerDown`. */
  readonly monitor: (owner: Owner) => void
  /** Nobody owns this lease any more: watch for it becoming unreachable. */
  readonly orphan: (borrow: Borrow) => void
  /** An eager start is complete, or has failed. */
  readonly started: (failure: Cause.Cause<unknown> | undefined) => void
  /** Too many resources have died: end all of it when this turn is over. */
  readonly exhausted: (error: RestartIntensityExceeded) => void
  /** Nothing is left. */
  readonly ended: (report: ShutdownReport) => void
  readonly log: (level: "warning" | "info", message: string) => void
}
