/**
 * What only somebody on the same machine can do to a backend, and no SQL can.
 */
import { Effect, type Scope } from "effect"

/**
 * The backend has no chance to say goodbye. PostgreSQL then trusts nothing in its shared memory any more: it resets every
 * other connection (`57P02`), and refuses new ones until it has recovered (`57P03`).
 */
export const kill = (pid: number): Effect.Effect<void> => signal(pid, "SIGKILL")

/** Stops it in its tracks, as a server on a dead disk would be, until the scope closes. Its connection stays open. */
export const freeze = (pid: number): Effect.Effect<void, never, Scope.Scope> =>
  Effect.acquireRelease(signal(pid, "SIGSTOP"), () => thaw(pid))

export const thaw = (pid: number): Effect.Effect<void> => signal(pid, "SIGCONT")

const signal = (pid: number, name: NodeJS.Signals): Effect.Effect<void> =>
  Effect.sync(() => {
    // 0 and the negative ones are whole groups of processes, ours among them.
    if (pid <= 1) throw new Error(`${pid} is no backend`)
    try {
      process.kill(pid, name)
    } catch {
      // it has ended meanwhile
    }
  })
