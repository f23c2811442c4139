/** Controlled delay, by its published behaviour: DBConnection's `queue_target` and `queue_interval`, and RFC 8289. */
import { assert, describe, it } from "@effect/vitest"
import { Codel } from "../../src/pool/internal/codel.ts"

const target = 50
const interval = 1_000

const make = () => new Codel({ target, interval })

describe("who is dropped", () => {
  it("nobody in the first interval, however long they have waited", () => {
    const codel = make()
    for (let now = 0; now < interval; now += 10) assert.isFalse(codel.drops(5_000, now), `at ${now}`)
  })

  it("after an interval in which nobody waited for less than the target, who has waited for more than twice of it", () => {
    const codel = make()
    codel.drops(target + 1, 0)
    assert.isFalse(codel.drops(5_000, interval), "the first of an interval is served")
    assert.isTrue(codel.drops(2 * target + 1, interval))
    assert.isFalse(codel.drops(2 * target, interval))
    assert.isFalse(codel.drops(0, interval))
    assert.isTrue(codel.drops(2 * target + 1, 2 * interval - 1))
  })

  it("nobody, if one of the last interval has waited for no more than the target: that was a burst", () => {
    const codel = make()
    codel.drops(4_000, 0)
    codel.drops(target, 500)
    codel.drops(4_000, 999)
    codel.drops(4_000, interval)
    assert.isFalse(codel.drops(4_000, interval + 1))
  })

  it("nobody, if something was free and nobody waited within the last interval", () => {
    const codel = make()
    codel.drops(4_000, 0)
    codel.idle(999)
    codel.drops(4_000, interval)
    assert.isFalse(codel.drops(4_000, interval + 1))
  })

  it("nobody any more, as soon as an interval has begun in which the last one was below the target", () => {
    const codel = make()
    codel.drops(4_000, 0)
    codel.drops(4_000, interval)
    assert.isTrue(codel.drops(101, interval + 1))
    codel.drops(target, interval + 2)
    assert.isTrue(codel.drops(101, interval + 3), "but until then")
    assert.isFalse(codel.drops(4_000, 2 * interval))
    assert.isFalse(codel.drops(4_000, 2 * interval + 1))
  })

  it("those dropped do not count: the least delay is of those who are served", () => {
    const codel = make()
    codel.drops(4_000, 0)
    codel.drops(90, interval)
    codel.drops(4_000, interval + 1)
    codel.drops(90, 2 * interval)
    assert.isTrue(codel.drops(101, 2 * interval + 1))
  })

  it("an interval begins with the first turn after the last one, also with one in which nobody waits", () => {
    const codel = make()
    codel.drops(4_000, 0)
    codel.idle(5 * interval)
    // What went before says that the pool was slow, and the interval that was idle that it is not any more.
    assert.isTrue(codel.drops(4_000, 5 * interval + 1))
    codel.drops(4_000, 6 * interval)
    assert.isFalse(codel.drops(4_000, 6 * interval + 1))
  })
})

describe("when nothing comes free", () => {
  it("there is a look after an interval, and the second one drops all who are late", () => {
    const codel = make()
    codel.idle(0)
    codel.watch(100)
    assert.strictEqual(codel.lookAt, 100 + interval)
    assert.strictEqual(codel.look(100, 100 + interval), -Infinity)
    assert.strictEqual(codel.lookAt, 100 + 2 * interval)
    assert.strictEqual(codel.look(100, 100 + 2 * interval), 100 + 2 * interval - 2 * target)
    // All that were late are gone, and of those who came later the oldest stands at the head now.
    assert.strictEqual(codel.look(100 + 2 * interval - 50, 100 + 3 * interval), -Infinity)
    assert.strictEqual(codel.look(100 + 2 * interval - 50, 100 + 4 * interval), 100 + 4 * interval - 2 * target)
  })

  it("a look before its time sees nothing, and changes nothing", () => {
    const codel = make()
    codel.watch(0)
    codel.look(0, interval)
    assert.strictEqual(codel.look(0, 2 * interval - 1), -Infinity)
    assert.strictEqual(codel.lookAt, 2 * interval)
    assert.strictEqual(codel.look(0, 2 * interval), 2 * interval - 2 * target)
  })

  it("nobody is dropped while the queue moves", () => {
    const codel = make()
    codel.watch(0)
    for (let look = 1; look < 10; look++) {
      const now = codel.lookAt
      codel.drops(4_000, now - 10)
      assert.strictEqual(codel.look(now - 500, now), -Infinity)
    }
  })

  it("a look within an interval that has begun by a turn drops nobody", () => {
    const codel = make()
    codel.drops(4_000, 0)
    codel.drops(4_000, interval)
    codel.watch(interval - 500)
    assert.strictEqual(codel.look(interval - 500, 2 * interval - 500), -Infinity)
    // The next one is the first to see that the same one stands there, in an interval of its own.
    assert.strictEqual(codel.look(interval - 500, 3 * interval - 500), 3 * interval - 500 - 2 * target)
  })

  it("a slow pool is slow also for the turns after a look, and a fast one fast", () => {
    const slow = make()
    slow.watch(0)
    slow.look(0, interval)
    slow.look(0, 2 * interval)
    assert.isTrue(slow.drops(2 * target + 1, 2 * interval + 1))
    const fast = make()
    fast.watch(0)
    fast.look(0, interval)
    assert.isFalse(fast.drops(4_000, interval + 1))
  })

  it("who begins to wait where nobody did is looked for anew", () => {
    const codel = make()
    codel.watch(0)
    codel.look(0, interval)
    codel.idle(2_000)
    codel.watch(5_500)
    assert.strictEqual(codel.lookAt, 5_500 + interval)
    assert.strictEqual(codel.look(5_600, 6_500), -Infinity, "somebody else stands there")
    assert.strictEqual(codel.look(5_600, 7_500), -Infinity, "and this look begins an interval")
    assert.strictEqual(codel.look(5_600, 8_500), 8_500 - 2 * target)
  })
})

/** One server, a fixed time for each, arrivals at fixed distances: all numbers can be found on paper. */
const run = (between: number, service: number, until: number) => {
  const codel = make()
  const queue: Array<number> = []
  const served: Array<{ readonly at: number; readonly waited: number }> = []
  let dropped = 0
  let freeAt = 0
  const serve = (now: number): void => {
    for (let askedAt = queue.shift(); askedAt !== undefined; askedAt = queue.shift()) {
      if (!codel.drops(now - askedAt, now)) {
        served.push({ at: now, waited: now - askedAt })
        freeAt = now + service
        return
      }
      dropped++
    }
    codel.idle(now)
  }
  for (let now = 0; now < until; now++) {
    if (now % between === 0) queue.push(now)
    if (now === freeAt || (freeAt < now && queue.length > 0)) serve(now)
  }
  return { served, dropped }
}

describe("a server with a queue", () => {
  it("below its capacity drops nobody", () => {
    const { dropped, served } = run(10, 9, 60_000)
    assert.strictEqual(dropped, 0)
    assert.isTrue(served.every(({ waited }) => waited <= target))
  })

  it.each([[9, 10], [5, 10], [2, 10], [1, 20]])(
    "at a request each %d ms, of %d ms each, is always busy, and those served have waited near the target",
    (between, service) => {
      const { dropped, served } = run(between, service, 120_000)
      assert.isAbove(dropped, 0)
      // Until the pool is known to be slow, the queue grows.
      const steady = served.filter(({ at }) => at > 20_000)
      assert.isAtLeast(steady.length, Math.floor(100_000 / service) - 1)
      for (const { at, waited } of steady) {
        assert.isAtMost(waited, 2 * target + service, `at ${at}`)
        assert.isAbove(waited, target, `at ${at}`)
      }
    }
  )
})
