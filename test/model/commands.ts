/**
 * What can happen to a pool, as data: so that a failing run shrinks to the few commands that matter.
 *
 * A command names its object by a number, taken modulo of what there is when it runs; where there is nothing to name, it
 * does nothing. So every part of a list of commands is a list of commands.
 */
import * as fc from "fast-check"
import type { Settings } from "../../src/pool/internal/settings.ts"

export type Command =
  /** `late`: what is granted on the spot reaches the asker only with the next flush. */
  | {
    readonly _tag: "checkout"
    readonly mode: "wait" | "try"
    readonly wait: number
    readonly fiber: number
    readonly owner: "asker" | "other" | "none" | "guard"
    readonly late: boolean
  }
  /** The asker is gone before its message is handled. */
  | { readonly _tag: "cancelFirst" }
  /** Replies reach their askers. */
  | { readonly _tag: "flush" }
  | { readonly _tag: "cancel"; readonly which: number }
  | { readonly _tag: "checkin"; readonly which: number }
  | { readonly _tag: "destroyed"; readonly which: number }
  | { readonly _tag: "adopt"; readonly which: number; readonly fiber: number }
  | { readonly _tag: "unreachable"; readonly which: number }
  /** Anything at all about a borrow that has ended. */
  | { readonly _tag: "stale"; readonly which: number; readonly how: number }
  /** What a worker says that is no more, or was told otherwise meanwhile. */
  | { readonly _tag: "staleWorker"; readonly which: number; readonly how: number }
  | { readonly _tag: "ready"; readonly which: number }
  | { readonly _tag: "openFailed"; readonly which: number }
  | { readonly _tag: "died"; readonly which: number; readonly prefer: "any" | "idle" | "untaken" }
  | { readonly _tag: "closed"; readonly which: number }
  /** Whatever opens hangs up at once. */
  | { readonly _tag: "hangsUp"; readonly times: number }
  /** A worker that was given up answers; `ignores`: it did not obey, and is abandoned. */
  | { readonly _tag: "givenUp"; readonly which: number; readonly ignores: boolean }
  | { readonly _tag: "retryAfter"; readonly delay: number }
  | { readonly _tag: "ownerDown"; readonly which: number; readonly success: boolean }
  | { readonly _tag: "tick"; readonly millis: number }
  | { readonly _tag: "status" }
  /** `by`: whoever it is, or somebody who waits for a resource, if there is one. */
  | {
    readonly _tag: "shutdown"
    readonly mode: "drain" | "now"
    readonly within: number
    readonly fiber: number
    readonly by: "anybody" | "waiter"
  }
  | { readonly _tag: "awaitShutdown"; readonly fiber: number; readonly leaves: boolean }

export type Drawn = Pick<
  Settings,
  | "size"
  | "maxOverflow"
  | "maxWaiting"
  | "strategy"
  | "start"
  | "openTimeout"
  | "openConcurrency"
  | "closeTimeout"
  | "onOpenFailure"
  | "onAbandoned"
  | "onOwnerSuccess"
  | "restartIntensity"
>

export const settings: fc.Arbitrary<Drawn> = fc.record({
  size: fc.nat(4),
  maxOverflow: fc.nat(3),
  maxWaiting: fc.constantFrom(Infinity, Infinity, 3, 1, 0),
  strategy: fc.constantFrom("lifo", "fifo"),
  start: fc.constantFrom("background", "lazy", "eager", "eager"),
  openTimeout: fc.constantFrom(Infinity, 1_000, 60),
  openConcurrency: fc.constantFrom(1, 2, 4),
  closeTimeout: fc.constantFrom(1_000, 60),
  onOpenFailure: fc.constantFrom("retry", "fail"),
  onAbandoned: fc.constantFrom("destroy", "checkin"),
  onOwnerSuccess: fc.constantFrom("release", "abandon"),
  restartIntensity: fc.option(fc.record({ intensity: fc.nat(3), period: fc.constantFrom(30, 300, 3_000) }), {
    nil: undefined,
    freq: 2
  })
}).filter(({ size, maxOverflow }) => size + maxOverflow > 0)

const which = fc.nat(97)
const someFiber = fc.nat(3)

const tagged = <const Tag extends Command["_tag"]>(
  tag: Tag,
  fields: { readonly [K in keyof Extract<Command, { readonly _tag: Tag }>]?: fc.Arbitrary<unknown> } = {}
): fc.Arbitrary<Command> => fc.record({ _tag: fc.constant(tag), ...fields }) as unknown as fc.Arbitrary<Command>

const weighted: ReadonlyArray<readonly [number, fc.Arbitrary<Command>]> = [
  [
    26,
    tagged("checkout", {
      mode: fc.constantFrom("wait", "wait", "wait", "wait", "try"),
      wait: fc.constantFrom(Infinity, 400, 100, 50, 20, 0),
      fiber: someFiber,
      owner: fc.constantFrom("asker", "asker", "other", "none", "guard"),
      late: fc.boolean()
    })
  ],
  [1, tagged("cancelFirst")],
  [12, tagged("flush")],
  [5, tagged("cancel", { which })],
  [10, tagged("checkin", { which })],
  [4, tagged("destroyed", { which })],
  [2, tagged("adopt", { which, fiber: someFiber })],
  [2, tagged("unreachable", { which })],
  [3, tagged("stale", { which, how: fc.nat(4) })],
  [3, tagged("staleWorker", { which, how: fc.nat(3) })],
  [22, tagged("ready", { which })],
  [4, tagged("openFailed", { which })],
  [5, tagged("died", { which, prefer: fc.constantFrom("any", "idle", "untaken") })],
  [12, tagged("closed", { which })],
  [2, tagged("hangsUp", { times: fc.nat(8) })],
  [4, tagged("givenUp", { which, ignores: fc.boolean() })],
  [7, tagged("retryAfter", { delay: fc.constantFrom(0, 5, 30) })],
  [3, tagged("ownerDown", { which, success: fc.boolean() })],
  [10, tagged("tick", { millis: fc.constantFrom(0, 1, 10, 30, 70, 200, 1_100) })],
  [1, tagged("status")],
  [
    2,
    tagged("shutdown", {
      mode: fc.constantFrom("drain", "drain", "now"),
      within: fc.constantFrom(Infinity, 0, 30, 100, 300),
      fiber: someFiber,
      by: fc.constantFrom("anybody", "waiter", "waiter", "waiter")
    })
  ],
  [1, tagged("awaitShutdown", { fiber: someFiber, leaves: fc.boolean() })]
]

export const commands: fc.Arbitrary<ReadonlyArray<Command>> = fc.array(
  fc.oneof(...weighted.map(([weight, arbitrary]) => ({ weight, arbitrary }))),
  { maxLength: 120, size: "max" }
)
