/**
 * Its members are fields, not methods, so that they can be taken out of it: `const { use } = yield* Db`.
 *
 * @internal
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import type { Lease } from "../Lease.ts"
import { ForeignLease, InvalidOptions } from "../PoolError.ts"
import type {
  CheckoutError,
  CheckoutOptions,
  OwnedCheckoutOptions,
  Session,
  ShutdownOptions,
  TryCheckoutError
} from "../Session.ts"
import type { ShutdownReport, Status } from "../Status.ts"
import { awaitEnd } from "./awaiter.ts"
import type { AnyFiber, Borrow } from "./borrow.ts"
import { Checkout, CheckoutCell } from "./checkoutCell.ts"
import type { Front } from "./front.ts"
import { LeaseImpl } from "./lease.ts"
import { millisOf } from "./settings.ts"
import { type Body, ScopedCell, Use, UseCell } from "./useCell.ts"

/** @internal */
export class SessionImpl<out A, out E> implements Session<A, E> {
  readonly #front: Front
  #dropped: boolean
  readonly status: Effect.Effect<Status>
  readonly awaitShutdown: Effect.Effect<ShutdownReport>
  readonly clone: Effect.Effect<Session<A, E>, never, Scope.Scope>
  readonly drop: Effect.Effect<void>

  constructor(front: Front, dropped = false) {
    this.#front = front
    this.#dropped = dropped
    if (!dropped) front.sessions++
    this.status = Effect.sync(() => front.statusUnsafe())
    this.awaitShutdown = awaitEnd(front, (awaiter) => ({ _tag: "AwaitShutdown", awaiter }))
    this.drop = Effect.sync(() => this.#drop())
    this.clone = Effect.acquireRelease(
      Effect.sync(() => new SessionImpl<A, E>(front, this.#dropped)),
      (session) => session.drop
    )
  }

  get name(): string {
    return this.#front.settings.name
  }

  readonly checkout = (options?: OwnedCheckoutOptions): Effect.Effect<Lease<A>, CheckoutError<E>> =>
    new Checkout(this.#checkoutCell, options) as Effect.Effect<Lease<never>, unknown> as Effect.Effect<
      Lease<A>,
      CheckoutError<E>
    >

  readonly tryCheckout = (options?: Pick<OwnedCheckoutOptions, "owner">): Effect.Effect<Lease<A>, TryCheckoutError> =>
    new Checkout(this.#tryCell, options) as Effect.Effect<Lease<never>, unknown> as Effect.Effect<
      Lease<A>,
      TryCheckoutError
    >

  readonly use = <B, E2, R2>(
    f: (resource: A, lease: Lease<A>) => Effect.Effect<B, E2, R2>,
    options?: CheckoutOptions
  ): Effect.Effect<B, E2 | CheckoutError<E>, R2> => {
    return new Use(this.#useCell, f, options) as Effect.Effect<unknown, unknown, unknown> as Effect.Effect<
      B,
      E2 | CheckoutError<E>,
      R2
    >
  }

  readonly scoped = (options?: CheckoutOptions): Effect.Effect<A, CheckoutError<E>, Scope.Scope> => {
    return Effect.withFiber((fiber) => {
      let held: A
      const take = (resource: A): Effect.Effect<void> => {
        held = resource
        return Effect.void
      }
      const cell = this.#admit(new ScopedCell(this.#front, take, this.#waitOf(options?.timeout), fiber))
      // A scope of its own, so that a checkout that failed leaves nothing behind in a scope that lives long.
      const scope = Scope.forkUnsafe(Context.getUnsafe(fiber.context, Scope.Scope))
      // A scope that closes while the cell waits does not end its wait: it ends what the wait gives it.
      const finalizer = Scope.addFinalizerExit(
        scope,
        (exit) => Effect.sync(() => cell.taken ? cell.leave(exit) : undefined)
      )
      const guarded = Effect.onExitPrimitive(Effect.andThen(finalizer, cell), (exit) => {
        if (exit._tag === "Failure") {
          cell.giveBack()
          return Scope.close(scope, exit)
        }
        if (scope.state._tag === "Closed") cell.leave(scope.state.exit)
        return undefined
      })
      // Only in the last step, which no yield parts from the caller's next one, has the caller got it.
      return Effect.andThen(
        guarded,
        Effect.withFiberSucceed(() => {
          cell.isHandedOver = true
          return held
        })
      )
    }) as Effect.Effect<A, CheckoutError<E>, Scope.Scope>
  }

  readonly checkin = (lease: Lease<unknown>): Effect.Effect<void> =>
    Effect.sync(() => this.#front.post({ _tag: "Checkin", borrow: this.#borrowOf(lease) }))

  readonly destroyed = (lease: Lease<unknown>, reason?: unknown): Effect.Effect<void> =>
    Effect.sync(() => this.#front.post({ _tag: "Destroyed", borrow: this.#borrowOf(lease), reason }))

  readonly adopt = (lease: Lease<unknown>): Effect.Effect<void> => {
    return Effect.withFiberSucceed((fiber) => {
      const borrow = this.#borrowOf(lease)
      // The lease of a `use` or a `scoped` is guarded already.
      if (borrow instanceof CheckoutCell) {
        this.#front.post({ _tag: "Adopt", borrow, fiber })
        this.#front.handOut(borrow, lease)
      }
    })
  }

  readonly shutdown = (options?: ShutdownOptions): Effect.Effect<ShutdownReport> => {
    const mode = options?.mode ?? "drain"
    return Effect.suspend(() => {
      const timeout = options?.timeout
      const within = timeout === undefined ? this.#front.settings.shutdownTimeout : this.#millis("timeout", timeout)
      return awaitEnd(this.#front, (awaiter) => ({ _tag: "Shutdown", mode, within, awaiter }))
    })
  }

  toJSON(): unknown {
    return { _id: "Session", name: this.name }
  }

  [Symbol.for("nodejs.util.inspect.custom")](): unknown {
    return this.toJSON()
  }

  readonly #checkoutCell = (options: OwnedCheckoutOptions | undefined, fiber: AnyFiber): CheckoutCell => {
    return this.#admit(
      new CheckoutCell(this.#front, "wait", this.#waitOf(options?.timeout), ownerOf(options, fiber))
    )
  }

  readonly #tryCell = (options: OwnedCheckoutOptions | undefined, fiber: AnyFiber): CheckoutCell => {
    return this.#admit(new CheckoutCell(this.#front, "try", 0, ownerOf(options, fiber)))
  }

  readonly #useCell = (body: Body, options: CheckoutOptions | undefined, fiber: AnyFiber): UseCell => {
    return this.#admit(new UseCell(this.#front, body, this.#waitOf(options?.timeout), fiber))
  }

  #admit<Cell extends Borrow>(cell: Cell): Cell {
    if (this.#dropped) this.#front.refuse(cell)
    return cell
  }

  #drop(): void {
    if (this.#dropped) return
    this.#dropped = true
    const { settings } = this.#front
    if (--this.#front.sessions > 0 || !settings.stopWithLastSession) return
    this.#front.shutdown({ _tag: "Shutdown", mode: "drain", within: settings.shutdownTimeout, awaiter: undefined })
  }

  #borrowOf(lease: Lease<unknown>): Borrow {
    const borrow = LeaseImpl.borrowOf(lease, this.#front)
    if (borrow === undefined) throw new ForeignLease({ pool: this.name, leaseId: lease?.id })
    return borrow
  }

  #waitOf(timeout: Duration.Input | "infinity" | undefined): number {
    return timeout === undefined ? this.#front.settings.checkoutTimeout : this.#millis("timeout", timeout)
  }

  #millis(option: string, input: Duration.Input | "infinity"): number {
    const millis = millisOf(input)
    if (millis !== undefined) return millis
    throw new InvalidOptions({ pool: this.name, problems: [`${option}: must be a duration, not negative and not NaN`] })
  }
}

const ownerOf = (
  options: Pick<OwnedCheckoutOptions, "owner"> | undefined,
  fiber: AnyFiber
): AnyFiber | undefined => {
  const owner = options?.owner
  return owner === undefined ? fiber : owner === "none" ? undefined : owner
}
