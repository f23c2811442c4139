/**
 * How asking a supervisor fails. Re-exported by `Supervisor`.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import type * as Option from "effect/Option"

/**
 * A supervisor cannot do what it was asked for. `reason` is OTP's word:
 *
 * | reason            | of                                | when                                                        |
 * | ----------------- | --------------------------------- | ----------------------------------------------------------- |
 * | `already_started` | `startChild`                      | a child of that id runs                                     |
 * | `already_present` | `startChild`                      | a child of that id is stopped, or waits for its next restart |
 * | `not_found`       | `terminate-`, `restart-`, `deleteChild` | there is no such child                                |
 * | `running`         | `restartChild`, `deleteChild`     | it runs                                                     |
 * | `restarting`      | `restartChild`, `deleteChild`     | its restart failed, and is tried again                      |
 * | `start_failed`    | `startChild`, `restartChild`      | its `start` did not succeed: the child's own failure is the error's `cause` |
 * | `invalid_options` | `make`, `dynamic`, `startChild`   | `problems` says what is wrong, option by option             |
 * | `noproc`          | all of them                       | the supervisor has ended                                    |
 *
 * @category errors
 * @since 0.1.0
 */
export class SupervisorError extends Data.TaggedError("SupervisorError")<{
  readonly reason: string
  readonly supervisor: Option.Option<string>
  readonly childId: string | undefined
  readonly problems: ReadonlyArray<string>
  readonly cause?: unknown
}> {
  override get message(): string {
    const who = this.supervisor._tag === "Some" ? `supervisor "${this.supervisor.value}"` : "supervisor"
    const child = this.childId === undefined ? "" : `, child "${this.childId}"`
    const problems = this.problems.length === 0 ? "" : ` (${this.problems.join("; ")})`
    return `${who}${child}: ${this.reason}${problems}`
  }
}
