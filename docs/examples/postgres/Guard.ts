/**
 * Child processes that cannot outlive this one.
 *
 * A server started from a program must be gone when the program is gone, also after `kill -9`, when no finalizer runs.
 * So each child has a small shell beside it that reads a pipe whose only writer is this process:
 *
 * ```text
 * node ──(pipe)──▶ /bin/sh ── kill -INT / -QUIT ──▶ child
 *   └─ dies in any way: the pipe ends, the shell kills the child
 * ```
 *
 * The same pipe carries the signals, so this process never needs a pid that may meanwhile belong to somebody else.
 */
import { Data, Deferred, Effect } from "effect"
import { spawn } from "node:child_process"
import { closeSync, openSync } from "node:fs"
import type { Writable } from "node:stream"

/** Who the children run as: nobody in particular when this process is root, for PostgreSQL refuses to run as root. */
export interface Identity {
  readonly uid?: number
  readonly gid?: number
}

export interface Guarded {
  /** The exit code; known for good once the child has ended, whoever ended it. */
  readonly exit: Effect.Effect<number>
  readonly hasEnded: () => boolean
  readonly signal: (name: "INT" | "QUIT" | "KILL") => Effect.Effect<void>
}

export class GuardFailed extends Data.TaggedError("GuardFailed")<{ readonly message: string }> {}

// `read` is a builtin: killing the reader leaves no orphan that would hold the pipe open.
const guard = `last=$1; shift
"$@" 3<&- & p=$!
(while read -r s <&3; do kill -"$s" $p; done; kill -"$last" $p) 2>/dev/null & g=$!
wait $p; c=$?; kill $g; exit $c`

// The directory is made and removed by one hand, so no moment exists in which it would be left behind. The server may
// still be dying and writing while it is removed: hence the attempts.
const janitor = `umask 077
for t; do d=$(mktemp -d "$t/whitepool-pg-XXXXXX" 2>/dev/null) && break; done
[ -d "$d" ] || exit 1
echo "$d"
while read -r _; do :; done
n=0; while ! rm -rf "$d" && [ $n -lt 100 ]; do n=$((n + 1)); sleep 0.1; done`

const exitOf = (child: ReturnType<typeof spawn>): Pick<Guarded, "exit" | "hasEnded"> => {
  const ended = Deferred.makeUnsafe<number>()
  // "error" comes instead of "exit" when the process could not be started at all
  child.once("error", () => Deferred.doneUnsafe(ended, Effect.succeed(127)))
  child.once("exit", (code) => Deferred.doneUnsafe(ended, Effect.succeed(code ?? 128)))
  return { exit: Deferred.await(ended), hasEnded: () => Deferred.isDoneUnsafe(ended) }
}

/** A child under guard. What it prints goes to the file `log`, never to a pipe that somebody would have to drain. */
export const run = (
  command: string,
  args: ReadonlyArray<string>,
  options: {
    readonly identity: Identity
    readonly directory: string
    readonly log: string
    /** What the child is sent when this process has died. */
    readonly last: "QUIT" | "KILL"
  }
): Effect.Effect<Guarded> =>
  Effect.sync(() => {
    const output = openSync(options.log, "a")
    const child = spawn("/bin/sh", ["-c", guard, "guard", options.last, command, ...args], {
      ...options.identity,
      cwd: options.directory,
      env: { PATH: process.env["PATH"], HOME: options.directory, LC_ALL: "C", TZ: "UTC" },
      // A session of its own: Ctrl-C on a terminal is for the program, which then ends its children in good order.
      detached: true,
      stdio: ["ignore", output, output, "pipe"]
    })
    closeSync(output)
    const pipe = child.stdio[3] as Writable | null | undefined
    pipe?.on("error", () => {})
    return {
      ...exitOf(child),
      signal: (name) => Effect.sync(() => void pipe?.write(`${name}\n`))
    }
  })

/** A temporary directory owned by `identity`; removed when the scope closes, or when this process dies in any way. */
export const temporaryDirectory = (identity: Identity, parents: ReadonlyArray<string>) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.callback<{ readonly path: string; readonly remove: Effect.Effect<void> }, GuardFailed>((resume) => {
        const child = spawn("/bin/sh", ["-c", janitor, "janitor", ...parents], {
          ...identity,
          cwd: "/",
          detached: true,
          stdio: ["pipe", "pipe", "ignore"]
        })
        const { exit } = exitOf(child)
        child.stdin.on("error", () => {})
        const remove = Effect.andThen(Effect.sync(() => child.stdin.end()), exit)
        let output = ""
        child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
          output += chunk
          const end = output.indexOf("\n")
          if (end >= 0) resume(Effect.succeed({ path: output.slice(0, end), remove: Effect.asVoid(remove) }))
        })
        const failed = new GuardFailed({ message: `no temporary directory can be made in ${parents.join(" or ")}` })
        child.once("error", () => resume(Effect.fail(failed)))
        child.once("exit", () => resume(Effect.fail(failed)))
        return remove
      }),
      (directory) => directory.remove
    ),
    (directory) => directory.path
  )
