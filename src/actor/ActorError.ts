/**
 * How talking to an actor, and naming one, fails. Re-exported by `Actor` and `Registry`.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import type * as Option from "effect/Option"
import * as ExitReason from "./ExitReason.ts"

/**
 * Nobody answered within the call's time. The message may still be handled; its reply will be refused.
 *
 * @category errors
 * @since 0.1.0
 */
export class CallTimeout extends Data.TaggedError("CallTimeout")<{
  readonly actor: number
  readonly name: Option.Option<string>
  readonly timeout: Duration.Duration
}> {
  override get message(): string {
    return `${label(this.actor, this.name)} did not answer in time`
  }
}

/**
 * The actor ended before it answered, with this reason; `NoProcess` when it had ended before it was called.
 *
 * @category errors
 * @since 0.1.0
 */
export class ActorStopped extends Data.TaggedError("ActorStopped")<{
  readonly actor: number
  readonly name: Option.Option<string>
  readonly reason: ExitReason.ExitReason
}> {
  override get message(): string {
    return `${label(this.actor, this.name)} has ended: ${ExitReason.format(this.reason)}`
  }
}

/**
 * `init` did not succeed: nothing was started. `reason` is what the actor would have ended with.
 *
 * @category errors
 * @since 0.1.0
 */
export class StartFailed extends Data.TaggedError("StartFailed")<{
  readonly actor: number
  readonly name: Option.Option<string>
  readonly reason: ExitReason.ExitReason
}> {
  override get message(): string {
    return `${label(this.actor, this.name)} did not start: ${ExitReason.format(this.reason)}`
  }
}

/**
 * A living actor bears that name in this registry.
 *
 * @category errors
 * @since 0.1.0
 */
export class NameTaken extends Data.TaggedError("NameTaken")<{
  readonly taken: string
}> {
  override get message(): string {
    return `the name "${this.taken}" is taken`
  }
}

const label = (id: number, name: Option.Option<string>): string =>
  name._tag === "Some" ? `actor "${name.value}" (${id})` : `actor ${id}`
