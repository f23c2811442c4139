/**
 * The handle that receives.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { type Disconnected, Empty } from "../ChannelError.ts"
import type * as Mpsc from "../Mpsc.ts"
import { attempt } from "./attempt.ts"
import { type Chan, disconnected } from "./chan.ts"
import type { Consumer, Handle } from "./consumer.ts"
import { forget, releaseWith, scopeOf } from "./inScope.ts"
import { Signal } from "./signal.ts"
import { stackless } from "./stackless.ts"

const makeEmpty = (): Empty => stackless(() => new Empty(), undefined)

/** @internal */
export class ReceiverHandle<T> implements Mpsc.Receiver<T> {
  readonly #chan: Chan<T>
  readonly recv: Effect.Effect<T, Disconnected>

  constructor(chan: Chan<T>) {
    this.#chan = chan
    this.recv = this.#receive(() => chan.takeUnsafe())
  }

  /** `take` looks again, and is run in the very step that gives its result away. */
  #receive<A>(take: () => A): Effect.Effect<A, Disconnected> {
    const wait = this.#chan.awaitClaim(take)
    return attempt(() => {
      const found = this.#chan.lookUnsafe()
      return found === "ready" ? true : found === "ended" ? disconnected : wait
    }, take)
  }

  recvMany(max: number): Effect.Effect<ReadonlyArray<T>, Disconnected> {
    return Effect.suspend(() => {
      if (!(max >= 0)) throw new RangeError(`recvMany takes a natural number, got ${max}`)
      return max < 1 ? Effect.succeed([]) : this.#receive(() => this.#chan.takeManyUnsafe(Math.floor(max)))
    })
  }

  get tryRecv(): Effect.Effect<T, Empty | Disconnected> {
    return attempt<T, Empty | Disconnected, never>(() => {
      const found = this.#chan.lookUnsafe()
      return found === "ready" ? true : found === "ended" ? disconnected : Effect.fail(makeEmpty())
    }, () => this.#chan.takeUnsafe())
  }

  get close(): Effect.Effect<void> {
    return Effect.sync(() => this.#chan.closeUnsafe())
  }

  get drop(): Effect.Effect<void> {
    return Effect.sync(() => this.#chan.dropUnsafe())
  }

  get length(): Effect.Effect<number> {
    return Effect.sync(() => this.#chan.length)
  }

  get isEmpty(): Effect.Effect<boolean> {
    return Effect.sync(() => this.#chan.length === 0)
  }

  get isClosed(): Effect.Effect<boolean> {
    return Effect.sync(() => this.#chan.isEnded || this.#chan.isClosed)
  }

  get senderStrongCount(): Effect.Effect<number> {
    return Effect.sync(() => this.#chan.strongCount)
  }

  get stream(): Stream.Stream<T> {
    // One by one: what a pull takes and its stream then does not use would be lost.
    const pull = Effect.catchTag(
      this.#receive((): readonly [T] => [this.#chan.takeUnsafe()]),
      "Disconnected",
      () => Cause.done()
    )
    return Stream.fromPull(Effect.succeed(pull))
  }

  consume(
    handle: (message: T) => void | Effect.Effect<void>
  ): Effect.Effect<Effect.Effect<Exit.Exit<void>>, never, Scope.Scope> {
    return Effect.withFiberSucceed<Effect.Effect<Exit.Exit<void>>, Scope.Scope>((fiber) =>
      this.#consumeIn(scopeOf(fiber), handle)
    )
  }

  #consumeIn(scope: Scope.Scope, handle: Handle<T>): Effect.Effect<Exit.Exit<void>> {
    const end = new Signal<Exit.Exit<void>>(this.#chan.host.wake)
    if (scope.state._tag === "Closed") {
      end.set(Exit.void)
      return end.wait
    }
    const consumer = this.#chan.attachUnsafe(handle, (exit) => {
      forget(registered)
      end.set(exit)
    })
    const registered = releaseWith(scope, Effect.suspend(() => stop(consumer)))
    consumer.startUnsafe()
    return end.wait
  }
}

/**
 * Ends the consumer, and waits for an Effect turn to end. Not for the turn that closes the scope itself, be it an
 * Effect or, since it is under way while this runs, any synchronous one.
 */
const stop = <T>(consumer: Consumer<T>): Effect.Effect<void> =>
  Effect.withFiber((fiber) => {
    consumer.stopUnsafe()
    const driver = consumer.driver
    if (!consumer.isInEffect || driver === undefined || driver.id === fiber.id) return Effect.void
    return Effect.asVoid(Fiber.await(driver))
  })
