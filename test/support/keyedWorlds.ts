/** The worlds outside of a keyed pool. */
import { assert } from "@effect/vitest"
import type { Scope } from "effect"
import type { Pool } from "whitepool"
import * as KeyedPool from "../../src/pool/KeyedPool.ts"
import { type OpenError, type Resource, World } from "./world.ts"

/** A world per key, and how often each key was looked up. */
export class Worlds {
  readonly of = new Map<string, World>()
  readonly lookups: Array<string> = []
  options: (key: string) => Partial<Pool.Options<Resource, OpenError, Scope.Scope, Scope.Scope>> = () => ({})

  world(key: string): World {
    const known = this.of.get(key)
    if (known !== undefined) return known
    const world = new World()
    this.of.set(key, world)
    return world
  }

  readonly lookup = (key: string) => {
    this.lookups.push(key)
    return { size: 1, factory: this.world(key).factory, ...this.options(key) }
  }

  get live(): number {
    return Array.from(this.of.values()).reduce((sum, { live }) => sum + live, 0)
  }

  assertEmpty(): void {
    assert.strictEqual(this.live, 0)
    assert.deepStrictEqual(Array.from(this.of.values()).flatMap(({ problems }) => problems), [])
  }
}

/** A keyed pool on these worlds. */
export const makeKeyed = (
  worlds: Worlds,
  options: Partial<KeyedPool.Options<string, Resource, OpenError, Scope.Scope, Scope.Scope>> = {}
) => KeyedPool.make({ lookup: worlds.lookup, ...options })
