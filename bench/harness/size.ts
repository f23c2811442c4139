/** How many bytes whitepool adds to what a browser loads: bundled, minified and gzipped, without effect. */
import * as esbuild from "esbuild"
import { gzipSync } from "node:zlib"

/** `folder` is the stage: from a file in it the package is found. */
const sizeOf = async (folder: string, source: string): Promise<number> => {
  const { outputFiles } = await esbuild.build({
    stdin: { contents: source, resolveDir: folder },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "neutral",
    target: "es2022",
    external: ["effect", "effect/*"],
    write: false,
    logLevel: "error"
  })
  return gzipSync(outputFiles[0]!.contents, { level: 9 }).length
}

/** Bytes of what most programs import. */
export const coreSize = (folder: string): Promise<number> => sizeOf(folder, `export { Pool } from "whitepool"`)

/** Bytes of each entry of the package with all it exports. */
export const entrySizes = async (folder: string): Promise<Readonly<Record<string, number>>> => {
  const sizes: Record<string, number> = {}
  for (const entry of ["whitepool", "whitepool/pools", "whitepool/actor", "whitepool/channel"]) {
    sizes[entry] = await sizeOf(folder, `export * from ${JSON.stringify(entry)}`)
  }
  return sizes
}
