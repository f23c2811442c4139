/**
 * Waits until nobody shares the resource of a lease, and keeps it so until a scope closes.
 *
 * @internal
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { Delivery } from "../../channel/internal/outbox.ts"
import type { Reservation as Reserves } from "../Message.ts"
import { LeaseExpired, ReservationConflict } from "../PoolError.ts"
import type { Borrow } from "./borrow.ts"
import type { Front } from "./front.ts"

type Answer = Parameters<Reserves["reply"]>[0]

class Reservation implements Reserves, Delivery {
  readonly borrow: Borrow
  readonly #front: Front
  #answer: Answer | undefined
  resume: ((effect: Effect.Effect<void, ReservationConflict>) => void) | undefined

  constructor(front: Front, borrow: Borrow) {
    this.#front = front
    this.borrow = borrow
  }

  get isAnswered(): boolean {
    return this.#answer !== undefined
  }

  /** By the machine. */
  reply(answer: Answer): void {
    if (this.#answer !== undefined) return
    this.#answer = answer
    this.#front.deliverLater(this)
  }

  /** A lease that was alone with its resource may have ended since. */
  deliver(): void {
    const fields = { pool: this.#front.settings.name, leaseId: this.borrow.id }
    if (this.#answer === "conflict") this.resume?.(Effect.fail(new ReservationConflict(fields)))
    else if (this.#answer === "left") this.resume?.(Effect.interrupt)
    else if (this.borrow.state === "lent") this.resume?.(Effect.void)
    else this.resume?.(Effect.die(new LeaseExpired(fields)))
  }
}

/** A scope of its own, so that one that fails leaves nothing behind in a scope that lives long. @internal */
export const reserve = (front: Front, borrow: Borrow): Effect.Effect<void, ReservationConflict, Scope.Scope> =>
  Effect.withFiber((fiber) => {
    const scope = Scope.forkUnsafe(Context.getUnsafe(fiber.context, Scope.Scope))
    const reservation = new Reservation(front, borrow)
    const leave = Effect.sync(() => front.post({ _tag: "Unreserve", reservation }))
    const alone = Effect.andThen(
      Scope.addFinalizer(scope, leave),
      ended(front, reservation)
    )
    return Effect.onExitPrimitive(alone, (exit) => {
      // Also where the scope was closed before, or while it waited.
      if (Exit.isFailure(exit) || scope.state._tag === "Closed") return Effect.andThen(leave, Scope.close(scope, exit))
      return undefined
    })
  })

/** An actor that is dying does not hear of it any more. */
const ended = (front: Front, reservation: Reservation): Effect.Effect<void, ReservationConflict> =>
  Effect.suspend(() => {
    const { core } = front
    if (core === undefined) reservation.reply("ended")
    const answered = Effect.callback<void, ReservationConflict>((resume) => {
      reservation.resume = resume
      // The scope may have closed on the way here.
      if (reservation.isAnswered) reservation.deliver()
      else core?.post({ _tag: "Reserve", reservation })
    })
    if (core === undefined) return answered
    const lost = Effect.andThen(core.gone.wait, Effect.sync(() => reservation.reply("ended")))
    return Effect.raceFirst(answered, Effect.andThen(lost, Effect.never))
  })
