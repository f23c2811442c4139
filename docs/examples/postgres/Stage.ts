/**
 * What every act of the demonstration works with: its options, its ledger, its screen, and the two witnesses.
 */
import { Effect } from "effect"
import { bar, count, type Display } from "./Display.ts"
import type { Ledger } from "./Ledger.ts"
import type { Session } from "./Load.ts"
import type { Openings } from "./Openings.ts"
import type { Sample } from "./Recovery.ts"
import type { Watcher } from "./Watcher.ts"

export interface Options {
  readonly size: number
  readonly maxOverflow: number
  readonly fibers: number
  readonly seconds: number
  /** Without it the pool neither hears that a connection died nor asks whether one is broken. */
  readonly recovery: boolean
}

export interface Stage {
  readonly options: Options
  readonly display: Display
  readonly ledger: Ledger
  readonly openings: Openings
  /** Prints the outcome; one that is not good makes the whole program fail at its end. */
  readonly check: (isGood: boolean, text: string, detail?: string) => boolean
}

/** The pool as it sees itself, and as PostgreSQL sees it. */
export interface Pair {
  readonly session: Session
  readonly watcher: Watcher
}

export const show = (display: Display, label: string, { backends, status }: Sample, header = false) =>
  display.row({ label, status, backends: backends?.length }, { header })

/** Lets the clients go on for a while, with a live line at the foot of the screen. */
export const watch = (stage: Stage, session: Session, duration: number): Effect.Effect<void> =>
  Effect.scoped(Effect.andThen(liveLine(stage, session), Effect.sleep(duration)))

const liveLine = ({ display, ledger, options }: Stage, session: Session) => {
  const whole = options.size + options.maxOverflow
  const every = Math.max(1000, options.seconds * 1000 / 6)
  let lastAnswered = ledger.answered
  let last = performance.now()
  let perSecond = 0
  const text = Effect.map(session.status, ({ lent, waiting }) => {
    const now = performance.now()
    if (now - last > 300) {
      perSecond = (ledger.answered - lastAnswered) / (now - last) * 1000
      lastAnswered = ledger.answered
      last = now
    }
    const asks = `${count(ledger.answered).padStart(8)} answered  ${count(ledger.failed).padStart(4)} failed`
    const rate = `${count(Math.round(perSecond)).padStart(7)}/s`
    return `${asks}  ${rate}  ${bar(lent, whole)} ${lent} lent  ${waiting} waiting`
  })
  return display.live(text, every)
}
