/** Effect's `Queue`, taken from one by one. */
import { Effect, Queue } from "effect"
import { mpscSubject, receiveOne } from "../drivers/mpsc.ts"
import { openQueue } from "../drivers/openQueue.ts"

export const subject = mpscSubject("effect Queue.take", (capacity) =>
  Effect.map(openQueue(capacity), (queue) => ({
    sender: Effect.succeed((message) => Queue.offer(queue, message)),
    receive: receiveOne(() => Queue.take(queue))
  })))
