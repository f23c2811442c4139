/**
 * `npm start`: the command line around `Demo.ts`.
 *
 * It ends with 0 only if every check held. Whatever goes wrong is said in one line on the standard error: 1 for a
 * failure, 130 after Ctrl-C (which shuts everything down as well).
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, Layer } from "effect"
import { CliConfig, CliOutput, Command, Flag, GlobalFlag } from "effect/cli"
import { createRequire } from "node:module"
import * as Demo from "./Demo.ts"
import * as Display from "./Display.ts"

const { version }: { readonly version: string } = createRequire(import.meta.url)("../../../package.json")

const wholeNumber = (name: string, least: number, most: number, standard: number, description: string) =>
  Flag.Int(name).pipe(
    Flag.filter((value) => value >= least && value <= most, () => `a whole number from ${least} to ${most}`),
    Flag.withDefault(standard),
    Flag.withDescription(`${description} (${standard})`)
  )

const name = "npm start --"

const command = Command.make(name, {
  size: wholeNumber("size", 1, 100, 7, "Connections that are always there"),
  maxOverflow: wholeNumber("max-overflow", 0, 80, 4, "Connections added when all are lent"),
  fibers: wholeNumber("fibers", 1, 5000, 64, "Clients that ask at the same time"),
  seconds: wholeNumber("seconds", 1, 3600, 5, "How long they ask"),
  recovery: Flag.Boolean("recovery").pipe(
    Flag.withDefault(true),
    Flag.withDescription("With --no-recovery, shows what happens when dead connections are lent again: it fails")
  )
}, (options) => Demo.run(options, Display.make(process.stdout))).pipe(
  Command.withDescription(
    "Pools connections to a real PostgreSQL, breaks them in several ways and watches the pool recover. " +
      "It starts a server of its own, or uses the one that the environment variable DATABASE_URL names."
  )
)

/** A wrong flag is worth one line, not a page of help. */
const presenter: CliOutput.Presenter = {
  present: (event) => {
    if (event._tag === "Version") return Console.log(`whitepool ${event.version}`)
    if (event._tag !== "InvalidInvocation") return CliOutput.defaultPresenter.present(event)
    const firstLines = event.errors.map(({ message }) => message.split("\n")[0]?.replace(` in command ${name}`, ""))
    return complain(`${firstLines.join("; ")} (see ${name} --help)`)
  }
}

const complain = (message: string) => Effect.sync(() => void process.stderr.write(`whitepool demo: ${message}\n`))

// The reader of our output has left (as in `npm start | head`): end in good order.
process.stdout.on("error", () => process.kill(process.pid, "SIGTERM"))

command.pipe(
  Command.run({ version }),
  Effect.tapError((error) => error._tag === "DemoFailed" ? complain(error.message) : Effect.void),
  Effect.onInterrupt(() => complain("interrupted; everything has been closed")),
  Effect.provide(Layer.mergeAll(
    NodeServices.layer,
    CliOutput.layerPresenter(presenter),
    CliConfig.layer({ builtIns: [GlobalFlag.Help, GlobalFlag.Version] })
  )),
  NodeRuntime.runMain({ disableErrorReporting: true })
)
