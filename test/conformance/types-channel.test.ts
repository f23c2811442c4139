import { assert, it } from "@effect/vitest"
import { type Cause, type Duration, Effect, type Exit, type Option, type Scope, type Stream } from "effect"
import { Mpsc, Oneshot } from "whitepool/channel"
import { type Deviations, type Extends, type Extras, holds, lacks, none, type Same } from "./types.ts"

interface SenderSpec<T> {
  readonly send: (message: T) => Effect.Effect<void, Mpsc.Closed<T>>
  readonly trySend: (message: T) => Effect.Effect<void, Mpsc.Full<T> | Mpsc.Closed<T>>
  readonly trySendUnsafe: (message: T) => Mpsc.Full<T> | Mpsc.Closed<T> | undefined
  readonly sendTimeout: (
    message: T,
    timeout: Duration.Input
  ) => Effect.Effect<void, Mpsc.SendTimeout<T> | Mpsc.Closed<T>>
  readonly reserve: Effect.Effect<Mpsc.Permit<T>, Mpsc.Closed<void>, Scope.Scope>
  readonly reserveMany: (n: number) => Effect.Effect<ReadonlyArray<Mpsc.Permit<T>>, Mpsc.Closed<void>, Scope.Scope>
  readonly tryReserve: Effect.Effect<Mpsc.Permit<T>, Mpsc.Full<void> | Mpsc.Closed<void>, Scope.Scope>
  readonly closed: Effect.Effect<void>
  readonly isClosed: Effect.Effect<boolean>
  readonly capacity: Effect.Effect<number>
  readonly maxCapacity: number
  readonly clone: Effect.Effect<Mpsc.Sender<T>>
  readonly drop: Effect.Effect<void>
  readonly downgrade: Effect.Effect<Mpsc.WeakSender<T>>
  readonly sameChannel: (that: Mpsc.Sender<T>) => boolean
  readonly strongCount: Effect.Effect<number>
  readonly weakCount: Effect.Effect<number>
}
interface WeakSenderSpec<T> {
  readonly upgrade: Effect.Effect<Option.Option<Mpsc.Sender<T>>>
  readonly drop: Effect.Effect<void>
}
interface PermitSpec<T> {
  readonly send: (message: T) => Effect.Effect<void>
  readonly drop: Effect.Effect<void>
}
interface ReceiverSpec<T> {
  readonly recv: Effect.Effect<T, Mpsc.Disconnected>
  readonly recvMany: (max: number) => Effect.Effect<ReadonlyArray<T>, Mpsc.Disconnected>
  readonly tryRecv: Effect.Effect<T, Mpsc.Empty | Mpsc.Disconnected>
  readonly close: Effect.Effect<void>
  readonly drop: Effect.Effect<void>
  readonly length: Effect.Effect<number>
  readonly isEmpty: Effect.Effect<boolean>
  readonly isClosed: Effect.Effect<boolean>
  readonly senderStrongCount: Effect.Effect<number>
  readonly stream: Stream.Stream<T>
  readonly consume: (
    handle: (message: T) => void | Effect.Effect<void>
  ) => Effect.Effect<Effect.Effect<Exit.Exit<void>>, never, Scope.Scope>
}
interface OneshotSenderSpec<A, E> {
  readonly send: (value: A) => Effect.Effect<Option.Option<A>>
  readonly sendUnsafe: (value: A) => Option.Option<A>
  readonly fail: (cause: Cause.Cause<E>) => Effect.Effect<boolean>
  readonly failUnsafe: (cause: Cause.Cause<E>) => boolean
  readonly drop: Effect.Effect<void>
  readonly closed: Effect.Effect<void>
  readonly isClosed: Effect.Effect<boolean>
}
interface OneshotReceiverSpec<A, E> {
  readonly recv: (
    options?: { readonly timeout?: Duration.Input | undefined }
  ) => Effect.Effect<A, E | Oneshot.NoReply | Oneshot.DeadlineExceeded>
  readonly tryRecv: Effect.Effect<A, E | Oneshot.NoReply | Mpsc.Empty>
  readonly close: Effect.Effect<void>
}

type M = { readonly m: 1 }
type F = { readonly f: 1 }

none<Deviations<Mpsc.Sender<M>, SenderSpec<M>>>()
none<Deviations<Mpsc.WeakSender<M>, WeakSenderSpec<M>>>()
none<Deviations<Mpsc.Permit<M>, PermitSpec<M>>>()
none<Deviations<Mpsc.Receiver<M>, ReceiverSpec<M>>>()
none<Deviations<Oneshot.Sender<M, F>, OneshotSenderSpec<M, F>>>()
none<Deviations<Oneshot.Receiver<M, F>, OneshotReceiverSpec<M, F>>>()
none<Extras<Mpsc.WeakSender<M>, WeakSenderSpec<M>>>()
none<Extras<Mpsc.Permit<M>, PermitSpec<M>>>()
none<Extras<Mpsc.Receiver<M>, ReceiverSpec<M>>>()
none<Extras<Oneshot.Receiver<M, F>, OneshotReceiverSpec<M, F>>>()
holds<Same<Oneshot.Sender<M>, Oneshot.Sender<M, never>>>()
holds<Same<Oneshot.Receiver<M>, Oneshot.Receiver<M, never>>>()

holds<
  Same<typeof Mpsc.bounded, <T>(capacity: number) => Effect.Effect<readonly [Mpsc.Sender<T>, Mpsc.Receiver<T>]>>
>()
holds<Same<typeof Mpsc.unbounded, <T>() => Effect.Effect<readonly [Mpsc.Sender<T>, Mpsc.Receiver<T>]>>>()
holds<
  Same<
    typeof Oneshot.make,
    <A, E = never>() => Effect.Effect<readonly [Oneshot.Sender<A, E>, Oneshot.Receiver<A, E>]>
  >
>()

holds<Extends<Mpsc.Closed<M>, Error & { readonly _tag: "Closed"; readonly value: M }>>()
holds<Extends<Mpsc.Full<M>, Error & { readonly _tag: "Full"; readonly value: M }>>()
holds<Extends<Mpsc.SendTimeout<M>, Error & { readonly _tag: "SendTimeout"; readonly value: M }>>()
holds<Extends<Mpsc.Empty, Error & { readonly _tag: "Empty" }>>()
holds<Extends<Mpsc.Disconnected, Error & { readonly _tag: "Disconnected" }>>()
holds<Extends<Oneshot.NoReply, Error & { readonly _tag: "NoReply" }>>()
holds<
  Extends<Oneshot.DeadlineExceeded, Error & { readonly _tag: "DeadlineExceeded"; readonly waited: Duration.Duration }>
>()
holds<Same<Mpsc.Closed<M>["value"], M>>()
holds<Same<Mpsc.Closed<M>["_tag"], "Closed">>()
holds<Same<Oneshot.DeadlineExceeded["waited"], Duration.Duration>>()

holds<Extends<Mpsc.Sender<string | number>, { readonly send: (message: string) => unknown }>>()
lacks<Extends<Mpsc.Sender<string>, Mpsc.Sender<string | number>>>()
holds<Extends<Mpsc.Receiver<string>, { readonly recv: Effect.Effect<string | number, Mpsc.Disconnected> }>>()
lacks<Extends<Mpsc.Receiver<string | number>, Mpsc.Receiver<string>>>()

const _catches = Effect.gen(function*() {
  const [sender] = yield* Mpsc.bounded<string>(1)
  return yield* sender.sendTimeout("a", "1 second").pipe(
    Effect.catchTag("SendTimeout", (error) => Effect.succeed(error.value)),
    Effect.catchTag("Closed", (error) => Effect.succeed(error.value))
  )
})
holds<Same<typeof _catches, Effect.Effect<string | void>>>()

it("channel: every declared value exists and is of its kind", () => {
  assert.strictEqual(typeof Mpsc.bounded, "function")
  assert.strictEqual(typeof Mpsc.unbounded, "function")
  assert.strictEqual(typeof Oneshot.make, "function")
  const classes = [
    Mpsc.Closed,
    Mpsc.Full,
    Mpsc.SendTimeout,
    Mpsc.Empty,
    Mpsc.Disconnected,
    Oneshot.NoReply,
    Oneshot.DeadlineExceeded
  ]
  for (const one of classes) assert.isTrue(one.prototype instanceof Error)
})
