/** W4: how a round is made of waves that fail. */
import { type Round, timedByProcessor } from "../harness/subject.ts"
import { deadlineMillis, warming, wavesOf } from "./plan.ts"

export interface Expired {
  readonly failed: number
  /** How many waited at once. */
  readonly waited: number
}

/** So many wait until they fail. */
export type Wave = (waiters: number, millis: number) => Promise<Expired>

/** Some other program may hold the processor until a deadline has passed. */
const attempts = 4

const once = async (wave: Wave, waiters: number): Promise<{ readonly failed: number; readonly nanos: number }> => {
  let expired: Expired = { failed: 0, waited: 0 }
  for (let attempt = 0; attempt < attempts; attempt++) {
    const nanos = await timedByProcessor(async () => {
      expired = await wave(waiters, deadlineMillis(waiters))
    })
    if (expired.waited === waiters) return { failed: expired.failed, nanos }
  }
  throw new Error(`only ${expired.waited} of ${waiters} ever wait at once`)
}

/** A wave in which the first had failed before the last waited is done again, and does not count. */
export const expiring = (waiters: number, wave: Wave, warmUp: Wave | undefined) => {
  let cold = warmUp !== undefined
  return async (cycles: number): Promise<Round> => {
    for (let i = 0; cold && i < warming.waves; i++) await warmUp?.(warming.waiters, warming.millis)
    cold = false
    let nanos = 0
    let failed = 0
    for (let i = 0; i < wavesOf(cycles, waiters); i++) {
      const one = await once(wave, waiters)
      nanos += one.nanos
      failed += one.failed
    }
    return { nanos, cycles: failed }
  }
}
