/**
 * The protocol of the supervisor actor: everything that can ever change a pool, in one mailbox. The table in
 * `docs/messages.md` is checked against this file.
 *
 * @since 0.1.0
 */
import type * as Cause from "effect/Cause"
import type { AnyFiber, Borrow } from "./internal/borrow.ts"
import type { Verdict } from "./internal/checkup.ts"
import type { Owner } from "./internal/owner.ts"
import type { Settings } from "./internal/settings.ts"
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

/**
 * Drain, or stop now. `within` is in milliseconds; so is `quiet`: the drain begins when nobody has asked for that long.
 *
 * @internal
 */
export interface Shutdown {
  readonly _tag: "Shutdown"
  readonly mode: "drain" | "now"
  readonly within: number
  readonly quiet?: number
  readonly awaiter: Awaiter | undefined
}

/** Tell me when it has ended. @internal */
export interface AwaitShutdown {
  readonly _tag: "AwaitShutdown"
  readonly awaiter: Awaiter
}

/** The lease ends, and its resource leaves the pool unclosed. Answers whether there was a lease to end. @internal */
export interface Detach {
  readonly _tag: "Detach"
  readonly borrow: Borrow
  readonly reply: Reply<boolean>
}

/** Its holder wants the resource for itself alone, and waits until all others have left. @internal */
export interface Reserve {
  readonly _tag: "Reserve"
  readonly reservation: Reservation
}

/** It needs it no more for itself alone, or no longer waits for that. @internal */
export interface Unreserve {
  readonly _tag: "Unreserve"
  readonly reservation: Reservation
}

/** @internal */
export interface Reservation {
  readonly borrow: Borrow
  /**
   * Nobody else has the resource; or the lease has ended first; or another one who has it wants that, too; or it is wanted no
   * more. Only the first answer counts.
   */
  readonly reply: (answer: "alone" | "ended" | "conflict" | "left") => void
}

/**
 * These are to go: idle ones now, lent ones when they come back. `isShrinking`: they are not replaced, unless there is demand.
 *
 * @internal
 */
export interface Evict {
  readonly _tag: "Evict"
  readonly workers: ReadonlyArray<Worker>
  readonly isShrinking: boolean
}

/** All that there are, those being opened too, are to go; evenly spread over so many milliseconds. @internal */
export interface EvictAll {
  readonly _tag: "EvictAll"
  readonly over: number
}

/** Other options apply from now on. They were checked as a whole. @internal */
export interface Reconfigure {
  readonly _tag: "Reconfigure"
  readonly settings: Settings
}

/** Lend and open nothing until `Resume`. @internal */
export interface Suspend {
  readonly _tag: "Suspend"
}

/** @internal */
export interface Resume {
  readonly _tag: "Resume"
}

/** The worker has opened its resource. `jitter` is from 0 to 1: its lifetime's, for the machine draws no numbers. @internal */
export interface Ready {
  readonly _tag: "Ready"
  readonly worker: Worker
  readonly resource: unknown
  readonly jitter: number
}

/** What was run on the resource has come to an end. Where it is not well, `cause` may say why. @internal */
export interface Checked extends Verdict {
  readonly _tag: "Checked"
  readonly worker: Worker
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
  | Detach
  | GetStatus
  | Shutdown
  | AwaitShutdown
  | Reserve
  | Unreserve
  | Evict
  | EvictAll
  | Reconfigure
  | Suspend
  | Resume
  | Ready
  | Checked
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
