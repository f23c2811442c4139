/** Our `Mpsc`, its receiver taking all that is there. */
import { Effect } from "effect"
import { mpscSubject, receiveMany } from "../drivers/mpsc.ts"
import { openMpsc } from "../drivers/openMpsc.ts"

export const subject = mpscSubject(
  "whitepool recvMany",
  (capacity) =>
    Effect.map(openMpsc(capacity), ([sender, receiver]) => ({
      sender: Effect.map(sender.clone, (clone) => (message) => clone.send(message)),
      receive: receiveMany(() => receiver.recvMany(Infinity))
    }))
)
