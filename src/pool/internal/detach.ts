/**
 * Takes a resource out of its pool, unclosed.
 *
 * @internal
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import { LeaseExpired, SharedLease } from "../PoolError.ts"
import type { Borrow } from "./borrow.ts"
import type { Front } from "./front.ts"

/** From the turn in which it leaves the pool until the scope has it, nothing comes between. @internal */
export const detach = (front: Front, borrow: Borrow): Effect.Effect<unknown, never, Scope.Scope> =>
  Effect.uninterruptible(
    Effect.withFiber((fiber) => {
      const scope = Context.getUnsafe(fiber.context, Scope.Scope)
      const resource = borrow.worker?.resource
      return Effect.flatMap(leave(front, borrow), (left) => {
        if (left === undefined) {
          const fields = { pool: front.settings.name, leaseId: borrow.id }
          return Effect.die(borrow.state === "lent" ? new SharedLease(fields) : new LeaseExpired(fields))
        }
        return Effect.as(Scope.addFinalizerExit(scope, (exit) => Scope.close(left, exit)), resource)
      })
    })
  )

/** The scope in which the resource was opened; nothing if the lease had ended by then. */
const leave = (front: Front, borrow: Borrow): Effect.Effect<Scope.Closeable | undefined> =>
  Effect.suspend(() => {
    const { core } = front
    if (core === undefined) return Effect.succeed(undefined)
    let answer: { readonly left: Scope.Closeable | undefined } | undefined
    let resume = (): void => {}
    const sendUnsafe = (isDetached: boolean): void => {
      answer = { left: isDetached ? core.shell.detached : undefined }
      core.shell.deliverLater({ deliver: () => resume() })
    }
    core.post({ _tag: "Detach", borrow, reply: { sendUnsafe } })
    if (answer !== undefined) return Effect.succeed(answer.left)
    // The mailbox is at work on this very stack. Its answer will come, unless it crashes first, which ends the lease.
    const answered = Effect.callback<void>((go) => void (resume = () => go(Effect.void)))
    return Effect.map(Effect.raceFirst(answered, core.gone.wait), () => answer?.left)
  })
