import { assert, describe, it } from "@effect/vitest"
import { Cause, Exit } from "effect"
import { ExitReason } from "whitepool/actor"

const boom = Cause.die(new TypeError("secret"))

describe("ExitReason", () => {
  it("is abnormal unless it is Normal or Shutdown", () => {
    const reasons = [
      ExitReason.normal,
      ExitReason.shutdown,
      { _tag: "Shutdown", detail: 1 } as const,
      ExitReason.killed,
      ExitReason.noProcess,
      ExitReason.crash(boom)
    ]
    assert.deepStrictEqual(reasons.map(ExitReason.isAbnormal), [false, false, false, true, true, true])
  })

  it("of an Exit is Normal for a success, Shutdown for an interruption, and else a Crash with the cause", () => {
    assert.deepStrictEqual(ExitReason.fromExit(Exit.succeed(1)), ExitReason.normal)
    assert.deepStrictEqual(ExitReason.fromExit(Exit.interrupt()), ExitReason.shutdown)
    assert.deepStrictEqual(ExitReason.fromExit(Exit.failCause(boom)), ExitReason.crash(boom))
    const both = Cause.combine(Cause.interrupt(), boom)
    assert.deepStrictEqual(ExitReason.fromExit(Exit.failCause(both)), ExitReason.crash(both))
  })

  it("goes back to the Exit that it came from", () => {
    for (const exit of [Exit.void, Exit.interrupt(), Exit.failCause(boom)]) {
      assert.deepStrictEqual(ExitReason.toExit(ExitReason.fromExit(exit)), exit)
    }
    for (const reason of [ExitReason.killed, ExitReason.noProcess]) {
      assert.isTrue(Exit.hasInterrupts(ExitReason.toExit(reason)))
    }
  })

  it("is shown without the content of an error", () => {
    assert.strictEqual(ExitReason.format(ExitReason.crash(boom)), "Crash(TypeError)")
    assert.strictEqual(ExitReason.format(ExitReason.crash(Cause.fail({ _tag: "Oops", secret: 1 }))), "Crash(Oops)")
    assert.strictEqual(ExitReason.format(ExitReason.crash(Cause.fail("secret"))), "Crash(string)")
    assert.strictEqual(ExitReason.format(ExitReason.shutdown), "Shutdown")
    assert.strictEqual(
      ExitReason.format({ _tag: "Shutdown", detail: new RangeError("secret") }),
      "Shutdown(RangeError)"
    )
    assert.strictEqual(ExitReason.format({ _tag: "Shutdown", detail: "secret" }), "Shutdown")
  })
})
