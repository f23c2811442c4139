/** Faults in pools by key, in pools with a limit in common, in shards and in groups. */
import type { Mutant } from "./mutants.ts"

const machine = (file: string) => `src/pool/internal/${file}.ts`
const testsOf = (name: string) => [`test/pool/${name}.test.ts`]

const quotaRandom = ["test/pool/machine/quotaRandom.test.ts"]

export const keyed: ReadonlyArray<Mutant> = [
  {
    id: "idle-key-in-use",
    file: machine("keyed"),
    original: "!isUsed(Effect.runSync(entry.session!.status))",
    replacement: "(true as boolean)",
    breaks: "a key whose lease is out is closed as idle",
    stands: "K3",
    tests: testsOf("keyedIdle")
  },
  {
    id: "key-looked-at-once",
    file: machine("keyed"),
    original: "      else this.#list(entry, now + Math.max(0, leastPause - this.#plan.idleTimeToLive))\n",
    replacement: "",
    breaks: "a key that was in use when it fell due is never looked at again",
    stands: "K3",
    tests: testsOf("keyedIdle")
  },
  {
    id: "suspended-key-is-idle",
    file: machine("keyed"),
    original: " || suspended",
    replacement: "",
    breaks: "a suspended pool is closed as idle, and whoever resumes it has another one",
    stands: "K3",
    tests: testsOf("keyedIdle")
  },
  {
    id: "making-goes-on-after-the-end",
    file: machine("keyed"),
    original: "      else if (entry.state === \"making\") entry.fiber?.interruptUnsafe()\n",
    replacement: "",
    breaks: "closing the keyed pool waits for an opening that hangs",
    stands: "I-3",
    tests: testsOf("keyedEnds")
  },
  {
    id: "no-deadline-before-the-pool",
    file: machine("keyed"),
    original: "      for (const ask of entry.line) ask.bound(entry)\n",
    replacement: "",
    breaks: "who waits for the pool of a key, and gives no timeout, waits for ever",
    stands: "J-2",
    tests: testsOf("keyed")
  },
  {
    id: "pool-made-by-its-first-user",
    file: machine("keyed"),
    original:
      "    this.launcher.add(() => void (entry.fiber = this.#fork(this.#live(entry))))\n    this.host.wake.deliver(this.#waker)\n",
    replacement: "    entry.fiber = this.#fork(this.#live(entry))\n",
    breaks: "the pool of a key has the async-local storage of whoever used it first",
    stands: "K1",
    tests: testsOf("keyed")
  },
  {
    id: "failed-key-is-found",
    file: machine("keyedAsk"),
    original: "    if (this.#refusal !== undefined) return this.#end(refused(this.#refusal, this.#poolName))\n",
    replacement: "",
    breaks: "who has waited for a pool that could not be made has another one made, and another",
    stands: "K1",
    tests: testsOf("keyed")
  },
  {
    id: "two-budgets",
    file: machine("keyedAsk"),
    original: "left: left === undefined ? undefined : { timeout: left }",
    replacement: "left: undefined",
    breaks: "the queue of a key's pool has a deadline of its own, behind that of its making",
    stands: "J-2",
    tests: testsOf("keyed")
  },
  {
    id: "interrupted-asker-stays-in-line",
    file: machine("keyedAsk"),
    original: "  leave(): void {\n    this.#leaveLine()\n",
    replacement: "  leave(): void {\n",
    breaks: "a key that somebody has once waited for in vain never goes",
    stands: "K3",
    tests: testsOf("keyed")
  },
  {
    id: "checkin-of-a-former-pool",
    file: machine("keyedSession"),
    original: "      if (!lease.isLive) return Effect.void\n",
    replacement: "",
    breaks: "a lease of the key's last pool, given back late, is a defect",
    stands: "F-1",
    tests: testsOf("keyedSession")
  },
  {
    id: "place-for-whoever-comes",
    file: machine("quota"),
    original: "this.#line.size > 0 || this.#taken >= this.max",
    replacement: "this.#taken >= this.max",
    breaks: "whoever asks first when a place comes free has it, though others wait",
    stands: "E-1",
    tests: testsOf("keyedQuota")
  },
  {
    id: "place-lost",
    file: machine("quota"),
    original: "    member.granted = 0\n    this.#taken--\n",
    replacement: "    member.granted = 0\n",
    breaks: "a place that was granted and not taken is gone for good",
    stands: "D-14",
    tests: testsOf("keyedQuota")
  },
  {
    id: "closings-not-counted",
    file: machine("quota"),
    original: "let missing = -this.#closing",
    replacement: "let missing = 0",
    breaks: "more is closed than is needed, since what is closing already is not seen",
    stands: "D-3",
    tests: testsOf("keyedQuota")
  },
  {
    id: "any-idle-one",
    file: machine("quota"),
    original: "      if (idleSince >= since) continue\n",
    replacement: "",
    breaks: "not the longest idle one is closed to make room",
    stands: "D-3",
    tests: testsOf("keyedQuota")
  },
  {
    id: "strict-order-over-keys",
    file: machine("quota"),
    original: "other.party.isBare() && ",
    replacement: "",
    breaks: "busy keys close and open a resource at every other checkout",
    stands: "D-3",
    tests: testsOf("keyedQuota")
  },
  {
    id: "starved-key",
    file: machine("quota"),
    original: "demand > 0 && other.party.isBare() && other.party.firstTicket() < ticket",
    replacement: "false as boolean",
    breaks: "a key waits for as long as another one is busy",
    stands: "D-3",
    tests: testsOf("keyedQuota")
  },
  {
    id: "places-of-the-dead",
    file: machine("quota"),
    original: "    this.#quota.free(this.#taken + this.granted)\n",
    replacement: "",
    breaks: "what a pool had when it crashed is never had again",
    stands: "D-14",
    tests: testsOf("keyedQuota")
  },
  {
    id: "in-line-without-demand",
    file: machine("quota"),
    original: "      if (member.party.demand() === 0) this.#line.delete(member)\n      else if",
    replacement: "      if",
    breaks: "who has left the line is served before those who wait",
    stands: "D-3",
    tests: quotaRandom
  },
  {
    id: "place-for-a-backoff",
    file: machine("quotaParty"),
    original: " || backoff !== undefined",
    replacement: "",
    breaks: "others yield to a pool that may not open yet",
    stands: "D-3",
    tests: quotaRandom
  },
  {
    id: "place-for-the-suspended",
    file: machine("quotaParty"),
    original: " || isSuspended) return 0",
    replacement: ") return 0",
    breaks: "others yield to a pool that lends nothing for now",
    stands: "D-3",
    tests: quotaRandom
  },
  {
    id: "a-place-for-each-waiter",
    file: machine("quotaParty"),
    original: "Math.ceil(servable / settings.concurrency)",
    replacement: "servable",
    breaks: "others yield a place for each who waits, though several will share what is opened",
    stands: "D-3",
    tests: quotaRandom
  },
  {
    id: "place-for-what-is-checked",
    file: machine("quotaParty"),
    original: "Math.ceil(servable / settings.concurrency) - coming",
    replacement: "Math.ceil(servable / settings.concurrency)",
    breaks: "others yield to a waiter whose resource is about to be free",
    stands: "D-3",
    tests: quotaRandom
  },
  {
    id: "place-beyond-the-bound",
    file: machine("quotaParty"),
    original: "Math.min(sought, opening + room, abreast)",
    replacement: "Math.min(sought, abreast)",
    breaks: "others yield to a pool that has all it may have",
    stands: "D-3",
    tests: quotaRandom
  },
  {
    id: "places-for-a-storm",
    file: machine("quotaParty"),
    original: "Math.min(sought, opening + room, abreast)",
    replacement: "Math.min(sought, opening + room)",
    breaks: "others yield more than a pool may open side by side",
    stands: "D-3",
    tests: quotaRandom
  },
  {
    id: "first-of-the-served",
    file: machine("quotaParty"),
    original: "let served = (coming + opening) * settings.concurrency;",
    replacement: "let served = 0;",
    breaks: "a pool is served before an older waiter of another one, for the sake of one who has something under way",
    stands: "E-1",
    tests: quotaRandom
  },
  {
    id: "bare-while-it-opens",
    file: machine("quotaParty"),
    original: "return this.#state.live === 0",
    replacement: "return this.#state.open === 0",
    breaks: "a busy pool yields to one that is opening already",
    stands: "D-3",
    tests: quotaRandom
  },
  {
    id: "closed-for-nothing",
    file: machine("quotaParty"),
    original: "isShrinking: true",
    replacement: "isShrinking: false",
    breaks: "what was closed to make room is wanted back at once",
    stands: "D-3",
    tests: quotaRandom
  },
  {
    id: "shared-given-up-for-younger",
    file: machine("lending"),
    original: "this.#isOwed(this.#queueing.next(), true)",
    replacement: "this.#isOwed(undefined, true)",
    breaks: "what several share is given up for others, though somebody older waits for it",
    stands: "E-1",
    tests: quotaRandom
  },
  {
    id: "the-dead-are-asked",
    file: machine("quotaParty"),
    original: "phase === \"closed\" ? undefined : idle.head?.idleSince",
    replacement: "idle.head?.idleSince",
    breaks: "until a crashed pool has gone it is asked for what it had idle, and nobody else is",
    stands: "D-3",
    tests: quotaRandom
  },
  {
    id: "shares-do-not-fit",
    file: machine("sharded"),
    original: "(toTheLast ? count - 1 - index : index)",
    replacement: "index",
    breaks: "the shards with more resources have more overflow, too",
    stands: "K4",
    tests: testsOf("sharded")
  },
  {
    id: "sent-to-the-dead",
    file: machine("sharded"),
    original: "state === \"draining\" || state === \"closed\" ? Infinity : ",
    replacement: "",
    breaks: "a shard that is closed is the least busy of all",
    stands: "K4",
    tests: testsOf("sharded")
  },
  {
    id: "half-made-shards",
    file: machine("sharded"),
    original: ".pipe(Effect.onError((cause) => Scope.close(own, Exit.failCause(cause))))",
    replacement: "",
    breaks: "where one shard cannot be made, the others stay open",
    stands: "K4",
    tests: testsOf("sharded")
  },
  {
    id: "body-run-twice",
    file: machine("group"),
    original: "hasLent() ? undefined : ",
    replacement: "",
    breaks: "a body that fails as a checkout does is run again elsewhere",
    stands: "K5",
    tests: testsOf("group")
  },
  {
    id: "tried-by-all",
    file: machine("group"),
    original: "      member.downUntil = now + this.#settings.retryAfter\n      const trial",
    replacement: "      const trial",
    breaks: "all callers wait for a member that is on trial",
    stands: "K5",
    tests: testsOf("group")
  },
  {
    id: "busy-is-down",
    file: machine("group"),
    original: "return isCut || (isOpening && isImpatient)",
    replacement: "return true",
    breaks: "whoever finds the primary busy has the replica",
    stands: "K5",
    tests: testsOf("group")
  },
  {
    id: "demoted-but-kept",
    file: machine("group"),
    original: "    return member.session.evictAll()\n",
    replacement: "    return undefined\n",
    breaks: "connections of a demoted primary are lent again after a while",
    stands: "K5",
    tests: testsOf("group")
  },
  {
    id: "stuck-behind-the-dead",
    file: machine("groupMake"),
    original: "breaker: options.breaker ?? { failures: 1 }",
    replacement: "breaker: options.breaker",
    breaks: "who waits at a member that goes down waits for the deadline",
    stands: "K5",
    tests: testsOf("group")
  }
]
