/**
 * Names, who bears them, and refs that look them up.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { stackless } from "../../channel/internal/stackless.ts"
import type * as Oneshot from "../../channel/Oneshot.ts"
import type { ActorRef } from "../Actor.ts"
import { ActorStopped, NameTaken } from "../ActorError.ts"
import * as ExitReason from "../ExitReason.ts"
import type { Registry } from "../Registry.ts"
import type { CallOptions } from "./call.ts"
import * as deadLetters from "./deadLetters.ts"
import type { Process } from "./process.ts"
import { nextId, processOf, Resolvable } from "./target.ts"
import { Watcher } from "./watcher.ts"

/** One actor under one name, until its end. */
class Holding extends Watcher {
  readonly #holdings: Map<string, Holding>
  readonly #name: string
  readonly holder: Process<never>

  constructor(holdings: Map<string, Holding>, name: string, holder: Process<never>) {
    super()
    this.#holdings = holdings
    this.#name = name
    this.holder = holder
  }

  onEnd(): void {
    // Somebody who was told of the end first may have taken the name already.
    if (this.#holdings.get(this.#name) === this) this.#holdings.delete(this.#name)
  }
}

/** @internal */
export class RegistryImpl implements Registry {
  readonly #holdings = new Map<string, Holding>()

  readonly register = <M>(name: string, ref: ActorRef<M>): Effect.Effect<void, NameTaken> =>
    Effect.suspend(() => {
      const holder = processOf(ref)
      if (this.holderOf(name) !== undefined) return Effect.fail(new NameTaken({ taken: name }))
      if (holder !== undefined && holder.isAliveUnsafe) {
        const holding = new Holding(this.#holdings, name, holder)
        this.#holdings.set(name, holding)
        holder.watchers.add(holding)
      }
      return Effect.void
    })

  readonly whereis = <M>(name: string): Effect.Effect<Option.Option<ActorRef<M>>> =>
    // That it takes an `M` is what the caller says.
    Effect.sync(() => Option.fromUndefinedOr(this.holderOf(name) as unknown as Process<M> | undefined))

  readonly address = <M>(name: string): ActorRef<M> => new Address<M>(this, name)

  /** The name is free from the holder's end on, also for those who hear of it before this registry does. */
  holderOf(name: string): Process<never> | undefined {
    const holder = this.#holdings.get(name)?.holder
    return holder !== undefined && holder.isAliveUnsafe ? holder : undefined
  }
}

/** @internal */
export class Address<M> extends Resolvable implements ActorRef<M> {
  readonly id = nextId()
  readonly name: Option.Option<string>
  readonly #name: string
  readonly #registry: RegistryImpl

  constructor(registry: RegistryImpl, name: string) {
    super()
    this.#registry = registry
    this.#name = name
    this.name = Option.some(name)
  }

  get process(): Process<never> | undefined {
    return this.#registry.holderOf(this.#name)
  }

  get #holder(): Process<M> | undefined {
    // That it takes an `M` is what the maker of the address says.
    return this.process as unknown as Process<M> | undefined
  }

  readonly castUnsafe = (message: M): void => {
    const holder = this.#holder
    if (holder === undefined) deadLetters.publish(this.id, message)
    else holder.castUnsafe(message)
  }

  readonly cast = (message: M): Effect.Effect<void> =>
    Effect.suspend(() => {
      const holder = this.#holder
      if (holder !== undefined) return holder.cast(message)
      deadLetters.publish(this.id, message)
      return Effect.void
    })

  readonly call = <A, E = never>(make: (reply: Oneshot.Sender<A, E>) => M, options?: CallOptions) =>
    Effect.suspend(() => this.#holder?.call<A, E>(make, options) ?? Effect.fail(this.#makeStopped()))

  get awaitExit(): Effect.Effect<ExitReason.ExitReason> {
    return Effect.suspend(() => this.#holder?.awaitExit ?? Effect.succeed(ExitReason.noProcess))
  }

  readonly stop = (reason?: ExitReason.ExitReason): Effect.Effect<void> =>
    Effect.suspend(() => this.#holder?.stop(reason) ?? Effect.void)

  readonly exit = (reason: ExitReason.ExitReason): Effect.Effect<void> =>
    Effect.suspend(() => this.#holder?.exit(reason) ?? Effect.void)

  get isAlive(): Effect.Effect<boolean> {
    return Effect.sync(() => this.#holder !== undefined)
  }

  #makeStopped(): ActorStopped {
    return stackless((args) => new ActorStopped(args), {
      actor: this.id,
      name: this.name,
      reason: ExitReason.noProcess
    })
  }
}
