/** Faults in what several share (`concurrency`, `reserve`), and in what is asked for together (`checkoutMany`). */
import type { Mutant } from "./mutants.ts"

const machine = (file: string) => `src/pool/internal/${file}.ts`
const testOf = (...names: ReadonlyArray<string>) => names.map((name) => `test/pool/machine/${name}.test.ts`)
const seats = testOf("sharing")
const quota = testOf("quota")
const quotas = testOf("quotaShared")
const ends = testOf("sharedEnds", "sharedShutdown")
const wishes = testOf("reserving")
const together = testOf("gathering", "gatheringOrder")
const reserves = ["test/pool/reserve.test.ts", "test/pool/reserveScopes.test.ts"]
const many = ["test/pool/checkoutMany.test.ts"]
const manyEnds = ["test/pool/checkoutManyEnds.test.ts"]

export const sharing: ReadonlyArray<Mutant> = [
  // Seats
  {
    id: "seat-too-many",
    file: machine("sharing"),
    original: "worker.leases < settings.concurrency &&",
    replacement: "worker.leases <= settings.concurrency &&",
    breaks: "one more than `concurrency` have a resource at once",
    stands: "C7",
    tests: seats
  },
  {
    id: "leaving-one-shared",
    file: machine("sharing"),
    original: " && !worker.isLeaving &&",
    replacement: " &&",
    breaks: "what one of them has destroyed is lent to somebody new",
    stands: "F-5",
    tests: ends
  },
  {
    id: "shared-before-idle",
    file: machine("stock"),
    original: "this.#nextIdle ?? this.#state.shared.head",
    replacement: "this.#state.shared.head ?? this.#nextIdle",
    breaks: "two share one resource while another one is idle",
    stands: "C7",
    tests: seats
  },
  {
    id: "one-seat-of-a-new-one",
    file: machine("lending"),
    original: "      // Where it is shared, there may be more of it than one wants.\n      this.serve()\n",
    replacement: "",
    breaks: "a new resource serves one of those who wait, though it has a seat for each",
    stands: "C7",
    tests: seats
  },
  {
    id: "opens-for-each-waiter",
    file: machine("staffing"),
    original: "Math.ceil(state.servable / state.settings.concurrency)",
    replacement: "state.servable",
    breaks: "an opening for each who waits, though several will share what it opens",
    stands: "C-11",
    tests: seats
  },
  {
    id: "max-waiting-without-seats",
    file: machine("state"),
    original: "(this.bound - this.busy - this.idle.length) * this.settings.concurrency",
    replacement: "this.bound - this.busy - this.idle.length",
    breaks: "who will have a seat of what is being opened is turned away as one too many",
    stands: "D-5",
    tests: seats
  },
  {
    id: "lobby-without-seats",
    file: machine("lobby"),
    original: "(size + maxOverflow) * concurrency + maxWaiting",
    replacement: "size + maxOverflow + maxWaiting",
    breaks: "between two incarnations fewer may wait than the next one has seats",
    stands: "D-5",
    tests: ["test/pool/sharingEnds.test.ts"]
  },
  {
    id: "lease-uncounted",
    file: machine("lending"),
    original: "    else state.extra--\n",
    replacement: "",
    breaks: "a seat that was given back counts as taken, and the bound is one more each time",
    stands: "D-6",
    tests: seats
  },
  {
    id: "first-leaver-places-it",
    file: machine("lending"),
    original: "    if (worker.leases > 0) this.#lighten(worker)\n    else if (!borrow",
    replacement: "    if (!borrow",
    breaks: "the first who gives a shared resource back makes it idle under the others",
    stands: "F-1",
    tests: seats
  },
  {
    id: "closed-under-others",
    file: machine("lending"),
    original: "    if (worker.leases === 0) this.#staffing.close(worker)\n",
    replacement: "    this.#staffing.close(worker)\n",
    breaks: "what one of them destroys is closed while others use it",
    stands: "C7",
    tests: ends
  },
  {
    id: "detached-under-others",
    file: machine("lending"),
    original: "    if (borrow.state === \"lent\" && borrow.seat!.worker.leases > 1) return false\n",
    replacement: "",
    breaks: "one of them takes the resource out of the pool, and the others with it",
    stands: "C12",
    tests: ends
  },
  {
    id: "surplus-shared-on",
    file: machine("changes"),
    original:
      "    for (const worker of shared.slice(0, Math.max(0, shared.length - bound))) this.#lending.discard(worker)\n",
    replacement: "    void shared\n",
    breaks: "resized to less, a pool keeps what is shared as long as its leases overlap",
    stands: "D-6",
    tests: seats
  },
  {
    id: "swept-too-late",
    file: machine("stock"),
    original: "for (let worker = this.#choose(); worker !== undefined && worker.retireAt <= now;",
    replacement: "for (let worker = this.#choose(); worker !== undefined && worker.retireAt < 0;",
    breaks: "a newcomer finds out that a shared one is past its time, and overtakes who had just been granted it",
    stands: "E-1",
    tests: ends
  },
  // Alone
  {
    id: "reserved-one-shared",
    file: machine("sharing"),
    original: " && worker.reservations === undefined\n",
    replacement: "\n",
    breaks: "somebody new shares what another one waits to have alone",
    stands: "C7",
    tests: wishes
  },
  {
    id: "alone-too-early",
    file: machine("sharing"),
    original: "    if (worker.leases === 1) {",
    replacement: "    if (worker.leases >= 1) {",
    breaks: "who reserves is told to be alone while others have it, too",
    stands: "C7",
    tests: wishes
  },
  {
    id: "never-alone",
    file: machine("sharing"),
    original: "each.reply(\"ended\")\n      this.#grant(worker)\n",
    replacement: "each.reply(\"ended\")\n",
    breaks: "who waits to be alone is not told when the last one has left",
    stands: "B-21",
    tests: wishes
  },
  {
    id: "reserver-stranded",
    file: machine("sharing"),
    original: "      for (const each of reservations) if (each.borrow === borrow) each.reply(\"ended\")\n",
    replacement: "",
    breaks: "who waits to be alone waits for ever when his lease ends",
    stands: "B-21",
    tests: wishes
  },
  {
    id: "two-wait-for-each-other",
    file: machine("sharing"),
    original:
      "    if (reservations.some(({ borrow }) => borrow !== reservation.borrow)) return reservation.reply(\"conflict\")\n",
    replacement: "",
    breaks: "two who have one resource wait for each other to leave",
    stands: "C7",
    tests: wishes
  },
  {
    id: "reserved-for-ever",
    file: machine("sharing"),
    original: "      worker.reservations = left.length === 0 ? undefined : left\n      for",
    replacement: "      for",
    breaks: "a reservation outlives its lease, and nobody ever shares that resource again",
    stands: "C7",
    tests: wishes
  },
  {
    id: "reservation-in-a-plain-pool",
    file: machine("lending"),
    original: "|| !state.isPlain || worker.reservations !== undefined) this.#endWith(seat, borrow)",
    replacement: "|| !state.isPlain) this.#endWith(seat, borrow)",
    breaks: "with a concurrency of 1 a reservation outlives its lease, and the next one is a conflict",
    stands: "C7",
    tests: wishes
  },
  {
    id: "unreserved-and-unserved",
    file: machine("sharing"),
    original: "    this.settle(worker)\n    this.#lending.serve()\n",
    replacement: "    this.settle(worker)\n",
    breaks: "who waited for a reserved resource is not served when it is free",
    stands: "B-6",
    tests: wishes
  },
  {
    id: "alone-with-the-dead",
    file: machine("reserve"),
    original: "    else if (this.borrow.state === \"lent\") this.resume",
    replacement: "    else if (this.#answer === \"alone\") this.resume",
    breaks: "who waits to be alone is alone with a resource that has died",
    stands: "B-21",
    tests: reserves
  },
  {
    id: "left-and-stranded",
    file: machine("sharing"),
    original: "    reservation.reply(\"left\")\n",
    replacement: "",
    breaks: "who waits to be alone in a scope that closes meanwhile waits for ever",
    stands: "B-21",
    tests: reserves
  },
  {
    id: "unheard-and-stranded",
    file: machine("reserve"),
    original: "return Effect.raceFirst(answered, Effect.andThen(lost, Effect.never))",
    replacement: "return answered",
    breaks: "who asks to be alone while the actor dies waits for ever",
    stands: "B-21",
    tests: reserves
  },
  // Several together
  {
    id: "half-filled-and-overtaken",
    file: machine("queueing"),
    original: "this.#gathers() ?? state.discipline.next()",
    replacement: "state.discipline.next()",
    breaks: "two who want several each have a part, and wait for each other",
    stands: "C10",
    tests: together
  },
  {
    id: "gathers-past-the-limit",
    file: machine("queueing"),
    original: "part !== undefined && state.discipline!.admits(part)",
    replacement: "part !== undefined",
    breaks: "who has a part gets more than its key may have",
    stands: "Q11",
    tests: together
  },
  {
    id: "gathers-only-by-policy",
    file: machine("lending"),
    original: "    if (borrow.bundle !== undefined) this.#state.gather(borrow.bundle)\n",
    replacement: "    if (borrow.bundle !== undefined && discipline !== undefined) this.#state.gather(borrow.bundle)\n",
    breaks: "who has a part from before there were classes is overtaken",
    stands: "C10",
    tests: together
  },
  {
    id: "forgets-who-gathers",
    file: machine("queueing"),
    original: "    for (const bundle of state.gathering) {\n",
    replacement:
      "    state.gathering = state.gathering.filter((bundle) => bundle.some(isWaiting))\n    for (const bundle of state.gathering) {\n",
    breaks: "who had them all, and lost one before they were in hand, is overtaken",
    stands: "C10",
    tests: together
  },
  {
    id: "parts-keep-it-open",
    file: machine("lending"),
    original:
      "    for (const { borrow } of worker.seats) if (borrow !== undefined && !borrow.taken) this.bereave(borrow)\n",
    replacement: "",
    breaks: "a broken resource is kept by parts that nobody has, who wait for one more",
    stands: "C10",
    tests: together
  },
  {
    id: "part-held-too-long",
    file: machine("overdue"),
    original: "    if (!taken) return now\n",
    replacement: "",
    breaks: "a part that nobody has yet is revoked, and the others are handed out without it",
    stands: "Q10",
    tests: together
  },
  {
    id: "revoked-seat-looked-at",
    file: machine("overdue"),
    original: "      if (seat.borrow === undefined) continue\n",
    replacement: "",
    breaks: "the actor crashes when a revoked lease takes the next one with it",
    stands: "Q10",
    tests: together
  },
  {
    id: "keeps-what-it-was-granted",
    file: machine("manyCell"),
    original: "    if (refused !== undefined) {\n      this.leave()\n",
    replacement: "    if (refused !== undefined) {\n",
    breaks: "some of them are refused, and the others stay lent to nobody",
    stands: "B-4",
    tests: many
  },
  {
    id: "refused-one-waits-for-the-rest",
    file: machine("manyCell"),
    original: "    if (this.#refused === undefined && this.#parts.some(",
    replacement: "    if (this.#parts.some(",
    breaks: "a failed opening is told only when all the others have been answered, too",
    stands: "C-2",
    tests: manyEnds
  },
  {
    id: "leaves-a-part-in-line",
    file: machine("manyCell"),
    original: "    for (const part of this.#parts) this.#front.cancel(part)\n",
    replacement: "    for (const part of this.#parts) if (part.state === \"lent\") this.#front.cancel(part)\n",
    breaks: "who is interrupted leaves what has not been granted in line",
    stands: "B-6",
    tests: many
  },
  {
    id: "half-handed-out",
    file: machine("manyCell"),
    original: "    if (this.#parts.some(({ isPending }) => isPending)) return waitAs(this, fiber)\n",
    replacement: "    if (this.#parts.every(({ isPending }) => isPending)) return waitAs(this, fiber)\n",
    breaks: "some are handed out while the others wait still",
    stands: "C10",
    tests: many
  },
  {
    id: "more-than-there-can-be",
    file: machine("state"),
    original: "Math.min((size + maxOverflow) * concurrency, fairness?.maxPerKey ?? Infinity)",
    replacement: "(size + maxOverflow) * concurrency",
    breaks: "who wants more than its key may have waits for what can never be",
    stands: "C10",
    tests: many
  },
  {
    id: "never-adopted",
    file: machine("session"),
    original: "if (!(borrow instanceof UseCell)) {",
    replacement: "if (borrow instanceof CheckoutCell) {",
    breaks: "a lease of checkoutMany cannot be adopted",
    stands: "H-1",
    tests: manyEnds
  },
  // What a shared resource, or a bundle, is to the rest of the pool
  {
    id: "bereaved-while-revoked",
    file: machine("closedown"),
    original:
      "const workers = new Set(theirs.map((borrow) => this.#lending.revoke(borrow)))\n    for (const worker of workers) ",
    replacement:
      "for (const worker of theirs.map((b) => { const w = this.#lending.revoke(b); if (w !== undefined) this.#lending.discard(w); return w })) ",
    breaks: "a lease of the fiber that ends the pool is put in line again, and served",
    stands: "§5.6",
    tests: ends
  },
  {
    id: "idle-ones-not-swept",
    file: machine("stock"),
    original: "worker !== undefined && worker.retireAt <= now; worker",
    replacement: "worker !== undefined && worker.state !== \"idle\" && worker.retireAt <= now; worker",
    breaks: "a newcomer finds out that a shared one is past its time, and overtakes who had just been granted it",
    stands: "E-1",
    tests: ends
  },
  {
    id: "spent-one-stays-shared",
    file: machine("upkeep"),
    original: "if ((worker.state === \"idle\" || worker.isShared) && !",
    replacement: "if (worker.state === \"idle\" && !",
    breaks: "what is shared is lent on, past a new limit",
    stands: "L12",
    tests: ["test/pool/machine/changes.test.ts"]
  },
  {
    id: "spent-one-shared-after-a-reservation",
    file: machine("sharing"),
    original: "worker.uses < settings.maxUses && worker.reservations === undefined",
    replacement: "worker.reservations === undefined",
    breaks: "what was reserved while its uses ran out is lent on",
    stands: "L12",
    tests: ["test/pool/machine/changes.test.ts"]
  },
  {
    id: "sweeps-once",
    file: machine("asking"),
    original: "    while (this.#stock.sweep()) {\n",
    replacement: "    if (this.#stock.sweep()) {\n",
    breaks: "a newcomer finds out that the next one is past its time, too, and who had been granted it is forgotten",
    stands: "E-1",
    tests: ends
  },
  {
    id: "part-of-too-many",
    file: machine("queueing"),
    original: "borrow.bundle !== undefined && borrow.bundle.length > mostAtOnce(settings)",
    replacement: "false",
    breaks: "who has lost a part of what there can never be again waits for it",
    stands: "C10",
    tests: together
  },
  {
    id: "full-with-a-seat",
    file: machine("state"),
    original: "this.idle.length + this.shared.length > 0 || this.live",
    replacement: "this.idle.length > 0 || this.live",
    breaks: "a pool says it is full although one more may have what is lent",
    stands: "C7",
    tests: seats
  },
  {
    id: "overlaps-for-ever",
    file: machine("lending"),
    original: "this.#upkeep.keeps(worker) && !this.#isOwed(this.#queueing.next(), true)",
    replacement: "this.#upkeep.keeps(worker)",
    breaks: "a resource whose leases overlap is never free for another pool",
    stands: "K2",
    tests: quota
  },
  {
    id: "leaving-not-counted",
    file: machine("quota"),
    original: " + (isHeld ? this.#leaving : 0)",
    replacement: "",
    breaks: "more is given up than other pools want",
    stands: "K2",
    tests: quotas
  },
  {
    id: "held-before-it-was-whole",
    file: machine("lending"),
    original: "    if (borrow.taken) borrow.askedAt = seat.lentAt ?? this.#ports.moment()\n",
    replacement: "",
    breaks: "what came first is held for too long as soon as what came last is given back",
    stands: "Q10",
    tests: together
  },
  {
    id: "leaving-is-room-for-all",
    file: machine("quota"),
    original: "(isHeld ? this.#leaving : 0)",
    replacement: "this.#leaving",
    breaks: "what is free is kept from who waits elsewhere, because something else may be free one day",
    stands: "K2",
    tests: quotas
  },
  {
    id: "judged-by-the-next",
    file: machine("lending"),
    original: "next && waiting.head!.ticket",
    replacement: "next?.ticket",
    breaks: "a pool closes and opens for ever, where its next waiter is not its oldest",
    stands: "K2",
    tests: quotas
  },
  {
    id: "probed-although-owed",
    file: machine("upkeep"),
    original: "(isLimited && this.#ports.yields(undefined, false))",
    replacement: "false",
    breaks: "what was probed is idle while somebody waits for its place elsewhere",
    stands: "K2",
    tests: quotas
  },
  {
    id: "probed-beyond-the-bound",
    file: machine("upkeep"),
    original: "const isUnwanted = (ceiling > bound && open >= bound) || ",
    replacement: "const isUnwanted = ",
    breaks: "what was probed while the pool was made smaller is idle beyond its bound",
    stands: "Z1",
    tests: ["test/pool/machine/changes.test.ts"]
  },
  {
    id: "tripped-without-a-place",
    file: machine("quotaParty"),
    original: "isTripped ? 1 : 0",
    replacement: "0",
    breaks: "a pool whose breaker is open never finds out that it can open again",
    stands: "Q8",
    tests: quotas
  },
  {
    id: "bundle-stays-in-the-lobby",
    file: machine("front"),
    original: "    this.#lobby.refuseTooMany(mostAtOnce(this.settings))\n",
    replacement: "",
    breaks: "who wants more than there can ever be waits in the lobby",
    stands: "C10",
    tests: ["test/pool/checkoutManyEnds.test.ts"]
  }
]
