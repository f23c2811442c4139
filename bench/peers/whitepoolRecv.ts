/** Our `Mpsc`, its receiver polled one by one. */
import { Effect } from "effect"
import { mpscSubject, receiveOne } from "../drivers/mpsc.ts"
import { openMpsc } from "../drivers/openMpsc.ts"

export const subject = mpscSubject(
  "whitepool recv",
  (capacity) =>
    Effect.map(openMpsc(capacity), ([sender, receiver]) => ({
      sender: Effect.map(sender.clone, (clone) => (message) => clone.send(message)),
      receive: receiveOne(() => receiver.recv)
    }))
)
