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
import { type Chan, disconnected } from "./chan.ts"
import type { Consumer, Handle } from "./consumer.ts"
import { forget, releaseWith, scopeOf } from "./inScope.ts"
import { type AnyFiber, evaluatedByItself, handOn, Operation } from "./operation.ts"
import { Signal } from "./signal.ts"
import { stackless } from "./stackless.ts"

const makeEmpty = (): Empty => stackless(() => new Empty(), undefined)

/** `recv` and its kin: takes what is there, or waits for it, whenever it is evaluated. */
class Receive<T, A> extends Operation<A, Disconnected> {
  readonly #chan: Chan<T>
  readonly #take: () => A

  constructor(chan: Chan<T>, take: () => A) {
    super()
    this.#chan = chan
    this.#take = take
  }

  evaluate(fiber: AnyFiber): Effect.Effect<A, Disconnected> {
    return this.#chan.receiveUnsafe(this.#take, fiber)
  }
}

evaluatedByItself("Receive", Receive)

/** @internal */
export class ReceiverHandle<T> implements Mpsc.Receiver<T> {
  readonly #chan: Chan<T>
  readonly recv: Effect.Effect<T, Disconnected>

  constructor(chan: Chan<T>) {
    this.#chan = chan
    this.recv = new Receive(chan, () => chan.takeQueuedUnsafe())
  }

  recvMany(max: number): Effect.Effect<ReadonlyArray<T>, Disconnected> {
    const chan = this.#chan
    if (max >= 1) return new Receive(chan, () => chan.takeManyUnsafe(Math.floor(max)))
    return Effect.sync(() => {
      if (!(max >= 0)) throw new RangeError(`recvMany takes a natural number, got ${max}`)
      return []
    })
  }

  get tryRecv(): Effect.Effect<T, Empty | Disconnected> {
    return Effect.withFiber((fiber): Effect.Effect<T, Empty | Disconnected> => {
      const found = this.#chan.lookUnsafe()
      if (found === "ready") return handOn(this.#chan.takeQueuedUnsafe(), fiber)
      return found === "ended" ? disconnected : Effect.fail(makeEmpty())
    })
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
      new Receive(this.#chan, (): readonly [T] => [this.#chan.takeQueuedUnsafe()]),
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
