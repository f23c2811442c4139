/**
 * Replies and wake-ups that a turn has decided, delivered later by one task on the host's own dispatcher.
 *
 * Never delivers inside a turn, never on the sender's stack. A flush delivers what was queued when it began; what it
 * causes goes to the next one, so order is kept, the stack never deepens, and the event loop gets its turn in between.
 *
 * @internal
 */
import type { Host } from "./host.ts"

/** @internal */
export interface Delivery {
  /** Resumes whoever waits. Called once per `add`, outside of any turn. */
  deliver(): void
}

/** The event loop is held no longer than this many deliveries take: a mass timeout is cut into pieces. */
const batchSize = 1024

/** @internal */
export class Outbox {
  readonly #host: Host
  /** Runs at the end of each flush: the place for what costs microseconds, such as arming a timer. */
  readonly #afterFlush: (() => void) | undefined
  #current: Array<Delivery> = []
  #index = 0
  #next: Array<Delivery> = []
  #scheduled = false

  constructor(host: Host, afterFlush?: () => void) {
    this.#host = host
    this.#afterFlush = afterFlush
  }

  /** A flush is to come. */
  get isScheduled(): boolean {
    return this.#scheduled
  }

  add(delivery: Delivery): void {
    this.#next.push(delivery)
    this.schedule()
  }

  /** Asks for a flush even with nothing to deliver, for the sake of `afterFlush`. */
  schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    this.#host.dispatcher.scheduleTask(this.#flush, 0)
  }

  readonly #flush = (): void => {
    this.#scheduled = false
    if (this.#index === this.#current.length) {
      this.#current = this.#next
      this.#next = []
      this.#index = 0
    }
    const batch = this.#current
    const end = Math.min(batch.length, this.#index + batchSize)
    try {
      // The index moves first: a resumed fiber whose observer throws must not have its reply delivered twice.
      while (this.#index < end) batch[this.#index++]!.deliver()
    } finally {
      if (this.#index === batch.length) {
        this.#current = []
        this.#index = 0
      }
      if (this.#current.length > 0 || this.#next.length > 0) this.schedule()
      this.#afterFlush?.()
    }
  }
}
