/**
 * What the `start` of a child spec gave: an actor, a fiber or a supervisor, seen alike.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as ExitReason from "../ExitReason.ts"
import type { Process } from "./process.ts"
import { SupervisorProcess } from "./supervisorProcess.ts"
import { describe, Resolvable } from "./target.ts"
import { Watcher } from "./watcher.ts"

/** @internal */
export type OnEnd = (reason: ExitReason.ExitReason) => void

/** @internal */
export abstract class ChildBody {
  /** By which a supervisor of children without ids knows it again. */
  abstract readonly key: object | undefined
  abstract readonly isSupervisor: boolean
  abstract get isAlive(): boolean
  /** Of one that has ended. */
  abstract get reason(): ExitReason.ExitReason
  abstract get awaitEnd(): Effect.Effect<unknown>
  /** Calls back once, also when it has ended already. */
  abstract watch(onEnd: OnEnd): void
  abstract shutdown(): void
  abstract kill(): void
  /** Its supervisor has been killed. */
  abstract orphan(): void
}

class FiberBody extends ChildBody {
  readonly key: Fiber.Fiber<unknown, unknown>
  readonly isSupervisor = false

  constructor(fiber: Fiber.Fiber<unknown, unknown>) {
    super()
    this.key = fiber
  }

  get isAlive(): boolean {
    return this.key.pollUnsafe() === undefined
  }

  get reason(): ExitReason.ExitReason {
    const exit = this.key.pollUnsafe()
    return exit === undefined ? ExitReason.noProcess : ExitReason.fromExit(exit)
  }

  get awaitEnd(): Effect.Effect<unknown> {
    return Fiber.await(this.key)
  }

  watch(onEnd: OnEnd): void {
    this.key.addObserver((exit) => onEnd(ExitReason.fromExit(exit)))
  }

  shutdown(): void {
    this.key.interruptUnsafe()
  }

  kill(): void {
    this.key.interruptUnsafe()
  }

  orphan(): void {
    this.key.interruptUnsafe()
  }
}

class EndWatcher extends Watcher {
  readonly onEnd: OnEnd

  constructor(onEnd: OnEnd) {
    super()
    this.onEnd = onEnd
  }
}

class ProcessBody extends ChildBody {
  readonly key: Process<never>
  readonly isSupervisor: boolean

  constructor(process: Process<never>, isSupervisor: boolean) {
    super()
    this.key = process
    this.isSupervisor = isSupervisor || process instanceof SupervisorProcess
  }

  get isAlive(): boolean {
    return this.key.isAliveUnsafe
  }

  get reason(): ExitReason.ExitReason {
    return this.key.reason
  }

  get awaitEnd(): Effect.Effect<unknown> {
    return this.key.awaitExit
  }

  watch(onEnd: OnEnd): void {
    if (this.key.isAliveUnsafe) this.key.watchers.add(new EndWatcher(onEnd))
    // Not `NoProcess`: the supervisor has started it, and is told why it ended.
    else onEnd(this.key.reason)
  }

  shutdown(): void {
    this.key.signal(Option.none(), ExitReason.shutdown)
  }

  kill(): void {
    this.key.signal(Option.none(), ExitReason.killed)
  }

  orphan(): void {
    this.key.orphan()
  }
}

/** An address whose name nobody bears. */
class NoBody extends ChildBody {
  readonly key = undefined
  readonly isSupervisor = false
  readonly isAlive = false
  readonly reason = ExitReason.noProcess
  readonly awaitEnd = Effect.void

  watch(onEnd: OnEnd): void {
    onEnd(this.reason)
  }

  shutdown(): void {}

  kill(): void {}

  orphan(): void {}
}

/** The actor behind a ref; that of a supervisor when it is given as what `make` returns. */
const refOf = (child: unknown): readonly [ref: Resolvable, isSupervisor: boolean] | undefined => {
  if (child instanceof Resolvable) return [child, false]
  if (typeof child !== "object" || child === null || !("ref" in child)) return undefined
  return child.ref instanceof Resolvable ? [child.ref, true] : undefined
}

/** A mistake of code without types when it is none of the three. @internal */
export const bodyOf = (child: unknown): ChildBody | TypeError => {
  if (Fiber.isFiber(child)) return new FiberBody(child)
  const found = refOf(child)
  if (found === undefined) return new TypeError(`not an actor, a fiber or a supervisor: ${describe(child)}`)
  const process = found[0].process
  return process === undefined ? new NoBody() : new ProcessBody(process, found[1])
}
