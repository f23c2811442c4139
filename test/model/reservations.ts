/** Those who want a resource for themselves alone (`reserve`): who is told what, and that nobody comes in between. */
import type { Borrow } from "../../src/pool/internal/borrow.ts"
import type { Reservation } from "../../src/pool/Message.ts"
import type { Reference } from "./reference.ts"
import type { Resource } from "./resource.ts"

type Answer = Parameters<Reservation["reply"]>[0]

/** One of them. Only the first answer counts. */
export class Wish implements Reservation {
  readonly borrow: Borrow
  answer: Answer | undefined
  /** It has left, or has been told that it can. */
  hasLeft = false

  constructor(borrow: Borrow) {
    this.borrow = borrow
  }

  readonly reply = (answer: Answer): void => void (this.answer ??= answer)
}

export class Reservations {
  /** What those must have been told by the end of the turn who wait no longer. */
  #over: ReadonlyArray<readonly [Wish, Answer, Resource | undefined]> = []
  readonly #pool: Reference

  constructor(pool: Reference) {
    this.#pool = pool
  }

  /** Of two who share a resource, each would wait for the other one to leave. */
  reserves(wish: Wish): void {
    const resource = this.#pool.leases.get(wish.borrow)?.resource
    if (resource === undefined) return this.#mustHear(wish, "ended")
    if (resource.wishes.some(({ borrow }) => borrow !== wish.borrow)) return this.#mustHear(wish, "conflict")
    resource.wishes = [...resource.wishes, wish]
    this.#pool.sharing.settles(resource)
  }

  unreserves(wish: Wish): void {
    this.#mustHear(wish, wish.answer ?? "left")
    const resource = this.#pool.leases.get(wish.borrow)?.resource
    if (resource === undefined) return
    resource.wishes = resource.wishes.filter((each) => each !== wish)
    this.#pool.sharing.settles(resource)
  }

  get waiting(): ReadonlyArray<Wish> {
    const wishes = [...this.#pool.stock.resources.values()].flatMap((resource) => resource.wishes)
    return wishes.filter(({ answer }) => answer === undefined)
  }

  /** A lease has ended, and whatever it wanted with it. */
  ends(ended: Borrow, resource: Resource): void {
    for (const wish of resource.wishes) {
      if (wish.borrow === ended) this.#mustHear(wish, wish.answer ?? "ended", resource)
    }
    resource.wishes = resource.wishes.filter(({ borrow }) => borrow !== ended)
  }

  /** What is wrong when the turn is over. Where others ended with it, it may have been alone for a moment. */
  problems(): ReadonlyArray<string> {
    const found: Array<string> = []
    for (const [{ answer, borrow }, expected, resource] of this.#over) {
      this.#pool.census.count(`reserve: ${answer}`)
      const mayBeAlone = answer === "alone" && resource?.lostIn === this.#pool.turn && resource.lost > 1
      if (answer !== expected && !mayBeAlone) found.push(`alone: lease ${borrow.id} is told ${answer}, not ${expected}`)
    }
    this.#over = []
    for (const { holders, wishes } of this.#pool.stock.resources.values()) {
      if (holders.size === 1 && wishes.some(({ answer }) => answer !== "alone")) found.push("alone: nobody says so")
      if (holders.size > 1 && wishes.some(({ answer }) => answer === "alone")) {
        found.push("alone: somebody else is there")
      }
    }
    return found
  }

  #mustHear(wish: Wish, answer: Answer, resource?: Resource): void {
    this.#over = [...this.#over, [wish, answer, resource]]
  }
}
