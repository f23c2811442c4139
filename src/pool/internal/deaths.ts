/**
 * How many resources may die by themselves: OTP's restart intensity.
 *
 * @internal
 */
import * as Duration from "effect/Duration"
import { addRestart } from "../../actor/internal/restartWindow.ts"
import { stackless } from "../../channel/internal/stackless.ts"
import { RestartIntensityExceeded } from "../PoolError.ts"
import type { Ports } from "../Ports.ts"
import type { State } from "./state.ts"

/** One more has died. @internal */
export const countDeath = (state: State, ports: Ports, now: number): void => {
  const { name, restartIntensity } = state.settings
  if (restartIntensity === undefined) return
  const { intensity, period } = restartIntensity
  const { isWithin, restarts } = addRestart(state.deaths, now, intensity, period)
  state.deaths = restarts
  if (isWithin) return
  const fields = { pool: name, intensity, period: Duration.millis(period) }
  ports.exhausted(stackless((given) => new RestartIntensityExceeded(given), fields))
}
