/**
 * Shared resources, reservations and several resources at once, all mixed with everything that can end a lease or a
 * resource: drawn from a seed, with the invariants checked after every message, and every waiter served in the end.
 */
import { assert, it } from "@effect/vitest"
import type { Reservation } from "../../../src/pool/Message.ts"
import { fiber, MachineRig, type RecordedBorrow } from "../../support/recordedPorts.ts"
import { random } from "../../support/seededScheduler.ts"

type Settings = NonNullable<ConstructorParameters<typeof MachineRig>[0]>

interface Wish extends Reservation {
  readonly borrow: RecordedBorrow
  readonly answers: Array<Parameters<Reservation["reply"]>[0]>
  hasLeft: boolean
}

/** One play: what it draws, it does. */
class Play {
  readonly #draw: () => number
  readonly #rig: MachineRig
  readonly #settings: Settings
  /** Each who asks, by himself or together; a single is a bundle of one. */
  readonly #bundles: Array<ReadonlyArray<RecordedBorrow>> = []
  readonly #wishes: Array<Wish> = []
  readonly #owners = [fiber("f"), fiber("g")]

  constructor(seed: number) {
    this.#draw = random(seed)
    this.#settings = {
      size: 1 + this.#upTo(3),
      maxOverflow: this.#upTo(3),
      concurrency: 1 + this.#upTo(3),
      strategy: this.#one(["lifo", "fifo"]),
      start: this.#one(["background", "lazy"]),
      onAbandoned: this.#one(["destroy", "checkin"]),
      lifetimeJitter: 0,
      maxUses: this.#one([Infinity, Infinity, 1, 3]),
      maxLifetime: this.#one([Infinity, Infinity, 500]),
      ...this.#one([{}, { validates: true, validationBypass: 50 }]),
      ...this.#one([{}, { fairness: { maxPerKey: Infinity } }, { fairness: { maxPerKey: 2 } }]),
      ...this.#one([{}, {}, { leaseTimeout: { after: 300, action: this.#one(["warn", "revoke"] as const) } }]),
      ...this.#one([{}, {}, { targetUtilization: 0.5 }])
    }
    this.#rig = new MachineRig(this.#settings)
  }

  #upTo(below: number): number {
    return Math.floor(this.#draw() * below)
  }

  #one<A>(of: ReadonlyArray<A>): A {
    return of[this.#upTo(of.length)]!
  }

  /** One of them, if there is one. */
  #any<A>(of: ReadonlyArray<A>, then: (one: A) => void): void {
    if (of.length > 0) then(this.#one(of))
  }

  #workers(...states: ReadonlyArray<string>) {
    return Array.from(this.#rig.ports.workers.values()).filter(({ state }) => states.includes(state))
  }

  get #held(): ReadonlyArray<RecordedBorrow> {
    return this.#bundles.flat().filter(({ state, taken }) => state === "lent" && taken)
  }

  run(): void {
    for (let turn = 0; turn < 60; turn++) {
      this.#act(this.#upTo(100))
      this.#settle(0.6)
      this.#verify()
    }
    this.#finish()
  }

  #ask(): void {
    const { concurrency = 1, fairness, maxOverflow = 0, size = 1 } = this.#settings
    const most = Math.min((size + maxOverflow) * concurrency, fairness?.maxPerKey ?? Infinity, 4)
    const name = `b${this.#bundles.length}`
    const asking = {
      wait: this.#one([0, 100, 5_000, Infinity]),
      priority: fairness === undefined ? 0 : this.#upTo(3),
      ...this.#one([{}, { owner: this.#one(this.#owners) }]),
      ...this.#one([{ key: "a" }, { key: "b" }])
    }
    const parts = Array.from(
      { length: this.#one([1, 1, 1 + this.#upTo(most)]) },
      (_, index) => this.#rig.borrow(`${name}.${index}`, asking)
    )
    this.#bundles.push(parts)
    for (const part of parts) {
      if (parts.length > 1) part.bundle = parts
      this.#rig.ask(part, false)
      if (part.state === "refused") return
    }
  }

  #reserve(borrow: RecordedBorrow): void {
    const answers: Wish["answers"] = []
    const wish: Wish = { borrow, answers, hasLeft: false, reply: (answer) => void answers.push(answer) }
    this.#wishes.push(wish)
    this.#rig.send({ _tag: "Reserve", reservation: wish })
  }

  #leave(wish: Wish): void {
    wish.hasLeft = true
    this.#rig.send({ _tag: "Unreserve", reservation: wish })
  }

  #act(what: number): void {
    const rig = this.#rig
    if (what < 30) this.#ask()
    else if (what < 45) this.#any(this.#held, (borrow) => rig.checkin(borrow))
    else if (what < 50) this.#any(this.#held, (borrow) => rig.destroyed(borrow))
    else if (what < 54) this.#any(this.#bundles, (parts) => this.#cancel(parts))
    else if (what < 66) this.#any(this.#workers("opening"), ({ id }) => what < 64 ? rig.ready(id) : rig.openFailed(id))
    else if (what < 74) this.#any(this.#workers("closing"), ({ id }) => rig.closed(id))
    else if (what < 77) this.#any(this.#workers("idle", "lent", "validating"), ({ id }) => rig.died(id))
    else if (what < 81) this.#any(this.#workers("validating"), ({ id }) => rig.checked(id, "validate", what < 80))
    else if (what < 86) rig.pass(this.#one([0, 60, 150, 400]))
    // The timer is late.
    else if (what < 88) rig.ports.time += this.#one([60, 600])
    else if (what < 91) this.#any(this.#held, (borrow) => this.#reserve(borrow))
    else if (what < 93) this.#any(this.#wishes, (wish) => this.#leave(wish))
    else if (what < 95) this.#any(Array.from(rig.ports.workers.keys()), (id) => rig.evict([id]))
    else if (what < 96) rig.evictAll(this.#one([0, 200]))
    else if (what < 98) {
      this.#any(this.#owners, (owner) => rig.machine.state.owners.has(owner) && rig.ownerDown(owner, what < 97))
    } else if (rig.machine.state.isSuspended) rig.resume()
    else rig.suspend()
    if (rig.machine.state.backoff === "asking") rig.retryAfter(20)
  }

  #cancel(parts: ReadonlyArray<RecordedBorrow>): void {
    if (parts.some(({ taken }) => taken)) return
    for (const part of parts) this.#rig.cancel(part)
  }

  /** As the cells do: all of them are taken over at once, or all are left; now, or a little later. */
  #settle(chance: number): void {
    for (const parts of this.#bundles) {
      if (parts.some(({ taken }) => taken)) continue
      if (parts.some(({ state }) => state === "refused")) this.#cancel(parts)
      else if (!parts.some(({ isPending }) => isPending) && this.#draw() < chance) {
        const states = new Set(parts.map(({ state }) => state))
        // One whose owner has ended is handed out ended.
        const hasOwner = parts.some(({ ownerFiber, seat, state }) => ownerFiber ?? seat?.owner ?? state === "ended")
        assert.isTrue(
          hasOwner || states.size === 1,
          `of ${parts[0]!.name} some are ${Array.from(states).join(", some ")}`
        )
        for (const part of parts) part.taken = true
      }
    }
  }

  #verify(): void {
    const { state } = this.#rig.machine
    for (const { answers, borrow, hasLeft } of this.#wishes) {
      const isMine = !hasLeft && borrow.state === "lent"
      assert.isTrue(hasLeft || isMine || answers.length > 0, `${borrow.name} is stranded`)
      const others = isMine ? borrow.worker!.leases - 1 : 0
      assert.strictEqual(answers[0] === "alone" && others > 0, false, `${borrow.name} is not alone`)
      assert.strictEqual(isMine && answers.length === 0 && others === 0, false, `${borrow.name} is not told`)
    }
    const isOpening = state.opening + state.coming > 0 || state.backoff !== undefined || state.isSuspended
    assert.isTrue(state.servable === 0 || state.room === 0 || isOpening, "somebody waits, and nothing is opened")
  }

  /** Everything comes back, and everybody is served. */
  #finish(): void {
    const rig = this.#rig
    if (rig.machine.state.isSuspended) rig.resume()
    for (let round = 0; round < 100 && rig.machine.state.waiting.length > 0; round++) {
      this.#settle(1)
      for (const borrow of this.#held) rig.checkin(borrow)
      rig.readyAll()
      for (const { id } of this.#workers("validating")) rig.checked(id, "validate")
      rig.closedAll()
      if (rig.machine.state.backoff === "asking") rig.retryAfter(1)
      rig.pass(1)
    }
    assert.strictEqual(rig.machine.state.waiting.length, 0, `somebody waits for ever: ${rig.numbers}`)
    this.#settle(1)
    for (const wish of this.#wishes) this.#leave(wish)
    for (const borrow of this.#held) rig.checkin(borrow)
    const { extra, lent, shared } = rig.machine.state
    assert.deepStrictEqual([extra, lent.length, shared.length], [0, 0, 0])
    assert.isTrue(this.#workers("idle", "lent").every(({ reservations }) => reservations === undefined))
  }
}

const first = Number(process.env["SEED"] ?? 1)
const runs = Number(process.env["RUNS"] ?? 400)

it("whatever ends what, no seat is lost, nobody is alone who is not, and all or none are given", () => {
  for (let seed = first; seed < first + runs; seed++) {
    try {
      new Play(seed).run()
    } catch (cause) {
      throw new Error(`SEED=${seed} RUNS=1 fails: ${String(cause)}`, { cause })
    }
  }
})
