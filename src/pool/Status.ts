/**
 * The numbers of a pool, all taken in one turn, so that they add up.
 *
 * @since 0.1.0
 */

/**
 * A snapshot of a pool.
 *
 * **Details**
 *
 * `opening + idle + lent + resetting + validating + closing` never exceeds `size + maxOverflow` (after a `resize` to less: what
 * there was, and it only falls). `state` is poolboy's word: `ready` has something idle (or shared by fewer than may share it, or
 * less than `size` alive), `overflow` has nothing of that but room left, `full` has no room.
 *
 * @category models
 * @since 0.1.0
 */
export interface Status {
  readonly name: string
  readonly state: "ready" | "overflow" | "full" | "draining" | "closed"
  readonly size: number
  readonly maxOverflow: number
  readonly idle: number
  readonly lent: number
  /** As many as are lent; more, where resources are shared (`concurrency`). */
  readonly leases: number
  readonly opening: number
  /** Back from a borrower, and on their way to the next: `reset`, or `shouldRetire`, is being run. */
  readonly resetting: number
  /** Idle ones that are being checked: for somebody who waits, or because they have been idle for long. */
  readonly validating: number
  readonly closing: number
  /** Workers above `size`. */
  readonly overflow: number
  /** Everyone who asked and has no answer yet. */
  readonly waiting: number
  /** Between `suspend` and `resume`: nothing is lent and nothing is opened. */
  readonly suspended: boolean
  /**
   * Openings and closings that outlived their timeout, did not end on the spot when interrupted, and were given up; counted
   * since the pool was made.
   */
  readonly abandoned: number
}

/**
 * What became of the leases that were out when the shutdown began.
 *
 * @category models
 * @since 0.1.0
 */
export interface ShutdownReport {
  /** Leases that ended by themselves after the shutdown began. */
  readonly drained: number
  /** Leases that were revoked. */
  readonly forced: number
}
