/** The floor of W8: fibers suspended in a bare `Effect.callback`, of which nobody keeps anything but the fiber. */
import { Effect } from "effect"
import { forkAll } from "../drivers/loops.ts"
import { weigh } from "../drivers/memory.ts"
import { type Subject, timed } from "../harness/subject.ts"

export const subject = async (): Promise<Subject> => ({
  round: async (count) => {
    let suspended = 0
    let bytes = 0
    const suspend = () => void suspended++
    const fork = Effect.andThen(forkAll(count, () => Effect.callback<void>(suspend)), Effect.yieldNow)
    // They end with the fiber that has forked them.
    const nanos = await timed(async () => {
      bytes = await Effect.runPromise(weigh(count, fork, Effect.void))
    })
    return { nanos, cycles: suspended, bytes }
  }
})
