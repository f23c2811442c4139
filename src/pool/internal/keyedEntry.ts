/**
 * What a keyed pool knows of one key, from the first use until nothing of its pool is left.
 *
 * ```text
 *          made                 idle for long, told to, its own end           nothing left
 * making ────────▶ open ──────────────────────────────────────▶ closing ────────────▶ gone
 *    └───────────────────── failed: nothing was left open ──────────────────────────────▲
 * ```
 *
 * @internal
 */
import type * as Cause from "effect/Cause"
import type * as Fiber from "effect/Fiber"
import type { Linked } from "../../channel/internal/list.ts"
import { Signal } from "../../channel/internal/signal.ts"
import type { Wake } from "../../channel/internal/wake.ts"
import type { Options } from "../Options.ts"
import type { Session } from "../Session.ts"
import type { Status } from "../Status.ts"
import type { KeyedAsk } from "./keyedAsk.ts"
import { millisOf, type Settings } from "./settings.ts"
import { vacantStatus } from "./state.ts"

/** @internal */
export type AnySession = Session<unknown, unknown>

/** @internal */
export type AnyOptions = Options<unknown, unknown, never, never>

/** @internal */
export class Entry<K> implements Linked<Entry<K>> {
  readonly key: K
  /** What the pool is called, as far as is known. */
  name: string
  state: "making" | "open" | "closing" | "gone" = "making"
  /** From `open` on. */
  session: AnySession | undefined = undefined
  /** Once the lookup has told. */
  options: AnyOptions | undefined = undefined
  /** Which makes the pool, and waits for its end. */
  fiber: Fiber.Fiber<void> | undefined = undefined
  /** Who waits for the next state. */
  readonly line = new Set<KeyedAsk<K>>()
  /** By how many it is not to be thought idle, whatever its pool says. */
  held = 0
  /** In the list of those that may be idle. */
  isListed = false
  idleSince = 0
  readonly gone: Signal<void>
  prev: Entry<K> | undefined = undefined
  next: Entry<K> | undefined = undefined

  constructor(key: K, name: string, wake: Wake) {
    this.key = key
    this.name = name
    this.gone = new Signal(wake)
  }

  /** The budget of whoever gives none; `undefined`: not known yet. */
  get checkoutTimeout(): number | undefined {
    if (this.options === undefined) return undefined
    const { checkoutTimeout } = this.options
    // One that is no duration is found out when the pool is made.
    return checkoutTimeout === undefined ? 5_000 : millisOf(checkoutTimeout) ?? Infinity
  }

  /** Everybody in line learns of the next state, or why there is none. */
  answer(refusal: Cause.Cause<unknown> | undefined): void {
    for (const ask of this.line) ask.answer(this, refusal)
  }

  /** The numbers of a key whose pool is not there to be asked. */
  emptyStatus(): Status {
    return emptyStatus(this.name, this.options, this.line.size, "ready")
  }
}

/** The numbers of a key whose pool is not there to be asked. @internal */
export const emptyStatus = (
  name: string,
  options: AnyOptions | undefined,
  waiting: number,
  state: Status["state"]
): Status => {
  const settings = { name, size: options?.size ?? 0, maxOverflow: options?.maxOverflow ?? 0 } as Settings
  return vacantStatus(settings, { state, opening: 0, closing: 0, waiting, suspended: false, abandoned: 0 })
}
