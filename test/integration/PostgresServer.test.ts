import { assert, describe, it, vi } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import { existsSync, readFileSync } from "node:fs"
import * as Net from "node:net"
import { join } from "node:path"
import * as Client from "../../docs/examples/postgres/Client.ts"
import * as PostgresServer from "../../docs/examples/postgres/PostgresServer.ts"
import { eventually, shareServer } from "./support/database.ts"
import { leftovers, temporaryDirectory } from "./support/program.ts"

const ask = <Row extends Record<string, unknown>>(server: PostgresServer.PostgresServer, text: string) =>
  Effect.scoped(Effect.flatMap(Client.open(server.connection), (client) => Client.query<Row>(client, text)))

describe("A PostgresServer", () => {
  it.live("serves a real PostgreSQL 18, and leaves nothing behind", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const server = yield* Scope.provide(PostgresServer.make(), scope)
      const rows = yield* ask<{ readonly server_version: string }>(server, "SHOW server_version")
      assert.match(rows[0]?.server_version ?? "", /^18\./)
      assert.match(server.version, /^18\./)
      assert.strictEqual(server.url, `postgres://postgres@127.0.0.1:${server.connection.port}/postgres`)
      assert.isTrue(existsSync(server.directory))
      yield* Scope.close(scope, Exit.void)
      assert.isFalse(existsSync(server.directory))
      const refused = yield* Effect.flip(ask(server, "SELECT 1"))
      assert.strictEqual(refused._tag, "ConnectError")
    }))

  it.live("is one of several at once, each on a port of its own", () =>
    Effect.gen(function*() {
      const servers = yield* Effect.all([PostgresServer.make(), PostgresServer.make()], { concurrency: 2 })
      assert.strictEqual(new Set(servers.map(({ connection }) => connection.port)).size, 2)
      assert.strictEqual(new Set(servers.map(({ directory }) => directory)).size, 2)
      yield* Effect.forEach(servers, (server) => ask(server, "SELECT 1"), { concurrency: 2 })
    }))

  it.live("is gone when its making is interrupted", () =>
    Effect.gen(function*() {
      const directory = yield* temporaryDirectory
      vi.stubEnv("TMPDIR", directory)
      for (const millis of [20, 150, 400]) {
        yield* Effect.timeoutOption(Effect.scoped(PostgresServer.make()), millis)
        yield* eventually("nothing is left", Effect.sync(() => leftovers(directory).length === 0))
      }
    }))
})

describe("A PostgresServer that is up", () => {
  const server = shareServer()

  it.live("keeps its data and its port when it is restarted, stopped and started", () =>
    Effect.gen(function*() {
      yield* ask(server(), "CREATE TABLE kept AS SELECT 42 AS answer")
      yield* server().restart
      assert.deepEqual([...(yield* ask(server(), "SELECT answer FROM kept"))], [{ answer: 42 }])
      yield* server().stop
      yield* server().stop
      assert.strictEqual((yield* Effect.flip(ask(server(), "SELECT 1")))._tag, "ConnectError")
      yield* server().start
      yield* server().start
      assert.deepEqual([...(yield* ask(server(), "SELECT answer FROM kept"))], [{ answer: 42 }])
    }))

  it.live("can be stopped and started after it has died by itself", () =>
    Effect.gen(function*() {
      const client = yield* Client.open(server().connection)
      const [pid] = readFileSync(join(server().directory, "data", "postmaster.pid"), "utf8").split("\n")
      process.kill(Number(pid), "SIGKILL")
      yield* client.ended
      yield* server().stop
      yield* server().start
      assert.deepEqual([...(yield* ask(server(), "SELECT 1 AS one"))], [{ one: 1 }])
    }))

  it.live("waits for its port when somebody else has taken it meanwhile", () =>
    Effect.gen(function*() {
      yield* server().stop
      const thief = Net.createServer()
      yield* Effect.callback<void>((resume) => {
        thief.listen(server().connection.port, "127.0.0.1", () => resume(Effect.void))
      })
      yield* Effect.forkScoped(Effect.delay(Effect.sync(() => thief.close()), "300 millis"))
      yield* server().start
      assert.deepEqual([...(yield* ask(server(), "SELECT 1 AS one"))], [{ one: 1 }])
    }))
})

describe("A Client", () => {
  const server = shareServer()

  it.live("tells a question that was refused from a connection that was lost", () =>
    Effect.gen(function*() {
      const client = yield* Client.open(server().connection)
      const refused = yield* Effect.flip(Client.query(client, "SELECT no_such_column"))
      assert.strictEqual(refused._tag, "QueryError")
      assert.strictEqual(refused.code, "42703")
      assert.deepEqual([...(yield* Client.query(client, "SELECT 1 AS one"))], [{ one: 1 }])
      const lost = yield* Effect.flip(Client.query(client, "SELECT pg_terminate_backend(pg_backend_pid())"))
      assert.strictEqual(lost._tag, "ConnectionLost")
      yield* client.ended
      assert.strictEqual((yield* Effect.flip(Client.query(client, "SELECT 1")))._tag, "ConnectionLost")
    }))

  it.live("can be interrupted while it connects to something that never answers", () =>
    Effect.gen(function*() {
      const silent = Net.createServer((socket) => void socket.on("error", () => {}).resume())
      yield* Effect.callback<void>((resume) => void silent.listen(0, "127.0.0.1", () => resume(Effect.void)))
      const address = silent.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      const opened = yield* Effect.timeoutOption(Effect.scoped(Client.open({ host: "127.0.0.1", port })), "100 millis")
      assert.strictEqual(opened._tag, "None")
      // It ends only when every connection to it has ended.
      yield* Effect.callback<void>((resume) => void silent.close(() => resume(Effect.void)))
    }))
})
