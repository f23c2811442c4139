/**
 * Faults of one line, each of which some test must catch: the defects of whitepool and poolboy, the ways of leaking, the
 * rules of the design turned over. The text must occur exactly once in its file; `run.ts` checks that, and puts it in.
 */
import { checks } from "./checks.ts"
import { keyed } from "./keyed.ts"
import { policies } from "./policies.ts"
import { queue } from "./queue.ts"
import { sharing } from "./sharing.ts"
import { upkeep } from "./upkeep.ts"

export interface Mutant {
  readonly id: string
  readonly file: string
  readonly original: string
  readonly replacement: string
  /** What goes wrong then. */
  readonly breaks: string
  /** The case of the defect lists, or the rule of the design, that it stands for. */
  readonly stands: string
  /** The test files, or folders, of which one must fail. */
  readonly tests: ReadonlyArray<string>
}

/** The file's text with the fault in it. */
export const mutate = (code: string, mutant: Mutant): string => {
  const parts = code.split(mutant.original)
  if (parts.length === 2) return parts.join(mutant.replacement)
  throw new Error(`${mutant.file} has ${parts.length - 1} times: ${mutant.original}`)
}

const machine = (file: string) => `src/pool/internal/${file}.ts`
const asking = machine("asking")
const lending = machine("lending")
const queueing = machine("queueing")
const ownership = machine("ownership")
const staffing = machine("staffing")
const closedown = machine("closedown")
const state = machine("state")
const channel = (file: string) => `src/channel/internal/${file}.ts`

const testOf = (name: string) => `test/pool/machine/${name}.test.ts`
const checkouts = [testOf("checkout")]
const waits = [testOf("waiting")]
const openings = [testOf("opening")]
const leases = [testOf("leases")]
const shutdowns = [testOf("shutdown")]
const model = ["test/model/pool.test.ts"]
const structures = ["test/channel/internal/structures.test.ts"]
const wakes = ["test/channel/internal/wake.test.ts"]
const chans = ["test/channel/internal/chan.test.ts"]
const consumers = ["test/channel/consume.test.ts"]
const permits = ["test/channel/Permit.test.ts"]
const channelSweep = ["test/channel/sweep.test.ts"]
const oneshots = ["test/channel/Oneshot.test.ts"]
const shell = (...names: ReadonlyArray<string>) => names.map((name) => `test/pool/${name}.test.ts`)
const actor = (file: string) => `src/actor/internal/${file}.ts`
const [proc, supervising] = [actor("process"), actor("supervising")]
const actors = (...names: ReadonlyArray<string>) => names.map((name) => `test/actor/${name}.test.ts`)

const core: ReadonlyArray<Mutant> = [
  // A pool and its incarnations
  {
    id: "crash-ends-the-pool",
    file: machine("make"),
    original: "restart: \"transient\",",
    replacement: "restart: \"temporary\",",
    breaks: "a crash of the actor ends the pool for good",
    stands: "§5.3",
    tests: shell("crash")
  },
  {
    id: "eager-restart",
    file: machine("incarnate"),
    original: "front.hasWorked && settings.start === \"eager\" ? \"background\" : settings.start",
    replacement: "settings.start",
    breaks: "a crash during an outage uses up the restarts and ends the pool",
    stands: "decision 14",
    tests: shell("crash")
  },
  {
    id: "two-incarnations-at-once",
    file: machine("core"),
    original: "outcome === \"closed\" ? Effect.void :",
    replacement: "outcome !== undefined ? Effect.void :",
    breaks: "the next incarnation opens while the resources of the last are still open",
    stands: "decision 14",
    tests: shell("crash")
  },
  {
    id: "lobby-without-deadline",
    file: machine("lobby"),
    original: "if (borrow.wait < Infinity) guest.deadline",
    replacement: "if (borrow.wait === Infinity) guest.deadline",
    breaks: "who asks between two incarnations waits for ever",
    stands: "decision 14",
    tests: shell("crash")
  },
  {
    id: "lobby-budget-begins-anew",
    file: machine("lobby"),
    original: "const askedAt = borrow.askedAt ??= now",
    replacement: "const askedAt = now",
    breaks: "the wait for an incarnation is not part of the deadline",
    stands: "J-2",
    tests: shell("crash")
  },
  {
    id: "lobby-keeps-who-has-left",
    file: machine("front"),
    original: "this.#lobby.leave(borrow)\n    this.#core?.cancel(borrow)",
    replacement: "this.#core?.cancel(borrow)",
    breaks: "who was interrupted between two incarnations is lent a resource by the next one",
    stands: "B-4",
    tests: shell("crash")
  },
  {
    id: "never-heard-and-gone",
    file: machine("core"),
    original: "    this.#unheard.delete(borrow)\n    this.post(",
    replacement: "    this.post(",
    breaks: "who asked a dying actor and was interrupted is lent a resource by the next incarnation",
    stands: "B-4",
    tests: ["test/sweep/incarnations.test.ts"]
  },
  {
    id: "awaiters-end-with-the-incarnation",
    file: machine("front"),
    original: "for (const awaiter of this.#awaiters) core.post({ _tag: \"AwaitShutdown\", awaiter })",
    replacement: "this.#awaiters.clear()",
    breaks: "who awaits the shutdown waits for ever after a crash",
    stands: "decision 14",
    tests: shell("crash")
  },
  {
    id: "shutdown-forgotten-by-a-crash",
    file: machine("front"),
    original: "else if (this.#isLeaving || this.#isOrphan) this.#end(\"crashed\")",
    replacement: "else if (this.#isOrphan) this.#end(\"crashed\")",
    breaks: "a pool that crashes while it shuts down begins anew",
    stands: "decision 14",
    tests: shell("crash")
  },
  {
    id: "lobby-waits-for-nobody",
    file: machine("front"),
    original: "if (this.#state === \"vacant\") this.#end(this.#isReturning ? \"closed\" : \"crashed\")",
    replacement: "",
    breaks: "who waits for a restart that never comes is not told",
    stands: "decision 14",
    tests: shell("crash")
  },
  {
    id: "crash-is-asked-again",
    file: machine("core"),
    original: "if (culprit?._tag === \"Checkout\" && culprit.isPending) {",
    replacement: "if (culprit?._tag === \"Checkout\" && culprit.isPending && false) {",
    breaks: "a checkout whose own turn was the crash never has its answer",
    stands: "invariant 6",
    tests: shell("crash")
  },
  {
    id: "killed-unnoticed",
    file: machine("incarnate"),
    original: "process.watchers.add(new ActorWatch(core))",
    replacement: "core.machine",
    breaks: "the resources of an actor that was killed stay open, and its waiters wait",
    stands: "§5.3",
    tests: shell("childSpec")
  },
  {
    id: "forgotten-lease-holds-the-tree-up",
    file: machine("incarnate"),
    original: "for (const waiting of process?.awaitedBy ?? []) waitingFor(waiting, found)",
    replacement: "",
    breaks: "a lease that the closing fiber has forgotten hangs whatever closes the tree, under TestClock for ever",
    stands: "§5.6",
    tests: shell("childSpec")
  },
  {
    id: "actor-that-cannot-die",
    file: machine("workerFiber"),
    original: "return resource instanceof Resolvable ? linkOfActor(resource) : Effect.never",
    replacement: "return Effect.never",
    breaks: "a pooled actor that has died is handed out",
    stands: "H-2",
    tests: shell("childSpec")
  },
  {
    id: "asker-holds-the-tree-up",
    file: supervising,
    original: "whileAwaited(this.process.awaitedBy, call)",
    replacement: "call",
    breaks: "a lease that terminateChild's caller has forgotten holds it up",
    stands: "§5.6",
    tests: shell("childSpec")
  },
  {
    id: "budget-begins-anew",
    file: actor("life"),
    original: "this.#stopping ??= this.#keeper.fork",
    replacement: "this.#stopping = this.#keeper.fork",
    breaks: "a supervisor told to end during a stop gives that child its time again",
    stands: "decision 13",
    tests: actors("supervisorEnds")
  },
  {
    id: "closed-for-a-siblings-sake",
    file: actor("supervisor"),
    original: "child.isComingBack = child.spec.restart !== \"temporary\"",
    replacement: "child.isComingBack = false",
    breaks: "while a pool is restarted along with a sibling, whoever asks is told that it is closed",
    stands: "decision 14",
    tests: shell("childSpec")
  },
  {
    id: "deaths-without-limit",
    file: machine("deaths"),
    original: "ports.exhausted(stackless",
    replacement: "void (stackless",
    breaks: "restartIntensity is never exceeded",
    stands: "H-9",
    tests: leases
  },
  // The machine: who gets what
  {
    id: "no-deadline",
    file: queueing,
    original: "if (borrow.wait === Infinity) return",
    replacement: "return",
    breaks: "a waiter waits for ever",
    stands: "A-2",
    tests: waits
  },
  {
    id: "full-instead-of-closed",
    file: asking,
    original: "return this.#queueing.refuse(borrow, new PoolError.PoolClosed({ pool: state.settings.name }))",
    replacement: "return this.#queueing.refuseFull(borrow)",
    breaks: "callers of a pool that shuts down retry for ever",
    stands: "A-12",
    tests: shutdowns
  },
  {
    id: "lifo-waiters",
    file: lending,
    original: "const waiter = state.waiting.head",
    replacement: "const waiter = state.waiting.tail",
    breaks: "the newest waiter is served first",
    stands: "E-2",
    tests: waits
  },
  {
    id: "handoff-past-the-queue",
    file: lending,
    original: "\n    if (waiter !== undefined) {",
    replacement: "\n    if (waiter !== undefined && state.lent.length >= state.settings.size) {",
    breaks: "a returned resource idles past the queue",
    stands: "E-1",
    tests: waits
  },
  {
    id: "cancel-forgets-the-queue",
    file: lending,
    original: "this.#queueing.leave(borrow)\n      borrow.state = \"ended\"",
    replacement: "borrow.state = \"ended\"",
    breaks: "a resource goes to a waiter that has gone",
    stands: "A-8",
    tests: waits
  },
  {
    id: "cancel-after-grant-leaks",
    file: lending,
    original: "} else {\n      this.checkin(borrow)\n    }",
    replacement: "}",
    breaks: "a grant whose asker has gone is lost",
    stands: "B-4",
    tests: waits
  },
  {
    id: "lost-deadline-cancel",
    file: queueing,
    original: "    state.deadlines.cancel(borrow.deadline)\n    borrow.deadline = undefined",
    replacement: "    borrow.deadline = undefined",
    breaks: "the deadline of one who was served falls due all the same",
    stands: "J-4",
    tests: waits
  },
  {
    id: "double-checkin",
    file: lending,
    original: "    borrow.state = \"ended\"\n    borrow.seat = undefined\n",
    replacement: "",
    breaks: "a resource is idle twice",
    stands: "F-1",
    tests: leases
  },
  {
    id: "timeout-0-waits",
    file: asking,
    original: "if (borrow.wait === 0) {",
    replacement: "if (borrow.wait < 0) {",
    breaks: "a timeout of 0 queues, or loses to maxWaiting 0",
    stands: "D-10",
    tests: checkouts
  },
  {
    id: "max-waiting-off-by-one",
    file: asking,
    original: "state.openable > state.settings.maxWaiting",
    replacement: "state.openable >= state.settings.maxWaiting",
    breaks: "one waiter too few is let in",
    stands: "D-5",
    tests: checkouts
  },
  {
    id: "max-waiting-counts-openings",
    file: asking,
    original: "state.waiting.length + 1 - state.openable >",
    replacement: "state.waiting.length + 1 >",
    breaks: "maxWaiting 0 refuses those for whom an opening is under way",
    stands: "§5.4",
    tests: checkouts
  },
  {
    id: "no-warm-up",
    file: asking,
    original: "return this.#staffing.warmUp()",
    replacement: "return",
    breaks: "a lazy pool that is only tried stays cold",
    stands: "§5.3",
    tests: checkouts
  },
  {
    id: "warm-up-beyond-size",
    file: staffing,
    original: "state.live < state.settings.size",
    replacement: "state.room > 0",
    breaks: "a tryCheckout opens overflow nobody waits for",
    stands: "§5.3",
    tests: checkouts
  },
  {
    id: "strategy-swapped",
    file: machine("stock"),
    original: "return settings.strategy === \"lifo\"",
    replacement: "return settings.strategy === \"fifo\"",
    breaks: "lifo lends the coldest",
    stands: "§5.4",
    tests: checkouts
  },
  {
    id: "overflow-kept",
    file: lending,
    original: "state.open < state.settings.size",
    replacement: "state.open <= state.settings.size",
    breaks: "overflow that nobody waits for stays idle",
    stands: "§5.3",
    tests: checkouts
  },
  {
    id: "bereaved-at-the-tail",
    file: queueing,
    original: "while (successor !== undefined && successor.ticket < borrow.ticket)",
    replacement: "while (successor !== undefined)",
    breaks: "a waiter loses its place when its resource dies on the way",
    stands: "B-21",
    tests: openings
  },
  {
    id: "bereaved-clock-anew",
    file: queueing,
    original: "      this.#setDeadline(borrow, borrow.askedAt)\n",
    replacement: "      this.#setDeadline(borrow, this.#ports.now())\n",
    breaks: "a second grant gets a second budget",
    stands: "J-2",
    tests: openings
  },
  {
    id: "bereaved-past-idle",
    file: staffing,
    original: "    this.#lending.serve()\n",
    replacement: "",
    breaks: "a bereaved waiter waits beside an idle resource",
    stands: "invariant 4",
    tests: openings
  },
  {
    id: "destroyed-not-replaced",
    file: lending,
    original: "    this.#upkeep.spares()\n    this.#staffing.hire()\n",
    replacement: "    this.#upkeep.spares()\n",
    breaks: "the replacement waits for the closing although there is room",
    stands: "§5.3",
    tests: leases
  },
  {
    id: "queue-jumps-expired",
    file: "src/pool/Machine.ts",
    original: "expired.push(due)",
    replacement: "void due",
    breaks: "a waiter past its deadline is never told",
    stands: "E-8",
    tests: waits
  },
  {
    id: "early-timer-not-re-armed",
    file: "src/pool/Machine.ts",
    original: "    this.#staffing.hire()\n    this.#ports.aim()",
    replacement: "    this.#staffing.hire()",
    breaks: "a timer that fired early never fires again",
    stands: "J-3",
    tests: waits
  },
  {
    id: "snapshot-per-failure",
    file: "src/pool/Machine.ts",
    original: "borrow.ticket <= openUpTo ? inOpening : inQueue",
    replacement:
      "this.#queueing.expiry(now, borrow.ticket <= openUpTo ? \"open\" : \"queue\", this.state.status(), expired)",
    breaks: "a mass timeout takes as many snapshots as it has waiters",
    stands: "§5.5",
    tests: waits
  },
  // The machine: owners
  {
    id: "owner-success-is-failure",
    file: ownership,
    original: "const release = success &&",
    replacement: "const release = !success &&",
    breaks: "a lease handed on through timeout or race is destroyed",
    stands: "§5.3",
    tests: leases
  },
  {
    id: "abandoned-always-idle",
    file: lending,
    original: "this.#state.settings.onAbandoned === \"checkin\" ?",
    replacement: "this.#state.settings.onAbandoned !== \"checkin\" ?",
    breaks: "what a dead owner left half used is lent again",
    stands: "H-1",
    tests: leases
  },
  {
    id: "adopt-keeps-the-old-owner",
    file: ownership,
    original: "    seat.owner?.release(seat)\n    this.own(seat, fiber)",
    replacement: "    if (seat.owner === undefined) this.own(seat, fiber)",
    breaks: "the end of the first owner abandons a lease adopted by another",
    stands: "§5.3",
    tests: leases
  },
  {
    id: "observer-per-lease",
    file: ownership,
    original: "if (owner === undefined) {",
    replacement: "if (owner === undefined || owner.first !== seat) {",
    breaks: "a fiber is observed once per lease",
    stands: "§5.3",
    tests: leases
  },
  {
    id: "dead-owner-remembered",
    file: ownership,
    original: "state.owners.delete(owner.fiber)",
    replacement: "void owner.fiber",
    breaks: "a fiber that comes again is not observed, and owners pile up",
    stands: "invariant 7",
    tests: leases
  },
  {
    id: "adopt-ended-lease",
    file: ownership,
    original: "    if (borrow.state !== \"lent\") return\n    const seat",
    replacement: "    const seat",
    breaks: "an ended lease is given an owner, and the pool dies of it",
    stands: "invariant 8",
    tests: leases
  },
  // The machine: workers
  {
    id: "no-backoff",
    file: staffing,
    original: "state.phase === \"closed\" || state.backoff !== undefined) return false",
    replacement: "state.phase === \"closed\") return false",
    breaks: "a backend that is down is asked in a tight loop",
    stands: "C-1",
    tests: openings
  },
  {
    id: "storm-of-probes",
    file: staffing,
    original: "state.failures > 0 ? 1 : state.settings.openConcurrency",
    replacement: "state.settings.openConcurrency",
    breaks: "all who wait storm a backend that comes back",
    stands: "C-3",
    tests: openings
  },
  {
    id: "open-concurrency-ignored",
    file: staffing,
    original: "state.room > 0 && state.opening < abreast",
    replacement: "state.room > 0",
    breaks: "any number opens at once",
    stands: "C-3",
    tests: openings
  },
  {
    id: "failure-is-the-end",
    file: staffing,
    original: "this.#ports.retryDelay(state.failures === 1, cause)",
    replacement: "void cause",
    breaks: "after a failed opening nothing is ever opened again",
    stands: "A-11",
    tests: openings
  },
  {
    id: "schedule-always-anew",
    file: staffing,
    original: "this.#ports.retryDelay(state.failures === 1, cause)",
    replacement: "this.#ports.retryDelay(true, cause)",
    breaks: "the back-off never grows",
    stands: "C-1",
    tests: openings
  },
  {
    id: "backoff-without-floor",
    file: staffing,
    original: "Math.max(shortestBackoff, delay)",
    replacement: "delay",
    breaks: "a delay of 0 is a tight loop",
    stands: "C-1",
    tests: openings
  },
  {
    id: "newest-gets-open-failed",
    file: queueing,
    original: "let waiter = waiting.head; waiter !== undefined; waiter = waiter.next) {\n      if (places--",
    replacement: "let waiter = waiting.tail; waiter !== undefined; waiter = waiter.prev) {\n      if (places--",
    breaks: "onOpenFailure fail refuses the wrong waiter",
    stands: "C-2",
    tests: openings
  },
  {
    id: "old-failure-named-for-ever",
    file: staffing,
    original: "    state.lastOpenFailure = undefined",
    replacement: "",
    breaks: "a timeout blames a failure long since mended",
    stands: "C-6",
    tests: openings
  },
  {
    id: "recovered-by-absence",
    file: staffing,
    original: "if (this.#state.hasOpenedSince) this.#succeeded()",
    replacement: "this.#succeeded()",
    breaks: "the end of a back-off counts as a success",
    stands: "C-1",
    tests: openings
  },
  {
    id: "opening-never-given-up",
    file: "src/pool/Machine.ts",
    original: "this.#staffing.giveUp(due)",
    replacement: "void due",
    breaks: "a factory that never ends keeps its place for ever",
    stands: "C-8",
    tests: openings
  },
  {
    id: "abandoned-not-counted",
    file: staffing,
    original: "this.#state.abandoned++",
    replacement: "void this.#state.abandoned",
    breaks: "status hides what was given up",
    stands: "§5.2",
    tests: openings
  },
  {
    id: "late-product-placed",
    file: staffing,
    original: "if (worker.state !== \"opening\") return",
    replacement: "if (worker.state === \"idle\" || worker.state === \"lent\") return",
    breaks: "a resource that arrives for a place given up is lent",
    stands: "C-10",
    tests: openings
  },
  {
    id: "dead-idle-lent",
    file: staffing,
    original: "    this.#displace(worker)\n    this.#closing(worker, state.settings.closeTimeout)\n",
    replacement:
      "    if (worker.state !== \"idle\") this.#displace(worker)\n    this.#closing(worker, state.settings.closeTimeout)\n",
    breaks: "a resource that died while idle is lent",
    stands: "H-2",
    tests: openings
  },
  {
    id: "closing-not-counted",
    file: state,
    original: "return this.bound - this.live - this.closing",
    replacement: "return this.bound - this.live",
    breaks: "a replacement opens beside what is still closing, beyond the bound",
    stands: "D-12",
    tests: openings
  },
  {
    id: "opening-counted-twice",
    file: staffing,
    original: "    worker.state = \"free\"\n",
    replacement: "",
    breaks: "an overflow product that nobody wants is counted out twice",
    stands: "invariant 9",
    tests: model
  },
  {
    id: "drain-opens-for-nobody",
    file: staffing,
    original: "    if (state.phase === \"draining\") return waiting\n",
    replacement: "",
    breaks: "while shutting down a destroyed resource is replaced",
    stands: "A-10",
    tests: shutdowns
  },
  {
    id: "failed-start-leaves-open",
    file: staffing,
    original: "      state.phase = \"draining\"\n      return this.#ports.started(cause)",
    replacement: "      return this.#ports.started(cause)",
    breaks: "make fails and leaves what it had opened",
    stands: "§5.4",
    tests: openings
  },
  // The machine: the end
  {
    id: "idle-pool-never-ends",
    file: closedown,
    original: "state.lent.length === 0) this.#closeAll()",
    replacement: "state.lent.length === 0 && state.drained > 0) this.#closeAll()",
    breaks: "a pool that nobody uses cannot be shut down",
    stands: "A-4",
    tests: shutdowns
  },
  {
    id: "ends-at-the-first-checkin",
    file: closedown,
    original: "state.lent.length === 0) this.#closeAll()",
    replacement: "(state.lent.length === 0 || state.drained > 0)) this.#closeAll()",
    breaks: "shutdown does not wait for the other leases",
    stands: "A-5",
    tests: shutdowns
  },
  {
    id: "waiters-never-told",
    file: closedown,
    original: "this.#queueing.refuseClosed(waiter)",
    replacement: "state.waiting.remove(waiter)",
    breaks: "a queued waiter learns nothing of the end",
    stands: "A-3",
    tests: shutdowns
  },
  {
    id: "closed-in-order",
    file: closedown,
    original: "Array.from(state.workers).reverse()",
    replacement: "Array.from(state.workers)",
    breaks: "workers stop in the order in which they were started",
    stands: "§5.6",
    tests: shutdowns
  },
  {
    id: "second-deadline-lengthens",
    file: closedown,
    original: "if (state.shutdownBy.at <= at) return",
    replacement: "if (state.shutdownBy.at >= at) return",
    breaks: "a second shutdown lengthens the first",
    stands: "§5.6",
    tests: shutdowns
  },
  {
    id: "waits-for-its-own-lease",
    file: closedown,
    original: "(seat.owner?.fiber ?? seat.borrow!.guardFiber) === fiber",
    replacement: "(seat.owner?.fiber ?? seat.borrow!.guardFiber) === undefined",
    breaks: "a fiber that shuts down waits for the lease it holds itself",
    stands: "§5.6",
    tests: shutdowns
  },
  {
    id: "revoked-counts-as-drained",
    file: lending,
    original: "    this.#state.drained--\n",
    replacement: "",
    breaks: "the report calls a revoked lease drained",
    stands: "§5.6",
    tests: shutdowns
  },
  {
    id: "shutdown-deadline-stays",
    file: closedown,
    original: "of [state.shutdownBy, state.backoff,",
    replacement: "of [state.backoff,",
    breaks: "a deadline outlives the pool",
    stands: "invariant 7",
    tests: shutdowns
  },
  {
    id: "crash-hangs-waiters",
    file: "src/pool/Machine.ts",
    original: "      this.#ports.reply(waiter)",
    replacement: "",
    breaks: "after a crash the waiters wait for ever",
    stands: "§5.3",
    tests: shutdowns
  },
  {
    id: "nobody-looks-when-the-line-empties",
    file: channel("permits"),
    original: "if (this.isQuiet) this.#onQuiet()",
    replacement: "",
    breaks: "a receiver waits for ever for senders that have all gone",
    stands: "§3",
    tests: ["test/channel/Mpsc.test.ts"]
  },
  // When the clock is looked at
  {
    id: "waiters-are-never-dated",
    file: queueing,
    original: "    for (const borrow of undated) {",
    replacement: "    for (const borrow of undated.slice(1)) {",
    breaks: "the first waiter of a go has no deadline",
    stands: "decision 6",
    tests: ["test/pool/timeout.test.ts", ...waits]
  },
  {
    id: "lease-keeps-the-date-of-the-last-one",
    file: lending,
    original: "    seat.lentAt = undefined\n",
    replacement: "",
    breaks: "the age of a lease is counted from the first lease that its worker ever had",
    stands: "decision 6",
    tests: ["test/pool/dating.test.ts"]
  },
  {
    id: "dating-always-looks",
    file: machine("dating"),
    original: "if (!this.#waits && --this.#untilTry === 0) {",
    replacement: "if (this.#untilTry < 0) {",
    breaks: "a thousand leases in one go are a thousand looks at the clock",
    stands: "decision 6",
    tests: ["test/pool/dating.test.ts"]
  },
  {
    id: "dating-never-looks-again",
    file: machine("dating"),
    original: "if (this.#waits && this.#lent === 1) {",
    replacement: "if (this.#waits && this.#lent === 0) {",
    breaks: "a borrow that comes alone asks for a flush of its own for ever",
    stands: "decision 6",
    tests: ["test/pool/dating.test.ts"]
  },
  {
    id: "no-hiring-after-the-streak",
    file: lending,
    original: "if (state.failures < failures) this.#staffing.hire()",
    replacement: "",
    breaks: "when openings work again, those that were held back wait for the next event",
    stands: "C-3",
    tests: openings
  },
  {
    id: "deadline-from-anothers-flush",
    file: queueing,
    original: "      state.undated.push(borrow)\n      this.#ports.aim()\n",
    replacement: "      state.undated.push(borrow)\n",
    breaks: "a waiter's deadline is counted from whenever something else asks for a flush",
    stands: "decision 6",
    tests: [...shell("timeout"), "test/pool/machine/dating.test.ts"]
  },
  {
    id: "served-and-due-all-the-same",
    file: queueing,
    original: "if (borrow.state === \"waiting\" && borrow.deadline === undefined) this",
    replacement: "if (borrow.deadline === undefined) this",
    breaks: "who was served in the batch in which it came has a deadline that falls due",
    stands: "J-4",
    tests: ["test/pool/machine/dating.test.ts"]
  },
  {
    id: "two-deadlines-for-one",
    file: queueing,
    original: "if (borrow.state === \"waiting\" && borrow.deadline === undefined) this",
    replacement: "if (borrow.state === \"waiting\") this",
    breaks: "who waits twice within a batch has two deadlines, of which one is never cancelled",
    stands: "J-4",
    tests: ["test/pool/machine/dating.test.ts"]
  },
  {
    id: "undated-for-ever",
    file: queueing,
    original: "    state.undated = []\n",
    replacement: "",
    breaks: "the pool holds on to whoever has ever waited",
    stands: "invariant 7",
    tests: ["test/pool/machine/dating.test.ts"]
  },
  {
    id: "age-without-a-look",
    file: queueing,
    original: "    this.dateAll(now)\n    const mayBe",
    replacement: "    const mayBe",
    breaks: "a timeout cannot tell the age of a lease of its own batch",
    stands: "§5.5",
    tests: ["test/pool/machine/dating.test.ts"]
  },
  {
    id: "granted-at-once-and-clock-anew",
    file: lending,
    original: "    borrow.askedAt ??= borrow.seat?.lentAt\n",
    replacement: "",
    breaks: "who was served at once, by a resource that died, has another budget",
    stands: "J-2",
    tests: openings
  },
  {
    id: "dating-tries-once",
    file: machine("dating"),
    original: "      this.#untilTry = tryEvery\n",
    replacement: "",
    breaks: "a pool that was quiet once looks at the clock for every borrow ever after",
    stands: "decision 6",
    tests: shell("dating")
  },
  {
    id: "lent-and-not-dated",
    file: machine("shell"),
    original: "if (!this.#dating.waits(this.#outbox)) this.#core.machine.date()",
    replacement: "this.#dating.waits(this.#outbox)",
    breaks: "a lease that comes alone is as old as the next flush",
    stands: "decision 6",
    tests: shell("dating")
  },
  {
    id: "flush-dates-nothing",
    file: machine("shell"),
    original: "      machine.date()\n      const next",
    replacement: "      const next",
    breaks: "who waits has no deadline until something is lent",
    stands: "A-2",
    tests: shell("timeout")
  },
  {
    id: "one-error-for-all",
    file: machine("expiry"),
    original: "    return stackless((fields) => new CheckoutTimeout<unknown>(fields), {",
    replacement:
      "    return (this as { only?: CheckoutTimeout<unknown> }).only ??= stackless((fields) => new CheckoutTimeout<unknown>(fields), {",
    breaks: "all who fail in one tick are told the wait of the first",
    stands: "§5.5",
    tests: waits
  },
  {
    id: "another-error-at-every-look",
    file: machine("borrow"),
    original: "return this.reason = reason.errorSince(this.askedAt!)",
    replacement: "return reason.errorSince(this.askedAt!)",
    breaks: "one failure is another object each time that somebody reads it",
    stands: "§5.5",
    tests: waits
  },
  // Deadlines, the timer, the outbox
  {
    id: "lane-out-of-order",
    file: channel("deadlines"),
    original: "this.#last === undefined || this.#last.at <= at",
    replacement: "this.#last === undefined || this.#last.at >= at",
    breaks: "a deadline stands behind a later one, and falls due with it",
    stands: "decision 6",
    tests: ["test/model/deadlines.test.ts"]
  },
  {
    id: "cancelled-deadline-stays-in-its-lane",
    file: channel("deadlines"),
    original: "if (entry.lane !== undefined) return entry.lane.remove(entry)",
    replacement: "if (entry.lane !== undefined) return",
    breaks: "what was cancelled is still the next to fall due",
    stands: "J-4",
    tests: ["test/model/deadlines.test.ts"]
  },
  {
    id: "lane-forgets-its-end",
    file: channel("deadlines"),
    original: "if (entry.next === undefined) this.#last = entry.prev\n    else entry.next.prev",
    replacement: "if (entry.next !== undefined) entry.next.prev",
    breaks: "a deadline is added behind one that is no more, and lost",
    stands: "J-3",
    tests: ["test/model/deadlines.test.ts"]
  },
  {
    id: "latest-lane-first",
    file: channel("deadlines"),
    original: "lane.first.at < first.at",
    replacement: "lane.first.at > first.at",
    breaks: "of several timeouts the longest falls due first",
    stands: "§3",
    tests: ["test/model/deadlines.test.ts"]
  },
  {
    id: "deadlines-out-of-order",
    file: channel("deadlines"),
    original: "heap[parent]!.at <= entry.at",
    replacement: "heap[parent]!.at >= entry.at",
    breaks: "the latest deadline is the earliest",
    stands: "§3",
    tests: structures
  },
  {
    id: "deadline-not-due-on-time",
    file: channel("deadlines"),
    original: "at > now) return undefined",
    replacement: "at >= now) return undefined",
    breaks: "a deadline does not fall due at its instant",
    stands: "§3",
    tests: waits
  },
  {
    id: "cancelled-deadline-falls-due",
    file: channel("deadlines"),
    original: "    entry.target = undefined\n    this.#live--\n    if (entry.lane",
    replacement: "    this.#live--\n    if (entry.lane",
    breaks: "what was cancelled falls due",
    stands: "J-4",
    tests: structures
  },
  {
    id: "sweep-loses-the-order",
    file: channel("deadlines"),
    original: "for (let i = (this.#heap.length >> 1) - 1; i >= 0; i--) this.#down(i)",
    replacement: "",
    breaks: "after a sweep deadlines fall due late",
    stands: "§3",
    tests: structures
  },
  {
    id: "timer-not-aimed-earlier",
    file: channel("timer"),
    original: "this.#shot.at > at",
    replacement: "this.#shot.at < at",
    breaks: "an earlier deadline waits for the later timer",
    stands: "§3",
    tests: wakes
  },
  {
    id: "timer-outlives-its-use",
    file: channel("timer"),
    original: "    shot.fiber?.interruptUnsafe()",
    replacement: "",
    breaks: "a disarmed timer keeps the process alive",
    stands: "I-6",
    tests: wakes
  },
  {
    id: "reply-inline",
    file: channel("outbox"),
    original: "    this.#next.push(delivery)\n    this.schedule()",
    replacement: "    delivery.deliver()",
    breaks: "a reply is delivered inside the turn, on the sender's stack",
    stands: "§6",
    tests: wakes
  },
  {
    id: "loop-held-by-a-flush",
    file: channel("outbox"),
    original: "Math.min(batch.length, this.#index + batchSize)",
    replacement: "batch.length",
    breaks: "a mass timeout holds the event loop until it is done",
    stands: "§6",
    tests: wakes
  },
  // Channels
  {
    id: "oneshot-takes-after-close",
    file: channel("cell"),
    original: "if (this.#state !== \"open\") return false\n    this.#state = \"value\"",
    replacement:
      "if (this.#state !== \"open\" && this.#state !== \"refused\") return false\n    this.#state = \"value\"",
    breaks: "a reply that loses the race against the deadline is lost",
    stands: "§0.2",
    tests: oneshots
  },
  {
    id: "interrupted-recv-stays-open",
    file: channel("cell"),
    original: "    this.#host.wake.cancel(this.#deadline)\n    this.closeUnsafe()",
    replacement: "    this.#host.wake.cancel(this.#deadline)",
    breaks: "a receiver that was interrupted still accepts the value",
    stands: "B-4",
    tests: oneshots
  },
  {
    id: "handed-on-a-step-later",
    file: channel("operation"),
    original: "return inSameStep(handing as Effect.Effect<A>, fiber)",
    replacement: "return Effect.succeed(value)",
    breaks: "a message taken just before an interruption is lost",
    stands: "§3",
    tests: channelSweep
  },
  {
    id: "reply-accepted-after-the-caller-left",
    file: actor("call"),
    original: "return inSameStep(Effect.onExitPrimitive(reply, () => call.leave()), fiber)",
    replacement: "return Effect.onExitPrimitive(reply, () => call.leave())",
    breaks: "a caller interrupted just after its message was sent does not refuse the reply",
    stands: "§0.2",
    tests: actors("call", "races")
  },
  {
    id: "last-permitted-message-unnoticed",
    file: channel("chan"),
    original: "    consumer.endIfDone()\n  }\n",
    replacement: "  }\n",
    breaks: "a consumer waits for ever after the last permitted message of a closed channel",
    stands: "§3",
    tests: consumers
  },
  {
    id: "senders-barge",
    file: channel("permits"),
    original: "return this.#used < this.max && this.#line.isEmpty",
    replacement: "return this.#used < this.max",
    breaks: "a newcomer overtakes a sender that waits",
    stands: "E-1",
    tests: permits
  },
  {
    id: "interrupted-permit-lost",
    file: channel("permits"),
    original: "      this.giveBack(acquirer.n)",
    replacement: "",
    breaks: "an interrupted reserve keeps the room it was granted",
    stands: "B-6",
    tests: channelSweep
  },
  {
    id: "woken-receiver-swallows",
    file: channel("chan"),
    original: "    taker.hasClaim = false\n    this.#claims--\n    this.#wakeReceivers()",
    replacement: "    taker.hasClaim = false",
    breaks: "a receiver that was woken and interrupted takes the wake with it",
    stands: "E-5",
    tests: channelSweep
  },
  {
    id: "close-drops-the-permitted",
    file: channel("chan"),
    original: "this.strongCount === 0) && this.permits.isQuiet",
    replacement: "this.strongCount === 0)",
    breaks: "the receiver ends before what was permitted has arrived",
    stands: "§3",
    tests: permits
  },
  {
    id: "last-sender-unnoticed",
    file: channel("chan"),
    original: "    this.strongCount--\n    this.#wakeReceivers()",
    replacement: "    this.strongCount--",
    breaks: "the receiver never learns that all senders have gone",
    stands: "style §1",
    tests: chans
  },
  {
    id: "turn-in-turn",
    file: channel("consumer"),
    original: "if (this.#state !== \"idle\") return false",
    replacement: "if (this.#state !== \"idle\" && this.#state !== \"turn\") return false",
    breaks: "a message posted by a turn is handled inside that turn",
    stands: "§3",
    tests: consumers
  },
  {
    id: "handler-throws-into-sender",
    file: channel("consumer"),
    original: "return this.#crash(Cause.die(defect))",
    replacement: "throw defect",
    breaks: "a crash of the actor is a crash of whoever happened to post",
    stands: "§3",
    tests: consumers
  },
  {
    id: "stack-deepens",
    file: channel("consumer"),
    original: "if (depth >= maxDepth) {",
    replacement: "if (depth < 0) {",
    breaks: "consumers that call each other overflow the stack",
    stands: "§6",
    tests: consumers
  },
  // Sessions and their cells
  {
    id: "take-before-the-guard",
    file: machine("useCell"),
    original:
      "    const next = inSameStep(Effect.onExitPrimitive(cell, (exit) => cell.leave(exit) as undefined), fiber)\n    return next === cell ? cell.evaluate(fiber) : next",
    replacement:
      "    return Effect.flatMap(Effect.sync(() => cell.evaluate(fiber)), (body) => Effect.onExitPrimitive(body, (exit) => cell.leave(exit) as undefined))",
    breaks: "an interruption between taking and guarding leaks the resource",
    stands: "§6, B-7",
    tests: ["test/sweep/pool.test.ts"]
  },
  {
    id: "guard-behind-the-asking",
    file: machine("useCell"),
    original: "inSameStep(Effect.onExitPrimitive(cell, (exit)",
    replacement: "inSameStep(Effect.onExitPrimitive(cell.evaluate(fiber), (exit)",
    breaks: "a function that throws before it is an effect leaks the resource",
    stands: "§6, B-12",
    tests: shell("use")
  },
  {
    id: "use-waits-a-step-later",
    file: machine("useCell"),
    original: "return inSameStep(this.#wait, fiber)",
    replacement: "return this.#wait",
    breaks: "an answer that comes before the wait has begun is never heard",
    stands: "§6, B-7",
    tests: ["test/sweep/pool.test.ts"]
  },
  {
    id: "checkout-waits-a-step-later",
    file: machine("checkoutCell"),
    original: "return waitAs(this, fiber)",
    replacement: "return Effect.withFiber((later) => waitAs(this, later))",
    breaks: "a checkout interrupted between asking and waiting is lent a resource that nobody has",
    stands: "§6, B-7",
    tests: ["test/sweep/pool.test.ts"]
  },
  {
    id: "lease-handed-on-a-step-later",
    file: machine("checkoutCell"),
    original: "return handOn(this.#handOut(), fiber)",
    replacement: "return Effect.succeed(this.#handOut())",
    breaks: "a lease taken just before an interruption is lost",
    stands: "§6, B-7",
    tests: ["test/sweep/pool.test.ts"]
  },
  {
    id: "guard-skipped-when-interruptible",
    file: machine("useCell"),
    original: "cell.leave(exit) as undefined), fiber)",
    replacement: "cell.leave(exit) as undefined, true), fiber)",
    breaks: "in an interruptible region the finalizer is skipped",
    stands: "§6",
    tests: ["test/sweep/pool.test.ts"]
  },
  {
    id: "no-cancel-after-the-grant",
    file: machine("checkoutCell"),
    original: "  leave(): void {\n    this.#front.cancel(this)",
    replacement: "  leave(): void {\n    if (this.state === \"waiting\") this.#front.cancel(this)",
    breaks: "a checkout interrupted between grant and delivery leaks the resource",
    stands: "§6, B-4",
    tests: shell("checkout")
  },
  {
    id: "use-keeps-an-untouched-grant",
    file: machine("useCell"),
    original: "(this.isPending || this.state === \"lent\")",
    replacement: "(this.isPending)",
    breaks: "a use interrupted between grant and delivery leaks the resource",
    stands: "§6, B-4",
    tests: shell("use")
  },
  {
    id: "foreign-lease-accepted",
    file: machine("lease"),
    original: "#front in lease && lease.#front === front ?",
    replacement: "#front in lease ?",
    breaks: "a lease of pool A is checked into pool B",
    stands: "A-7",
    tests: ["test/conformance/pool-incarnations.test.ts"]
  },
  {
    id: "use-after-return",
    file: machine("lease"),
    original: "const worker = this.#borrow.state === \"lent\" ? this.#borrow.worker : undefined",
    replacement: "const worker = this.#borrow.worker ?? { resource: undefined }",
    breaks: "a resource can be read after its lease has ended",
    stands: "F-3",
    tests: shell("lease")
  },
  {
    id: "interrupted-use-checks-in",
    file: machine("useCell"),
    original: "return front.settings.onInterrupt === \"destroy\"",
    replacement: "return false",
    breaks: "a half-sent query goes to the next borrower",
    stands: "§5.3",
    tests: shell("use")
  },
  {
    id: "defect-checks-in",
    file: machine("useCell"),
    original: "if (Cause.hasDies(cause)) return true",
    replacement: "if (Cause.hasDies(cause)) return false",
    breaks: "a resource that a defect left anyhow goes to the next borrower",
    stands: "§5.3",
    tests: shell("use")
  },
  {
    id: "is-broken-throws",
    file: machine("useCell"),
    original: "} catch {\n    return true",
    replacement: "} catch {\n    return false",
    breaks: "a predicate that throws counts as healthy",
    stands: "§5.3",
    tests: shell("use")
  },
  {
    id: "answer-inline",
    file: machine("shell"),
    original: "if (!borrow.asking) this.#outbox.add(borrow)",
    replacement: "if (!borrow.asking) borrow.deliver()",
    breaks: "a waiter resumes inside the turn that served it",
    stands: "§6",
    tests: shell("use")
  },
  // Workers
  {
    id: "late-product-kept",
    file: machine("workerFiber"),
    original: "      this.#closeScope,\n      Effect.sync(() => {\n        if (this.#told) return",
    replacement: "      Effect.void,\n      Effect.sync(() => {\n        if (this.#told) return",
    breaks: "what opens after its timeout or the end is never closed",
    stands: "C-8, B-14",
    tests: shell("opening")
  },
  {
    id: "death-unnoticed",
    file: machine("workerFiber"),
    original: "this.#place.exited(this.#worker, { _tag: \"Died\", cause: Cause.die(error) })",
    replacement: "void error",
    breaks: "a resource that dies by itself stays lendable until it is closed",
    stands: "H-2",
    tests: shell("link")
  },
  {
    id: "finalizer-failure-hangs",
    file: machine("workerFiber"),
    original: "(cause) => Effect.sync(() => this.#place.closeFailed(cause))",
    replacement: "(cause) => Effect.failCause(cause)",
    breaks: "a finalizer that throws keeps its place in the bound for ever",
    stands: "D-11, H-10",
    tests: shell("closing")
  },
  {
    id: "opening-not-interrupted",
    file: machine("workerFiber"),
    original: "      this.#timedOut = true\n      this.#fiber?.interruptUnsafe()",
    replacement: "      this.#timedOut = true",
    breaks: "a factory past its openTimeout goes on, and counts as abandoned though it would have obeyed",
    stands: "C-8",
    tests: shell("opening")
  },
  {
    id: "started-inside-the-turn",
    file: machine("shell"),
    original: "    this.launcher.add(job)\n    this.#outbox.schedule()",
    replacement: "    job()",
    breaks: "the factory runs on the stack, and in the async context, of the first caller",
    stands: "A-1, §5.1",
    tests: shell("context")
  },
  {
    id: "every-owner-ends-well",
    file: machine("core"),
    original: "down(_tag === \"Normal\")",
    replacement: "down(_tag !== undefined)",
    breaks: "the leases of an owner that died are never given back",
    stands: "H-1",
    tests: shell("owner")
  },
  {
    id: "crash-leaves-workers",
    file: machine("core"),
    original: "this.shell.launch(() => this.shell.crew.closeAll())",
    replacement: "",
    breaks: "after a crash of the actor its resources stay open",
    stands: "§5.3",
    tests: shell("crash")
  },
  {
    id: "dropped-session-lends",
    file: machine("session"),
    original: "    if (this.#dropped) this.#front.refuse(cell)\n",
    replacement: "",
    breaks: "a session that was given up still checks out",
    stands: "§5.3",
    tests: shell("session")
  },
  {
    id: "any-drop-is-the-last",
    file: machine("session"),
    original: "if (--this.#front.sessions > 0 || !settings.stopWithLastSession) return",
    replacement: "if (!settings.stopWithLastSession) return",
    breaks: "the pool ends with the first session that is dropped",
    stands: "§5.3",
    tests: shell("session")
  },
  {
    id: "nobody-awaits-and-is-lent",
    file: asking,
    original: "if (borrow.state !== \"asked\") return\n",
    replacement: "if (borrow.state !== \"asked\" && borrow.state !== \"ended\") return\n",
    breaks: "a grant goes to an asker that left before its turn came",
    stands: "B-4",
    tests: waits
  },
  {
    id: "link-outlives-its-closing",
    file: machine("workerFiber"),
    original: "(this.#stage === \"holding\" && !this.#told)) return",
    replacement: "this.#stage === \"holding\") return",
    breaks: "a link that will not end holds its place, and every shutdown, for ever",
    stands: "H-8",
    tests: shell("stubborn")
  },
  {
    id: "ended-behind-our-back",
    file: machine("workerFiber"),
    original: "    this.#fiber.addObserver((exit) => this.#afterLife(exit))\n",
    replacement: "",
    breaks: "a factory or link that returns no Effect loses its place, and its resource stays open",
    stands: "C-7",
    tests: shell("stubborn")
  },
  {
    id: "body-that-is-no-effect",
    file: machine("useCell"),
    original: "?.[Effect.TypeId] !== undefined) return body",
    replacement: "?.[Effect.TypeId] !== null) return body",
    breaks: "a use whose function returns a Promise lends its resource for ever",
    stands: "B-12",
    tests: shell("stubborn")
  },
  {
    id: "supervisor-in-the-callers-scope",
    file: machine("make"),
    original: "Scope.provide(Supervisor.make({ ...flags, name }, [child]), life)",
    replacement: "Supervisor.make({ ...flags, name }, [child])",
    breaks:
      "a scope that closes all at once ends the pool on behalf of nobody: a lease that the closing fiber forgot hangs it",
    stands: "§5.6",
    tests: shell("scopes")
  },
  {
    id: "finalizer-outlives-the-pool",
    file: machine("make"),
    original: "front.onOver = () => void Scope.closeUnsafe(own, Exit.void)",
    replacement: "",
    breaks: "each pool that ended leaves itself behind in a scope that lives on",
    stands: "invariant 7",
    tests: shell("stubborn")
  },
  {
    id: "schedule-outlives-the-pool",
    file: machine("shell"),
    original: "    this.#backoff.stop()\n",
    replacement: "",
    breaks: "a back-off schedule that waits goes on after the end, and keeps the process alive",
    stands: "invariant 7",
    tests: shell("backoff")
  },
  {
    id: "stillborn-in-a-loop",
    file: staffing,
    original: "else if (++state.stillborn > state.bound) this.#openFailed(cause)",
    replacement: "",
    breaks: "resources that die as soon as they are open are opened again and again without a pause",
    stands: "C-1",
    tests: [testOf("stillborn")]
  },
  {
    id: "bereaved-forgets-its-guard",
    file: lending,
    original: "    borrow.guardFiber = guardFiber\n",
    replacement: "",
    breaks: "a use whose first resource died under it is waited for by the shutdown it asks for itself",
    stands: "§5.6",
    tests: [testOf("stillborn")]
  },
  {
    id: "revoked-and-nobody-hired",
    file: closedown,
    original: "    this.#staffing.hire()\n  }",
    replacement: "  }",
    breaks: "those who wait through a drain wait for one opening at a time, though opening works again",
    stands: "§5.6",
    tests: [testOf("stillborn")]
  },
  // Signals and links
  {
    id: "link-from-one-side",
    file: actor("link"),
    original: "    tie(peer, owner)\n",
    replacement: "",
    breaks: "only the one who made the link hears of the other's end",
    stands: "link/1",
    tests: ["test/conformance/links.test.ts"]
  },
  {
    id: "two-links-of-a-pair",
    file: actor("link"),
    original: "else if (!owner.links.has(peer)) {",
    replacement: "else {",
    breaks: "who links twice is told twice",
    stands: "link/1",
    tests: actors("links")
  },
  {
    id: "link-to-the-dead",
    file: actor("link"),
    original: "owner.signal(Option.some(target), ExitReason.noProcess)",
    replacement: "return",
    breaks: "who links to the dead waits for an end that has been",
    stands: "link/1",
    tests: actors("links")
  },
  {
    id: "unlink-from-one-side",
    file: actor("link"),
    original: "  loosen(one, other)\n  loosen(other, one)",
    replacement: "  loosen(one, other)",
    breaks: "an unlink of mine leaves the other side linked to me",
    stands: "unlink/1",
    tests: actors("links")
  },
  {
    id: "link-keeps-the-dead",
    file: actor("link"),
    original: "    cut(this.#owner, this.#peer)\n",
    replacement: "",
    breaks: "a hub keeps every actor that was ever linked to it",
    stands: "decision 13",
    tests: actors("links")
  },
  {
    id: "normal-kills-the-linked",
    file: proc,
    original: "else if (reason._tag !== \"Normal\") this.condemn(reason)",
    replacement: "else this.condemn(reason)",
    breaks: "an actor that ends well takes along whoever is linked to it",
    stands: "§4",
    tests: actors("links")
  },
  {
    id: "link-kill-untrappable",
    file: proc,
    original: "reason._tag === \"Killed\" && Option.isNone(from)",
    replacement: "reason._tag === \"Killed\"",
    breaks: "a Killed that comes over a link cannot be trapped",
    stands: "exit/2",
    tests: actors("links")
  },
  {
    id: "kill-can-be-trapped",
    file: proc,
    original: "reason._tag === \"Killed\" && Option.isNone(from)",
    replacement: "reason._tag === \"Killed\" && this.behavior.trapExit !== true",
    breaks: "who traps exits cannot be killed",
    stands: "exit/2",
    tests: actors("links")
  },
  {
    id: "kill-waits-for-terminate",
    file: proc,
    original: "if (this.#isKilled) this.#terminator.interrupt()",
    replacement: "",
    breaks: "a kill waits for a terminate that is stuck",
    stands: "decision 13",
    tests: actors("links")
  },
  {
    id: "kill-after-shutdown",
    file: proc,
    original: "    this.#doom = ExitReason.killed\n    this.#isKilled",
    replacement: "    this.#isKilled",
    breaks: "one that is killed while it ends says it had ended well",
    stands: "exit/2",
    tests: actors("links")
  },
  {
    id: "killed-runs-terminate",
    file: proc,
    original: "this.#isKilled || (reason._tag === \"Killed\" && !this.#isOrphan)",
    replacement: "false",
    breaks: "brutal_kill runs the child's terminate",
    stands: "gen_server(3)",
    tests: actors("supervisorEnds")
  },
  {
    id: "dead-in-init-is-spawned",
    file: proc,
    original: "    if (this.#doom !== undefined) return\n    this.isStarted = true",
    replacement: "    this.isStarted = true",
    breaks: "spawn gives an actor that was told to end by its init",
    stands: "gen_server(3)",
    tests: actors("links")
  },
  {
    id: "orphan-loses-terminate",
    file: proc,
    original: "this.#isOrphan = this.behavior.trapExit === true",
    replacement: "this.#isOrphan = false",
    breaks: "who traps exits does not clean up when its supervisor is killed",
    stands: "gen_server(3)",
    tests: actors("supervisorEnds")
  },
  // Names
  {
    id: "name-of-the-dead",
    file: actor("registry"),
    original: "return holder !== undefined && holder.isAliveUnsafe ? holder : undefined",
    replacement: "return holder",
    breaks: "who hears of an end first finds the name still taken",
    stands: "whereis/1",
    tests: actors("registry")
  },
  {
    id: "late-end-frees-the-name",
    file: actor("registry"),
    original: "if (this.#holdings.get(this.#name) === this) this.#holdings.delete(this.#name)",
    replacement: "this.#holdings.delete(this.#name)",
    breaks: "the end of the last holder takes the name from the next one",
    stands: "decision 13",
    tests: actors("registry")
  },
  {
    id: "address-clings",
    file: actor("registry"),
    original: "    return this.#registry.holderOf(this.#name)",
    replacement: "    return ((this as any).found ??= this.#registry.holderOf(this.#name))",
    breaks: "an address does not survive the restart of what it names",
    stands: "§4",
    tests: actors("registry")
  },
  // Supervisors: starting and stopping
  {
    id: "stopped-in-start-order",
    file: actor("supervisor"),
    original: "Effect.forEach(children.slice().reverse(), (child) => child.stop",
    replacement: "Effect.forEach(children, (child) => child.stop",
    breaks: "a child is stopped before those that depend on it",
    stands: "supervisor(3)",
    tests: actors("supervisor")
  },
  {
    id: "half-a-tree",
    file: actor("supervisor"),
    original: "if (failure !== undefined) return this.makeStartFailed(child.spec.id, failure)",
    replacement: "",
    breaks: "a supervisor begins without the child that did not start",
    stands: "supervisor(3)",
    tests: actors("supervisor")
  },
  {
    id: "deaf-start",
    file: actor("child"),
    original: "restore(Effect.provideContext(this.spec.start, context))",
    replacement: "Effect.provideContext(this.spec.start, context)",
    breaks: "a start that hangs keeps its supervisor from ending",
    stands: "decision 13",
    tests: actors("supervisorEnds")
  },
  {
    id: "failed-start-leaks",
    file: actor("child"),
    original: "Effect.as(life.stop(this.#budget), failure)",
    replacement: "Effect.succeed(failure)",
    breaks: "what a start opened before it failed stays open",
    stands: "decision 13",
    tests: actors("supervisor")
  },
  {
    id: "interrupted-make-leaks",
    file: supervising,
    original: "Effect.onInterrupt(restore(this.#begun.wait), () => this.#close)",
    replacement: "restore(this.#begun.wait)",
    breaks: "a make that is interrupted leaves its children running",
    stands: "decision 13",
    tests: actors("supervisorEnds")
  },
  {
    id: "failed-start-keeps-its-spec",
    file: actor("supervisor"),
    original: "if (!hasStarted) this.#table.delete(spec.id!)",
    replacement: "",
    breaks: "a startChild that failed has taken the id",
    stands: "supervisor(3)",
    tests: actors("supervisorAsked")
  },
  {
    id: "caller-overruled",
    file: supervising,
    original: "Context.merge(own, withoutCaller(caller))",
    replacement: "Context.merge(withoutCaller(caller), own)",
    breaks: "a child does not get the services that startChild's caller provides",
    stands: "decision 13",
    tests: actors("supervisorAsked")
  },
  {
    id: "child-in-the-callers-span",
    file: supervising,
    original: "Context.omit(Tracer.ParentSpan, Scope.Scope, Current)",
    replacement: "Context.omit(Scope.Scope, Current)",
    breaks: "every restart of a child is a part of the request that once started it",
    stands: "decision 13",
    tests: actors("supervisorAsked")
  },
  {
    id: "supervisor-awaits-itself",
    file: proc,
    original: "      if (fiber.getRef(Current) === this) return Effect.sync(act)\n",
    replacement: "",
    breaks: "a child that closes its supervisor's scope hangs",
    stands: "decision 13",
    tests: actors("supervisorEnds")
  },
  {
    id: "supervisor-stays-in-its-scope",
    file: supervising,
    original: "      void Scope.closeUnsafe(own, Exit.void)\n",
    replacement: "",
    breaks: "each supervisor that has ended leaves itself behind in a scope that lives on",
    stands: "invariant 7",
    tests: actors("supervisorEnds")
  },
  {
    id: "stranger-ends-supervisor",
    file: actor("supervisorProcess"),
    original: "    if (Option.isSome(from)) return\n",
    replacement: "",
    breaks: "a supervisor ends with a stranger that was linked to it",
    stands: "supervisor(3)",
    tests: actors("supervisorEnds")
  },
  {
    id: "kill-is-an-order",
    file: actor("supervisorProcess"),
    original: "if (reason._tag === \"Killed\") this.kill()\n    else this.condemn(reason)",
    replacement: "this.condemn(reason)",
    breaks: "a supervisor that is stopping a child cannot be killed",
    stands: "exit/2",
    tests: actors("supervisorEnds")
  },
  {
    id: "orphans-live-on",
    file: supervising,
    original: "for (const child of orphans) child.life?.orphan()",
    replacement: "",
    breaks: "the children of a supervisor that was killed end with Shutdown",
    stands: "decision 13",
    tests: actors("supervisorEnds")
  },
  {
    id: "orphans-keep-their-scopes",
    file: supervising,
    original: "    this.fork(Effect.map(stopping, leave))",
    replacement: "    leave()",
    breaks: "what the children of a killed supervisor hold is never released",
    stands: "decision 13",
    tests: actors("supervisorEnds")
  },
  // Supervisors: restarts
  {
    id: "transient-as-permanent",
    file: supervising,
    original: "(child.spec.restart === \"transient\" && isAbnormal)",
    replacement: "child.spec.restart === \"transient\"",
    breaks: "a transient child that ends well is started again",
    stands: "supervisor(3)",
    tests: actors("supervisor")
  },
  {
    id: "temporary-spec-stays",
    file: actor("supervisor"),
    original: "if (child.spec.restart === \"temporary\") this.#table.delete(child.spec.id!)",
    replacement: "",
    breaks: "a temporary child that has ended still takes its id",
    stands: "supervisor(3)",
    tests: actors("supervisorAsked")
  },
  {
    id: "temporary-restarted",
    file: actor("supervisor"),
    original: "child.spec.restart !== \"temporary\" && !(yield*",
    replacement: "!(yield*",
    breaks: "one_for_all starts its temporary children again",
    stands: "supervisor(3)",
    tests: actors("supervisor")
  },
  {
    id: "rest-is-all",
    file: actor("supervisor"),
    original: "all.slice(all.indexOf(child))",
    replacement: "all",
    breaks: "rest_for_one restarts those that do not depend on the child",
    stands: "supervisor(3)",
    tests: actors("supervisor")
  },
  {
    id: "stopped-stay-stopped",
    file: actor("supervisor"),
    original: "return this.#restartThem(Array.from(this.children))",
    replacement:
      "return this.#restartThem(Array.from(this.children).filter((each) => each === child || !each.isStopped))",
    breaks: "one_for_all leaves out those that had been stopped before",
    stands: "decision 13",
    tests: actors("supervisor")
  },
  {
    id: "started-past-a-failure",
    file: actor("supervisor"),
    original: "this.startAgain(child))) return",
    replacement: "this.startAgain(child))) continue",
    breaks: "children start though one they depend on did not",
    stands: "decision 13",
    tests: actors("supervisor")
  },
  {
    id: "stale-exit",
    file: supervising,
    original: "if (child.life !== life) return",
    replacement: "",
    breaks: "a child that died while a sibling was restarted is restarted twice",
    stands: "decision 13",
    tests: ["test/interleaving/supervisor.test.ts"]
  },
  {
    id: "restart-before-release",
    file: supervising,
    original: "      yield* child.stop\n      const isDue",
    replacement: "      const isDue",
    breaks: "a child starts again while what its last life opened is still open",
    stands: "decision 13",
    tests: actors("supervisor")
  },
  {
    id: "escalation-is-a-crash",
    file: supervising,
    original: "Effect.sync(() => this.process.condemn(ExitReason.shutdown))",
    replacement: "Effect.sync(() => this.process.condemn(reason))",
    breaks: "a transient supervisor that has given up is started again",
    stands: "supervisor(3)",
    tests: actors("supervisor")
  },
  {
    id: "restarts-without-limit",
    file: actor("restartWindow"),
    original: "recent.length <= intensity",
    replacement: "recent.length <= intensity + 1",
    breaks: "a supervisor bears one restart more than its intensity",
    stands: "supervisor(3)",
    tests: actors("restartWindow")
  },
  {
    id: "period-without-its-edge",
    file: actor("restartWindow"),
    original: "instant >= now - period",
    replacement: "instant > now - period",
    breaks: "a restart exactly one period ago is forgotten",
    stands: "supervisor(3)",
    tests: actors("restartWindow")
  },
  {
    id: "attempts-are-free",
    file: supervising,
    original: "this.#restart(message.child, message.reason)",
    replacement: "this.restart(message.child)",
    breaks: "a child that cannot be started again is tried for ever",
    stands: "supervisor(3)",
    tests: actors("supervisor")
  },
  {
    id: "retry-after-a-stop",
    file: supervising,
    original: "message.child.isRestarting ? this.#restart(message.child, message.reason) : undefined",
    replacement: "this.#restart(message.child, message.reason)",
    breaks: "a child that was terminated between two attempts is started again",
    stands: "supervisor(3)",
    tests: actors("supervisor")
  },
  {
    id: "retry-within-the-turn",
    file: supervising,
    original: "      this.process.castUnsafe({ _tag: \"Retry\", child, reason })\n",
    replacement: "      if (this.process.isAliveUnsafe) return Effect.as(this.#restart(child, reason), false)\n",
    breaks: "no request comes between two attempts",
    stands: "supervisor(3)",
    tests: actors("supervisor")
  },
  {
    id: "all-significant-and-others",
    file: supervising,
    original: "other.spec.significant && !other.isStopped",
    replacement: "!other.isStopped",
    breaks: "all_significant waits for children that are not significant",
    stands: "supervisor(3)",
    tests: actors("supervisor")
  },
  {
    id: "stop-by-hand-ends-all",
    file: supervising,
    original: "const done = (): void => {",
    replacement:
      "const done = (): void => {\n      if (this.#isEndedBy(child)) this.process.condemn(ExitReason.shutdown)",
    breaks: "terminateChild of a significant child ends the supervisor",
    stands: "supervisor(3)",
    tests: actors("supervisor")
  },
  {
    id: "reason-of-the-early-dead",
    file: actor("childBody"),
    original: "onEnd(this.key.reason)",
    replacement: "onEnd(ExitReason.noProcess)",
    breaks: "a transient child that ended well before it was watched is started again",
    stands: "decision 13",
    tests: actors("supervisor")
  },
  // Supervisors: requests, and children without ids
  {
    id: "delete-while-running",
    file: actor("supervisor"),
    original: "if (child?.isStopped === true) return child",
    replacement: "if (child !== undefined) return child",
    breaks: "deleteChild forgets a child that runs",
    stands: "supervisor(3)",
    tests: actors("supervisorAsked")
  },
  {
    id: "stopped-is-no-reply",
    file: supervising,
    original: "Effect.onInterrupt(Effect.map(child.stop, done), () => Effect.sync(() => life?.afterStop(done)))",
    replacement: "Effect.map(child.stop, done)",
    breaks: "a terminateChild under way is noproc when the supervisor is told to end",
    stands: "decision 13",
    tests: actors("supervisorAsked")
  },
  {
    id: "requests-are-dead-letters",
    file: actor("supervisorProcess"),
    original: "override deadLetter(): void {}",
    replacement: "override deadLetter(message?: unknown): void { super.deadLetter(message) }",
    breaks: "what a supervisor says to itself is published as dead letters",
    stands: "decision 13",
    tests: actors("supervisorAsked")
  },
  {
    id: "dynamic-one-by-one",
    file: actor("dynamicSupervisor"),
    original: "concurrency: \"unbounded\"",
    replacement: "concurrency: 1",
    breaks: "a thousand children are stopped one after another",
    stands: "supervisor(3)",
    tests: actors("dynamicSupervisor")
  },
  {
    id: "dynamic-knows-the-dead",
    file: actor("dynamicSupervisor"),
    original: "    this.#unindex(child)\n    const key",
    replacement: "    const key",
    breaks: "terminateChild of a life that is over stops the next one",
    stands: "decision 13",
    tests: actors("dynamicSupervisor")
  },
  // Supervisors: a life, and a child's spec
  {
    id: "supervisor-has-5-seconds",
    file: actor("child"),
    original: "=== \"supervisor\" ? Infinity : workerBudget",
    replacement: "=== \"supervisor\" ? workerBudget : workerBudget",
    breaks: "a supervisor is killed while it stops its children",
    stands: "supervisor(3)",
    tests: actors("supervisorEnds")
  },
  {
    id: "brutal-kill-is-gentle",
    file: actor("life"),
    original: "    if (budget === \"brutal_kill\") body?.kill()\n",
    replacement: "",
    breaks: "brutal_kill waits for the child's terminate",
    stands: "supervisor(3)",
    tests: actors("supervisorEnds")
  },
  {
    id: "budget-without-a-kill",
    file: actor("life"),
    original: "and is killed`)\n        body?.kill()",
    replacement: "and is killed`)",
    breaks: "a child past its budget is given up without a kill",
    stands: "supervisor(3)",
    tests: actors("supervisorEnds")
  },
  {
    id: "elsewhere-lives-on",
    file: actor("life"),
    original: "if (this.#isUp) body?.shutdown()",
    replacement: "",
    breaks: "a child that lives in another scope is not told to stop, and is killed",
    stands: "decision 13",
    tests: actors("supervisorEnds")
  },
  {
    id: "nothing-is-abandoned",
    file: actor("life"),
    original: "if (yield* within(grace, over)) return",
    replacement: "yield* over\n    if (grace > 0) return",
    breaks: "a child that cannot be killed keeps its supervisor from going on",
    stands: "decision 13",
    tests: actors("supervisorEnds")
  },
  {
    id: "transient-by-default",
    file: actor("childSpec"),
    original: "restart: restart ?? \"permanent\",",
    replacement: "restart: restart ?? \"transient\",",
    breaks: "a child of which nothing is said is not restarted when it ends well",
    stands: "supervisor(3)",
    tests: actors("supervisor")
  },
  {
    id: "not-a-number-is-a-budget",
    file: actor("childSpec"),
    original: "input >= 0 ? input : undefined",
    replacement: "input < 0 ? undefined : input",
    breaks: "NaN is a budget, of nothing",
    stands: "§5.4",
    tests: actors("supervisorAsked")
  },
  {
    id: "one-id-twice",
    file: actor("childSpec"),
    original: "if (ids.has(id)) problems.push",
    replacement: "if (false) problems.push",
    breaks: "of two children of one id the first is forgotten",
    stands: "supervisor(3)",
    tests: actors("supervisorAsked")
  }
]

/** Those that are tried in every run. */
export { core }

export const mutants: ReadonlyArray<Mutant> = [
  ...core,
  ...checks,
  ...queue,
  ...keyed,
  ...upkeep,
  ...policies,
  ...sharing
]
