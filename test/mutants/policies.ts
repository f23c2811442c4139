/** Faults in who is served, opened for, and closed, where a policy has a say. */
import type { Mutant } from "./mutants.ts"

const machine = (file: string) => `src/pool/internal/${file}.ts`
const testOf = (...names: ReadonlyArray<string>) => names.map((name) => `test/pool/machine/${name}.test.ts`)

export const policies: ReadonlyArray<Mutant> = [
  // Who is served, where policies have a say
  {
    id: "newcomer-unheard",
    file: machine("asking"),
    original: "    if (state.quiet !== undefined) state.askedLast = this.#ports.moment()\n",
    replacement: "",
    breaks: "a pool that is asked without a break is taken for quiet",
    stands: "D1",
    tests: testOf("quietPeriod")
  },
  {
    id: "overtakes-the-checked",
    file: machine("asking"),
    original: "    if (this.#stock.isSpokenFor) return this.#line(borrow)\n",
    replacement: "",
    breaks: "a newcomer takes what is fresh, past one who waits for a check",
    stands: "E-1",
    tests: testOf("priority")
  },
  {
    id: "fresh-one-withheld",
    file: machine("asking"),
    original: "    this.#queueing.join(borrow)\n    this.#lending.serve()\n",
    replacement: "    this.#queueing.join(borrow)\n",
    breaks: "one who waits for a check waits beside what is fresh",
    stands: "E-1",
    tests: testOf("priority")
  },
  {
    id: "asks-a-broken-backend",
    file: machine("asking"),
    original: "    if (state.isTripped && !state.isSuspended) return this.#queueing.refuseBroken(borrow)\n",
    replacement: "",
    breaks: "people wait for a backend that is known to be down",
    stands: "Q8",
    tests: testOf("breaker")
  },
  {
    id: "suspended-and-lent",
    file: machine("stock"),
    original: "if (state.isSuspended || state.discipline",
    replacement: "if (state.discipline",
    breaks: "a suspended pool lends what is idle",
    stands: "D7",
    tests: testOf("suspend")
  },
  {
    id: "key-without-limit",
    file: machine("stock"),
    original: " || state.discipline?.admits(borrow) === false",
    replacement: "",
    breaks: "a newcomer has more than maxPerKey",
    stands: "Q11",
    tests: testOf("priority")
  },
  {
    id: "lent-at-its-end",
    file: machine("stock"),
    original: "choice.retireAt <= now",
    replacement: "choice.retireAt < now",
    breaks: "one is lent in the very millisecond in which it ends",
    stands: "G-7",
    tests: testOf("lifetimes")
  },
  {
    id: "lent-past-its-end",
    file: machine("stock"),
    original: "choice !== undefined && choice.retireAt <= now",
    replacement: "false && choice !== undefined",
    breaks: "one past its lifetime is lent, since the housekeeper has not come yet",
    stands: "G-7",
    tests: testOf("lifetimes")
  },
  {
    id: "discarded-not-replaced",
    file: machine("stock"),
    original: "      hasClosed = true\n",
    replacement: "",
    breaks: "what is found to be past its time is not replaced at once",
    stands: "H16",
    tests: testOf("lifetimes")
  },
  {
    id: "lent-unvalidated",
    file: machine("stock"),
    original: "if (!this.#checks.isDoubtful(choice, now)) {",
    replacement: "{",
    breaks: "nothing is validated",
    stands: "H1",
    tests: testOf("validation")
  },
  {
    id: "waits-without-any-time",
    file: machine("stock"),
    original: "if (borrow.state === \"asked\" && (borrow.wait > 0 || borrow.mode === \"try\")) this",
    replacement: "if (borrow.state === \"asked\") this",
    breaks: "one who has no time to wait waits for a check",
    stands: "J-1",
    tests: testOf("validation")
  },
  {
    id: "try-without-a-check",
    file: machine("stock"),
    original: "(borrow.wait > 0 || borrow.mode === \"try\")",
    replacement: "borrow.wait > 0",
    breaks: "a try is told PoolFull beside something idle",
    stands: "E-9",
    tests: testOf("validation")
  },
  {
    id: "no-preference",
    file: machine("stock"),
    original: "    if (terms?.preferred?.state === \"idle\") return terms.preferred\n",
    replacement: "",
    breaks: "nobody has what they prefer",
    stands: "C11",
    tests: testOf("priority")
  },
  // What is nearly always all there is to be asked
  {
    id: "ready-overtakes",
    file: machine("stock"),
    original: "worker === undefined || waiting.length > 0 || isSuspended",
    replacement: "worker === undefined || isSuspended",
    breaks: "a newcomer overtakes who waits for a check",
    stands: "E-1",
    tests: testOf("priority")
  },
  {
    id: "ready-though-suspended",
    file: machine("stock"),
    original: "waiting.length > 0 || isSuspended || discipline",
    replacement: "waiting.length > 0 || discipline",
    breaks: "a suspended pool lends what is idle",
    stands: "D7",
    tests: testOf("suspend")
  },
  {
    id: "ready-beyond-its-limit",
    file: machine("stock"),
    original: " || discipline !== undefined) return undefined",
    replacement: ") return undefined",
    breaks: "nobody asks whether its key may have one more",
    stands: "Q11",
    tests: testOf("priority")
  },
  {
    id: "ready-past-its-end",
    file: machine("stock"),
    original: "if (worker.retireAt <= now || this",
    replacement: "if (worker.retireAt < now || this",
    breaks: "a resource is lent at the instant of its end",
    stands: "H6",
    tests: testOf("lifetimes")
  },
  {
    id: "ready-unvalidated",
    file: machine("stock"),
    original: "if (worker.retireAt <= now || this.#checks.isDoubtful(worker, now)) return",
    replacement: "if (worker.retireAt <= now) return",
    breaks: "what has not been seen well for long is lent without a validation",
    stands: "H1",
    tests: testOf("validation")
  },
  {
    id: "ready-instead-of-preferred",
    file: machine("asking"),
    original: "borrow.terms === undefined ? this.#stock.takeReady() : undefined",
    replacement: "this.#stock.takeReady()",
    breaks: "whoever prefers one gets another one",
    stands: "C11",
    tests: ["test/pool/prefer.test.ts"]
  },
  {
    id: "resets-the-untouched",
    file: machine("lending"),
    original: "if (!borrow.taken || !(settings",
    replacement: "if (!(settings",
    breaks: "what nobody has touched is reset",
    stands: "R3",
    tests: testOf("checks")
  },
  {
    id: "retires-unasked",
    file: machine("lending"),
    original: "!(settings.resets || settings.asksToRetire)",
    replacement: "!settings.resets",
    breaks: "shouldRetire is not asked about what comes back",
    stands: "H15",
    tests: testOf("checks")
  },
  {
    id: "reset-serves-nobody",
    file: machine("lending"),
    original:
      "      this.#checks.reset(worker)\n      // Somebody of its key may have waited for this lease to end, and not for a resource.\n      this.serve()",
    replacement: "      this.#checks.reset(worker)",
    breaks: "somebody of the key waits beside what is idle until the reset has ended",
    stands: "Q11",
    tests: testOf("priority")
  },
  {
    id: "destroyed-serves-nobody",
    file: machine("lending"),
    original: "  #refill(): void {\n    this.serve()\n",
    replacement: "  #refill(): void {\n",
    breaks: "somebody of the key waits beside what is idle",
    stands: "Q11",
    tests: testOf("priority")
  },
  {
    id: "detach-serves-nobody",
    file: machine("lending"),
    original: "    this.#refill()\n    return isDetached",
    replacement: "    this.#staffing.hire()\n    return isDetached",
    breaks: "somebody of the key waits beside what is idle",
    stands: "Q11",
    tests: testOf("priority")
  },
  {
    id: "reclaimed-is-drained",
    file: machine("lending"),
    original: "    if (this.#state.phase === \"open\") return this.destroyed(borrow)\n",
    replacement: "    return this.destroyed(borrow)\n",
    breaks: "a lease that is revoked in a drain counts as one that came back",
    stands: "I-5",
    tests: testOf("lease")
  },
  {
    id: "reclaim-serves-nobody",
    file: machine("lending"),
    original:
      "    if (worker === undefined) return\n    this.discard(worker)\n    this.#refill()\n  }\n\n  /** The pool cannot wait",
    replacement: "    if (worker === undefined) return\n    this.discard(worker)\n  }\n\n  /** The pool cannot wait",
    breaks: "somebody of the key waits beside what is idle, in a drain",
    stands: "Q11",
    tests: testOf("lease")
  },
  {
    id: "untouched-is-well",
    file: machine("lending"),
    original: "if (isSeen) worker",
    replacement: "worker",
    breaks: "asking and leaving again proves that a resource is well",
    stands: "H2",
    tests: testOf("validation")
  },
  {
    id: "return-proves-nothing",
    file: machine("lending"),
    original: "    if (isSeen) worker.checkedAt = this.#ports.moment()\n",
    replacement: "",
    breaks: "what came back a moment ago is validated",
    stands: "H2",
    tests: testOf("checks")
  },
  {
    id: "never-shrinks",
    file: machine("lending"),
    original: "const isSpent = !isKept || (state.ceiling > state.bound && state.open >= state.bound)",
    replacement: "const isSpent = !isKept",
    breaks: "under load a pool that was made smaller stays as it is",
    stands: "Z1",
    tests: testOf("changes")
  },
  {
    id: "shrinks-too-far",
    file: machine("lending"),
    original: "state.open >= state.bound)",
    replacement: "state.open + 1 >= state.bound)",
    breaks: "under load a pool that was made smaller gets smaller than that",
    stands: "Z1",
    tests: testOf("changes")
  },
  {
    id: "never-yields",
    file: machine("lending"),
    original: "if (isSpent || this.#isOwed(waiter, false)) {",
    replacement: "if (isSpent) {",
    breaks: "a pool keeps what another one needs more",
    stands: "K2",
    tests: testOf("quota")
  },
  {
    id: "yields-to-nobody",
    file: machine("lending"),
    original: "return isLimited && this.#ports.yields",
    replacement: "return this.#ports.yields",
    breaks: "a pool that shares no limit asks others",
    stands: "K2",
    tests: testOf("quota")
  },
  {
    id: "spent-serves-nobody",
    file: machine("lending"),
    original: "      this.#staffing.close(worker)\n      this.serve()\n",
    replacement: "      this.#staffing.close(worker)\n",
    breaks: "somebody of the key waits beside what is idle",
    stands: "Q11",
    tests: testOf("priority")
  },
  {
    id: "spent-not-replaced",
    file: machine("lending"),
    original: "      this.serve()\n      this.#staffing.hire()\n    } else",
    replacement: "      this.serve()\n    } else",
    breaks: "what has had its time is not replaced at once",
    stands: "H16",
    tests: testOf("eviction")
  },
  {
    id: "stays-in-any-case",
    file: machine("lending"),
    original: "} else if (this.#upkeep.mayStay(worker)) {",
    replacement: "} else if (true) {",
    breaks: "with any policy overflow stays",
    stands: "R11",
    tests: testOf("idle")
  },
  {
    id: "ages-from-its-opening",
    file: machine("lending"),
    original: "    worker.idleSince = this.#ports.moment()\n",
    replacement: "",
    breaks: "what comes back is as cold as it was",
    stands: "H4",
    tests: testOf("idle")
  },
  {
    id: "checks-for-the-same",
    file: machine("lending"),
    original: "state.servable > state.vetting) {",
    replacement: "state.servable > 0) {",
    breaks: "whatever happens starts another check for one who waits for one",
    stands: "H1",
    tests: testOf("validation")
  },
  {
    id: "reminded-in-the-last-lease",
    file: machine("lending"),
    original: "    seat.isOverdue = false\n",
    replacement: "",
    breaks: "who was warned about once is never warned about again",
    stands: "Q10",
    tests: testOf("lease")
  },
  {
    id: "lease-of-no-key",
    file: machine("lending"),
    original: "    discipline?.lent(borrow)\n",
    replacement: "",
    breaks: "leases are not counted for their keys",
    stands: "Q11",
    tests: testOf("priority")
  },
  {
    id: "reserve-not-made-up",
    file: machine("lending"),
    original: "    if (settings.targetUtilization < 1) this.#staffing.hire()\n",
    replacement: "",
    breaks: "a reserve is opened when somebody waits, and not before",
    stands: "Z4",
    tests: testOf("idle")
  },
  {
    id: "key-at-its-limit-for-good",
    file: machine("lending"),
    original: "    discipline?.ended(borrow)\n",
    replacement: "",
    breaks: "a key that had its limit has nothing more",
    stands: "Q11",
    tests: testOf("priority")
  },
  // Who waits, and who is dropped
  {
    id: "suspended-queue-moves",
    file: machine("queueing"),
    original: "    if (state.isSuspended) return undefined\n",
    replacement: "",
    breaks: "what comes back to a suspended pool is lent",
    stands: "D7",
    tests: testOf("suspend")
  },
  {
    id: "tries-uncounted",
    file: machine("queueing"),
    original: "    if (borrow.mode === \"try\") state.tries++\n",
    replacement: "",
    breaks: "a try waits for more than a check",
    stands: "E-9",
    tests: testOf("validation")
  },
  {
    id: "refuses-the-checked",
    file: machine("queueing"),
    original: "if (places-- <= 0 && waiter.mode",
    replacement: "if (waiter.mode",
    breaks: "one whose check is under way is refused for an opening of somebody else's",
    stands: "E-3",
    tests: testOf("breaker")
  },
  // What is no input
  {
    id: "anybody-owns",
    file: machine("session"),
    original: "Fiber.isFiber(owner) ? owner : this",
    replacement: "owner !== undefined ? owner : this",
    breaks: "an owner that is no fiber crashes the pool",
    stands: "S6",
    tests: ["test/pool/owner.test.ts"]
  },
  {
    id: "any-mode",
    file: machine("session"),
    original: "if (mode !== \"drain\" && mode !== \"now\") this",
    replacement: "if (false) this",
    breaks: "a shutdown in a mode that there is not is a drain",
    stands: "S6",
    tests: ["test/pool/quietPeriod.test.ts"]
  },
  {
    id: "any-member",
    file: machine("groupMake"),
    original: "!members.every(isMember)",
    replacement: "!members.every((member) => typeof member === \"object\")",
    breaks: "what is no session is taken for one, and every checkout dies",
    stands: "S6",
    tests: ["test/pool/group.test.ts"]
  },
  {
    id: "more-than-all-keys-have",
    file: machine("session"),
    original: "Math.min(mostAtOnce(front.settings), places * front.settings.concurrency)",
    replacement: "mostAtOnce(front.settings)",
    breaks: "who wants more together than all keys may have waits in vain",
    stands: "C10",
    tests: ["test/pool/keyedTotal.test.ts"]
  },
  {
    id: "crashed-and-asked",
    file: machine("quotaParty"),
    original: "phase === \"closed\" ? undefined : idle",
    replacement: "idle",
    breaks: "a pool that has crashed is asked for what it had idle, in vain, and nobody else is",
    stands: "K2",
    tests: testOf("quotaShared")
  },
  {
    id: "suspended-and-refused",
    file: machine("asking"),
    original: "if (state.isTripped && !state.isSuspended) return",
    replacement: "if (state.isTripped) return",
    breaks: "a suspended pool refuses who asks, because its breaker is open",
    stands: "D7",
    tests: testOf("suspend")
  },
  {
    id: "suspended-and-tripped",
    file: machine("queueing"),
    original: "    if (state.isSuspended) return\n",
    replacement: "",
    breaks: "who waits in a suspended pool is refused, because an opening that was under way has failed",
    stands: "D7",
    tests: testOf("suspend")
  },
  {
    id: "suspended-and-failed",
    file: machine("staffing"),
    original: "=== \"fail\" && !state.isSuspended",
    replacement: "=== \"fail\"",
    breaks: "who waits in a suspended pool fails, because an opening that was under way has failed",
    stands: "D7",
    tests: testOf("suspend")
  },
  {
    id: "tripped-and-resumed",
    file: machine("changes"),
    original: "    if (state.isTripped) this.#queueing.trip()\n",
    replacement: "",
    breaks: "who has waited for a pool to be resumed waits for a backend that is known to be down",
    stands: "Q8",
    tests: testOf("suspend")
  },
  {
    id: "trip-without-effect",
    file: machine("queueing"),
    original: "    state.isTripped = true\n",
    replacement: "",
    breaks: "people go on waiting for a backend that is known to be down",
    stands: "Q8",
    tests: testOf("breaker")
  },
  {
    id: "try-in-a-suspension",
    file: machine("queueing"),
    original: "let checks = isSuspended ? 0 : vetting",
    replacement: "let checks = vetting",
    breaks: "a try waits for the end of a suspension",
    stands: "D7",
    tests: testOf("suspend")
  },
  {
    id: "try-waits-behind",
    file: machine("queueing"),
    original: "|| checks <= 0)",
    replacement: "|| checks < 0)",
    breaks: "a try waits for a check of somebody else's",
    stands: "E-9",
    tests: testOf("validation")
  },
  {
    id: "refuses-all-tries",
    file: machine("queueing"),
    original: "waiter.mode === \"try\" && (!mayBeServed || checks <= 0)",
    replacement: "waiter.mode === \"try\"",
    breaks: "a try is refused while its check is under way",
    stands: "E-9",
    tests: testOf("validation")
  },
  {
    id: "try-behind-the-kept-apart",
    file: machine("queueing"),
    original: "if (mayBeServed) checks--",
    replacement: "checks--",
    breaks: "a try is refused for one that waits for its key",
    stands: "E-9",
    tests: testOf("priority")
  },
  {
    id: "priorities-forgotten",
    file: machine("queueing"),
    original: "settings.fairness !== undefined || state.discipline !== undefined",
    replacement: "settings.fairness !== undefined",
    breaks: "a change of any option forgets the priorities",
    stands: "Q3",
    tests: testOf("changes")
  },
  {
    id: "leases-forgotten",
    file: machine("queueing"),
    original: "    for (let seat = lent.head; seat !== undefined; seat = seat.next) discipline.lent(seat.borrow!)\n",
    replacement: "",
    breaks: "a limit per key that comes later does not count what is lent",
    stands: "Q11",
    tests: testOf("changes")
  },
  {
    id: "waiters-forgotten",
    file: machine("queueing"),
    original: "      discipline.join(waiter, waiter.askedAt ?? now)\n",
    replacement: "      void now\n",
    breaks: "those who wait when an order comes are never served",
    stands: "Q3",
    tests: testOf("priority")
  },
  {
    id: "plain-with-priorities",
    file: machine("queueing"),
    original: "      state.replan()\n      this.reorder()",
    replacement: "      this.reorder()",
    breaks: "the first to come is served first, whatever its class",
    stands: "Q3",
    tests: testOf("priority")
  },
  {
    id: "priority-unseen",
    file: machine("queueing"),
    original: "(borrow.terms?.priority ?? 0) > 0",
    replacement: "false",
    breaks: "a priority means nothing",
    stands: "Q3",
    tests: testOf("priority")
  },
  {
    id: "late-comers-unordered",
    file: machine("queueing"),
    original:
      "} else if (state.discipline !== undefined) state.discipline.join(borrow, borrow.askedAt ?? this.#ports.now())",
    replacement: "}",
    breaks: "who comes after the first priority is never served",
    stands: "Q3",
    tests: testOf("priority")
  },
  {
    id: "patience-undated",
    file: machine("queueing"),
    original: "borrow.wait === Infinity && state.codel === undefined",
    replacement: "borrow.wait === Infinity",
    breaks: "one that waits for ever is never late",
    stands: "Q5",
    tests: testOf("codel")
  },
  {
    id: "nobody-watches",
    file: machine("queueing"),
    original: "    this.#dropping.watch()\n",
    replacement: "",
    breaks: "a line in which nothing moves is never looked at",
    stands: "Q5",
    tests: testOf("codel")
  },
  {
    id: "rests-never",
    file: machine("queueing"),
    original: "    if (state.codelAt !== undefined && state.waiting.length === 0) this.#dropping.rest()\n",
    replacement: "",
    breaks: "the queue is looked at when nobody waits",
    stands: "G-13",
    tests: testOf("codel")
  },
  {
    id: "drops-in-a-drain",
    file: machine("dropping"),
    original: "if (codel === undefined || phase !== \"open\" || borrow",
    replacement: "if (codel === undefined || borrow",
    breaks: "who waits when a pool is drained is dropped",
    stands: "D4",
    tests: testOf("codel")
  },
  {
    id: "drops-nobody",
    file: machine("dropping"),
    original: "    this.#drop(borrow, now)\n    return false",
    replacement: "    return true",
    breaks: "nobody is dropped when their turn comes",
    stands: "Q5",
    tests: testOf("codel")
  },
  {
    id: "never-idle",
    file: machine("dropping"),
    original: "if (codel !== undefined && phase === \"open\") codel.idle(this.#ports.moment())",
    replacement: "void codel\n    void phase",
    breaks: "a pool that is idle now and then is taken for slow",
    stands: "Q5",
    tests: testOf("codel")
  },
  {
    id: "look-stays",
    file: machine("dropping"),
    original: "if (state.codelAt !== undefined) state.deadlines.cancel(state.codelAt)",
    replacement: "void 0",
    breaks: "the deadline of a look outlives the queue",
    stands: "G-13",
    tests: testOf("codel")
  },
  {
    id: "looks-in-a-drain",
    file: machine("dropping"),
    original: "if (codel === undefined || phase !== \"open\" || waiting.head",
    replacement: "if (codel === undefined || waiting.head",
    breaks: "who waits when a pool is drained is dropped",
    stands: "D4",
    tests: testOf("codel")
  },
  {
    id: "looks-in-a-suspension",
    file: machine("dropping"),
    original: "waiter !== undefined && !isSuspended",
    replacement: "waiter !== undefined",
    breaks: "those whom a suspension keeps waiting are dropped",
    stands: "D7",
    tests: testOf("suspend")
  },
  {
    id: "drops-one-only",
    file: machine("dropping"),
    original: "looked.get(own) ?? own.look(askedAt, now)",
    replacement: "own.look(askedAt, now)",
    breaks: "a look drops the first and nobody else",
    stands: "Q5",
    tests: testOf("codel")
  },
  {
    id: "drops-tries",
    file: machine("dropping"),
    original: "waiter.mode === \"wait\" && askedAt < late",
    replacement: "askedAt < late",
    breaks: "a try is told PoolOverloaded",
    stands: "E-9",
    tests: testOf("codel")
  },
  {
    id: "drops-the-young",
    file: machine("dropping"),
    original: "waiter.mode === \"wait\" && askedAt < late",
    replacement: "waiter.mode === \"wait\"",
    breaks: "a look drops all that wait",
    stands: "Q5",
    tests: testOf("codel")
  },
  {
    id: "looks-once",
    file: machine("dropping"),
    original: "if (waiting.length > 0) this.#lookAfter(now)",
    replacement: "void now",
    breaks: "a line is looked at once",
    stands: "Q5",
    tests: testOf("codel")
  },
  {
    id: "looks-for-ever",
    file: machine("dropping"),
    original: "if (waiting.length > 0) this.#lookAfter(now)",
    replacement: "this.#lookAfter(now)",
    breaks: "the queue is looked at when nobody waits",
    stands: "G-13",
    tests: testOf("codel")
  },
  {
    id: "old-look-stays",
    file: machine("dropping"),
    original: "    this.rest()\n    // Those",
    replacement: "    // Those",
    breaks: "another interval applies after the old one",
    stands: "Z2",
    tests: testOf("changes")
  },
  {
    id: "undated-stay-undated",
    file: machine("dropping"),
    original: "waiter.askedAt ??= now",
    replacement: "void waiter",
    breaks: "who waited for ever before there was an overload is never late",
    stands: "Z2",
    tests: testOf("changes")
  },
  {
    id: "overload-waits-for-newcomers",
    file: machine("dropping"),
    original: "    if (state.waiting.length > 0) this.watch()\n",
    replacement: "",
    breaks: "an overload that comes later looks at nobody who waits",
    stands: "Z2",
    tests: testOf("changes")
  },
  {
    id: "looks-pile-up",
    file: machine("dropping"),
    original: "if (codel === undefined || codelAt !== undefined) return",
    replacement: "if (codel === undefined) return",
    breaks: "each waiter brings a look of its own",
    stands: "G-13",
    tests: testOf("codel")
  },
  {
    id: "watches-nothing",
    file: machine("dropping"),
    original: "    codel.watch(now)\n",
    replacement: "",
    breaks: "a look never finds anybody late",
    stands: "Q5",
    tests: testOf("codel")
  },
  // Staffing, with policies
  {
    id: "opens-without-a-place",
    file: machine("staffing"),
    original: "state.opening < this.#wanted() && this.#ports.claim()",
    replacement: "state.opening < this.#wanted()",
    breaks: "a pool opens more than it may together with others",
    stands: "K2",
    tests: testOf("quota")
  },
  {
    id: "warms-up-without-a-place",
    file: machine("staffing"),
    original: "state.live < state.settings.size && this.#ports.claim()",
    replacement: "state.live < state.settings.size",
    breaks: "a tryCheckout opens more than the pools may together",
    stands: "K2",
    tests: testOf("quota")
  },
  {
    id: "place-kept-for-good",
    file: machine("staffing"),
    original: "    this.#ports.disclaim()\n",
    replacement: "",
    breaks: "places that several pools share are lost one by one",
    stands: "K2",
    tests: testOf("quota")
  },
  {
    id: "circuit-stays-open",
    file: machine("staffing"),
    original: "    state.isTripped = false\n",
    replacement: "",
    breaks: "after a success people are still refused",
    stands: "Q8",
    tests: testOf("breaker")
  },
  {
    id: "successor-relieves-nobody",
    file: machine("upkeep"),
    original: "    if (succeeded > 0) this.#relieve()\n",
    replacement: "",
    breaks: "the old one stays beside its successor",
    stands: "H7",
    tests: testOf("lifetimes")
  },
  {
    id: "successor-is-demand",
    file: machine("staffing"),
    original: "const kept = state.open - state.succeeded",
    replacement: "const kept = state.open",
    breaks: "a pool that nobody asks grows by its successors",
    stands: "H7",
    tests: testOf("lifetimes")
  },
  {
    id: "overflow-is-demand",
    file: machine("staffing"),
    original: "state.target = Math.min(kept, state.settings.size)",
    replacement: "state.target = kept",
    breaks: "overflow is kept, and replaced",
    stands: "C9",
    tests: testOf("idle")
  },
  {
    id: "eager-waits-for-size",
    file: machine("staffing"),
    original: "state.open < state.settings.minIdle) return",
    replacement: "state.open < state.settings.size) return",
    breaks: "an eager start with minIdle never ends",
    stands: "L4",
    tests: testOf("idle")
  },
  {
    id: "brutal-is-patient",
    file: machine("staffing"),
    original: "    if (within === 0) this.giveUp(worker)\n  }",
    replacement: "  }",
    breaks: "brutal_kill waits for a closing",
    stands: "D2",
    tests: testOf("quietPeriod")
  },
  {
    id: "given-up-twice",
    file: machine("staffing"),
    original: "    if (worker.isGivenUp) return\n",
    replacement: "",
    breaks: "a second shutdown gives up again what was given up",
    stands: "I-4",
    tests: testOf("quietPeriod")
  },
  {
    id: "hastens-nobody",
    file: machine("staffing"),
    original: "    if (within === 0) this.giveUp(worker)\n    else this.#setDeadline(worker, at)\n",
    replacement: "    this.#setDeadline(worker, at)\n",
    breaks: "brutal_kill waits for what began to close before",
    stands: "D2",
    tests: testOf("quietPeriod")
  },
  {
    id: "end-gives-more-time",
    file: machine("staffing"),
    original: "worker.deadline.at <= at) return",
    replacement: "false) return",
    breaks: "the end of the pool gives a closing more time than it had",
    stands: "D2",
    tests: testOf("quietPeriod")
  },
  {
    id: "opens-while-suspended",
    file: machine("staffing"),
    original: "    if (state.isSuspended) return false\n",
    replacement: "",
    breaks: "a suspended pool opens",
    stands: "D7",
    tests: testOf("suspend")
  },
  {
    id: "opens-beside-a-check",
    file: machine("staffing"),
    original: " - state.coming\n",
    replacement: "\n",
    breaks: "something is opened for one whose resource is being checked",
    stands: "H1",
    tests: testOf("checks")
  },
  {
    id: "nobody-probes",
    file: machine("staffing"),
    original: "const least = state.isTripped ? 1 : 0",
    replacement: "const least = 0",
    breaks: "a lazy pool whose circuit is open never finds out that its backend is back",
    stands: "C-4",
    tests: testOf("breaker")
  },
  {
    id: "no-reserve",
    file: machine("staffing"),
    original: "Math.max(state.target, state.needed) + state",
    replacement: "state.target + state",
    breaks: "nothing is kept in reserve",
    stands: "Z4",
    tests: testOf("idle")
  },
  {
    id: "no-room-for-successors",
    file: machine("staffing"),
    original: " + state.succeeded - state.open",
    replacement: " - state.open",
    breaks: "a successor is promised, and not opened",
    stands: "H7",
    tests: testOf("lifetimes")
  },
  {
    id: "death-serves-nobody",
    file: machine("staffing"),
    original: "    this.#lending.serve()\n    this.#upkeep.spares()\n",
    replacement: "    this.#queueing.refuseTries()\n    this.#upkeep.spares()\n",
    breaks: "somebody of the key waits beside what is idle",
    stands: "Q11",
    tests: testOf("priority")
  },
  {
    id: "deadline-for-the-given-up",
    file: machine("staffing"),
    original: "if (within < Infinity && within > 0) this",
    replacement: "if (within < Infinity) this",
    breaks: "what is given up at once is given up again",
    stands: "I-4",
    tests: testOf("quietPeriod")
  },
  {
    id: "closing-has-a-successor",
    file: machine("staffing"),
    original: "    worker.succeedAt = Infinity\n",
    replacement: "",
    breaks: "what is closing is replaced twice",
    stands: "H7",
    tests: testOf("lifetimes")
  },
  {
    id: "successor-of-nobody",
    file: machine("staffing"),
    original: "    worker.hasSuccessor = false\n    this.#state.succeeded--",
    replacement: "    worker.hasSuccessor = false",
    breaks: "one more is kept for each successor that there was",
    stands: "H7",
    tests: testOf("lifetimes")
  },
  {
    id: "not-plain-again",
    file: machine("staffing"),
    original: "    if (worker.retireAt < Infinity) state.replan()\n",
    replacement: "",
    breaks: "after an eviction the pool is slow for ever",
    stands: "H11",
    tests: testOf("eviction")
  },
  {
    id: "ceiling-never-falls",
    file: machine("staffing"),
    original: "Math.max(state.bound, state.workers.size)",
    replacement: "state.ceiling",
    breaks: "a pool that was made smaller may become larger again",
    stands: "D-6",
    tests: testOf("changes")
  },
  {
    id: "breaker-off-by-one",
    file: machine("staffing"),
    original: "state.failures >= state.settings.breaker",
    replacement: "state.failures > state.settings.breaker",
    breaks: "the circuit opens one failure too late",
    stands: "Q8",
    tests: testOf("breaker")
  },
  {
    id: "breaks-while-alive",
    file: machine("staffing"),
    original: " && state.open === 0) this",
    replacement: ") this",
    breaks: "people are refused although something is open",
    stands: "Q8",
    tests: testOf("breaker")
  },
  // The end, with policies
  {
    id: "no-quiet",
    file: machine("closedown"),
    original: "      if (quiet > 0) this.#awaitQuiet(quiet)\n      else this.#drain()",
    replacement: "      this.#drain()",
    breaks: "a quiet period is no period at all",
    stands: "D1",
    tests: testOf("quietPeriod")
  },
  {
    id: "quiet-once",
    file: machine("closedown"),
    original: "    state.quietAt = state.deadlines.add(at, \"quiet\")\n  }\n\n  /** A lease",
    replacement: "  }\n\n  /** A lease",
    breaks: "once somebody has asked there is no end of the quiet period",
    stands: "D1",
    tests: testOf("quietPeriod")
  },
  {
    id: "quiet-for-all",
    file: machine("closedown"),
    original: "    if (at <= now) return this.#drain()\n",
    replacement: "    return this.#drain()\n",
    breaks: "whoever asks in a quiet period does not prolong it",
    stands: "D1",
    tests: testOf("quietPeriod")
  },
  {
    id: "longer-quiet-counts",
    file: machine("closedown"),
    original: "    if (state.quiet !== undefined && state.quiet <= quiet) return\n",
    replacement: "",
    breaks: "a longer second quiet period prolongs the first",
    stands: "D5",
    tests: testOf("quietPeriod")
  },
  {
    id: "quiet-from-now",
    file: machine("closedown"),
    original: "if (state.quiet === undefined) state.askedLast",
    replacement: "state.askedLast",
    breaks: "a second quiet period begins anew",
    stands: "D5",
    tests: testOf("quietPeriod")
  },
  {
    id: "quiet-unnoticed",
    file: machine("closedown"),
    original: "    state.quiet = quiet\n    state.replan()\n",
    replacement: "    state.quiet = quiet\n",
    breaks: "nobody notices who asks in a quiet period",
    stands: "D1",
    tests: testOf("quietPeriod")
  },
  {
    id: "quiets-pile-up",
    file: machine("closedown"),
    original: "    if (state.quietAt !== undefined) state.deadlines.cancel(state.quietAt)\n",
    replacement: "",
    breaks: "a second quiet period leaves the end of the first behind",
    stands: "I-6",
    tests: testOf("quietPeriod")
  },
  {
    id: "quiet-unaimed",
    file: machine("closedown"),
    original: "    state.quietAt = state.deadlines.add(state.askedLast + quiet, \"quiet\")\n    this.#ports.aim()",
    replacement: "    state.quietAt = state.deadlines.add(state.askedLast + quiet, \"quiet\")",
    breaks: "the timer does not hear of a quiet period",
    stands: "D1",
    tests: testOf("quietPeriod")
  },
  {
    id: "drains-suspended",
    file: machine("closedown"),
    original: "    this.#changes.resume()\n",
    replacement: "",
    breaks: "who waits in a suspended pool waits for ever when it is drained",
    stands: "D7",
    tests: testOf("suspend")
  },
  {
    id: "closing-before-is-waited-for",
    file: machine("closedown"),
    original:
      "if (worker.state === \"closing\") this.#staffing.hasten(worker, state.settings.workerShutdown)\n      else",
    replacement: "if (worker.state !== \"closing\")",
    breaks: "what began to close before has longer than the others",
    stands: "D2",
    tests: testOf("quietPeriod")
  },
  {
    id: "worker-shutdown-ignored",
    file: machine("closedown"),
    original: "else this.#staffing.close(worker, state.settings.workerShutdown)",
    replacement: "else this.#staffing.close(worker)",
    breaks: "workerShutdown means nothing",
    stands: "D2",
    tests: testOf("quietPeriod")
  },
  {
    id: "quiet-outlives",
    file: machine("closedown"),
    original: "state.codelAt, state.quietAt]",
    replacement: "state.codelAt]",
    breaks: "the end of a quiet period outlives the pool",
    stands: "I-6",
    tests: testOf("quietPeriod")
  },
  {
    id: "round-outlives",
    file: machine("closedown"),
    original: "state.backoff, state.round, ",
    replacement: "state.backoff, ",
    breaks: "a round outlives the pool",
    stands: "G-13",
    tests: testOf("quietPeriod")
  },
  {
    id: "revoked-serves-nobody",
    file: machine("closedown"),
    original: "    this.#lending.serve()\n    this.#staffing.hire()\n",
    replacement: "    this.#staffing.hire()\n",
    breaks: "somebody of the key waits beside what is idle, in a drain",
    stands: "Q11",
    tests: testOf("priority")
  },
  // What makes a pool plain, and what is counted
  {
    id: "plain-though-suspended",
    file: machine("state"),
    original: " || this.isSuspended ||",
    replacement: " ||",
    breaks: "a suspended pool lends",
    stands: "D7",
    tests: testOf("suspend")
  },
  {
    id: "plain-though-quiet",
    file: machine("state"),
    original: "this.quiet !== undefined ||",
    replacement: "",
    breaks: "nobody notices who asks in a quiet period",
    stands: "D1",
    tests: testOf("quietPeriod")
  },
  {
    id: "plain-though-ordered",
    file: machine("state"),
    original: "      this.discipline !== undefined ||\n",
    replacement: "",
    breaks: "the first to come is served first, whatever its class",
    stands: "Q3",
    tests: testOf("priority")
  },
  {
    id: "plain-though-overloaded",
    file: machine("state"),
    original: "      this.codel !== undefined\n",
    replacement: "      false\n",
    breaks: "CoDel is never asked",
    stands: "Q5",
    tests: testOf("codel")
  },
  {
    id: "plain-though-shrunk",
    file: machine("state"),
    original: "this.ceiling > this.bound || ",
    replacement: "",
    breaks: "under load a pool that was made smaller stays as it is",
    stands: "Z1",
    tests: testOf("changes")
  },
  {
    id: "plain-though-limited",
    file: machine("state"),
    original: "this.isLimited || ",
    replacement: "",
    breaks: "a pool keeps what another one needs more",
    stands: "K2",
    tests: testOf("quota")
  },
  {
    id: "plain-with-checks",
    file: machine("state"),
    original: " || this.validating > 0 || ",
    replacement: " || ",
    breaks: "what is checked when a policy is taken away is lost",
    stands: "Z2",
    tests: testOf("changes")
  },
  {
    id: "plain-with-max-uses",
    file: machine("state"),
    original: "settings.maxUses < Infinity || ",
    replacement: "",
    breaks: "maxUses means nothing",
    stands: "L12",
    tests: testOf("lifetimes")
  },
  {
    id: "plain-with-validation",
    file: machine("state"),
    original: " || settings.validates || ",
    replacement: " || ",
    breaks: "nothing is validated",
    stands: "H1",
    tests: testOf("validation")
  },
  {
    id: "plain-with-lease-timeout",
    file: machine("state"),
    original: " || settings.leaseTimeout !== undefined) return",
    replacement: ") return",
    breaks: "a second warning never comes",
    stands: "Q10",
    tests: testOf("lease")
  },
  {
    id: "plain-with-lifetimes",
    file: machine("state"),
    original: "settings.maxLifetime < Infinity || ",
    replacement: "",
    breaks: "a lifetime never ends for what is lent",
    stands: "H6",
    tests: testOf("lifetimes")
  },
  {
    id: "plain-with-keepalive",
    file: machine("state"),
    original: "settings.keepalive < Infinity || ",
    replacement: "",
    breaks: "what comes back is never probed",
    stands: "H8",
    tests: testOf("checks")
  },
  {
    id: "plain-with-reserve",
    file: machine("state"),
    original: " || settings.targetUtilization < 1) return",
    replacement: ") return",
    breaks: "a reserve is opened when somebody waits, and not before",
    stands: "Z4",
    tests: testOf("idle")
  },
  {
    id: "plain-with-lingering",
    file: machine("state"),
    original: "settings.overflowTtl > 0 || ",
    replacement: "",
    breaks: "overflow is closed at once",
    stands: "R11",
    tests: testOf("idle")
  },
  {
    id: "plain-with-min-idle",
    file: machine("state"),
    original: "settings.minIdle < settings.size ||",
    replacement: "",
    breaks: "what comes back never falls due",
    stands: "H4",
    tests: testOf("idle")
  },
  {
    id: "plain-with-should-retire",
    file: machine("state"),
    original: "settings.asksToRetire || settings",
    replacement: "settings",
    breaks: "shouldRetire is not asked about what comes back",
    stands: "H15",
    tests: testOf("checks")
  },
  {
    id: "plain-with-reset",
    file: machine("state"),
    original: "settings.asksToRetire || settings.resets",
    replacement: "settings.asksToRetire",
    breaks: "what comes back is not reset",
    stands: "R3",
    tests: testOf("checks")
  },
  {
    id: "plain-with-evictions",
    file: machine("state"),
    original: "    for (const worker of this.workers) if (worker.retireAt < Infinity) return false\n",
    replacement: "",
    breaks: "a change of any option forgets what was evicted",
    stands: "F-5",
    tests: testOf("changes")
  },
  {
    id: "lazy-reserve",
    file: machine("state"),
    original: "start === \"lazy\" ? 0 : minIdle\n    const inUse",
    replacement: "minIdle\n    const inUse",
    breaks: "a lazy pool opens what nobody has asked for",
    stands: "L3",
    tests: testOf("idle")
  },
  {
    id: "waiters-need-no-reserve",
    file: machine("state"),
    original: "this.lent.length + this.servable",
    replacement: "this.lent.length",
    breaks: "nothing is kept in reserve for those who wait",
    stands: "Z4",
    tests: testOf("idle")
  },
  {
    id: "reserve-beyond-size",
    file: machine("state"),
    original: "return Math.min(size, Math",
    replacement: "return Math.min(Infinity, Math",
    breaks: "a reserve is opened beyond size",
    stands: "Z4",
    tests: testOf("idle")
  },
  {
    id: "probes-are-checks",
    file: machine("state"),
    original: "return this.validating - this.probing",
    replacement: "return this.validating",
    breaks: "one that may be served waits for a probe beside what is idle",
    stands: "H8",
    tests: testOf("priority")
  },
  {
    id: "resets-do-not-come",
    file: machine("state"),
    original: "return this.resetting + this.validating",
    replacement: "return this.validating",
    breaks: "something is opened for one who waits for a reset",
    stands: "R3",
    tests: testOf("checks")
  },
  {
    id: "lazy-opens",
    file: machine("state"),
    original: "this.target = settings.start === \"lazy\" ? 0 : settings.minIdle",
    replacement: "this.target = settings.minIdle",
    breaks: "a lazy pool opens what nobody has asked for",
    stands: "L3",
    tests: testOf("idle")
  },
  {
    id: "min-idle-unheard",
    file: machine("state"),
    original: "this.target = settings.start === \"lazy\" ? 0 : settings.minIdle",
    replacement: "this.target = settings.start === \"lazy\" ? 0 : settings.size",
    breaks: "a pool opens size at its start, whatever minIdle says",
    stands: "H5",
    tests: testOf("idle")
  },
  {
    id: "check-is-no-opening",
    file: machine("state"),
    original: "this.opening === 0 && this.validating === 0 &&",
    replacement: "this.opening === 0 &&",
    breaks: "one whose time is up during its check is told that all was lent",
    stands: "O6",
    tests: testOf("validation")
  },
  {
    id: "reset-never-fails",
    file: "src/pool/Machine.ts",
    original: "due.state === \"resetting\" || due.state",
    replacement: "due.state",
    breaks: "a reset that takes too long is given up as a closing",
    stands: "R3",
    tests: testOf("checks")
  },
  {
    id: "validation-never-fails",
    file: "src/pool/Machine.ts",
    original: "due.state === \"resetting\" || due.state === \"validating\"",
    replacement: "due.state === \"resetting\"",
    breaks: "a validation that takes too long is given up as a closing",
    stands: "H3",
    tests: testOf("checks")
  }
]
