/**
 * Everything a person sees: headings, plain lines, tables of status numbers, and one live line at the foot.
 *
 * On a terminal the live line is redrawn in place and taken away before anything else is printed. Into a pipe it becomes
 * a few plain lines, without colour. Nothing else in this example writes to the standard output.
 */
import { Effect, Logger, type Scope } from "effect"
import type { WriteStream } from "node:tty"
import type { Pool } from "whitepool"

export interface Display {
  readonly heading: (text: string) => void
  readonly line: (text?: string) => void
  readonly topic: (text: string) => void
  readonly result: (isGood: boolean, text: string) => void
  /** A row of status numbers; the columns are named again where `header` is set. */
  readonly row: (row: StatusRow, options?: { readonly header?: boolean }) => void
  /** Shows `text` until the scope closes: ten times a second on a terminal, else every `plainMillis`. */
  readonly live: (text: Effect.Effect<string>, plainMillis: number) => Effect.Effect<void, never, Scope.Scope>
  /** Prints the pool's own log lines in the same hand. */
  readonly logger: Logger.Logger<unknown, void>
}

export interface StatusRow {
  readonly label: string
  readonly status: Pool.Status
  /** What `pg_stat_activity` counts; unknown while the server is down. */
  readonly backends: number | undefined
}

type Colour = "bold" | "dim" | "red" | "green" | "yellow"

const codes: Record<Colour, readonly [number, number]> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39]
}

const columns = ["idle", "lent", "opening", "closing", "waiting", "backends"] as const
const labelWidth = 22
const stateWidth = 9

export const make = (stream: WriteStream): Display => {
  // Node reads NO_COLOR and TERM for this.
  const isTerminal = stream.isTTY === true && process.env["TERM"] !== "dumb"
  const isColoured = isTerminal && stream.hasColors()
  const paint = (colour: Colour, text: string) => {
    const [on, off] = codes[colour]
    return isColoured ? `\x1b[${on}m${text}\x1b[${off}m` : text
  }
  let liveText: string | undefined

  const draw = () => {
    if (liveText !== undefined) stream.write(`\r\x1b[2K${paint("dim", liveText.slice(0, (stream.columns || 80) - 1))}`)
  }
  const print = (text: string) => {
    if (liveText !== undefined) stream.write("\r\x1b[2K")
    stream.write(`${text}\n`)
    draw()
  }
  const header = "".padEnd(labelWidth) + "state".padEnd(stateWidth) + columns.map((name) => name.padStart(9)).join("")

  return {
    heading: (text) => print(`\n${paint("bold", text)}`),
    line: (text = "") => print(text === "" ? "" : `  ${text}`),
    topic: (text) => print(`\n  ${text}`),
    result: (isGood, text) => print(`  ${isGood ? paint("green", "✓") : paint("red", "✗")} ${text}`),
    row: ({ backends, label, status }, options) => {
      if (options?.header === true) print(`\n  ${paint("dim", header)}`)
      const numbers = [status.idle, status.lent, status.opening, status.closing, status.waiting, backends]
      const cells = numbers.map((number) => (number === undefined ? "down" : String(number)).padStart(9)).join("")
      print(`  ${paint("dim", label.padEnd(labelWidth))}${status.state.padEnd(stateWidth)}${cells}`)
    },
    live: (text, plainMillis) =>
      isTerminal
        ? Effect.andThen(
          Effect.addFinalizer(() =>
            Effect.sync(() => {
              stream.write("\r\x1b[2K")
              liveText = undefined
            })
          ),
          repeat(100, text, (now) => {
            liveText = `  ${now}`
            draw()
          })
        )
        : repeat(plainMillis, text, (now) => print(`  ${now}`)),
    logger: Logger.make(({ logLevel, message }) => {
      const text = Array.isArray(message) ? message.map(String).join(" ") : String(message)
      print(`  ${paint("yellow", logLevel === "Info" ? "·" : "!")} ${text}`)
    })
  }
}

const repeat = (millis: number, text: Effect.Effect<string>, show: (text: string) => void) =>
  Effect.asVoid(Effect.forkScoped(Effect.forever(Effect.delay(Effect.map(text, show), millis))))

/** `1234` as `1,234`. */
export const count = (value: number): string => value.toLocaleString("en")

/** Milliseconds as a person reads them. */
export const millis = (value: number): string =>
  value < 10 ? `${value.toFixed(1)} ms` : value < 1000 ? `${value.toFixed(0)} ms` : `${(value / 1000).toFixed(2)} s`

/** `7 of 11` as a bar, so that the eye sees it first. */
export const bar = (part: number, whole: number): string => {
  const cells = Math.min(whole, 20)
  const full = Math.min(cells, Math.round(part / whole * cells))
  return "█".repeat(full) + "·".repeat(cells - full)
}
