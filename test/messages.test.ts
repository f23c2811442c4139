/**
 * The pages that list what the code has: the protocol and the states in `docs/messages.md`, the files in
 * `docs/architecture.md`, options, verbs and errors in the README. Each list says exactly what the source says, which is
 * read as text, never evaluated.
 */
import { assert, describe, it } from "@effect/vitest"
import * as fs from "node:fs"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import { filesUnder, withoutComments } from "./support/modules.ts"

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

/** A type of the protocol by its name: an interface of `Message.ts`; or `Borrow`, whose maker says what it asks for. */
const messageOf = (name: string): Message => {
  const alias = new RegExp(`^export type ${name} = (\\w+)$`, "m").exec(source("Message.ts"))?.[1]
  if (alias === undefined) {
    const body = only(source("Message.ts"), new RegExp(`^export interface ${name} \\{\\n([^]*?)^\\}`))
    return { tag: only(body, /^ {2}readonly _tag: "(\w+)"$/), fields: membersOf(body) }
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
    const isCall = ({ fields, tag }: Message) =>
      tag === "Checkout" || fields.includes("reply") || fields.includes("awaiter")
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
  it("numbers the nine invariants, and says what is not promised at its end", () => {
    const headings = all(read("docs/guarantees.md"), /^## (.*)$/gm)
    assert.strictEqual(headings.at(-1), "What is not promised")
    assert.deepStrictEqual(
      all(section("docs/guarantees.md", "The nine invariants"), /^(\d+)\. /gm).map(Number),
      [1, 2, 3, 4, 5, 6, 7, 8, 9]
    )
  })
})

describe("README.md", () => {
  it("lists every option once", () => {
    const options = membersOf(only(source("Options.ts"), /^export interface Options<.*\{\n([^]*?)^\}/))
    assert.ok(options.length > 10)
    const listed = ["factory", "checkoutTimeout", "openConcurrency"].flatMap((name) =>
      Array.from(tableWith("README.md", name).keys())
    )
    assert.sameMembers(listed, [...options])
  })

  it("lists every verb of the session", () => {
    const verbs = membersOf(only(source("Session.ts"), /^export interface Session<.*\{\n([^]*?)^\}/))
    const listed = Array.from(tableWith("README.md", "awaitShutdown").keys(), (row) => row.replace(/\(.*$/, ""))
    assert.sameMembers(listed, verbs.filter((name) => name !== "name"))
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
