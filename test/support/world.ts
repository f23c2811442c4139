/**
 * The world outside of a pool: what its factory opened, what was closed, what went wrong. The pool knows nothing of this
 * ledger, so a number that the pool has lost count of is found here.
 */
import { assert } from "@effect/vitest"
import { Data, Deferred, Effect, Exit, Fiber, type Scope } from "effect"
import { Pool } from "whitepool"

/** What the tests pool. */
export interface Resource {
  readonly id: number
}

/** The factory's typed failure. */
export class OpenError extends Data.TaggedError("OpenError")<{ readonly id: number }> {}

/** What the tests know of a session on a pool of `Resource`s. */
export type Session = Pool.Session<Resource, OpenError>

type MakeError = OpenError | Pool.OpenTimeout | Pool.InvalidOptions
type Options = Partial<Pool.Options<Resource, OpenError, Scope.Scope, Scope.Scope>>

export class World {
  /** How many openings began. */
  begun = 0
  /** The most that were open at once. */
  peak = 0
  readonly opened: Array<Resource> = []
  readonly closed: Array<Resource> = []
  /** What must never happen. */
  readonly problems: Array<string> = []
  /** Runs before a resource exists; replace it to make openings slow, fail, die or hang. */
  open: (id: number) => Effect.Effect<unknown, OpenError> = () => Effect.void
  /** Runs after a resource has been counted as closed. */
  close: (resource: Resource) => Effect.Effect<unknown> = () => Effect.void
  readonly #deaths = new Map<Resource, Deferred.Deferred<void>>()

  /** How many are open. */
  get live(): number {
    return this.opened.length - this.closed.length
  }

  readonly factory: Effect.Effect<Resource, OpenError, Scope.Scope> = Effect.suspend(() => {
    const resource: Resource = { id: ++this.begun }
    const acquire = Effect.sync(() => {
      this.opened.push(resource)
      this.peak = Math.max(this.peak, this.live)
      return resource
    })
    const release = Effect.suspend(() => {
      if (this.closed.includes(resource)) this.problems.push(`resource ${resource.id} was closed twice`)
      this.closed.push(resource)
      return this.close(resource)
    })
    return Effect.andThen(this.open(resource.id), Effect.acquireRelease(acquire, () => release))
  })

  /** For the option of that name: waits for `kill`. */
  readonly link = (resource: Resource): Effect.Effect<void> =>
    Effect.suspend(() => {
      const death = Deferred.makeUnsafe<void>()
      this.#deaths.set(resource, death)
      return Deferred.await(death)
    })

  /** The resource dies by itself. */
  readonly kill = (resource: Resource): Effect.Effect<void> =>
    Effect.suspend(() => Deferred.done(this.#deaths.get(resource)!, Exit.void))

  /** A pool on this world, with every invariant checked after every message. */
  readonly make = (options: Options): Effect.Effect<Session, MakeError, Scope.Scope> =>
    Effect.provideService(Pool.make({ factory: this.factory, size: 1, ...options }), Pool.CheckInvariants, true)

  /** The same, revoking at the end of the test what the test has left lent: under `TestClock` nobody else would. */
  readonly pool = (options: Options): Effect.Effect<Session, MakeError, Scope.Scope> =>
    Effect.tap(this.make(options), (session) => Effect.addFinalizer(() => session.shutdown({ mode: "now" })))
}

/** Enough turns of the event loop for everything that needs no clock to come to rest. */
export const settle: Effect.Effect<void> = Effect.forEach(Array.from({ length: 20 }), () => Effect.yieldNow, {
  discard: true
})

/** Forks, and lets the child come as far as it can. */
export const forkSettled = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<Fiber.Fiber<A, E>, never, R> =>
  Effect.tap(Effect.forkChild(effect), () => settle)

/** The numbers of a pool that are counts, without those that are 0. */
export const counts = (session: Session): Effect.Effect<Partial<Record<string, number>>> =>
  Effect.map(session.status, ({ idle, lent, opening, closing, waiting, abandoned }) =>
    Object.fromEntries(
      Object.entries({ idle, lent, opening, closing, waiting, abandoned }).filter(([, count]) => count > 0)
    ))

/** Nothing is lent, nobody waits, and what the pool has idle is just what is open. */
export const assertWhole = (session: Session, world: World, idle: number): Effect.Effect<void> =>
  Effect.gen(function*() {
    yield* settle
    assert.deepStrictEqual(yield* counts(session), idle === 0 ? {} : { idle })
    assert.strictEqual(world.live, idle, "open resources")
    assert.deepStrictEqual(world.problems, [])
  })

/** Leases of nobody, which the end of no fiber takes back. */
export const lend = (session: Session, count: number): Effect.Effect<Array<Pool.Lease<Resource>>, unknown> =>
  Effect.forEach(Array.from({ length: count }), () => session.checkout({ owner: "none", timeout: 0 }))

/** Shuts down beside the test. */
export const drain = (session: Session, options: Pool.ShutdownOptions = {}) => forkSettled(session.shutdown(options))

/** How each of them failed. */
export const tagsOf = (fibers: ReadonlyArray<Fiber.Fiber<unknown, { readonly _tag: string }>>) =>
  Effect.forEach(fibers, (fiber) => Effect.map(Effect.flip(Fiber.join(fiber)), ({ _tag }) => _tag))
