import { assert, describe, it } from "@effect/vitest"
import { isWanted, parseFlags, UsageError } from "../../bench/harness/flags.ts"

const ids = ["W1", "W6 call", "W6 mpsc", "size"]
const parse = (...args: ReadonlyArray<string>) => parseFlags(args, ids)

describe("the command line", () => {
  it("without flags is a full run that writes", () => {
    assert.deepStrictEqual(parse(), {
      mode: "full",
      guard: false,
      help: false,
      only: [],
      render: false,
      simulate: false,
      write: true
    })
  })

  it("writes what is quick or partial only when told to", () => {
    assert.isFalse(parse("--quick").write)
    assert.isFalse(parse("--only", "W1").write)
    assert.isTrue(parse("--only", "W1", "--write").write)
  })

  it("takes one name for all workloads that begin with it", () => {
    const { only } = parse("--only", "W6,size")
    assert.deepStrictEqual(ids.filter((id) => isWanted(only, id)), ["W6 call", "W6 mpsc", "size"])
  })

  it("guards with a quick run", () => {
    assert.strictEqual(parse("--guard").mode, "quick")
    assert.isFalse(parse("--guard").write)
  })

  it("refuses what it does not know or cannot do", () => {
    for (
      const args of [
        ["--slow"],
        ["W1"],
        ["--only"],
        ["--only", ","],
        ["--only", "W9"],
        ["--guard", "--quick"],
        [
          "--guard",
          "--write"
        ],
        ["--render", "--quick"],
        ["--simulate", "--quick"],
        ["--simulate", "--only", "W1"],
        ["--simulate", "--render"]
      ]
    ) {
      assert.throws(() => parse(...args), UsageError, undefined, args.join(" "))
    }
  })
})
