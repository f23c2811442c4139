/**
 * The fenced code blocks of README, docs and doc comments, made into modules.
 *
 * A block keeps its line numbers, so what a compiler or a stack says of the
 * module is true of the page it came from.
 */
import * as fs from "node:fs"
import * as path from "node:path"
import { filesUnder } from "./modules.ts"

/** One fenced block: `line` is that of its first line of code. */
export interface Block {
  readonly file: string
  readonly line: number
  readonly info: string
  readonly lines: ReadonlyArray<string>
}

/** A block as a module, and what running it must print, line by line; nothing expected means anything goes. */
export interface Program {
  readonly source: string
  readonly expected: ReadonlyArray<string>
  readonly problems: ReadonlyArray<string>
}

const fence = /^(\s*)(`{3,})\s*([^`]*)$/
const comment = /^\s*\* ?/

const blocksOf = (file: string, text: string): ReadonlyArray<Block> => {
  const inComment = file.endsWith(".ts")
  const blocks: Array<Block> = []
  let open:
    | { readonly indent: string; readonly ticks: string; readonly block: Block & { lines: Array<string> } }
    | undefined
  text.split("\n").forEach((raw, index) => {
    if (inComment && !comment.test(raw)) return
    const line = inComment ? raw.replace(comment, "") : raw
    const [, indent = "", ticks, info = ""] = fence.exec(line) ?? []
    if (open === undefined) {
      if (ticks !== undefined) open = { indent, ticks, block: { file, line: index + 2, info: info.trim(), lines: [] } }
    } else if (ticks?.startsWith(open.ticks) && info.trim() === "") {
      blocks.push(open.block)
      open = undefined
    } else {
      open.block.lines.push(line.startsWith(open.indent) ? line.slice(open.indent.length) : line)
    }
  })
  if (open !== undefined) throw new Error(`${file}:${open.block.line - 1}: this block never ends`)
  return blocks
}

/** The pages a reader reads: README and everything under docs. */
export const pages = (root: string): ReadonlyArray<string> => [
  ...["README.md"].filter((file) => fs.existsSync(path.join(root, file))),
  ...filesUnder(root, "docs", ".md")
]

/** Every fenced block of the pages and of the doc comments in src. */
export const allBlocks = (root: string): ReadonlyArray<Block> =>
  [...pages(root), ...filesUnder(root, "src", ".ts")]
    .flatMap((file) => blocksOf(file, fs.readFileSync(path.join(root, file), "utf8")))

const prints = /\b[cC]onsole\.log\(|^\s*[)\]}]/
const statement = /^\s*(?:const|let|var|return|yield|throw|if|for|while|import|export)\b/
const count = (text: string, part: string) => text.split(part).length - 1

/**
 * `console.log(x) // => text` must print `text`, `x // => text` on a line of its own prints and must print it,
 * and a line that is only `// => text` is one more line of output. The order on the page is the order of the output.
 */
export const toProgram = (block: Block): Program => {
  const expected: Array<string> = []
  const problems: Array<string> = []
  const lines = block.lines.map((line, index) => {
    const [, before, text] = /^(.*?)\s*\/\/ => (.*)$/.exec(line) ?? []
    if (before === undefined || text === undefined) return line
    expected.push(text.trim())
    if (before.trim() === "" || prints.test(before)) return line
    if (!statement.test(before) && count(before, "(") === count(before, ")")) return `console.log(${before.trim()})`
    problems.push(`${block.file}:${block.line + index}: "// =>" stands behind nothing that prints`)
    return line
  })
  return { source: "\n".repeat(block.line - 1) + lines.join("\n") + "\n", expected, problems }
}
