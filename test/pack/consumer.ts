/** What a user's first program does. The pack test compiles it against the tarball and runs what comes out. */
import { Console, Effect } from "effect"
import { Pool } from "whitepool"
import { Actor, Registry, Supervisor } from "whitepool/actor"
import { Mpsc } from "whitepool/channel"

const pooling = Effect.gen(function*() {
  const session = yield* Pool.make({
    name: "numbers",
    factory: Effect.acquireRelease(Effect.succeed({ value: 20 }), () => Console.log("closed")),
    size: 1
  })
  const double = yield* session.use(({ value }) => Effect.succeed(value * 2))
  const failed: "PoolFull" | "none" = yield* Effect.scoped(
    Effect.andThen(session.scoped(), session.tryCheckout()).pipe(
      Effect.as("none" as const),
      Effect.catchTag("PoolFull", (error) => Effect.succeed(error._tag)),
      Effect.orDie
    )
  )
  yield* Console.log(double, failed)
})

const acting = Effect.gen(function*() {
  const [sender, receiver] = yield* Mpsc.bounded<number>(1)
  const echo = yield* Actor.spawn<number>({ receive: (message) => Effect.orDie(sender.send(message + 1)) })
  yield* echo.cast(1)
  yield* Console.log(yield* receiver.recv)
})

const supervising = Effect.gen(function*() {
  const names = yield* Registry.make()
  const { session, spec } = yield* Pool.childSpec("db", { factory: Effect.succeed("a resource"), size: 1 })
  const echo = Effect.tap(
    Actor.spawn<number>({ receive: () => {} }),
    (ref) => names.register("echo", ref)
  )
  const tree = yield* Supervisor.make({ strategy: "rest_for_one" }, [spec, { id: "echo", start: echo }])
  const { active } = yield* tree.countChildren
  yield* Console.log(active, yield* session.use(Effect.succeed), yield* names.address<number>("echo").isAlive)
})

const program: Effect.Effect<void, unknown> = Effect.scoped(
  Effect.andThen(Effect.andThen(pooling, acting), supervising)
)
await Effect.runPromise(program)
