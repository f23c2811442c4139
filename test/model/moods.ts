/** Lists of commands, drawn. */
import * as fc from "fast-check"
import type { Command } from "./commands.ts"

const which = fc.nat(97)
const someFiber = fc.nat(3)

const priority = fc.constantFrom(0, 0, 0, 0, 0, 1, 2)
const key = fc.constantFrom(undefined, undefined, "a", "a", "b")
const prefers = fc.constantFrom(undefined, undefined, undefined, 0, 1, 2)

const tagged = <const Tag extends Command["_tag"]>(
  tag: Tag,
  fields: { readonly [K in keyof Extract<Command, { readonly _tag: Tag }>]?: fc.Arbitrary<unknown> } = {}
): fc.Arbitrary<Command> => fc.record({ _tag: fc.constant(tag), ...fields }) as unknown as fc.Arbitrary<Command>

/** How often each is drawn: in rough times, and in calm ones, in which a resource may well grow old. */
const weighted: ReadonlyArray<readonly [number, number, fc.Arbitrary<Command>]> = [
  [
    52,
    40,
    tagged("checkout", {
      mode: fc.constantFrom("wait", "wait", "wait", "wait", "try"),
      wait: fc.constantFrom(Infinity, 400, 100, 50, 20, 0),
      fiber: someFiber,
      owner: fc.constantFrom("asker", "asker", "other", "none", "guard"),
      late: fc.boolean(),
      priority,
      key,
      prefers
    })
  ],
  [
    12,
    8,
    tagged("many", {
      n: fc.nat(3),
      wait: fc.constantFrom(Infinity, Infinity, 400, 50, 0),
      fiber: someFiber,
      owner: fc.constantFrom("asker", "asker", "other", "none"),
      late: fc.boolean(),
      priority,
      key,
      prefers
    })
  ],
  [2, 1, tagged("cancelFirst")],
  [24, 24, tagged("flush")],
  [10, 4, tagged("cancel", { which })],
  [20, 40, tagged("checkin", { which })],
  [8, 2, tagged("destroyed", { which })],
  [4, 1, tagged("adopt", { which, fiber: someFiber })],
  [20, 20, tagged("reserve", { which })],
  [8, 8, tagged("unreserve", { which })],
  [4, 1, tagged("unreachable", { which })],
  [6, 2, tagged("stale", { which, how: fc.nat(5) })],
  [6, 2, tagged("staleWorker", { which, how: fc.nat(3) })],
  [
    6,
    4,
    tagged("staleCheck", { which, job: fc.constantFrom("reset", "validate", "probe", "judge"), ok: fc.boolean() })
  ],
  [44, 80, tagged("ready", { which, jitter: fc.constantFrom(0, 0.5, 1) })],
  [44, 60, tagged("checked", { which, ok: fc.constantFrom(true, true, true, false) })],
  [50, 36, tagged("judged", { which, ok: fc.boolean() })],
  [8, 2, tagged("openFailed", { which })],
  [
    26,
    10,
    tagged("died", {
      which,
      prefer: fc.constantFrom(
        "any",
        "wanted",
        "idle",
        "untaken",
        "probing",
        "probing",
        "probing",
        "resetting",
        "resetting",
        "validating",
        "validating",
        "validating"
      )
    })
  ],
  [24, 40, tagged("closed", { which })],
  [4, 0, tagged("hangsUp", { times: fc.nat(8) })],
  [8, 4, tagged("givenUp", { which, ignores: fc.boolean() })],
  [14, 14, tagged("retryAfter", { delay: fc.constantFrom(0, 5, 30) })],
  [6, 2, tagged("ownerDown", { which, success: fc.boolean() })],
  [10, 44, tagged("wake")],
  [32, 30, tagged("tick", { millis: fc.constantFrom(0, 1, 10, 10, 30, 30, 70, 200, 1_100) })],
  [36, 30, tagged("rest")],
  [6, 6, tagged("pass", { millis: fc.constantFrom(1, 10, 30, 70, 200) })],
  [3, 4, tagged("detach", { which, dies: fc.constantFrom(false, false, true) })],
  [4, 4, tagged("evict", { which, many: fc.boolean(), isShrinking: fc.boolean() })],
  [2, 2, tagged("evictAll", { over: fc.constantFrom(0, 30, 120) })],
  [4, 4, tagged("suspend")],
  [14, 10, tagged("resume")],
  [10, 10, tagged("reconfigure")],
  [2, 1, tagged("status")],
  [
    1,
    1,
    tagged("shutdown", {
      mode: fc.constantFrom("drain", "drain", "now"),
      within: fc.constantFrom(Infinity, 0, 30, 100, 300),
      quiet: fc.constantFrom(0, 0, 20, 50, 200),
      fiber: someFiber,
      by: fc.constantFrom("anybody", "waiter", "waiter", "waiter")
    })
  ],
  [1, 1, tagged("awaitShutdown", { fiber: someFiber, leaves: fc.boolean() })]
]

const listsIn = (mood: 0 | 1): fc.Arbitrary<ReadonlyArray<Command>> =>
  fc.array(fc.oneof(...weighted.map((each) => ({ weight: each[mood], arbitrary: each[2] }))), {
    maxLength: 300,
    size: "max"
  })

export const commands: fc.Arbitrary<ReadonlyArray<Command>> = fc.oneof(listsIn(0), listsIn(1))
