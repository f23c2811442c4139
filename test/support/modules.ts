/**
 * What a TypeScript or JavaScript file imports, read from its text.
 *
 * Comments are blanked first and strings are kept, so an example in a doc
 * comment is no import. A file is never evaluated.
 */
import * as fs from "node:fs"
import * as path from "node:path"

/** One specifier of a file. `typeOnly` imports leave nothing behind at run time. */
export interface Import {
  readonly specifier: string
  readonly typeOnly: boolean
}

const stringOrComment = /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|\/\/[^\n]*|\/\*[^]*?\*\//g
const fromClause = /^[ \t]*(?:import|export)\s+(type\s+)?([^;"'`]*?)\s*\bfrom\s*["']([^"']+)["']/gm
const bareImport = /^[ \t]*import\s*["']([^"']+)["']/gm
const inlineImport = /\bimport\(\s*["']([^"']+)["']/g

/** The text without its comments; lines keep their numbers. */
export const withoutComments = (text: string): string =>
  text.replace(stringOrComment, (match) => /^\/[/*]/.test(match) ? match.replace(/[^\n]+/g, "") : match)

/** Lines that hold code: neither blank nor nothing but comment. */
export const linesOfCode = (text: string): number =>
  withoutComments(text).split("\n").filter((line) => line.trim() !== "").length

const onlyTypes = (clause: string): boolean => {
  const named = /^\{([^]*)\}$/.exec(clause.trim())?.[1]
  if (named === undefined) return false
  const names = named.split(",").map((name) => name.trim()).filter((name) => name !== "")
  return names.length > 0 && names.every((name) => name.startsWith("type "))
}

/** Every import and re-export of a text, `import("…")` included: in a declaration that is a type, elsewhere a value. */
export const importsOf = (text: string): ReadonlyArray<Import> => {
  const code = withoutComments(text)
  return [
    ...Array.from(code.matchAll(fromClause), ([, type, clause = "", specifier = ""]) => ({
      specifier,
      typeOnly: type !== undefined || onlyTypes(clause)
    })),
    ...Array.from(code.matchAll(bareImport), ([, specifier = ""]) => ({ specifier, typeOnly: false })),
    ...Array.from(code.matchAll(inlineImport), ([, specifier = ""]) => ({ specifier, typeOnly: false }))
  ]
}

/** The files under a folder whose names end in `extension`, relative to `root`, sorted, dot-files left out. */
export const filesUnder = (root: string, folder: string, extension: string): ReadonlyArray<string> => {
  const absolute = path.join(root, folder)
  if (!fs.existsSync(absolute)) return []
  return fs.readdirSync(absolute, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name.startsWith(".") || entry.name === "node_modules") return []
    const relative = path.posix.join(folder, entry.name)
    if (entry.isDirectory()) return filesUnder(root, relative, extension)
    return entry.name.endsWith(extension) ? [relative] : []
  }).sort()
}
