/** Poolboy in 60 lines on `whitepool/actor`: the pool of lesson 7. What it lends are actors. */
import { Deferred, Effect, type Fiber, Option, type Scope } from "effect"
import { Actor, Supervisor } from "whitepool/actor"
import type { Oneshot } from "whitepool/channel"

type Start<W> = Effect.Effect<W, Actor.StartFailed, Scope.Scope>
type Asker<W> = { readonly owner: Fiber.Fiber<unknown, unknown>; readonly reply: Oneshot.Sender<W> }
type Message<W> =
  | { readonly _tag: "Checkout"; readonly asker: Asker<W> }
  | { readonly _tag: "Checkin"; readonly worker: W }

export const make = Effect.fnUntraced(function*<W extends Actor.ActorRef<never>>(
  size: number,
  maxOverflow: number,
  startWorker: Start<W>
) {
  const workers = yield* Supervisor.dynamic({}, (start: Start<W>) => ({ start, restart: "temporary" }))
  let idle: Array<W> = []
  const lent = new Map<number, Actor.Monitor>()
  const waiting: Array<Asker<W>> = []

  const settle = Effect.fnUntraced(function*(context: Actor.Context<Message<W>>) {
    while (true) {
      const total = idle.length + lent.size
      const worker = idle.at(-1)
      const asker = waiting.at(0)
      if (total < size || (total < size + maxOverflow && worker === undefined && asker !== undefined)) {
        const slot = yield* Deferred.make<W>()
        yield* workers.startChild(Effect.tap(startWorker, (hired) => Deferred.succeed(slot, hired)))
        idle.push(yield* Effect.tap(Deferred.await(slot), (hired) => context.link(hired)))
      } else if (worker !== undefined && asker !== undefined) {
        waiting.shift()
        if (Option.isSome(yield* asker.reply.send(worker))) continue // nobody waits there any more
        idle.pop()
        lent.set(worker.id, yield* context.monitor(asker.owner, () => ({ _tag: "Checkin", worker })))
      } else if (worker !== undefined && total > size) {
        idle.pop()
        yield* workers.terminateChild(worker)
      } else return
    }
  })

  const endLoan = (id: number) => {
    lent.get(id)?.demonitorUnsafe()
    return lent.delete(id)
  }

  const pool = yield* Actor.spawn<Message<W>>({
    trapExit: true,
    init: settle,
    receive: (message, context) => {
      if (message._tag === "Checkout") waiting.push(message.asker)
      else if (endLoan(message.worker.id)) idle.push(message.worker)
      return settle(context)
    },
    onExit: (from, _reason, context) => {
      if (Option.isNone(from)) return
      endLoan(from.value.id)
      idle = idle.filter((worker) => worker.id !== from.value.id)
      return settle(context)
    }
  })

  const checkout = Effect.withFiber((owner) => pool.call<W>((reply) => ({ _tag: "Checkout", asker: { owner, reply } })))
  const checkin = (worker: W) => pool.cast({ _tag: "Checkin", worker })
  const transaction = <A, E, R>(use: (worker: W) => Effect.Effect<A, E, R>) =>
    Effect.scoped(Effect.flatMap(Effect.acquireRelease(checkout, checkin, { interruptible: true }), use))
  return { checkout, checkin, transaction }
})
