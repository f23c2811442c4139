/**
 * The protocol of the supervisor actor: everything that can ever change a pool, in one mailbox. The table in
 * `docs/messages.md` is checked against this file.
 *
 * @since 0.1.0
 */
import type * as Cause from "effect/Cause"
import type { AnyFiber, Borrow } from "./internal/borrow.ts"
import type { Owner } from "./internal/owner.ts"
import type { Worker } from "./internal/worker.ts"
import type { ShutdownReport, Status } from "./Status.ts"

/** How a reply leaves the machine: the sending end of a oneshot. @internal */
export interface Reply<A> {
  readonly sendUnsafe: (value: A) => unknown
}

/** Lend one; wait until the deadline, or not at all. The borrow is both the message and its reply channel. @internal */
export type Checkout = Borrow

/** The asker has gone: forget the waiter, or take back what was granted and never touched. @internal */
export interface Cancel {
  readonly _tag: "Cancel"
  readonly borrow: Borrow
}

/** It is back, as good as new. @internal */
export interface Checkin {
  readonly _tag: "Checkin"
  readonly borrow: Borrow
}

/** It is broken: close it and replace it. @internal */
export interface Destroyed {
  readonly _tag: "Destroyed"
  readonly borrow: Borrow
  /** What the holder gave as the reason, if anything. */
  readonly reason: unknown
}

/** From now on this fiber owns the lease. @internal */
export interface Adopt {
  readonly _tag: "Adopt"
  readonly borrow: Borrow
  readonly fiber: AnyFiber
}

/** @internal */
export interface GetStatus {
  readonly _tag: "Status"
  readonly reply: Reply<Status>
}

/** Drain, or stop now. `within` is in milliseconds. @internal */
export interface Shutdown {
  readonly _tag: "Shutdown"
  readonly mode: "drain" | "now"
  readonly within: number
  readonly awaiter: Awaiter | undefined
}

/** Tell me when it has ended. @internal */
export interface AwaitShutdown {
  readonly _tag: "AwaitShutdown"
  readonly awaiter: Awaiter
}

/** The worker has opened its resource. @internal */
export interface Ready {
  readonly _tag: "Ready"
  readonly worker: Worker
  readonly resource: unknown
}

/** The worker could not open, its resource has died by itself, or it is closed. @internal */
export interface Exited {
  readonly _tag: "Exited"
  readonly worker: Worker
  readonly reason: WorkerExit
}

/** @internal */
export type WorkerExit =
  | { readonly _tag: "OpenFailed"; readonly cause: Cause.Cause<unknown>; readonly abandoned: boolean }
  | { readonly _tag: "Died"; readonly cause: Cause.Cause<unknown> }
  | { readonly _tag: "Closed"; readonly abandoned: boolean }

/** How long to hold off after the failures so far, in milliseconds. The `Schedule` is the user's code, so it ran elsewhere. @internal */
export interface RetryAfter {
  readonly _tag: "RetryAfter"
  readonly delay: number
}

/** The fiber that owned leases has ended. @internal */
export interface OwnerDown {
  readonly _tag: "OwnerDown"
  readonly owner: Owner
  readonly success: boolean
}

/** The garbage collector has found that nobody can give this ownerless lease back any more. @internal */
export interface Unreachable {
  readonly _tag: "Unreachable"
  readonly borrow: Borrow
}

/** Something may have fallen due. @internal */
export interface Tick {
  readonly _tag: "Tick"
  /** Monotonic milliseconds. */
  readonly now: number
}

/** @internal */
export type Message =
  | Checkout
  | Cancel
  | Checkin
  | Destroyed
  | Adopt
  | GetStatus
  | Shutdown
  | AwaitShutdown
  | Ready
  | Exited
  | RetryAfter
  | OwnerDown
  | Unreachable
  | Tick

/** Somebody who awaits the end: the leases of that fiber cannot come back meanwhile. @internal */
export interface Awaiter {
  readonly fiber: AnyFiber
  /** It was interrupted and awaits no more. */
  readonly hasLeft: boolean
  readonly reply: (report: ShutdownReport) => void
}
