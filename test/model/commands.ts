/**
 * What can happen to a pool, as data: so that a failing run shrinks to the few commands that matter.
 *
 * A command names its object by a number, taken modulo of what there is when it runs; where there is nothing to name, it
 * does nothing. So every part of a list of commands is a list of commands.
 */
import type { Job } from "../../src/pool/internal/checkup.ts"

export type Command =
  /** `late`: what is granted on the spot reaches the asker only with the next flush. */
  | {
    readonly _tag: "checkout"
    readonly mode: "wait" | "try"
    readonly wait: number
    readonly fiber: number
    readonly owner: "asker" | "other" | "none" | "guard"
    readonly late: boolean
    readonly priority: number
    readonly key: string | undefined
    /** One of those that are idle, if it is a number. */
    readonly prefers: number | undefined
  }
  /** So many together, or as many of them as there can be. */
  | {
    readonly _tag: "many"
    readonly n: number
    readonly wait: number
    readonly fiber: number
    readonly owner: "asker" | "other" | "none"
    readonly late: boolean
    readonly priority: number
    readonly key: string | undefined
    readonly prefers: number | undefined
  }
  /** The asker is gone before its message is handled. */
  | { readonly _tag: "cancelFirst" }
  /** Replies reach their askers. */
  | { readonly _tag: "flush" }
  | { readonly _tag: "cancel"; readonly which: number }
  | { readonly _tag: "checkin"; readonly which: number }
  | { readonly _tag: "destroyed"; readonly which: number }
  | { readonly _tag: "adopt"; readonly which: number; readonly fiber: number }
  /** Whoever has one wants it alone, and does no more. */
  | { readonly _tag: "reserve"; readonly which: number }
  | { readonly _tag: "unreserve"; readonly which: number }
  | { readonly _tag: "unreachable"; readonly which: number }
  /** Anything at all about a borrow that has ended. */
  | { readonly _tag: "stale"; readonly which: number; readonly how: number }
  /** What a worker says that is no more, or was told otherwise meanwhile. */
  | { readonly _tag: "staleWorker"; readonly which: number; readonly how: number }
  | { readonly _tag: "staleCheck"; readonly which: number; readonly job: Job; readonly ok: boolean }
  | { readonly _tag: "ready"; readonly which: number; readonly jitter: number }
  | { readonly _tag: "openFailed"; readonly which: number }
  /** What was run on a resource has come to an end. */
  | { readonly _tag: "checked"; readonly which: number; readonly ok: boolean }
  | { readonly _tag: "judged"; readonly which: number; readonly ok: boolean }
  | {
    readonly _tag: "died"
    readonly which: number
    readonly prefer: "any" | "wanted" | "idle" | "untaken" | "probing" | "resetting" | "validating"
  }
  | { readonly _tag: "closed"; readonly which: number }
  /** Whatever opens hangs up at once. */
  | { readonly _tag: "hangsUp"; readonly times: number }
  /** A worker that was given up answers; `ignores`: it did not obey, and is abandoned. */
  | { readonly _tag: "givenUp"; readonly which: number; readonly ignores: boolean }
  | { readonly _tag: "retryAfter"; readonly delay: number }
  | { readonly _tag: "ownerDown"; readonly which: number; readonly success: boolean }
  | { readonly _tag: "tick"; readonly millis: number }
  /** The timer, as soon as anything is due. */
  | { readonly _tag: "wake" }
  /** Time goes by, and the timer is late. */
  | { readonly _tag: "pass"; readonly millis: number }
  /** `dies`: the resource is dead already, and nobody knows. */
  | { readonly _tag: "detach"; readonly which: number; readonly dies: boolean }
  /** Of one, or of about every other. */
  | { readonly _tag: "evict"; readonly which: number; readonly many: boolean; readonly isShrinking: boolean }
  | { readonly _tag: "evictAll"; readonly over: number }
  | { readonly _tag: "suspend" }
  | { readonly _tag: "resume" }
  /** The other options apply, and next time the first ones again. */
  | { readonly _tag: "reconfigure" }
  /** Nobody does anything for half a minute, if something is idle. */
  | { readonly _tag: "rest" }
  | { readonly _tag: "status" }
  /** `by`: whoever it is, or somebody who waits for a resource, if there is one. */
  | {
    readonly _tag: "shutdown"
    readonly mode: "drain" | "now"
    readonly within: number
    readonly quiet: number
    readonly fiber: number
    readonly by: "anybody" | "waiter"
  }
  | { readonly _tag: "awaitShutdown"; readonly fiber: number; readonly leaves: boolean }

/** The one that is meant. */
export const pick = <A>(from: ReadonlyArray<A>, which: number): A | undefined => from[which % Math.max(1, from.length)]
