/** Our `Mpsc` in consumer mode: a message is handled on its sender's stack. */
import { Effect } from "effect"
import { makeTally } from "../drivers/loops.ts"
import { mpscSubject } from "../drivers/mpsc.ts"
import { openMpsc } from "../drivers/openMpsc.ts"

export const subject = mpscSubject(
  "whitepool consume",
  (capacity) =>
    Effect.map(openMpsc(capacity), ([sender, receiver]) => ({
      sender: Effect.map(sender.clone, (clone) => (message) => clone.send(message)),
      receive: (count, onMessage) => {
        const { all, one } = makeTally(count)
        const handle = (message: number) => {
          onMessage(message)
          one()
        }
        return Effect.scoped(Effect.andThen(receiver.consume(handle), all))
      }
    }))
)
