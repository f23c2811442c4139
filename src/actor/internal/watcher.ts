/**
 * Whoever is told when an actor has ended: a monitor, a link, a name, a supervisor, or a call that waits for its reply.
 * (`awaitExit` waits for a signal of its own.)
 *
 * @internal
 */
import { WaitNode } from "../../channel/internal/waitList.ts"
import type { ExitReason } from "../ExitReason.ts"

/** @internal */
export abstract class Watcher extends WaitNode {
  /** Once. Must not throw. */
  abstract onEnd(reason: ExitReason): void
}
