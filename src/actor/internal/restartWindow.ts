/**
 * The restart intensity: how many restarts lie within the last period. OTP's `add_restart`.
 *
 * @internal
 */

/** @internal */
export interface RestartWindow {
  /** The instants that still matter, oldest first. Never more than `intensity + 1`, however many there were. */
  readonly restarts: ReadonlyArray<number>
  /** `false`: one more than is allowed. */
  readonly isWithin: boolean
}

/**
 * Adds the restart that is about to happen. One that happened exactly `period` ago still counts. All times are
 * milliseconds of one monotonic clock.
 *
 * @internal
 */
export const addRestart = (
  restarts: ReadonlyArray<number>,
  now: number,
  intensity: number,
  period: number
): RestartWindow => {
  const recent = restarts.filter((instant) => instant >= now - period)
  recent.push(now)
  return { restarts: recent.slice(-(intensity + 1)), isWithin: recent.length <= intensity }
}
