/** Faults in what is run on a resource that is open (its checks), in its fiber, and in when it is. */
import type { Mutant } from "./mutants.ts"

const machine = (file: string) => `src/pool/internal/${file}.ts`
const checkups = ["test/pool/checkup.test.ts"]
const fibers = ["test/pool/workerFiber.test.ts"]
const detachings = ["test/pool/workerDetach.test.ts"]
const validationEnds = ["test/pool/validateEnds.test.ts"]

export const checks: ReadonlyArray<Mutant> = [
  {
    id: "check-outlives-close",
    file: machine("workerFiber"),
    original: "    this.#told = true\n    this.#checkup?.stop()\n",
    replacement: "    this.#told = true\n",
    breaks: "a check under way is not interrupted when its worker is told to close",
    stands: "F-4",
    tests: fibers
  },
  {
    id: "closes-under-a-check",
    file: machine("workerFiber"),
    original: "this.#checkup?.over ?? Effect.void,",
    replacement: "Effect.void,",
    breaks: "a reset runs on a closed resource",
    stands: "F-4",
    tests: fibers
  },
  {
    id: "death-leaves-the-check",
    file: machine("workerFiber"),
    original: "    if (!this.#told) {\n      this.#checkup?.stop()\n",
    replacement: "    if (!this.#told) {\n",
    breaks: "a check goes on on a dead resource",
    stands: "F-4",
    tests: fibers
  },
  {
    id: "verdict-of-the-told",
    file: machine("workerFiber"),
    original: "      if (this.#isAtWork) this.#place.checked(this.#worker, verdict)\n    })",
    replacement: "      this.#place.checked(this.#worker, verdict)\n    })",
    breaks: "a worker that is closing says that it is well",
    stands: "G-1",
    tests: fibers
  },
  {
    id: "two-checks-at-once",
    file: machine("workerFiber"),
    original: "if (!this.#isAtWork || this.#checkup !== undefined) return\n    const kept",
    replacement: "if (!this.#isAtWork) return\n    const kept",
    breaks: "two checks of one resource at once",
    stands: "H1",
    tests: checkups
  },
  {
    id: "checks-anything",
    file: machine("workerFiber"),
    original: "if (!this.#isAtWork || this.#checkup !== undefined) return\n    const kept",
    replacement: "if (this.#checkup !== undefined) return\n    const kept",
    breaks: "a resource that is closing is checked",
    stands: "H1",
    tests: checkups
  },
  {
    id: "one-check-for-all",
    file: machine("workerFiber"),
    original: "      this.#checkup = undefined\n      if",
    replacement: "      if",
    breaks: "a worker is checked once and never again",
    stands: "H1",
    tests: checkups
  },
  {
    id: "reset-asks-nobody",
    file: machine("workerFiber"),
    original: "job === \"judge\" || job === \"reset\" ?",
    replacement: "job === \"judge\" ?",
    breaks: "shouldRetire is not asked on return",
    stands: "H15",
    tests: checkups
  },
  {
    id: "retired-but-reset",
    file: machine("workerFiber"),
    original: "if (!kept.ok || run === undefined) return",
    replacement: "if (run === undefined) return",
    breaks: "what is retired is reset",
    stands: "H15",
    tests: checkups
  },
  {
    id: "throwing-predicate-is-a-no",
    file: machine("workerFiber"),
    original: "return { job, ok: false, cause: Cause.die(error) }",
    replacement: "return { job, ok: true, cause: undefined }",
    breaks: "shouldRetire that throws keeps its resource",
    stands: "H15",
    tests: checkups
  },
  {
    id: "promise-is-a-yes",
    file: machine("workerFiber"),
    original: "ok: shouldRetire?.(infoOf(this.#worker), this.#resource) !== true",
    replacement: "ok: !shouldRetire?.(infoOf(this.#worker), this.#resource)",
    breaks: "an untyped predicate that gives a Promise retires everything",
    stands: "H15",
    tests: checkups
  },
  {
    id: "detach-closes",
    file: machine("workerFiber"),
    original: "    if (this.#isGone()) return Effect.void\n    this.#stage = \"closing\"",
    replacement: "    this.#stage = \"closing\"",
    breaks: "a resource that was given away is closed by the end of its link",
    stands: "C12",
    tests: detachings
  },
  {
    id: "detach-of-the-told",
    file: machine("workerFiber"),
    original: "detach(): Scope.Closeable | undefined {\n    if (!this.#isAtWork) return undefined\n",
    replacement: "detach(): Scope.Closeable | undefined {\n",
    breaks: "a resource that is being closed is given away",
    stands: "C12",
    tests: detachings
  },
  {
    id: "detached-is-watched",
    file: machine("crew"),
    original: "    this.#place.launch(() => fiber.unwatch())\n",
    replacement: "",
    breaks: "the fiber of a worker that has left stays for ever",
    stands: "C12",
    tests: detachings
  },
  {
    id: "detached-is-counted",
    file: machine("crew"),
    original: "    if (fiber === undefined || scope === undefined) return undefined\n    this.#fibers.delete(worker)\n",
    replacement: "    if (fiber === undefined || scope === undefined) return undefined\n",
    breaks: "a crew counts a worker that has left",
    stands: "C12",
    tests: detachings
  },
  {
    id: "detach-in-the-turn",
    file: machine("crew"),
    original: "this.#place.launch(() => fiber.unwatch())",
    replacement: "fiber.unwatch()",
    breaks: "a link's finalizers run in a turn",
    stands: "C12",
    tests: detachings
  },
  {
    id: "refusal-ignored",
    file: machine("checkup"),
    original: "this.#refused = answer === false && this.#job !== \"reset\"",
    replacement: "this.#refused = false",
    breaks: "validate that gives false passes",
    stands: "G-1",
    tests: checkups
  },
  {
    id: "reset-may-say-false",
    file: machine("checkup"),
    original: " && this.#job !== \"reset\"",
    replacement: "",
    breaks: "a reset that gives back false retires",
    stands: "R3",
    tests: checkups
  },
  {
    id: "failure-passes",
    file: machine("checkup"),
    original: "onFailure: (cause) => void (this.#cause = cause),",
    replacement: "onFailure: () => {},",
    breaks: "a check that fails passes",
    stands: "G-1",
    tests: checkups
  },
  {
    id: "dead-check-passes",
    file: machine("checkup"),
    original: "    this.#cause ??= Exit.isFailure(exit) ? exit.cause : undefined\n",
    replacement: "",
    breaks: "what is no Effect passes for well",
    stands: "G-1",
    tests: checkups
  },
  {
    id: "check-leaks-its-scope",
    file: machine("checkup"),
    original: "    if (this.#scope.state._tag === \"Closed\") return this.#leave()\n",
    replacement: "    if (true) return this.#leave()\n",
    breaks: "a check that returns no Effect leaks what it had acquired",
    stands: "C-7",
    tests: checkups
  },
  {
    id: "first-steps-forgotten",
    file: machine("checkup"),
    original: "    if (this.#stopped) fiber.interruptUnsafe()\n",
    replacement: "",
    breaks: "a check whose first step kills the resource holds its closing up for ever",
    stands: "H-2",
    tests: fibers
  },
  {
    id: "same-jitter",
    file: machine("workerFiber"),
    original: "this.#place.random())",
    replacement: "0.5)",
    breaks: "all of one age retire at once",
    stands: "H7",
    tests: fibers
  },
  {
    id: "own-random",
    file: machine("crew"),
    original: "random.nextDoubleUnsafe()",
    replacement: "Math.random()",
    breaks: "a run cannot be replayed",
    stands: "H7",
    tests: fibers
  },
  {
    id: "deadline-of-a-dead-check",
    file: machine("staffing"),
    original:
      "    this.cancelDeadline(worker)\n    this.#displace(worker)\n    this.#closing(worker, state.settings.closeTimeout)",
    replacement: "    this.#displace(worker)\n    this.#closing(worker, state.settings.closeTimeout)",
    breaks: "the deadline of a check gives up the closing that follows it",
    stands: "H3",
    tests: validationEnds
  }
]
