/**
 * Races of actors and supervisors under a scheduler that picks tasks at random: whoever wins, nothing is left and nothing
 * is started twice; and over the seeds each side wins. `SEED=…` replays one.
 */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Option, Scope } from "effect"
import { TestClock } from "effect/testing"
import { Actor, ExitReason, Supervisor } from "whitepool/actor"
import { withCounters } from "../support/liveFibers.ts"
import { withLogs } from "../support/logs.ts"
import { interleavings } from "../support/seededScheduler.ts"

const seeds = 300

/** Which of two fibers comes last: a coin that the seed throws. */
const coin = Effect.gen(function*() {
  let last = 0
  const sides = [0, 1].map((side) => Effect.andThen(Effect.yieldNow, Effect.sync(() => void (last = side))))
  yield* Effect.all(sides, { concurrency: 2, discard: true })
  return last
})

/** After a while. How long, the seed decides: as often as a coin falls on one side. */
const somewhen = Effect.repeat(coin, { times: 30, while: (side) => side === 1 })

const pause = Effect.repeat(Effect.yieldNow, { times: 3 })

const both = <A, B, E1, E2>(one: Effect.Effect<A, E1>, other: Effect.Effect<B, E2>) =>
  Effect.all([Effect.andThen(somewhen, one), Effect.andThen(somewhen, other)], { concurrency: 2 })

interface World {
  readonly log: Array<string>
  /** An actor that logs its starts and ends. Each step of its start yields. */
  readonly child: (id: string, options?: Omit<Supervisor.ChildSpec, "id" | "start">) => Supervisor.ChildSpec
  readonly ref: (id: string) => Actor.ActorRef<"crash">
  /** How many of them live. */
  readonly alive: () => number
}

const makeWorld = (): World => {
  const log: Array<string> = []
  const refs = new Map<string, Actor.ActorRef<"crash">>()
  let alive = 0
  return {
    log,
    ref: (id) => refs.get(id) ?? assert.fail(`${id} never started`),
    alive: () => alive,
    child: (id, options) => ({
      id,
      ...options,
      start: Effect.gen(function*() {
        yield* Effect.acquireRelease(
          Effect.sync(() => {
            alive++
            log.push(`+${id}`)
          }),
          () =>
            Effect.sync(() => {
              alive--
              log.push(`-${id}`)
            })
        )
        yield* Effect.yieldNow
        const ref = yield* Actor.spawn<"crash">({
          receive: () => Effect.andThen(Effect.yieldNow, Effect.die("crash")),
          terminate: () => Effect.yieldNow
        })
        refs.set(id, ref)
        return ref
      })
    })
  }
}

/** After it no actor lives, no scope is open, no fiber and no timer is left. */
const race = <Outcome extends string>(
  body: (world: World) => Effect.Effect<Outcome, unknown, Scope.Scope>
): Effect.Effect<Outcome> =>
  withLogs(() =>
    withCounters((counters) =>
      Effect.gen(function*() {
        const world = makeWorld()
        const outcome = yield* Effect.scoped(body(world))
        yield* Effect.repeat(Effect.yieldNow, { times: 5000, until: () => counters.fibers() === 0 })
        assert.strictEqual(world.alive(), 0, "children left")
        assert.strictEqual(counters.fibers(), 0, "fibers left")
        return outcome
      })
    )
  ).pipe(Effect.provide(TestClock.layer()), Effect.orDie)

const until = (isTrue: () => boolean) => Effect.repeat(Effect.yieldNow, { times: 5000, until: isTrue })

const isDead = (ref: Actor.ActorRef<never>) => Effect.map(ref.isAlive, (isAlive) => !isAlive)

/** How often a child has started. */
const starts = ({ log }: World, id: string) => log.filter((line) => line === `+${id}`).length

describe("whoever wins, nothing is left and nothing started twice", () => {
  it("two children crash, one while the other is restarted", async () => {
    await interleavings({
      seeds,
      outcomes: ["a first", "b first"],
      race: race((world) =>
        Effect.gen(function*() {
          const supervisor = yield* Supervisor.make({ intensity: 2 }, [world.child("a"), world.child("b")])
          const [a, b] = [world.ref("a"), world.ref("b")]
          world.log.length = 0
          yield* both(a.cast("crash"), b.cast("crash"))
          yield* Effect.all([a.awaitExit, b.awaitExit])
          yield* until(() => world.log.length === 4)
          const children = yield* supervisor.whichChildren
          assert.deepStrictEqual(children.map(({ restarts }) => restarts), [1, 1])
          // One after the other, never mixed.
          const first = world.log[0] === "-a" ? "a" : "b"
          const second = first === "a" ? "b" : "a"
          assert.deepStrictEqual(world.log, [`-${first}`, `+${first}`, `-${second}`, `+${second}`])
          assert.strictEqual(yield* supervisor.ref.isAlive, true)
          return `${first} first` as const
        })
      )
    })
  })

  it("a sibling crashes while one_for_all stops it: it is not counted, and restarted once", async () => {
    await interleavings({
      seeds,
      outcomes: ["a first", "b first"],
      race: race((world) =>
        Effect.gen(function*() {
          const supervisor = yield* Supervisor.make(
            { strategy: "one_for_all", intensity: 2 },
            [world.child("a"), world.child("b")]
          )
          const [a, b] = [world.ref("a"), world.ref("b")]
          yield* both(a.cast("crash"), b.cast("crash"))
          yield* Effect.all([a.awaitExit, b.awaitExit])
          const settled = Effect.map(supervisor.whichChildren, (children) => children.map(({ restarts }) => restarts))
          const restarts = yield* settled
          assert.strictEqual(restarts[0], restarts[1])
          assert.strictEqual(starts(world, "a"), starts(world, "b"))
          assert.strictEqual(world.alive(), 2)
          // Whichever is heard of first takes the other along; the other's own crash is of a life that is over.
          assert.strictEqual(restarts[0], 1)
          return world.log.indexOf("-a") < world.log.indexOf("-b") ? "a first" : "b first"
        })
      )
    })
  })

  it("stop during start", async () => {
    await interleavings({
      seeds,
      outcomes: ["started, then stopped", "interrupted", "never began"],
      race: race((world) =>
        Effect.gen(function*() {
          const supervisor = yield* Supervisor.make({}, [])
          const end = Effect.andThen(supervisor.ref.exit(ExitReason.shutdown), supervisor.awaitExit)
          const [exit, reason] = yield* both(Effect.exit(supervisor.startChild(world.child("a"))), end)
          assert.deepStrictEqual(reason, ExitReason.shutdown)
          assert.strictEqual(world.alive(), 0)
          if (Exit.isSuccess(exit)) return "started, then stopped"
          const error = Option.getOrUndefined(Cause.findErrorOption(exit.cause))
          assert.strictEqual(error?.reason, "noproc")
          return starts(world, "a") === 0 ? "never began" : "interrupted"
        })
      )
    })
  })

  it("the scope closes during make", async () => {
    await interleavings({
      seeds,
      outcomes: ["made", "failed"],
      race: race((world) =>
        Effect.gen(function*() {
          const scope = yield* Scope.make()
          const specs = [world.child("a"), world.child("b")]
          const making = yield* Effect.forkChild(Effect.exit(Scope.provide(Supervisor.make({}, specs), scope)))
          yield* somewhen
          yield* Scope.close(scope, Exit.void)
          const exit = yield* Fiber.join(making)
          yield* until(() => world.alive() === 0)
          if (Exit.isFailure(exit)) return "failed"
          assert.isTrue(yield* isDead(exit.value.ref))
          return "made"
        })
      )
    })
  })

  it("terminateChild against the child's own crash", async () => {
    await interleavings({
      seeds,
      outcomes: ["restarted, then terminated", "terminated"],
      race: race((world) =>
        Effect.gen(function*() {
          const supervisor = yield* Supervisor.make({ intensity: 9 }, [world.child("a")])
          const a = world.ref("a")
          yield* both(a.cast("crash"), supervisor.terminateChild("a"))
          yield* a.awaitExit
          yield* pause
          assert.deepStrictEqual((yield* supervisor.whichChildren).map(({ child }) => child), [undefined])
          assert.strictEqual(world.alive(), 0)
          return starts(world, "a") === 2 ? "restarted, then terminated" : "terminated"
        })
      )
    })
  })

  it("exit during terminate: an exit changes nothing, a kill interrupts it", async () => {
    for (const reason of [ExitReason.shutdown, ExitReason.killed]) {
      await interleavings({
        seeds,
        outcomes: reason._tag === "Killed" ? ["done", "interrupted", "never ran"] : ["done"],
        race: race(() =>
          Effect.gen(function*() {
            let state = "never ran" as "never ran" | "interrupted" | "done"
            const ref = yield* Actor.spawn<string>({
              receive: () => {},
              terminate: () =>
                Effect.gen(function*() {
                  state = "interrupted"
                  yield* pause
                  state = "done"
                })
            })
            yield* both(ref.stop(), ref.exit(reason))
            const end = yield* ref.awaitExit
            if (state === "interrupted" || state === "never ran") assert.deepStrictEqual(end, ExitReason.killed)
            return state
          })
        )
      })
    }
  })

  it("a monitor against the death of its target: one Down, with the reason or NoProcess", async () => {
    await interleavings({
      seeds,
      outcomes: ["Crash", "NoProcess"],
      race: race((world) =>
        Effect.gen(function*() {
          yield* Supervisor.make({ intensity: 0 }, [world.child("a", { restart: "temporary" })])
          const a = world.ref("a")
          const downs: Array<ExitReason.ExitReason["_tag"]> = []
          yield* Effect.forkChild(Effect.andThen(somewhen, a.cast("crash")))
          yield* somewhen
          yield* Actor.spawn<ExitReason.ExitReason["_tag"]>({
            init: (context) => Effect.asVoid(context.monitor(a, (reason) => reason._tag)),
            receive: (tag) => void downs.push(tag)
          })
          yield* until(() => downs.length > 0)
          yield* pause
          assert.strictEqual(downs.length, 1)
          return downs[0] as "Crash" | "NoProcess"
        })
      )
    })
  })

  it("two links die at once: one who does not trap takes the reason of the first, one who traps hears of both", async () => {
    await interleavings({
      seeds,
      outcomes: ["first", "second"],
      race: race(() =>
        Effect.gen(function*() {
          const spawn = () => Actor.spawn<string>({ receive: () => {} })
          const [one, two] = [yield* spawn(), yield* spawn()]
          const heard: Array<number> = []
          const linked = (trapExit: boolean) =>
            Actor.spawn<string>({
              init: (context) => Effect.andThen(context.link(one), context.link(two)),
              receive: () => {},
              trapExit,
              onExit: (from) => void heard.push(Option.isSome(from) ? from.value.id : 0)
            })
          const plain = yield* linked(false)
          yield* linked(true)
          yield* both(
            one.exit({ _tag: "Shutdown", detail: "first" }),
            two.exit({ _tag: "Shutdown", detail: "second" })
          )
          const reason = yield* plain.awaitExit
          yield* until(() => heard.length === 2)
          assert.sameMembers(heard, [one.id, two.id])
          return reason._tag === "Shutdown" && reason.detail === "first" ? "first" : "second"
        })
      )
    })
  })

  it("a kill of the supervisor while it restarts a child", async () => {
    await interleavings({
      seeds,
      outcomes: ["before", "during or after"],
      race: race((world) =>
        Effect.gen(function*() {
          const scope = yield* Scope.make()
          const supervisor = yield* Scope.provide(
            Supervisor.make({ strategy: "one_for_all", intensity: 9 }, [world.child("a"), world.child("b")]),
            scope
          )
          yield* both(world.ref("a").cast("crash"), supervisor.ref.exit(ExitReason.killed))
          assert.deepStrictEqual(yield* supervisor.awaitExit, ExitReason.killed)
          yield* Scope.close(scope, Exit.void)
          assert.strictEqual(world.alive(), 0)
          return starts(world, "a") === 1 ? "before" : "during or after"
        })
      )
    })
  })
})
