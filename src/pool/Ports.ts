/**
 * What the machine asks of the world, as plain calls, so that a test records them as data and an incident can be
 * replayed. None of them runs anything at once: each is carried out after the turn.
 *
 * @since 0.1.0
 */
import type * as Cause from "effect/Cause"
import type { Borrow } from "./internal/borrow.ts"
import type { Job } from "./internal/checkup.ts"
import type { Owner } from "./internal/owner.ts"
import type { Worker } from "./internal/worker.ts"
import type { RestartIntensityExceeded } from "./PoolError.ts"
import type { ShutdownReport } from "./Status.ts"

/** @internal */
export interface Ports {
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** The same, of now or of earlier in this batch of turns: for what may be late by so much, and must not cost a look. */
  readonly moment: () => number
  /** The borrow is `lent` or `refused`: tell whoever asked, unless it is asking right now. */
  readonly reply: (borrow: Borrow) => void
  /** The earliest deadline may have changed, or somebody waits who has none yet: `Machine.date` after this batch of turns. */
  readonly aim: () => void
  /** Something was lent at a time that nobody has read: `Machine.date`, now or after this batch of turns. */
  readonly date: () => void
  /** May one more be opened, as far as other pools are concerned? It counts from then on. If not: `Tick`, when that may have changed. */
  readonly claim: () => boolean
  /** One that was claimed is gone. */
  readonly disclaim: () => void
  /**
   * What is free, or is given back by one of those who share it (`isHeld`), would go to the waiter of this ticket, or be idle:
   * does another pool need its place more?
   */
  readonly yields: (ticket: number | undefined, isHeld: boolean) => boolean
  /** Start a worker; it answers `Ready` or `Exited`. */
  readonly open: (worker: Worker) => void
  /** Tell a worker to close; it answers `Exited`. */
  readonly close: (worker: Worker) => void
  /** Its opening or closing has outlived its timeout: interrupt it; it answers `Exited` in any case. */
  readonly giveUp: (worker: Worker) => void
  /** Run this on an open resource; it answers `Checked`, unless the worker is told to close or dies meanwhile. */
  readonly check: (worker: Worker, job: Job) => void
  /** Give the resource away, unclosed, now; it answers nothing. `false`: it has just died, and will say so. */
  readonly detach: (worker: Worker) => boolean
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
