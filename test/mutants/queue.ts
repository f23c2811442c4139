/** Faults in who is served next, and who is dropped instead. */
import type { Mutant } from "./mutants.ts"

const machine = (file: string) => `src/pool/internal/${file}.ts`
const [discipline, codel] = [machine("discipline"), machine("codel")]
const disciplines = ["test/pool/discipline.test.ts"]
const codels = ["test/pool/codel.test.ts"]

export const queue: ReadonlyArray<Mutant> = [
  {
    id: "unfair-turn",
    file: discipline,
    original: "    this.#ring.remove(tenant)\n    this.#ring.append(tenant)\n",
    replacement: "",
    breaks: "a tenant that is served keeps its turn for as long as it has somebody to serve",
    stands: "Q11",
    tests: disciplines
  },
  {
    id: "lease-of-a-key-for-ever",
    file: discipline,
    original: "    tenant.leases--\n",
    replacement: "",
    breaks: "a key at its limit stays there",
    stands: "Q11",
    tests: disciplines
  },
  {
    id: "tenants-stay",
    file: discipline,
    original: "    if (waiting === 0 && leases === 0) this.#tenants.delete(tenant.key)\n",
    replacement: "",
    breaks: "every key that has ever asked is remembered",
    stands: "G-6",
    tests: disciplines
  },
  {
    id: "servable-beyond-the-limit",
    file: discipline,
    original: "Math.min(waiting, this.#maxPerKey - leases)",
    replacement: "waiting",
    breaks: "those of a key at its limit are served",
    stands: "Q11",
    tests: disciplines
  },
  {
    id: "score-of-the-last-join",
    file: discipline,
    original: "borrow.askedAt ??= now",
    replacement: "borrow.askedAt = now",
    breaks: "whose resource died before it had it begins to age anew",
    stands: "Q3",
    tests: disciplines
  },
  {
    id: "one-codel-for-all",
    file: discipline,
    original: "return this.#spots.get(borrow)?.lane.codel",
    replacement: "return undefined",
    breaks: "the quiet hide how long the noisy wait, and nobody is dropped",
    stands: "Q5",
    tests: disciplines
  },
  {
    id: "old-place-lost",
    file: machine("tenant"),
    original: "lane.tail === undefined || lane.tail.borrow.ticket < ticket",
    replacement: "ticket > 0",
    breaks: "who waits again stands at the end of its class",
    stands: "Q1",
    tests: disciplines
  },
  {
    id: "codel-drops-the-first",
    file: codel,
    original: "      this.#begin(waited, now)\n      return false\n",
    replacement: "      this.#begin(waited, now)\n",
    breaks: "the first of an interval is dropped, so a pool that was slow once serves nobody at low load",
    stands: "Q5",
    tests: codels
  },
  {
    id: "codel-drops-at-the-target",
    file: codel,
    original: "this.#isSlow && waited > this.#late",
    replacement: "this.#isSlow && waited > this.#target",
    breaks: "a slow pool drops twice as soon as DBConnection's",
    stands: "Q5",
    tests: codels
  },
  {
    id: "codel-forgets-the-least",
    file: codel,
    original: "    if (waited < this.#delay) this.#delay = waited\n",
    replacement: "",
    breaks: "a burst counts as overload",
    stands: "Q5",
    tests: codels
  },
  {
    id: "codel-looks-at-what-moves",
    file: codel,
    original: "if (hasMoved || now < this.#next)",
    replacement: "if (now < this.#next)",
    breaks: "the look drops those of a queue that moves",
    stands: "Q5",
    tests: codels
  }
]
