/** W6, mpsc: messages of five producers through one channel. After Tokio's bench `sync_mpsc`. */
import { Effect } from "effect"
import { type Subject, timed, unknownWorkload, type Wanted } from "../harness/subject.ts"
import { repeat } from "./loops.ts"

export interface Channel {
  /** The sender of one producer. */
  readonly sender: Effect.Effect<(message: number) => Effect.Effect<unknown, unknown>>
  /** Receives so many messages. */
  readonly receive: (count: number, onMessage: (message: number) => void) => Effect.Effect<void, unknown>
}

/** `Infinity`: unbounded. */
export type OpenChannel = (capacity: number) => Effect.Effect<Channel>

interface Plan {
  readonly capacity: number
  readonly producers: number
  /** Of each producer. */
  readonly messages: number
}

const plans: Readonly<Record<string, Plan>> = {
  "W6 mpsc bounded": { capacity: 1_000, producers: 5, messages: 1_000 },
  "W6 mpsc full": { capacity: 100, producers: 5, messages: 1_000 },
  "W6 mpsc unbounded": { capacity: Infinity, producers: 5, messages: 1_000 },
  "W6 mpsc uncontended": { capacity: 5_000, producers: 1, messages: 5_000 }
}

/** How many messages go through one channel. */
export const batch = 5_000

/** What arrives must be the next one of its producer. */
const makeCheck = ({ messages, producers }: Plan) => {
  const next = Array.from({ length: producers }, () => 0)
  let count = 0
  return {
    onMessage: (message: number) => {
      const producer = Math.floor(message / messages)
      if (message !== producer * messages + next[producer]!++) throw new Error(`message ${message} is out of order`)
      count++
    },
    count: () => count
  }
}

/** `repeat` of a send that may answer anything. */
const produce = (
  send: (message: number) => Effect.Effect<unknown, unknown>,
  from: number,
  count: number
): Effect.Effect<void> => {
  let message = from
  return Effect.orDie(Effect.whileLoop({
    while: () => message < from + count,
    body: () => send(message),
    step: () => {
      message++
    }
  }))
}

export const mpscSubject = (name: string, open: OpenChannel) => async (wanted: Wanted): Promise<Subject> => {
  const plan = plans[wanted.workload]
  if (plan === undefined) throw unknownWorkload(name, wanted)
  const { capacity, messages, producers } = plan
  let received = 0
  const one = Effect.fnUntraced(function*() {
    const channel = yield* open(capacity)
    const check = makeCheck(plan)
    if (producers === 1) yield* produce(yield* channel.sender, 0, messages)
    else {
      for (let producer = 0; producer < producers; producer++) {
        yield* Effect.forkChild(produce(yield* channel.sender, producer * messages, messages))
      }
    }
    yield* channel.receive(producers * messages, check.onMessage)
    received += check.count()
  })
  return {
    round: async (cycles) => {
      const before = received
      const nanos = await timed(() => Effect.runPromise(repeat(cycles / batch, one)))
      return { nanos, cycles: received - before }
    }
  }
}

/** Receives one by one. */
export const receiveOne = (
  receive: () => Effect.Effect<number, unknown>
): Channel["receive"] =>
(count, onMessage) => {
  let left = count
  return Effect.whileLoop({
    while: () => left > 0,
    body: receive,
    step: (message) => {
      left--
      onMessage(message)
    }
  })
}

/** Receives whatever there is. */
export const receiveMany = (
  receive: () => Effect.Effect<ReadonlyArray<number>, unknown>
): Channel["receive"] =>
(count, onMessage) => {
  let left = count
  return Effect.whileLoop({
    while: () => left > 0,
    body: receive,
    step: (messages) => {
      left -= messages.length
      messages.forEach(onMessage)
    }
  })
}
