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
  const count = { opening: 0, free: 0, idle: 0, lent: 0, resetting: 0, validating: 0, closing: 0, gone: 0 }
  for (const worker of state.workers) count[worker.state]++
  const total = state.live + state.closing
  must(total <= state.ceiling, `bound: ${total} of ${state.ceiling}`)
  must(state.ceiling === state.bound || total === state.ceiling, `bound: ${total} do not fall to ${state.bound}`)
  must(
    total === state.workers.size && count.gone + count.free === 0,
    `one place: ${state.workers.size} workers, ${total} counted`
  )
  must(count.opening === state.opening, `one place: ${count.opening} opening, ${state.opening} counted`)
  must(count.idle === state.idle.length, `one place: ${count.idle} idle, ${state.idle.length} listed`)
  must(count.lent === state.busy, `one place: ${count.lent} lent, ${state.busy} listed`)
  must(count.resetting === state.resetting, `one place: ${count.resetting} resetting, ${state.resetting} counted`)
  must(count.validating === state.validating, `one place: ${count.validating} validating, ${state.validating} counted`)
  must(count.closing === state.closing, `one place: ${count.closing} closing, ${state.closing} counted`)

  let lent = 0
  for (let seat = state.lent.head; seat !== undefined; seat = seat.next) {
    lent++
    const { borrow } = seat
    must(borrow?.state === "lent", `one holder: a lease in the list of the lent is ${borrow?.state}`)
    must(borrow?.seat === seat && seat.worker.state === "lent", "one holder: lease and worker disagree")
    must(borrow?.deadline === undefined, "one answer: a lease still has the deadline of its checkout")
  }
  must(lent === state.lent.length, `counters: ${lent} lent, ${state.lent.length} counted`)
  for (const worker of state.workers) {
    const held = worker.seats.filter(({ borrow }) => borrow !== undefined).length
    must(held === worker.leases, `one holder: ${held} have a resource, ${worker.leases} counted`)
    must(held <= state.settings.concurrency, `one holder: ${held} have a resource at once`)
    must((held > 0) === (worker.state === "lent"), `one holder: ${held} have one that is ${worker.state}`)
  }
  for (let worker = state.shared.head; worker !== undefined; worker = worker.next) {
    const isFree = worker.leases < state.settings.concurrency && worker.reservations === undefined
    must(worker.state === "lent" && isFree && !worker.isLeaving, "one place: one that nobody may have is shared")
  }

  const undated = new Set(state.undated)
  let waiting = 0
  let last = 0
  for (let waiter = state.waiting.head; waiter !== undefined; waiter = waiter.next) {
    waiting++
    must(waiter.state === "waiting", `one answer: a waiter in the queue is ${waiter.state}`)
    must(waiter.ticket > last, "order: a waiter stands before one that came earlier")
    const hasDeadline = waiter.deadline !== undefined || undated.has(waiter)
    // A try has that of the check which it waits for; CoDel wants to know how long everybody waits.
    const needsDeadline = waiter.mode === "wait" && waiter.wait < Infinity
    must(hasDeadline || !needsDeadline, "one answer: a waiter has lost its deadline")
    must(!hasDeadline || waiter.mode === "wait", "one answer: a try has a deadline")
    last = waiter.ticket
  }
  must(waiting === state.waiting.length, `counters: ${waiting} waiting, ${state.waiting.length} counted`)
  must(
    state.idle.length + state.shared.length === 0 || state.isSuspended || state.servable <= state.vetting,
    `no idling past a waiter: ${state.idle.length} idle, ${state.vetting} being validated, ${state.servable} waiting`
  )
  const { overflowTtl, size } = state.settings
  const most = overflowTtl > 0 ? state.bound : size + state.succeeded
  must(state.idle.length <= Math.max(most, 0), `bound: ${state.idle.length} idle`)
  if (state.isPlain) must(waiting === state.servable, "order: somebody in a plain pool is kept apart")
  if (state.discipline !== undefined) {
    must(state.discipline.waiting === waiting, `order: ${state.discipline.waiting} of ${waiting} are in order`)
  }
  for (const worker of state.workers) {
    must(!worker.isProbed || worker.state === "validating", "one place: one that is not checked is probed")
  }

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
