/**
 * Controlled delay: who is dropped instead of served, when there are more than can be served.
 *
 * A queue that is never empty for long makes everybody wait and serves nobody faster: it is the least delay, not the
 * greatest, that tells it from a burst. So the algorithm watches the least time that anybody has waited of those served
 * within one `interval`. As long as that is at most `target`, the pool is _fast_ and nobody is dropped, however long some
 * have waited. If it was more, for a whole interval, the pool is _slow_, and whoever has waited for more than twice the
 * target when it comes to its turn is dropped. So those who are served have waited little, and no resource is idle for it.
 *
 * This is the algorithm of DBConnection's pool (`queue_target`, `queue_interval`): the state of CoDel (RFC 8289), with its
 * control law replaced. CoDel drops one packet at a time, ever faster (interval ÷ √n), since a dropped packet is a hint to a
 * sender that slows down. Those who wait for a pool do not slow down, so all who are late are dropped at once. As there:
 *
 * - The first whose turn comes in an interval is served whatever it has waited: its delay is the one to begin with.
 * - When a resource is free and nobody waits, the least delay is 0.
 * - When nothing comes free at all, nobody's turn comes. So the queue is looked at once in an interval, and if the same one
 *   stands at its head as before, the look counts as a turn, and in a slow pool drops all that are late.
 *
 * Otherwise than there: the first look is an interval after somebody has begun to wait, and there is none while nobody
 * waits, where DBConnection looks for ever, once in an interval. So a queue in which nothing moves is dropped after two
 * intervals, there after two to three.
 *
 * It knows no clock and arms no timer.
 *
 * @internal
 */

/** @internal */
export class Codel {
  readonly #target: number
  readonly #interval: number
  #isSlow = false
  /** The least delay in this interval. */
  #delay = 0
  /** When the next interval begins: with the first turn after this. */
  #next = -Infinity
  /** Who asked until then stood at the head of the queue at the last look. */
  #seen = -Infinity
  #lookAt = Infinity

  constructor(settings: { readonly target: number; readonly interval: number }) {
    this.#target = settings.target
    this.#interval = settings.interval
  }

  /** A resource is free, and the next in line has waited so long: is it dropped instead of served? */
  drops(waited: number, now: number): boolean {
    if (now >= this.#next) {
      this.#begin(waited, now)
      return false
    }
    if (this.#isSlow && waited > this.#late) return true
    if (waited < this.#delay) this.#delay = waited
    return false
  }

  /** A resource is free and nobody waits. */
  idle(now: number): void {
    if (now >= this.#next) this.#begin(0, now)
    else this.#delay = 0
  }

  /** When the queue is to be looked at, while somebody waits. */
  get lookAt(): number {
    return this.#lookAt
  }

  /** Somebody begins to wait, at `askedAt`, where nobody did: look at `lookAt`. */
  watch(askedAt: number): void {
    this.#seen = askedAt
    this.#lookAt = askedAt + this.#interval
  }

  /**
   * Somebody waits still, the oldest of them since `oldest`. All who have asked before the moment that this gives are
   * dropped: none, if it is `-Infinity`, as it is before `lookAt`. Look again at the new `lookAt`.
   */
  look(oldest: number, now: number): number {
    if (now < this.#lookAt) return -Infinity
    const hasMoved = oldest > this.#seen
    this.#seen = oldest
    this.#lookAt = now + this.#interval
    if (hasMoved || now < this.#next) return -Infinity
    this.#begin(now - oldest, now)
    return this.#isSlow ? now - this.#late : -Infinity
  }

  get #late(): number {
    return 2 * this.#target
  }

  /** The last interval says how this one is gone about. */
  #begin(delay: number, now: number): void {
    this.#isSlow = this.#delay > this.#target
    this.#delay = delay
    this.#next = now + this.#interval
  }
}
