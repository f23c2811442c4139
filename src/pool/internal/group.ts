/**
 * Several pools of the same thing in different places, and which of them is asked.
 *
 * ```text
 *            a checkout says that it is down, or a body that it is demoted
 *        up ──────────────────────────────────────────────────────────────▶ down
 *         ▲                                                                  │ retryAfter has passed, and somebody asks
 *         │ it lends something                                               ▼
 *         └───────────────────────────────────────────────────────────── on trial, by one caller; to all others it is down
 *                                                     it does not: down, for another retryAfter
 * ```
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { Fork, Host } from "../../channel/internal/host.ts"
import { scopeOf } from "../../channel/internal/inScope.ts"
import type { Lease } from "../Lease.ts"
import {
  CheckoutTimeout,
  ForeignLease,
  InvalidOptions,
  OpenFailed,
  PoolClosed,
  PoolCrashed,
  PoolOverloaded
} from "../PoolError.ts"
import type { MemberStatus, PoolGroup } from "../PoolGroup.ts"
import type { CheckoutError, CheckoutOptions, Session } from "../Session.ts"
import { Hold } from "./keyedHold.ts"
import { millisOf } from "./settings.ts"

/** Milliseconds. @internal */
export interface GroupSettings {
  readonly name: string
  readonly strategy: "failover" | "round-robin"
  readonly retryAfter: number
  /** `undefined`: half of what is left. */
  readonly patience: number | undefined
  readonly checkoutTimeout: number
  readonly isDemoted: ((cause: Cause.Cause<unknown>) => boolean) | undefined
}

/** One pool of the group. */
class Member<A, E> {
  readonly session: Session<A, E>
  /** Passed over until then; 0: it is up. */
  downUntil = 0

  constructor(session: Session<A, E>) {
    this.session = session
  }
}

/** What one member is asked for, and whether that has got as far as the borrower. */
interface Request<B, E2, R2> {
  readonly asked: Effect.Effect<B, E2, R2>
  readonly hasLent: () => boolean
}

type Ask<A, E, B, E2, R2> = (member: Member<A, E>, timeout: Timeout) => Request<B, E2, R2>
type Timeout = number | "infinity"

/** One checkout on its way through the members. */
interface Tour<A, E, B, E2, R2> {
  readonly order: ReadonlyArray<Member<A, E>>
  readonly ask: Ask<A, E, B, E2, R2>
  /** It has no time to wait anywhere. */
  readonly isImpatient: boolean
  /** One deadline for all of them. */
  readonly until: number
}

const hasNotLent = () => false

/** @internal */
export class Group<A, E> implements PoolGroup<A, E> {
  readonly name: string
  readonly members: ReadonlyArray<Session<A, E>>
  readonly status: Effect.Effect<ReadonlyArray<MemberStatus>>
  readonly #settings: GroupSettings
  readonly #host: Host
  readonly #fork: Fork
  readonly #members: ReadonlyArray<Member<A, E>>
  #turn = 0

  constructor(settings: GroupSettings, sessions: ReadonlyArray<Session<A, E>>, host: Host) {
    this.name = settings.name
    this.members = sessions
    this.#settings = settings
    this.#host = host
    this.#fork = Effect.runForkWith(host.context)
    this.#members = sessions.map((session) => new Member(session))
    this.status = Effect.forEach(
      this.#members,
      (member) => Effect.map(member.session.status, (status) => ({ ...status, isDown: member.downUntil > 0 }))
    )
  }

  readonly use: Session<A, E>["use"] = (f, options) =>
    this.#borrow(options, (member, timeout) => {
      let hasLent = false
      const body: typeof f = (resource, lease) => {
        hasLent = true
        return this.#judged(member, f(resource, lease))
      }
      return { asked: member.session.use(body, { ...options, timeout }), hasLent: () => hasLent }
    })

  readonly scoped: Session<A, E>["scoped"] = (options) =>
    this.#borrow(options, (member, timeout) => {
      const scoped = member.session.scoped({ ...options, timeout })
      const { isDemoted } = this.#settings
      const asked = isDemoted === undefined ?
        scoped :
        Effect.withFiber((fiber) =>
          new Hold<A>(scopeOf(fiber), (exit) => this.#judge(member, exit) ?? Effect.void).take(scoped)
        )
      return { asked, hasLent: hasNotLent }
    })

  readonly checkout: Session<A, E>["checkout"] = (options) =>
    this.#borrow(options, ({ session }, timeout) => ({
      asked: session.checkout({ ...options, timeout }),
      hasLent: hasNotLent
    }))

  readonly checkin = (lease: Lease<unknown>): Effect.Effect<void> => this.#whose((session) => session.checkin(lease))

  readonly destroyed = (lease: Lease<unknown>, reason?: unknown): Effect.Effect<void> =>
    this.#whose((session) => session.destroyed(lease, reason))

  // Who is asked

  /** Nothing stands behind what the member itself gives, so that no step comes between it and whoever has asked. */
  #borrow<B, E2, R2>(
    options: CheckoutOptions<A> | undefined,
    ask: Ask<A, E, B, E2, R2>
  ): Effect.Effect<B, E2 | CheckoutError<E>, R2> {
    return Effect.suspend(() => {
      const given = options?.timeout
      const budget = given === undefined ? this.#settings.checkoutTimeout : millisOf(given)
      // A session says it, too.
      if (budget === undefined) throw new InvalidOptions({ pool: this.name, problems: [notADuration] })
      const until = this.#host.now() + budget
      return this.#go({ order: this.#order(), ask, isImpatient: budget === 0, until }, 0)
    })
  }

  /** Those that are down come last: better than nobody. */
  #order(): ReadonlyArray<Member<A, E>> {
    const all = this.#members
    const first = this.#settings.strategy === "failover" ? 0 : this.#turn++ % all.length
    const inTurn = [...all.slice(first), ...all.slice(0, first)]
    const now = this.#host.now()
    const isUp = ({ downUntil }: Member<A, E>) => downUntil <= now
    return [...inTurn.filter(isUp), ...inTurn.filter((member) => !isUp(member))]
  }

  #go<B, E2, R2>(tour: Tour<A, E, B, E2, R2>, index: number): Effect.Effect<B, E2 | CheckoutError<E>, R2> {
    const member = tour.order[index]!
    const isLast = index === tour.order.length - 1
    const now = this.#host.now()
    const left = Math.max(0, tour.until - now)
    const patience = Math.min(left, this.#settings.patience ?? Math.min(left, 5_000) / 2)
    if (member.downUntil > 0 && member.downUntil <= now) {
      // All others go on passing it over until this has come to something.
      member.downUntil = now + this.#settings.retryAfter
      const trial = member.session.use(() => Effect.sync(() => this.#up(member)), {
        timeout: timeoutOf(isLast ? left : patience)
      })
      return Effect.matchCauseEffect(trial, {
        onSuccess: () => this.#go(tour, index),
        onFailure: (cause) => isLast ? Effect.failCause(cause) : this.#go(tour, index + 1)
      })
    }
    if (isLast) return this.#ask(tour, index, left, false)
    return Effect.flatMap(member.session.status, (status) => {
      const isAlive = status.suspended || status.idle + status.lent + status.resetting + status.validating > 0
      return isAlive ? this.#ask(tour, index, left, false) : this.#ask(tour, index, patience, patience < left)
    })
  }

  /** `isCut`: it has less time here than there is, for the sake of the next one. */
  #ask<B, E2, R2>(
    tour: Tour<A, E, B, E2, R2>,
    index: number,
    millis: number,
    isCut: boolean
  ): Effect.Effect<B, E2 | CheckoutError<E>, R2> {
    const member = tour.order[index]!
    const { asked, hasLent } = tour.ask(member, timeoutOf(millis))
    return Effect.catchCause(asked, (cause) => {
      // What a body fails with is the affair of its caller.
      const error = hasLent() ? undefined : Option.getOrUndefined(Cause.findErrorOption(cause))
      const goesOn = this.#isPassedOver(member, error, isCut, tour.isImpatient)
      return goesOn && index < tour.order.length - 1 ? this.#go(tour, index + 1) : Effect.failCause(cause)
    })
  }

  #isPassedOver(member: Member<A, E>, error: unknown, isCut: boolean, isImpatient: boolean): boolean {
    if (error instanceof OpenFailed || error instanceof PoolClosed || error instanceof PoolCrashed) {
      this.#down(member, error._tag)
      return true
    }
    if (error instanceof CheckoutTimeout) {
      const isOpening = error.phase === "open"
      // Who does not wait at all has not seen whether it opens.
      if (isOpening && !isImpatient) this.#down(member, error._tag)
      return isCut || (isOpening && isImpatient)
    }
    // It is well, and has too much to do.
    return error instanceof PoolOverloaded && this.#settings.strategy === "round-robin"
  }

  // Up and down

  #down(member: Member<A, E>, why: string): void {
    const wasUp = member.downUntil === 0
    member.downUntil = this.#host.now() + this.#settings.retryAfter
    if (wasUp) this.#log(Effect.logWarning, member, `is passed over from now on: ${why}`)
  }

  #up(member: Member<A, E>): void {
    member.downUntil = 0
    this.#log(Effect.logInfo, member, "is back")
  }

  #log(log: typeof Effect.logInfo, { session }: Member<A, E>, what: string): void {
    this.#fork(log(`group "${this.name}": "${session.name}" ${what}`))
  }

  /** What is no effect is left to the session to refuse. */
  #judged<B, E2, R2>(member: Member<A, E>, body: Effect.Effect<B, E2, R2>): Effect.Effect<B, E2, R2> {
    if (this.#settings.isDemoted === undefined || !Effect.isEffect(body)) return body
    return Effect.onExitPrimitive(body, (exit) => this.#judge(member, exit))
  }

  /** The lease still goes on: it goes back into a pool that does not keep it. */
  #judge(member: Member<A, E>, exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> | undefined {
    if (exit._tag === "Success" || !Cause.hasFails(exit.cause) || !this.#isDemoted(exit.cause)) return undefined
    this.#down(member, "it is demoted")
    return member.session.evictAll()
  }

  #isDemoted(cause: Cause.Cause<unknown>): boolean {
    try {
      return this.#settings.isDemoted!(cause)
    } catch {
      return true
    }
  }

  /** Each is asked, until one knows the lease. */
  #whose(run: (session: Session<A, E>) => Effect.Effect<void>, index = 0): Effect.Effect<void> {
    const tried = run(this.members[index]!)
    if (index === this.members.length - 1) return tried
    return Effect.catchDefect(
      tried,
      (defect) => defect instanceof ForeignLease ? this.#whose(run, index + 1) : Effect.die(defect)
    )
  }
}

const timeoutOf = (millis: number): Timeout => millis === Infinity ? "infinity" : millis

const notADuration = "timeout: must be a duration, not negative and not NaN"
