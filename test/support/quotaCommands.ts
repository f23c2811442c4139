/** What can happen to pools that share a limit: drawn by fast-check, done to a `QuotaWorld`. */
import { Effect } from "effect"
import * as fc from "fast-check"
import type { Settings } from "../../src/pool/internal/settings.ts"
import { mostAtOnce } from "../../src/pool/internal/state.ts"
import type { Worker } from "../../src/pool/internal/worker.ts"
import type { Site } from "./quotaSite.ts"
import type { QuotaWorld } from "./quotaWorld.ts"
import { RecordedBorrow, termsOf } from "./recording.ts"
import { settingsOf } from "./settings.ts"

const defaults = settingsOf({ size: 1, factory: Effect.void }, "db")

const or = <A>(usual: A, weight: number, ...rare: ReadonlyArray<A>) =>
  fc.oneof({ arbitrary: fc.constant(usual), weight }, { arbitrary: fc.constantFrom(...rare), weight: 1 })

const drawn = fc.record({
  size: fc.nat(4),
  maxOverflow: fc.nat(2),
  kept: fc.nat(4),
  start: fc.constantFrom("lazy" as const, "lazy" as const, "background" as const),
  strategy: fc.constantFrom("lifo" as const, "fifo" as const),
  concurrency: fc.constantFrom(1, 1, 2, 3),
  openConcurrency: fc.constantFrom(4, 1, 2),
  idleTimeout: or(600_000, 2, 300),
  overflowTtl: or(0, 2, 200),
  maxLifetime: or(Infinity, 3, 700),
  maxUses: or(Infinity, 3, 2),
  targetUtilization: or(1, 3, 0.5),
  fairness: or<Settings["fairness"]>(undefined, 3, { maxPerKey: Infinity }, { maxPerKey: 2 }),
  keepalive: or(Infinity, 2, 150),
  validates: or(false, 4, true),
  resets: or(false, 4, true),
  breaker: or(Infinity, 4, 1),
  leaseTimeout: or<Settings["leaseTimeout"]>(undefined, 5, { after: 500, action: "revoke" })
})

type Drawn = typeof drawn extends fc.Arbitrary<infer A> ? A : never

/** What is not drawn takes as long as it takes: nothing here is given up. */
export const filled = ({ kept, maxOverflow, size, ...rest }: Drawn): Settings => ({
  ...defaults,
  ...rest,
  size,
  maxOverflow: size === 0 ? Math.max(1, maxOverflow) : maxOverflow,
  minIdle: Math.min(kept, size),
  lifetimeJitter: 0,
  validationBypass: 50,
  openTimeout: Infinity,
  closeTimeout: Infinity,
  validationTimeout: Infinity,
  resetTimeout: Infinity
})

interface Command {
  readonly what: keyof typeof actions
  readonly at: number
  readonly pick: number
  readonly more: number
}

export const isWaiting = ({ state }: RecordedBorrow): boolean => state === "waiting"
export const isLent = ({ state }: RecordedBorrow): boolean => state === "lent"
const isUntaken = (borrow: RecordedBorrow): boolean => !borrow.taken && (isWaiting(borrow) || isLent(borrow))

const ask = (site: Site, { at, more, pick }: Command): void => {
  if (site.life !== "alive") return
  const mode = pick % 6 === 0 ? "try" : "wait"
  const wait = mode === "try" ? 0 : [Infinity, 5_000, Infinity, 300, 0][pick % 5]!
  const { state } = site.machine
  const most = Math.min(mostAtOnce(state.settings), site.world.max * state.settings.concurrency, 3)
  // Those of two pools may wait for each other half-filled, until their deadlines (docs/keyed.md): only one of the pools has them.
  const n = at === 0 && mode === "wait" && more % 4 === 0
    ? 1 + pick % Math.max(1, most)
    : 1
  const priority = more % 5 === 1 ? 1 + pick % 2 : 0
  const key = more % 3 === 0 ? undefined : more % 3 === 1 ? "a" : "b"
  const parts = Array.from({ length: n }, (_, index) => {
    const borrow = new RecordedBorrow(`${site.borrows.length}.${index}`, mode, wait, undefined, undefined)
    borrow.terms = termsOf(priority, key, undefined)
    return borrow
  })
  site.ask(parts, more % 4 !== 3)
}

const resize = (site: Site, { more, pick }: Command): void => {
  site.reconfigure({ size: pick % 5, maxOverflow: more % 3, minIdle: pick % 5 })
}

/** Nothing is left of what crashed, or was drained; another one is there in its place. */
export const end = (site: Site): void => {
  const { phase } = site.machine.state
  if (phase !== "closed") return
  site.leave()
  site.world.revive(site)
}

/** One of those that there are, if there are any. */
const one =
  <A>(of: (site: Site) => ReadonlyArray<A>, then: (site: Site, one: A, command: Command) => void) =>
  (site: Site, command: Command): void => {
    const all = of(site)
    if (all.length > 0) then(site, all[command.pick % all.length]!, command)
  }

const held = (site: Site) => site.held
const untaken = (site: Site) => site.borrows.filter((parts) => parts.some(isUntaken))
const workers = (...states: ReadonlyArray<Worker["state"]>) => (site: Site) => site.workers(...states)

/** What can happen to a pool, and how often it does. */
const actions = {
  ask: [24, ask],
  take: [8, one(untaken, (site, parts) => site.take(parts))],
  checkin: [16, one(held, (site, borrow) => site.checkin(borrow))],
  destroyed: [3, one(held, (site, borrow) => site.send({ _tag: "Destroyed", borrow, reason: undefined }))],
  detach: [
    1,
    one(held, (site, borrow) => site.send({ _tag: "Detach", borrow, reply: { sendUnsafe: () => undefined } }))
  ],
  died: [2, one(workers("idle", "lent", "validating"), (site, worker) => site.died(worker))],
  ready: [16, one(workers("opening"), (site, worker) => site.ready(worker))],
  openFailed: [3, one(workers("opening"), (site, worker) => site.openFailed(worker))],
  answer: [4, (site: Site) => site.answer()],
  closed: [12, one(workers("closing"), (site, worker) => site.closed(worker))],
  checked: [6, one(workers("validating", "resetting"), (site, worker, { more }) => site.checked(worker, more % 5 > 0))],
  cancel: [5, one(untaken, (site, parts) => site.cancel(parts))],
  resize: [3, resize],
  suspend: [2, (site: Site) => site.send({ _tag: "Suspend" })],
  resume: [3, (site: Site) => site.send({ _tag: "Resume" })],
  evict: [2, one(workers("idle", "lent", "opening"), (site, worker) => site.evict(worker))],
  evictAll: [1, (site: Site, { more }: Command) => site.send({ _tag: "EvictAll", over: more % 2 * 200 })],
  drain: [1, (site: Site) => site.drain()],
  crash: [2, (site: Site) => site.crash()],
  leave: [3, (site: Site) => end(site)],
  pass: [6, (site: Site, { pick }: Command) => site.world.pass([1, 20, 60, 150, 400][pick % 5]!)],
  // The timer is late.
  late: [3, (site: Site, { pick }: Command) => void (site.world.time += [60, 300, 700][pick % 3]!)],
  tasks: [16, (site: Site) => site.world.runTasks()]
} satisfies Record<string, readonly [weight: number, (site: Site, command: Command) => void]>

export const commands: fc.Arbitrary<ReadonlyArray<Command>> = fc.array(
  fc.record({
    what: fc.oneof(
      ...Object.entries(actions).map(([what, [weight]]) => ({
        arbitrary: fc.constant(what as keyof typeof actions),
        weight
      }))
    ),
    at: fc.nat(2),
    pick: fc.nat(59),
    more: fc.nat(59)
  }),
  { maxLength: 120, size: "max" }
)

export const plans = fc.record({
  max: fc.integer({ min: 1, max: 4 }),
  each: fc.array(drawn, { minLength: 2, maxLength: 3 })
})

export const run = (world: QuotaWorld, command: Command): void => {
  const site = world.sites[command.at % world.sites.length]!
  actions[command.what][1](site, command)
}
