/**
 * What the system puts into a mailbox among the user's messages, so that the order of stop, exit, `Down` and timers
 * with messages is Erlang's. A user's message is never wrapped: one `instanceof` tells them apart.
 *
 * @internal
 */
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import { WaitNode } from "../../channel/internal/waitList.ts"
import type { ActorRef } from "../Actor.ts"
import type { ExitReason } from "../ExitReason.ts"
import type { Process } from "./process.ts"

/** @internal */
export type Turn = void | Effect.Effect<void, unknown>

/** As a node it stands in its owner's list of monitors and timers, to be released at the owner's end. @internal */
export abstract class Notice<M> extends WaitNode {
  /** Its turn. */
  abstract receive(process: Process<M>): Turn
  /** The actor has ended with this still in its mailbox. */
  abstract discard(process: Process<M>): void
  /** The actor has ended, or wants it no more. */
  release(): void {}
}

/** The first turn. @internal */
export class InitNotice<M> extends Notice<M> {
  receive(process: Process<M>): Turn {
    return process.init()
  }

  discard(): void {}
}

/** `gen_server:stop`: ends the actor when its turn has come. @internal */
export class StopNotice<M> extends Notice<M> {
  readonly #reason: ExitReason

  constructor(reason: ExitReason) {
    super()
    this.#reason = reason
  }

  receive(process: Process<M>): Turn {
    process.condemn(this.#reason)
  }

  /** Whoever waits in `stop` waits for the end, whatever its reason. */
  discard(): void {}
}

/** An exit signal that was trapped. @internal */
export class ExitNotice<M> extends Notice<M> {
  readonly #from: Option.Option<ActorRef<never>>
  readonly #reason: ExitReason

  constructor(from: Option.Option<ActorRef<never>>, reason: ExitReason) {
    super()
    this.#from = from
    this.#reason = reason
  }

  receive(process: Process<M>): Turn {
    if (process.behavior.onExit === undefined) return process.deadLetter(this.#reason)
    return process.behavior.onExit(this.#from, this.#reason, process.context)
  }

  discard(): void {}
}

/** Wakes an idle actor that has been condemned: there is nothing to do but to end. @internal */
export class EndNotice<M> extends Notice<M> {
  receive(): Turn {}

  discard(): void {}
}
