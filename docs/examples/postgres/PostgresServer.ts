/**
 * A real PostgreSQL server for a program or a test, for as long as a `Scope` is open.
 *
 * It needs nothing installed, runs unprivileged even when this process is root, listens on a port of its own choosing on
 * 127.0.0.1, and is gone together with its temporary directory when the scope closes or this process dies in any way.
 * It is made for showing and testing, never for keeping data: `fsync` is off.
 */
import { Data, Effect, Schedule, type Scope, Semaphore } from "effect"
import * as Fs from "node:fs"
import * as Net from "node:net"
import * as Os from "node:os"
import * as Path from "node:path"
import * as Binaries from "./Binaries.ts"
import * as Guard from "./Guard.ts"

export interface PostgresServer {
  readonly version: string
  readonly connection: {
    readonly host: string
    readonly port: number
    readonly user: string
    readonly database: string
    readonly ssl: false
  }
  readonly url: string
  /** Everything the server writes; removed with the scope. */
  readonly directory: string
  /** Nothing if it is running. */
  readonly start: Effect.Effect<void, ServerFailed>
  /** Clients are disconnected. Nothing if it has stopped or died already. */
  readonly stop: Effect.Effect<void>
  /** The data and the port stay. */
  readonly restart: Effect.Effect<void, ServerFailed>
}

export class ServerFailed extends Data.TaggedError("ServerFailed")<{
  readonly step: "initdb" | "start"
  readonly message: string
}> {}

class PortTaken extends Data.TaggedError("PortTaken")<{ readonly port: number }> {}

const settings = {
  listen_addresses: "127.0.0.1",
  // no socket files: their path would have to be short
  unix_socket_directories: "",
  max_connections: "200",
  fsync: "off",
  full_page_writes: "off",
  autovacuum: "off",
  wal_level: "minimal",
  max_wal_senders: "0",
  logging_collector: "off"
}

export const make = Effect.fn("PostgresServer.make")(function*(): Effect.fn.Return<
  PostgresServer,
  ServerFailed | Binaries.BinariesMissing | Guard.GuardFailed,
  Scope.Scope
> {
  const identity = unprivileged()
  const directory = yield* Guard.temporaryDirectory(identity, [...new Set([Os.tmpdir(), "/tmp", "/var/tmp"])])
  const binaries = yield* Binaries.prepare(directory, identity)
  const data = Path.join(directory, "data")
  const log = Path.join(directory, "log")
  const guarded = (last: "QUIT" | "KILL", command: string, args: ReadonlyArray<string>) =>
    Guard.run(command, args, { identity, directory, log, last })

  const setup = ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"]
  // It listens to no gentler signal.
  yield* initdb(guarded("KILL", binaries.initdb, setup), log)

  let running: Guard.Guarded | undefined
  const stop = (how: "INT" | "QUIT") => Effect.suspend(() => running === undefined ? Effect.void : end(running, how))
  yield* Effect.addFinalizer(() => stop("QUIT"))

  const launch = Effect.fnUntraced(function*(port: number) {
    // A server that was killed leaves its file behind, which would say "ready" for the new one.
    Fs.rmSync(pidFile(data), { force: true })
    const from = sizeOf(log)
    const options = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])
    running = yield* guarded("QUIT", binaries.postgres, ["-D", data, "-p", String(port), ...options])
    yield* Effect.onError(whenReady(running, data, port, () => textOf(log, from)), () => stop("QUIT"))
    return port
  })

  // The port is kept for restarts, so it comes from below the range out of which outgoing connections are served.
  const port = yield* Effect.flatMap(freePort, launch).pipe(
    Effect.retry({ times: 20, while: (error) => error._tag === "PortTaken" }),
    failWhenTaken
  )

  const lock = yield* Semaphore.make(1)
  const start = Effect.suspend(() => running?.hasEnded() === false ? Effect.void : Effect.asVoid(launch(port))).pipe(
    // Somebody else may hold our port for a moment.
    Effect.retry({ schedule: Schedule.spaced("100 millis"), times: 100, while: (error) => error._tag === "PortTaken" }),
    failWhenTaken
  )
  return {
    version: binaries.version,
    connection: { host: "127.0.0.1", port, user: "postgres", database: "postgres", ssl: false },
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    directory,
    start: lock.withPermits(1)(start),
    stop: lock.withPermits(1)(stop("INT")),
    restart: lock.withPermits(1)(Effect.andThen(stop("INT"), start))
  }
})

/** PostgreSQL refuses to run as root, and the one it runs as must have a name. */
const unprivileged = (): Guard.Identity => {
  if (process.getuid?.() !== 0) return {}
  const users = Fs.readFileSync("/etc/passwd", "utf8").split("\n").map((line) => line.split(":"))
  const nobody = users.find(([name]) => name === "nobody") ?? users.find(([, , uid]) => Number(uid) > 0)
  const id = (field: string | undefined) => field === undefined ? 65534 : Number(field) >>> 0
  return { uid: id(nobody?.[2]), gid: id(nobody?.[3]) }
}

const initdb = Effect.fnUntraced(function*(process: Effect.Effect<Guard.Guarded>, log: string) {
  const child = yield* process
  const code = yield* Effect.onInterrupt(child.exit, () => end(child, "KILL"))
  if (code !== 0) {
    return yield* new ServerFailed({
      step: "initdb",
      message: `initdb ended with code ${code}: ${gist(textOf(log, 0))}`
    })
  }
})

const pidFile = (data: string) => Path.join(data, "postmaster.pid")

/** The eighth line of the server's own file says how far it is, as `pg_ctl` reads it too. */
const isReady = (data: string): boolean => {
  try {
    return Fs.readFileSync(pidFile(data), "utf8").split("\n")[7]?.trim() === "ready"
  } catch {
    return false
  }
}

const whenReady = Effect.fnUntraced(function*(
  child: Guard.Guarded,
  data: string,
  port: number,
  said: () => string
) {
  for (let attempt = 0; attempt < 6000; attempt++) {
    if (child.hasEnded()) {
      if (/could not bind|could not create listen socket/.test(said())) return yield* new PortTaken({ port })
      return yield* new ServerFailed({ step: "start", message: `the server ended at once: ${gist(said())}` })
    }
    if (isReady(data)) return
    yield* Effect.sleep("5 millis")
  }
  return yield* new ServerFailed({ step: "start", message: `the server did not become ready: ${gist(said())}` })
})

/** In good order, at once, and by force: what does not end in time is ended by the next one. */
const signals = ["INT", "QUIT", "KILL"] as const

const end = Effect.fnUntraced(function*(child: Guard.Guarded, first: typeof signals[number]) {
  for (const name of signals.slice(signals.indexOf(first))) {
    yield* child.signal(name)
    // The server itself kills, five seconds after a `QUIT`, a backend that somebody has frozen.
    const ended = yield* Effect.timeoutOption(child.exit, name === "INT" ? "3 seconds" : "7 seconds")
    if (ended._tag === "Some") return
  }
}, Effect.uninterruptible)

const freePort: Effect.Effect<number, PortTaken> = Effect.callback<number, PortTaken>((resume) => {
  const port = 15_000 + Math.floor(Math.random() * 17_000)
  const probe = Net.createServer()
  probe.once("error", () => resume(Effect.fail(new PortTaken({ port }))))
  probe.listen({ port, host: "127.0.0.1", exclusive: true }, () => probe.close(() => resume(Effect.succeed(port))))
})

const failWhenTaken = <A, R>(self: Effect.Effect<A, ServerFailed | PortTaken, R>) =>
  Effect.catchTag(
    self,
    "PortTaken",
    ({ port }) => Effect.fail(new ServerFailed({ step: "start", message: `port ${port} is taken by another program` }))
  )

const sizeOf = (file: string): number => Fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0

/** What was said since `from`. */
const textOf = (file: string, from: number): string =>
  Fs.existsSync(file) ? Fs.readFileSync(file).subarray(from).toString("utf8").trim() : ""

/** What of it matters, in one line. */
const gist = (text: string): string => {
  const lines = text.split("\n")
  const grave = lines.filter((line) => /FATAL|PANIC|error:/.test(line))
  return (grave.length > 0 ? grave : lines.slice(-1)).map((line) => line.trim()).join(" | ")
}
