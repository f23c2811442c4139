/** Lesson 1, a process and its mailbox: `npx tsx docs/examples/supervision/1-mailbox.ts`. */
import { Effect, Fiber, Stream } from "effect"
import { Actor } from "whitepool/actor"

type Message =
  | { readonly _tag: "Deposit"; readonly amount: number }
  | { readonly _tag: "Audit" }

const account = (owner: string): Actor.Behavior<Message> => {
  let balance = 0
  return {
    receive: (message) => {
      switch (message._tag) {
        case "Deposit":
          balance += message.amount
          console.log(`${owner}: ${message.amount} came in, that makes ${balance}`)
          return
        case "Audit":
          console.log(`${owner}: the audit begins, with ${balance}`)
          return Effect.gen(function*() {
            yield* Effect.sleep("5 millis")
            console.log(`${owner}: the audit ends, with ${balance}`)
          })
      }
    }
  }
}

const program = Effect.gen(function*() {
  const alice = yield* Actor.spawn(account("alice"), { name: "alice" })
  const bob = yield* Actor.spawn(account("bob"), { name: "bob" })

  yield* alice.cast({ _tag: "Deposit", amount: 10 })
  yield* alice.cast({ _tag: "Audit" })
  yield* alice.cast({ _tag: "Deposit", amount: 5 })
  yield* bob.cast({ _tag: "Deposit", amount: 7 })
  console.log("main: everything is sent")

  // After the messages that wait already.
  yield* alice.stop()
  console.log("main: alice has ended")

  const nobody = yield* Effect.forkChild(Stream.runHead(Actor.deadLetters), { startImmediately: true })
  yield* alice.cast({ _tag: "Deposit", amount: 1 })
  const letter = yield* Effect.fromOption(yield* Fiber.join(nobody))
  console.log("main: a dead letter", letter.message)
})

await Effect.runPromise(Effect.scoped(program))
