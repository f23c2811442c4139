/**
 * Erlang's processes for Effect: a mailbox, a behaviour, a lifetime.
 *
 * ```text
 *   your behaviour                       the actor
 *   --------------                       ---------
 *   init             <---------------    Actor.spawn
 *   receive          <---------------    ref.cast, ref.castUnsafe, ref.call, a Down, a timer
 *     reply.send     --------------->      ref.call ends
 *   onExit           <---------------    ref.exit, the end of a linked actor, when it traps exits
 *   terminate        <---------------    ref.stop, ref.exit, a crash, its scope closes
 *                    --------------->      ref.awaitExit, monitors
 * ```
 *
 * **Turns.** An actor handles one message at a time, in the order in which they came. `receive` either finishes at once
 * or returns an Effect; in both cases the next message waits for the end of the turn. A message that finds the actor
 * idle is handled at once, on the stack of whoever sent it (an Effect that `receive` returns runs in the actor's own
 * fiber). A turn that throws, fails or dies ends *the actor*, never its sender: let it crash.
 *
 * **Ends.** `terminate` runs on every one of them but `Killed`; OTP runs it on an exit signal only with `trap_exit`.
 *
 * | cause                             | what is queued   | an Effect turn | `terminate` | reason             |
 * | --------------------------------- | ---------------- | -------------- | ----------- | ------------------ |
 * | `ref.stop(reason)`                | is handled first | finishes       | yes         | `reason`, `Normal` |
 * | a turn goes wrong                 | dead letters     |                | yes         | `Crash`            |
 * | `ref.exit(killed)`                | dead letters     | is interrupted | no          | `Killed`           |
 * | `ref.exit(normal)`, not trapping  |                  |                |             | goes on            |
 * | `ref.exit(reason)`, not trapping  | dead letters     | is interrupted | yes         | `reason`           |
 * | `ref.exit(reason)`, trapping      | is handled first | finishes       |             | `onExit`, goes on  |
 * | a linked actor ends `Normal`      |                  |                |             | goes on            |
 * | a linked actor is `Killed`        | dead letters     | is interrupted | no          | `Killed`           |
 * | a linked actor ends otherwise     | dead letters     | is interrupted | yes         | its reason         |
 * | a linked actor ends, trapping     | is handled first | finishes       |             | `onExit`, goes on  |
 * | its supervisor is `Killed`        | dead letters     | is interrupted | if trapping | `Killed`           |
 * | its scope closes, trapping or not | dead letters     | is interrupted | yes         | `Shutdown`         |
 * | `terminate` goes wrong            |                  |                |             | `Crash`            |
 * | `init` goes wrong                 | dead letters     |                | no          | `spawn` fails      |
 *
 * To go wrong is to throw, to fail, to die, or to interrupt oneself: nobody had told the actor to end.
 *
 * A synchronous turn cannot be interrupted: an exit that arrives during one takes effect at its end. An end is
 * announced (`awaitExit`, `Down`, `ActorStopped`, a link's signal) when `terminate` and the fibers forked by the actor
 * have ended.
 *
 * **Not promised.** As in Erlang, messages of one sender to one actor keep their order, and nothing is said about those
 * of two senders. A message is handled at most once.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type * as Oneshot from "../channel/Oneshot.ts"
import type { ActorStopped, CallTimeout, StartFailed } from "./ActorError.ts"
import type { ExitReason } from "./ExitReason.ts"
import * as letters from "./internal/deadLetters.ts"
import * as internal from "./internal/spawn.ts"

export { ActorStopped, CallTimeout, StartFailed } from "./ActorError.ts"

/**
 * Whom an actor can monitor.
 *
 * @category models
 * @since 0.1.0
 */
export type Target = ActorRef<never> | Fiber.Fiber<unknown, unknown>

/**
 * What an actor does. The same behaviour value can be spawned any number of times; state lives in its closures.
 *
 * @category models
 * @since 0.1.0
 */
export interface Behavior<M, R = never> {
  /**
   * One turn. Returning nothing ends it at once; an Effect holds the next message back until it ends. It runs on the
   * sender's stack, and reads nothing of the sender's fiber; the Effect runs in the context captured by `spawn`.
   */
  readonly receive: (message: M, context: Context<M>) => void | Effect.Effect<void, unknown, R>
  /**
   * Runs before the first message; its failure is the actor's exit reason and `spawn`'s failure. So is an exit signal
   * that arrives meanwhile, and ends an actor that does not trap exits.
   */
  readonly init?: ((context: Context<M>) => Effect.Effect<void, unknown, R>) | undefined
  /**
   * Runs on every end that is not `Killed`, of an actor whose `init` had succeeded. OTP runs it on an exit signal only
   * when the process traps exits; here it always does, as a finalizer of Effect would. No message arrives any more; a
   * reply still owed can be sent. A second exit signal changes nothing, except `ref.exit(killed)`, which interrupts it:
   * a `Killed` that comes over a link is a reason like any other, and comes too late.
   */
  readonly terminate?: ((reason: ExitReason) => Effect.Effect<void, never, R>) | undefined
  /**
   * With `trapExit`, exit signals arrive here, in the order of the mailbox, instead of ending the actor. `from` is the
   * linked actor that has ended, or `None` for one sent by `ref.exit`. Where this is left out they are dead letters.
   */
  readonly onExit?:
    | ((
      from: Option.Option<ActorRef<never>>,
      reason: ExitReason,
      context: Context<M>
    ) => void | Effect.Effect<void, unknown, R>)
    | undefined
  /** Default `false`. */
  readonly trapExit?: boolean | undefined
}

/**
 * What an actor can do about itself. It belongs to one actor and is of no use after its end: a monitor or a timer made
 * then does nothing.
 *
 * @category models
 * @since 0.1.0
 */
export interface Context<M> {
  readonly self: ActorRef<M>
  /**
   * Sends `onDown(reason)` to this actor when the target ends: exactly once, `NoProcess` for an actor already dead,
   * its exit's reason for a fiber already done. Ends with this actor, and then leaves no observer behind. OTP:
   * `erlang:monitor/2`. `onDown` is called in the turn that receives the message; if it throws, that is a crash.
   */
  readonly monitor: (target: Target, onDown: (reason: ExitReason) => M) => Effect.Effect<Monitor>
  /** The synchronous twin of `monitor`. Costs one observer and one small object. */
  readonly monitorUnsafe: (target: Target, onDown: (reason: ExitReason) => M) => Monitor
  /**
   * Ties this actor and another together, both ways: when one ends, the other gets an exit signal with the same reason.
   * Every reason but `Normal` ends an actor that does not trap exits; one that does has all of them, `Normal` too, in
   * `onExit`. OTP: `link/1`.
   *
   * **Details.** There is one link between two actors, however often it is made, and either may undo it. With an actor
   * that has ended there is none: the signal `NoProcess` comes from it at once. An actor linked to itself is nothing.
   * Only actors can be linked; a fiber can be monitored.
   */
  readonly link: (ref: ActorRef<never>) => Effect.Effect<void>
  /** The synchronous twin of `link`. A signal that ends this actor takes effect at the end of its turn. */
  readonly linkUnsafe: (ref: ActorRef<never>) => void
  /**
   * Idempotent. The other's end has no effect after it. An exit that has been trapped already is a message in the
   * mailbox, and arrives, as with OTP's `unlink/1`.
   */
  readonly unlink: (ref: ActorRef<never>) => Effect.Effect<void>
  /** The synchronous twin of `unlink`. */
  readonly unlinkUnsafe: (ref: ActorRef<never>) => void
  /**
   * Sends to self later, by the clock captured by `spawn`. Ends with this actor. OTP: `erlang:send_after/3`. A delay
   * that is negative or NaN dies.
   */
  readonly sendAfter: (delay: Duration.Input, message: M) => Effect.Effect<Timer>
  /** The synchronous twin of `sendAfter`. */
  readonly sendAfterUnsafe: (delay: Duration.Input, message: M) => Timer
}

/**
 * One watch of one target.
 *
 * @category models
 * @since 0.1.0
 */
export interface Monitor {
  /** Idempotent. No `Down` arrives after it, not even one already in the mailbox: OTP's `demonitor(Ref, [flush])`. */
  readonly demonitor: Effect.Effect<void>
  /** The synchronous twin of `demonitor`. */
  readonly demonitorUnsafe: () => void
}

/**
 * One message to come.
 *
 * @category models
 * @since 0.1.0
 */
export interface Timer {
  /**
   * Idempotent. The message does not arrive after it, not even when it is already in the mailbox (OTP's
   * `cancel_timer/1` leaves that one there).
   */
  readonly cancel: Effect.Effect<void>
  /** The synchronous twin of `cancel`. */
  readonly cancelUnsafe: () => void
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** For people who read logs and errors; need not be unique. */
  readonly name?: string | undefined
  /**
   * How many messages may wait. Default `"unbounded"`. What an actor sends to itself by its own means (a `Down`, a
   * timer) and its signals (`stop`, `exit`) need no room. A number that is not a positive integer dies.
   */
  readonly mailboxCapacity?: number | "unbounded" | undefined
}

/**
 * A message that found nobody.
 *
 * @category models
 * @since 0.1.0
 */
export interface DeadLetter {
  /** The `id` of the actor it was for. */
  readonly to: number
  readonly message: unknown
}

/**
 * The address of an actor. It stays valid after the actor's end: what is sent to it then is a dead letter. What it can do
 * can be taken from it and passed on: `Effect.forEach(messages, ref.cast)`.
 *
 * @category models
 * @since 0.1.0
 */
export interface ActorRef<in M> {
  /** From a counter: unique in this process of the operating system. */
  readonly id: number
  readonly name: Option.Option<string>
  /**
   * Sends, and asks for nothing. Never fails: a message to the dead is a dead letter, as in Erlang. Waits for room in
   * a bounded mailbox, first come first served.
   *
   * **Cancel safety.** Interrupted while it waits for room, the message was not sent and its place is given up.
   */
  readonly cast: (message: M) => Effect.Effect<void>
  /** The synchronous twin of `cast`, which never waits: a full mailbox makes the message a dead letter. Never throws. */
  readonly castUnsafe: (message: M) => void
  /**
   * Sends a message that carries a reply channel, and waits for the reply. OTP: `gen_server:call/3`.
   *
   * **Details.** Ends in exactly one of: the reply (or the failure the behaviour answered with), `NoReply` (the
   * behaviour dropped it), `CallTimeout` (`timeout`, 5 seconds by default, covers the wait for room too) and
   * `ActorStopped` (at once when the actor ends; `NoProcess` when it had ended before). `"infinity"` sets no deadline.
   * The deadline is kept by the actor's clock. A timeout that is negative or NaN dies.
   *
   * **Gotchas.** A turn that calls its own actor waits for itself, and gets `CallTimeout`.
   *
   * **Cancel safety.** Interrupted, a reply is refused from that instant on; the message may still be handled, unless
   * it was waiting for room.
   */
  readonly call: <A, E = never>(
    make: (reply: Oneshot.Sender<A, E>) => M,
    options?: { readonly timeout?: Duration.Input | "infinity" | undefined }
  ) => Effect.Effect<A, E | Oneshot.NoReply | CallTimeout | ActorStopped>
  /** Waits for the end. One reason, also for an actor already dead: its last reason. **Cancel safety.** It only looks. */
  readonly awaitExit: Effect.Effect<ExitReason>
  /**
   * Ends the actor after the messages already queued, and waits for the end. OTP: `gen_server:stop/3`, without its
   * `noproc`: stopping the dead is done at once. Default reason `Normal`. From the actor's own fibers (a turn that
   * returns an Effect, and what it forks) it returns when it has posted the request, as the end waits for the turn.
   *
   * **Cancel safety.** Interrupted, the actor stops nevertheless.
   */
  readonly stop: (reason?: ExitReason) => Effect.Effect<void>
  /**
   * Sends an exit signal, and does not wait. OTP: `exit(Pid, Reason)`. It overtakes what is queued and interrupts an
   * Effect turn, unless the actor traps exits: then it is a message. `Killed` cannot be trapped. `Normal` is ignored by
   * an actor that does not trap.
   */
  readonly exit: (reason: ExitReason) => Effect.Effect<void>
  /** `false` from the end on; `true` during `terminate`. */
  readonly isAlive: Effect.Effect<boolean>
}

/**
 * Starts an actor. It lives until it stops, crashes, or the scope closes (reason `Shutdown`; closing waits for the end).
 *
 * **Details**
 *
 * `init`, `terminate` and turns that return an Effect run in the actor's own fiber, in the context of `spawn`: its
 * services, its clock, its scheduler, its async-local storage. What `init` adds to the scope is released after the
 * actor's end. A message that reaches the actor during `init` is handled after it.
 *
 * If `init` fails or dies, `spawn` fails with `StartFailed`, and nothing is left. **Cancel safety.** Interrupted,
 * `spawn` interrupts `init`, waits for it, and nothing is left.
 *
 * **Example** (A counter)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { Actor } from "whitepool/actor"
 * import type { Oneshot } from "whitepool/channel"
 *
 * type Message =
 *   | { readonly _tag: "Add"; readonly n: number }
 *   | { readonly _tag: "Total"; readonly reply: Oneshot.Sender<number> }
 *
 * const counter = (): Actor.Behavior<Message> => {
 *   let total = 0
 *   return {
 *     receive: (message) => {
 *       switch (message._tag) {
 *         case "Add":
 *           total += message.n
 *           return
 *         case "Total":
 *           message.reply.sendUnsafe(total)
 *       }
 *     }
 *   }
 * }
 *
 * const program = Effect.gen(function*() {
 *   const ref = yield* Actor.spawn(counter())
 *   yield* ref.cast({ _tag: "Add", n: 1 })
 *   yield* ref.cast({ _tag: "Add", n: 2 })
 *   return yield* ref.call<number>((reply) => ({ _tag: "Total", reply }))
 * })
 *
 * console.log(await Effect.runPromise(Effect.scoped(program))) // => 3
 * ```
 *
 * **Example** (Let it crash, and watch)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { Actor, ExitReason } from "whitepool/actor"
 *
 * const program = Effect.gen(function*() {
 *   const fragile = yield* Actor.spawn<string>({
 *     receive: (message) => Effect.fail(`cannot handle ${message}`)
 *   })
 *   yield* Actor.spawn<string>({
 *     init: (context) => Effect.asVoid(context.monitor(fragile, (reason) => `down: ${ExitReason.format(reason)}`)),
 *     receive: (message) => console.log(message) // => down: Crash(string)
 *   })
 *   yield* fragile.cast("this")
 *   const reason = yield* fragile.awaitExit
 *   console.log(ExitReason.isAbnormal(reason)) // => true
 * })
 *
 * await Effect.runPromise(Effect.scoped(program))
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const spawn: <M, R = never>(
  behavior: Behavior<M, R>,
  options?: Options
) => Effect.Effect<ActorRef<M>, StartFailed, NoInfer<R> | Scope.Scope> = internal.spawn

/**
 * Messages that found nobody: sent to the dead, left in the mailbox of one that ended, or cast into a full mailbox by
 * `castUnsafe`. Of every actor, from the moment the stream runs.
 *
 * **Details**
 *
 * Sliding: a listener that lags more than 1024 behind loses the oldest. Costs nothing while nobody listens.
 *
 * @category constructors
 * @since 0.1.0
 */
export const deadLetters: Stream.Stream<DeadLetter> = letters.stream

/**
 * How many dead letters there have been since the program began, whether anybody listened or not. Of interest to whoever
 * measures: a number that grows means that somebody talks to the dead, or to one who cannot keep up.
 *
 * @see {@link deadLetters} for the messages themselves
 * @category getters
 * @since 0.1.0
 */
export const deadLetterCount: Effect.Effect<number> = letters.count
