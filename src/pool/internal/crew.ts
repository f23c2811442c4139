/**
 * The fibers of a pool's workers, by the machine's record of each.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import { errorName } from "../../actor/internal/target.ts"
import type { Fork, Host } from "../../channel/internal/host.ts"
import type { Checked, Exited, Ready } from "../Message.ts"
import type { ResourceInfo } from "../Policies.ts"
import { OpenTimeout } from "../PoolError.ts"
import type { Job } from "./checkup.ts"
import type { Parts, Settings, Tools } from "./settings.ts"
import type { Worker } from "./worker.ts"
import { WorkerFiber, type Workplace } from "./workerFiber.ts"

/** Where the crew of a pool works. @internal */
export interface Premises extends Workplace {
  /** Runs it outside of any turn, soon. */
  readonly launch: (job: () => void) => void
}

/** @internal */
export class Crew {
  readonly #place: Premises
  readonly #fibers = new Map<Worker, WorkerFiber>()

  constructor(place: Premises) {
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

  /** What is run on resources from now on, also on those that are open. */
  equip(tools: Tools): void {
    Object.assign(this.#place, tools)
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

  check(worker: Worker, job: Job): void {
    this.#fibers.get(worker)?.check(job)
  }

  /**
   * The worker gives its resource away, unclosed: to whoever closes the scope in which it was opened. Nothing if it holds
   * none (any more). In a turn, so its link, which is the user's code, hears of it later.
   */
  detach(worker: Worker): Scope.Closeable | undefined {
    const fiber = this.#fibers.get(worker)
    const scope = fiber?.detach()
    if (fiber === undefined || scope === undefined) return undefined
    this.#fibers.delete(worker)
    this.#place.launch(() => fiber.unwatch())
    return scope
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

/** @internal */
export const toolsOf = ({ factory, link, probe, reset, shouldRetire, validate }: Parts): Tools => ({
  factory,
  link,
  probe,
  reset,
  shouldRetire,
  validate
})

/** What a crew reports to. @internal */
export interface Office {
  readonly settings: Settings
  readonly host: Host
  readonly post: (message: Ready | Checked | Exited) => void
  readonly infoOf: (worker: Worker) => ResourceInfo
  readonly launch: (job: () => void) => void
  readonly log: (level: "warning", message: string) => void
}

/** @internal */
export const crewOf = (office: Office, parts: Parts, fork: Fork): Crew => {
  const random = Context.get(office.host.context, Random.Random)
  const timedOut = ({ name, openTimeout }: Settings) =>
    new OpenTimeout({ pool: name, after: Duration.millis(openTimeout) })
  return new Crew({
    ...toolsOf(parts),
    fork,
    launch: (job) => office.launch(job),
    random: () => random.nextDoubleUnsafe(),
    infoOf: (worker) => office.infoOf(worker),
    openTimedOut: () => Cause.fail(timedOut(office.settings)),
    ready: (worker, resource, jitter) => office.post({ _tag: "Ready", worker, resource, jitter }),
    checked: (worker, verdict) => office.post({ _tag: "Checked", worker, ...verdict }),
    exited: (worker, reason) => office.post({ _tag: "Exited", worker, reason }),
    closeFailed: (cause) => office.log("warning", `a closing failed with ${errorName(cause)}`)
  })
}
