/** The types of the catalogue: what is measured, at which sizes, and who takes part. */

import type { Row, Sample } from "./results.ts"

/** How thorough a run is. */
export type Mode = "full" | "quick"

/** What a row can be compared by. */
export type Field = keyof Sample

/** What a contender is, as far as figures and plots are concerned. */
export type Kind = "ours" | "floor" | "effect" | "promise" | "beam" | "other"

export interface Contender {
  /** Its name in figures and tables: `"whitepool use"`. */
  readonly peer: string
  readonly kind: Kind
  /** The file under `bench/`, without `.ts`, that exports `subject`; or the command of another runtime. */
  readonly program: string | ForeignProgram
  /** What Node is told before the script, such as `--expose-gc`. */
  readonly nodeFlags?: ReadonlyArray<string> | undefined
  /** Larger sizes are left out, and why. */
  readonly limit?: Limit | undefined
  /** It is so slow that it does only one in so many of the cycles: its rounds would outlast those of all others. */
  readonly oneIn?: number | undefined
  /** What a reader must know about it in this workload. */
  readonly note?: string | undefined
}

/** The largest size a contender takes part in. */
export interface Limit extends Readonly<Record<Mode, number>> {
  readonly because: string
}

export interface Command {
  readonly command: string
  readonly args: ReadonlyArray<string>
  readonly env?: Readonly<Record<string, string>> | undefined
}

/** A subject outside of Node. It is prepared once for a run, in a folder of its own that goes away with the run. */
export interface ForeignProgram {
  readonly name: string
  readonly prepare: (folder: string) => Promise<
    | { readonly command: (workload: string, size: number) => Command; readonly version: string }
    | { readonly missing: string }
  >
}

/** One size of a workload. */
export interface Size {
  readonly size: number
  /** How many cycles a round asks for. */
  readonly cycles: number
  /** None: that kind of run leaves the size out. */
  readonly rounds: Readonly<Record<Mode, number>>
  /** Rounds before the first that counts. Default: 3 in a full run, 2 in a quick one. */
  readonly warmUps?: Readonly<Record<Mode, number>> | undefined
}

export interface Workload {
  /** `"W1"`. */
  readonly id: string
  readonly title: string
  /** One paragraph for the page: what is done and what is timed. */
  readonly about: string
  /** What one cycle is called: `"cycle"`, `"waiter"`, `"query"`. */
  readonly unit: string
  /** What `size` counts, where there are several: `"waiters"`. */
  readonly counts?: string | undefined
  /** What its table shows; contenders are compared by the first. Default: the cost. */
  readonly shows?: ReadonlyArray<Field> | undefined
  /** False: its table only shows, for a ratio of it says nothing. */
  readonly compared?: false | undefined
  /** Whether the page has a plot of it: bars, or lines where it has several sizes. */
  readonly plotted?: boolean | undefined
  readonly sizes: ReadonlyArray<Size>
  readonly contenders: ReadonlyArray<Contender>
  /**
   * Something every round of every contender needs, such as a database server: given to the children as environment.
   * Its `stop` is called when the workload is over.
   */
  readonly provide?:
    | (() => Promise<{ readonly env: Readonly<Record<string, string>>; readonly stop: () => Promise<void> }>)
    | undefined
}

/** Something that is measured in another way than by rounds: what an import costs, how large a bundle is. */
export interface Inspection extends Pick<Workload, "id" | "title" | "about" | "unit" | "shows" | "compared"> {
  readonly inspect: (stage: string, mode: Mode) => Promise<ReadonlyArray<Row>>
}
