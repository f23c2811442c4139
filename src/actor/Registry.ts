/**
 * Names for actors. A name outlives the actor that bears it: whoever sends to the *address* of a name reaches its
 * present holder, before and after a restart.
 *
 * ```text
 *   address("db") ──▶ "db" ──▶ the holder        register("db", ref), until ref ends
 *                      │
 *                      └─▶ nobody                a message is a dead letter, a call gets ActorStopped (NoProcess)
 * ```
 *
 * A child that is to be found under its name registers itself when it starts, in its `init` or in the `start` of its
 * child spec: so every incarnation takes the name over from the one before.
 *
 * **Where it differs from OTP.** There is no registry for the whole system: each is a value, so a test has its own. One
 * actor may bear several names. To register an actor that has ended succeeds, and names nobody (OTP: `badarg`).
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type { ActorRef } from "./Actor.ts"
import type { NameTaken } from "./ActorError.ts"
import { RegistryImpl } from "./internal/registry.ts"

export { NameTaken } from "./ActorError.ts"

/**
 * Who bears which name.
 *
 * @category models
 * @since 0.1.0
 */
export interface Registry {
  /**
   * Gives a name to an actor, until its end. An address stands for its holder of this moment. Fails with `NameTaken`
   * while a living actor bears the name, be it this very one. OTP: `register/2`.
   */
  readonly register: <M>(name: string, ref: ActorRef<M>) => Effect.Effect<void, NameTaken>
  /** Who bears the name now. That it understands an `M` is what the caller says: names have no types. */
  readonly whereis: <M>(name: string) => Effect.Effect<Option.Option<ActorRef<M>>>
  /**
   * A ref that looks the name up at each message, call, `stop`, `exit` and `awaitExit`, and when it is monitored, linked
   * to or given to a supervisor as a child; from then on the holder of that moment is meant. It has an `id` of its own,
   * which is that of the dead letters when nobody bears the name. Then a call fails with `ActorStopped` (`NoProcess`),
   * `awaitExit` is `NoProcess` at once, `stop` and `exit` do nothing, and a link or a monitor reports `NoProcess`.
   */
  readonly address: <M>(name: string) => ActorRef<M>
}

/**
 * A registry in which every name is free. It needs no scope: an actor's end takes its names back, and nothing else is
 * kept.
 *
 * **Example** (A name survives a restart)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { Actor, Registry, Supervisor } from "whitepool/actor"
 * import type { Oneshot } from "whitepool/channel"
 *
 * const program = Effect.gen(function*() {
 *   const names = yield* Registry.make()
 *   let incarnations = 0
 *   const start = Effect.gen(function*() {
 *     const label = `greeter ${++incarnations}`
 *     const ref = yield* Actor.spawn<Oneshot.Sender<string>>({
 *       receive: (reply) => void reply.sendUnsafe(`I am ${label}`)
 *     })
 *     yield* names.register("greeter", ref)
 *     return ref
 *   })
 *   const supervisor = yield* Supervisor.make({ name: "top" }, [{ id: "greeter", start }])
 *
 *   const greeter = names.address<Oneshot.Sender<string>>("greeter")
 *   const ask = greeter.call((reply: Oneshot.Sender<string>) => reply)
 *   console.log(yield* ask) // => I am greeter 1
 *   yield* greeter.stop()
 *   // A supervisor handles one message after another: this one is answered after the restart.
 *   yield* supervisor.whichChildren
 *   console.log(yield* ask) // => I am greeter 2
 * })
 *
 * await Effect.runPromise(Effect.scoped(program))
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (): Effect.Effect<Registry> => Effect.sync(() => new RegistryImpl())
