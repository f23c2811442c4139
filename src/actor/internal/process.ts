/**
 * One actor: its mailbox, its turns, its end. The `ActorRef` that everybody holds is this object itself.
 *
 * ```text
 *            condemn(reason)                     the driver's fiber has ended
 *  running ───────────────────▶ condemned ─────────────────────────────────▶ ended
 *            stop's turn, exit,      │ the mailbox is emptied and closed; the turn under way ends, an Effect turn is
 *            a crash, the scope      │ interrupted; then `terminate` runs on the driver; then the driver ends, after
 *                                    │ the fibers that it forked
 * ```
 *
 * Everything that ends an actor goes through `condemn`, every exit signal through `signal`, be it of `ref.exit` or of a
 * link. Turns, also those of the system's own messages, run in the mailbox's consumer (see
 * `channel/internal/consumer.ts`): on the sender's stack, or for an Effect on the consumer's fiber, the driver. So
 * `init` is the first message, and `terminate` the last turn.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import { Chan } from "../../channel/internal/chan.ts"
import type { Consumer } from "../../channel/internal/consumer.ts"
import { Host } from "../../channel/internal/host.ts"
import { handOn } from "../../channel/internal/operation.ts"
import type { Delivery } from "../../channel/internal/outbox.ts"
import { Signal } from "../../channel/internal/signal.ts"
import { WaitList } from "../../channel/internal/waitList.ts"
import type * as Oneshot from "../../channel/Oneshot.ts"
import type { ActorRef, Behavior, Options } from "../Actor.ts"
import * as ExitReason from "../ExitReason.ts"
import { type AwaitedBy, whileAwaited } from "./awaitedBy.ts"
import { callOf, type CallOptions } from "./call.ts"
import { capacityOf } from "./capacity.ts"
import { ProcessContext } from "./context.ts"
import * as deadLetters from "./deadLetters.ts"
import type { Links } from "./link.ts"
import { EndNotice, ExitNotice, InitNotice, Notice, StopNotice, type Turn } from "./notice.ts"
import { nextId, Resolvable } from "./target.ts"
import { Terminator } from "./terminator.ts"
import type { Watcher } from "./watcher.ts"

/** The actor a fiber belongs to: known to its driver, and to whatever that forks. @internal */
export const Current = Context.Reference<object | undefined>("whitepool/actor/Current", {
  defaultValue: () => undefined
})

/** @internal */
export class Process<M> extends Resolvable implements ActorRef<M>, Delivery {
  readonly id = nextId()
  readonly name: Option.Option<string>
  readonly host: Host
  readonly behavior: Behavior<M>
  readonly context: ProcessContext<M>
  /** `init` has ended, in one way or the other. */
  readonly started: Signal<void>
  readonly ended: Signal<ExitReason.ExitReason>
  readonly links: Links = new Map()
  readonly awaitedBy: AwaitedBy = new Set()
  readonly #chan: Chan<M | Notice<M>>
  #consumer: Consumer<M | Notice<M>> | undefined
  /** Its monitors and timers. They end with it. */
  readonly #owned = new WaitList<Notice<M>>()
  /** Told of its end. */
  readonly watchers = new WaitList<Watcher>()
  #afterEnd: (() => void) | undefined
  isStarted = false
  /** Why it ends or has ended. Once it is set no message is handled. */
  #doom: ExitReason.ExitReason | undefined
  /** An Effect turn is under way, behind the guard that ends the actor. */
  #isInEffect = false
  readonly #terminator = new Terminator()
  /** By `ref.exit(killed)`: not even `terminate` is let finish. */
  #isKilled = false
  #isOrphan = false

  constructor(behavior: Behavior<M>, options: Options | undefined, context: Context.Context<never>) {
    super()
    this.behavior = behavior
    this.name = Option.fromUndefinedOr(options?.name)
    this.host = new Host(Context.add(context, Current, this))
    this.context = new ProcessContext(this)
    this.started = new Signal(this.host.wake)
    this.ended = new Signal(this.host.wake)
    this.#chan = Chan.makeUnsafe(this.host, capacityOf(options))
  }

  get process(): Process<never> {
    // A message for nobody in particular can be sent to everybody.
    return this as unknown as Process<never>
  }

  // Starting

  start(): void {
    if (this.behavior.init === undefined) this.#onStarted()
    else this.#chan.pushUnsafe(new InitNotice())
    this.#consumer = this.#chan.consumeUnsafe(this.#handle, () => {})
    // The driver outlives the consumer by the fibers that it forked. The actor's end is the driver's.
    this.#consumer.driver?.addObserver((exit) => this.#finish(exit))
  }

  init(): Turn {
    return Effect.andThen(this.behavior.init?.(this.context) ?? Effect.void, Effect.sync(() => this.#onStarted()))
  }

  #onStarted(): void {
    // By an exit signal during an `init` that nothing could interrupt.
    if (this.#doom !== undefined) return
    this.isStarted = true
    this.started.set(undefined)
  }

  // Sending. What an `ActorRef` can do are getters: they can be taken without it, and cost an actor no memory.

  get castUnsafe(): (message: M) => void {
    return (message) => this.put(message)
  }

  get cast(): (message: M) => Effect.Effect<void> {
    return (message) =>
      Effect.suspend(() => {
        if (this.trySend(message)) return Effect.void
        return Effect.catch(this.sendLater(message, Infinity), () => Effect.sync(() => this.deadLetter(message)))
      })
  }

  get call() {
    return <A, E = never>(make: (reply: Oneshot.Sender<A, E>) => M, options?: CallOptions) =>
      callOf<M, A, E>(this, make, options)
  }

  /** `castUnsafe`, for who holds the process itself. */
  put(message: M): void {
    if (!this.trySend(message)) this.deadLetter(message)
  }

  /** `false`: there is no room, and nothing was sent. To the dead it is a dead letter. */
  trySend(message: M): boolean {
    const consumer = this.#consumer
    if (this.#doom !== undefined) this.deadLetter(message)
    else if (!this.#chan.permits.hasRoom) return false
    // The turn begins right here, without a detour through a queue that is empty.
    else if (consumer !== undefined && consumer.enter()) consumer.leave(this.#receive(message))
    else if (!this.#chan.offerUnsafe(message)) this.deadLetter(message)
    return true
  }

  /** Waits for room, first come first served. Interrupted or refused, nothing was sent. */
  sendLater(message: M, millis: number): Effect.Effect<void, "closed" | "expired"> {
    return this.#chan.permits.wait(1, millis, (fiber) => {
      // It may have been condemned between the grant and this step.
      if (this.#doom === undefined) this.#chan.sendPermittedUnsafe(message)
      else this.deadLetter(message)
      return handOn(undefined, fiber)
    }, (refusal) => Effect.fail(refusal))
  }

  /** What the system sends to this actor needs no room. */
  post(notice: Notice<M>): void {
    if (this.#doom === undefined) this.#chan.pushUnsafe(notice)
    else notice.discard(this)
  }

  deadLetter(message: unknown): void {
    deadLetters.publish(this.id, message)
  }

  // Turns

  readonly #handle = (item: M | Notice<M>): Effect.Effect<void> | undefined => {
    if (!(item instanceof Notice)) return this.#receive(item)
    try {
      if (this.#doom === undefined) return this.#afterTurn(item.receive(this))
      item.discard(this)
    } catch (defect) {
      this.condemn(ExitReason.crash(Cause.die(defect)))
    }
    return this.#ending
  }

  #receive(message: M): Effect.Effect<void> | undefined {
    try {
      if (this.#doom === undefined) return this.#afterTurn(this.behavior.receive(message, this.context))
      this.deadLetter(message)
    } catch (defect) {
      this.condemn(ExitReason.crash(Cause.die(defect)))
    }
    return this.#ending
  }

  /** The rest of it. Of the last turn it is the end: when that has come the consumer is stopped. */
  #afterTurn(turn: Turn): Effect.Effect<void> | undefined {
    if (this.#doom !== undefined) return this.#ending
    return turn !== undefined && Effect.isEffect(turn) ? this.#guard(turn) : undefined
  }

  /**
   * Only behind this guard may the driver be interrupted: in front of it `terminate` would be lost. Its failure goes on
   * to the driver, which ends with it.
   */
  #guard(turn: Effect.Effect<void, unknown>): Effect.Effect<void> {
    // `Effect.void` and its like: nothing is left to run.
    if (Exit.isExit(turn) && Exit.isSuccess(turn)) return Effect.void
    const guarded = Effect.suspend(() => {
      // Condemned before it began.
      if (this.#doom !== undefined) return Effect.void
      this.#isInEffect = true
      return turn
    })
    return Effect.onExitPrimitive(guarded, (exit) => {
      this.#isInEffect = false
      if (this.#doom === undefined && Exit.isFailure(exit)) this.condemn(ExitReason.crash(exit.cause))
      return this.#doom === undefined ? undefined : this.#ending
    }) as Effect.Effect<void>
  }

  // Ending

  get isAliveUnsafe(): boolean {
    return !this.ended.isSet
  }

  get isAlive(): Effect.Effect<boolean> {
    return Effect.sync(() => this.isAliveUnsafe)
  }

  get awaitExit(): Effect.Effect<ExitReason.ExitReason> {
    return this.ended.wait
  }

  /** Of one that has ended: why. */
  get reason(): ExitReason.ExitReason {
    return this.#doom ?? ExitReason.normal
  }

  get stop(): (reason?: ExitReason.ExitReason) => Effect.Effect<void> {
    return (reason = ExitReason.normal) => this.#thenWait(() => this.post(new StopNotice(reason)), this.ended.wait)
  }

  get exit(): (reason: ExitReason.ExitReason) => Effect.Effect<void> {
    return (reason) => Effect.sync(() => this.signal(Option.none(), reason))
  }

  /** The scope's end. It is no signal: trapping exits does not keep anybody alive in a closed scope. */
  shutdown(end: Effect.Effect<unknown> = this.ended.wait): Effect.Effect<void> {
    return this.#thenWait(() => this.condemn(ExitReason.shutdown), end)
  }

  #thenWait(act: () => void, end: Effect.Effect<unknown>): Effect.Effect<void> {
    return Effect.withFiber((fiber) => {
      // The end waits for the actor's own fibers, so none of them may wait for the end.
      if (fiber.getRef(Current) === this) return Effect.sync(act)
      return Effect.asVoid(whileAwaited(this.awaitedBy, Effect.andThen(Effect.sync(act), end)))
    })
  }

  /**
   * An exit signal, with Erlang's rules: `exit(Pid, kill)` cannot be trapped, and is sent by nobody in particular. The
   * `Killed` that comes over a link is a reason like any other.
   */
  signal(from: Option.Option<ActorRef<never>>, reason: ExitReason.ExitReason): void {
    if (reason._tag === "Killed" && Option.isNone(from)) this.kill()
    else if (this.behavior.trapExit === true) this.post(new ExitNotice(from, reason))
    else if (reason._tag !== "Normal") this.condemn(reason)
  }

  /** The first reason counts, unless a kill comes later. */
  condemn(reason: ExitReason.ExitReason): void {
    if (this.#doom !== undefined) return
    this.#doom = reason
    this.#closeMailbox()
    // Interrupting runs finalizers: not on this stack, which may be a turn's or a sender's.
    this.host.wake.deliver(this)
  }

  /** Also of one that is ending for another reason. */
  kill(): void {
    if (this.ended.isSet) return
    this.condemn(ExitReason.killed)
    this.#doom = ExitReason.killed
    this.#isKilled = true
    this.host.wake.deliver(this)
  }

  /** Its supervisor was killed. The exit of a parent ends, by way of `terminate`, even who traps exits, as in OTP. */
  orphan(): void {
    this.#isOrphan = this.behavior.trapExit === true
    this.condemn(ExitReason.killed)
  }

  deliver(): void {
    if (this.#isInEffect) this.#consumer?.driver?.interruptUnsafe()
    if (this.#isKilled) this.#terminator.interrupt()
  }

  #closeMailbox(): void {
    while (this.#chan.length > 0) {
      const item = this.#chan.takeQueuedUnsafe()
      if (item instanceof Notice) item.discard(this)
      else this.deadLetter(item)
    }
    for (let owned = this.#owned.shift(); owned !== undefined; owned = this.#owned.shift()) owned.release()
    // Before the mailbox closes: an idle consumer of a closed one would end without `terminate`.
    this.#chan.pushUnsafe(new EndNotice())
    this.#chan.closeUnsafe()
  }

  readonly #ending: Effect.Effect<void> = Effect.suspend(() => {
    const stop = Effect.sync(() => this.#consumer?.stopUnsafe())
    const reason = this.reason
    const isBrutal = this.#isKilled || (reason._tag === "Killed" && !this.#isOrphan)
    if (this.behavior.terminate === undefined || !this.isStarted || isBrutal) return stop
    // Killed between the fork and the step after it: `deliver` once more.
    const terminated = this.#terminator.run(() => this.behavior.terminate?.(reason), () => this.deliver())
    return Effect.andThen(Effect.map(terminated, (exit) => this.#onTerminated(exit)), stop)
  })

  #onTerminated(exit: Exit.Exit<void>): void {
    if (Exit.isSuccess(exit) || this.#isKilled) return
    const before = this.#doom?._tag === "Crash" ? this.#doom.cause : Cause.empty
    this.#doom = ExitReason.crash(Cause.combine(before, exit.cause))
  }

  /** As an observer of the driver. */
  #finish(exit: Exit.Exit<void>): void {
    // Somebody else has interrupted the driver.
    if (this.#doom === undefined) this.condemn(ExitReason.fromExit(exit))
    const reason = this.reason
    this.ended.set(reason)
    this.started.set(undefined)
    for (let watcher = this.watchers.shift(); watcher !== undefined; watcher = this.watchers.shift()) {
      watcher.onEnd(reason)
    }
    this.#afterEnd?.()
  }

  // Watching

  /** For the scope it lives in. */
  afterEnd(run: () => void): void {
    if (this.ended.isSet) run()
    else this.#afterEnd = run
  }

  /** `false`: it is too late for monitors and timers. */
  adopt(notice: Notice<M>): boolean {
    if (this.#doom !== undefined) return false
    this.#owned.add(notice)
    return true
  }

  disown(notice: Notice<M>): void {
    this.#owned.remove(notice)
  }
}
