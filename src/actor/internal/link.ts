/**
 * Two actors that hear of each other's end. A link is one watch on each side; of a pair there is at most one link.
 *
 * ```text
 *   a.links ── b ──▶ LinkWatch ── among the watchers of b: on b's end a gets the exit signal
 *   b.links ── a ──▶ LinkWatch ── among the watchers of a: on a's end b gets it
 * ```
 *
 * @internal
 */
import * as Option from "effect/Option"
import type { ActorRef } from "../Actor.ts"
import * as ExitReason from "../ExitReason.ts"
import type { Process } from "./process.ts"
import { processOf } from "./target.ts"
import { Watcher } from "./watcher.ts"

/** By whom it is linked to. @internal */
export type Links = Map<Process<never>, Watcher>

class LinkWatch extends Watcher {
  readonly #owner: Process<never>
  readonly #peer: Process<never>

  constructor(owner: Process<never>, peer: Process<never>) {
    super()
    this.#owner = owner
    this.#peer = peer
  }

  onEnd(reason: ExitReason.ExitReason): void {
    // First, so that who traps the exit can link again.
    cut(this.#owner, this.#peer)
    this.#owner.signal(Option.some(this.#peer), reason)
  }
}

const tie = (owner: Process<never>, peer: Process<never>): void => {
  const watch = new LinkWatch(owner, peer)
  owner.links.set(peer, watch)
  peer.watchers.add(watch)
}

const cut = (one: Process<never>, other: Process<never>): void => {
  loosen(one, other)
  loosen(other, one)
}

const loosen = (owner: Process<never>, peer: Process<never>): void => {
  const watch = owner.links.get(peer)
  if (watch === undefined) return
  owner.links.delete(peer)
  peer.watchers.remove(watch)
}

/** Idempotent. Of an actor that has ended nothing; with one that has ended: the signal that there is nobody. @internal */
export const link = (owner: Process<never>, target: ActorRef<never>): void => {
  const peer = processOf(target)
  if (!owner.isAliveUnsafe || peer === owner) return
  if (peer === undefined || !peer.isAliveUnsafe) owner.signal(Option.some(target), ExitReason.noProcess)
  else if (!owner.links.has(peer)) {
    tie(owner, peer)
    tie(peer, owner)
  }
}

/** An exit that has been trapped already stays in the mailbox. @internal */
export const unlink = (owner: Process<never>, target: ActorRef<never>): void => {
  const peer = processOf(target)
  if (peer !== undefined) cut(owner, peer)
}
