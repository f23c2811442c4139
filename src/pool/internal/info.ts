/**
 * What predicates of the user's are told of a resource.
 *
 * @internal
 */
import * as Duration from "effect/Duration"
import type { ResourceInfo } from "../Policies.ts"
import type { State } from "./state.ts"
import type { Worker } from "./worker.ts"

/** @internal */
export const infoOf = (state: State, worker: Worker, now: number): ResourceInfo => ({
  age: Duration.millis(now - worker.since),
  idleFor: Duration.millis(worker.state === "idle" ? Math.max(0, now - worker.idleSince) : 0),
  uses: worker.uses,
  overflow: state.open > state.settings.size
})
