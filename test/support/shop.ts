/** The fiber of a worker, with nobody but a test to report to. */
import { assert } from "@effect/vitest"
import { Cause, type Context, Deferred, Duration, Effect, Exit } from "effect"
import type { Job } from "../../src/pool/internal/checkup.ts"
import { Crew, type Premises } from "../../src/pool/internal/crew.ts"
import type { Parts } from "../../src/pool/internal/settings.ts"
import { Worker } from "../../src/pool/internal/worker.ts"

/** What the machine says of the resource. */
export const info = { age: Duration.seconds(3), idleFor: Duration.seconds(2), uses: 1, overflow: false }

/** One worker, and in `log` all that is said and done, in order. */
export class Shop {
  readonly log: Array<string> = []
  readonly worker = new Worker(1)
  readonly crew: Crew
  /** Every cause that came with a verdict. */
  readonly causes: Array<Cause.Cause<unknown>> = []
  readonly jobs: Array<() => void> = []
  /** Kills the resource. */
  readonly death = Deferred.makeUnsafe<void>()
  draws = 0

  constructor(context: Context.Context<never>, parts: Partial<Parts>, place: Partial<Premises> = {}) {
    const { log } = this
    const fork = Effect.runForkWith(context)
    this.crew = new Crew({
      factory: Effect.as(Effect.addFinalizer(() => this.note("closed")), "the resource"),
      link: undefined,
      validate: undefined,
      probe: undefined,
      reset: undefined,
      shouldRetire: undefined,
      fork: (effect) => fork(effect),
      launch: (job) => this.jobs.push(job),
      random: () => ++this.draws / 10,
      infoOf: () => info,
      openTimedOut: () => Cause.die("too late"),
      closeFailed: () => log.push("close failed"),
      ready: (_worker, _resource, jitter) => log.push(`ready ${jitter}`),
      checked: (_worker, { cause, job, ok }) => {
        log.push(`${job} ${ok}`)
        if (cause !== undefined) this.causes.push(cause)
      },
      exited: (_worker, reason) => log.push(reason._tag === "Died" ? "died" : this.#ended(reason)),
      ...parts,
      ...place
    })
  }

  open(): this {
    this.crew.open(this.worker)
    return this
  }

  #ended(reason: { readonly _tag: string; readonly abandoned: boolean }): string {
    return `exited ${reason._tag}${reason.abandoned ? ", abandoned" : ""}`
  }

  readonly note = (line: string): Effect.Effect<void> => Effect.sync(() => void this.log.push(line))

  /** A link that holds until `death`. */
  readonly link = (): Effect.Effect<void> => Deferred.await(this.death)

  die(): void {
    Deferred.doneUnsafe(this.death, Exit.void)
  }

  check(job: Job): void {
    this.crew.check(this.worker, job)
  }

  close(): void {
    this.crew.close(this.worker)
  }

  /** What has been said since the last time. */
  said(): ReadonlyArray<string> {
    return this.log.splice(0)
  }
}

/** The worker has opened its resource. */
export const openShop = (
  parts: Partial<Parts> | ((shop: () => Shop) => Partial<Parts>),
  place: Partial<Premises> = {}
): Effect.Effect<Shop> =>
  Effect.gen(function*() {
    const context = yield* Effect.context<never>()
    const made: Shop = new Shop(context, typeof parts === "function" ? parts(() => made) : parts, place)
    made.open()
    while (made.log.length === 0) yield* Effect.yieldNow
    assert.deepStrictEqual(made.said(), ["ready 0.1"])
    return made
  })
