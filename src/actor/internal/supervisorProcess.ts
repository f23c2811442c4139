/**
 * The actor that a supervisor is. It differs from others in how it takes signals.
 *
 * @internal
 */
import * as Option from "effect/Option"
import type { ActorRef } from "../Actor.ts"
import type * as ExitReason from "../ExitReason.ts"
import { Process } from "./process.ts"

/** @internal */
export class SupervisorProcess<M> extends Process<M> {
  /** From nobody in particular: an order of the parent, whatever the reason. Over a link: of a stranger, and ignored. */
  override signal(from: Option.Option<ActorRef<never>>, reason: ExitReason.ExitReason): void {
    if (Option.isSome(from)) return
    if (reason._tag === "Killed") this.kill()
    else this.condemn(reason)
  }

  /** Nobody can send it messages: what it finds in its mailbox are requests, which are answered, and its own. */
  override deadLetter(): void {}
}
