/**
 * Everything a reader can copy is true: each `ts` block of README, docs and the
 * doc comments of src compiles, runs and prints what it says; each command
 * exists; each relative link leads somewhere.
 *
 * A block that reads `DATABASE_URL` finds a real PostgreSQL there. Tags behind `ts` are refused.
 */
import { afterAll, assert, beforeAll, describe, it, vi } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import { execFile } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import { format } from "node:util"
import * as PostgresServer from "../docs/examples/postgres/PostgresServer.ts"
import { allBlocks, type Block, pages, toProgram } from "./support/docBlocks.ts"

const root = fileURLToPath(new URL("..", import.meta.url))
const read = (file: string) => fs.readFileSync(path.join(root, file), "utf8")
const blocks = allBlocks(root)
const where = (block: Block) => `${block.file}:${block.line}`
const language = (block: Block) => block.info.split(/\s/)[0] ?? ""
const isCode = (block: Block) => /^(?:ts|tsx|typescript|js|javascript|mts)$/.test(language(block))
const programs = blocks.filter((block) => block.info === "ts")
  .map((block) => ({ block, program: toProgram(block), name: where(block).replace(/[/:]/g, "_") + ".ts" }))

// Inside the tree, so that a block's imports resolve as a test's do.
const folder = path.join(root, "test", ".tmp", `docs-${process.pid}`)

const database = Scope.makeUnsafe()

beforeAll(async () => {
  if (programs.some(({ program }) => program.source.includes("DATABASE_URL"))) {
    const server = await Effect.runPromise(Scope.provide(PostgresServer.make(), database))
    // Not stubbed: stubs last for one test.
    process.env["DATABASE_URL"] = server.url
  }
  fs.mkdirSync(folder, { recursive: true })
  for (const { name, program } of programs) fs.writeFileSync(path.join(folder, name), program.source)
})

afterAll(async () => {
  await Effect.runPromise(Scope.close(database, Exit.void))
  fs.rmSync(folder, { recursive: true, force: true })
  try {
    fs.rmdirSync(path.dirname(folder))
  } catch {
    // Another run has its folder there, or has removed this one already.
  }
})

describe("the code blocks", () => {
  it("are tagged ts and nothing else", () => {
    const wrong = blocks.filter((block) => isCode(block) && block.info !== "ts")
    assert.deepStrictEqual(wrong.map((block) => `${where(block)}: ${block.info}`), [])
  })

  it("say what they print behind something that prints", () => {
    assert.deepStrictEqual(programs.flatMap(({ program }) => program.problems), [])
  })

  it("compile", async () => {
    if (programs.length === 0) return
    const config = {
      extends: "../../tsconfig.json",
      // An example may name what it does not use.
      compilerOptions: { noUnusedLocals: false, noUnusedParameters: false, rootDir: root },
      files: programs.map(({ name }) => name),
      include: []
    }
    fs.writeFileSync(path.join(folder, "tsconfig.json"), JSON.stringify(config))
    const output = await new Promise<string>((resolve) => {
      const tsc = path.join(root, "node_modules", "typescript", "bin", "tsc")
      execFile(process.execPath, [tsc, "-p", folder, "--pretty", "false"], { cwd: folder }, (error, stdout, stderr) => {
        resolve(error === null ? "" : stdout + stderr)
      })
    })
    assert.strictEqual(output, "")
  })

  // One after another: they share the console.
  for (const { block, name, program } of programs) {
    it(`run: ${where(block)}`, async () => {
      const printed: Array<string> = []
      vi.spyOn(console, "log").mockImplementation((...args: Array<unknown>) => {
        // What the console would break over lines is one line on the page.
        printed.push(format(...args).replace(/\s*\n\s*/g, " "))
      })
      await import(/* @vite-ignore */ path.join(folder, name))
      if (program.expected.length === 0) return
      // A program may go on after its module has been read.
      await vi.waitUntil(() => printed.length >= program.expected.length, { timeout: 5_000 }).catch(() => undefined)
      assert.deepStrictEqual(printed, program.expected)
    })
  }
})

describe("the pages", () => {
  it("name commands that exist", () => {
    const scripts = (JSON.parse(read("package.json")) as { readonly scripts: Record<string, string> }).scripts
    const exists = (command: string): boolean => {
      const [program = "", first = "", second = ""] = command.replace(/^(?:\w+=\S*\s+)+/, "").split(/\s+/)
      if (program === "npm") {
        if (["ci", "i", "install"].includes(first)) return true
        return (first === "run" ? second : first === "t" ? "test" : first) in scripts
      }
      if (program === "npx") return fs.existsSync(path.join(root, "node_modules", ".bin", first))
      if (program === "node" || program === "tsx") return fs.existsSync(path.join(root, first))
      return ["cd", "git"].includes(program)
    }
    const wrong = blocks.filter((block) => /^(?:sh|bash|shell|console)$/.test(language(block))).flatMap((block) =>
      block.lines.map((line) => line.replace(/(?:^|\s)#.*$/, "").replace(/^\$ /, ""))
        .flatMap((line) => line.split(/&&|\|\||[|;]/))
        .map((command) => command.trim())
        .filter((command) => command !== "" && !exists(command))
        .map((command) => `${where(block)}: ${command}`)
    )
    assert.deepStrictEqual(wrong, [])
  })

  it("link to files that exist", () => {
    const wrong = pages(root).flatMap((page) =>
      Array.from(read(page).matchAll(/\]\(([^)\s]+)\)/g), ([, target = ""]) => target)
        .filter((target) => !/^(?:[a-z]+:|#)/.test(target))
        .filter((target) => !fs.existsSync(path.join(root, path.dirname(page), target.replace(/#.*$/, ""))))
        .map((target) => `${page}: ${target}`)
    )
    assert.deepStrictEqual(wrong, [])
  })

  it("link to headings that exist", () => {
    // As GitHub makes them: no punctuation, and a hyphen for each space.
    const anchorOf = (heading: string) => heading.toLowerCase().replace(/[^\w\- ]/g, "").replaceAll(" ", "-")
    const anchorsOf = (file: string) =>
      Array.from(read(file).matchAll(/^#+ (.*)$/gm), ([, text = ""]) => anchorOf(text))
    const wrong = pages(root).flatMap((page) =>
      Array.from(read(page).matchAll(/\]\(([^)\s#]*)#([^)\s]+)\)/g), ([, file = "", anchor = ""]) => ({ file, anchor }))
        .filter(({ file }) => file === "" || (file.endsWith(".md") && !/^[a-z]+:/.test(file)))
        .map(({ anchor, file }) => ({ anchor, file: file === "" ? page : path.join(path.dirname(page), file) }))
        .filter(({ anchor, file }) => fs.existsSync(path.join(root, file)) && !anchorsOf(file).includes(anchor))
        .map(({ anchor, file }) => `${page}: ${file}#${anchor}`)
    )
    assert.deepStrictEqual(wrong, [])
  })
})
