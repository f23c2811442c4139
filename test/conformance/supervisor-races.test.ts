import { assert, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope } from "effect"
import { TestClock } from "effect/testing"
import { Actor, ExitReason, Supervisor } from "whitepool/actor"
import { withCounters } from "../support/liveFibers.ts"
import { random, SeededScheduler } from "../support/seededScheduler.ts"
import { child, type Journal, makeJournal, often } from "./tree.ts"

const pause = (steps: number) => Effect.forEach(Array.from({ length: steps }), () => Effect.yieldNow, { discard: true })

interface Race {
  readonly journal: Journal
  readonly pick: (below: number) => number
  readonly scope: Scope.Closeable
}

/** Runs a race with each of many seeds, in a scope of its own, after which nothing of it may be left. */
const races = (seeds: number, body: (race: Race) => Effect.Effect<void, unknown, Scope.Scope>) => async () => {
  const replayed = process.env["SEED"]
  const all = replayed === undefined ? Array.from({ length: seeds }, (_, n) => n + 1) : [Number(replayed)]
  for (const seed of all) {
    const draw = random(seed * 7919)
    const race = withCounters((live) =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        const journal = makeJournal()
        yield* Scope.provide(body({ journal, pick: (below) => Math.floor(draw() * below), scope }), scope)
        const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
        yield* Effect.repeat(Effect.yieldNow, { times: 20_000, until: () => closing.pollUnsafe() !== undefined })
        yield* Effect.repeat(Effect.yieldNow, { times: 20_000, until: () => live.fibers() === 0 })
        assert.deepStrictEqual(journal.open, [], "a child's scope is open")
        assert.strictEqual(new Set(journal.closed).size, journal.closed.length, "a child's scope was closed twice")
        // A timer is a fiber that sleeps.
        assert.strictEqual(live.fibers(), 0, "fibers left")
      })
    ).pipe(Effect.provide(TestClock.layer()))
    await Effect.runPromise(race, { scheduler: new SeededScheduler(seed) }).catch((cause) => {
      throw new Error(`SEED=${seed} fails: ${String(cause)}`, { cause })
    })
  }
}

const ids = ["a", "b", "c", "d"] as const

/** Each that the supervisor calls alive lives, is the latest of its name, and has the only open scope of that name. */
const isWhole = (journal: Journal, supervisor: Supervisor.Supervisor) =>
  Effect.gen(function*() {
    const infos = yield* supervisor.whichChildren
    const living: Array<string> = []
    for (const info of infos) {
      if (info.child === undefined) continue
      assert.notStrictEqual(info.child, "restarting")
      living.push(info.id!)
      assert.isTrue(yield* journal.ref(info.id!).isAlive, `${info.id} is listed and dead`)
      assert.strictEqual(info.child, journal.ref(info.id!))
    }
    assert.sameMembers(journal.open, living.map((id) => `${id}#${journal.starts(id)}`))
    assert.strictEqual((yield* supervisor.countChildren).active, living.length)
  })

const quiet = pause(1_500)

for (const strategy of ["one_for_one", "one_for_all", "rest_for_one"] as const) {
  it(
    `${strategy}: deaths, commands and questions in any order leave a whole tree, and then none`,
    races(120, (race) =>
      Effect.gen(function*() {
        const { journal, pick } = race
        const starting = () => pause(pick(6))
        const stopping = Effect.suspend(() => pause(pick(6)))
        const spec = (id: string) => child(journal, id, { starting, stopping })
        const supervisor = yield* Supervisor.make({ ...often, strategy }, ids.map(spec))
        const act = Effect.suspend((): Effect.Effect<unknown, Supervisor.SupervisorError> => {
          const id = ids[pick(4)]!
          switch (pick(8)) {
            case 0:
              return journal.ref(id).cast("crash")
            case 1:
              return journal.ref(id).exit(ExitReason.killed)
            case 2:
              return journal.ref(id).cast("finish")
            case 3:
              return supervisor.terminateChild(id)
            case 4:
              return supervisor.restartChild(id)
            case 5:
              return supervisor.deleteChild(id)
            case 6:
              return supervisor.startChild(spec(id))
            default:
              return supervisor.whichChildren
          }
        })
        const actor = Effect.forEach(
          Array.from({ length: 8 }),
          () => Effect.andThen(Effect.suspend(() => pause(pick(12))), Effect.exit(act)),
          { discard: true }
        )
        const actors = [yield* Effect.forkChild(actor), yield* Effect.forkChild(actor), yield* Effect.forkChild(actor)]
        // One of them is cut short in the middle of whatever it asks.
        yield* pause(pick(60))
        yield* Fiber.interrupt(actors[0]!)
        for (const one of actors.slice(1)) yield* Fiber.await(one)
        yield* quiet
        assert.isTrue(yield* supervisor.ref.isAlive)
        yield* isWhole(journal, supervisor)
      }))
  )
}

it(
  "stop, Killed and the end of the scope, at any moment of a restart, leave nothing",
  races(200, (race) =>
    Effect.gen(function*() {
      const { journal, pick } = race
      const starting = () => pause(pick(10))
      const stopping = Effect.suspend(() => pause(pick(10)))
      const strategy = (["one_for_one", "one_for_all", "rest_for_one"] as const)[pick(3)]!
      const supervisor = yield* Supervisor.make(
        { ...often, strategy },
        ids.map((id) => child(journal, id, { starting, stopping }))
      )
      const crashes = yield* Effect.forkChild(Effect.forEach(Array.from({ length: 5 }), () =>
        Effect.andThen(
          Effect.suspend(() => pause(pick(10))),
          Effect.suspend(() => journal.ref(ids[pick(4)]!).cast("crash"))
        )))
      yield* pause(pick(80))
      const how = pick(3)
      if (how === 0) {
        yield* supervisor.ref.stop()
      } else if (how === 1) {
        yield* supervisor.ref.exit(ExitReason.killed)
      }
      yield* Fiber.interrupt(crashes)
      if (how !== 2) {
        const reason = yield* supervisor.awaitExit
        assert.strictEqual(reason._tag, how === 0 ? "Normal" : "Killed")
        const starts = ids.map(journal.starts)
        yield* quiet
        assert.deepStrictEqual(ids.map(journal.starts), starts, "something was started after the end")
        assert.deepStrictEqual(journal.open, [])
      }
    }))
)

it(
  "make interrupted at any moment leaves nothing",
  races(200, (race) =>
    Effect.gen(function*() {
      const { journal, pick, scope } = race
      const slow = { starting: () => pause(pick(8)), stopping: Effect.suspend(() => pause(pick(8))) }
      const tree = Supervisor.make({ ...often, intensity: 0 }, [
        child(journal, "a", slow),
        {
          id: "sub",
          type: "supervisor",
          start: Supervisor.make(often, [child(journal, "b", slow), child(journal, "c", slow)])
        },
        child(journal, "d", slow)
      ])
      const making = yield* Effect.forkChild(Scope.provide(tree, scope))
      yield* pause(pick(120))
      yield* Fiber.interrupt(making)
    }))
)

it(
  "an escalation that meets the end of everything leaves nothing",
  races(200, (race) =>
    Effect.gen(function*() {
      const { journal, pick } = race
      const slow = { starting: () => pause(pick(8)), stopping: Effect.suspend(() => pause(pick(8))) }
      const top = yield* Supervisor.make({ intensity: 1, period: "1 hour" }, [
        child(journal, "a", slow),
        {
          id: "sub",
          type: "supervisor",
          start: Supervisor.make({ intensity: 0 }, [child(journal, "b", slow), child(journal, "c", slow)])
        }
      ])
      const crashes = pick(3)
      for (let n = 0; n < crashes; n++) {
        yield* journal.ref(pick(2) === 0 ? "b" : "c").cast("crash")
        yield* pause(pick(100))
      }
      if (pick(2) === 0) {
        yield* quiet
        assert.strictEqual(yield* top.ref.isAlive, journal.starts("b") < 3 && journal.open.length > 0)
      }
    }))
)

it(
  "a link, an unlink and a death, racing: the other side hears of it once at most",
  races(300, (race) =>
    Effect.gen(function*() {
      const { pick } = race
      const heard: Array<string> = []
      type Step = (context: Actor.Context<Step>) => Effect.Effect<void, unknown>
      const spawn = (trapExit: boolean) =>
        Actor.spawn<Step>({
          receive: (step, context) => step(context),
          trapExit,
          onExit: (_from, reason) => void heard.push(reason._tag)
        })
      const [a, b] = [yield* spawn(true), yield* spawn(false)]
      const links = pick(3)
      const steps = [
        ...Array.from({ length: links }, () => a.cast((context) => context.link(b))),
        b.cast((context) => context.link(a)),
        b.exit(ExitReason.killed)
      ]
      yield* Effect.forEach(steps, (step) => Effect.andThen(Effect.suspend(() => pause(pick(20))), step), {
        concurrency: "unbounded"
      })
      yield* quiet
      assert.isTrue(yield* a.isAlive)
      assert.isFalse(yield* b.isAlive)
      // Once over a link that stood, or NoProcess for each attempt that came too late.
      const crossed = heard.filter((reason) => reason === "Killed").length
      assert.isAtMost(crossed, 1)
      assert.isAtMost(heard.length - crossed, links)
      if (links > 0) assert.isAtLeast(heard.length, 1)
    }))
)

it(
  "a monitor racing death is told exactly once",
  races(300, (race) =>
    Effect.gen(function*() {
      const { pick } = race
      const downs: Array<string> = []
      const victim = yield* Actor.spawn<"crash">({ receive: () => Effect.die("crash") })
      const watcher = yield* Actor.spawn<"watch" | { readonly down: string }>({
        receive: (message, context) =>
          message === "watch"
            ? Effect.asVoid(context.monitor(victim, (reason) => ({ down: reason._tag })))
            : void downs.push(message.down)
      })
      yield* Effect.forEach(
        [watcher.cast("watch"), victim.cast("crash"), victim.exit(ExitReason.killed)],
        (step) => Effect.andThen(Effect.suspend(() => pause(pick(20))), step),
        { concurrency: "unbounded" }
      )
      yield* quiet
      assert.strictEqual(downs.length, 1)
      assert.include(["Crash", "Killed", "NoProcess"], downs[0])
    }))
)
