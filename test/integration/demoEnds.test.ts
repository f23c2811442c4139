import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { eventually } from "./support/database.ts"
import { leftovers, lines, program, type Running, temporaryDirectory } from "./support/program.ts"

const has = (running: Running, text: string) =>
  eventually(`the program prints ${text}`, Effect.sync(() => running.output().includes(text)), 60_000)

describe("npm start, asked for what cannot be, or told to end", () => {
  const wrong: ReadonlyArray<readonly [string, ReadonlyArray<string>, Readonly<Record<string, string>>]> = [
    ["--size", ["--size", "-1"], {}],
    ["--size", ["--size", "x"], {}],
    ["--fibers", ["--fibers", "1.5"], {}],
    ["--colour", ["--colour"], {}],
    ["DATABASE_URL", [], { DATABASE_URL: "postgres://somebody:secret@127.0.0.1:1/nowhere" }],
    ["DATABASE_URL", [], { DATABASE_URL: "not a url" }]
  ]
  it.live("says in one line what is wrong with its input", () =>
    Effect.forEach(
      wrong,
      Effect.fnUntraced(function*([name, args, environment]) {
        const { code, errors, output } = yield* (yield* program(args, environment)).outcome
        assert.strictEqual(code, 1, name)
        assert.strictEqual(output, "", name)
        assert.strictEqual(lines(errors).length, 1, errors)
        assert.include(errors, name)
        assert.notInclude(errors, "secret")
      }),
      { concurrency: 2, discard: true }
    ), 120_000)

  it.live("explains itself", () =>
    Effect.gen(function*() {
      const { code, errors, output } = yield* (yield* program(["--help"])).outcome
      assert.strictEqual(code, 0)
      assert.strictEqual(errors, "")
      for (const flag of ["--size", "--max-overflow", "--fibers", "--seconds"]) assert.include(output, flag)
    }), 120_000)

  // While two servers run, and while one of them is stopped and a backend of the other is frozen.
  const moments = ["just opened", "One backend is frozen"]

  it.live("shuts everything down on Ctrl-C", () =>
    Effect.forEach(
      moments,
      Effect.fnUntraced(function*(moment) {
        const TMPDIR = yield* temporaryDirectory
        const running = yield* program(["--seconds", "2"], { TMPDIR })
        yield* has(running, moment)
        running.child.kill("SIGINT")
        const { code, errors } = yield* running.outcome
        assert.strictEqual(code, 130)
        assert.strictEqual(lines(errors).length, 1, errors)
        assert.deepEqual(leftovers(TMPDIR), [])
      }),
      { concurrency: 2, discard: true }
    ), 120_000)

  it.live("takes its servers with it even when it is killed", () =>
    Effect.forEach(
      moments,
      Effect.fnUntraced(function*(moment) {
        const TMPDIR = yield* temporaryDirectory
        const running = yield* program(["--seconds", "2"], { TMPDIR })
        yield* has(running, moment)
        assert.isNotEmpty(leftovers(TMPDIR))
        running.child.kill("SIGKILL")
        const { signal } = yield* running.outcome
        assert.strictEqual(signal, "SIGKILL")
        // It takes PostgreSQL five seconds to lose its patience with a backend that is frozen.
        yield* eventually("nothing is left", Effect.sync(() => leftovers(TMPDIR).length === 0), 30_000)
      }),
      { concurrency: 2, discard: true }
    ), 120_000)
})
