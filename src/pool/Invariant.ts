/**
 * What must hold after every message, by the numbers of `docs/guarantees.md`. Checked in tests, and in debug mode.
 *
 * @since 0.1.0
 */
import type { State } from "./internal/state.ts"

/** Every violated invariant, in words. @internal */
export const violations = (state: State): ReadonlyArray<string> => {
  const found: Array<string> = []
  const must = (holds: boolean, what: string): void => {
    if (!holds) found.push(what)
  }
  const count = { opening: 0, free: 0, idle: 0, lent: 0, closing: 0, gone: 0 }
  for (const worker of state.workers) count[worker.state]++
  const total = state.opening + state.idle.length + state.lent.length + state.closing
  must(total <= state.bound, `bound: ${total} of ${state.bound}`)
  must(
    total === state.workers.size && count.gone + count.free === 0,
    `one place: ${state.workers.size} workers, ${total} counted`
  )
  must(count.opening === state.opening, `one place: ${count.opening} opening, ${state.opening} counted`)
  must(count.idle === state.idle.length, `one place: ${count.idle} idle, ${state.idle.length} listed`)
  must(count.lent === state.lent.length, `one place: ${count.lent} lent, ${state.lent.length} listed`)
  must(count.closing === state.closing, `one place: ${count.closing} closing, ${state.closing} counted`)

  let lent = 0
  for (let worker = state.lent.head; worker !== undefined; worker = worker.next) {
    lent++
    const borrow = worker.borrow
    must(borrow?.state === "lent", `one holder: a lease in the list of the lent is ${borrow?.state}`)
    must(borrow?.worker === worker && worker.state === "lent", "one holder: lease and worker disagree")
    must(borrow?.deadline === undefined, "one answer: a lease still has the deadline of its checkout")
  }
  must(lent === state.lent.length, `counters: ${lent} lent, ${state.lent.length} counted`)

  const undated = new Set(state.undated)
  let waiting = 0
  let last = 0
  for (let waiter = state.waiting.head; waiter !== undefined; waiter = waiter.next) {
    waiting++
    must(waiter.state === "waiting", `one answer: a waiter in the queue is ${waiter.state}`)
    must(waiter.ticket > last, "order: a waiter stands before one that came earlier")
    const hasDeadline = waiter.deadline !== undefined || undated.has(waiter)
    must(hasDeadline === (waiter.wait < Infinity), "one answer: a waiter has lost its deadline")
    last = waiter.ticket
  }
  must(waiting === state.waiting.length, `counters: ${waiting} waiting, ${state.waiting.length} counted`)
  must(
    state.idle.length === 0 || waiting === 0,
    `no idling past a waiter: ${state.idle.length} idle, ${waiting} waiting`
  )
  must(state.idle.length <= state.settings.size, `bound: ${state.idle.length} idle`)

  if (state.phase === "closed") {
    must(state.workers.size === 0 && waiting === 0, "nothing stays: a closed pool has workers or waiters")
    must(state.deadlines.size === 0, "nothing stays: a closed pool has a deadline")
    must(state.awaiters.length === 0, "nothing stays: a closed pool has somebody awaiting it")
  }
  return found
}

/** @internal */
export const check = (state: State): void => {
  const found = violations(state)
  if (found.length > 0) throw new Error(`invariant violated: ${found.join("; ")}`)
}
