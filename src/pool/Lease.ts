/**
 * One borrow, as its holder sees it.
 *
 * @since 0.1.0
 */
import * as internal from "./internal/lease.ts"

/**
 * One borrow of one resource. It ends once: by `checkin`, `destroyed`, the end of its owner, the death of its resource, or
 * the end of the pool.
 *
 * **Gotchas**
 *
 * `resource` throws `LeaseExpired` once the lease has ended, so that a resource is never used by two at once by accident.
 * The resource itself can of course still be held on to: what was read before the end is beyond the pool's reach. It is
 * left out of `toJSON` and inspection, as resources tend to hold secrets.
 *
 * @category models
 * @since 0.1.0
 */
export interface Lease<out A> {
  /** Unique within its pool. */
  readonly id: number
  /** The name of the pool. */
  readonly pool: string
  readonly resource: A
  readonly isLive: boolean
}

/**
 * @category guards
 * @since 0.1.0
 */
export const isLease: (u: unknown) => u is Lease<unknown> = internal.isLease
