/** Effect's `Queue`, all of what is there taken at once. */
import { Effect, Queue } from "effect"
import { mpscSubject, receiveMany } from "../drivers/mpsc.ts"
import { openQueue } from "../drivers/openQueue.ts"

export const subject = mpscSubject("effect Queue.takeAll", (capacity) =>
  Effect.map(openQueue(capacity), (queue) => ({
    sender: Effect.succeed((message) => Queue.offer(queue, message)),
    receive: receiveMany(() => Queue.takeAll(queue))
  })))
