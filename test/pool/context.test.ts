/** Whose context code runs in: the pool's own, never that of whoever happened to post the message. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Context, Effect, Fiber, Logger, Option, Schedule, Scheduler, Scope, Tracer } from "effect"
import { TestClock } from "effect/testing"
import { AsyncLocalStorage } from "node:async_hooks"
import { Pool } from "whitepool"
import { crash } from "../support/crash.ts"
import { forkSettled, OpenError, settle, World } from "../support/world.ts"

const storage = new AsyncLocalStorage<string>()

/** Runs with a store of its own in AsyncLocalStorage, as a request of a web server does. */
const within = <A, E>(store: string, effect: Effect.Effect<A, E>): Promise<A> =>
  storage.run(store, () => Effect.runPromise(effect))

/** Every piece of the user's code that runs for the pool notes the store it sees. */
const observed = async (options: Partial<Pool.Options<object, OpenError>> = {}) => {
  const seen: Array<string> = []
  const note = (what: string) => Effect.sync(() => seen.push(`${what}: ${storage.getStore()}`))
  const scope = Scope.makeUnsafe()
  let fails = false
  const factory = Effect.gen(function*() {
    yield* note("factory")
    yield* Effect.yieldNow
    yield* note("factory")
    if (fails) yield* new OpenError({ id: 0 })
    return yield* Effect.acquireRelease(Effect.sync(() => ({})), () => note("closing"))
  })
  const made = Pool.make({
    factory,
    size: 1,
    link: () => Effect.andThen(note("link"), Effect.never),
    backoff: Schedule.spaced(1).pipe(Schedule.modifyDelay(({ duration }) => Effect.as(note("backoff"), duration))),
    ...options
  })
  const silent = Effect.provide(made, Logger.layer([]))
  const session = await within("maker", Effect.provideService(silent, Scope.Scope, scope))
  return { seen, session, scope, fail: (now: boolean) => void (fails = now) }
}

describe("AsyncLocalStorage", () => {
  it("the factory, the link and the closing see the store of make, never that of a caller", async () => {
    const { scope, seen, session } = await observed({ maxOverflow: 1, start: "lazy" })
    await within("caller 1", session.use(() => session.use(() => Effect.yieldNow)))
    await within("caller 2", Effect.flatMap(session.checkout(), (lease) => session.destroyed(lease)))
    await within("caller 3", Effect.exit(session.tryCheckout()))
    await within("caller 4", session.use(() => Effect.die("boom")).pipe(Effect.exit))
    await within(
      "closer",
      Effect.andThen(session.shutdown(), Scope.close(scope, { _tag: "Success" } as never)).pipe(Effect.exit)
    )
    assert.includeMembers(seen, ["factory: maker", "link: maker", "closing: maker"])
    assert.deepStrictEqual(seen.filter((line) => !line.endsWith(": maker")), [])
  })

  it("so do those of an incarnation that follows a crash, whoever's message was the crash", async () => {
    const { seen, session } = await observed()
    await within("caller", crash(session))
    await within("caller", session.use(() => Effect.yieldNow))
    await within("caller", session.shutdown())
    assert.lengthOf(seen.filter((line) => line === "factory: maker"), 4)
    assert.deepStrictEqual(seen.filter((line) => !line.endsWith(": maker")), [])
  })

  it("so does the back-off", async () => {
    const { fail, seen, session } = await observed({ start: "lazy" })
    fail(true)
    const asking = within("caller", session.use(() => Effect.void, { timeout: "infinity" }))
    while (!seen.includes("backoff: maker")) await within("caller", Effect.yieldNow)
    fail(false)
    await asking
    assert.deepStrictEqual(seen.filter((line) => !line.endsWith(": maker")), [])
    await Effect.runPromise(session.shutdown())
  })

  it("a waiter that is resumed keeps its own, whoever gave the resource back", async () => {
    const { session } = await observed()
    const lease = await within("holder", session.checkout())
    const storeNow = Effect.sync(() => storage.getStore())
    const waiters = [
      within("first", session.use(() => storeNow)),
      within("second", Effect.andThen(Effect.tap(session.checkout(), (lease) => session.checkin(lease)), storeNow)),
      within("third", Effect.andThen(Effect.scoped(session.scoped()), storeNow)),
      within("fourth", Effect.andThen(Effect.exit(session.checkout({ timeout: 1_000 })), storeNow))
    ]
    while ((await Effect.runPromise(session.status)).waiting < 4) await Effect.runPromise(Effect.yieldNow)
    await within("holder", session.checkin(lease))
    assert.deepStrictEqual(await Promise.all(waiters), ["first", "second", "third", "fourth"])
    await Effect.runPromise(session.shutdown({ mode: "now" }))
  })
})

describe("the caller's context", () => {
  it.effect("its services and its span are not the factory's: neither make's span nor the caller's is a parent", () =>
    Effect.gen(function*() {
      class Who extends Context.Reference<string>("test/Who", { defaultValue: () => "nobody" }) {}
      const seen: Array<string> = []
      const factory = Effect.gen(function*() {
        const parent = yield* Effect.serviceOption(Tracer.ParentSpan)
        seen.push(`${yield* Who}, ${Option.isSome(parent) ? "a parent" : "no parent"}`)
        return {}
      })
      const session = yield* Pool.make({ factory, size: 1, maxOverflow: 1 }).pipe(
        Effect.withSpan("make"),
        Effect.provideService(Who, "maker")
      )
      yield* session.use(() => session.use(() => Effect.void)).pipe(
        Effect.withSpan("caller"),
        Effect.provideService(Who, "caller")
      )
      const lease = yield* session.checkout()
      yield* session.destroyed(lease).pipe(Effect.withSpan("caller"), Effect.provideService(Who, "caller"))
      yield* settle
      assert.deepStrictEqual(seen, ["maker, no parent", "maker, no parent", "maker, no parent"])
    }))

  it.effect("the body of use keeps the caller's services and its span", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({})
      const span = yield* session.use(() => Effect.currentSpan).pipe(Effect.withSpan("caller"))
      assert.strictEqual(span.name, "caller")
    }))

  it.effect("its Clock is not read: deadlines are kept by the pool's", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({})
      yield* session.checkout()
      let reads = 0
      const read = <A>(value: A) => (): A => {
        reads++
        return value
      }
      const strange: Clock.Clock = {
        currentTimeMillisUnsafe: read(1e15),
        currentTimeMillis: Effect.sync(read(1e15)),
        currentTimeNanosUnsafe: read(10n ** 21n),
        currentTimeNanos: Effect.sync(read(10n ** 21n)),
        monotonicTimeNanosUnsafe: read(10n ** 21n),
        monotonicTimeNanos: Effect.sync(read(10n ** 21n)),
        sleep: () => Effect.sync(read(undefined))
      }
      const waiter = yield* forkSettled(
        Effect.flip(session.checkout({ timeout: "1 second" })).pipe(Effect.provideService(Clock.Clock, strange))
      )
      yield* TestClock.adjust("999 millis")
      assert.isUndefined(waiter.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.strictEqual((yield* Fiber.join(waiter))._tag, "CheckoutTimeout")
      assert.strictEqual(reads, 0)
    }))

  it.effect("its Logger hears nothing of the pool's lines", () =>
    Effect.gen(function*() {
      const lines: Array<string> = []
      const loggerOf = (whose: string) => Logger.layer([Logger.make<unknown, void>(() => void lines.push(whose))])
      const world = new World()
      const scope = yield* Effect.scope
      const session = yield* Effect.provide(world.pool({}), loggerOf("pool's")).pipe(Scope.provide(scope))
      world.open = (id) => new OpenError({ id })
      const lease = yield* session.checkout()
      yield* session.destroyed(lease).pipe(Effect.provide(loggerOf("caller's")))
      yield* settle
      assert.deepStrictEqual(lines, ["pool's"])
    }))

  it.effect("its Scheduler delivers no reply and starts no worker", () =>
    Effect.gen(function*() {
      let tasks = 0
      class Counting extends Scheduler.MixedScheduler {
        override makeDispatcher() {
          const dispatcher = super.makeDispatcher()
          const scheduleTask = dispatcher.scheduleTask.bind(dispatcher)
          dispatcher.scheduleTask = (task, priority) => {
            tasks++
            scheduleTask(task, priority)
          }
          return dispatcher
        }
      }
      const session = yield* new World().pool({ maxOverflow: 1 })
      const lease = yield* session.checkout()
      const inside = Effect.gen(function*() {
        const own = yield* session.checkout()
        yield* session.destroyed(own)
        return yield* session.use(() => Effect.succeed("served"))
      })
      const asker = yield* Effect.forkChild(Effect.provideService(inside, Scheduler.Scheduler, new Counting()))
      yield* settle
      yield* session.checkin(lease)
      assert.strictEqual(yield* Fiber.join(asker), "served")
      assert.strictEqual(tasks, 0)
    }))
})
