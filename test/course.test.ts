/**
 * The course in docs/supervision is true: each lesson's program prints what its page says, what the page quotes stands in
 * the program, its Erlang runs on Erlang (where there is one), and the dictionary's names exist.
 *
 * A quotation is a `ts` block in a block quote: a piece of a program, which need not compile alone. Other `ts` blocks are
 * programs of their own, and `docs.test.ts` runs them.
 */
import { assert, describe, it } from "@effect/vitest"
import * as effect from "effect"
import { execFile, spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import * as pool from "whitepool"
import * as actor from "whitepool/actor"
import * as channel from "whitepool/channel"
import { allBlocks } from "./support/docBlocks.ts"

const root = fileURLToPath(new URL("..", import.meta.url))
const course = "docs/supervision"
const examples = "docs/examples/supervision"
const read = (file: string) => fs.readFileSync(path.join(root, file), "utf8")

const lessons = [
  "1-mailbox",
  "2-call-and-cast",
  "3-let-it-crash",
  "4-links-and-monitors",
  "5-strategies",
  "6-escalation",
  "7-poolboy"
]
const sections = [
  "## The program",
  "## What it prints",
  "## The same in Erlang",
  "## What is different here",
  "## Exercise",
  "## Where to read on"
]

const pageOf = (lesson: string) => `${course}/${lesson}.md`
const linksOf = (page: string) => Array.from(page.matchAll(/\]\(([^)\s]+)\)/g), ([, target = ""]) => target)
const blocks = allBlocks(root).filter(({ file }) => file.startsWith(course))

/** The block of this kind that stands first behind a heading. */
const blockAfter = (lesson: string, info: string, heading: string): string => {
  const line = read(pageOf(lesson)).split("\n").indexOf(heading) + 1
  const block = blocks.find((one) => one.file === pageOf(lesson) && one.info === info && one.line > line)
  if (line === 0 || block === undefined) throw new Error(`${pageOf(lesson)}: no ${info} block behind "${heading}"`)
  return block.lines.join("\n") + "\n"
}

/** What a page quotes, without the marks of the quotation. */
const quotationsOf = (page: string): ReadonlyArray<string> =>
  Array.from(page.matchAll(/^> ```ts\n((?:>.*\n)*?)> ```$/gm), ([, text = ""]) => text.replace(/^> ?/gm, ""))

interface Result {
  readonly code: number | string | null | undefined
  readonly stdout: string
  readonly stderr: string
}

const run = (command: string, args: ReadonlyArray<string>, cwd: string): Promise<Result> =>
  new Promise((resolve) => {
    const { FORCE_COLOR: _color, NODE_OPTIONS: _options, ...env } = process.env
    execFile(command, args, { cwd, env: { ...env, NO_COLOR: "1" } }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : error.code, stdout, stderr })
    })
  })

describe("the lessons", () => {
  it("are all in the index, in order, and lead from one to the next", () => {
    const index = linksOf(read(`${course}/README.md`)).filter((target) => /^\d-.*\.md$/.test(target))
    assert.deepStrictEqual(index, lessons.map((lesson) => `${lesson}.md`))
    lessons.forEach((lesson, at) => {
      const next = lessons[at + 1] ?? "dictionary"
      assert.include(linksOf(read(pageOf(lesson))), `${next}.md`, lesson)
    })
  })

  it("leave no program and no page out", () => {
    const names = (folder: string, ending: string) =>
      fs.readdirSync(path.join(root, folder)).filter((name) => name.endsWith(ending)).sort()
    assert.deepStrictEqual(names(examples, ".ts"), [...lessons, "poolboy"].map((name) => `${name}.ts`).sort())
    assert.deepStrictEqual(
      names(course, ".md"),
      [...lessons, "README", "dictionary"].map((name) => `${name}.md`).sort()
    )
  })

  for (const lesson of lessons) {
    describe(lesson, () => {
      const page = read(pageOf(lesson))

      it("has the sections of a lesson, and links to its program", () => {
        const headings = page.split("\n").filter((line) => sections.includes(line))
        assert.deepStrictEqual(headings, sections)
        assert.include(linksOf(page), `../examples/supervision/${lesson}.ts`)
        assert.include(page, "_Hint:_")
      })

      it("quotes what stands in its program, in the same order", () => {
        const programs = linksOf(page).filter((target) => target.startsWith("../examples/supervision/"))
          .map((target) => read(`${course}/${target}`))
        const quotations = quotationsOf(page)
        assert.isAbove(quotations.length, 0)
        let last = -1
        for (const quotation of quotations) {
          const at = programs.map((program) =>
            ("\n" + program).indexOf("\n" + quotation)
          ).find((index) => index >= 0) ?? -1
          assert.isAbove(at, last, `quoted, and not there:\n${quotation}`)
          last = at
        }
      })

      it("prints what its page says", async () => {
        const result = await run(process.execPath, ["--import", "tsx", `${examples}/${lesson}.ts`], root)
        assert.deepStrictEqual(result, { code: 0, stdout: blockAfter(lesson, "text", "## What it prints"), stderr: "" })
      })
    })
  }

  it("quote their programs in the index too", () => {
    const programs = lessons.map((lesson) => read(`${examples}/${lesson}.ts`))
    const quotations = quotationsOf(read(`${course}/README.md`))
    assert.isAbove(quotations.length, 0)
    for (const quotation of quotations) {
      assert.isTrue(programs.some((program) => program.includes(quotation)), quotation)
    }
  })

  it("rebuild poolboy in 60 lines, not counting imports, comments and blank lines", () => {
    const lines = read(`${examples}/poolboy.ts`).split("\n")
      .filter((line) => line.trim() !== "" && !/^import |^\s*(?:\/\/|\/?\*)/.test(line))
    assert.isAtMost(lines.length, 60)
  })
})

const hasErlang = spawnSync("erl", ["-noshell", "-eval", "halt()."]).status === 0

// Needs Debian's erlang-base, or the like.
describe.skipIf(!hasErlang)("the lessons' Erlang", () => {
  for (const lesson of lessons) {
    it(`prints what it says: ${lesson}`, async () => {
      const snippet = blockAfter(lesson, "erlang", "## The same in Erlang")
      const expected = Array.from(snippet.matchAll(/%% => (.*)/g), ([, text = ""]) => `${text}\n`).join("")
      assert.notStrictEqual(expected, "")
      const header = read(`${course}/README.md`).match(/```erlang\n([^`]*)```/)?.[1] ?? ""
      const folder = fs.mkdtempSync(path.join(os.tmpdir(), "lesson-"))
      try {
        fs.writeFileSync(path.join(folder, "lesson.erl"), header + snippet)
        const main = `{ok, M, B} = compile:file("lesson", [binary, report, warnings_as_errors]),
          {module, _} = code:load_binary(M, "lesson", B), lesson:main(), halt(0).`
        const result = await run("erl", ["-noshell", "-kernel", "logger_level", "none", "-eval", main], folder)
        assert.deepStrictEqual(result, { code: 0, stdout: expected, stderr: "" })
      } finally {
        fs.rmSync(folder, { recursive: true, force: true })
      }
    })
  }
})

describe("the dictionary", () => {
  const page = read(`${course}/dictionary.md`)
  const rows = page.split("\n").filter((line) => /^\| (?!-|Erlang\/OTP )/.test(line))
    .map((line) => line.slice(1, -1).split("|").map((cell) => cell.trim()))

  it("has at least forty rows of four columns, none of them empty", () => {
    assert.isAtLeast(rows.length, 40)
    assert.deepStrictEqual(rows.filter((row) => row.length !== 4 || row.some((cell) => cell === "")), [])
  })

  it("has a note for each mark, and a mark for each note", () => {
    const notes = Array.from(page.matchAll(/^\[\^(\w+)\]:/gm), ([, name]) => name)
    const marks = Array.from(page.matchAll(/\[\^(\w+)\](?!:)/g), ([, name]) => name)
    assert.isAbove(notes.length, 0)
    assert.deepStrictEqual(new Set(marks), new Set(notes))
    assert.strictEqual(notes.length, new Set(notes).size)
  })

  it("names what exists, of Effect and of Whitepool", () => {
    // Not the types, of which nothing is left at run time.
    const missing = (modules: Record<string, object>, column: number) =>
      rows.flatMap((row) => Array.from((row[column] ?? "").matchAll(/`([A-Z]\w*)\.([a-z]\w*)/g)))
        .filter(([, module = "", name = ""]) => !(name in (modules[module] ?? {})))
        .map(([found]) => found)
    assert.deepStrictEqual(missing({ ...effect }, 2), [])
    assert.deepStrictEqual(missing({ ...channel, ...actor, ...pool }, 3), [])
  })
})
