import { assert, it } from "@effect/vitest"
import { Cause, Effect, Exit, type Option, Scope } from "effect"
import { Actor, ExitReason } from "whitepool/actor"
import { settle } from "./support.ts"
import { holds, type Same } from "./types.ts"

holds<
  Same<
    Actor.Behavior<string, never>["onExit"],
    | ((
      from: Option.Option<Actor.ActorRef<never>>,
      reason: ExitReason.ExitReason,
      context: Actor.Context<string>
    ) => void | Effect.Effect<void, unknown>)
    | undefined
  >
>()
holds<Same<Actor.Behavior<string>["trapExit"], boolean | undefined>>()

const trapping = (onExit?: Actor.Behavior<string>["onExit"]) =>
  Effect.gen(function*() {
    const seen: Array<string> = []
    const ref = yield* Actor.spawn<string>({
      receive: (message) => void seen.push(message),
      trapExit: true,
      onExit: onExit ?? ((from, reason) => void seen.push(`${from._tag} ${reason._tag}`))
    })
    return { seen, ref }
  })

it.effect("trapExit: every exit but Killed arrives at onExit, Normal included, from None, and does not end it", () =>
  Effect.gen(function*() {
    const { seen, ref } = yield* trapping()
    for (const reason of [ExitReason.normal, ExitReason.shutdown, ExitReason.crash(Cause.die("x"))]) {
      yield* ref.exit(reason)
      yield* settle
    }
    yield* ref.cast("still here")
    yield* settle
    assert.deepStrictEqual(seen, ["None Normal", "None Shutdown", "None Crash", "still here"])
    yield* ref.exit(ExitReason.killed)
    assert.strictEqual((yield* ref.awaitExit)._tag, "Killed")
    assert.strictEqual(seen.length, 4)
  }))

it.effect("trapExit: onExit is a turn like any other: one that throws crashes the actor", () =>
  Effect.gen(function*() {
    const { ref } = yield* trapping(() => {
      throw new Error("onExit")
    })
    yield* ref.exit(ExitReason.shutdown)
    assert.strictEqual((yield* ref.awaitExit)._tag, "Crash")
  }))

it.effect("trapExit: stop and the closing of the scope end it all the same", () =>
  Effect.gen(function*() {
    const { ref } = yield* trapping()
    yield* ref.stop()
    assert.strictEqual((yield* ref.awaitExit)._tag, "Normal")
    const scope = yield* Scope.make()
    const other = yield* Scope.provide(trapping(), scope)
    yield* Scope.close(scope, Exit.void)
    assert.isFalse(yield* other.ref.isAlive)
  }))

it.effect("exit with a crash: that is the actor's reason, and whoever waits gets the same", () =>
  Effect.gen(function*() {
    const ref = yield* Actor.spawn<string>({ receive: () => {} })
    const cause = Cause.fail("why")
    yield* ref.exit(ExitReason.crash(cause))
    const reason = yield* ref.awaitExit
    assert(reason._tag === "Crash")
    assert.strictEqual(reason.cause, cause)
  }))
