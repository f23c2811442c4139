/**
 * The fibers of a pool's workers, by the machine's record of each.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { errorName } from "../../actor/internal/target.ts"
import type { Exited, Ready } from "../Message.ts"
import { OpenTimeout } from "../PoolError.ts"
import type { Parts, Settings } from "./settings.ts"
import type { Worker } from "./worker.ts"
import { WorkerFiber, type Workplace } from "./workerFiber.ts"

/** @internal */
export class Crew {
  readonly #place: Workplace
  readonly #fibers = new Map<Worker, WorkerFiber>()

  constructor(place: Workplace) {
    this.#place = {
      ...place,
      exited: (worker, reason) => {
        // A dead resource is still to be closed.
        if (reason._tag !== "Died") this.#fibers.delete(worker)
        place.exited(worker, reason)
      }
    }
  }

  get size(): number {
    return this.#fibers.size
  }

  open(worker: Worker): void {
    const fiber = new WorkerFiber(worker, this.#place)
    this.#fibers.set(worker, fiber)
    fiber.start()
  }

  close(worker: Worker): void {
    this.#fibers.get(worker)?.close()
  }

  closeAll(): void {
    for (const fiber of Array.from(this.#fibers.values()).reverse()) fiber.close()
  }

  giveUp(worker: Worker): void {
    this.#fibers.get(worker)?.giveUp()
  }

  /** Gives how many are left when that time is over: of interest after a crash, when the machine no longer waits for them. */
  awaitAll(millis: number): Effect.Effect<number> {
    const all = Effect.suspend(() =>
      Effect.forEach(
        Array.from(this.#fibers.values()),
        ({ fiber }) => fiber === undefined ? Effect.void : Fiber.await(fiber),
        { discard: true, concurrency: "unbounded" }
      )
    )
    return Effect.map(Effect.timeoutOption(all, Duration.millis(millis)), () => this.size)
  }
}

/** What a crew reports to. @internal */
export interface Office {
  readonly settings: Settings
  readonly post: (message: Ready | Exited) => void
  readonly log: (level: "warning", message: string) => void
}

/** @internal */
export const crewOf = (office: Office, { factory, link }: Parts, fork: Workplace["fork"]): Crew => {
  const { name, openTimeout } = office.settings
  return new Crew({
    factory,
    link,
    fork,
    openTimedOut: () => Cause.fail(new OpenTimeout({ pool: name, after: Duration.millis(openTimeout) })),
    ready: (worker, resource) => office.post({ _tag: "Ready", worker, resource }),
    exited: (worker, reason) => office.post({ _tag: "Exited", worker, reason }),
    closeFailed: (cause) => office.log("warning", `a closing failed with ${errorName(cause)}`)
  })
}
