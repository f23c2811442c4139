/**
 * The pages that list what the code has: the protocol and the states in `docs/messages.md`, the files in
 * `docs/architecture.md`, options and verbs in `docs/policies.md` and the README, errors in the README. Each list says exactly
 * what the source says. That is read as text, but for the defaults of the options.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as fs from "node:fs"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import { InvalidOptions } from "../src/pool/PoolError.ts"
import { filesUnder, withoutComments } from "./support/modules.ts"
import { settingsOf } from "./support/settings.ts"

const root = fileURLToPath(new URL("..", import.meta.url))
const read = (file: string) => fs.readFileSync(path.join(root, file), "utf8")
const source = (file: string) => withoutComments(read(`src/pool/${file}`))

const all = (text: string, pattern: RegExp): ReadonlyArray<string> =>
  Array.from(text.matchAll(pattern), (match) => match[1] ?? "")
const only = (text: string, pattern: RegExp): string => {
  const found = all(text, new RegExp(pattern.source, "gm"))
  assert.strictEqual(found.length, 1, `${pattern} is found once`)
  return found[0] ?? ""
}
const words = (union: string) => all(union, /"([^"]+)"/g)

// The source

interface Message {
  readonly tag: string
  readonly fields: ReadonlyArray<string>
}

/** Only the members of the interface itself, at one step of indentation. */
const membersOf = (body: string) => all(body, /^ {2}readonly (\w+)\??:/gm).filter((name) => name !== "_tag")

const bodyOf = (file: string, name: string) =>
  only(source(file), new RegExp(`^export interface ${name} (?:extends \\w+ )?\\{\\n([^]*?)^\\}`))

/** What an interface of `Message.ts` has of another one. */
const inheritedBy = (name: string): ReadonlyArray<string> => {
  const parent = new RegExp(`^export interface ${name} extends (\\w+)`, "m").exec(source("Message.ts"))?.[1]
  if (parent === undefined) return []
  assert.strictEqual(parent, "Verdict")
  return membersOf(bodyOf("internal/checkup.ts", parent))
}

/** A type of the protocol by its name: an interface of `Message.ts`; or `Borrow`, whose maker says what it asks for. */
const messageOf = (name: string): Message => {
  const alias = new RegExp(`^export type ${name} = (\\w+)$`, "m").exec(source("Message.ts"))?.[1]
  if (alias === undefined) {
    const body = bodyOf("Message.ts", name)
    return { tag: only(body, /^ {2}readonly _tag: "(\w+)"$/), fields: [...membersOf(body), ...inheritedBy(name)] }
  }
  assert.strictEqual(alias, "Borrow")
  const borrow = source("internal/borrow.ts")
  const fields = all(only(borrow, /^ {2}constructor\(([^)]*)\)/), /(\w+):/g)
  return { tag: only(borrow, /^ {2}readonly _tag = "(\w+)"$/), fields }
}

const protocol = all(only(source("Message.ts"), /^export type Message =\n((?: {2}\| \w+\n)+)/), /\| (\w+)/g).map(
  messageOf
)

// The pages

/** The cells of a page's tables, without the heads: those of a row by the name in its first cell. */
const tablesOf = (page: string): ReadonlyArray<ReadonlyMap<string, ReadonlyArray<string>>> => {
  const tables: Array<Map<string, ReadonlyArray<string>>> = []
  let lines: Array<string> = []
  for (const line of [...page.split("\n"), ""]) {
    if (line.startsWith("|")) lines.push(line)
    else if (lines.length > 0) {
      const rows = lines.slice(2).map((row) => row.split("|").slice(1, -1).map((cell) => cell.trim()))
      tables.push(new Map(rows.map((row) => [code(row[0] ?? "")[0] ?? row[0] ?? "", row])))
      lines = []
    }
  }
  return tables
}

const code = (cell: string) => all(cell, /`([^`]+)`/g)

/** The one table that has a row of this name. */
const tableWith = (file: string, name: string) => {
  const found = tablesOf(read(file)).filter((table) => table.has(name))
  assert.strictEqual(found.length, 1, `${file} has one table with ${name}`)
  return found[0] ?? new Map<string, ReadonlyArray<string>>()
}

/** The text from a heading to the next. */
const section = (file: string, heading: string) => {
  const after = read(file).split(`\n## ${heading}\n`)[1] ?? ""
  assert.notStrictEqual(after, "", `${file} has a section ${heading}`)
  return after.split("\n## ")[0] ?? ""
}

describe("docs/messages.md", () => {
  const table = tableWith("docs/messages.md", "Checkout")

  it("lists the messages of the protocol, and their fields, in its order", () => {
    assert.ok(protocol.length > 10)
    assert.deepStrictEqual(
      Array.from(table, ([tag, row]) => ({ tag, fields: code(row[1] ?? "") })),
      protocol
    )
  })

  it("calls a call what carries a way to answer it, and only that has a reply", () => {
    const kinds = Array.from(table, ([tag, row]) => [tag, row[3], row[4] === "–" ? "none" : "some"])
    // A reservation is answered when it is made, and gone when it is given up.
    const isCall = ({ fields, tag }: Message) =>
      tag === "Checkout" || tag === "Reserve" || fields.includes("reply") || fields.includes("awaiter")
    assert.deepStrictEqual(
      kinds,
      protocol.map((message) => [message.tag, ...(isCall(message) ? ["call", "some"] : ["cast", "none"])])
    )
  })

  it("lists what the machine handles", () => {
    assert.sameMembers(Array.from(table.keys()), [...all(source("Machine.ts"), /^ {6}case "(\w+)":/gm)])
  })

  it("lists the reasons of a worker's exit, and their fields", () => {
    const union = only(source("Message.ts"), /^export type WorkerExit =\n((?: {2}\| .*\n)+)/)
    const reasons = union.trim().split("\n").map((line) => ({
      tag: only(line, /_tag: "(\w+)"/),
      fields: all(line, /readonly (\w+):/g).filter((name) => name !== "_tag")
    }))
    assert.deepStrictEqual(
      Array.from(tableWith("docs/messages.md", "Died"), ([tag, row]) => ({ tag, fields: code(row[1] ?? "") })),
      reasons
    )
  })

  it("lists what a worker can be told to find out", () => {
    const jobs = words(only(source("internal/checkup.ts"), /^export type Job = (.*)$/))
    assert.sameMembers(Array.from(tableWith("docs/messages.md", "judge").keys()), [...jobs])
  })

  it("draws every state of pool, worker and borrow", () => {
    const states: ReadonlyArray<readonly [string, string, RegExp]> = [
      ["The pool's phase", "internal/state.ts", /^ {2}phase: (.*) = "open"$/],
      ["A worker", "internal/worker.ts", /^ {2}state: (.*) = "opening"$/],
      ["A borrow", "internal/borrow.ts", /^ {2}state: (.*) = "asked"$/]
    ]
    const missing = states.flatMap(([heading, file, pattern]) => {
      const diagram = only(section("docs/messages.md", heading), /```text\n([^]*?)\n```/)
      return words(only(source(file), pattern)).filter((state) => !new RegExp(`\\b${state}\\b`).test(diagram))
    })
    assert.deepStrictEqual(missing, [])
  })
})

describe("docs/architecture.md", () => {
  it("names every file of src, and no other", () => {
    const named = all(section("docs/architecture.md", "Every file"), /^\| `(src\/[^`]+)`/gm)
    assert.sameMembers([...named], [...filesUnder(root, "src", ".ts")])
  })
})

describe("docs/guarantees.md", () => {
  it("numbers the nine invariants, and then what the policies promise, and says what is not promised at its end", () => {
    const headings = all(read("docs/guarantees.md"), /^## (.*)$/gm)
    assert.strictEqual(headings.at(-1), "What is not promised")
    const numbers = (heading: string) => all(section("docs/guarantees.md", heading), /^(\d+)\. /gm).map(Number)
    assert.deepStrictEqual(numbers("The nine invariants"), [1, 2, 3, 4, 5, 6, 7, 8, 9])
    const more = numbers("What the policies promise")
    assert.ok(more.length > 10)
    assert.deepStrictEqual(more, more.map((_, index) => 10 + index))
  })

  it("names a test for each promise of the policies", () => {
    const promises = section("docs/guarantees.md", "What the policies promise").split(/^\d+\. /m).slice(1)
    const named = promises.map((promise) => code(promise).filter((text) => text.endsWith(".test.ts")))
    assert.deepStrictEqual(promises.filter((_, index) => named[index]?.length === 0), [])
    assert.deepStrictEqual(named.flat().filter((file) => !fs.existsSync(path.join(root, "test/pool", file))), [])
  })
})

const interfaces = [
  ["Options.ts", "Options"],
  ["Policies.ts", "LifeOptions"],
  ["Policies.ts", "HealthOptions"],
  ["Policies.ts", "QueueOptions"],
  ["Policies.ts", "SharingOptions"]
] as const

/** The options of an interface: what is graded neither essential nor common is rare. */
const optionsIn = (
  [file, name]: readonly [string, string]
): ReadonlyArray<readonly [option: string, grade: string]> => {
  const [before = ""] = read(`src/pool/${file}`).split(new RegExp(`export interface ${name}\\b`))
  const doc = before.slice(before.lastIndexOf("/**"))
  const graded = (grade: string) => code(new RegExp(`${grade}: ([^.]*)\\.`).exec(doc)?.[1] ?? "")
  const [essential, common] = [graded("Essential"), graded("Common")]
  const body = only(source(file), new RegExp(`^export interface ${name}\\b[^]*?\\{\\n([^]*?)^\\}`))
  return membersOf(body).map((option) => [
    option,
    essential.includes(option) ? "Essential" : common.includes(option) ? "Common" : "Rare"
  ])
}

describe("docs/policies.md", () => {
  const rows = new Map(
    tablesOf(section("docs/policies.md", "Every option")).flatMap((table) =>
      Array.from(table).filter(([, row]) => /^(?:Essential|Common|Rare)$/.test(row[1] ?? ""))
    )
  )

  it("lists every option once, graded as in the source", () => {
    const options = interfaces.flatMap(optionsIn)
    assert.ok(options.length > 40)
    assert.sameDeepMembers(Array.from(rows, ([option, row]) => [option, row[1]]), options.map((option) => [...option]))
    const lines = section("docs/policies.md", "Every option").split("\n").filter((line) =>
      /^\| `\w+` .*\| (?:Essential|Common|Rare) /.test(line)
    )
    assert.strictEqual(lines.length, rows.size)
  })

  it("gives the defaults that a pool has", () => {
    const settings = settingsOf({ factory: Effect.void, size: 7 }, "pool")
    const validating = settingsOf({ factory: Effect.void, size: 7, validate: () => Effect.succeed(true) }, "pool")
    if (settings instanceof InvalidOptions || validating instanceof InvalidOptions) throw settings
    assert.isTrue(validating.validates)
    assert.deepStrictEqual([settings.minIdle, settings.workerShutdown], [settings.size, settings.closeTimeout])
    // What has no number of its own.
    const others = { validateOn: "checkout", minIdle: "size", workerShutdown: "closeTimeout" }
    const defaults = new Map<string, unknown>(Object.entries({ ...settings, ...others }))
    const meant = (option: string) => {
      const value = defaults.get(option)
      return value === undefined || value === Infinity ? "none" : `${value as string | number | boolean}`
    }
    const said = (cell: string) => {
      if (/^(?:none|no limit|any number|unlimited)$/.test(cell)) return "none"
      return (code(cell)[0] ?? cell).replaceAll("\"", "").replace(/(?<=\d)_(?=\d)/g, "")
    }
    for (const [option, row] of rows) {
      if (!["factory", "size", "backoff"].includes(option)) {
        assert.strictEqual(said(row[2] ?? ""), meant(option), option)
      }
    }
  })

  it("says why options do not go together, in the words of the error", () => {
    const rules =
      read("src/pool/internal/optionChecks.ts").split("const rules")[1]?.split("/** The options among")[0] ?? ""
    const reasons = all(withoutComments(rules), /"([^"\n]*)"/g).filter((text) => text.includes(" "))
    assert.ok(reasons.length > 8)
    const page = section("docs/policies.md", "Options that do not go together")
    assert.deepStrictEqual(reasons.filter((reason) => !page.includes(reason)), [])
    assert.strictEqual(tablesOf(page)[0]?.size, 10)
  })
})

describe("README.md", () => {
  it("lists every option that is no policy, and grades it as the page of policies does", () => {
    const options = optionsIn(["Options.ts", "Options"])
    assert.ok(options.length > 10)
    const listed = [["Essential", "factory"], ["Common", "checkoutTimeout"], ["Rare", "openConcurrency"]] as const
    assert.sameDeepMembers(
      listed.flatMap(([grade, name]) => Array.from(tableWith("README.md", name).keys(), (option) => [option, grade])),
      options.map((option) => [...option])
    )
  })

  it("lists every verb of the session, but for those that the page of policies lists", () => {
    const verbs = membersOf(only(source("Session.ts"), /^export interface Session<.*\{\n([^]*?)^\}/))
    const listed = [["README.md", "awaitShutdown"], ["docs/policies.md", "suspend"]] as const
    const rows = listed.flatMap(([file, name]) =>
      Array.from(tableWith(file, name).keys(), (row) => row.replace(/\(.*$/, ""))
    )
    assert.sameMembers(rows, verbs.filter((name) => name !== "name"))
  })

  it("lists every error, and what it carries", () => {
    const errors = Array.from(
      source("PoolError.ts").matchAll(/^export class (\w+)[^]*?TaggedError\("\w+"\)<\{([^}]*)\}>/gm),
      ([, name = "", fields = ""]) =>
        [name, all(fields, /readonly (\w+):/g).filter((field) => field !== "pool")] as const
    )
    const table = tableWith("README.md", "CheckoutTimeout")
    assert.sameMembers(Array.from(table.keys()), errors.map(([name]) => name))
    for (const [name, fields] of errors) {
      const carried = code(table.get(name)?.[3] ?? "")
      assert.deepStrictEqual(fields.filter((field) => !carried.includes(field)), [], name)
    }
  })
})
