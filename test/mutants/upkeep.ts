/** Faults in what time does to resources, in their checks, and in what can be changed at run time. */
import type { Mutant } from "./mutants.ts"

const machine = (file: string) => `src/pool/internal/${file}.ts`
const testOf = (...names: ReadonlyArray<string>) => names.map((name) => `test/pool/machine/${name}.test.ts`)

export const upkeep: ReadonlyArray<Mutant> = [
  // Upkeep: how long a resource is lent, and kept
  {
    id: "kept-past-max-uses",
    file: machine("upkeep"),
    original: "worker.uses < this.#state.settings.maxUses && ",
    replacement: "",
    breaks: "a resource is lent more often than maxUses",
    stands: "L12",
    tests: testOf("lifetimes")
  },
  {
    id: "kept-past-its-end",
    file: machine("upkeep"),
    original: " && worker.retireAt > this.#ports.moment()",
    replacement: "",
    breaks: "one whose lifetime has ended is lent again",
    stands: "G-7",
    tests: testOf("lifetimes")
  },
  {
    id: "kept-at-its-end",
    file: machine("upkeep"),
    original: "worker.retireAt > this.#ports.moment()",
    replacement: "worker.retireAt >= this.#ports.moment()",
    breaks: "one that is evicted in the same millisecond is kept",
    stands: "F-5",
    tests: testOf("eviction")
  },
  {
    id: "old-one-stays",
    file: machine("upkeep"),
    original: "    if (worker.hasSuccessor) return state.open < Math.max(state.target, state.needed)\n",
    replacement: "",
    breaks: "an old one that comes back stays beside its successor",
    stands: "H7",
    tests: testOf("lifetimes")
  },
  {
    id: "old-one-goes-too-soon",
    file: machine("upkeep"),
    original: "return state.open < Math.max(state.target, state.needed)",
    replacement: "return false",
    breaks: "an old one is closed although there would be too few without it",
    stands: "H7",
    tests: testOf("lifetimes")
  },
  {
    id: "no-lingering",
    file: machine("upkeep"),
    original: "state.settings.overflowTtl > 0 || state.open <",
    replacement: "state.open <",
    breaks: "overflow is closed at once, whatever overflowTtl says",
    stands: "R11",
    tests: testOf("idle")
  },
  {
    id: "successor-is-overflow",
    file: machine("upkeep"),
    original: "state.open < state.settings.size + state.succeeded\n",
    replacement: "state.open < state.settings.size\n",
    breaks: "a successor is closed as overflow beside a lent one",
    stands: "H7",
    tests: testOf("lifetimes")
  },
  {
    id: "no-lifetime",
    file: machine("upkeep"),
    original: "worker.checkedAt = worker.since\n    this.#setRetirement(worker)",
    replacement: "worker.checkedAt = worker.since",
    breaks: "a lifetime never begins",
    stands: "H6",
    tests: testOf("lifetimes")
  },
  {
    id: "idle-without-a-round",
    file: machine("upkeep"),
    original: "    this.#noLaterThan(this.#dueOf(worker))\n  }\n\n  /** It has passed",
    replacement: "  }\n\n  /** It has passed",
    breaks: "what becomes idle never falls due",
    stands: "H4",
    tests: testOf("idle")
  },
  {
    id: "probe-proves-nothing",
    file: machine("upkeep"),
    original: "    worker.checkedAt = this.#ports.moment()\n    const { bound, ceiling",
    replacement: "    const { bound, ceiling",
    breaks: "a resource is probed again as soon as its probe has ended",
    stands: "H8",
    tests: testOf("checks")
  },
  {
    id: "probed-without-a-place",
    file: machine("upkeep"),
    original: "isUnwanted || !this.mayStay(worker) || !this.keeps(worker)",
    replacement: "isUnwanted || !this.keeps(worker)",
    breaks: "one whose place has gone while it was probed stays idle",
    stands: "D-1",
    tests: testOf("changes")
  },
  {
    id: "probed-past-its-end",
    file: machine("upkeep"),
    original: "isUnwanted || !this.mayStay(worker) || !this.keeps(worker)",
    replacement: "isUnwanted || !this.mayStay(worker)",
    breaks: "one whose lifetime ends during its probe goes on",
    stands: "G-7",
    tests: testOf("checks")
  },
  {
    id: "probe-makes-young",
    file: machine("upkeep"),
    original: "colder.idleSince > worker.idleSince",
    replacement: "false",
    breaks: "what was probed is lent first, and never expires",
    stands: "H8",
    tests: testOf("checks")
  },
  {
    id: "probed-once",
    file: machine("upkeep"),
    original: "idle.head : colder.next)\n    this.aim()",
    replacement: "idle.head : colder.next)",
    breaks: "after its first probe a resource is not probed again",
    stands: "H8",
    tests: testOf("checks")
  },
  {
    id: "leases-never-due",
    file: machine("upkeep"),
    original: "this.#noLaterThan(now + leaseTimeout.after)\n  }",
    replacement: "void now\n  }",
    breaks: "nobody is reminded of a lease",
    stands: "Q10",
    tests: testOf("lease")
  },
  {
    id: "relief-in-need",
    file: machine("upkeep"),
    original: "    if (open <= Math.max(target, needed)) return\n",
    replacement: "",
    breaks: "the old one is closed although another one has gone meanwhile",
    stands: "H7",
    tests: testOf("lifetimes")
  },
  {
    id: "relief-of-anybody",
    file: machine("upkeep"),
    original: "if (worker.hasSuccessor) return this.#staffing.close(worker)",
    replacement: "return this.#staffing.close(worker)",
    breaks: "a new one is closed beside the old one that is lent",
    stands: "H7",
    tests: testOf("lifetimes")
  },
  {
    id: "later-eviction-counts",
    file: machine("upkeep"),
    original: "    if (at >= worker.evictAt) return\n",
    replacement: "",
    breaks: "a second, slower eviction takes the first one back",
    stands: "H11",
    tests: testOf("eviction")
  },
  {
    id: "eviction-unseen",
    file: machine("upkeep"),
    original: "    this.#state.isPlain = false\n",
    replacement: "",
    breaks: "a pool without policies lends what was evicted",
    stands: "F-5",
    tests: testOf("eviction")
  },
  {
    id: "eviction-without-end",
    file: machine("upkeep"),
    original: "    this.#state.isPlain = false\n    this.#setRetirement(worker)",
    replacement: "    this.#state.isPlain = false",
    breaks: "what was evicted is lent for ever",
    stands: "F-5",
    tests: testOf("eviction")
  },
  {
    id: "reminded-once-for-ever",
    file: machine("upkeep"),
    original: "seat.isOverdue = false",
    replacement: "void seat",
    breaks: "a limit that was away for a while spares who was over it before",
    stands: "Q10",
    tests: testOf("lease")
  },
  {
    id: "old-lifetimes-stay",
    file: machine("upkeep"),
    original: "      this.#setRetirement(worker)\n    }\n",
    replacement: "    }\n",
    breaks: "another maxLifetime applies to new resources only",
    stands: "Z2",
    tests: testOf("changes")
  },
  {
    id: "successors-for-the-long-lived",
    file: machine("upkeep"),
    original:
      "      if (worker.hasSuccessor && this.#successionOf(worker) > now) this.#staffing.forgetSuccession(worker)\n",
    replacement: "",
    breaks: "a maxLifetime that is lengthened leaves one too many open",
    stands: "Z2",
    tests: testOf("changes")
  },
  {
    id: "joined-without-a-round",
    file: machine("upkeep"),
    original: "    if (idle.length > 0) this.aim()\n",
    replacement: "",
    breaks: "what a newcomer makes spare or overflow never falls due",
    stands: "H4",
    tests: testOf("idle")
  },
  {
    id: "change-without-a-round",
    file: machine("upkeep"),
    original: "this.#lending.discard(worker)\n    }\n    this.aim()",
    replacement: "this.#lending.discard(worker)\n    }",
    breaks: "other limits wait for a round that nobody has ordered",
    stands: "Z2",
    tests: testOf("changes")
  },
  {
    id: "round-stays",
    file: machine("upkeep"),
    original: "    state.round = undefined\n    this.#queueing",
    replacement: "    this.#queueing",
    breaks: "there is one round, and never another",
    stands: "H9",
    tests: testOf("idle")
  },
  {
    id: "housekeeping-in-a-drain",
    file: machine("upkeep"),
    original: "    if (state.phase === \"open\") {\n      // First",
    replacement: "    {\n      // First",
    breaks: "a pool that drains probes what it is about to close",
    stands: "I-2",
    tests: testOf("checks")
  },
  {
    id: "resumed-at-the-first-seat",
    file: machine("upkeep"),
    original: "seat.isOverdue) continue",
    replacement: "seat.isOverdue) break",
    breaks: "once somebody was reminded nobody else is",
    stands: "Q10",
    tests: testOf("lease")
  },
  {
    id: "kept-although-spent",
    file: machine("upkeep"),
    original: "if ((worker.state === \"idle\" || worker.isShared) && !",
    replacement: "if (worker.isShared && !",
    breaks: "what is past a new limit stays idle until somebody looks",
    stands: "Z2",
    tests: testOf("changes")
  },
  {
    id: "one-round-only",
    file: machine("upkeep"),
    original: "    this.#staffing.hire()\n    this.aim()\n",
    replacement: "    this.#staffing.hire()\n",
    breaks: "after a round there is no other one",
    stands: "H9",
    tests: testOf("idle")
  },
  {
    id: "next-lease-not-due",
    file: machine("upkeep"),
    original: "if (seat.lentAt !== undefined) this.#noLaterThan(seat.lentAt + leaseTimeout.after)\n",
    replacement: "",
    breaks: "after one lease has come back, the others are forgotten",
    stands: "Q10",
    tests: testOf("lease")
  },
  {
    id: "drain-looks-for-ever",
    file: machine("upkeep"),
    original: "    if (state.phase !== \"open\") return\n    for (const worker of state.workers) this",
    replacement: "    for (const worker of state.workers) this",
    breaks: "a round in a drain orders itself anew, and finds nothing, without end",
    stands: "G-13",
    tests: testOf("quietPeriod")
  },
  {
    id: "lent-without-successor",
    file: machine("upkeep"),
    original: "if (worker.state !== \"idle\" || head === undefined) return worker.succeedAt",
    replacement: "if (worker.state !== \"idle\" || head === undefined) return Infinity",
    breaks: "one that is lent has no successor",
    stands: "H7",
    tests: testOf("lifetimes")
  },
  {
    id: "idle-without-successor",
    file: machine("upkeep"),
    original: "      worker.succeedAt,\n      worker.retireAt,",
    replacement: "      worker.retireAt,",
    breaks: "one that is idle has no successor",
    stands: "H7",
    tests: testOf("lifetimes")
  },
  {
    id: "idle-past-its-end",
    file: machine("upkeep"),
    original: "      worker.succeedAt,\n      worker.retireAt,",
    replacement: "      worker.succeedAt,",
    breaks: "one that is idle is not closed at its end",
    stands: "H6",
    tests: testOf("lifetimes")
  },
  {
    id: "keepalive-not-due",
    file: machine("upkeep"),
    original: "? worker.checkedAt + settings.keepalive : Infinity",
    replacement: "? Infinity : Infinity",
    breaks: "nobody looks when a probe is due",
    stands: "H8",
    tests: testOf("checks")
  },
  {
    id: "round-for-nothing",
    file: machine("upkeep"),
    original: "const isSpare = idle.length > settings.minIdle && state.open > state.needed\n    const isOverflow",
    replacement: "const isSpare = idle.length > settings.minIdle\n    const isOverflow",
    breaks: "a round finds a needed reserve, does nothing, and orders itself anew, without end",
    stands: "G-13",
    tests: testOf("idle")
  },
  {
    id: "overflow-not-due",
    file: machine("upkeep"),
    original: "? idleSince + settings.overflowTtl : Infinity",
    replacement: "? Infinity : Infinity",
    breaks: "overflow lingers for ever",
    stands: "R11",
    tests: testOf("idle")
  },
  {
    id: "spare-not-due",
    file: machine("upkeep"),
    original: "? idleSince + settings.idleTimeout : Infinity",
    replacement: "? Infinity : Infinity",
    breaks: "what is idle is not closed in time",
    stands: "H4",
    tests: testOf("idle")
  },
  {
    id: "judge-not-due",
    file: machine("upkeep"),
    original: "Math.max(this.#judgedAt, idleSince) + judgeEvery : Infinity",
    replacement: "Infinity : Infinity",
    breaks: "nobody looks when shouldRetire is to be asked",
    stands: "H15",
    tests: testOf("checks")
  },
  {
    id: "later-round-counts",
    file: machine("upkeep"),
    original: "state.round.at <= at",
    replacement: "state.round.at >= at",
    breaks: "a later round replaces the sooner one",
    stands: "H9",
    tests: testOf("idle")
  },
  {
    id: "rounds-pile-up",
    file: machine("upkeep"),
    original: "    if (state.round !== undefined) state.deadlines.cancel(state.round)\n",
    replacement: "",
    breaks: "each sooner round leaves the later one behind",
    stands: "H9",
    tests: testOf("idle")
  },
  {
    id: "round-unaimed",
    file: machine("upkeep"),
    original: "state.deadlines.add(at, \"round\")\n    this.#ports.aim()",
    replacement: "state.deadlines.add(at, \"round\")",
    breaks: "the timer does not hear of a round",
    stands: "H9",
    tests: testOf("idle")
  },
  {
    id: "no-jitter",
    file: machine("upkeep"),
    original: " * (1 - lifetimeJitter * jitter)",
    replacement: "",
    breaks: "all that were opened together go together",
    stands: "G-8",
    tests: testOf("lifetimes")
  },
  {
    id: "lifetime-from-now",
    file: machine("upkeep"),
    original: "return since + maxLifetime",
    replacement: "void since\n    return this.#ports.now() + maxLifetime",
    breaks: "a change of any option begins all lifetimes anew",
    stands: "Z2",
    tests: testOf("changes")
  },
  {
    id: "eviction-forgotten",
    file: machine("upkeep"),
    original: "worker.retireAt = Math.min(worker.evictAt, end)",
    replacement: "worker.retireAt = end",
    breaks: "an eviction means nothing beside a lifetime",
    stands: "F-5",
    tests: testOf("eviction")
  },
  {
    id: "lifetime-forgotten",
    file: machine("upkeep"),
    original: "worker.retireAt = Math.min(worker.evictAt, end)",
    replacement: "worker.retireAt = worker.evictAt",
    breaks: "a lifetime never ends",
    stands: "H6",
    tests: testOf("lifetimes")
  },
  {
    id: "successor-of-the-evicted",
    file: machine("upkeep"),
    original: "end < worker.evictAt && !worker.hasSuccessor",
    replacement: "!worker.hasSuccessor",
    breaks: "one that is evicted first has a successor beside its replacement",
    stands: "H7",
    tests: testOf("lifetimes")
  },
  {
    id: "two-successors",
    file: machine("upkeep"),
    original: "end < worker.evictAt && !worker.hasSuccessor",
    replacement: "end < worker.evictAt",
    breaks: "a change of any option opens a second successor",
    stands: "H7",
    tests: testOf("changes")
  },
  {
    id: "successor-after-a-tenth",
    file: machine("upkeep"),
    original: "- Math.min(openTimeout, maxLifetime / 10)",
    replacement: "- maxLifetime / 10",
    breaks: "a successor idles for most of a long lifetime's last tenth",
    stands: "H7",
    tests: testOf("lifetimes")
  },
  {
    id: "successor-by-open-timeout",
    file: machine("upkeep"),
    original: "- Math.min(openTimeout, maxLifetime / 10)",
    replacement: "- openTimeout",
    breaks: "a short lifetime has its successor at its beginning",
    stands: "H7",
    tests: testOf("lifetimes")
  },
  {
    id: "opening-has-a-lifetime",
    file: machine("upkeep"),
    original: "if (worker.state === \"opening\" || worker.state === \"closing\") {",
    replacement: "if (worker.state === \"closing\") {",
    breaks: "what is not even open has a successor",
    stands: "Z2",
    tests: testOf("changes")
  },
  {
    id: "spares-below-min-idle",
    file: machine("upkeep"),
    original: "const isSpare = idle.length > minIdle && state",
    replacement: "const isSpare = state",
    breaks: "idleTimeout closes below minIdle",
    stands: "G-4",
    tests: testOf("idle")
  },
  {
    id: "reserve-is-spare",
    file: machine("upkeep"),
    original: "state.open > state.needed && idleSince",
    replacement: "idleSince",
    breaks: "a reserve that is needed is closed",
    stands: "Z4",
    tests: testOf("idle")
  },
  {
    id: "spare-is-replaced",
    file: machine("upkeep"),
    original: "      if (isSpare) state.target = Math.min(state.target, state.live)\n",
    replacement: "",
    breaks: "what idleTimeout closes is opened again",
    stands: "H4",
    tests: testOf("idle")
  },
  {
    id: "spare-raises-target",
    file: machine("upkeep"),
    original: "if (isSpare) state.target = Math.min(state.target, state.live)",
    replacement: "if (isSpare) state.target = state.live",
    breaks: "lingering overflow becomes what is to be kept",
    stands: "H4",
    tests: testOf("idle")
  },
  {
    id: "keepalive-all-at-once",
    file: machine("upkeep"),
    original: "worker !== undefined && state.probing < this.#mostProbes",
    replacement: "worker !== undefined",
    breaks: "all are probed at once, and nothing is left to lend",
    stands: "H8",
    tests: testOf("checks")
  },
  {
    id: "probes-the-fresh",
    file: machine("upkeep"),
    original: "if (worker.checkedAt + keepalive <= now) this",
    replacement: "this",
    breaks: "what came back a moment ago is probed",
    stands: "H8",
    tests: testOf("checks")
  },
  {
    id: "small-pools-unprobed",
    file: machine("upkeep"),
    original: "Math.max(1, Math.floor(this.#state.settings.size / 4))",
    replacement: "Math.floor(this.#state.settings.size / 4)",
    breaks: "a pool of less than four is never probed",
    stands: "H8",
    tests: testOf("checks")
  },
  {
    id: "half-are-probed",
    file: machine("upkeep"),
    original: "settings.size / 4",
    replacement: "settings.size / 2",
    breaks: "half of the pool is probed at once",
    stands: "H8",
    tests: testOf("checks")
  },
  {
    id: "judges-unasked",
    file: machine("upkeep"),
    original: "if (!settings.asksToRetire || idle.head === undefined) return",
    replacement: "if (idle.head === undefined) return",
    breaks: "a pool without shouldRetire asks it",
    stands: "H15",
    tests: testOf("checks")
  },
  {
    id: "judges-every-round",
    file: machine("upkeep"),
    original: "    if (Math.max(this.#judgedAt, idle.head.idleSince) + judgeEvery > now) return\n",
    replacement: "",
    breaks: "shouldRetire is asked at each round",
    stands: "H15",
    tests: testOf("checks")
  },
  {
    id: "successor-at-once",
    file: machine("upkeep"),
    original: "      if (worker.succeedAt > now) continue\n",
    replacement: "",
    breaks: "a successor is opened at the first round",
    stands: "H7",
    tests: testOf("lifetimes")
  },
  {
    id: "successor-without-room",
    file: machine("upkeep"),
    original: "      if (state.room <= 0) continue\n",
    replacement: "",
    breaks: "a successor is owed for ever, and comes when nobody needs it",
    stands: "H7",
    tests: testOf("lifetimes")
  },
  {
    id: "successor-not-counted",
    file: machine("upkeep"),
    original: "      state.succeeded++\n",
    replacement: "",
    breaks: "a successor is promised, and not opened",
    stands: "H7",
    tests: testOf("lifetimes")
  },
  {
    id: "reminds-again",
    file: machine("overdue"),
    original: "    if (seat.isOverdue) return\n",
    replacement: "",
    breaks: "a lease is warned about at each round",
    stands: "Q10",
    tests: testOf("lease")
  },
  {
    id: "never-revokes",
    file: machine("overdue"),
    original: "    if (action === \"revoke\") this.#lending.reclaim(borrow)\n",
    replacement: "",
    breaks: "a lease that is to be revoked is only warned about",
    stands: "Q10",
    tests: testOf("lease")
  },
  {
    id: "always-revokes",
    file: machine("overdue"),
    original: "    if (action === \"revoke\") this.#lending.reclaim(borrow)\n",
    replacement: "    this.#lending.reclaim(borrow)\n",
    breaks: "a lease that is to be warned about is revoked",
    stands: "Q10",
    tests: testOf("lease")
  },
  {
    id: "held-before-it-is-taken",
    file: machine("overdue"),
    original: "    if (!taken) return now\n",
    replacement: "",
    breaks: "a lease is revoked before its asker has it",
    stands: "Q10",
    tests: testOf("lease")
  },
  {
    id: "postponed-before-others",
    file: machine("overdue"),
    original: "lent.insertBefore(seat, successor)",
    replacement: "lent.insertBefore(seat, lent.head)",
    breaks: "one that its asker has late hides those that are held for too long",
    stands: "Q10",
    tests: testOf("lease")
  },
  // Checks: resets, validations, probes
  {
    id: "doubts-without-validate",
    file: machine("checks"),
    original: "return validates && now",
    replacement: "return now",
    breaks: "a pool without validate validates",
    stands: "H1",
    tests: testOf("priority")
  },
  {
    id: "bypass-too-long",
    file: machine("checks"),
    original: ">= validationBypass",
    replacement: "> validationBypass",
    breaks: "validated a moment later than it should be",
    stands: "H2",
    tests: testOf("validation")
  },
  {
    id: "resets-the-doomed",
    file: machine("checks"),
    original: "    if (!state.isPlain && !this.#upkeep.keeps(worker)) return this.#lending.place(worker)\n",
    replacement: "",
    breaks: "what is about to be closed is reset first",
    stands: "F-5",
    tests: testOf("eviction")
  },
  {
    id: "reset-for-ever",
    file: machine("checks"),
    original: "state.settings.resetTimeout",
    replacement: "Infinity",
    breaks: "a reset that hangs holds its place for ever",
    stands: "R3",
    tests: testOf("checks")
  },
  {
    id: "validation-for-ever",
    file: machine("checks"),
    original: "\"validate\", this.#state.settings.validationTimeout",
    replacement: "\"validate\", Infinity",
    breaks: "a validation that hangs holds its place for ever",
    stands: "H3",
    tests: testOf("validation")
  },
  {
    id: "probe-for-ever",
    file: machine("checks"),
    original: "\"probe\", this.#state.settings.validationTimeout",
    replacement: "\"probe\", Infinity",
    breaks: "a probe that hangs holds its place for ever",
    stands: "H3",
    tests: testOf("checks")
  },
  {
    id: "probe-unmarked",
    file: machine("checks"),
    original: "    worker.isProbed = true\n",
    replacement: "",
    breaks: "a probe's verdict is taken for no answer",
    stands: "H8",
    tests: testOf("checks")
  },
  {
    id: "probes-uncounted",
    file: machine("checks"),
    original: "    this.#state.probing++\n",
    replacement: "",
    breaks: "a probe counts as a check for somebody",
    stands: "H8",
    tests: testOf("checks")
  },
  {
    id: "reset-counted-for-ever",
    file: machine("checks"),
    original: "state.resetting--",
    replacement: "void 0",
    breaks: "what was reset is counted as being reset",
    stands: "D-7",
    tests: testOf("checks")
  },
  {
    id: "validation-counted-for-ever",
    file: machine("checks"),
    original: "      state.validating--\n",
    replacement: "",
    breaks: "what was validated is counted as being validated",
    stands: "D-7",
    tests: testOf("checks")
  },
  {
    id: "probe-counted-for-ever",
    file: machine("checks"),
    original: "      if (worker.isProbed) this.#stopProbe(worker)\n",
    replacement: "",
    breaks: "after a few probes there are no more",
    stands: "H8",
    tests: testOf("checks")
  },
  {
    id: "verdict-of-another-job",
    file: machine("checks"),
    original: "if (job !== expected || !this.#isUnderWay(worker)) return",
    replacement: "if (!this.#isUnderWay(worker)) return",
    breaks: "the verdict of one job is taken for that of another",
    stands: "H-6",
    tests: testOf("validation")
  },
  {
    id: "verdict-too-late",
    file: machine("checks"),
    original: "if (job !== expected || !this.#isUnderWay(worker)) return",
    replacement: "if (job !== expected) return",
    breaks: "a late verdict lends what is closing",
    stands: "H-2",
    tests: testOf("validation")
  },
  {
    id: "failed-validation-logged",
    file: machine("checks"),
    original: "if (!ok && job === \"reset\" && cause !== undefined)",
    replacement: "if (!ok && cause !== undefined)",
    breaks: "each failed validation is a line in the log",
    stands: "H1",
    tests: testOf("validation")
  },
  {
    id: "retired-is-logged",
    file: machine("checks"),
    original: "if (!ok && job === \"reset\" && cause !== undefined)",
    replacement: "if (!ok && job === \"reset\")",
    breaks: "shouldRetire is logged as a failed reset",
    stands: "H15",
    tests: testOf("checks")
  },
  {
    id: "failed-check-is-lent",
    file: machine("checks"),
    original: "    if (!ok) return this.fail(worker)\n",
    replacement: "",
    breaks: "what failed its check is lent",
    stands: "G-1",
    tests: testOf("checks")
  },
  {
    id: "check-leaves-its-deadline",
    file: machine("checks"),
    original: "    this.#staffing.cancelDeadline(worker)\n    this.stop",
    replacement: "    this.stop",
    breaks: "the deadline of a check closes what has passed it",
    stands: "H3",
    tests: testOf("checks")
  },
  {
    id: "probed-is-placed",
    file: machine("checks"),
    original: "if (job === \"probe\") this.#upkeep.probed(worker)\n    else this.#lending",
    replacement: "this.#lending",
    breaks: "what was probed is the youngest",
    stands: "H8",
    tests: testOf("checks")
  },
  {
    id: "bad-verdict-settles-nothing",
    file: machine("checks"),
    original: "    this.#staffing.close(worker)\n    this.#settle()",
    replacement: "    this.#staffing.close(worker)",
    breaks: "after a failed check nobody looks at the next one",
    stands: "G-1",
    tests: testOf("checks")
  },
  {
    id: "judged-out-of-hand",
    file: machine("checks"),
    original: "if (ok || worker.state !== \"idle\") return",
    replacement: "if (worker.state !== \"idle\") return",
    breaks: "whoever is asked about is closed",
    stands: "H15",
    tests: testOf("checks")
  },
  {
    id: "judged-while-lent",
    file: machine("checks"),
    original: "if (ok || worker.state !== \"idle\") return",
    replacement: "if (ok) return",
    breaks: "one that was lent meanwhile is closed under its borrower",
    stands: "H15",
    tests: testOf("checks")
  },
  {
    id: "judged-not-replaced",
    file: machine("checks"),
    original:
      "    if (ok || worker.state !== \"idle\") return\n    this.#staffing.close(worker)\n    this.#staffing.hire()",
    replacement: "    if (ok || worker.state !== \"idle\") return\n    this.#staffing.close(worker)",
    breaks: "what shouldRetire closes is not replaced at once",
    stands: "H16",
    tests: testOf("checks")
  },
  {
    id: "next-probe-unaimed",
    file: machine("checks"),
    original: "    this.#state.probing--\n    this.#upkeep.aim()",
    replacement: "    this.#state.probing--",
    breaks: "when a probe has failed nobody is the next",
    stands: "H8",
    tests: testOf("checks")
  },
  {
    id: "checked-stays-idle",
    file: machine("checks"),
    original: "    state.idle.remove(worker)\n    worker.state = \"validating\"",
    replacement: "    worker.state = \"validating\"",
    breaks: "what is being validated is lent",
    stands: "H1",
    tests: testOf("checks")
  },
  {
    id: "limitless-check-has-a-deadline",
    file: machine("checks"),
    original: "    if (within < Infinity) {",
    replacement: "    {",
    breaks: "a deadline at the end of time",
    stands: "G-13",
    tests: testOf("checks")
  },
  {
    id: "settles-without-serving",
    file: machine("checks"),
    original: "  #settle(): void {\n    this.#lending.serve()\n",
    replacement: "  #settle(): void {\n",
    breaks: "after a failed check nobody looks at the next one",
    stands: "G-1",
    tests: testOf("checks")
  },
  {
    id: "tries-stay",
    file: machine("lending"),
    original: "    this.#serveAll()\n    this.#queueing.refuseTries()\n",
    replacement: "    this.#serveAll()\n",
    breaks: "a try waits for more than a check",
    stands: "E-9",
    tests: testOf("validation")
  },
  {
    id: "settles-without-hiring",
    file: machine("checks"),
    original: "    this.#lending.serve()\n    this.#staffing.hire()",
    replacement: "    this.#lending.serve()",
    breaks: "what failed its check is not replaced at once",
    stands: "H16",
    tests: testOf("checks")
  },
  // Changes: other options, evictions, suspension
  {
    id: "ceiling-falls-at-once",
    file: machine("changes"),
    original: "state.ceiling = Math.max(state.bound, state.workers.size)",
    replacement: "state.ceiling = state.bound",
    breaks: "a pool that was made smaller breaks its bound",
    stands: "D-6",
    tests: testOf("changes")
  },
  {
    id: "change-fills-up",
    file: machine("changes"),
    original: "const kept = settings.minIdle > minIdle && settings",
    replacement: "const kept = settings",
    breaks: "any change reopens what was shrunk",
    stands: "Z2",
    tests: testOf("eviction")
  },
  {
    id: "lazy-fills-up",
    file: machine("changes"),
    original: " && settings.start !== \"lazy\" ? settings.minIdle : 0",
    replacement: " ? settings.minIdle : 0",
    breaks: "a lazy pool opens what nobody has asked for",
    stands: "L3",
    tests: testOf("changes")
  },
  {
    id: "min-idle-lowers-target",
    file: machine("changes"),
    original: "Math.max(state.target, kept)",
    replacement: "(kept || state.target)",
    breaks: "a minIdle that is raised lowers what demand has opened",
    stands: "Z2",
    tests: testOf("changes")
  },
  {
    id: "target-beyond-size",
    file: machine("changes"),
    original: "state.target = Math.min(Math.max(state.target, kept), settings.size)",
    replacement: "state.target = Math.max(state.target, kept)",
    breaks: "a pool that was made smaller fills its overflow",
    stands: "Z1",
    tests: testOf("changes")
  },
  {
    id: "tripped-for-good",
    file: machine("changes"),
    original: "    state.isTripped &&= state.failures >= settings.breaker\n",
    replacement: "",
    breaks: "a breaker that was taken away still refuses",
    stands: "Q8",
    tests: testOf("changes")
  },
  {
    id: "old-order-stays",
    file: machine("changes"),
    original: "    this.#queueing.reorder()\n",
    replacement: "",
    breaks: "other turns apply to newcomers only",
    stands: "Z2",
    tests: testOf("changes")
  },
  {
    id: "codel-always-anew",
    file: machine("changes"),
    original:
      "if (overload?.target !== settings.overload?.target || overload?.interval !== settings.overload?.interval) {",
    replacement: "{",
    breaks: "each change of any option forgets that the pool is slow",
    stands: "Q5",
    tests: testOf("changes")
  },
  {
    id: "codel-never-anew",
    file: machine("changes"),
    original: "      this.#dropping.restart()\n",
    replacement: "",
    breaks: "another overload never applies",
    stands: "Q5",
    tests: testOf("changes")
  },
  {
    id: "still-plain",
    file: machine("changes"),
    original: "    state.replan()\n    this.#upkeep.revise()",
    replacement: "    this.#upkeep.revise()",
    breaks: "a policy that comes later is not asked",
    stands: "Z2",
    tests: testOf("changes")
  },
  {
    id: "nothing-trimmed",
    file: machine("changes"),
    original: "    this.#trim()\n    this.#queueing",
    replacement: "    this.#queueing",
    breaks: "idle ones beyond the new size stay",
    stands: "Z1",
    tests: testOf("changes")
  },
  {
    id: "not-revised",
    file: machine("changes"),
    original: "    this.#upkeep.revise()\n",
    replacement: "",
    breaks: "other limits apply to new resources only",
    stands: "Z2",
    tests: testOf("changes")
  },
  {
    id: "change-serves-nobody",
    file: machine("changes"),
    original: "mostAtOnce(settings))\n    this.#lending.serve()\n",
    replacement: "mostAtOnce(settings))\n",
    breaks: "a limit that was lifted still keeps people waiting",
    stands: "Z2",
    tests: testOf("changes")
  },
  {
    id: "growth-waits",
    file: machine("changes"),
    original: "    this.#staffing.settleStart()\n    this.#staffing.hire()",
    replacement: "    this.#staffing.settleStart()",
    breaks: "a pool that was made larger opens nothing",
    stands: "Z1",
    tests: testOf("changes")
  },
  {
    id: "suspended-drain",
    file: machine("changes"),
    original: "    if (state.phase !== \"open\") return\n",
    replacement: "",
    breaks: "a drain can be suspended, and never ends",
    stands: "D7",
    tests: testOf("suspend")
  },
  {
    id: "suspended-and-plain",
    file: machine("changes"),
    original: "    state.isSuspended = true\n    state.replan()\n",
    replacement: "    state.isSuspended = true\n",
    breaks: "a suspended pool lends",
    stands: "D7",
    tests: testOf("suspend")
  },
  {
    id: "suspended-try-waits",
    file: machine("changes"),
    original: "    state.replan()\n    this.#queueing.refuseTries()\n  }",
    replacement: "    state.replan()\n  }",
    breaks: "a try waits for the end of a suspension",
    stands: "D7",
    tests: testOf("suspend")
  },
  {
    id: "suspended-for-good",
    file: machine("changes"),
    original: "    state.isSuspended = false\n",
    replacement: "",
    breaks: "resume resumes nothing",
    stands: "D7",
    tests: testOf("suspend")
  },
  {
    id: "resume-serves-nobody",
    file: machine("changes"),
    original: "kept waiting is served by the same rules as ever.\n    this.#lending.serve()",
    replacement: "kept waiting is served by the same rules as ever.",
    breaks: "after a suspension people wait beside what is idle",
    stands: "D7",
    tests: testOf("suspend")
  },
  {
    id: "resumed-but-not-plain",
    file: machine("changes"),
    original: "    state.replan()\n    this.#staffing.hire()\n  }\n\n  evict",
    replacement: "    this.#staffing.hire()\n  }\n\n  evict",
    breaks: "once suspended, a pool is slow for ever",
    stands: "D7",
    tests: testOf("suspend")
  },
  {
    id: "resume-opens-nothing",
    file: machine("changes"),
    original: "    state.replan()\n    this.#staffing.hire()\n  }\n\n  evict",
    replacement: "    state.replan()\n  }\n\n  evict",
    breaks: "after a suspension nothing is opened for who waits",
    stands: "D7",
    tests: testOf("suspend")
  },
  {
    id: "evicts-too-late",
    file: machine("changes"),
    original: "that comes after it.\n    const now = this.#ports.moment()",
    replacement: "that comes after it.\n    const now = this.#ports.now()",
    breaks: "what was evicted earlier in a batch of turns is lent later in it",
    stands: "F-5",
    tests: testOf("eviction")
  },
  {
    id: "shrinks-the-lent",
    file: machine("changes"),
    original: "if (!isShrinking || worker.state === \"idle\") this",
    replacement: "this",
    breaks: "a pool that gives up an idle one gives up a lent one",
    stands: "K2",
    tests: testOf("eviction")
  },
  {
    id: "shrunk-is-replaced",
    file: machine("changes"),
    original: "    if (isShrinking) this.#state.target = Math.min(this.#state.target, this.#state.live)\n",
    replacement: "",
    breaks: "what a pool gives up it opens again",
    stands: "K2",
    tests: testOf("eviction")
  },
  {
    id: "evicted-not-replaced",
    file: machine("changes"),
    original: "this.#state.live)\n    this.#staffing.hire()",
    replacement: "this.#state.live)",
    breaks: "what was evicted is not replaced at once",
    stands: "H16",
    tests: testOf("eviction")
  },
  {
    id: "evicts-the-coldest-last",
    file: machine("changes"),
    original: "    for (let worker = idle.head; worker !== undefined; worker = worker.next) all.add(worker)\n",
    replacement: "",
    breaks: "lent ones are in front of idle ones",
    stands: "H11",
    tests: testOf("eviction")
  },
  {
    id: "evicts-lent-by-age",
    file: machine("changes"),
    original: "    for (let seat = lent.head; seat !== undefined; seat = seat.next) all.add(seat.worker)\n",
    replacement: "",
    breaks: "lent ones go in the order of their opening",
    stands: "H11",
    tests: testOf("eviction")
  },
  {
    id: "evicts-the-closing",
    file: machine("changes"),
    original: "if (worker.state !== \"closing\") all.add(worker)",
    replacement: "all.add(worker)",
    breaks: "those that are closing take turns of the others",
    stands: "H11",
    tests: testOf("eviction")
  },
  {
    id: "evicts-all-too-late",
    file: machine("changes"),
    original: "all.add(worker)\n    const now = this.#ports.moment()",
    replacement: "all.add(worker)\n    const now = this.#ports.now()",
    breaks: "what was evicted earlier in a batch of turns is lent later in it",
    stands: "F-5",
    tests: testOf("eviction")
  },
  {
    id: "spread-too-wide",
    file: machine("changes"),
    original: "(over * nth++) / all.size",
    replacement: "over * nth++",
    breaks: "an eviction that is spread takes n times as long",
    stands: "H11",
    tests: testOf("eviction")
  },
  {
    id: "all-evicted-not-replaced",
    file: machine("changes"),
    original: "/ all.size)\n    this.#staffing.hire()",
    replacement: "/ all.size)",
    breaks: "what was evicted is not replaced at once",
    stands: "H16",
    tests: testOf("eviction")
  },
  {
    id: "evicts-the-dead",
    file: machine("changes"),
    original: "    if (worker.state === \"closing\" || worker.state === \"gone\") return\n",
    replacement: "",
    breaks: "an eviction of what has gone makes the pool slow for ever",
    stands: "H11",
    tests: testOf("eviction")
  },
  {
    id: "no-spread",
    file: machine("changes"),
    original: "if (within === 0 && worker.state",
    replacement: "if (worker.state",
    breaks: "an eviction that is spread closes all that is idle at once",
    stands: "H11",
    tests: testOf("eviction")
  },
  {
    id: "evicted-stay-idle",
    file: machine("changes"),
    original: "    if (within === 0 && worker.state === \"idle\") this.#staffing.close(worker)\n",
    replacement: "",
    breaks: "what is idle is evicted a turn later",
    stands: "H11",
    tests: testOf("eviction")
  },
  {
    id: "lingering-beyond-bound",
    file: machine("changes"),
    original: "overflowTtl > 0 ? bound : size + state.succeeded",
    replacement: "overflowTtl > 0 ? Infinity : size + state.succeeded",
    breaks: "a pool that was made smaller keeps more idle than it may have",
    stands: "Z1",
    tests: testOf("changes")
  },
  {
    id: "trims-what-lingers",
    file: machine("changes"),
    original: "overflowTtl > 0 ? bound : size + state.succeeded",
    replacement: "size + state.succeeded",
    breaks: "a change of any option closes lingering overflow",
    stands: "R11",
    tests: testOf("changes")
  },
  {
    id: "trims-successors",
    file: machine("changes"),
    original: "overflowTtl > 0 ? bound : size + state.succeeded",
    replacement: "overflowTtl > 0 ? bound : size",
    breaks: "a change of any option closes a successor",
    stands: "H7",
    tests: testOf("changes")
  },
  // What is kept in reserve
  {
    id: "reserve-after-a-return",
    file: machine("lending"),
    original: "      this.serve()\n    }\n    this.#upkeep.spares()\n",
    replacement: "      this.serve()\n    }\n",
    breaks: "a reserve that is too large now stays until something else happens",
    stands: "Z4",
    tests: testOf("idle")
  },
  {
    id: "reserve-after-a-loss",
    file: machine("lending"),
    original: "    this.serve()\n    this.#upkeep.spares()\n",
    replacement: "    this.serve()\n",
    breaks: "a reserve that is too large now stays until something else happens",
    stands: "Z4",
    tests: testOf("idle")
  },
  {
    id: "reserve-after-a-death",
    file: machine("staffing"),
    original: "    this.#upkeep.spares()\n",
    replacement: "",
    breaks: "a reserve that is too large now stays until something else happens",
    stands: "Z4",
    tests: testOf("idle")
  },
  {
    id: "drain-without-a-place",
    file: machine("closedown"),
    original: "    if (state.phase === \"draining\" && state.bound === 0) this.#refuseAll()\n",
    replacement: "",
    breaks: "a drain waits for those whom nothing can serve",
    stands: "D3",
    tests: testOf("changes")
  }
]
