import type { Contender, Workload } from "../harness/workload.ts"

const mpscPeers: ReadonlyArray<Contender> = [
  { peer: "whitepool recv", kind: "ours", program: "peers/whitepoolRecv" },
  { peer: "whitepool recvMany", kind: "ours", program: "peers/whitepoolRecvMany" },
  { peer: "whitepool consume", kind: "ours", program: "peers/whitepoolConsume" },
  { peer: "effect Queue.take", kind: "effect", program: "peers/effectQueueTake" },
  { peer: "effect Queue.takeAll", kind: "effect", program: "peers/effectQueueTakeAll" }
]

const mpsc = (shape: string, quick: number, title: string, about: string): Workload => ({
  id: `W6 mpsc ${shape}`,
  title,
  about:
    `${about} It is checked that each producer's messages arrive in order. What is measured is the time from the ` +
    "opening of the channel to the last message. After Tokio's bench `sync_mpsc`.",
  unit: "message",
  sizes: [{ size: 5_000, cycles: 50_000, rounds: { full: 15, quick } }],
  contenders: mpscPeers
})

export const w6: ReadonlyArray<Workload> = [
  {
    id: "W6 call",
    title: "a call to an actor and its reply",
    about:
      "One fiber asks and waits for the answer, a thousand times in a row; an actor, or a fiber that takes from a queue, " +
      "counts the questions and answers with their number, which is checked. Our calls have their deadline of five seconds " +
      "and notice the actor's end; a `Deferred` has neither. After Tokio's bench `sync_mpsc_oneshot`.",
    unit: "round trip",
    sizes: [{ size: 1_000, cycles: 50_000, rounds: { full: 15, quick: 5 } }],
    contenders: [
      { peer: "whitepool call", kind: "ours", program: "peers/whitepoolCall" },
      {
        peer: "whitepool call, Effect turn",
        kind: "ours",
        program: "peers/whitepoolCallEffect",
        note: "the actor answers from an Effect, on a fiber of its own"
      },
      {
        peer: "whitepool Mpsc+Oneshot",
        kind: "ours",
        program: "peers/whitepoolOneshot",
        note: "no actor: a fiber that receives and answers"
      },
      { peer: "effect Queue+Deferred", kind: "effect", program: "peers/effectQueueDeferred" }
    ]
  },
  mpsc(
    "bounded",
    5,
    "five producers, room for 1 000",
    "Five fibers send 1 000 messages each; one receives all of them."
  ),
  mpsc(
    "full",
    0,
    "five producers, room for 100",
    "As above with room for 100, so that the producers wait most of the time."
  ),
  mpsc("unbounded", 5, "five producers, unbounded", "As above with room for everything."),
  mpsc("uncontended", 0, "one fiber on both ends", "One fiber sends 5 000 messages, and then receives them.")
]
