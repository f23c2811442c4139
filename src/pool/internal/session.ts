/**
 * Its members are fields, not methods, so that they can be taken out of it: `const { use } = yield* Db`.
 *
 * @internal
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import type { Lease } from "../Lease.ts"
import type { ResourceInfo } from "../Policies.ts"
import { ForeignLease, InvalidOptions, type ReservationConflict } from "../PoolError.ts"
import type {
  CheckoutError,
  CheckoutOptions,
  OwnedCheckoutOptions,
  Patch,
  Session,
  ShutdownOptions,
  Size,
  TryCheckoutError
} from "../Session.ts"
import type { ShutdownReport, Status } from "../Status.ts"
import { awaitEnd } from "./awaiter.ts"
import type { AnyFiber, Borrow } from "./borrow.ts"
import { Checkout, CheckoutCell } from "./checkoutCell.ts"
import { detach } from "./detach.ts"
import type { Front } from "./front.ts"
import { LeaseImpl } from "./lease.ts"
import { ManyCell } from "./manyCell.ts"
import { reserve } from "./reserve.ts"
import { millisOf, patched, type Recipe, resized } from "./settings.ts"
import { mostAtOnce } from "./state.ts"
import { termsOf, thoseThat } from "./terms.ts"
import { type Body, ScopedCell, Use, UseCell } from "./useCell.ts"

/** @internal */
export class SessionImpl<out A, out E> implements Session<A, E> {
  readonly #front: Front
  #dropped: boolean
  readonly status: Effect.Effect<Status>
  readonly awaitShutdown: Effect.Effect<ShutdownReport>
  readonly clone: Effect.Effect<Session<A, E>, never, Scope.Scope>
  readonly drop: Effect.Effect<void>
  readonly suspend: Effect.Effect<void>
  readonly resume: Effect.Effect<void>

  constructor(front: Front, dropped = false) {
    this.#front = front
    this.#dropped = dropped
    if (!dropped) front.sessions++
    this.status = Effect.sync(() => front.statusUnsafe())
    this.awaitShutdown = awaitEnd(front, (awaiter) => ({ _tag: "AwaitShutdown", awaiter }))
    this.drop = Effect.sync(() => this.#drop())
    this.suspend = Effect.sync(() => front.suspend(true))
    this.resume = Effect.sync(() => front.suspend(false))
    this.clone = Effect.acquireRelease(
      Effect.sync(() => new SessionImpl<A, E>(front, this.#dropped)),
      (session) => session.drop
    )
  }

  get name(): string {
    return this.#front.settings.name
  }

  readonly checkout = (options?: OwnedCheckoutOptions<A>): Effect.Effect<Lease<A>, CheckoutError<E>> =>
    new Checkout(this.#checkoutCell, options) as Effect.Effect<unknown, unknown> as Effect.Effect<
      Lease<A>,
      CheckoutError<E>
    >

  readonly tryCheckout = (
    options?: Omit<OwnedCheckoutOptions<A>, "timeout">
  ): Effect.Effect<Lease<A>, TryCheckoutError> =>
    new Checkout(this.#tryCell, options) as Effect.Effect<unknown, unknown> as Effect.Effect<
      Lease<A>,
      TryCheckoutError
    >

  readonly use = <B, E2, R2>(
    f: (resource: A, lease: Lease<A>) => Effect.Effect<B, E2, R2>,
    options?: CheckoutOptions<A>
  ): Effect.Effect<B, E2 | CheckoutError<E>, R2> => {
    return new Use(this.#useCell, f, options) as Effect.Effect<unknown, unknown, unknown> as Effect.Effect<
      B,
      E2 | CheckoutError<E>,
      R2
    >
  }

  readonly scoped = (options?: CheckoutOptions<A>): Effect.Effect<A, CheckoutError<E>, Scope.Scope> => {
    return Effect.withFiber((fiber) => {
      let held: A
      const take = (resource: A): Effect.Effect<void> => {
        held = resource
        return Effect.void
      }
      const cell = this.#admit(new ScopedCell(this.#front, take, this.#waitOf(options?.timeout), fiber), options)
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

  readonly checkoutMany = (
    n: number,
    options?: OwnedCheckoutOptions<A>
  ): Effect.Effect<ReadonlyArray<Lease<A>>, CheckoutError<E>> =>
    new Checkout((options, fiber) => this.#manyCell(n, options, fiber), options) as Effect.Effect<
      unknown,
      unknown
    > as Effect.Effect<ReadonlyArray<Lease<A>>, CheckoutError<E>>

  readonly checkin = (lease: Lease<unknown>): Effect.Effect<void> =>
    Effect.sync(() => this.#front.post({ _tag: "Checkin", borrow: this.#borrowOf(lease) }))

  readonly destroyed = (lease: Lease<unknown>, reason?: unknown): Effect.Effect<void> =>
    Effect.sync(() => this.#front.post({ _tag: "Destroyed", borrow: this.#borrowOf(lease), reason }))

  readonly adopt = (lease: Lease<unknown>): Effect.Effect<void> => {
    return Effect.withFiberSucceed((fiber) => {
      const borrow = this.#borrowOf(lease)
      // The lease of a `use` or a `scoped` is guarded already.
      if (!(borrow instanceof UseCell)) {
        this.#front.post({ _tag: "Adopt", borrow, fiber })
        this.#front.handOut(borrow, lease)
      }
    })
  }

  readonly shutdown = (options?: ShutdownOptions): Effect.Effect<ShutdownReport> => {
    const mode = options?.mode ?? "drain"
    return Effect.suspend(() => {
      if (mode !== "drain" && mode !== "now") this.#die("mode: must be \"drain\" or \"now\"")
      const timeout = options?.timeout
      const within = timeout === undefined ? this.#front.settings.shutdownTimeout : this.#millis("timeout", timeout)
      const quiet = this.#millis("quietPeriod", options?.quietPeriod ?? 0)
      return awaitEnd(this.#front, (awaiter) => ({ _tag: "Shutdown", mode, within, quiet, awaiter }))
    })
  }

  readonly detach = (lease: Lease<unknown>): Effect.Effect<A, never, Scope.Scope> =>
    Effect.suspend(() => detach(this.#front, this.#borrowOf(lease))) as Effect.Effect<A, never, Scope.Scope>

  readonly reserve = (lease: Lease<unknown>): Effect.Effect<void, ReservationConflict, Scope.Scope> =>
    Effect.suspend(() => reserve(this.#front, this.#borrowOf(lease)))

  readonly evict = (predicate: (info: ResourceInfo, resource: A) => boolean): Effect.Effect<number> =>
    Effect.sync(() => {
      const workers = thoseThat(this.#front, predicate)
      this.#front.post({ _tag: "Evict", workers, isShrinking: false })
      return workers.length
    })

  readonly evictAll = (options?: { readonly over?: Duration.Input | undefined }): Effect.Effect<void> =>
    Effect.sync(() => {
      const over = this.#millis("over", options?.over ?? 0)
      if (over === Infinity) this.#die("over: must be a duration, not negative and not NaN, and must end")
      this.#front.post({ _tag: "EvictAll", over })
    })

  readonly resize = (change: Size): Effect.Effect<void, InvalidOptions> =>
    this.#change((recipe) => resized(recipe, change))

  readonly reconfigure = (patch: Patch<A>): Effect.Effect<void, InvalidOptions> =>
    this.#change((recipe) => patched(recipe, patch))

  #change(change: (recipe: Recipe) => Recipe | InvalidOptions): Effect.Effect<void, InvalidOptions> {
    return Effect.suspend(() => {
      const problem = this.#front.reconfigure(change)
      return problem === undefined ? Effect.void : Effect.fail(problem)
    })
  }

  toJSON(): unknown {
    return { _id: "Session", name: this.name }
  }

  [Symbol.for("nodejs.util.inspect.custom")](): unknown {
    return this.toJSON()
  }

  readonly #checkoutCell = (options: OwnedCheckoutOptions<never> | undefined, fiber: AnyFiber): CheckoutCell => {
    if (options === undefined && !this.#dropped) {
      return new CheckoutCell(this.#front, "wait", this.#front.settings.checkoutTimeout, fiber)
    }
    return this.#admit(
      new CheckoutCell(this.#front, "wait", this.#waitOf(options?.timeout), this.#ownerOf(options, fiber)),
      options
    )
  }

  readonly #tryCell = (options: OwnedCheckoutOptions<never> | undefined, fiber: AnyFiber): CheckoutCell => {
    return this.#admit(new CheckoutCell(this.#front, "try", 0, this.#ownerOf(options, fiber)), options)
  }

  #manyCell(n: number, options: OwnedCheckoutOptions<never> | undefined, fiber: AnyFiber): ManyCell {
    const front = this.#front
    const places = front.quota?.max ?? Infinity
    const most = Math.min(mostAtOnce(front.settings), places * front.settings.concurrency)
    if (!Number.isSafeInteger(n) || n < 1 || n > most) this.#die(`n: must be a whole number from 1 to ${most}`)
    const terms = options && termsOf(front, options)
    return new ManyCell(front, n, this.#waitOf(options?.timeout), this.#ownerOf(options, fiber), terms, this.#dropped)
  }

  readonly #useCell = (body: Body, options: CheckoutOptions<never> | undefined, fiber: AnyFiber): UseCell => {
    // Nearly always: apart from the rest, for only small functions are compiled into their callers.
    if (options === undefined && !this.#dropped) {
      return new UseCell(this.#front, body, this.#front.settings.checkoutTimeout, fiber)
    }
    return this.#admit(new UseCell(this.#front, body, this.#waitOf(options?.timeout), fiber), options)
  }

  #admit<Cell extends Borrow>(cell: Cell, options: CheckoutOptions<never> | undefined): Cell {
    if (options !== undefined) cell.terms = termsOf(this.#front, options)
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

  #ownerOf(options: OwnedCheckoutOptions<never> | undefined, fiber: AnyFiber): AnyFiber | undefined {
    const owner = options?.owner
    if (owner === undefined) return fiber
    if (owner === "none") return undefined
    return Fiber.isFiber(owner) ? owner : this.#die("owner: must be a fiber or \"none\"")
  }

  #millis(option: string, input: Duration.Input | "infinity"): number {
    const millis = millisOf(input)
    if (millis !== undefined) return millis
    return this.#die(`${option}: must be a duration, not negative and not NaN`)
  }

  #die(problem: string): never {
    throw new InvalidOptions({ pool: this.name, problems: [problem] })
  }
}
