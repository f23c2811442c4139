/**
 * Why an actor ended.
 *
 * | reason     | Erlang              | abnormal | when                                                               |
 * | ---------- | ------------------- | -------- | ------------------------------------------------------------------ |
 * | `Normal`   | `normal`            | no       | it was told to `stop`, or a monitored fiber succeeded              |
 * | `Shutdown` | `shutdown`, `{shutdown, T}` | no | its scope closed, or a monitored fiber was interrupted           |
 * | `Killed`   | `killed`            | yes      | `ref.exit(ExitReason.killed)`                                      |
 * | `Crash`    | anything else       | yes      | a turn, `init` or `terminate` threw, failed or died                |
 * | `NoProcess`| `noproc`            | yes      | whom you monitored or called was dead before                       |
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import { errorName, nameOf } from "./internal/target.ts"

/**
 * The reason of an actor's end, as data.
 *
 * @see {@link isAbnormal} for the two that ask for no restart
 * @category models
 * @since 0.1.0
 */
export type ExitReason =
  | { readonly _tag: "Normal" }
  | { readonly _tag: "Shutdown"; readonly detail?: unknown }
  | { readonly _tag: "Killed" }
  | { readonly _tag: "Crash"; readonly cause: Cause.Cause<unknown> }
  | { readonly _tag: "NoProcess" }

/**
 * It had done what it was for. Ignored as an exit signal by an actor that does not trap.
 *
 * @category constructors
 * @since 0.1.0
 */
export const normal: ExitReason = { _tag: "Normal" }

/**
 * It was asked to end by whoever started it. `{ _tag: "Shutdown", detail }` is OTP's `{shutdown, Detail}`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const shutdown: ExitReason = { _tag: "Shutdown" }

/**
 * The exit signal nobody can trap; OTP calls the signal `kill` and the reason `killed`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const killed: ExitReason = { _tag: "Killed" }

/**
 * There was nobody: what a monitor of the dead and a call to the dead report.
 *
 * @category constructors
 * @since 0.1.0
 */
export const noProcess: ExitReason = { _tag: "NoProcess" }

/**
 * A turn threw, failed or died with this cause.
 *
 * @category constructors
 * @since 0.1.0
 */
export const crash = (cause: Cause.Cause<unknown>): ExitReason => ({ _tag: "Crash", cause })

/**
 * Everything but `Normal` and `Shutdown`.
 *
 * **Details**
 *
 * Decides whether a `transient` child is restarted. Links do not ask it: they carry every reason except `Normal`.
 *
 * @category guards
 * @since 0.1.0
 */
export const isAbnormal = (reason: ExitReason): boolean => reason._tag !== "Normal" && reason._tag !== "Shutdown"

/**
 * What a monitor of a fiber reports: success is `Normal`, an interruption and nothing else is `Shutdown`, the rest is
 * `Crash`.
 *
 * @see {@link toExit} for the way back
 * @category constructors
 * @since 0.1.0
 */
export const fromExit = (exit: Exit.Exit<unknown, unknown>): ExitReason => {
  if (exit._tag === "Success") return normal
  return Cause.hasInterruptsOnly(exit.cause) ? shutdown : crash(exit.cause)
}

/**
 * The `Exit` of a fiber that would have ended like this: `Crash` fails with its cause, `Shutdown`, `Killed` and
 * `NoProcess` are interruptions.
 *
 * @see {@link fromExit} for the way back
 * @category combinators
 * @since 0.1.0
 */
export const toExit = (reason: ExitReason): Exit.Exit<void, unknown> => {
  switch (reason._tag) {
    case "Normal":
      return Exit.void
    case "Crash":
      return Exit.failCause(reason.cause)
    case "Shutdown":
    case "Killed":
    case "NoProcess":
      return Exit.failCause(Cause.interrupt())
  }
}

/**
 * For people: `Crash(TypeError)`, `Shutdown`, or `Shutdown(SupervisorError)` where the detail is an error. Names only an
 * error's tag or class, never its content.
 *
 * @category getters
 * @since 0.1.0
 */
export const format = (reason: ExitReason): string => {
  if (reason._tag === "Crash") return `Crash(${errorName(reason.cause)})`
  if (reason._tag === "Shutdown" && reason.detail instanceof Error) return `Shutdown(${nameOf(reason.detail)})`
  return reason._tag
}
