/**
 * The options of a pool, drawn: a third of the pools have no policies at all, and of the others each policy is on in more
 * than a third. In half of them, with policies or without, several may have a resource at once.
 */
import { Effect } from "effect"
import * as fc from "fast-check"
import type { Settings } from "../../src/pool/internal/settings.ts"
import { settingsOf } from "../support/settings.ts"

const defaults = settingsOf({ name: "model", size: 1, factory: Effect.void }, "model")

/** Those that differ from the defaults. */
export type Drawn = Partial<Settings>

const basics = fc.record({
  size: fc.nat(4),
  maxOverflow: fc.nat(3),
  maxWaiting: fc.constantFrom(Infinity, Infinity, 3, 1, 0),
  strategy: fc.constantFrom("lifo", "fifo"),
  start: fc.constantFrom("background", "background", "lazy", "eager"),
  openTimeout: fc.constantFrom(Infinity, 1_000, 60),
  openConcurrency: fc.constantFrom(1, 2, 4),
  closeTimeout: fc.constantFrom(1_000, 60),
  onOpenFailure: fc.constantFrom("retry", "fail"),
  onAbandoned: fc.constantFrom("destroy", "checkin"),
  onOwnerSuccess: fc.constantFrom("release", "abandon"),
  restartIntensity: fc.oneof(
    { weight: 3, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.record({ intensity: fc.nat(3), period: fc.constantFrom(30, 300, 3_000) }) }
  )
}).filter(({ size, maxOverflow }) => size + maxOverflow > 0)

/** Either all of these, or none. */
const perhaps = (
  some: { readonly [K in keyof Settings]?: fc.Arbitrary<Settings[K]> },
  weight = 5
): fc.Arbitrary<Drawn> => fc.oneof({ weight, arbitrary: fc.constant({}) }, { weight: 3, arbitrary: fc.record(some) })

const yes = fc.constant(true)

const policies: fc.Arbitrary<Drawn> = fc.tuple(
  perhaps({
    validates: yes,
    validationBypass: fc.constantFrom(0, 25),
    validationTimeout: fc.constantFrom(Infinity, 40)
  }, 3),
  perhaps({ resets: yes, resetTimeout: fc.constantFrom(Infinity, 40) }),
  perhaps({ asksToRetire: yes }, 2),
  perhaps({ keepalive: fc.constantFrom(10, 10, 50), validationTimeout: fc.constantFrom(Infinity, 40, 40) }),
  perhaps({ minIdle: fc.nat(2) }),
  perhaps({ idleTimeout: fc.constantFrom(20, 100) }),
  perhaps({ overflowTtl: fc.constantFrom(20, 100) }),
  perhaps({ maxLifetime: fc.constantFrom(1_000, 1_000, 300), lifetimeJitter: fc.constantFrom(0, 0, 0.5) }, 1),
  perhaps({ maxUses: fc.constantFrom(1, 2) }),
  perhaps({ leaseTimeout: fc.record({ after: fc.constantFrom(20, 100), action: fc.constantFrom("warn", "revoke") }) }),
  perhaps({ priorityAging: fc.constantFrom(30, 900, Infinity) }),
  perhaps({ fairness: fc.record({ maxPerKey: fc.constantFrom(1, 2, Infinity) }) }),
  perhaps({ overload: fc.record({ target: fc.constantFrom(10, 30), interval: fc.constantFrom(20, 60) }) }),
  perhaps({ breaker: fc.constantFrom(1, 2) }),
  perhaps({ targetUtilization: fc.constantFrom(0.5, 0.75) }),
  perhaps({ workerShutdown: fc.constantFrom(0, 30, Infinity) })
).map((some) => Object.assign({}, ...some) as Drawn)

const withPolicies = (chosen: fc.Arbitrary<Drawn>): fc.Arbitrary<Drawn> =>
  fc.tuple(basics, chosen).map(([basic, some]) => ({ ...basic, ...some }))

const concurrency = fc.constantFrom(1, 1, 2, 3)

const settings: fc.Arbitrary<Drawn> = fc.oneof(
  { weight: 1, arbitrary: withPolicies(fc.constant({})) },
  { weight: 2, arbitrary: withPolicies(policies) }
)

/** How many may have a resource at once: for ever, and one of them must not reset what the others still use. */
const shared = (drawn: Drawn, concurrency: number): Drawn =>
  concurrency === 1 ? drawn : { ...drawn, concurrency, resets: false, resetTimeout: Infinity }

/** Those that a pool begins with, and those that it may come to have. */
export const plans: fc.Arbitrary<readonly [Drawn, Drawn]> = fc.tuple(settings, settings, concurrency).map(
  ([drawn, other, most]) => [shared(drawn, most), shared(other, most)]
)

/** With all the defaults. */
export const filled = (drawn: Drawn): Settings => {
  const { closeTimeout = defaults.closeTimeout, minIdle = Infinity, size = defaults.size } = drawn
  return { ...defaults, workerShutdown: closeTimeout, ...drawn, minIdle: Math.min(minIdle, size) }
}
