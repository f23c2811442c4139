import { assert } from "@effect/vitest"
import { Deferred, Effect, type Scope } from "effect"
import { Pool } from "whitepool"
import { ExitReason, Supervisor } from "whitepool/actor"
import { settle } from "./support.ts"
import { often, refOf } from "./tree.ts"
import { type Extra, makeWorld, type Refused, runOutTheClock, type Thing } from "./world.ts"

export const declared = (extra: Extra = {}) =>
  Effect.gen(function*() {
    const world = makeWorld()
    const { session, spec } = yield* Pool.childSpec<Thing, Refused, Scope.Scope>("db", {
      size: 1,
      name: "db",
      link: (thing: Thing) => Deferred.await(thing.death),
      ...extra,
      factory: world.factory
    })
    return { world, session, spec }
  })

/** A pool as the only child of a supervisor. */
export const supervised = (extra: Extra = {}, flags: Supervisor.Flags = {}) =>
  Effect.gen(function*() {
    const made = yield* declared(extra)
    const supervisor = yield* Supervisor.make({ ...often, ...flags }, [made.spec])
    yield* runOutTheClock
    /** The end of the pool that nobody can trap. */
    const kill = Effect.andThen(
      Effect.flatMap(Effect.orDie(supervisor.whichChildren), (infos) => refOf(infos[0]!.child).exit(ExitReason.killed)),
      settle
    )
    return { ...made, supervisor, kill }
  })

export const crashed = (value: { readonly _tag?: string; readonly pool?: string }) => {
  assert.strictEqual(value._tag, "PoolCrashed")
  assert.strictEqual(value.pool, "db")
}
